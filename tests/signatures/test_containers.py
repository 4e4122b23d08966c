"""Personal containers: only the owner's password opens them, and every guess is expensive."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption, PrivateFormat, pkcs12
from hypothesis import given, settings
from hypothesis import strategies as st

from records.errors import Refusal
from signatures.ca import IssuedIdentity
from signatures.containers import (
    DEFAULT_STRENGTH,
    LARGEST_CONTAINER,
    build_container,
    check_company_container,
    check_protection,
    describe_protection,
    open_container,
    rewrap_container,
)
from signatures.errors_pki import (
    CompanyCertificateRefused,
    ContainerIncomplete,
    ContainerOutdated,
    ContainerPasswordEmpty,
    ContainerPasswordWrong,
    ContainerUnprotected,
    ContainerUnreadable,
)
from tests.signatures.pki import AT, PASSWORD, QUICK, VECTORS, Site, certify, make_site, new_key

pytestmark = [pytest.mark.clause("11.200(a)(2)"), pytest.mark.clause("11.300(d)")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def identity(site: Site) -> IssuedIdentity:
    return site.enrol()


@pytest.fixture(scope="module")
def pfx(site: Site, identity: IssuedIdentity) -> bytes:
    return build_container(identity.key, identity.certificate, [site.root], PASSWORD, strength=QUICK)


def test_the_owners_password_opens_the_container(site: Site, identity: IssuedIdentity, pfx: bytes) -> None:
    opened = open_container(pfx, PASSWORD)
    assert opened.certificate == identity.certificate
    assert opened.chain == (site.root,)
    assert opened.key.private_numbers() == identity.key.private_numbers()


@pytest.mark.parametrize(
    "password", ["Correct horse battery staple", PASSWORD + " ", PASSWORD[:-1], "\ud800", "x" * 10_000]
)
def test_any_other_password_is_refused(pfx: bytes, password: str) -> None:
    with pytest.raises(ContainerPasswordWrong):
        open_container(pfx, password)


def test_an_empty_password_neither_opens_nor_locks(identity: IssuedIdentity, pfx: bytes) -> None:
    with pytest.raises(ContainerPasswordEmpty):
        open_container(pfx, "")
    with pytest.raises(ContainerPasswordEmpty):
        build_container(identity.key, identity.certificate, [], "", strength=QUICK)


@pytest.mark.parametrize(
    "password", ["Zürich-Straße 7", "пароль-пароль", "鍵鍵鍵鍵", "pill 💊💊", "a\tb", "e\u0301tude"]
)
def test_passwords_in_any_script_work_and_openssl_reads_them_too(
    identity: IssuedIdentity, tmp_path: Path, password: str
) -> None:
    path = tmp_path / "person.pfx"
    path.write_bytes(build_container(identity.key, identity.certificate, [], password, strength=QUICK))
    assert open_container(path.read_bytes(), password).certificate == identity.certificate
    (tmp_path / "password").write_text(password.replace("e\u0301", "é") + "\n", encoding="utf-8")
    done = subprocess.run(
        ["openssl", "pkcs12", "-in", path, "-passin", f"file:{tmp_path / 'password'}", "-noenc"],
        capture_output=True, check=False, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert b"-----BEGIN PRIVATE KEY-----" in done.stdout, done.stderr


def test_the_same_password_in_another_unicode_form_opens_it(identity: IssuedIdentity) -> None:
    pfx = build_container(identity.key, identity.certificate, [], "\u00e9tude", strength=QUICK)
    assert open_container(pfx, "e\u0301tude").certificate == identity.certificate


@pytest.mark.assurance("B6")
def test_shipped_strength_makes_each_guess_as_dear_as_a_login_guess(identity: IssuedIdentity) -> None:
    pfx = build_container(identity.key, identity.certificate, [], PASSWORD)
    protection = describe_protection(pfx)
    assert protection.mac_hash == "sha256"
    assert protection.mac_rounds == DEFAULT_STRENGTH.mac_rounds >= 1_000_000
    assert set(protection.ciphers) == {"aes256_cbc"}
    assert min(protection.key_rounds) == DEFAULT_STRENGTH.key_rounds >= 600_000
    began = time.process_time()
    with pytest.raises(ContainerPasswordWrong):
        open_container(pfx, "a guess")
    assert time.process_time() - began > 0.02


def test_negative_control_the_librarys_own_check_sum_is_cheap_to_guess(identity: IssuedIdentity) -> None:
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(600_000)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(b"x")
    )
    plain = pkcs12.serialize_key_and_certificates(None, identity.key, identity.certificate, None, encryption)
    assert describe_protection(plain).mac_rounds < 10_000


def test_neither_key_nor_password_can_be_found_in_the_container(identity: IssuedIdentity, pfx: bytes) -> None:
    secret = identity.key.private_numbers().private_value.to_bytes(32, "big")
    assert secret not in pfx
    assert PASSWORD.encode() not in pfx
    assert PASSWORD.encode("utf-16-be") not in pfx


def test_an_opened_container_does_not_show_its_key_in_logs(pfx: bytes) -> None:
    assert "PrivateKey" not in repr(open_container(pfx, PASSWORD))


@pytest.mark.clause("11.300(b)")
def test_a_container_moves_to_a_new_password_only_with_the_old_one(identity: IssuedIdentity, pfx: bytes) -> None:
    moved = rewrap_container(pfx, old_password=PASSWORD, new_password="another pass phrase", strength=QUICK)
    assert open_container(moved, "another pass phrase").certificate == identity.certificate
    with pytest.raises(ContainerPasswordWrong):
        open_container(moved, PASSWORD)
    with pytest.raises(ContainerPasswordWrong):
        rewrap_container(pfx, old_password="a guess", new_password="mine now", strength=QUICK)
    with pytest.raises(ContainerPasswordEmpty):
        rewrap_container(pfx, old_password=PASSWORD, new_password="", strength=QUICK)


def test_a_key_is_never_locked_up_with_another_keys_certificate(site: Site, identity: IssuedIdentity) -> None:
    with pytest.raises(ContainerIncomplete, match="another key"):
        build_container(new_key(), identity.certificate, [], PASSWORD, strength=QUICK)


VECTOR_REFUSALS = {
    "cert-aes256cbc-no-key.p12": ContainerOutdated,  # its check sum is over SHA-1
    "cert-none-key-none.p12": ContainerUnprotected,
    "java-truststore.p12": ContainerPasswordWrong,  # certificates only, its password is the empty one
    "name-1-pwd.p12": ContainerOutdated,
    "name-2-3-pwd.p12": ContainerOutdated,
    "name-2-pwd.p12": ContainerOutdated,
    "name-3-pwd.p12": ContainerOutdated,
    "name-all-pwd.p12": ContainerOutdated,
    "name-unicode-pwd.p12": ContainerOutdated,
    "no-cert-name-2-no-pwd.p12": ContainerOutdated,
    "no-cert-name-3-no-pwd.p12": ContainerOutdated,
    "no-cert-name-all-no-pwd.p12": ContainerOutdated,
    "no-cert-name-unicode-no-pwd.p12": ContainerOutdated,
    "no-cert-no-name-no-pwd.p12": ContainerOutdated,
    "no-name-no-pwd.p12": ContainerUnprotected,
    "no-password.p12": ContainerOutdated,
}


@pytest.mark.parametrize(
    "case", json.loads((VECTORS / "pkcs12" / "expected.json").read_text()), ids=lambda c: c["file"]
)
def test_published_containers_without_present_day_protection_are_refused_by_name(case: dict[str, str | None]) -> None:
    data = (VECTORS / "pkcs12" / str(case["file"])).read_bytes()
    with pytest.raises(VECTOR_REFUSALS[str(case["file"])]):
        open_container(data, case["password"] or "any")


@pytest.mark.parametrize("name", ["selfsigned", "signer1", "signer1-long", "tsa"])
def test_old_pfx_files_of_a_test_authority_are_refused_with_advice(name: str) -> None:
    with pytest.raises((ContainerOutdated, ContainerUnprotected)) as refusal:
        open_container((VECTORS / "pfx" / f"{name}.pfx").read_bytes(), "exportsecret")
    assert "Export it again" in refusal.value.text


def test_a_container_without_key_or_with_a_key_of_another_kind_is_refused(site: Site) -> None:
    lock = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(1000)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(b"x")
    )
    only_certificate = pkcs12.serialize_key_and_certificates(None, None, site.root, None, lock)
    with pytest.raises(ContainerIncomplete, match="no private key"):
        open_container(only_certificate, "x")
    edwards = pkcs12.serialize_key_and_certificates(None, ed25519.Ed25519PrivateKey.generate(), None, [site.root], lock)
    with pytest.raises(ContainerIncomplete):
        open_container(edwards, "x")
    unlocked = pkcs12.serialize_key_and_certificates(None, new_key(), None, None, NoEncryption())
    with pytest.raises(ContainerUnprotected):
        open_container(unlocked, "x")


@pytest.mark.assurance("D2")
@pytest.mark.parametrize(
    "data", [b"", b"\0", b"PK\3\4", b"\x30\x80\x00\x00", b"\x30" * 5000, b"0\x82\xff\xff" + b"\x02\x01\x03" * 99]
)
def test_junk_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(ContainerUnreadable):
        open_container(data, "x")


@pytest.mark.assurance("D2")
def test_a_huge_file_or_number_of_rounds_is_refused_before_any_work(pfx: bytes) -> None:
    with pytest.raises(ContainerUnreadable, match="larger"):
        open_container(b"\0" * (LARGEST_CONTAINER + 1), "x")
    protection = describe_protection(pfx)
    with pytest.raises(ContainerUnreadable, match="rounds"):
        check_protection(
            type(protection)("sha256", 2**31, protection.ciphers, protection.key_rounds, has_open_key=False)
        )
    with pytest.raises(ContainerUnreadable, match="rounds"):
        check_protection(type(protection)("sha256", 1, protection.ciphers, (2**31,), has_open_key=False))


@pytest.mark.filterwarnings("ignore:PKCS#12 bundle could not be parsed as DER")
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_altered_byte_is_refused_by_name(pfx: bytes, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(pfx) - 1))
    altered = pfx[:position] + bytes([pfx[position] ^ data.draw(st.integers(1, 255))]) + pfx[position + 1 :]
    try:
        opened = open_container(altered, PASSWORD)
    except Refusal:
        return
    # What is left unprotected by PKCS#12 itself carries no meaning; key and certificate are the same.
    assert opened.key.private_numbers() == open_container(pfx, PASSWORD).key.private_numbers()


def company_pfx(**changes: object) -> tuple[bytes, x509.Certificate, x509.Certificate]:
    root_key, middle_key, key = new_key(), new_key(), new_key()
    root = certify("Company root", root_key, is_authority=True)
    middle = certify("Company issuing", middle_key, (root, root_key), is_authority=True)
    signer = certify("Mei Ito", key, (middle, middle_key), **changes)  # type: ignore[arg-type]
    return build_container(key, signer, [root, middle], PASSWORD, strength=QUICK), signer, root


@pytest.mark.clause("11.100(b)")
def test_a_company_container_with_a_good_path_is_taken_with_its_chain() -> None:
    pfx, signer, root = company_pfx()
    opened = check_company_container(pfx, PASSWORD, anchors=[root], at=AT)
    assert opened.certificate == signer
    assert [one.subject.rfc4514_string() for one in opened.chain] == ["CN=Company issuing"]


@pytest.mark.clause("11.100(b)")
def test_a_company_container_is_refused_with_every_reason(site: Site) -> None:
    pfx, _, root = company_pfx(digital_signature=False, ends=AT - dt.timedelta(days=1))
    with pytest.raises(CompanyCertificateRefused) as refusal:
        check_company_container(pfx, PASSWORD, anchors=[root], at=AT)
    assert refusal.value.facts["codes"] == ("expired", "wrong_purpose")
    assert "was valid only until 2026-11-21" in refusal.value.text
    pfx, _, _ = company_pfx()
    with pytest.raises(CompanyCertificateRefused, match="No trusted authority"):
        check_company_container(pfx, PASSWORD, anchors=[site.root], at=AT)


@pytest.mark.clause("11.300(c)")
def test_a_revoked_company_certificate_is_refused_once_its_list_is_given(site: Site) -> None:
    person = site.enrol()
    pfx = build_container(person.key, person.certificate, [site.root], PASSWORD, strength=QUICK)
    assert check_company_container(pfx, PASSWORD, anchors=[site.root], at=AT, crls=[site.revoke()]).chain == ()
    with pytest.raises(CompanyCertificateRefused, match="was revoked"):
        check_company_container(
            pfx, PASSWORD, anchors=[site.root], at=AT, crls=[site.revoke(person.certificate.serial_number)]
        )
    with pytest.raises(CompanyCertificateRefused, match="No current revocation list"):
        check_company_container(
            pfx, PASSWORD, anchors=[site.root], at=AT, crls=[site.revoke(at=AT - dt.timedelta(days=30))]
        )


@pytest.mark.parametrize(("name", "expected"), [("signer1-long", None), ("signer1", "expired")])
def test_a_test_authoritys_signers_are_judged_by_their_dates(name: str, expected: str | None) -> None:
    old = pkcs12.load_pkcs12((VECTORS / "pfx" / f"{name}.pfx").read_bytes(), None)
    assert isinstance(old.key, ec.EllipticCurvePrivateKey) or old.key is not None
    assert old.cert is not None
    chain = [one.certificate for one in old.additional_certs]
    pfx = build_container(old.key, old.cert.certificate, chain, PASSWORD, strength=QUICK)  # type: ignore[arg-type]
    roots = [one for one in chain if one.subject == one.issuer]
    if expected is None:
        assert check_company_container(pfx, PASSWORD, anchors=roots, at=AT).certificate == old.cert.certificate
    else:
        with pytest.raises(CompanyCertificateRefused) as refusal:
            check_company_container(pfx, PASSWORD, anchors=roots, at=AT)
        assert refusal.value.facts["codes"] == (expected,)


def test_the_old_default_export_of_the_library_is_read_and_judged(identity: IssuedIdentity) -> None:
    exported = pkcs12.serialize_key_and_certificates(
        None, identity.key, identity.certificate, None, BestAvailableEncryption(b"x")
    )
    assert open_container(exported, "x").certificate == identity.certificate
