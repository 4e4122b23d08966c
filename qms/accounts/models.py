"""People: who they are, what they may do and since when, their second factor and sessions.

People are deactivated, never deleted; a user name is never given to anyone else.
"""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.sessions.base_session import AbstractBaseSession
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower, Now
from django_otp.models import Device

from qms.accounts import codes
from qms.accounts.roles import ROLES
from qms.accounts.seeds import open_seed
from records.clock import now
from records.history import TrackedHistory
from records.models import DatabaseClock
from signatures.models import AuthenticationState

USERNAME_PATTERN = RegexValidator(
    r"^[a-z0-9][a-z0-9._-]{1,29}$",
    "Use 2 to 30 small Latin letters, digits, dots, hyphens or underscores, starting with a letter or digit.",
)


class UserManager(BaseUserManager["User"]):
    """Finds people by their folded user name."""

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the person of a user name, whatever its case."""
        return self.get(username=(username or "").strip().casefold())


class User(AbstractBaseUser, PermissionsMixin):
    """A person (never a shared account), known for ever by one user name.

    User names are ASCII and folded, so no other case or look-alike letter can make a
    second one. Serves: 21 CFR 11.100(a), 11.300(a).
    """

    username = models.CharField(max_length=30, unique=True, validators=[USERNAME_PATTERN])
    printed_name = models.CharField(max_length=120)
    email = models.EmailField()
    job_title = models.CharField(max_length=120, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    is_active = models.BooleanField(default=True)
    password_set_at = models.DateTimeField(null=True, blank=True)
    shortcuts_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())
    last_login = None  # sign-ins are events, not a column

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["printed_name", "email"]

    history = TrackedHistory(fingerprint=("password",))

    class Meta:
        default_permissions = ()
        constraints = (
            models.CheckConstraint(condition=models.Q(username=Lower("username")), name="user_username_folded"),
            models.CheckConstraint(condition=models.Q(is_superuser=False), name="user_no_superuser"),
        )

    def __str__(self) -> str:
        return f"{self.printed_name} ({self.username})"

    def get_full_name(self) -> str:
        """Return the printed name."""
        return self.printed_name

    def held_roles(self) -> frozenset[str]:
        """Return the roles held at this moment; none when deactivated."""
        if not self.is_active:
            return frozenset()
        return frozenset(RoleGrant.objects.in_force(now()).filter(user=self).values_list("role", flat=True))


class RoleGrantQuerySet(models.QuerySet["RoleGrant"]):
    def in_force(self, at: dt.datetime) -> RoleGrantQuerySet:
        """Return the grants that counted at an instant."""
        return self.filter(models.Q(ends_at=None) | models.Q(ends_at__gt=at), starts_at__lte=at)


class RoleGrant(models.Model):
    """A role given to a person by someone else, from a date, with a reason. Never deleted.

    Serves: 21 CFR 11.10(d)(g).
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="role_grants")
    role = models.CharField(max_length=40)
    granted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)

    objects = RoleGrantQuerySet.as_manager()

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                fields=("user", "role"), condition=models.Q(ends_at=None), name="rolegrant_open_once"
            ),
            models.CheckConstraint(
                condition=models.Q(granted_by=None) | ~models.Q(granted_by=models.F("user")),
                name="rolegrant_by_another",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at=None) | models.Q(ends_at__gte=models.F("starts_at")),
                name="rolegrant_ends_after_start",
            ),
        )

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role}"

    def get_role_display(self) -> str:
        """Return the role as people call it."""
        return ROLES.get(self.role, self.role)


class Invitation(models.Model):
    """A one-time link under which one person sets password and second factor. Never deleted.

    Only the SHA-256 of the link's secret is kept. ``issued_by`` is None only for the
    link of the first administrator, printed on the console. Serves: 21 CFR 11.300(c).
    """

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="invitations")
    secret_hash = models.CharField(max_length=64, unique=True)
    is_reset = models.BooleanField(default=False)
    issued_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    issued_at = models.DateTimeField(db_default=DatabaseClock())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                fields=("person",), condition=models.Q(used_at=None, cancelled_at=None), name="invitation_open_once"
            ),
            models.CheckConstraint(
                condition=models.Q(issued_by=None) | ~models.Q(issued_by=models.F("person")),
                name="invitation_by_another",
            ),
        )

    def __str__(self) -> str:
        return f"invitation of {self.person_id}"


class TotpDevice(Device):  # type: ignore[misc]  # django-otp carries no types
    """A person's generator of one-time codes (RFC 6238): an app or a token.

    The seed is kept encrypted (`qms.accounts.seeds`). Which step was used last stands in
    the person's `AuthenticationState`, so that this row changes only by an act. A device is
    ended, never deleted. Verify only through ``django_otp.verify_token``, which locks the
    row. Serves: 21 CFR 11.200(a)(1), 11.300(c)(e).
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    confirmed = models.BooleanField(default=False)
    seed = models.BinaryField()
    step_seconds = models.PositiveSmallIntegerField(default=codes.STEP_SECONDS)
    drift = models.SmallIntegerField(default=0)
    enrolled_at = models.DateTimeField(db_default=DatabaseClock())
    tested_at = models.DateTimeField(db_default=DatabaseClock())
    ended_at = models.DateTimeField(null=True, blank=True)

    history = TrackedHistory(fingerprint=("seed",))

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("user",), condition=models.Q(confirmed=True), name="totpdevice_one_in_use"),
            models.CheckConstraint(
                condition=~models.Q(confirmed=True) | models.Q(ended_at=None), name="totpdevice_ended_is_off"
            ),
        )

    @property
    def clock(self) -> codes.Clock:
        """Return how this device counts time."""
        return codes.Clock(self.step_seconds, self.drift)

    @property
    def test_due_at(self) -> dt.datetime:
        """Return when the device must have been tested again."""
        return self.tested_at + codes.TEST_PERIOD

    def find_step(self, code: str, *, at: dt.datetime, reach: int = 0) -> int | None:
        """Return the step whose code this is, among those that count at an instant.

        ``reach`` looks further: for recognising a used or drifted code, never for accepting one.
        """
        seed = open_seed(bytes(self.seed), user_id=self.user_id)
        return codes.find_step(seed, code, clock=self.clock, at=at, reach=reach)

    def next_code_at(self, last_step: int | None) -> dt.datetime | None:
        """Return when the first code after ``last_step`` begins to count."""
        return None if last_step is None else self.clock.starts_at(last_step + 1)

    def verify_token(self, token: str) -> bool:
        """Accept a code of the present step once. Called by ``django_otp.verify_token`` only."""
        if not self.confirmed or not self.user.is_active:
            return False
        state = AuthenticationState.objects.select_for_update().get(user_id=self.user_id)
        step = self.find_step(token, at=now())
        if step is None or (state.last_code_step is not None and step <= state.last_code_step):
            return False
        state.last_code_step = step
        state.save(update_fields=["last_code_step"])
        return True


class RecoveryCode(models.Model):
    """One of the codes that let a person in once without their device; they never sign.

    Serves: 21 CFR 11.300(c).
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="recovery_codes")
    code_hash = models.CharField(max_length=64)
    made_at = models.DateTimeField(db_default=DatabaseClock())
    used_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    history = TrackedHistory(fingerprint=("code_hash",))

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("user", "code_hash"), name="recoverycode_once"),)

    def __str__(self) -> str:
        return f"recovery code of {self.user_id}"


class PersonSession(AbstractBaseSession):
    """A browser's session and whose it is, so that all of a person's can be ended at once.

    ``session_key`` holds the key's SHA-256: who reads the table cannot use the sessions.
    """

    user = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="sessions")
    started_at = models.DateTimeField(null=True, blank=True)
    address = models.CharField(max_length=64, blank=True)
    browser = models.CharField(max_length=200, blank=True)

    class Meta(AbstractBaseSession.Meta):
        default_permissions = ()
        indexes = (models.Index(fields=("user",), name="personsession_user"),)
