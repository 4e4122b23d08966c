"""The site's authority: what it writes into certificates, and that OpenSSL agrees."""

from __future__ import annotations

import datetime as dt
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from records.keys import FileKeyStore, KeyKind
from signatures import ca
from signatures.certificates import describe_certificate, pem_of, read_certificates, read_crl
from signatures.errors_pki import AuthorityUnusable, CertificateUnreadable, SubjectIncomplete
from signatures.paths import validate_path
from tests.signatures.pki import AT, Site, make_site

pytestmark = [pytest.mark.clause("11.30"), pytest.mark.clause("11.100(a)")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("site"))


def issue(site: Site, **changes: object) -> ca.IssuedIdentity:
    facts: dict[str, object] = {
        "printed_name": "Mei Itō",
        "username": "m.ito",
        "person_number": "P-0007",
        "organisation": "Example Pharma",
        "at": AT,
    }
    return ca.issue_personal_certificate(site.authority, **(facts | changes))  # type: ignore[arg-type]


def test_a_personal_certificate_names_its_one_owner_and_may_only_sign(site: Site) -> None:
    issued = issue(site)
    facts = describe_certificate(issued.certificate)
    assert (facts.printed_name, facts.username, facts.organisation) == ("Mei Itō", "m.ito", "Example Pharma")
    assert "P-0007" in facts.subject
    assert facts.key == "elliptic curve secp256r1"
    assert facts.usages == ("digital signature", "non-repudiation", "document signing", "e-mail protection")
    assert not facts.is_authority
    assert facts.not_before == AT - dt.timedelta(minutes=5)
    assert facts.not_after == AT + dt.timedelta(days=730)
    assert issued.key.public_key() == issued.certificate.public_key()


@pytest.mark.parametrize("name", ["Wolfeschlegelsteinhausenbergerdorff " * 3, "Ж" * 60, "鍵" * 120, "\U0001f48a" * 20])
def test_a_name_longer_than_a_certificate_can_hold_is_cut_visibly(site: Site, name: str) -> None:
    facts = describe_certificate(issue(site, printed_name=name).certificate)
    assert 60 <= len(facts.printed_name.encode()) <= 64
    assert facts.printed_name.endswith("…")
    assert name.startswith(facts.printed_name.removesuffix("…"))
    assert facts.username == "m.ito"


def test_two_certificates_of_one_person_have_different_keys_and_serial_numbers(site: Site) -> None:
    one, other = issue(site), issue(site)
    assert one.certificate.serial_number != other.certificate.serial_number
    assert one.key.public_key() != other.key.public_key()


@pytest.mark.parametrize("kind", [KeyKind.P256, KeyKind.P384])
def test_openssl_accepts_the_path_of_a_personal_certificate(tmp_path: Path, kind: KeyKind) -> None:
    authority = ca.create_authority(
        FileKeyStore(tmp_path / "keys"), key_name="site-ca", organisation="Example", site="Basel", at=AT, kind=kind
    )
    issued = issue(Site(authority))
    (tmp_path / "ca.pem").write_bytes(pem_of([authority.certificate]))
    (tmp_path / "person.pem").write_bytes(pem_of([issued.certificate]))
    command = ["openssl", "verify", "-x509_strict", "-attime", str(int(AT.timestamp())), "-purpose", "smimesign"]
    done = subprocess.run(
        [*command, "-CAfile", tmp_path / "ca.pem", tmp_path / "person.pem"], capture_output=True, text=True, check=False
    )
    assert done.stdout.endswith(": OK\n"), done.stderr


def test_a_certificate_never_outlives_its_authority(site: Site) -> None:
    issued = issue(site, days=100_000)
    assert issued.certificate.not_valid_after_utc == site.root.not_valid_after_utc


@pytest.mark.parametrize("at", [AT - dt.timedelta(days=500), AT + dt.timedelta(days=4000)])
def test_an_authority_outside_its_own_dates_issues_nothing(site: Site, at: dt.datetime) -> None:
    with pytest.raises(AuthorityUnusable, match="not valid at"):
        issue(site, at=at)


def test_an_authority_whose_key_was_exchanged_issues_nothing(site: Site, tmp_path: Path) -> None:
    other = make_site(tmp_path, "Lyon")
    mixed = Site(ca.Authority(other.authority.store, "site-ca", site.root))
    with pytest.raises(AuthorityUnusable, match="does not belong"):
        issue(mixed)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("printed_name", ""),
        ("printed_name", "   "),
        ("username", "x" * 65),
        ("printed_name", "Mei\nItō"),
        ("username", "m\0ito"),
        ("username", ""),
        ("person_number", "Ж-7"),
        ("organisation", "\ud800"),
    ],
)
def test_a_subject_that_could_mislead_a_reader_is_refused(site: Site, field: str, value: str) -> None:
    with pytest.raises(SubjectIncomplete):
        issue(site, **{field: value})


def test_the_seal_certificate_is_the_organisations_and_its_key_stays_in_the_store(site: Site) -> None:
    seal = ca.issue_seal_certificate(
        site.authority, key_name="seal", organisation="Example Pharma", site="Basel", at=AT
    )
    facts = describe_certificate(seal)
    assert (facts.printed_name, facts.username) == ("Basel document seal", "")
    assert validate_path(seal, at=AT, anchors=[site.root]).is_valid
    assert site.authority.store.public_key("seal") == seal.public_key()


def test_the_authority_may_issue_but_not_sign_documents_and_nothing_stands_below_its_children(site: Site) -> None:
    facts = describe_certificate(site.root)
    assert facts.is_authority
    assert facts.usages == ("certificate signing", "revocation list signing")
    assert [finding.code for finding in validate_path(site.root, at=AT, anchors=[site.root]).findings] == [
        "is_authority",
        "wrong_purpose",
    ]


@pytest.mark.clause("11.300(c)")
def test_openssl_refuses_a_certificate_on_our_revocation_list(site: Site, tmp_path: Path) -> None:
    good, lost = issue(site).certificate, issue(site).certificate
    crl = site.revoke(lost.serial_number, revoked_at=AT, reason=x509.ReasonFlags.key_compromise)
    (tmp_path / "ca.pem").write_bytes(pem_of([site.root]))
    (tmp_path / "crl.pem").write_bytes(crl.public_bytes(serialization.Encoding.PEM))
    outcomes = {}
    for name, certificate in {"good": good, "lost": lost}.items():
        (tmp_path / f"{name}.pem").write_bytes(pem_of([certificate]))
        done = subprocess.run(
            ["openssl", "verify", "-crl_check", "-attime", str(int(AT.timestamp())), "-CAfile", tmp_path / "ca.pem",
             "-CRLfile", tmp_path / "crl.pem", tmp_path / f"{name}.pem"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        outcomes[name] = done.returncode, "certificate revoked" in done.stderr
    assert outcomes == {"good": (0, False), "lost": (2, True)}


def test_a_revocation_list_carries_number_reasons_and_the_next_date(site: Site) -> None:
    compromised = AT - dt.timedelta(days=3)
    crl = ca.build_revocation_list(
        site.authority,
        [
            ca.Revocation(7, AT, x509.ReasonFlags.superseded),
            ca.Revocation(8, AT),
            ca.Revocation(9, AT, x509.ReasonFlags.key_compromise, compromised),
        ],
        number=42,
        at=AT,
    )
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 42
    assert crl.next_update_utc == AT + dt.timedelta(days=7)
    by_serial = {entry.serial_number: entry for entry in crl}
    reason = by_serial[7].extensions.get_extension_for_class(x509.CRLReason).value.reason
    assert reason is x509.ReasonFlags.superseded
    assert len(by_serial[8].extensions) == 0
    invalid = by_serial[9].extensions.get_extension_for_class(x509.InvalidityDate).value
    assert invalid.invalidity_date_utc == compromised


def test_certificates_and_lists_are_read_from_pem_and_der_and_junk_is_refused(site: Site) -> None:
    crl = site.revoke(7)
    for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER):
        assert read_certificates(site.root.public_bytes(encoding)) == (site.root,)
        assert read_crl(crl.public_bytes(encoding)) == crl
    for junk in (b"", b"\x30\x82", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"x" * 999):
        with pytest.raises(CertificateUnreadable):
            read_certificates(junk)
        with pytest.raises(CertificateUnreadable):
            read_crl(junk)


def test_the_key_of_a_person_is_p256_and_signs_for_the_certificate(site: Site) -> None:
    issued = issue(site)
    assert isinstance(issued.key.curve, ec.SECP256R1)
    public = issued.certificate.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(issued.key.sign(b"x", ec.ECDSA(hashes.SHA256())), b"x", ec.ECDSA(hashes.SHA256()))
