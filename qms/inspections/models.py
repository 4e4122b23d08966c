"""The regulator's visit: time-limited access, its scope, requests, and copies handed over."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from qms.batches.models import Lot, Product
from records.history import TrackedHistory
from records.models import ControlledRecord, DatabaseClock, StoredFile


class InspectorAccess(models.Model):
    """A named inspector's read-only access, from and until an instant. Ended, never deleted.

    Serves: 21 CFR 11.10(b)(d).
    """

    inspector = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="inspector_accesses")
    agency = models.CharField(max_length=80)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    may_export = models.BooleanField(default=True)
    contact = models.CharField(max_length=160)
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        constraints = (
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="inspectoraccess_ends_after_start"
            ),
        )

    def __str__(self) -> str:
        return f"{self.inspector_id} ({self.agency}) until {self.ends_at}"


class AccessScope(models.Model):
    """What an access covers: all lots of a product, or one lot. Append-only."""

    access = models.ForeignKey(InspectorAccess, on_delete=models.PROTECT, related_name="scopes")
    product = models.ForeignKey(Product, null=True, on_delete=models.PROTECT, related_name="+")
    lot = models.ForeignKey(Lot, null=True, on_delete=models.PROTECT, related_name="+")

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()
        constraints = (
            models.CheckConstraint(
                condition=models.Q(product__isnull=False, lot=None) | models.Q(product=None, lot__isnull=False),
                name="accessscope_product_or_lot",
            ),
        )

    def __str__(self) -> str:
        return f"scope of {self.access_id}"


class InspectionRequest(models.Model):
    """Something the inspector asks for outside the search; QA answers it."""

    class State(models.TextChoices):
        OPEN = "open", "open"
        PROVIDED = "provided", "provided"
        DECLINED = "declined", "declined"

    access = models.ForeignKey(InspectorAccess, on_delete=models.PROTECT, related_name="requests")
    text = models.TextField()
    asked_at = models.DateTimeField(db_default=DatabaseClock())
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True)
    provided = models.ForeignKey(ControlledRecord, null=True, on_delete=models.PROTECT, related_name="+")

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.text[:60]


class Export(models.Model):
    """A numbered copy of a record taken away: made by a job, kept in the hand-over list."""

    class State(models.TextChoices):
        QUEUED = "queued", "being made"
        READY = "ready", "ready"
        FAILED = "failed", "failed"

    number = models.CharField(max_length=24, unique=True)
    record = models.ForeignKey(ControlledRecord, on_delete=models.PROTECT, related_name="exports")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="exports")
    requested_at = models.DateTimeField(db_default=DatabaseClock())
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    file = models.ForeignKey(StoredFile, null=True, on_delete=models.PROTECT, related_name="+")
    error = models.TextField(blank=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.number
