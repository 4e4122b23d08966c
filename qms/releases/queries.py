"""Reads of model versions; writes nothing."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from qms.releases.errors import ModelVersionNotFound
from qms.releases.models import ModelVersion
from records.evidence import Actor
from records.workflow import take_role

READERS = (
    "data_scientist",
    "qa_manager",
    "operator",
    "second_inspector",
    "reviewer",
    "validation_engineer",
)


def models_for(actor: Actor) -> QuerySet[ModelVersion]:
    """Return all model versions for the roles that work with them. Raises: `RoleNotAllowed`."""
    take_role(actor, READERS)
    return ModelVersion.objects.select_related("artefact", "author")


def approvals_of(model: ModelVersion, actor: Actor) -> QuerySet[Any]:
    """Return the approvals of a model for products that the actor has access to, newest first.

    Models serve many products; which ones is known only to those products' people.
    """
    given = {
        "product__productaccess__user": actor.user_id,
        "product__productaccess__permission__codename": "work_on_product",
    }
    return model.products.filter(**given).select_related("product").order_by("-id")


def load_model(actor: Actor, number: str) -> ModelVersion:
    """Return a model version by number. Raises: `ModelVersionNotFound`, `RoleNotAllowed`."""
    found = models_for(actor).filter(number=number).first()
    if found is None:
        raise ModelVersionNotFound(number=number[:40])
    return found
