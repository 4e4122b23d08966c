"""Recovery codes: each lets its owner sign in once without their device, and never signs.

Kept as keyed hashes. Serves: 21 CFR 11.300(c).
"""

from __future__ import annotations

import hmac
import secrets

from qms.accounts.models import RecoveryCode, User
from records.acting import acting
from records.clock import now
from records.keys import ensure_secret
from records.stores import key_store
from signatures.alerts import raise_alert
from signatures.authentication import Attempt, Factor

NUMBER_OF_CODES = 10
_KEY_NAME = "recovery-codes"
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_LENGTH = 12
_GROUP = 4


def replace_recovery_codes(user: User) -> list[str]:
    """Make new codes inside the caller's act, ending the old ones; return them to be shown once.

    Writes: accounts_recoverycode.
    """
    cancel_recovery_codes(user)
    fresh = [_make_code() for _ in range(NUMBER_OF_CODES)]
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, code_hash=_hash(user.pk, code)) for code in fresh)
    return fresh


def cancel_recovery_codes(user: User) -> None:
    """End a person's unused codes inside the caller's act. Writes: accounts_recoverycode."""
    RecoveryCode.objects.filter(user=user, used_at=None, cancelled_at=None).update(cancelled_at=now())


def count_recovery_codes(user: User) -> int:
    """Return how many codes a person has left."""
    return RecoveryCode.objects.filter(user=user, used_at=None, cancelled_at=None).count()


def use_recovery_code(attempt: Attempt, code: str) -> str | None:
    """Use up one of the person's codes. Runs inside the locked transaction of `authenticate`."""
    digest = _hash(attempt.user.pk, code)
    open_codes = RecoveryCode.objects.select_for_update().filter(used_at=None, cancelled_at=None)
    found = open_codes.filter(user_id=attempt.user.pk, code_hash=digest).first()
    if found is None:
        return None
    with acting(attempt.actor, "accounts.recovery_code.used", details=attempt.details) as event:
        found.used_at = attempt.at
        found.save(update_fields=["used_at"])
    raise_alert("recovery_code_used", event_id=event.id, actor=attempt.actor, details=attempt.details)
    return f"recovery code {found.pk}"


RECOVERY_CODES = Factor("recovery code", use_recovery_code)


def _make_code() -> str:
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    return "-".join(letters[start : start + _GROUP] for start in range(0, _LENGTH, _GROUP))


def _hash(user_id: int, code: str) -> str:
    plain = "".join(one for one in code.upper() if one in _ALPHABET)
    key = ensure_secret(key_store(), _KEY_NAME)
    return hmac.digest(key, f"{user_id}:{plain}".encode(), "sha256").hex()
