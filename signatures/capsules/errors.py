"""Refusals of making and importing evidence capsules."""

from __future__ import annotations

from records.errors import Refusal


class RecordUnknown(Refusal):
    code = "capsules.record_unknown"
    clause = "11.10(b)"
    status = 404
    message = "There is no record {number}. Write the number as its page shows it, such as BR-2026-0007."


class CapsuleEmpty(Refusal):
    code = "capsules.empty"
    clause = "11.10(b)"
    status = 404
    message = "Nothing is recorded about {title}, so there is nothing to put into a capsule."


class InstallationNotEmpty(Refusal):
    code = "capsules.installation_not_empty"
    clause = "11.10(b)"
    status = 409
    message = (
        "A capsule is imported only into an installation without records, and this one has {found}. "
        "Migrate a new database and import there."
    )


class CapsuleNotVerified(Refusal):
    code = "capsules.not_verified"
    clause = "11.10(b)"
    status = 422
    message = "The capsule was not imported, because its verification failed:\n{report}"


class CapsuleUnreadable(Refusal):
    code = "capsules.unreadable"
    clause = "11.10(b)"
    status = 422
    message = "The capsule was not imported: {problem}."


class CapsuleKnown(Refusal):
    code = "capsules.known"
    clause = "11.10(b)"
    status = 409
    message = "This very capsule has been imported already; its versions are there."
