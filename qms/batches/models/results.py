"""What the model said: runs, one result per image, and images it could not decide."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from qms.batches.models.batch import BatchRecord
from qms.batches.models.images import VialImage
from qms.batches.models.master import DefectClass
from records.history import TrackedHistory
from records.models import DatabaseClock, StoredFile


class InspectionRun(models.Model):
    """One attempt to inspect a batch's images with the pinned model; a resumed run is a new attempt.

    ``refused`` is an attempt that did not begin because the model's bytes or its release
    are no longer what was started with; somebody must say why it may try again.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "queued"
        RUNNING = "running", "running"
        INTERRUPTED = "interrupted", "interrupted"
        REFUSED = "refused", "refused"
        FINISHED = "finished", "finished"

    batch = models.ForeignKey(BatchRecord, on_delete=models.PROTECT, related_name="runs")
    attempt = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    model_sha256 = models.CharField(max_length=64)
    runtime = models.CharField(max_length=120, blank=True)
    started_at = models.DateTimeField(db_default=DatabaseClock())
    finished_at = models.DateTimeField(null=True, blank=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        ordering = ("batch", "attempt")
        constraints = (
            models.UniqueConstraint(fields=("batch", "attempt"), name="inspectionrun_attempt_once"),
            models.UniqueConstraint(
                fields=("batch",),
                condition=models.Q(state__in=("queued", "running")),
                name="inspectionrun_one_open",
            ),
        )

    def __str__(self) -> str:
        return f"run {self.attempt} of {self.batch_id}"


class RunHeartbeat(models.Model):
    """When the run's worker began and last showed life; not a record, only the watchdog's note."""

    run = models.OneToOneField(InspectionRun, on_delete=models.PROTECT, primary_key=True, related_name="heartbeat")
    began_at = models.DateTimeField(null=True)
    beat_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.run_id}: {self.beat_at}"


class Result(models.Model):
    """The model's outcome for one image: exactly one, whatever was killed. Append-only.

    ``score`` is the probability of the expected class, None where the model gave none
    (no region, odd scores, handed to a person); an undecided unit goes to a person.
    Serves: draft Annex 22 §8, §9.
    """

    class Outcome(models.TextChoices):
        GOOD = "good", "Good"
        REJECT = "reject", "Reject"
        UNDECIDED = "undecided", "Undecided"

    run = models.ForeignKey(InspectionRun, on_delete=models.PROTECT, related_name="results")
    image = models.OneToOneField(VialImage, on_delete=models.PROTECT, related_name="result")
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    defect = models.ForeignKey(DefectClass, null=True, on_delete=models.PROTECT, related_name="+")
    score = models.DecimalField(max_digits=7, decimal_places=6, null=True)
    probabilities = models.JSONField()
    explanation = models.CharField(max_length=200, blank=True)
    model_sha256 = models.CharField(max_length=64)
    decided_at = models.DateTimeField(db_default=DatabaseClock())

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.image_id}: {self.outcome}"


class Overlay(models.Model):
    """What the model looked at in one image: a picture with its method and version. Append-only.

    Made after the result, since it takes many times longer than the result itself and
    changes nothing about it. Serves: draft Annex 22 §8.
    """

    result = models.OneToOneField(Result, on_delete=models.PROTECT, related_name="overlay")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    method = models.CharField(max_length=60)
    parameters = models.CharField(max_length=120)
    model_sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField(db_default=DatabaseClock())

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"overlay of {self.result_id}"


class ImageFailure(models.Model):
    """An image a run could not decide, and why; it blocks until retried. Append-only."""

    run = models.ForeignKey(InspectionRun, on_delete=models.PROTECT, related_name="failures")
    image = models.ForeignKey(VialImage, on_delete=models.PROTECT, related_name="failures")
    code = models.CharField(max_length=60)
    sentence = models.TextField()

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.image_id}: {self.code}"
