"""Reads for the batch list and the batch's own pages, with their counts; writes nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from qms.batches.access import batches_for
from qms.batches.models import BatchRecord, ImageFailure, InspectionRun, Result, VialImage
from records.clock import now


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter of the batch list: its name in the URL, its word, the states it shows."""

    name: str
    label: str
    states: tuple[str, ...]


CHIPS: Final = (
    Chip("work", "In work", ("open", "ready", "inspecting", "quarantined", "in_review")),
    Chip("signing", "Awaiting signature", ("reviewed", "awaiting_disposition")),
    Chip("hold", "On hold", ("on_hold", "quarantined")),
    Chip("done", "Decided", ("released", "rejected", "reinspect", "withdrawn")),
    Chip("all", "All", ()),
)
DEFAULT_CHIP: Final = "all"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an inspection is. Units: images; ``rate`` images a second; ``seconds_left`` None if unknown."""

    state: str
    done: int
    total: int
    flagged: int
    undecided: int
    failed: int
    attempt: int
    interrupted_at: int | None
    rate: float
    seconds_left: int | None

    @property
    def is_over(self) -> bool:
        """Tell whether the page may stop asking."""
        return self.state not in ("queued", "running")

    @property
    def is_stuck(self) -> bool:
        """Tell whether a person must do something before it goes on."""
        return self.is_over and self.done < self.total

    @property
    def detail(self) -> str:
        """Return what stands behind "312 of 500" on the page."""
        parts = []
        if self.state == "running" and self.rate > 0:
            parts.append(f"{self.rate:.0f} images/s" if self.rate >= 1 else "less than 1 image/s")
        if self.state == "running" and self.seconds_left is not None:
            parts.append(f"about {self.seconds_left} s left")
        if self.state == "queued":
            parts.append("waiting for a worker")
        parts += [f"{self.flagged} flagged", f"{self.failed} failed"]
        return " · ".join(parts)

    @property
    def note(self) -> str:
        """Return the sentence about an interruption, if there was one in this run."""
        if self.interrupted_at is None or self.done == self.total:
            return ""
        return f"Interrupted at {self.interrupted_at}, resuming (attempt {self.attempt})"


def find_chip(name: str | None) -> Chip:
    """Return the filter of that name, or the default."""
    by_name = {chip.name: chip for chip in CHIPS}
    return by_name.get(name or "", by_name[DEFAULT_CHIP])


def list_batches(user_id: int | None, *, chip: Chip, words: str = "") -> QuerySet[BatchRecord]:
    """Return the batches of a list with their counts: images, flagged, undecided."""
    rows = batches_for(user_id)
    if chip.states:
        rows = rows.filter(state__in=chip.states)
    for word in words.split()[:5]:
        rows = rows.filter(
            Q(number__icontains=word) | Q(lot__number__icontains=word) | Q(lot__product__name__icontains=word)
        )
    images = VialImage.objects.filter(batch=OuterRef("pk")).order_by().values("batch")
    return rows.annotate(
        image_count=counted(images, Count("pk")),
        flagged_count=counted(images, Count("pk", filter=Q(result__outcome=Result.Outcome.REJECT))),
        undecided_count=counted(images, Count("pk", filter=Q(result__outcome=Result.Outcome.UNDECIDED))),
    )


def counted(rows: QuerySet[VialImage, Any], count: Count) -> Coalesce:
    """Return a count of related rows as a subquery: 0 where there are none."""
    return Coalesce(Subquery(rows.annotate(counted=count).values("counted")), 0)


def count_chips(user_id: int | None) -> dict[str, int]:
    """Return how many batches each filter shows."""
    found = dict(batches_for(user_id).order_by().values_list("state").annotate(n=Count("pk")))
    return {
        chip.name: sum(number for state, number in found.items() if not chip.states or state in chip.states)
        for chip in CHIPS
    }


def read_progress(batch: BatchRecord) -> Progress:
    """Return how far a batch's inspection is, in four queries."""
    run = batch.runs.select_related("heartbeat").order_by("-attempt").first()
    counts = VialImage.objects.filter(batch=batch).aggregate(
        total=Count("pk"),
        done=Count("result"),
        flagged=Count("pk", filter=Q(result__outcome=Result.Outcome.REJECT)),
        undecided=Count("pk", filter=Q(result__outcome=Result.Outcome.UNDECIDED)),
        here=Count("pk", filter=Q(result__run=run)),
    )
    failed = failed_images(batch).count()
    rate = rate_of(run, counts["here"])
    left = counts["total"] - counts["done"] - failed
    interrupted = batch.runs.filter(state=InspectionRun.State.INTERRUPTED).order_by("-attempt").first()
    return Progress(
        state=run.state if run else "",
        done=counts["done"],
        total=counts["total"],
        flagged=counts["flagged"],
        undecided=counts["undecided"],
        failed=failed,
        attempt=run.attempt if run else 0,
        interrupted_at=count_before(batch, run) if run and interrupted else None,
        rate=rate,
        seconds_left=math.ceil(left / rate) if rate > 0 else None,
    )


def why_stopped(batch: BatchRecord) -> str:
    """Return the sentence with which the last attempt was refused or given up."""
    acts = ("batches.inspection.refused", "batches.run.given_up")
    event = batch.events.filter(act__in=acts).order_by("-id").first()
    return str(event.details.get("said", "")) if event else ""


def rate_of(run: InspectionRun | None, done_here: int) -> float:
    """Return the images a second of an attempt. Units: 1/s."""
    began_at = getattr(getattr(run, "heartbeat", None), "began_at", None)
    if began_at is None or not done_here:
        return 0.0
    return float(done_here / max((now() - began_at).total_seconds(), 0.001))


def count_before(batch: BatchRecord, run: InspectionRun) -> int:
    """Return how many results earlier attempts had made."""
    return Result.objects.filter(image__batch=batch, run__attempt__lt=run.attempt).count()


def failed_images(batch: BatchRecord) -> QuerySet[VialImage]:
    """Return the images that failed and have no result."""
    return batch.images.filter(result=None, failures__isnull=False).distinct().order_by("position")


def list_failures(batch: BatchRecord) -> QuerySet[ImageFailure]:
    """Return the newest failure of each image without a result."""
    newest = ImageFailure.objects.filter(image=OuterRef("pk")).order_by("-id").values("pk")[:1]
    chosen = failed_images(batch).order_by().annotate(newest=Subquery(newest)).values("newest")
    return ImageFailure.objects.filter(pk__in=chosen).select_related("image").order_by(F("image__position"))
