"""A station's signature over its delivery: who made these photographs, of which lot, when.

The delivery carries ``manifest.sig.json``, an object with the members station, lot,
signed_at (ISO 8601 with offset) and signature (base64 of Ed25519 over `statement`). The
statement binds the manifest's bytes, and so every photograph's SHA-256; lot and time are
its nonce, taken once per station. Serves: 21 CFR 11.10(h). Pure: no Django.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from qms.batches.errors_imports import (
    DeliveryForOtherLot,
    DeliveryFromFuture,
    StationNotQualified,
    StationSignatureUnreadable,
    StationSignatureWrong,
    StationUnknown,
)
from qms.batches.manifests import CLOCK_TOLERANCE

SIGNATURE_NAME: Final = "manifest.sig.json"
SCHEMA: Final = "countersign-delivery-v1"
MAX_BYTES: Final = 2_000
MEMBERS: Final = frozenset({"station", "lot", "signed_at", "signature"})


@dataclass(frozen=True, slots=True)
class DeliverySignature:
    """What ``manifest.sig.json`` says, not yet believed. ``signed_at`` is kept as written, for the statement."""

    station: str
    lot: str
    signed_at_text: str
    signed_at: dt.datetime
    signature: bytes

    @property
    def nonce(self) -> str:
        """Return what may be taken once: the lot and the instant of signing."""
        return f"{self.lot} {self.signed_at.astimezone(dt.UTC).isoformat(timespec='microseconds')}"


@dataclass(frozen=True, slots=True)
class StationFacts:
    """What is known of the batch's own station and lot."""

    code: str
    lot: str
    public_key: Ed25519PublicKey
    qualified_until: dt.date


def statement(*, station: str, lot: str, signed_at: str, manifest: bytes) -> bytes:
    """Return the bytes that a station signs."""
    digest = hashlib.sha256(manifest).hexdigest()
    return f"{SCHEMA}\n{station}\n{lot}\n{signed_at}\n{digest}\n".encode()


def sign_delivery(key: Ed25519PrivateKey, *, station: str, lot: str, signed_at: dt.datetime, manifest: bytes) -> bytes:
    """Return the ``manifest.sig.json`` of a delivery, as a station makes it."""
    instant = signed_at.isoformat()
    signed = key.sign(statement(station=station, lot=lot, signed_at=instant, manifest=manifest))
    members = {
        "station": station,
        "lot": lot,
        "signed_at": instant,
        "signature": base64.b64encode(signed).decode(),
    }
    return json.dumps(members, indent=1).encode()


def read_signature(content: bytes) -> DeliverySignature:
    """Read ``manifest.sig.json``. Raises: `StationSignatureUnreadable`."""
    if len(content) > MAX_BYTES:
        raise StationSignatureUnreadable(why="it is too large")
    try:
        members = json.loads(content)
    except (ValueError, RecursionError):
        raise StationSignatureUnreadable(why="it is not JSON") from None
    if (
        not isinstance(members, dict)
        or set(members) != MEMBERS
        or not all(isinstance(v, str) for v in members.values())
    ):
        raise StationSignatureUnreadable(why="it must hold station, lot, signed_at and signature, as texts")
    if any(len(value) > 200 or not value.isprintable() for value in members.values()):
        raise StationSignatureUnreadable(why="a member is too long or holds control characters")
    try:
        signed_at = dt.datetime.fromisoformat(members["signed_at"])
        signature = base64.b64decode(members["signature"], validate=True)
    except (ValueError, binascii.Error):
        raise StationSignatureUnreadable(why="its time or signature is not well formed") from None
    if signed_at.tzinfo is None:
        raise StationSignatureUnreadable(why="its time has no offset")
    return DeliverySignature(members["station"], members["lot"], members["signed_at"], signed_at, signature)


def check_delivery(
    signed: DeliverySignature, *, station: StationFacts, manifest: bytes, received_at: dt.datetime
) -> None:
    """Refuse a delivery that does not come, now and for this lot, from the batch's qualified station.

    Raises: `StationUnknown`, `StationSignatureWrong`, `DeliveryForOtherLot`,
    `DeliveryFromFuture`, `StationNotQualified`. Serves: 21 CFR 11.10(h).
    """
    if signed.station != station.code:
        raise StationUnknown(station=signed.station[:60], expected=station.code)
    wanted = statement(station=signed.station, lot=signed.lot, signed_at=signed.signed_at_text, manifest=manifest)
    try:
        station.public_key.verify(signed.signature, wanted)
    except InvalidSignature:
        raise StationSignatureWrong(station=station.code) from None
    if signed.lot != station.lot:
        raise DeliveryForOtherLot(found=signed.lot[:60], expected=station.lot)
    if signed.signed_at > received_at + CLOCK_TOLERANCE:
        raise DeliveryFromFuture(signed_at=signed.signed_at_text)
    if signed.signed_at.astimezone(dt.UTC).date() > station.qualified_until:
        raise StationNotQualified(
            station=station.code, until=station.qualified_until, signed_on=signed.signed_at.date()
        )
