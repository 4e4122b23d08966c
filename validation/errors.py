"""The refusals of the validation floor."""

from __future__ import annotations

from records.errors import Refusal


class LotSizeInvalid(Refusal):
    code = "validation.lot_size_invalid"
    clause = "211.165"
    status = 422
    message = "A sampling plan needs a lot of at least 1 unit; {lot_size} was given."


class AqlNotInTable(Refusal):
    code = "validation.aql_not_in_table"
    clause = "211.165"
    status = 422
    message = "{aql} is not an AQL of ISO 2859-1. Use one of {known}."


class InspectionLevelUnknown(Refusal):
    code = "validation.inspection_level_unknown"
    clause = "211.165"
    status = 422
    message = "{level} is not a general inspection level. Use I, II or III."


class DefectCountInvalid(Refusal):
    code = "validation.defect_count_invalid"
    clause = "211.165"
    status = 422
    message = "{defects} defective units cannot come from a sample of {n}."


class SampleLargerThanLot(Refusal):
    code = "validation.sample_larger_than_lot"
    clause = "211.165"
    status = 422
    message = "A sample of {n} cannot be drawn from {available} units."


class SamplingFrameInvalid(Refusal):
    code = "validation.sampling_frame_invalid"
    clause = "211.165"
    status = 422
    message = "The list to sample from cannot be used: {why}."


class RiskMatrixIncomplete(Refusal):
    code = "validation.risk_matrix_incomplete"
    clause = "Annex 11 §1"
    status = 422
    message = (
        "The risk matrix needs a class 1 to 3 in all nine cells of step one and a priority in all nine of step two."
    )


class RiskMatrixInverted(Refusal):
    code = "validation.risk_matrix_inverted"
    clause = "Annex 11 §1"
    status = 422
    message = "The risk matrix rates {worse} milder than {milder}. A worse case can never count for less."


class ContainerCountsInvalid(Refusal):
    code = "validation.container_counts_invalid"
    clause = "Annex 1 §8.32"
    status = 422
    message = "{rejections} rejections of {inspections} inspections cannot be; correct the run's results."


class ContainerTwice(Refusal):
    code = "validation.container_twice"
    clause = "Annex 1 §8.32"
    status = 422
    message = "Container {container} is in the study twice. Each container counts once."


class RejectSetEmpty(Refusal):
    code = "validation.reject_set_empty"
    clause = "Annex 1 §8.32"
    status = 422
    message = (
        "People rejected no container often enough for the reject zone, so the study shows nothing. Add known rejects."
    )
