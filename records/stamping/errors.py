"""Refusals of time stamps: what an authority's answer, or a stored token, is refused for.

Kept beside the modules that know no Django. None of them carries a secret.
"""

from __future__ import annotations

from records.errors import Refusal


class StampAuthorityUnavailable(Refusal):
    code = "records.stamp_authority_unavailable"
    clause = "11.30"
    status = 503
    message = "The time-stamp authority gave no answer that can be used: {problem}. It will be asked again."


class StampNotGranted(Refusal):
    code = "records.stamp_not_granted"
    clause = "11.30"
    status = 503
    message = "The time-stamp authority did not grant a time stamp: {problem}. Ask its operator why."


class StampMalformed(Refusal):
    code = "records.stamp_malformed"
    clause = "11.30"
    status = 422
    message = "This is not a time stamp that can be read (RFC 3161): {problem}."


class StampImprintMismatch(Refusal):
    code = "records.stamp_imprint_mismatch"
    clause = "11.70"
    status = 409
    message = "The time stamp belongs to other bytes than these: one of the two was altered or exchanged."


class StampHashWeak(Refusal):
    code = "records.stamp_hash_weak"
    clause = "11.30"
    status = 422
    message = "The time stamp rests on {found}; only SHA-256, SHA-384 and SHA-512 are accepted."


class StampNonceMismatch(Refusal):
    code = "records.stamp_nonce_mismatch"
    clause = "11.30"
    status = 409
    message = (
        "The time stamp does not answer this request: its nonce is another one. It may be an old answer sent again."
    )


class StampPolicyMismatch(Refusal):
    code = "records.stamp_policy_mismatch"
    clause = "11.30"
    status = 409
    message = "The time stamp was given under the policy {found}, not {expected} as this site asks (TSA_POLICY)."


class StampPurposeMissing(Refusal):
    code = "records.stamp_purpose_missing"
    clause = "11.30"
    status = 409
    message = "The certificate “{authority}” may not give time stamps: {problem} (RFC 3161, 2.3)."


class StampCertificateExpired(Refusal):
    code = "records.stamp_certificate_expired"
    clause = "11.30"
    status = 409
    message = "The certificate “{authority}” was not valid at {at}, the time of its own stamp."


class StampUntrusted(Refusal):
    code = "records.stamp_untrusted"
    clause = "11.30"
    status = 409
    message = "The time stamp of “{authority}” leads to no authority that this site trusts (TSA_CA)."


class StampAltered(Refusal):
    code = "records.stamp_altered"
    clause = "11.70"
    status = 409
    message = "The time stamp was altered: the signature of “{authority}” does not fit it."


class StampTrustUnreadable(Refusal):
    code = "records.stamp_trust_unreadable"
    clause = "11.30"
    status = 422
    message = "The trusted time-stamp authorities (TSA_CA) cannot be read: {problem}."
