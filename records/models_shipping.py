"""How far each log service outside has been sent the sealed events."""

from __future__ import annotations

from django.db import models


class ShippingMark(models.Model):
    """A sink's place in the ledger. Written by the sealer's role alone; no record, so it may be rewritten.

    A lost or reset mark makes events be sent again, never left out.
    """

    id = models.BigAutoField(primary_key=True)
    sink = models.CharField(max_length=100, unique=True)
    next_index = models.BigIntegerField(default=0)
    shipped_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.sink} at {self.next_index}"
