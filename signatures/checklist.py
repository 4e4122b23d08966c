"""The whole verdict on a stored signature, as a checklist that a person reads.

Owns the bonds around the cryptographic verdict (`signatures.verdicts`): the row, its
statement, the version, the ceremony, the event and the certificate must all tell the same.
Trusts no stored hash or flag; each check stands alone and names the field that is wrong.
Serves: 21 CFR 11.10(a), 11.50, 11.70, 11.200(a).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509
from django.utils.functional import cached_property

from records.canonical import content_hash, instant_text, parse_canonical
from records.digests import sha256_hex
from records.errors import Refusal
from records.models import Event, Version
from records.workflow import workflow_of
from signatures.authority import company_revocation_lists, trusted_anchors
from signatures.certificates import fingerprint_of, read_certificates
from signatures.errors_pki import CertificateUnreadable
from signatures.manifestation import signing_sentence, word_of_role
from signatures.models import Ceremony, Signature
from signatures.paths import Finding
from signatures.queries import route_of
from signatures.routes import Seat
from signatures.statements import Statement
from signatures.verdicts import SignatureVerdict
from signatures.verdicts import verify_signature as judge_signature

BOND_CODES = frozenset(
    {
        "statement_malformed",
        "cms_malformed",
        "signature_malformed",
        "certificate_exchanged",
        "statement_altered",
        "signature_invalid",
        "time_differs",
    }
)
"""What `signatures.verdicts` says of the bond between statement, CMS and key."""

PERSON_CODES = frozenset({"certificate_not_enrolled", "person_differs", "person_unproven"})

COMPONENT_WORDS = {"totp": "one-time code", "series": "a continuous series"}

CLOCK_TOLERANCE = dt.timedelta(seconds=120)
"""Between the signing time and the event of the same transaction, at most."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One field that is not as the signature says: what it must be, what it is."""

    field: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the checklist: a question answered yes or no, in plain words."""

    code: str
    label: str
    explanation: str
    faults: tuple[Fault, ...] = ()
    group: str = "bound"

    @property
    def is_met(self) -> bool:
        """Tell whether the check passed."""
        return not self.faults


@dataclass(frozen=True)
class SignatureStatus:
    """The verdict on one signature. Every attribute stands alone; ``bottom_line`` joins them.

    ``intact``: content and statement are byte for byte what was signed. ``bound``: the
    signature belongs to this record, version, person, meaning and time and to no other.
    ``authorised``: it fills a seat of the record's signing route, in a role of that seat.
    ``certificate_valid``: the signer's certificate led to a trusted authority and was in
    force at the time.
    """

    number: str
    checks: tuple[Check, ...]

    def _holds(self, group: str) -> bool:
        return all(check.is_met for check in self.checks if check.group == group)

    @property
    def intact(self) -> bool:
        """Tell whether content and statement are what was signed."""
        return self._holds("intact")

    @property
    def bound(self) -> bool:
        """Tell whether the signature belongs to this record and to no other."""
        return self._holds("bound")

    @property
    def authorised(self) -> bool:
        """Tell whether it fills a seat of the route."""
        return self._holds("authorised")

    @property
    def certificate_valid(self) -> bool:
        """Tell whether the certificate was good at the time."""
        return self._holds("certificate")

    @property
    def bottom_line(self) -> bool:
        """Tell whether the signature is valid: every check passed."""
        return bool(self.checks) and all(check.is_met for check in self.checks)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return why it is not valid, one sentence per wrong field."""
        return tuple(
            f"{check.label}: {fault.field} should be “{fault.expected}” and is “{fault.found}”."
            for check in self.checks
            for fault in check.faults
        )


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom this site trusts, and what the company's authorities have revoked."""

    anchors: tuple[x509.Certificate, ...]
    crls: tuple[x509.CertificateRevocationList, ...]


def present_trust() -> Trust:
    """Return whom this site trusts now; take it once for many signatures.

    The site's own revocations are read from its rows, one by one: whoever verifies, be it the sealer, needs no key.
    """
    return Trust(trusted_anchors(), company_revocation_lists())


def verify_stored_signature(signature: Signature, *, trust: Trust | None = None) -> SignatureStatus:
    """Check a stored signature from raw data and return the checklist; never raises on bad data.

    Serves: 21 CFR 11.10(a), 11.70.
    """
    return SignatureStatus(signature.number, tuple(_Examination(signature, trust or present_trust()).checks()))


class _Examination:
    """One run over one signature; holds what several checks need."""

    def __init__(self, signature: Signature, trust: Trust) -> None:
        self.signature = signature
        self.trust = trust
        self.version: Version = signature.version
        self.content = bytes(self.version.content)
        self.content_hash = content_hash(self.content)

    @cached_property
    def verdict(self) -> SignatureVerdict:
        """Return the cryptographic verdict over the stored statement and CMS."""
        return judge_signature(
            bytes(self.signature.statement),
            bytes(self.signature.cms),
            anchors=self.trust.anchors,
            crls=self.trust.crls,
            enrolled_fingerprint=_fingerprint(self.signature.certificate.certificate_pem),
        )

    def checks(self) -> Iterator[Check]:
        """Yield every check in the order in which a person would ask."""
        yield self.check_content()
        yield self.check_cms()
        statement = self.verdict.statement
        if statement is None:
            return
        yield self.check_statement_of_version(statement)
        yield self.check_manifestation(statement)
        yield self.check_ceremony(statement)
        yield self.check_event()
        yield self.check_order(statement)
        yield self.check_seat(statement)
        yield self.check_person(statement)
        yield self.check_certificate(statement)

    def check_content(self) -> Check:
        """Hash the version's bytes again and compare with what the signature covers."""
        faults = list(_differ("version.content_hash", self.content_hash, self.version.content_hash))
        faults += _differ("content_hash", self.content_hash, self.signature.content_hash)
        try:
            parse_canonical(self.content)
        except Refusal as refusal:
            faults.append(Fault("version.content", "canonical JSON (RFC 8785)", refusal.text))
        text = "The frozen content was hashed again, byte by byte. Its SHA-256 is the one that was signed."
        return Check("content", "The record's content is unaltered", text, tuple(faults), "intact")

    def check_cms(self) -> Check:
        """Verify the CMS over the stored statement."""
        faults = [Fault("cms", "a signature over this statement", row.text) for row in self.reasons(BOND_CODES)]
        text = "The statement was signed with the key of the certificate below, and no byte of it has changed since."
        return Check("statement", "The signed statement is unaltered", text, tuple(faults), "intact")

    def check_statement_of_version(self, statement: Statement) -> Check:
        """Compare the record and version that the statement names."""
        record = self.signature.record
        faults = [
            *_differ("record.kind", statement.record_type, record.kind),
            *_differ("record.number", statement.record_number, record.number),
            *_differ("version.record", str(record.pk), str(self.version.record_id)),
            *_differ("version.number", str(statement.version), str(self.version.number)),
            *_differ("statement.content_hash", self.content_hash, statement.content_hash),
        ]
        text = f"The statement names {record.number} version {self.version.number} and the hash of its content."
        return Check("record", "The signature belongs to this record and version", text, tuple(faults))

    def check_manifestation(self, statement: Statement) -> Check:
        """Compare what is printed with what was signed."""
        row = self.signature
        sentence = signing_sentence(
            number=statement.record_number, version=statement.version, meaning=statement.meaning
        )
        faults = [
            *_differ("printed_name", statement.printed_name, row.printed_name),
            *_differ("username", statement.username, row.username),
            *_differ("role", statement.role, row.role),
            *_differ("meaning", statement.meaning, row.meaning),
            *_differ("reason", statement.reason, row.reason),
            *_differ("action", statement.action, row.action),
            *_differ("seat", statement.seat, row.seat),
            *_differ("signed_at", instant_text(statement.signed_at), instant_text(row.signed_at)),
            *_differ("time_zone", statement.time_zone, row.time_zone),
            *_differ("statement.sentence", sentence, statement.sentence),
        ]
        text = "Name, role, meaning, time and reason as shown are word for word those of the signed statement."
        return Check("manifestation", "What is shown is what was signed", text, tuple(faults))

    def check_ceremony(self, statement: Statement) -> Check:
        """Compare the ceremony: this signer's, on this version, open at the time."""
        ceremony, row = self.signature.ceremony, self.signature
        closed = Ceremony.State.DECLINED if row.is_decline else Ceremony.State.COMPLETED
        faults = [
            *_differ("ceremony", statement.ceremony, str(ceremony.pk)),
            *_differ("ceremony.signer", str(row.signer_id), str(ceremony.signer_id)),
            *_differ("ceremony.record", str(row.record_id), str(ceremony.record_id)),
            *_differ("ceremony.version", str(row.version_id), str(ceremony.version_id)),
            *_differ("ceremony.action", statement.action, ceremony.action),
            *_differ("ceremony.seat", statement.seat, ceremony.seat),
            *_differ("ceremony.state", str(closed), ceremony.state),
        ]
        if not row.is_decline:
            faults += _differ("ceremony.meaning", statement.meaning, ceremony.meaning)
        if not ceremony.opened_at <= statement.signed_at <= ceremony.expires_at:
            between = f"{instant_text(ceremony.opened_at)} to {instant_text(ceremony.expires_at)}"
            faults.append(Fault("signed_at", between, instant_text(statement.signed_at)))
        text = "The signer opened this signing themselves and finished it within its time, with {}.".format(
            " and ".join(COMPONENT_WORDS.get(one, one) for one in statement.components)
        )
        return Check("ceremony", "It was made in one ceremony of its signer", text, tuple(faults))

    def check_event(self) -> Check:
        """Find the act of this signature in the trail, with the same number, hash and person."""
        row = self.signature
        act = "signatures.signature.declined" if row.is_decline else "signatures.signature.made"
        event = Event.objects.filter(record_id=row.record_id, act=act, details__signature=row.number).first()
        if event is None:
            fault = Fault("number", "an entry of the audit trail with this number", row.number)
            return Check("event", "The audit trail shows the signing", "No entry was found.", (fault,))
        faults = [
            *_differ("signer", str(event.actor_id), str(row.signer_id)),
            *_differ("event.ceremony", str(row.ceremony_id), str(event.details.get("ceremony"))),
            *_differ("event.content_hash", self.content_hash, str(event.details.get("content_hash"))),
            *_differ("event.cms_sha256", sha256_hex(bytes(row.cms)), str(event.details.get("cms_sha256"))),
        ]
        if abs(event.at - row.signed_at) > CLOCK_TOLERANCE:
            faults.append(Fault("signed_at", instant_text(event.at), instant_text(row.signed_at)))
        text = f"Entry {event.pk} of the audit trail records the same signature, person, content and time."
        return Check("event", "The audit trail shows the signing", text, tuple(faults))

    def check_order(self, statement: Statement) -> Check:
        """Compare the signature before it on the same version with the one that the statement names."""
        before = Signature.objects.filter(version=self.version, id__lt=self.signature.pk).order_by("-id").first()
        expected = sha256_hex(bytes(before.cms)) if before else ""
        faults = _differ("statement.previous_signature", expected or "none", statement.previous_signature or "none")
        text = (
            f"It names signature {before.number} as the one before it, and that one is unchanged."
            if before
            else "It is the first signature on this version, and says so."
        )
        return Check("order", "It stands in its place among the signatures", text, tuple(faults))

    def check_seat(self, statement: Statement) -> Check:
        """Find the seat in the action's route, with this meaning and this role."""
        seat = self.find_seat(statement)
        if seat is None:
            fault = Fault("seat", "a place in the signing route", f"{statement.action} / {statement.seat}")
            text = "The record's workflow knows no such place."
            return Check("seat", "The signing route asks for it", text, (fault,), "authorised")
        faults = []
        if statement.role not in [word_of_role(role) for role in seat.roles]:
            faults.append(Fault("role", " or ".join(word_of_role(role) for role in seat.roles), statement.role))
        if not self.signature.is_decline:
            faults += _differ("meaning", seat.meaning, statement.meaning)
        text = f"The route asks for the signature of the {seat.label}; it was given in the role {statement.role}."
        return Check("seat", "The signing route asks for it", text, tuple(faults), "authorised")

    def check_person(self, statement: Statement) -> Check:
        """Compare the person of the row, of the statement and of the certificate."""
        row = self.signature
        faults = [
            *_differ("signer.username", statement.username, row.signer.username),
            *_differ("certificate.owner", str(row.signer_id), str(row.certificate.owner_id)),
        ]
        faults += [Fault("certificate", statement.username, row.text) for row in self.reasons(PERSON_CODES)]
        text = f"Account, statement and certificate all name {statement.username}."
        return Check("person", "One person signed, and is named", text, tuple(faults))

    def check_certificate(self, statement: Statement) -> Check:
        """Judge whether the certificate was trusted and in force at the signing time."""
        verdict, row = self.verdict, self.signature.certificate
        others = [found for found in verdict.reasons if found.code not in BOND_CODES | PERSON_CODES]
        faults = [Fault("certificate", "valid at signing", found.text) for found in others]
        if row.revoked_at is not None and row.revoked_at <= statement.signed_at:
            faults.append(Fault("certificate.revoked_at", "after the signing", instant_text(row.revoked_at)))
        facts = verdict.signed_by
        text = f"Serial {facts.serial_hex}, issued by {facts.issuer}, in force at the time." if facts else ""
        return Check("certificate", "The certificate was valid at the time", text, tuple(faults), "certificate")

    def reasons(self, codes: frozenset[str]) -> list[Finding]:
        """Return the verdict's reasons of these codes."""
        return [found for found in self.verdict.reasons if found.code in codes]

    def find_seat(self, statement: Statement) -> Seat | None:
        """Return the seat that the statement names in the record's workflow."""
        transition = workflow_of(self.signature.record).by_action.get(statement.action)
        route = route_of(transition) if transition else None
        return next((seat for seat in route.seats if seat.name == statement.seat), None) if route else None


def _differ(field: str, expected: str, found: str) -> Iterator[Fault]:
    if expected != found:
        yield Fault(field, expected, found)


def _fingerprint(pem: str) -> str:
    try:
        return fingerprint_of(read_certificates(pem.encode())[0])
    except (CertificateUnreadable, IndexError):
        return "unreadable"
