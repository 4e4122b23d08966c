"""Certificates, ceremonies, signatures and the attempts that were made at them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from records.history import TrackedHistory
from records.models import ControlledRecord, DatabaseClock, Version
from signatures.models_capsules import ImportedCapsule, ImportedVersion

__all__ = (
    "AuthenticationState",
    "Ceremony",
    "Certificate",
    "IdentityCheck",
    "ImportedCapsule",
    "ImportedVersion",
    "PolicyAcknowledgement",
    "Series",
    "Signature",
)


class IdentityCheck(models.Model):
    """An officer's record that a person's identity was verified before they may sign.

    Append-only. Serves: 21 CFR 11.100(b).
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="identity_checks")
    method = models.CharField(max_length=40)
    document_class = models.CharField(max_length=60)
    note = models.TextField(blank=True)
    verified_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verified_at = models.DateTimeField(db_default=DatabaseClock())

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(person=models.F("verified_by")), name="identitycheck_by_another"
            ),
        )

    def __str__(self) -> str:
        return f"identity of {self.person_id} checked {self.verified_at}"


class Certificate(models.Model):
    """A person's certificate and the container of the private key, locked by their password.

    ``container`` (PKCS#12) changes only when its owner changes their password. A
    certificate is revoked, never deleted. Serves: 21 CFR 11.70, 11.100, 11.200(a)(2).
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="certificates")
    identity_check = models.ForeignKey(IdentityCheck, on_delete=models.PROTECT, related_name="certificates")
    serial = models.CharField(max_length=64)
    issuer = models.CharField(max_length=200)
    subject = models.CharField(max_length=300)
    certificate_pem = models.TextField()
    chain_pem = models.TextField(blank=True)
    container = models.BinaryField()
    source = models.CharField(max_length=12, choices=(("site", "issued by the site"), ("company", "imported")))
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    issued_at = models.DateTimeField(db_default=DatabaseClock())
    revoked_at = models.DateTimeField(null=True, blank=True)
    revocation_reason = models.CharField(max_length=200, blank=True)

    history = TrackedHistory(fingerprint=("container",))

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("issuer", "serial"), name="certificate_serial_once"),
            models.UniqueConstraint(
                fields=("owner",), condition=models.Q(revoked_at=None), name="certificate_one_in_force"
            ),
        )

    def __str__(self) -> str:
        return f"{self.subject} ({self.serial[:12]})"


class AuthenticationState(models.Model):
    """A person's count of refused passwords and codes, at login and at signing alike.

    One locked row per person; committed on its own before any refusal is raised.
    Serves: 21 CFR 11.300(d).
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, primary_key=True, related_name="authentication_state"
    )
    failures = models.PositiveIntegerField(default=0)
    window_started_at = models.DateTimeField(null=True)
    locked_until = models.DateTimeField(null=True)
    last_code_step = models.BigIntegerField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.user_id}: {self.failures} failures"


class Series(models.Model):
    """A list of records, fixed at its start, that one person signs one after the other with one meaning.

    Each record keeps a ceremony, a statement and a signature of its own. Append-only.
    Serves: 21 CFR 11.200(a)(1)(i).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    signer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="series")
    meaning = models.CharField(max_length=40)
    session = models.CharField(max_length=64)
    address = models.CharField(max_length=64, blank=True)
    opened_at = models.DateTimeField(db_default=DatabaseClock())
    expires_at = models.DateTimeField()

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"series {self.pk} of {self.signer_id}"


class Ceremony(models.Model):
    """One person signing one version with one meaning: opened, then completed or not.

    Serves: 21 CFR 11.50, 11.200(a)(1).
    """

    class State(models.TextChoices):
        OPEN = "open", "open"
        COMPLETED = "completed", "completed"
        DECLINED = "declined", "declined"
        CANCELLED = "cancelled", "cancelled"
        EXPIRED = "expired", "expired"
        VOID = "void", "void: the record changed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    record = models.ForeignKey(ControlledRecord, on_delete=models.PROTECT, related_name="ceremonies")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="ceremonies")
    action = models.CharField(max_length=60)
    meaning = models.CharField(max_length=40)
    seat = models.CharField(max_length=40)
    role = models.CharField(max_length=40)
    signer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="ceremonies")
    reason = models.TextField(blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField(db_default=DatabaseClock())
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    session = models.CharField(max_length=64)
    series = models.ForeignKey(Series, null=True, on_delete=models.PROTECT, related_name="ceremonies")
    position = models.PositiveSmallIntegerField(null=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        indexes = (models.Index(fields=("signer", "state"), name="ceremony_signer_state"),)
        constraints = (models.UniqueConstraint(fields=("series", "position"), name="ceremony_position_once"),)

    def __str__(self) -> str:
        return f"{self.meaning} of version {self.version_id} by {self.signer_id} ({self.state})"


class Signature(models.Model):
    """The lasting result of a completed ceremony. Append-only.

    Names, role and time are those of the moment of signing and are also inside the
    signed statement. Serves: 21 CFR 11.50(a), 11.70.
    """

    id = models.BigAutoField(primary_key=True)
    number = models.CharField(max_length=24, unique=True)
    ceremony = models.OneToOneField(Ceremony, on_delete=models.PROTECT, related_name="signature")
    record = models.ForeignKey(ControlledRecord, on_delete=models.PROTECT, related_name="signatures")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="signatures")
    action = models.CharField(max_length=60)
    meaning = models.CharField(max_length=40)
    seat = models.CharField(max_length=40)
    is_decline = models.BooleanField(default=False)
    signer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="signatures")
    username = models.CharField(max_length=30)
    printed_name = models.CharField(max_length=120)
    role = models.CharField(max_length=40)
    reason = models.TextField(blank=True)
    signed_at = models.DateTimeField()
    time_zone = models.CharField(max_length=64)
    content_hash = models.CharField(max_length=64)
    statement = models.BinaryField()
    cms = models.BinaryField()
    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT, related_name="signatures")

    history = TrackedHistory(append_only=True, fingerprint=("statement", "cms"))

    class Meta:
        default_permissions = ()
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("version", "action", "seat"), name="signature_seat_once"),
            models.UniqueConstraint(fields=("version", "signer", "meaning"), name="signature_meaning_once"),
        )
        indexes = (models.Index(fields=("signer", "-id"), name="signature_signer"),)

    def __str__(self) -> str:
        return f"{self.number}: {self.printed_name}, {self.meaning}"


class PolicyAcknowledgement(models.Model):
    """A person's statement that they are accountable for what is signed in their name.

    Signing is locked until the policy in force is acknowledged. Append-only.
    Serves: 21 CFR 11.10(j).
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="policy_acknowledgements"
    )
    policy_version = models.CharField(max_length=20)
    policy_hash = models.CharField(max_length=64)
    acknowledged_at = models.DateTimeField(db_default=Now())

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("person", "policy_version"), name="policyacknowledgement_once"),)

    def __str__(self) -> str:
        return f"{self.person_id}: policy {self.policy_version}"
