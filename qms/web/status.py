"""The eight status tokens: one sign, one word and one colour for every state of every record.

Pure. Workflow tables name a token for each of their states. A state not listed shows as
its own word with the neutral sign, so that a forgotten entry is plain to see and never
takes a colour that means something else.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Token:
    """How a status looks: the class name behind ``status-`` and the sign."""

    name: str
    symbol: str
    word: str


DRAFT = Token("draft", "pencil", "Draft")
IN_REVIEW = Token("in-review", "eye", "In review")
AWAITING = Token("awaiting", "signature", "Awaiting signature")
APPROVED = Token("approved", "check", "Approved")
REJECTED = Token("rejected", "cross", "Rejected")
ON_HOLD = Token("on-hold", "pause", "On hold")
SUPERSEDED = Token("superseded", "history", "Superseded")
CLOSED = Token("closed", "lock", "Closed")
NEUTRAL = Token("neutral", "dot", "")

TOKENS = (DRAFT, IN_REVIEW, AWAITING, APPROVED, REJECTED, ON_HOLD, SUPERSEDED, CLOSED)

# Beside the tokens' own names: states of things that have no workflow table of their own.
PLAIN_STATES: dict[str, Token] = {
    "running": IN_REVIEW,
    "queued": AWAITING,
    "pending": AWAITING,
    "awaiting_signature": AWAITING,
    "released": APPROVED,
    "active": APPROVED,
    "completed": APPROVED,
    "passed": APPROVED,
    "declined": REJECTED,
    "failed": REJECTED,
    "revoked": REJECTED,
    "locked": ON_HOLD,
    "hold": ON_HOLD,
    "expired": SUPERSEDED,
    "retired": SUPERSEDED,
    "cancelled": CLOSED,
    "deactivated": CLOSED,
}

STATES: dict[str, Token] = {token.name.replace("-", "_"): token for token in TOKENS} | PLAIN_STATES


def find_token(state: str) -> Token:
    """Return the token of a state, spelled in any of the usual ways."""
    return STATES.get(state.strip().lower().replace(" ", "_").replace("-", "_"), NEUTRAL)


def write_word(state: str) -> str:
    """Return a state as a word for people: ``awaiting_signature`` as "Awaiting signature"."""
    words = state.strip().replace("_", " ")
    return words[:1].upper() + words[1:]
