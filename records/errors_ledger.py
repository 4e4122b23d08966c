"""Refusals of sealing: what the sealer will not sign, and what a verification cannot read."""

from __future__ import annotations

from records.errors import Refusal


class LedgerBroken(Refusal):
    code = "ledger.broken"
    clause = "11.10(e)"
    status = 500
    message = (
        "Nothing is sealed: {problem}. Run `manage.py verify` and show the findings to the quality unit; "
        "sealing goes on by itself once the ledger is whole."
    )


class ReadBackDiffers(Refusal):
    code = "ledger.read_back_differs"
    clause = "11.10(a)"
    status = 500
    message = "Nothing is sealed: leaf {index} reads back differently from what was written. It is tried again."


class CheckpointKeyUnknown(Refusal):
    code = "ledger.checkpoint_key_unknown"
    clause = "11.10(d)"
    status = 403
    message = (
        "Nothing is sealed: the sealer's key is not among the ledger's published keys ({path}). "
        "If the key was changed on purpose, add its line there: {line}"
    )


class LeafFormatUnreadable(Refusal):
    code = "ledger.format_unreadable"
    clause = "11.10(a)"
    status = 500
    message = "The leaf format {digest} cannot be used: {problem}."


class NoCleanVerification(Refusal):
    code = "records.no_clean_verification"
    clause = "11.10(a)"
    status = 409
    message = (
        "There is no clean, signed, full verification to begin at. Run `manage.py verify` without --since-last, "
        "where the sealer's keys can be read."
    )
