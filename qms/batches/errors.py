"""Named refusals of batches, their images and runs; the review's are in ``errors_review.py``."""

from __future__ import annotations

from records.errors import Refusal


class BatchNotFound(Refusal):
    code = "batches.batch_not_found"
    clause = "11.10(d)"
    status = 404
    message = "There is no batch {number} that you have access to."


class ProductNotFound(Refusal):
    code = "batches.product_not_found"
    clause = "11.10(d)"
    status = 404
    message = "There is no product {code} that you have access to."


class LotNotFound(Refusal):
    code = "batches.lot_not_found"
    clause = "11.10(d)"
    status = 404
    message = "There is no lot {number} that you have access to."


class ImageNotFound(Refusal):
    code = "batches.image_not_found"
    clause = "11.10(d)"
    status = 404
    message = "There is no such picture in this batch."


class OverlayNotMade(Refusal):
    code = "batches.overlay_not_made"
    status = 404
    message = "The picture of what the model looked at is not made yet. It follows within a minute after the run."


class ProductCodeTaken(Refusal):
    code = "batches.product_code_taken"
    status = 409
    message = "The product code {code} is in use. Codes are never used twice."


class ProductNotValid(Refusal):
    code = "batches.product_not_valid"
    status = 422
    message = "The product cannot be registered so: {why}."


class MasterDataStale(Refusal):
    code = "batches.master_data_stale"
    clause = "11.10(e)"
    status = 409
    message = "{name} was changed by somebody else after you opened it. Open it again, compare, and save again."


class DefectCodeTaken(Refusal):
    code = "batches.defect_code_taken"
    status = 409
    message = "The defect code {defect} is already in this product's library."


class DefectNotInUse(Refusal):
    code = "batches.defect_not_in_use"
    status = 409
    message = "The defect {defect} is out of use already."


class StationKeyInvalid(Refusal):
    code = "batches.station_key_invalid"
    clause = "11.10(h)"
    status = 422
    message = "The key is not an Ed25519 public key. Paste the whole block that begins with “BEGIN PUBLIC KEY”."


class StationCodeTaken(Refusal):
    code = "batches.station_code_taken"
    status = 409
    message = "The station code {station} is in use. Codes are never used twice."


class LotNumberTaken(Refusal):
    code = "batches.lot_number_taken"
    status = 409
    message = "Lot {lot} exists already."


class LotDatesImpossible(Refusal):
    code = "batches.lot_dates_impossible"
    status = 422
    message = "The lot expires on {expires_on}, which is not after its manufacture on {manufactured_on}."


class ModelNotReleased(Refusal):
    code = "batches.model_not_released"
    clause = "11.10(h)"
    status = 409
    message = "Model {model} is {state}, and only a released model may decide on vials. QA can tell what blocks it."


class ModelNotApproved(Refusal):
    code = "batches.model_not_approved"
    clause = "11.10(h)"
    status = 409
    message = "No model is approved for {product}. QA approves a released model on the product's page."


class ModelLacksClass(Refusal):
    code = "batches.model_lacks_class"
    status = 422
    message = "The model does not know the class “{expected}” of a right vial of {product}."


class StationExpired(Refusal):
    code = "batches.station_expired"
    clause = "11.10(h)"
    status = 409
    message = "Station {station} was qualified until {until}. Have it qualified again before it inspects."


class StationInactive(Refusal):
    code = "batches.station_inactive"
    clause = "11.10(h)"
    status = 409
    message = "Station {station} is out of service."


class UnitsExceedLot(Refusal):
    code = "batches.units_exceed_lot"
    status = 422
    message = "{units} units were given for lot {lot}, which has {size}."


class BatchStillOpen(Refusal):
    code = "batches.batch_still_open"
    clause = "11.10(f)"
    status = 409
    message = "{number} inspects this lot already. Finish or withdraw it first."


class LotDecided(Refusal):
    code = "batches.lot_decided"
    clause = "211.192"
    status = 409
    message = "Lot {lot} is {state} by {number}. It is inspected again only when QA sends it back."


class NoImages(Refusal):
    code = "batches.no_images"
    clause = "11.10(f)"
    status = 409
    message = "{number} has no images yet. Import them first."


class ImagesExceedUnits(Refusal):
    code = "batches.images_exceed_units"
    clause = "211.188"
    status = 409
    message = "{images} images for {units} units received. Correct the number of units first."


class NoChallengeSet(Refusal):
    code = "batches.no_challenge_set"
    clause = "Annex 1 8.32"
    status = 409
    message = "{product} has no challenge set in force, so the inspection cannot be shown to work. QA registers one."


class ChallengeFailed(Refusal):
    code = "batches.challenge_failed"
    clause = "Annex 1 8.32"
    status = 409
    message = (
        "The challenge set failed: {wrong} of {units} known units were decided wrongly ({names}). "
        "The inspection does not start. Tell QA; a repeated challenge needs a reason."
    )


class ChallengeRepeatUnexplained(Refusal):
    code = "batches.challenge_repeat_unexplained"
    clause = "Annex 1 8.32"
    status = 422
    message = (
        "The challenge set has failed before for {number}. Say what was found and corrected before it is run again."
    )


class RunMakesNoProgress(Refusal):
    code = "batches.run_makes_no_progress"
    status = 409
    message = (
        "The last {attempts} attempts to inspect {number} ended without one more result. No further one begins by "
        "itself. Tell an administrator; the cause is in the worker's log."
    )


class RunStillOpen(Refusal):
    code = "batches.run_still_open"
    clause = "11.10(f)"
    status = 409
    message = "An attempt to inspect {number} is still under way."


class NothingToRetry(Refusal):
    code = "batches.nothing_to_retry"
    status = 409
    message = "Every unit of {number} has a result."


class ChallengeInvestigationOpen(Refusal):
    code = "batches.challenge_investigation_open"
    clause = "Annex 1 8.32"
    status = 409
    message = "{number} stays on hold until the investigation of its failed challenge is concluded."
