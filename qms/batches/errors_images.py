"""Refusals of the modules that read manifests, run the model and explain its results.

Kept beside ``errors.py`` since these modules know no Django and no database.
"""

from __future__ import annotations

from records.errors import Refusal


class RegionInvalid(Refusal):
    code = "batches.region_invalid"
    status = 422
    message = "The region of interest cannot be used: {why}."


class ManifestUnreadable(Refusal):
    code = "batches.manifest_unreadable"
    clause = "11.10(h)"
    status = 422
    message = "The manifest cannot be read: {why}. Have the station write it again."


class ModelFileMissing(Refusal):
    code = "batches.model_file_missing"
    clause = "11.10(a)"
    status = 409
    message = "The model file {name} is not there. The run does not start; tell the data scientist."


class ModelFileChanged(Refusal):
    code = "batches.model_file_changed"
    clause = "11.10(a)"
    status = 409
    message = (
        "The model file {name} is not the released one: its SHA-256 is {found}, released was {expected}. "
        "The run does not start; tell QA and the data scientist."
    )


class ModelUnusable(Refusal):
    code = "batches.model_unusable"
    clause = "11.10(a)"
    status = 409
    message = "The model file {name} cannot be used here: {why}. The run does not start; tell the data scientist."


class ImageUndecodable(Refusal):
    code = "batches.image_undecodable"
    clause = "11.10(a)"
    status = 422
    message = "The photograph cannot be read ({why}). A person must inspect this unit."


class DecisionRuleInvalid(Refusal):
    code = "batches.decision_rule_invalid"
    clause = "11.10(f)"
    status = 422
    message = "These thresholds cannot decide: {why}."
