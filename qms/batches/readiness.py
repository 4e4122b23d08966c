"""Guards and effects of the batch workflow up to the end of the inspection.

A guard refuses while something is missing; an effect writes what belongs to a move,
inside its event. The review's guards are in ``review_guards.py``.
Serves: 21 CFR 11.10(f)(h); EU GMP Annex 1 §8.32.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from qms.batches.errors import (
    ChallengeFailed,
    ChallengeInvestigationOpen,
    ImagesExceedUnits,
    ModelNotApproved,
    ModelNotReleased,
    NoChallengeSet,
    NoImages,
    StationExpired,
    StationInactive,
)
from qms.batches.models import BatchRecord, ChallengeSet, InspectionRun, Investigation, ProductModel, Station
from qms.batches.recipes import limits_of
from qms.releases.models import ModelVersion
from records.clock import now
from records.errors import Refusal
from records.evidence import Actor
from records.models import ControlledRecord
from records.workflow import Move, state_label

FAILED_CHALLENGE = "challenge_after_last_unit"


def batch_of(record: ControlledRecord) -> BatchRecord:
    """Return the record as the batch it is."""
    found = record.concrete()
    if not isinstance(found, BatchRecord):
        raise TypeError(f"{record.number} is not a batch record")
    return found


def check_images_present(record: ControlledRecord, actor: Actor) -> None:
    """Refuse a batch without images, or with more than it has units."""
    batch = batch_of(record)
    images = batch.images.count()
    if images == 0:
        raise NoImages(number=batch.number)
    if images > batch.units_received:
        raise ImagesExceedUnits(images=images, units=batch.units_received)


def check_station_ready(record: ControlledRecord, actor: Actor) -> None:
    """Refuse a station that is out of service or past its qualification."""
    check_station(batch_of(record).station)


def check_station(station: Station) -> None:
    """Refuse a station out of service or past its qualification. Raises: `StationInactive`, `StationExpired`."""
    if not station.is_active:
        raise StationInactive(station=station.code)
    if station.qualified_until < now().date():
        raise StationExpired(station=station.code, until=station.qualified_until)


def check_model_ready(record: ControlledRecord, actor: Actor) -> None:
    """Refuse a model that is not released, or no longer approved for the product."""
    batch = batch_of(record)
    check_released(batch.model_version)
    approved = ProductModel.objects.filter(
        product_id=batch.lot.product_id, model_version_id=batch.model_version_id, ended_at=None
    )
    if not approved.exists():
        raise ModelNotApproved(product=batch.lot.product.name)


def check_released(version: ModelVersion) -> None:
    """Refuse a model version that is not released. Raises: `ModelNotReleased`."""
    if version.state != "released":
        raise ModelNotReleased(model=version.number, state=state_label(version).lower())


def check_challenge_passed(record: ControlledRecord, actor: Actor) -> None:
    """Refuse a start unless the last challenge before it passed with the pinned model's bytes."""
    batch = batch_of(record)
    last = batch.challenges.filter(phase="start").order_by("-id").first()
    if last is None or not last.passed or last.model_sha256 != batch.model_version.artefact_id:
        outcomes = last.outcomes if last else []
        wrong = [row["name"] for row in outcomes if not row["right"]]
        raise ChallengeFailed(wrong=len(wrong), units=len(outcomes), names=", ".join(wrong[:5]) or "not run yet")


def check_challenge_concluded(record: ControlledRecord, actor: Actor) -> None:
    """Refuse to open a quarantined batch while its failed challenge is not explained."""
    if Investigation.objects.filter(batch_id=record.pk, trigger=FAILED_CHALLENGE, closed_at=None).exists():
        raise ChallengeInvestigationOpen(number=record.number)


def start_blockers(batch: BatchRecord, actor: Actor) -> list[str]:
    """Return why the inspection cannot start now, as sentences; the challenge is run at the start itself."""
    blockers = []
    for check in (check_images_present, check_station_ready, check_model_ready):
        try:
            check(batch, actor)
        except Refusal as refusal:
            blockers.append(refusal.text)
    if not ChallengeSet.objects.filter(product_id=batch.lot.product_id, is_active=True).exists():
        blockers.append(NoChallengeSet(product=batch.lot.product.name).text)
    return blockers


def fix_fileset(record: ControlledRecord, move: Move) -> None:
    """Pin the set of images: one hash over every unit's number and original."""
    batch = batch_of(record)
    batch.fileset_hash = hash_fileset(batch)
    batch.save(update_fields=["fileset_hash"])


def hash_fileset(batch: BatchRecord) -> str:
    """Return the SHA-256 over the lines ``unit_id sha256`` of all images, in order of the unit's number."""
    pairs = batch.images.values_list("unit_id", "original_id")
    lines = "".join(f"{unit} {digest}\n" for unit, digest in sorted(pairs))
    return hashlib.sha256(lines.encode()).hexdigest()


def begin_inspection(record: ControlledRecord, move: Move) -> None:
    """Copy the recipe, fix the seed of the random check and queue the first attempt."""
    batch = batch_of(record)
    batch.recipe = recipe_of(batch)
    batch.random_check_seed = secrets.token_hex(16)
    batch.save(update_fields=["recipe", "random_check_seed"])
    InspectionRun.objects.create(
        batch=batch, attempt=1, started_by_id=move.actor.person_id, model_sha256=batch.model_version.artefact_id
    )


def recipe_of(batch: BatchRecord) -> dict[str, Any]:
    """Return what the inspection is started with: model, thresholds, classes, limits."""
    version, product = batch.model_version, batch.lot.product
    defects = product.defects.filter(is_active=True).exclude(model_class="").order_by("code")
    return {
        "model": version.number,
        "model_sha256": version.artefact_id,
        "classes": list(version.classes),
        "preprocessing": version.preprocessing,
        "accept_at": str(version.accept_at),
        "reject_at": str(version.reject_at),
        "expected_class": product.expected_class,
        "defect_of_class": {row.model_class: row.code for row in defects},
        "station_qualified_until": batch.station.qualified_until.isoformat(),
        **limits_of(product),
    }
