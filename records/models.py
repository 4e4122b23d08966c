"""Controlled records, their frozen versions, events, changes and files.

Owns the tables every other floor stands on. Holds no rule over other rows, no HTTP and
no ``save()`` override; immutability and the trail are PostgreSQL's (`records.guards`).
"""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Func
from django.db.models.functions import Now

from records import models_ledger, models_shipping  # noqa: F401  Django finds the models through this module
from records.history import TrackedHistory


class DatabaseClock(Func):
    """The database's wall clock, which moves on inside a transaction."""

    function = "clock_timestamp"
    output_field = models.DateTimeField()


class CurrentTransaction(Func):
    """The 64-bit number of the transaction that writes the row."""

    function = "pg_current_xact_id"


class TransactionNumberField(models.Field[str, str]):
    """A PostgreSQL ``xid8``; read as text, compared in SQL only."""

    def db_type(self, connection: Any) -> str:
        """Return the column type."""
        return "xid8"


class Event(models.Model):
    """One act in the audit trail: who, when, what, on which record, why, from where.

    Append-only. Written only by `records.acting`. ``at`` and ``xact`` are set by the
    database; the application's role may not name them. Serves: 21 CFR 11.10(e).
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_default=DatabaseClock(), editable=False)
    app_at = models.DateTimeField()
    xact = TransactionNumberField(db_default=CurrentTransaction(), editable=False)
    act = models.CharField(max_length=100)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    actor_username = models.CharField(max_length=150)
    actor_name = models.CharField(max_length=200)
    actor_role = models.CharField(max_length=60, blank=True)
    record = models.ForeignKey(
        "records.ControlledRecord",
        null=True,
        on_delete=models.PROTECT,
        related_name="events",
        db_index=False,
    )
    reason = models.TextField(blank=True)
    details = models.JSONField(default=dict)
    address = models.CharField(max_length=64, blank=True)
    session = models.CharField(max_length=64, blank=True)
    station = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    build = models.CharField(max_length=80)

    class Meta:
        default_permissions = ()
        indexes = (
            models.Index(fields=("at", "id"), name="event_at"),
            models.Index(fields=("record", "id"), name="event_record"),
            models.Index(fields=("actor", "at", "id"), name="event_actor_at"),
            models.Index(fields=("actor", "act", "id"), name="event_actor_act"),
            models.Index(fields=("act", "id"), name="event_act"),
            models.Index(fields=("xact",), name="event_xact"),
            models.Index(fields=("request_id",), name="event_request", condition=~models.Q(request_id="")),
        )

    def __str__(self) -> str:
        return f"{self.act} ({self.pk})"


class Change(models.Model):
    """One line per snapshot: which row of which table an event changed, old and new values.

    Written by the triggers. ``old`` and ``new`` hold only the changed columns of an
    update; a created or deleted row stands whole in its snapshot.
    """

    id = models.BigAutoField(primary_key=True)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="changes")
    table_name = models.CharField(max_length=63)
    row_key = models.CharField(max_length=64)
    history_id = models.BigIntegerField()
    kind = models.CharField(max_length=1, choices=(("+", "created"), ("~", "changed"), ("-", "deleted")))
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.kind}{self.table_name}:{self.row_key}"


class NumberSeries(models.Model):
    """The last number given in a series, one row per prefix and year; locked while counting."""

    prefix = models.CharField(max_length=12)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("prefix", "year"), name="numberseries_once"),)

    def __str__(self) -> str:
        return f"{self.prefix}-{self.year}: {self.last}"


class ControlledRecord(models.Model):
    """A record kept under a predicate rule, with a human number that is never used twice.

    Concrete kinds derive from it and set ``NUMBER_PREFIX`` and ``KIND_LABEL``; their
    states are the workflow table's of the same name. Serves: 21 CFR 11.10(a)(c)(e).
    """

    NUMBER_PREFIX: ClassVar[str] = ""
    KIND_LABEL: ClassVar[str] = "record"
    RETENTION_RULE: ClassVar[str] = "gmp_batch"

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=60)
    number = models.CharField(max_length=32, unique=True)
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=40)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())
    retention_rule = models.CharField(max_length=40)
    retention_start_event = models.CharField(max_length=60, blank=True)
    retention_started_on = models.DateField(null=True, blank=True)
    legal_hold = models.BooleanField(default=False)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        ordering = ("-id",)
        indexes = (models.Index(fields=("kind", "state", "-id"), name="record_kind_state"),)

    def __str__(self) -> str:
        return self.number

    def concrete(self) -> ControlledRecord:
        """Return this record as its own kind."""
        model = apps.get_model(self.kind)
        if self._meta.label_lower == self.kind:
            return self
        return cast("ControlledRecord", model._default_manager.get(pk=self.pk))

    def content(self) -> dict[str, Any]:
        """Return what a signature covers: the record, its children and each file's SHA-256.

        Kinds override it. The state is not part of it: the same content is reviewed,
        approved and released.
        """
        raise NotImplementedError


class Version(models.Model):
    """A frozen copy of a record's content: canonical bytes and their SHA-256. Append-only.

    People sign versions. Serves: 21 CFR 11.10(e), 11.70.
    """

    id = models.BigAutoField(primary_key=True)
    record = models.ForeignKey(ControlledRecord, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    revision = models.PositiveIntegerField()
    content = models.BinaryField()
    content_hash = models.CharField(max_length=64)
    frozen_at = models.DateTimeField(db_default=DatabaseClock())
    frozen_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(blank=True)

    history = TrackedHistory(append_only=True, fingerprint=("content",))

    class Meta:
        default_permissions = ()
        ordering = ("record", "number")
        constraints = (models.UniqueConstraint(fields=("record", "number"), name="version_once"),)

    def __str__(self) -> str:
        return f"{self.record.number} v{self.number}"


class StoredFile(models.Model):
    """A file in the content-addressed store, known by its SHA-256. Append-only."""

    sha256 = models.CharField(primary_key=True, max_length=64)
    size = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=80)
    stored_at = models.DateTimeField(db_default=Now())

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.sha256[:12]


class Attachment(models.Model):
    """A file that belongs to a record, under the name its sender gave it. Append-only."""

    id = models.BigAutoField(primary_key=True)
    record = models.ForeignKey(ControlledRecord, on_delete=models.PROTECT, related_name="attachments")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="attachments")
    name = models.CharField(max_length=200)
    purpose = models.CharField(max_length=40)
    note = models.CharField(max_length=200, blank=True)

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()
        ordering = ("record", "id")

    def __str__(self) -> str:
        return self.name


class Rendition(models.Model):
    """The PDF/A of a version with its manifestations: a true copy, sealed by the organisation."""

    id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="renditions")
    action = models.CharField(max_length=60)
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="renditions")
    made_at = models.DateTimeField(db_default=DatabaseClock())

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("version", "action"), name="rendition_once"),)

    def __str__(self) -> str:
        return f"rendition of version {self.version_id} ({self.action})"


class OutboxItem(models.Model):
    """Work promised by a committed transaction: mail, renditions, archive copies.

    The database, not the broker, is the queue of record; `records.outbox` sweeps it.
    """

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=100)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())
    not_before = models.DateTimeField(db_default=Now())
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("kind", "key"), name="outboxitem_once"),)
        indexes = (models.Index(fields=("not_before", "id"), name="outbox_due", condition=models.Q(done_at=None)),)

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
