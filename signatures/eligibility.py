"""Whether a person may sign at all now, whatever the record: all reasons at once, or the first.

Asked before any credential is, and again at the moment of signing. Writes nothing.
Serves: 21 CFR 11.10(d)(j), 11.100(b), 11.300(e).
"""

from __future__ import annotations

import datetime as dt

from django.contrib.auth import get_user_model

from records.clock import now
from records.errors import Refusal
from records.evidence import Actor
from records.models import ControlledRecord
from signatures.authentication import device_of
from signatures.errors_authentication import (
    CertificateMissing,
    CertificateNotInForce,
    DeviceMissing,
    DeviceTestOverdue,
    IdentityNotChecked,
    PersonNotActive,
    PolicyNotAcknowledged,
)
from signatures.models import Certificate, IdentityCheck, PolicyAcknowledgement
from signatures.signer import Signer
from signatures.signing_policy import policy_in_force


def why_not_sign(user: Signer, *, at: dt.datetime | None = None) -> tuple[Refusal, ...]:
    """Return every reason why this person cannot sign now; empty when they can.

    Roles and separation of duties are the route's matter (`signatures.policy`).
    """
    if not user.is_active:
        return (PersonNotActive(),)
    at = at or now()
    return (*_policy_reasons(user), *_device_reasons(user, at), *_certificate_reasons(user, at))


def check_eligibility(actor: Actor, *, record: ControlledRecord | None = None) -> None:
    """Refuse with the first reason why the actor cannot sign now. Raises: those of `why_not_sign`."""
    user = get_user_model().objects.get(username=actor.username)
    for reason in why_not_sign(user):
        raise reason


def identity_check_of(user: Signer) -> IdentityCheck | None:
    """Return the identity check that counts: the newest since the present device was enrolled.

    Whoever enrols anew must be looked at anew. Serves: 21 CFR 11.100(b), 11.300(c).
    """
    found = IdentityCheck.objects.filter(person_id=user.pk).order_by("-pk").first()
    device = device_of(user)
    if found is None or device is None or found.verified_at < device.enrolled_at:
        return None
    return found


def certificate_of(user: Signer) -> Certificate | None:
    """Return the person's certificate that is not revoked, if any."""
    return Certificate.objects.filter(owner_id=user.pk, revoked_at=None).first()


def _policy_reasons(user: Signer) -> tuple[Refusal, ...]:
    policy = policy_in_force()
    is_acknowledged = PolicyAcknowledgement.objects.filter(
        person_id=user.pk, policy_version=policy.version, policy_hash=policy.digest
    ).exists()
    return () if is_acknowledged else (PolicyNotAcknowledged(version=policy.version),)


def _device_reasons(user: Signer, at: dt.datetime) -> tuple[Refusal, ...]:
    device = device_of(user)
    if device is None:
        return (DeviceMissing(),)
    if device.test_due_at <= at:
        return (DeviceTestOverdue(due=f"{device.test_due_at:%Y-%m-%d}"),)
    return ()


def _certificate_reasons(user: Signer, at: dt.datetime) -> tuple[Refusal, ...]:
    certificate = certificate_of(user)
    if certificate is None:
        return (CertificateMissing(),) if identity_check_of(user) else (IdentityNotChecked(),)
    if not certificate.valid_from <= at < certificate.valid_until:
        dates = {"begins": f"{certificate.valid_from:%Y-%m-%d}", "ends": f"{certificate.valid_until:%Y-%m-%d}"}
        return (CertificateNotInForce(**dates),)
    return ()
