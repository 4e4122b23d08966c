"""What a model version tells the signing page about itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from qms.releases.models import ModelVersion
from qms.releases.queries import READERS
from records.evidence import Actor
from signatures.subjects import Facts, Subject, register_subject


def model_facts(content: Mapping[str, Any]) -> Facts:
    """Return the few lines above the sign button."""
    return [
        ("Model", f"{content['name']} {content['version']}"),
        ("Artefact SHA-256", content["artefact_sha256"]),
        ("Classes", ", ".join(content["classes"])),
        ("Thresholds", f"good from {content['accept_at']}, reject from {content['reject_at']}"),
        ("Intended use", content["intended_use"]),
    ]


def visible_models(actor: Actor) -> QuerySet[ModelVersion]:
    """Return the model versions a person may see."""
    may_see = any(actor.holds(role) for role in READERS)
    return ModelVersion.objects.all() if may_see else ModelVersion.objects.none()


SUBJECT = register_subject(
    Subject("releases.modelversion", url_name="releases:model-detail", facts=model_facts, visible=visible_models)
)
