"""Keeping what the model looked at, image by image, after the run.

An overlay takes many times longer than its result and changes nothing about it, so it
never holds up the run: first come the units that people look at, then all others.
Serves: draft Annex 22 §8.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Case, IntegerField, QuerySet, Value, When

from qms.batches import attribution
from qms.batches.challenges import region_of
from qms.batches.inference import PinnedModel, decode_image
from qms.batches.locks import Work, hold_work
from qms.batches.model_pinning import load_pinned_model
from qms.batches.models import BatchRecord, Overlay, Result
from qms.batches.review_units import draw_random_check
from qms.batches.runs import MODEL_REFUSALS
from records.acting import acting
from records.attachments import register_file
from records.errors import Refusal
from records.evidence import system_actor
from records.filestore import StoredContent
from records.stores import file_store

ACTOR = system_actor("inference")
CHUNK = 16
MEDIA_TYPE = "image/png"
STATES = ("in_review", "quarantined")


def make_overlays(batch_id: int) -> int:
    """Make and store the overlays that a batch lacks; return how many. Harmless when repeated.

    Writes: batches_overlay, records_storedfile, one event a chunk, as ``system:inference``.
    """
    with hold_work(Work.OVERLAYS, batch_id) as is_held:
        batch = BatchRecord.objects.get(pk=batch_id)
        if not is_held or batch.state not in STATES:
            return 0
        try:
            model = load_pinned_model(batch)
        except MODEL_REFUSALS:
            return 0  # the overlays of a model that is no longer the pinned one would explain nothing
        return sum(make_chunk(batch, chunk, model) for chunk in take_chunks(batch))


def take_chunks(batch: BatchRecord) -> list[list[Result]]:
    """Return the results without overlay in chunks: flagged, undecided, randomly checked, then all others."""
    accepted = list(batch.images.filter(result__outcome="good").order_by("position").values_list("unit_id", flat=True))
    drawn = draw_random_check(batch, accepted=accepted)
    first = Case(
        When(outcome__in=("reject", "undecided"), then=Value(0)),
        When(image__unit_id__in=drawn, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    rows: list[Result] = list(
        lacking(batch).annotate(turn=first).select_related("image").order_by("turn", "image__position")
    )
    return [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]


def lacking(batch: BatchRecord) -> QuerySet[Result]:
    """Return the results that can have an overlay and have none: the model answered on a region."""
    return Result.objects.filter(image__batch=batch, overlay=None, image__region__isnull=False, score__isnull=False)


def make_chunk(batch: BatchRecord, results: Sequence[Result], model: PinnedModel) -> int:
    """Make and store one chunk's overlays as one act; an unreadable photograph is left out."""
    made: list[tuple[Result, StoredContent, attribution.Attribution]] = []
    for result in results:
        region = region_of(result.image.region)
        try:
            image = decode_image(file_store().read_checked(result.image.original_id))
            if region is None:
                continue
            found = attribution.explain(model, image=image, region=region)
        except Refusal:
            continue
        made.append((result, file_store().add_bytes(found.png), found))
    if not made:
        return 0
    with transaction.atomic(), acting(ACTOR, "batches.overlays.made", batch, details={"units": len(made)}):
        for result, stored, found in made:
            register_file(sha256=stored.sha256, size=stored.size, media_type=MEDIA_TYPE)
            Overlay.objects.create(
                result=result,
                file_id=stored.sha256,
                method=f"{found.method} {found.version}",
                parameters=found.parameters,
                model_sha256=model.identity.sha256,
            )
    return len(made)


def batches_without_overlays() -> list[int]:
    """Return the batches in review that lack overlays."""
    waiting = Result.objects.filter(
        overlay=None, image__region__isnull=False, score__isnull=False, image__batch__state__in=STATES
    )
    return list(waiting.values_list("image__batch_id", flat=True).distinct()[:50])
