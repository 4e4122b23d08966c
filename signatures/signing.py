"""The moment of signing: the only place that writes a signature.

The order is fixed: authenticate (own committed transaction, before any lock) → open the
signer's key with the password → one durable transaction: locks, once, sorted → re-read →
policy again → content hash again → statement → CMS → signature and its event → if the
route is complete, the transition as a second act → promises. A session, a cookie or a
token never suffices. Serves: 21 CFR 11.50, 11.70, 11.200(a)(1).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, connection, transaction

from records.acting import acting, check_reason
from records.differences import changed_fields
from records.digests import sha256_hex
from records.evidence import Actor, Authorisation
from records.models import ControlledRecord, Version
from records.numbering import take_number
from records.outbox import promise
from records.versions import is_current, read_content
from records.workflow import Transition, check_transition, find_return, find_transition, lock_record, perform_transition
from signatures.authentication import authenticate_signer
from signatures.ceremonies import (
    ceremony_details,
    check_open,
    check_owner,
    check_session,
    check_signer,
    hold_ceremony,
    label_of,
    recorded_refusal,
    void_ceremony,
)
from signatures.certificates import fingerprint_of, read_certificates
from signatures.cms import sign_statement
from signatures.containers import OpenContainer
from signatures.eligibility import check_eligibility
from signatures.errors import (
    ActionNeedsNoSignature,
    DeclineNotOffered,
    RecordChangedSinceShown,
    SeatTaken,
)
from signatures.errors_authentication import CertificateMissing
from signatures.manifestation import clean_reason, signing_sentence, word_of_meaning, word_of_role
from signatures.models import Ceremony, Certificate, Signature
from signatures.policy import choose_seat, is_complete
from signatures.queries import read_ceremony, route_of, signatures_of_round, signing_facts, taken_seats
from signatures.routes import Route
from signatures.series import factor_for
from signatures.signing_policy import policy_in_force
from signatures.statements import Statement, offset_at

NUMBER_PREFIX = "S"


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """What the signer types: never logged, never kept. ``username`` is the form's, if it sent one."""

    password: str
    code: str
    username: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Proof:
    """What authentication gave: the opened key, and which components were used. For one signing."""

    container: OpenContainer
    components: tuple[str, ...]


def complete_ceremony(ceremony: Ceremony, *, actor: Actor, credentials: Credentials, reason: str = "") -> Signature:
    """Sign the ceremony's version with its meaning, and move the record when the route is complete.

    Writes: signatures_signature, signatures_ceremony, the record, outbox items and their
    events. Raises: the refusals of authentication, `CeremonyOfAnotherPerson`,
    `CeremonyClosed`, `CeremonyExpired`, `CeremonyInUse`, `RecordChangedSinceShown`,
    `SeatTaken` and those of workflow and policy. Serves: 21 CFR 11.50, 11.70, 11.200(a)(1).
    """
    return _carry_out(ceremony, actor=actor, credentials=credentials, reason=reason, is_decline=False)


def decline_ceremony(ceremony: Ceremony, *, actor: Actor, credentials: Credentials, reason: str) -> Signature:
    """Refuse by signature, with a reason, and return the record as the route says.

    The same ceremony as signing, never easier. Writes and raises as `complete_ceremony`,
    and `DeclineNotOffered`, `ReasonMissing`. Serves: 21 CFR 11.50, 11.10(f).
    """
    return _carry_out(ceremony, actor=actor, credentials=credentials, reason=reason, is_decline=True)


def _carry_out(
    ceremony: Ceremony, *, actor: Actor, credentials: Credentials, reason: str, is_decline: bool
) -> Signature:
    check_owner(ceremony, actor=actor, username=credentials.username)
    record, action = ceremony.record, label_of(ceremony.record, ceremony.action)
    facts = {"ceremony": str(ceremony.pk), "declining": is_decline}
    with (
        recorded_refusal(actor, "signatures.ceremony.failed", record, action=action, details=facts),
        hold_ceremony(ceremony.pk),
    ):
        reason = _check_before_credentials(ceremony, actor=actor, reason=reason, is_decline=is_decline)
        components, factor = factor_for(ceremony, actor=actor)
        container = authenticate_signer(
            ceremony.signer,
            password=credentials.password,
            code=credentials.code,
            actor=actor,
            record=record,
            factor=factor,
        )
        proof = Proof(container, components)
        try:
            with transaction.atomic(durable=True):
                return _sign(ceremony, actor=actor, proof=proof, reason=reason, is_decline=is_decline)
        except RecordChangedSinceShown as refusal:
            void_ceremony(ceremony, actor=actor, differences=str(refusal.facts["fields"]))
            raise
        except IntegrityError as error:
            if "signature_seat_once" in str(error) or "signature_meaning_once" in str(error):
                raise SeatTaken(number=record.number) from error
            raise


def _check_before_credentials(ceremony: Ceremony, *, actor: Actor, reason: str, is_decline: bool) -> str:
    """Refuse what can be refused before a one-time code is spent; return the reason as it will be signed."""
    check_signer(actor)
    check_session(ceremony, actor=actor)
    fresh = read_ceremony(ceremony.pk)
    check_open(fresh, fresh.record)
    transition = find_transition(fresh.record, fresh.action)
    reason = clean_reason(reason)
    route = _route(transition)
    if is_decline and not route.decline_target:
        raise DeclineNotOffered(action=transition.label)
    if is_decline or route.reason_required or reason:
        check_reason(reason)
    return reason


def _sign(ceremony: Ceremony, *, actor: Actor, proof: Proof, reason: str, is_decline: bool) -> Signature:
    """Lock, re-read, ask every rule again and write. Runs inside the durable transaction."""
    record = lock_record(ceremony.record)
    locked = Ceremony.objects.select_for_update(of=("self",)).select_related("version", "signer").get(pk=ceremony.pk)
    check_open(locked, record)
    transition = _check_again(locked, record, actor=actor)
    if not is_current(locked.version, record):
        raise changed_since_shown(locked, record)
    meaning = _route(transition).decline_meaning if is_decline else locked.meaning
    signature = _make_signature(locked, record, proof=proof, reason=reason, meaning=meaning)
    signature.is_decline = is_decline
    details = {
        **ceremony_details(locked, record),
        "meaning": word_of_meaning(signature.meaning),
        "signature": signature.number,
        "content_hash": signature.content_hash,
        "cms_sha256": sha256_hex(bytes(signature.cms)),
    }
    act = "signatures.signature.declined" if is_decline else "signatures.signature.made"
    with acting(actor.in_role(locked.role), act, record, reason=reason, details=details):
        signature.save(force_insert=True)
        locked.state = Ceremony.State.DECLINED if is_decline else Ceremony.State.COMPLETED
        locked.reason, locked.closed_at = reason, signature.signed_at
        locked.save(update_fields=["state", "reason", "closed_at"])
    _move_record(signature, record, transition, actor=actor, reason=reason)
    promise("signatures.notice", key=signature.number, payload={"signature": signature.number})
    return signature


def _check_again(locked: Ceremony, record: ControlledRecord, *, actor: Actor) -> Transition:
    """Ask workflow, guards, eligibility and policy again, now under the locks."""
    transition, _ = check_transition(record, locked.action, actor=actor)
    check_eligibility(actor, record=record)
    facts = signing_facts(record, transition, locked.version, actor=actor)
    if any(taken.seat == locked.seat for taken in facts.taken):
        raise SeatTaken(number=record.number)
    choose_seat(_route(transition), facts)
    return transition


def changed_since_shown(ceremony: Ceremony, record: ControlledRecord) -> RecordChangedSinceShown:
    """Return the refusal that tells what changed between the version shown and the record now."""
    comparison = changed_fields(read_content(ceremony.version), record.content())
    return RecordChangedSinceShown(number=record.number, comparison=comparison, fields=comparison.fields)


def _make_signature(
    ceremony: Ceremony, record: ControlledRecord, *, proof: Proof, reason: str, meaning: str
) -> Signature:
    """Take the time and the number, sign the statement, and return the row to insert."""
    container = proof.container
    certificate = certificate_in_force(ceremony.signer_id, container)
    statement = write_statement(
        ceremony, record, reason=reason, meaning=meaning, signed_at=database_time(), components=proof.components
    )
    cms = sign_statement(statement, key=container.key, certificate=container.certificate, chain=container.chain)
    return Signature(
        number=take_number(NUMBER_PREFIX),
        ceremony=ceremony,
        record_id=record.pk,
        version=ceremony.version,
        action=statement.action,
        meaning=meaning,
        seat=statement.seat,
        signer_id=ceremony.signer_id,
        username=statement.username,
        printed_name=statement.printed_name,
        role=statement.role,
        reason=reason,
        signed_at=statement.signed_at,
        time_zone=statement.time_zone,
        content_hash=statement.content_hash,
        statement=statement.to_bytes(),
        cms=cms,
        certificate=certificate,
    )


def write_statement(
    ceremony: Ceremony,
    record: ControlledRecord,
    *,
    reason: str,
    meaning: str,
    signed_at: dt.datetime,
    components: tuple[str, ...],
) -> Statement:
    """Return what the signer declares: record, version, hash, meaning, person, time, in one text.

    Serves: 21 CFR 11.50(a), 11.70. Raises: `StatementMalformed`.
    """
    signer, version = ceremony.signer, ceremony.version
    return Statement(
        record_type=record.kind,
        record_number=record.number,
        version=version.number,
        content_hash=version.content_hash,
        meaning=meaning,
        sentence=signing_sentence(number=record.number, version=version.number, meaning=meaning),
        printed_name=signer.printed_name,
        username=signer.username,
        role=word_of_role(ceremony.role),
        reason=reason,
        components=components,
        signed_at=signed_at,
        time_zone=signer.time_zone,
        utc_offset=offset_at(signed_at, signer.time_zone),
        ceremony=str(ceremony.pk),
        policy_version=policy_in_force().version,
        build=settings.BUILD,
        action=ceremony.action,
        seat=ceremony.seat,
        previous_signature=hash_of_last_cms(version),
    )


def _move_record(
    signature: Signature, record: ControlledRecord, transition: Transition, *, actor: Actor, reason: str
) -> None:
    """Do what the signature allows: the transition when its route is complete, the return after a decline."""
    route = _route(transition)
    authorisation = Authorisation(
        record_id=record.pk,
        version_id=signature.version_id,
        action=transition.action,
        signatures=tuple(row.number for row in signatures_of_round(signature.version, transition.action)),
        is_decline=signature.is_decline,
    )
    if signature.is_decline:
        back = find_return(record, route.decline_target)
        perform_transition(record, back.action, actor=actor, reason=reason, authorisation=authorisation)
    elif is_complete(route, taken_seats(signature.version, transition.action)):
        perform_transition(record, transition.action, actor=actor, reason=reason, authorisation=authorisation)
    else:
        return
    key = f"{signature.version_id}:{transition.action}"
    promise("signatures.rendition", key=key, payload={"version": signature.version_id, "action": transition.action})


def certificate_in_force(signer_id: int, container: OpenContainer) -> Certificate:
    """Return the row of the certificate whose key was opened, if it is still in force.

    Raises: `CertificateMissing` when it was revoked or replaced since. Serves: 21 CFR 11.200(a)(2).
    """
    row = Certificate.objects.filter(owner_id=signer_id, revoked_at=None).first()
    if row is None or fingerprint_of(read_certificates(row.certificate_pem.encode())[0]) != fingerprint_of(
        container.certificate
    ):
        raise CertificateMissing
    return row


def hash_of_last_cms(version: Version) -> str:
    """Return the SHA-256 of the last CMS on a version, which the next statement names; empty for the first."""
    last = Signature.objects.filter(version=version).order_by("-id").first()
    return sha256_hex(bytes(last.cms)) if last else ""


def database_time() -> dt.datetime:
    """Return the database's clock in UTC: the time that a signature carries."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        found: dt.datetime = cursor.fetchone()[0]
    return found.astimezone(dt.UTC)


def _route(transition: Transition) -> Route:
    route = route_of(transition)
    if route is None:
        raise ActionNeedsNoSignature(action=transition.label)
    return route
