"""Certificates: issued after an identity check, locked by the owner's password, imported, revoked."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import time_machine
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.test import override_settings

from qms.accounts import enrolment
from records.clock import now
from records.errors import Refusal
from records.models import Event
from signatures import ca
from signatures.authentication import authenticate_signer
from signatures.authority import authority_file, revocation_list, site_authority, trusted_anchors
from signatures.certificates import pem_of, read_certificates
from signatures.containers import DEFAULT_STRENGTH, build_container, describe_protection, open_container
from signatures.credentials import import_company_container, issue_certificate, revoke_certificate
from signatures.eligibility import why_not_sign
from signatures.models import Certificate
from signatures.paths import validate_path
from tests.assurance.telling import check_told
from tests.people import Crew, Person, certify
from tests.signatures import pki

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.100(a)", "11.200(a)(2)")]


def own(person: Person) -> x509.Certificate:
    return read_certificates(person.certificate.certificate_pem.encode())[0]


def test_the_certificate_names_its_one_owner_and_leads_to_the_sites_authority(operator: Person) -> None:
    certificate = read_certificates(operator.certificate.certificate_pem.encode())[0]
    verdict = validate_path(certificate, at=now(), anchors=trusted_anchors(), crls=[revocation_list()])
    assert verdict.is_valid, verdict.findings
    subject = certificate.subject.rfc4514_string()
    assert f"CN={operator.user.printed_name}" in subject
    assert f"UID={operator.username}" in subject
    assert b"BEGIN CERTIFICATE" in authority_file()


def test_only_the_owners_password_opens_the_key(operator: Person) -> None:
    with pytest.raises(Refusal) as caught:
        open_container(bytes(operator.certificate.container), "another password")
    assert caught.value.code == "signatures.container_password_wrong"
    assert (
        open_container(bytes(operator.certificate.container), operator.password).certificate
        == read_certificates(operator.certificate.certificate_pem.encode())[0]
    )


def test_signing_opens_the_key_only_with_both_components(operator: Person) -> None:
    opened = authenticate_signer(operator.user, actor=operator.actor(), **operator.credentials())
    assert opened.certificate.serial_number == int(operator.certificate.serial, 16)
    with pytest.raises(Refusal) as caught:
        authenticate_signer(operator.user, password=operator.password, code="000000", actor=operator.actor())
    assert caught.value.code == "signatures.credentials_refused"


@pytest.mark.clause("11.300(b)")
def test_a_new_password_takes_the_key_along(operator: Person) -> None:
    before = operator.certificate
    new = "green ampoule railway"
    enrolment.change_password(operator.user, new_password=new, actor=operator.actor(), **operator.credentials())
    operator.user.refresh_from_db()
    after = operator.certificate
    assert after.serial == before.serial
    assert (
        open_container(bytes(after.container), new).certificate
        == read_certificates(operator.certificate.certificate_pem.encode())[0]
    )
    with pytest.raises(Refusal):
        open_container(bytes(after.container), operator.password)


def test_a_password_that_is_known_or_short_changes_nothing(operator: Person) -> None:
    for bad in ("short", "qwertyqwerty", f"{operator.username}1234"):
        with pytest.raises(Refusal) as caught:
            enrolment.change_password(operator.user, new_password=bad, actor=operator.actor(), **operator.credentials())
        assert caught.value.code == "accounts.password_unusable"


def test_a_second_certificate_is_refused_until_the_first_is_nearly_over(operator: Person) -> None:
    with pytest.raises(Refusal) as caught:
        certify(operator)
    assert caught.value.code == "signatures.certificate_in_force"
    first = operator.certificate
    with time_machine.travel(first.valid_until - dt.timedelta(days=80)):
        issue_certificate(operator.user, actor=operator.actor(), **operator.credentials())
    first.refresh_from_db()
    assert first.revoked_at is not None
    assert operator.certificate.serial != first.serial


@pytest.mark.clause("11.300(c)")
def test_a_revoked_certificate_is_on_the_list_and_signs_no_more(operator: Person, security_officer: Person) -> None:
    certificate = operator.certificate
    revoke_certificate(certificate, actor=security_officer.actor(), reason="the phone was stolen")
    listed = revocation_list().get_revoked_certificate_by_serial_number(int(certificate.serial, 16))
    assert listed is not None
    assert [reason.code for reason in why_not_sign(operator.user)] == ["signatures.certificate_missing"]
    assert Event.objects.get(act="signatures.certificate.revoked").reason == "the phone was stolen"


def test_only_an_officer_revokes(operator: Person, administrator: Person) -> None:
    with pytest.raises(Refusal) as caught:
        revoke_certificate(operator.certificate, actor=administrator.actor(), reason="because I can")
    assert caught.value.code == "records.role_not_allowed"


def test_an_expired_certificate_is_a_named_reason(operator: Person) -> None:
    at = operator.certificate.valid_until + dt.timedelta(days=1)
    codes = [reason.code for reason in why_not_sign(operator.user, at=at)]
    assert codes == ["signatures.device_test_overdue", "signatures.certificate_not_in_force"]


@pytest.mark.clause("11.300(e)")
def test_a_device_that_is_overdue_for_its_test_blocks_signing_until_tested(operator: Person) -> None:
    with time_machine.travel(now() + dt.timedelta(days=366)):
        assert [reason.code for reason in why_not_sign(operator.user)] == ["signatures.device_test_overdue"]


@pytest.mark.clause("11.10(j)")
def test_signing_waits_until_the_policy_in_force_is_acknowledged(operator: Person, tmp_path: Path) -> None:
    policy = tmp_path / "policy.md"
    policy.write_text("Version 2\n\nAnother text.", encoding="utf-8")
    with override_settings(SIGNING_POLICY=str(policy)):
        assert [reason.code for reason in why_not_sign(operator.user)] == ["signatures.policy_not_acknowledged"]
        client = operator.client()
        page = client.get("/account/policy/")
        assert "Another text." in page.content.decode()
        answer = client.post("/account/policy/", {"policy_digest": page.context["policy"].digest})
        assert answer.status_code == 302
        assert why_not_sign(operator.user) == ()
    assert Event.objects.get(act="signatures.policy.acknowledged").details == {"version": "2"}


@pytest.mark.clause("11.10(j)")
def test_a_policy_other_than_the_one_read_is_not_acknowledged(operator: Person) -> None:
    answer = operator.client().post("/account/policy/", {"policy_digest": "0" * 64})
    assert answer.status_code == 409


def test_the_shipped_strength_is_what_new_containers_have() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = pki.certify("CN=A", key)
    protection = describe_protection(build_container(key, certificate, (), "a long password"))
    assert protection.mac_rounds == DEFAULT_STRENGTH.mac_rounds == 1_000_000
    assert min(protection.key_rounds) == 600_000


@pytest.fixture
def company(tmp_path: Path, settings: object) -> ca.Authority:
    """Return the company's own authority, trusted here by an administrator's file."""
    site = pki.make_site(tmp_path, "Company")
    keys = tmp_path / "keys"
    (keys / "trusted").mkdir(parents=True, mode=0o700)
    keys.chmod(0o700)
    source = Path(settings.KEYS_ROOT)  # type: ignore[attr-defined]
    for file in source.glob("*.secret"):
        (keys / file.name).write_bytes(file.read_bytes())
        (keys / file.name).chmod(0o600)
    for file in source.glob("*.key"):
        (keys / file.name).write_bytes(file.read_bytes())
        (keys / file.name).chmod(0o600)
    settings.KEYS_ROOT = keys  # type: ignore[attr-defined]
    (keys / "trusted" / "company.pem").write_bytes(pem_of([site.root]))
    return site.authority


def company_container(authority: ca.Authority, username: str) -> bytes:
    issued = ca.issue_personal_certificate(
        authority, printed_name="Lee Ng", username=username, person_number="P-1", organisation="Company", at=now()
    )
    return build_container(issued.key, issued.certificate, [authority.certificate], pki.PASSWORD, strength=pki.QUICK)


@pytest.mark.clause("11.30")
def test_a_company_container_is_taken_over_under_the_persons_own_password(
    security_officer: Person, crew: Crew, company: ca.Authority
) -> None:
    lee = crew.add("lee", "operator")
    revoke_certificate(lee.certificate, actor=security_officer.actor(), reason="moving to the company's own")
    import_company_container(
        lee.user,
        container=company_container(company, "lee"),
        container_password=pki.PASSWORD,
        actor=lee.actor(),
        **lee.credentials(),
    )
    assert lee.certificate.source == "company"
    event = Event.objects.get(act="signatures.certificate.imported")
    assert (event.actor_username, event.details["serial"]) == ("lee", lee.certificate.serial)
    check_told(event, since=Event.objects.earliest("id"), secrets=[lee.password, lee.used_code(), pki.PASSWORD])
    opened = open_container(bytes(lee.certificate.container), lee.password)
    assert opened.certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "Company signing authority"


def test_a_company_container_of_somebody_else_is_refused(
    security_officer: Person, crew: Crew, company: ca.Authority
) -> None:
    lee = crew.add("lee", "operator")
    revoke_certificate(lee.certificate, actor=security_officer.actor(), reason="moving to the company's own")
    with pytest.raises(Refusal) as caught:
        import_company_container(
            lee.user,
            container=company_container(company, "mallory"),
            container_password=pki.PASSWORD,
            actor=lee.actor(),
            **lee.credentials(),
        )
    assert caught.value.code == "signatures.certificate_of_another"


def test_a_certificate_is_never_used_for_two_people_or_twice(
    security_officer: Person, crew: Crew, company: ca.Authority
) -> None:
    lee = crew.add("lee", "operator")
    container = company_container(company, "lee")

    def move() -> None:
        revoke_certificate(lee.certificate, actor=security_officer.actor(), reason="moving to the company's own")
        import_company_container(
            lee.user,
            container=container,
            container_password=pki.PASSWORD,
            actor=lee.actor(),
            **lee.credentials(),
        )

    move()
    with pytest.raises(Refusal) as caught:
        move()
    assert caught.value.code == "signatures.certificate_known"
    assert Certificate.objects.filter(owner=lee.user, source="company").count() == 1


def test_the_authority_is_made_once(operator: Person) -> None:
    assert site_authority().certificate == site_authority().certificate
    assert isinstance(site_authority().certificate, x509.Certificate)
