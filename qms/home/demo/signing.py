"""Signing as one of the demonstration's people: the whole ceremony, as its page would lead it."""

from __future__ import annotations

from qms.home.demo.cast import Cast
from records.models import ControlledRecord
from signatures.ceremonies import open_ceremony
from signatures.models import Signature
from signatures.signing import complete_ceremony, decline_ceremony


def sign(cast: Cast, record: ControlledRecord, action: str, person: str, *, reason: str = "") -> Signature:
    """Sign an action on a record with the person's password and a fresh code."""
    ceremony = open_ceremony(record, action, actor=cast.actor(person))
    return cast.type_credentials(
        person, lambda typed: complete_ceremony(ceremony, actor=cast.actor(person), credentials=typed, reason=reason)
    )


def ensure_signed(cast: Cast, record: ControlledRecord, action: str, *people: str, reason: str = "") -> None:
    """Have an action signed by those who have not signed it yet, in their order."""
    for person in people:
        if not record.signatures.filter(action=action, signer__username=person).exists():
            sign(cast, ControlledRecord.objects.get(pk=record.pk).concrete(), action, person, reason=reason)


def decline(cast: Cast, record: ControlledRecord, action: str, person: str, *, reason: str) -> Signature:
    """Refuse to sign, by signature and with a reason."""
    ceremony = open_ceremony(record, action, actor=cast.actor(person))
    return cast.type_credentials(
        person, lambda typed: decline_ceremony(ceremony, actor=cast.actor(person), credentials=typed, reason=reason)
    )
