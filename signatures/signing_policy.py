"""The written policy by which people answer for what is signed in their name.

Owns which text and version is in force, and its acknowledgement. The text is a file that a
site replaces by its own (setting ``SIGNING_POLICY``); its first line names its version.
Serves: 21 CFR 11.10(j).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction

from records.acting import acting
from records.errors import Refusal
from records.evidence import Actor
from signatures.models import PolicyAcknowledgement
from signatures.signer import Signer

SHIPPED = Path(__file__).with_name("policy_text.md")
_FIRST_LINE = re.compile(r"^Version ([0-9A-Za-z.-]{1,20})$")


class PolicyUnreadable(Refusal):
    code = "signatures.policy_unreadable"
    clause = "11.10(j)"
    status = 500
    message = (
        "The signing policy cannot be read: {problem}. An administrator must put it right; nobody can sign until then."
    )


class PolicyChangedSinceRead(Refusal):
    code = "signatures.policy_changed"
    clause = "11.10(j)"
    status = 409
    message = "The signing policy has changed since you opened the page. Read version {version} and acknowledge that."


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy in force: its version, its text without the first line, and its SHA-256."""

    version: str
    text: str
    digest: str


def policy_in_force() -> Policy:
    """Return the policy in force. Raises: `PolicyUnreadable`."""
    path = Path(getattr(settings, "SIGNING_POLICY", "") or SHIPPED)
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyUnreadable(problem=type(error).__name__) from error
    first, _, rest = text.partition("\n")
    match = _FIRST_LINE.match(first.strip())
    if match is None:
        raise PolicyUnreadable(problem="its first line must be “Version” and a number")
    return Policy(match[1], rest.strip(), hashlib.sha256(raw).hexdigest())


def acknowledge_policy(user: Signer, *, digest: str, actor: Actor) -> PolicyAcknowledgement:
    """Record that a person read and accepts the policy in force, by the hash of what they read.

    Writes: signatures_policyacknowledgement and its event. Raises: `PolicyChangedSinceRead`.
    Serves: 21 CFR 11.10(j).
    """
    with (
        transaction.atomic(),
        acting(actor, "signatures.policy.acknowledged", details={"version": policy_in_force().version}),
    ):
        return record_acknowledgement(user, digest=digest)


def record_acknowledgement(user: Signer, *, digest: str) -> PolicyAcknowledgement:
    """Write the acknowledgement inside the caller's act. Raises: `PolicyChangedSinceRead`."""
    policy = policy_in_force()
    if digest != policy.digest:
        raise PolicyChangedSinceRead(version=policy.version)
    made, _ = PolicyAcknowledgement.objects.get_or_create(
        person_id=user.pk, policy_version=policy.version, defaults={"policy_hash": policy.digest}
    )
    return made
