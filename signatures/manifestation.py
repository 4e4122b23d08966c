"""How a signature shows: one wording for page, print, PDF and export.

Owns the words of roles and meanings, the sentence beside the sign button and the facts of
the manifestation. Everything printed comes from the signature's own row, as it was at the
moment of signing: a person renamed later stands there under the old name.
Serves: 21 CFR 11.50.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass

from signatures.models import Signature
from signatures.routes import MEANINGS

ABBREVIATIONS = frozenset({"qa", "qp", "qc", "it"})
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class Manifestation:
    """The printed facts of one signature.

    ``is_verified``: True or False where it was checked for this showing, else None.
    ``url`` is filled by pages only. Serves: 21 CFR 11.50(a).
    """

    number: str
    printed_name: str
    username: str
    role: str
    meaning: str
    signed_at: dt.datetime
    time_zone: str
    reason: str
    is_decline: bool
    url: str = ""
    is_verified: bool | None = None

    @property
    def moment(self) -> str:
        """Return the signing time with the signer's offset, and in UTC."""
        return write_moment(self.signed_at, self.time_zone)

    @property
    def text(self) -> str:
        """Return the whole manifestation as one line, the same everywhere."""
        parts = [
            f"Electronically signed by {self.printed_name} ({self.username}), {self.role}",
            f"Meaning: {self.meaning}",
            self.moment,
            *([f"Reason: {self.reason}"] if self.reason else []),
            f"Signature {self.number}",
        ]
        return " — ".join(parts)

    def as_dict(self) -> dict[str, object]:
        """Return the manifestation for machine-readable exports."""
        return {
            "signature": self.number,
            "printed_name": self.printed_name,
            "username": self.username,
            "role": self.role,
            "meaning": self.meaning,
            "signed_at": self.signed_at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z"),
            "time_zone": self.time_zone,
            "shown": self.text,
            "reason": self.reason,
            "declined": self.is_decline,
        }


def manifestation_of(signature: Signature, *, url: str = "", is_verified: bool | None = None) -> Manifestation:
    """Return the manifestation of a signature, from its row alone. Serves: 21 CFR 11.50(a)(b)."""
    return Manifestation(
        number=signature.number,
        printed_name=signature.printed_name,
        username=signature.username,
        role=signature.role,
        meaning=word_of_meaning(signature.meaning),
        signed_at=signature.signed_at,
        time_zone=signature.time_zone,
        reason=signature.reason,
        is_decline=signature.is_decline,
        url=url,
        is_verified=is_verified,
    )


def word_of_meaning(meaning: str) -> str:
    """Return the word that stands for a meaning on paper: ``approval`` as "Approved"."""
    return MEANINGS.get(meaning, meaning)


def word_of_role(role: str) -> str:
    """Return a role as words: ``qa_manager`` as "QA manager"."""
    words = [word.upper() if word in ABBREVIATIONS else word for word in role.split("_")]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def signing_sentence(*, number: str, version: int, meaning: str) -> str:
    """Return the sentence beside the sign button, which is also in the signed statement.

    Serves: 21 CFR 11.10(j), 11.100(c).
    """
    return (
        "By signing you apply the legally binding equivalent of your handwritten signature "
        f"to {number} v{version} with the meaning “{word_of_meaning(meaning)}”."
    )


def clean_reason(text: str) -> str:
    """Return a typed reason as it is signed: NFC, line feeds only, no control characters."""
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    kept = (letter for letter in lines if letter in "\n\t" or unicodedata.category(letter) not in ("Cc", "Cs"))
    return "".join(kept).strip()


def write_moment(instant: dt.datetime, time_zone: str) -> str:
    """Write an instant in a zone with its offset and in UTC: ``2026-11-22 14:03:07 UTC−05:00 (19:03:07 UTC)``."""
    try:
        zone: dt.tzinfo = zoneinfo.ZoneInfo(time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        zone = dt.UTC
    local, utc = instant.astimezone(zone), instant.astimezone(dt.UTC)
    minutes = int((local.utcoffset() or dt.timedelta()).total_seconds()) // 60
    if minutes == 0:
        return f"{local:%Y-%m-%d %H:%M:%S} UTC"
    hours, rest = divmod(abs(minutes), 60)
    day = "" if local.date() == utc.date() else f"{utc:%Y-%m-%d} "
    sign = MINUS if minutes < 0 else "+"
    return f"{local:%Y-%m-%d %H:%M:%S} UTC{sign}{hours:02}:{rest:02} ({day}{utc:%H:%M:%S} UTC)"


def manifestation_facts(shown: Manifestation) -> Mapping[str, str]:
    """Return the manifestation as terms and texts, for tables and plain text."""
    return {
        "Signed by": f"{shown.printed_name} ({shown.username})",
        "Role": shown.role,
        "Meaning": shown.meaning,
        "Signed at": shown.moment,
        "Reason": shown.reason or "none given",
        "Signature": shown.number,
    }
