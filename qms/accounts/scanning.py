"""What a person scans to add their device: the secret as QR code, text and address.

The seed travels in the form encrypted for its person, so that showing the page writes
nothing and no unconfirmed seed is ever stored. Serves: 21 CFR 11.300(e).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import segno
from django.conf import settings

from qms.accounts import codes
from qms.accounts.enrolment import Pairing
from qms.accounts.errors import SeedUnreadable
from qms.accounts.models import User
from qms.accounts.seeds import make_seed, open_seed, seal_seed

QUIET_ZONE = 4


@dataclass(frozen=True, slots=True, repr=False)
class Scan:
    """One device to be added. ``path`` draws the QR code inside a square of ``size`` units."""

    sealed: str
    secret: str
    address: str
    path: str
    size: int


def make_scan(person: User, sealed: str = "") -> Scan:
    """Return a new device to scan, or the same again where a form comes back with errors."""
    try:
        seed = open_seed(_decode(sealed), user_id=person.pk) if sealed else make_seed()
    except SeedUnreadable:
        seed, sealed = make_seed(), ""
    text = base64.b32encode(seed).decode().rstrip("=")
    address = provisioning_address(person, text)
    code = segno.make(address, error="m", micro=False)
    rows = [bytes(row) for row in code.matrix]
    return Scan(
        sealed=sealed or base64.urlsafe_b64encode(seal_seed(seed, user_id=person.pk)).decode(),
        secret=" ".join(text[start : start + 4] for start in range(0, len(text), 4)),
        address=address,
        path=draw_path(rows),
        size=len(rows) + 2 * QUIET_ZONE,
    )


def provisioning_address(person: User, secret: str) -> str:
    """Return the address that authenticator apps read."""
    issuer = settings.OTP_TOTP_ISSUER.replace(":", "")
    facts = {
        "secret": secret,
        "issuer": issuer,
        "algorithm": "SHA1",
        "digits": codes.DIGITS,
        "period": codes.STEP_SECONDS,
    }
    return f"otpauth://totp/{quote(f'{issuer}:{person.username}')}?{urlencode(facts, quote_via=quote)}"


def draw_path(rows: list[bytes]) -> str:
    """Return the dark modules as one SVG path, a run of them as one bar."""
    bars = []
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            run = 0
            while x + run < len(row) and row[x + run]:
                run += 1
            if run:
                bars.append(f"M{x + QUIET_ZONE} {y + QUIET_ZONE}h{run}v1h-{run}z")
            x += run or 1
    return "".join(bars)


def pairing_of(typed: Mapping[str, Any]) -> Pairing:
    """Return what a form says of a new device."""
    return Pairing(_decode(typed["sealed_seed"]), typed["first_code"], typed["second_code"])


def _decode(sealed: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(sealed.encode())
    except (binascii.Error, ValueError):
        return b""
