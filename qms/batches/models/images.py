"""The photographs of a batch, how they came in, and the files that were refused."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from qms.batches.models.batch import BatchRecord
from qms.batches.models.master import Station
from records.history import TrackedHistory
from records.models import DatabaseClock, StoredFile


class FileImport(models.Model):
    """One upload for a batch: checked whole, then taken or given up by the operator's choice.

    ``checked`` holds the accepted files' facts until the choice is made; ``folder`` is
    where they wait in quarantine. ``manual_reason`` says why a delivery without a
    station's signature was taken by hand. Serves: 21 CFR 11.10(h).
    """

    class State(models.TextChoices):
        CHECKED = "checked", "checked, waiting for your choice"
        TAKING = "taking", "being imported"
        TAKEN = "taken", "imported"
        GIVEN_UP = "given_up", "given up"

    batch = models.ForeignKey(BatchRecord, on_delete=models.PROTECT, related_name="imports")
    offered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    offered_at = models.DateTimeField(db_default=DatabaseClock())
    source_name = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.CHECKED)
    folder = models.CharField(max_length=64, blank=True)
    manual_reason = models.TextField(blank=True)
    good_count = models.PositiveIntegerField(default=0)
    refused_count = models.PositiveIntegerField(default=0)
    checked = models.JSONField(default=list)

    history = TrackedHistory(fingerprint=("checked",))

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.source_name} for {self.batch_id}"


class ImportProgress(models.Model):
    """How far a worker has come with an import; not a record, only what the bar shows."""

    file_import = models.OneToOneField(FileImport, on_delete=models.PROTECT, primary_key=True, related_name="progress")
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    beat_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.file_import_id}: {self.done} of {self.total}"


class StationDelivery(models.Model):
    """A station's signed statement that it made these photographs of this lot. Append-only.

    ``nonce`` is the lot and the time of signing: no statement is taken twice.
    Serves: 21 CFR 11.10(h).
    """

    file_import = models.OneToOneField(FileImport, on_delete=models.PROTECT, related_name="delivery")
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="deliveries")
    nonce = models.CharField(max_length=100)
    signed_at = models.DateTimeField()
    manifest_sha256 = models.CharField(max_length=64)
    signature = models.CharField(max_length=120)

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("station", "nonce"), name="stationdelivery_nonce_once"),)

    def __str__(self) -> str:
        return f"{self.station_id}: {self.nonce}"


class RefusedFile(models.Model):
    """A file that was offered and refused, with the reason. Append-only."""

    file_import = models.ForeignKey(FileImport, on_delete=models.PROTECT, related_name="refused")
    name = models.CharField(max_length=255)
    code = models.CharField(max_length=60)
    sentence = models.TextField()

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class VialImage(models.Model):
    """One unit's photograph: the untouched original, the display copy and the thumbnail.

    ``region`` is {x, y, width, height} of the vial in fractions of the picture, as text;
    None means that the station gave none. Append-only.
    """

    batch = models.ForeignKey(BatchRecord, on_delete=models.PROTECT, related_name="images")
    file_import = models.ForeignKey(FileImport, on_delete=models.PROTECT, related_name="images")
    position = models.PositiveIntegerField()
    unit_id = models.CharField(max_length=60)
    name = models.CharField(max_length=200)
    original = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    display = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    thumbnail = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    region = models.JSONField(null=True)
    captured_at = models.DateTimeField(null=True)

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()
        ordering = ("batch", "position")
        constraints = (
            models.UniqueConstraint(fields=("batch", "unit_id"), name="vialimage_unit_once"),
            models.UniqueConstraint(fields=("batch", "original"), name="vialimage_file_once"),
            models.UniqueConstraint(fields=("batch", "position"), name="vialimage_position_once"),
        )

    def __str__(self) -> str:
        return self.unit_id
