"""Detached signatures: who signed what, bound so that nothing can be cut out, exchanged or altered."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from asn1crypto import cms as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import pkcs7
from hypothesis import given, settings
from hypothesis import strategies as st

from signatures.ca import IssuedIdentity
from signatures.certificates import fingerprint_of, pem_of
from signatures.cms import LARGEST_SIGNATURE, SignatureParts, assemble, sign_statement, take_apart, verify_raw
from signatures.errors_pki import SignatureMalformed, SigningKeyMismatch
from signatures.statements import Statement
from signatures.verdicts import SignatureVerdict, verify_signature
from tests.signatures.pki import AT, VECTORS, Key, Site, certify, make_site, make_statement, new_key

pytestmark = [
    pytest.mark.clause("11.70"),
    pytest.mark.clause("11.50(a)"),
    # A flipped bit can make a serial number negative; the library says so before we refuse it.
    pytest.mark.filterwarnings("ignore:Parsed a serial number"),
]

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def signer(site: Site) -> IssuedIdentity:
    return site.enrol()


@pytest.fixture(scope="module")
def statement() -> Statement:
    return make_statement()


@pytest.fixture(scope="module")
def signed(signer: IssuedIdentity, statement: Statement) -> bytes:
    return sign_statement(statement, key=signer.key, certificate=signer.certificate)


def codes(verdict: SignatureVerdict) -> list[str]:
    return [reason.code for reason in verdict.reasons]


def judge(site: Site, content: bytes, cms: bytes, **given: object) -> SignatureVerdict:
    return verify_signature(content, cms, anchors=[site.root], **given)  # type: ignore[arg-type]


def openssl_accepts(
    folder: Path,
    content: bytes,
    cms: bytes,
    root: x509.Certificate,
    *,
    at: dt.datetime = AT,
    crl: x509.CertificateRevocationList | None = None,
) -> bool:
    """Ask OpenSSL with the command the documents tell an inspector to use, at the time of the tests."""
    (folder / "p.json").write_bytes(content)
    (folder / "p.p7s").write_bytes(cms)
    # OpenSSL takes revocation lists out of the same file.
    (folder / "ca.pem").write_bytes(
        pem_of([root]) + (crl.public_bytes(serialization.Encoding.PEM) if crl is not None else b"")
    )
    extra = ("-crl_check",) if crl is not None else ()
    done = subprocess.run(
        ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", folder / "p.p7s",
         "-content", folder / "p.json", "-CAfile", folder / "ca.pem", "-out", folder / "out",
         "-attime", str(int(at.timestamp())), *extra],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    accepted = "CMS Verification successful" in done.stderr
    assert accepted != ("CMS Verification failure" in done.stderr), done.stderr
    assert accepted == (done.returncode == 0)
    return accepted


def test_a_good_signature_says_who_signed_what_when_with_what_meaning(
    site: Site, statement: Statement, signed: bytes, tmp_path: Path
) -> None:
    verdict = judge(site, statement.to_bytes(), signed)
    assert verdict.bottom_line
    assert codes(verdict) == []
    assert verdict.statement == statement
    assert verdict.signed_by is not None
    assert (verdict.signed_by.printed_name, verdict.signed_by.username) == ("Mei Itō", "m.ito")
    assert (verdict.intact, verdict.is_named, verdict.is_certificate_valid, verdict.revoked) == (
        True,
        True,
        True,
        False,
    )
    assert verdict.certificate_valid_at == statement.signed_at
    assert openssl_accepts(tmp_path, statement.to_bytes(), signed, site.root)


ALTERATIONS: dict[str, dict[str, object]] = {
    "another meaning": {"meaning": "rejection"},
    "another name": {"printed_name": "Mallory"},
    "another record": {"record_number": "BR-2026-0008"},
    "another version": {"version": 4},
    "other content": {"content_hash": "cd" * 32},
    "another reason": {"reason": "None."},
    "another time": {"signed_at": AT + dt.timedelta(hours=1)},
    "another role": {"role": "operator"},
}


@pytest.mark.parametrize("change", ALTERATIONS)
def test_a_signature_does_not_carry_over_to_an_altered_statement(
    site: Site, signed: bytes, tmp_path: Path, change: str
) -> None:
    altered = make_statement(**ALTERATIONS[change]).to_bytes()
    verdict = judge(site, altered, signed)
    assert not verdict.bottom_line
    assert not verdict.intact
    assert "statement_altered" in codes(verdict)
    assert not openssl_accepts(tmp_path, altered, signed, site.root)


def test_two_signatures_do_not_work_with_each_others_statements(
    site: Site, signer: IssuedIdentity, statement: Statement, signed: bytes, tmp_path: Path
) -> None:
    other = make_statement(record_number="BR-2026-0008")
    other_signed = sign_statement(other, key=signer.key, certificate=signer.certificate)
    assert judge(site, other.to_bytes(), other_signed).bottom_line
    for content, cms in ((statement.to_bytes(), other_signed), (other.to_bytes(), signed)):
        assert "statement_altered" in codes(judge(site, content, cms))
        assert not openssl_accepts(tmp_path, content, cms, site.root)


def test_another_authority_of_the_same_name_is_not_trusted(
    site: Site, statement: Statement, signed: bytes, tmp_path: Path
) -> None:
    impostor = make_site(tmp_path)
    verdict = judge(impostor, statement.to_bytes(), signed)
    assert (verdict.intact, verdict.is_certificate_valid, verdict.bottom_line) == (True, False, False)
    assert codes(verdict) == ["untrusted"]
    assert not openssl_accepts(tmp_path, statement.to_bytes(), signed, impostor.root)


@pytest.mark.clause("11.300(c)")
def test_a_signature_made_after_revocation_is_refused_and_one_before_stands(
    site: Site, signer: IssuedIdentity, statement: Statement, signed: bytes, tmp_path: Path
) -> None:
    earlier, later = AT - dt.timedelta(hours=1), AT + dt.timedelta(hours=1)
    after = site.revoke(signer.certificate.serial_number, revoked_at=earlier)
    verdict = judge(site, statement.to_bytes(), signed, crls=[after])
    assert (verdict.revoked, verdict.revoked_at, verdict.bottom_line) == (True, earlier, False)
    assert codes(verdict) == ["revoked"]
    assert not openssl_accepts(tmp_path, statement.to_bytes(), signed, site.root, crl=after)

    before = site.revoke(signer.certificate.serial_number, revoked_at=later, at=later)
    verdict = judge(site, statement.to_bytes(), signed, crls=[before])
    assert (verdict.revoked, verdict.revoked_at, verdict.bottom_line) == (False, later, True)

    clean = site.revoke()
    assert judge(site, statement.to_bytes(), signed, crls=[clean], is_revocation_required=True).bottom_line
    assert openssl_accepts(tmp_path, statement.to_bytes(), signed, site.root, crl=clean)


def test_an_expired_certificate_does_not_sign_and_an_old_signature_outlives_its_certificate(
    site: Site, tmp_path: Path
) -> None:
    person = site.enrol(days=30)
    late = make_statement(signed_at=AT + dt.timedelta(days=31))
    cms = sign_statement(late, key=person.key, certificate=person.certificate)
    assert codes(judge(site, late.to_bytes(), cms)) == ["expired"]
    assert not openssl_accepts(tmp_path, late.to_bytes(), cms, site.root, at=late.signed_at)
    in_time = make_statement(signed_at=AT + dt.timedelta(days=29))
    cms = sign_statement(in_time, key=person.key, certificate=person.certificate)
    assert judge(site, in_time.to_bytes(), cms).bottom_line
    assert openssl_accepts(tmp_path, in_time.to_bytes(), cms, site.root, at=in_time.signed_at)


@pytest.mark.clause("11.100(a)")
def test_a_colleagues_certificate_does_not_sign_in_anothers_name(site: Site, statement: Statement) -> None:
    colleague = site.enrol("o.berg")
    cms = sign_statement(statement, key=colleague.key, certificate=colleague.certificate)
    verdict = judge(site, statement.to_bytes(), cms)
    assert (verdict.intact, verdict.is_named, verdict.bottom_line) == (True, False, False)
    assert codes(verdict) == ["person_differs"]


def test_only_the_enrolled_one_of_a_persons_certificates_counts_where_it_is_known(
    site: Site, signer: IssuedIdentity, statement: Statement, signed: bytes
) -> None:
    enrolled = fingerprint_of(signer.certificate)
    assert judge(site, statement.to_bytes(), signed, enrolled_fingerprint=enrolled).bottom_line
    other = fingerprint_of(site.enrol().certificate)
    verdict = judge(site, statement.to_bytes(), signed, enrolled_fingerprint=other)
    assert codes(verdict) == ["certificate_not_enrolled"]


def company(kind: str) -> tuple[Key, x509.Certificate, x509.Certificate, x509.Certificate]:
    root_key, middle_key = new_key(), new_key()
    makers: dict[str, Callable[[], Key]] = {
        "RSA-2048": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "P-256": new_key,
    }
    key = makers[kind]()
    root = certify("Company root", root_key, is_authority=True)
    middle = certify("Company issuing", middle_key, (root, root_key), is_authority=True)
    return key, certify("Mei Ito", key, (middle, middle_key)), middle, root


@pytest.mark.parametrize("kind", ["RSA-2048", "P-384", "P-256"])
def test_company_keys_sign_with_their_chain_and_need_the_enrolment_record(
    statement: Statement, tmp_path: Path, kind: str
) -> None:
    key, certificate, middle, root = company(kind)
    cms = sign_statement(statement, key=key, certificate=certificate, chain=[middle])
    enrolled = fingerprint_of(certificate)
    assert verify_signature(statement.to_bytes(), cms, anchors=[root], enrolled_fingerprint=enrolled).bottom_line
    assert codes(verify_signature(statement.to_bytes(), cms, anchors=[root])) == ["person_unproven"]
    # Without extended key usage OpenSSL has no objection to any purpose.
    assert openssl_accepts(tmp_path, statement.to_bytes(), cms, root)


def test_a_chain_that_repeats_certificates_does_no_harm(
    site: Site, signer: IssuedIdentity, statement: Statement
) -> None:
    chain = [signer.certificate, site.root, site.root]
    cms = sign_statement(statement, key=signer.key, certificate=signer.certificate, chain=chain)
    assert take_apart(cms).others == (site.root,)
    assert judge(site, statement.to_bytes(), cms).bottom_line


def test_a_key_does_not_sign_with_another_keys_certificate(signer: IssuedIdentity, statement: Statement) -> None:
    with pytest.raises(SigningKeyMismatch):
        sign_statement(statement, key=new_key(), certificate=signer.certificate)


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_no_altered_byte_of_a_signature_leaves_it_good(
    site: Site, statement: Statement, signed: bytes, data: st.DataObject
) -> None:
    position = data.draw(st.integers(0, len(signed) - 1))
    altered = signed[:position] + bytes([signed[position] ^ data.draw(st.integers(1, 255))]) + signed[position + 1 :]
    assert not judge(site, statement.to_bytes(), altered).bottom_line


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_no_altered_byte_of_the_statement_leaves_it_good(
    site: Site, statement: Statement, signed: bytes, data: st.DataObject
) -> None:
    content = statement.to_bytes()
    position = data.draw(st.integers(0, len(content) - 1))
    altered = content[:position] + bytes([content[position] ^ data.draw(st.integers(1, 255))]) + content[position + 1 :]
    verdict = judge(site, altered, signed)
    assert not verdict.intact
    assert not verdict.bottom_line


@pytest.mark.slow
def test_no_single_flipped_bit_anywhere_in_a_signature_leaves_it_good(
    site: Site, statement: Statement, signed: bytes
) -> None:
    content = statement.to_bytes()
    survivors = [
        (position, bit)
        for position in range(len(signed))
        for bit in range(8)
        if judge(
            site, content, signed[:position] + bytes([signed[position] ^ 1 << bit]) + signed[position + 1 :]
        ).bottom_line
    ]
    assert survivors == []


@settings(max_examples=200, deadline=None)
@given(cms=st.binary(max_size=300), content=st.binary(max_size=100))
def test_junk_gets_a_verdict_and_never_a_crash(site: Site, content: bytes, cms: bytes) -> None:
    verdict = judge(site, content, cms)
    assert not verdict.bottom_line
    assert {"statement_malformed", "cms_malformed"} >= set(codes(verdict))


def test_what_no_signature_covers_cannot_be_added_or_exchanged(
    site: Site, signer: IssuedIdentity, statement: Statement, signed: bytes
) -> None:
    parts = take_apart(signed)
    r, s = decode_dss_signature(parts.signature)
    second = site.enrol()
    twin_certificate = certify("Mei Ito", signer.key, (site.root, new_key()))
    attempts: dict[str, bytes] = {
        "the twin of the ECDSA signature": rebuilt(parts, signature=encode_dss_signature(r, P256_ORDER - s)),
        "a further certificate": rebuilt(parts, others=(second.certificate,)),
        "the root beside": rebuilt(parts, others=(site.enrol("x").certificate, site.root)),
        "another certificate of the same person": rebuilt(parts, signer=second.certificate),
        "another certificate with the same key": rebuilt(parts, signer=twin_certificate),
        "another time": rebuilt(parts, signed_at=parts.signed_at + dt.timedelta(seconds=1)),
        "an empty signature": rebuilt(parts, signature=b""),
        "bytes after the end": signed + b"\0",
        "a PEM wrapping": b"-----BEGIN CMS-----\n" + base64.b64encode(signed) + b"\n-----END CMS-----\n",
        "far too many bytes": signed + bytes(LARGEST_SIGNATURE),
        "the content inside": with_field(signed, "content"),
        "an unsigned attribute": with_field(signed, "unsigned"),
        "a second signer": with_field(signed, "signers"),
        "no certificate": with_field(signed, "certificates"),
        "a revocation list": with_field(signed, "crls", site.revoke().public_bytes(serialization.Encoding.DER)),
        "indefinite length (BER)": b"\x30\x80" + asn1.ContentInfo.load(signed).contents + b"\0\0",
    }
    accepted = [name for name, cms in attempts.items() if judge(site, statement.to_bytes(), cms).bottom_line]
    assert accepted == []


def rebuilt(parts: SignatureParts, **changes: object) -> bytes:
    return assemble(dataclasses.replace(parts, **changes))  # type: ignore[arg-type]


def with_field(signed: bytes, what: str, data: bytes = b"") -> bytes:
    outer = asn1.ContentInfo.load(signed)
    inner = outer["content"]
    match what:
        case "content":
            inner["encap_content_info"] = {"content_type": "data", "content": b"{}"}
        case "unsigned":
            info = inner["signer_infos"][0]
            info["unsigned_attrs"] = [{"type": "signing_time", "values": [asn1.Time({"utc_time": AT})]}]
        case "signers":
            inner["signer_infos"] = [inner["signer_infos"][0], inner["signer_infos"][0]]
        case "certificates":
            inner["certificates"] = []
        case "crls":
            inner["crls"] = [asn1.RevocationInfoChoice.load(data)]
    result: bytes = outer.dump(force=True)
    assert result != signed
    return result


def test_the_librarys_own_form_of_a_signature_is_not_taken_for_ours(
    site: Site, signer: IssuedIdentity, statement: Statement
) -> None:
    cms = (
        pkcs7.PKCS7SignatureBuilder()
        .set_data(statement.to_bytes())
        .add_signer(signer.certificate, signer.key, hashes.SHA256())
        .sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary])
    )
    assert codes(judge(site, statement.to_bytes(), cms)) == ["cms_malformed"]


def test_taking_apart_and_assembling_gives_the_same_bytes(signed: bytes) -> None:
    assert assemble(take_apart(signed)) == signed
    with pytest.raises(SignatureMalformed):
        take_apart(signed[:-1])


def test_signatures_after_2049_are_written_and_read(site: Site, signer: IssuedIdentity) -> None:
    statement = make_statement(signed_at=dt.datetime(2051, 1, 1, tzinfo=dt.UTC))
    cms = sign_statement(statement, key=signer.key, certificate=signer.certificate)
    verdict = judge(site, statement.to_bytes(), cms)
    assert verdict.intact
    assert set(codes(verdict)) == {"expired"}


def test_a_statement_that_cannot_be_read_is_not_good_even_when_well_signed(
    site: Site, signer: IssuedIdentity, signed: bytes
) -> None:
    parts = take_apart(signed)
    verdict = judge(site, b'{"schema":"other"}', assemble(parts))
    assert verdict.statement is None
    assert verdict.signed_by is not None
    assert codes(verdict) == ["statement_malformed", "statement_altered"]


def wycheproof() -> list[tuple[str, bytes, bytes, bytes, str]]:
    suite = json.loads((VECTORS / "wycheproof" / "ecdsa_secp256r1_sha256_test.json").read_text(encoding="utf-8"))
    return [
        (f"{test['tcId']} {test['comment']}", bytes.fromhex(group["publicKeyDer"]), bytes.fromhex(test["sig"]),
         bytes.fromhex(test["msg"]), test["result"])
        for group in suite["testGroups"]
        for test in group["tests"]
    ]  # fmt: skip


def test_wycheproof_edge_cases_of_ecdsa_come_out_as_published() -> None:
    cases = wycheproof()
    assert len(cases) == 484
    wrong = []
    for name, key, signature, message, result in cases:
        public = serialization.load_der_public_key(key)
        assert isinstance(public, ec.EllipticCurvePublicKey)
        if verify_raw(public, signature, message) != (result == "valid"):
            wrong.append(name)
    assert wrong == []
