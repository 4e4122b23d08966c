"""Sets that were made, drills that proved them, and the jobs that do the work.

Owns what is remembered about sets; their bytes lie in their own folders. Sets and drills are
append-only: a lost set stays in the list, its folder does not.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from records.history import TrackedHistory
from records.models import DatabaseClock


class BackupSet(models.Model):
    """A complete set: where it lies, what it holds, which manifest describes it. Append-only.

    Units: ``size`` in bytes, ``seconds`` of wall time. Serves: 21 CFR 11.10(c); Annex 11 7.2.
    """

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=60, unique=True)
    folder = models.CharField(max_length=400)
    manifest_sha256 = models.CharField(max_length=64)
    signer = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    rows = models.PositiveBigIntegerField()
    files = models.PositiveBigIntegerField()
    newest_event = models.PositiveBigIntegerField()
    seconds = models.PositiveIntegerField()
    made_at = models.DateTimeField(db_default=DatabaseClock())

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.name


class BackupDrill(models.Model):
    """A set restored into a scratch place and verified there: the signed record of it. Append-only.

    ``report`` holds canonical bytes, ``signature`` is the site's over them, ``signer`` the
    fingerprint of its key. Serves: 21 CFR 11.10(c); Annex 11 7.2, draft Annex 11 16.
    """

    id = models.BigAutoField(primary_key=True)
    backup = models.ForeignKey(BackupSet, on_delete=models.PROTECT, related_name="drills")
    passed = models.BooleanField()
    report = models.BinaryField()
    signature = models.BinaryField()
    public_key = models.BinaryField()
    seconds = models.PositiveIntegerField()
    made_at = models.DateTimeField(db_default=DatabaseClock())

    history = TrackedHistory(append_only=True, fingerprint=("report", "signature", "public_key"))

    class Meta:
        default_permissions = ()
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"drill of {self.backup_id}"


class BackupJob(models.Model):
    """A backup or a drill that somebody or the schedule asked for; the queue of record.

    Like the outbox not regulated: what was asked and what came of it are events.
    """

    class Kind(models.TextChoices):
        BACKUP = "backup", "backup"
        DRILL = "drill", "restore drill"

    class State(models.TextChoices):
        QUEUED = "queued", "waiting"
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    backup = models.ForeignKey(BackupSet, null=True, on_delete=models.PROTECT, related_name="jobs")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    step = models.CharField(max_length=80, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("kind",), name="backupjob_one_at_a_time", condition=models.Q(state__in=("queued", "running"))
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more will happen."""
        return self.state in (self.State.DONE, self.State.FAILED)
