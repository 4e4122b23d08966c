"""Registering model versions: the artefact goes into the file store and is pinned by its hash."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import BinaryIO

import onnxruntime
from django.db import transaction

from qms.releases.errors import ModelNotValid, ModelVersionTaken
from qms.releases.models import ModelVersion
from records.acting import acting
from records.attachments import register_file
from records.creation import create_record
from records.evidence import Actor
from records.filestore import StoredContent
from records.stores import file_store
from records.workflow import take_role

REGISTRARS = ("data_scientist",)
MODEL_MAX_BYTES = 500_000_000
MEDIA_TYPE = "application/octet-stream"
ATTRIBUTION_METHODS = ("occlusion 1",)
LOWEST_THRESHOLD = Decimal("0.5")


def register_model_version(
    artefact: BinaryIO,
    *,
    actor: Actor,
    name: str,
    version: str,
    classes: Sequence[str],
    accept_at: Decimal,
    reject_at: Decimal,
    intended_use: str,
    reason: str,
    preprocessing: str = "vial-crop-1",
    attribution_method: str = ATTRIBUTION_METHODS[0],
) -> ModelVersion:
    """Register a model version as a draft: store the artefact, hash it, pin classes and thresholds.

    Writes: releases_modelversion, records_storedfile, two events. Raises: `ModelNotValid`,
    `ModelVersionTaken`. Serves: 21 CFR 11.10(h); draft Annex 22 §9.
    """
    actor = take_role(actor, REGISTRARS)
    check_thresholds(classes, accept_at=accept_at, reject_at=reject_at)
    stored = file_store().add(artefact, max_bytes=MODEL_MAX_BYTES)
    check_loads(stored)
    with transaction.atomic():
        earlier = ModelVersion.objects.filter(name=name, version=version).first()
        if earlier is not None:
            raise ModelVersionTaken(name=name, version=version, number=earlier.number)
        with acting(actor, "releases.artefact.stored", details={"sha256": stored.sha256}):
            register_file(sha256=stored.sha256, size=stored.size, media_type=MEDIA_TYPE)
        return create_record(
            ModelVersion,
            actor=actor,
            title=f"{name} {version}",
            act="releases.model.registered",
            reason=reason,
            name=name,
            version=version,
            artefact_id=stored.sha256,
            classes=list(classes),
            preprocessing=preprocessing,
            accept_at=accept_at,
            reject_at=reject_at,
            attribution_method=attribution_method,
            intended_use=intended_use,
        )


def check_thresholds(classes: Sequence[str], *, accept_at: Decimal, reject_at: Decimal) -> None:
    """Refuse classes and thresholds that cannot decide. Raises: `ModelNotValid`."""
    if len(classes) < 2 or len(set(classes)) != len(classes) or not all(classes):
        raise ModelNotValid(why="its classes must be at least two, each named once")
    for label, value in (("accept", accept_at), ("reject", reject_at)):
        if not LOWEST_THRESHOLD < value <= 1:
            raise ModelNotValid(why=f"the {label} threshold must be above 0.5 and at most 1")
    if reject_at >= accept_at:
        raise ModelNotValid(why="the reject threshold must be below the accept threshold")


def check_loads(stored: StoredContent) -> None:
    """Refuse a file that the runtime cannot load. Raises: `ModelNotValid`."""
    content = file_store().read_checked(stored.sha256)
    try:
        onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's own exceptions share no base class
        raise ModelNotValid(why="ONNX Runtime cannot load the file") from error
