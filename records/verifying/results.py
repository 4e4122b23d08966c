"""The result of a verification as a signed statement, so that a forged “clean” shows.

Owns the statement's text and its reading. It is signed by the verification key, which only the
sealer's key store has; a run elsewhere leaves an unsigned result and says so.
Serves: 21 CFR 11.10(a), 11.10(e).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from records.canonical import canonical_bytes
from records.digests import sha256_hex
from records.errors import Refusal
from records.keys import KeyStore
from records.ledger.identity import (
    VERIFICATION_KEY,
    VERIFICATION_SUFFIX,
    ledger_origin,
    trusted_keys,
    verification_signer,
)
from records.ledger.notes import SignedNote, parse_note, sign_note, verify_note
from records.models import Event
from records.verifying.findings import LedgerHead

FINISHED: Final = "records.verify.finished"
FULL, INCREMENTAL = "full", "incremental"

REPLAY_SECONDS: Final = 3600
"""How far a statement's time may lie from its event's: an old statement under a new event is a forgery."""


@dataclass(frozen=True, slots=True)
class Result:
    """One finished verification as its event tells it. Units: ``findings`` counted."""

    event_id: int
    at: dt.datetime
    mode: str
    findings: int
    head: LedgerHead
    is_signed: bool

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing was found."""
        return self.findings == 0


def make_statement(origin: str, details: Mapping[str, Any]) -> str:
    """Return what is signed: the log's name, the kind of run, the head reached, and the hash of all details."""
    told = {name: value for name, value in details.items() if name != "note"}
    return (
        f"{origin}{VERIFICATION_SUFFIX}\n{details['mode']}, {details['findings']} findings\n{details['finished']}\n"
        f"{details['size']} {details['root']}\nsha256:{sha256_hex(canonical_bytes(told))}\n"
    )


def sign_details(details: Mapping[str, Any], store: KeyStore | None) -> str:
    """Return the signed note over a result's details, or nothing where this process has no key for it."""
    if store is None:
        return ""
    origin = ledger_origin()
    signer = verification_signer(store, origin)
    if signer is None:
        return ""
    text = make_statement(origin, details)
    return str(SignedNote(text, (sign_note(text, signer, lambda message: store.sign(VERIFICATION_KEY, message)),)))


def read_result(event: Event) -> Result:
    """Return a finished verification, its signature checked against the published keys."""
    details = event.details
    return Result(
        event_id=event.pk,
        at=event.at,
        mode=str(details.get("mode", FULL)),
        findings=int(details.get("findings", 0)),
        head=LedgerHead(int(details.get("size", 0)), bytes.fromhex(str(details.get("root", "")))),
        is_signed=is_signed(event),
    )


def is_signed(event: Event) -> bool:
    """Tell whether the note of an event is over its very details, made at its time, by a published key."""
    try:
        note = parse_note(str(event.details["note"]).encode())
        origin = ledger_origin()
        verify_note(note, [key for key in trusted_keys() if key.name == f"{origin}{VERIFICATION_SUFFIX}"])
        finished = dt.datetime.fromisoformat(event.details["finished"])
        is_fresh = abs((event.at - finished).total_seconds()) <= REPLAY_SECONDS
        return is_fresh and note.text == make_statement(origin, event.details)
    except (Refusal, KeyError, TypeError, ValueError):
        return False


def last_result() -> Result | None:
    """Return the newest finished verification."""
    event = Event.objects.filter(act=FINISHED).order_by("-id").first()
    return None if event is None else read_result(event)


def last_clean_full_result() -> Result | None:
    """Return the newest full verification that found nothing and is signed: what an incremental one begins at."""
    for event in Event.objects.filter(act=FINISHED, details__mode=FULL, details__findings=0).order_by("-id")[:50]:
        result = read_result(event)
        if result.is_signed:
            return result
    return None
