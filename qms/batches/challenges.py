"""Challenge sets: registering them, and running the pinned model over one.

A failed challenge is a record like a passed one, and it is never run again without a
reason ("testing into compliance"). Serves: EU GMP Annex 1 §8.32.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from qms.batches.errors import ChallengeRepeatUnexplained, NoChallengeSet, ProductNotValid
from qms.batches.inference import PinnedModel, decide_outcome, predict_units
from qms.batches.model_pinning import rule_of
from qms.batches.models import BatchRecord, ChallengeImage, ChallengeRun, ChallengeSet, DefectClass, Product
from qms.batches.regions import Region, parse_region
from records.acting import acting, check_reason
from records.attachments import register_file
from records.errors import ReasonMissing, Refusal
from records.evidence import Actor
from records.filestore import StoredContent
from records.stores import file_store
from records.workflow import take_role

KEEPERS = ("qa_manager",)
PHASES = {"start": "before the start", "end": "after the last unit"}


@dataclass(frozen=True, slots=True)
class KnownUnit:
    """One unit of a challenge set as given: its photograph, region and the outcome it must get."""

    name: str
    content: bytes
    region: Region
    expected_outcome: str
    expected_defect: str = ""
    media_type: str = "image/jpeg"


def register_challenge_set(
    product: Product, *, actor: Actor, name: str, units: Sequence[KnownUnit], reason: str
) -> ChallengeSet:
    """Register the known units that the model must decide rightly; the earlier set's use ends.

    Writes: batches_challengeset, batches_challengeimage, records_storedfile, one event.
    Raises: `ProductNotValid`.
    """
    actor = take_role(actor, KEEPERS)
    expected = {unit.expected_outcome for unit in units}
    if not {"good", "reject"} <= expected or not expected <= {"good", "reject"}:
        raise ProductNotValid(why="a challenge set needs units known to be good and units known to be rejects")
    defects = {row.code: row for row in product.defects.all()}
    unknown = {unit.expected_defect for unit in units if unit.expected_outcome == "reject"} - set(defects)
    if unknown:
        raise ProductNotValid(why=f"the defect library has no {', '.join(sorted(unknown)) or 'such defect'}")
    stored = [file_store().add_bytes(unit.content) for unit in units]
    with transaction.atomic():
        last = ChallengeSet.objects.filter(product=product, name=name).order_by("-version").first()
        version = last.version + 1 if last else 1
        details = {"code": product.code, "challenge_set": f"{name} v{version}", "units": len(units)}
        with acting(actor, "batches.challenge_set.registered", reason=reason, details=details):
            ChallengeSet.objects.filter(product=product, is_active=True).update(is_active=False)
            made = ChallengeSet.objects.create(product=product, name=name, version=version)
            insert_units(made, units, stored, defects)
    return made


def insert_units(
    challenge_set: ChallengeSet,
    units: Sequence[KnownUnit],
    stored: Sequence[StoredContent],
    defects: Mapping[str, DefectClass],
) -> None:
    """Insert a set's units and their files; must run inside an act."""
    for unit, file in zip(units, stored, strict=True):
        register_file(sha256=file.sha256, size=file.size, media_type=unit.media_type)
        x, y, width, height = unit.region.as_texts()
        ChallengeImage.objects.create(
            challenge_set=challenge_set,
            name=unit.name,
            file_id=file.sha256,
            region={"x": x, "y": y, "width": width, "height": height},
            expected_outcome=unit.expected_outcome,
            expected_defect=defects.get(unit.expected_defect),
        )


def active_set(product: Product) -> ChallengeSet:
    """Return the challenge set in force. Raises: `NoChallengeSet`."""
    found = ChallengeSet.objects.filter(product=product, is_active=True).first()
    if found is None:
        raise NoChallengeSet(product=product.name)
    return found


def check_repeat(batch: BatchRecord, *, reason: str) -> None:
    """Refuse to repeat a failed challenge without a reason. Raises: `ChallengeRepeatUnexplained`."""
    last = batch.challenges.filter(phase="start").order_by("-id").first()
    if last is not None and not last.passed:
        try:
            check_reason(reason)
        except ReasonMissing:
            raise ChallengeRepeatUnexplained(number=batch.number) from None


def run_challenge(
    batch: BatchRecord, model: PinnedModel, *, phase: str, actor: Actor, reason: str = ""
) -> ChallengeRun:
    """Run the model over the challenge set and record what it said, passed or failed.

    Writes: batches_challengerun, one event. Raises: `NoChallengeSet`.
    Serves: EU GMP Annex 1 §8.32.
    """
    challenge_set = active_set(batch.lot.product)
    outcomes = decide_known_units(batch, challenge_set, model)
    wrong = sum(not row["right"] for row in outcomes)
    act = "batches.challenge.failed" if wrong else "batches.challenge.passed"
    details = {"phase": PHASES[phase], "units": len(outcomes), "wrong": wrong, "challenge_set": str(challenge_set)}
    with transaction.atomic(), acting(actor, act, batch, reason=reason, details=details):
        return ChallengeRun.objects.create(
            batch=batch,
            challenge_set=challenge_set,
            phase=phase,
            passed=not wrong,
            outcomes=outcomes,
            model_sha256=model.identity.sha256,
        )


def decide_known_units(batch: BatchRecord, challenge_set: ChallengeSet, model: PinnedModel) -> list[dict[str, Any]]:
    """Return what the model says of each known unit; an unreadable one is decided wrongly."""
    rule = rule_of(batch)
    known = list(challenge_set.images.select_related("expected_defect").order_by("id"))
    units = ((image.name, read_known(image), region_of(image.region)) for image in known)
    outcomes = []
    for image, prediction in zip(known, predict_units(model, units), strict=True):
        got = decide_outcome(prediction, rule=rule)
        defect = image.expected_defect.code if image.expected_defect else ""
        outcomes.append(
            {
                "name": image.name,
                "expected": image.expected_outcome,
                "expected_defect": defect,
                "got": got.kind,
                "got_defect": got.defect,
                "score": None if got.score is None else str(got.score),
                "right": (got.kind, got.defect) == (image.expected_outcome, defect),
            }
        )
    return outcomes


def read_known(image: ChallengeImage) -> bytes:
    """Return a known unit's photograph, hashed again; nothing where it is damaged, which decides nothing."""
    try:
        return file_store().read_checked(image.file_id)
    except Refusal:
        return b""


def region_of(stored: Mapping[str, str] | None) -> Region | None:
    """Return a stored region in exact fractions."""
    if stored is None:
        return None
    return parse_region(stored["x"], stored["y"], stored["width"], stored["height"])
