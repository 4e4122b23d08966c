"""From a batch's model version to the loaded model and its decision rule.

The artefact is read and hashed anew from the disk before every run; neither the store's
name nor an earlier check is believed. Serves: 21 CFR 11.10(a)(h); draft Annex 22 §10.
"""

from __future__ import annotations

from decimal import Decimal

from qms.batches.inference import DecisionRule, PinnedModel, load_model
from qms.batches.models import BatchRecord
from qms.batches.readiness import check_released, recipe_of
from qms.releases.models import ModelVersion
from records.stores import file_store


def load_pinned_model(batch: BatchRecord) -> PinnedModel:
    """Load the batch's model from disk if it is released and its bytes are the pinned ones.

    Raises: `ModelNotReleased`, `ModelFileMissing`, `ModelFileChanged`, `ModelUnusable`.
    """
    version = ModelVersion.objects.get(pk=batch.model_version_id)
    check_released(version)
    pinned = (batch.recipe or {}).get("model_sha256", version.artefact_id)
    return load_model(file_store().path_of(version.artefact_id), expected_sha256=pinned)


def rule_of(batch: BatchRecord) -> DecisionRule:
    """Return the decision rule of a batch: the recipe's, or before the start the one it would get."""
    recipe = batch.recipe or recipe_of(batch)
    return DecisionRule(
        classes=tuple(recipe["classes"]),
        expected_class=recipe["expected_class"],
        accept_at=Decimal(recipe["accept_at"]),
        reject_at=Decimal(recipe["reject_at"]),
        class_to_defect=dict(recipe["defect_of_class"]),
    )


def runtime_text(model: PinnedModel) -> str:
    """Return on what the model runs, as the run's record keeps it."""
    return f"{model.identity.runtime}, {model.identity.machine}, {model.identity.provider}"[:120]
