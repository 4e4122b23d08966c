"""Keys of test tools: what lets a tool deliver results into one run, in the name of who executes it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from records.history import TrackedHistory
from records.models import DatabaseClock
from validation.models.executions import Execution


class ResultKey(models.Model):
    """A key that its owner gave to a test tool for one run; only the SHA-256 of its secret is kept. Never deleted.

    It reads nothing and signs nothing. It works while its owner executes the run, so that whose results they are
    is never in doubt. Serves: 21 CFR 11.10(d)(g); EU GMP Annex 11 §4.7.
    """

    execution = models.ForeignKey(Execution, on_delete=models.PROTECT, related_name="result_keys")
    name = models.CharField(max_length=80)
    secret_hash = models.CharField(max_length=64, unique=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(db_default=DatabaseClock())
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    history = TrackedHistory(fingerprint=("secret_hash",))

    class Meta:
        default_permissions = ()
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(revoked_at=None, revoked_by=None)
                | models.Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="resultkey_revoked_by_somebody",
            ),
        )

    def __str__(self) -> str:
        return f"key {self.pk}: {self.name}"
