"""Certification paths: what counts as good for signing at an instant, against NIST's cases and a peer."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

import pytest
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathBuildingError, PathValidationError, ValidationError

from signatures.certificates import read_certificates, read_crl
from signatures.paths import validate_path
from tests.signatures.pki import AT, VECTORS, Key, Site, certify, make_site, new_key

pytestmark = pytest.mark.clause("11.30")

PKITS = VECTORS / "pkits"


def nist(name: str) -> x509.Certificate:
    return read_certificates((PKITS / "certs" / f"{name}.crt").read_bytes())[0]


NIST_CASES = {
    "ValidCertificatePathTest1EE": [],
    "ValidGeneralizedTimenotBeforeDateTest4EE": [],
    "InvalidCASignatureTest2EE": ["untrusted"],
    "InvalidEESignatureTest3EE": ["untrusted"],
    "InvalidEEnotAfterDateTest6EE": ["expired"],
    "InvalidRevokedEETest3EE": ["revoked"],
    "InvalidMissingCRLTest1EE": ["revocation_unknown"],
}


@pytest.mark.parametrize("name", NIST_CASES)
def test_nist_pkits_cases_come_out_as_their_names_say(name: str) -> None:
    verdict = validate_path(
        nist(name),
        at=AT,
        anchors=[nist("TrustAnchorRootCertificate")],
        intermediates=[nist("GoodCACert"), nist("BadSignedCACert"), nist("NoCRLCACert")],
        crls=[read_crl(path.read_bytes()) for path in (PKITS / "crls").iterdir()],
        is_revocation_required=True,
    )
    assert [finding.code for finding in verdict.findings] == NIST_CASES[name]
    assert verdict.is_valid == name.startswith("Valid")


def test_every_nist_certificate_is_a_case_or_an_issuer_of_one() -> None:
    known = set(NIST_CASES) | {"TrustAnchorRootCertificate", "GoodCACert", "BadSignedCACert", "NoCRLCACert"}
    assert {path.stem for path in (PKITS / "certs").iterdir()} == known


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("site"))


def codes(certificate: x509.Certificate, site: Site, at: dt.datetime = AT, **given: object) -> list[str]:
    verdict = validate_path(certificate, at=at, anchors=[site.root], **given)  # type: ignore[arg-type]
    return [finding.code for finding in verdict.findings]


def test_a_personal_certificate_is_good_within_its_dates_only(site: Site) -> None:
    certificate = site.enrol().certificate
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    second = dt.timedelta(seconds=1)
    assert [codes(certificate, site, at) for at in (begins - second, begins, ends, ends + second)] == [
        ["not_yet_valid"],
        [],
        [],
        ["expired"],
    ]


def test_an_authority_of_the_same_name_with_another_key_is_not_trusted(site: Site, tmp_path: Path) -> None:
    impostor = make_site(tmp_path)
    assert impostor.root.subject == site.root.subject
    assert codes(impostor.enrol().certificate, site) == ["untrusted"]
    assert codes(impostor.enrol().certificate, site, intermediates=[impostor.root]) == ["untrusted"]


@pytest.mark.clause("11.300(c)")
def test_revocation_counts_from_its_instant_and_not_before(site: Site) -> None:
    certificate = site.enrol().certificate
    crl = site.revoke(certificate.serial_number, revoked_at=AT)
    second = dt.timedelta(seconds=1)
    assert codes(certificate, site, AT - second, crls=[crl]) == []
    assert codes(certificate, site, AT, crls=[crl]) == ["revoked"]
    before = validate_path(certificate, at=AT - second, anchors=[site.root], crls=[crl])
    assert (before.revoked, before.revoked_at) == (False, AT)


@pytest.mark.clause("11.300(c)")
def test_a_stolen_key_counts_as_revoked_from_the_theft_not_from_the_report(site: Site) -> None:
    certificate = site.enrol().certificate
    stolen, reported = AT, AT + dt.timedelta(days=2)
    crl = site.revoke(
        certificate.serial_number,
        revoked_at=reported,
        at=reported,
        reason=x509.ReasonFlags.key_compromise,
        compromised_at=stolen,
    )
    assert codes(certificate, site, AT + dt.timedelta(days=1), crls=[crl]) == ["revoked"]
    assert codes(certificate, site, AT - dt.timedelta(seconds=1), crls=[crl]) == []


def test_a_revocation_list_that_is_not_the_issuers_own_is_ignored(site: Site, tmp_path: Path) -> None:
    certificate = site.enrol().certificate
    forged = make_site(tmp_path).revoke(certificate.serial_number)
    assert codes(certificate, site, crls=[forged]) == []
    assert codes(certificate, site, crls=[forged], is_revocation_required=True) == ["revocation_unknown"]
    stale = site.revoke(at=AT - dt.timedelta(days=8))
    assert codes(certificate, site, crls=[stale], is_revocation_required=True) == ["revocation_unknown"]
    assert codes(certificate, site, crls=[site.revoke()], is_revocation_required=True) == []


def chain_of(*certificates_and_keys: tuple[x509.Certificate, Key]) -> list[x509.Certificate]:
    return [certificate for certificate, _ in certificates_and_keys]


def company(**changes: object) -> tuple[x509.Certificate, list[x509.Certificate], x509.Certificate]:
    """A company's root, intermediate and signer; ``changes`` name the one to spoil: root_, middle_ or signer_."""
    keys = {part: changes.pop(f"{part}_key", None) or new_key() for part in ("root", "middle", "signer")}
    facts: dict[str, dict[str, object]] = {
        "root": {"is_authority": True},
        "middle": {"is_authority": True},
        "signer": {},
    }
    for name, value in changes.items():
        part, _, fact = name.partition("_")
        facts[part][fact] = value
    root = certify("Company root", keys["root"], **facts["root"])  # type: ignore[arg-type]
    middle = certify("Company issuing", keys["middle"], (root, keys["root"]), **facts["middle"])  # type: ignore[arg-type]
    signer = certify("Mei Ito", keys["signer"], (middle, keys["middle"]), **facts["signer"])  # type: ignore[arg-type]
    return signer, [middle], root


def _constraints() -> x509.NameConstraints:
    return x509.NameConstraints(permitted_subtrees=[x509.DNSName("example.org")], excluded_subtrees=None)


FAULTS: dict[str, tuple[dict[str, object], list[str]]] = {
    "none": ({}, []),
    "RSA keys": ({"root_key": "rsa", "signer_key": "rsa"}, []),
    "expired signer": ({"signer_ends": AT - dt.timedelta(days=1)}, ["expired"]),
    "future signer": ({"signer_begins": AT + dt.timedelta(days=1)}, ["not_yet_valid"]),
    "expired intermediate": ({"middle_ends": AT - dt.timedelta(days=1)}, ["expired"]),
    "intermediate is no authority": ({"middle_is_authority": False}, ["not_an_authority", "not_an_authority"]),
    "intermediate may not certify": ({"middle_may_certify": False}, ["not_an_authority"]),
    "path too long": ({"root_path_length": 0}, ["path_too_long"]),
    "path just short enough": ({"root_path_length": 1, "middle_path_length": 0}, []),
    "signer may not sign": ({"signer_digital_signature": False}, ["wrong_purpose"]),
    "signer for web servers only": ({"signer_purposes": [ExtendedKeyUsageOID.SERVER_AUTH]}, ["wrong_purpose"]),
    "signer for e-mail": ({"signer_purposes": [ExtendedKeyUsageOID.EMAIL_PROTECTION]}, []),
    "signer with a small RSA key": ({"signer_key": "rsa1024"}, ["weak_key"]),
    "signer on an odd curve": ({"signer_key": "p521"}, ["weak_key"]),
    "short hash": ({"signer_algorithm": hashes.SHA224()}, ["weak_hash"]),
    "critical name constraints": ({"middle_extra": [(_constraints(), True)]}, ["unread_extension"]),
    "critical unknown extension": (
        {"signer_extra": [(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00"), True)]},
        ["unread_extension"],
    ),
    "unknown extension, not critical": (
        {"signer_extra": [(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00"), False)]},
        [],
    ),
}  # fmt: skip

KEYS = {
    "rsa": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "rsa1024": lambda: rsa.generate_private_key(public_exponent=65537, key_size=1024),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
}


def made(facts: dict[str, object]) -> tuple[x509.Certificate, list[x509.Certificate], x509.Certificate]:
    return company(**{name: KEYS[value]() if isinstance(value, str) else value for name, value in facts.items()})


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_of_a_company_path_is_named(fault: str) -> None:
    facts, expected = FAULTS[fault]
    signer, middle, root = made(facts)
    verdict = validate_path(signer, at=AT, anchors=[root], intermediates=middle)
    assert [finding.code for finding in verdict.findings] == expected


OURS_ALONE = {
    "path too long": "the peer does not apply the constraints of an anchor (RFC 5280, 6.1, leaves it open)",
    "signer may not sign": "the peer checks no purpose unless asked",
    "signer for web servers only": "the peer checks no purpose unless asked",
    "signer with a small RSA key": "the peer has no limit on key sizes here",
    "signer on an odd curve": "a matter of our own policy",
    "short hash": "a matter of our own policy",
    "critical name constraints": "the peer supports name constraints, we refuse them",
}


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - set(OURS_ALONE)))
def test_an_independent_validator_agrees(fault: str) -> None:
    facts, expected = FAULTS[fault]
    signer, middle, root = made(facts)
    assert peer_accepts(signer, middle, root) == (expected == [])


def peer_accepts(
    signer: x509.Certificate,
    middle: list[x509.Certificate],
    root: x509.Certificate,
    crl: x509.CertificateRevocationList | None = None,
) -> bool:
    def native(certificate: x509.Certificate) -> asn1_x509.Certificate:
        return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))

    context = ValidationContext(
        trust_roots=[native(root)],
        moment=AT,
        allow_fetching=False,
        crls=[asn1_crl.CertificateList.load(crl.public_bytes(serialization.Encoding.DER))] if crl else [],
        revocation_mode="require" if crl else "soft-fail",
    )
    validator = CertificateValidator(native(signer), [native(one) for one in middle], validation_context=context)
    try:
        asyncio.run(validator.async_validate_path())
    except (PathBuildingError, PathValidationError, ValidationError):
        return False
    return True


def test_the_independent_validator_agrees_on_our_revocation_lists(site: Site) -> None:
    good, lost = site.enrol().certificate, site.enrol().certificate
    crl = site.revoke(lost.serial_number, revoked_at=AT - dt.timedelta(days=1), at=AT - dt.timedelta(hours=1))
    for certificate, accepted in ((good, True), (lost, False)):
        assert (codes(certificate, site, crls=[crl], is_revocation_required=True) == []) == accepted
        assert peer_accepts(certificate, [], site.root, crl) == accepted


def test_endless_chains_end() -> None:
    keys = [new_key() for _ in range(9)]
    issuer = certify("0", keys[0], is_authority=True)
    chain = [issuer]
    for number, key in enumerate(keys[1:], 1):
        chain.append(certify(str(number), key, (chain[-1], keys[number - 1]), is_authority=True))
    assert not validate_path(chain[-1], at=AT, anchors=chain[:1], intermediates=chain[1:-1]).is_valid


def test_two_authorities_that_vouch_for_each_other_prove_nothing(site: Site) -> None:
    one, other = new_key(), new_key()
    first = certify("A", one, (certify("B", other, is_authority=True), other), is_authority=True)
    second = certify("B", other, (first, one), is_authority=True)
    leaf = certify("leaf", new_key(), (second, other))
    assert codes(leaf, site, intermediates=[first, second]) == ["untrusted"]


def test_a_damaged_extension_is_a_finding_not_a_crash(site: Site) -> None:
    key = new_key()
    broken = certify(
        "Mei Ito",
        key,
        extra=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.37"), b"\x30\x82"), False)],
    )
    assert broken.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "Mei Ito"
    verdict = validate_path(broken, at=AT, anchors=[broken])
    assert [finding.code for finding in verdict.findings] == ["certificate_damaged"]
