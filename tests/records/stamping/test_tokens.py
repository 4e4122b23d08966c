"""A time stamp counts only if it is about these bytes and leads to a trusted authority."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import ssl
from pathlib import Path

import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from records.errors import Refusal
from records.stamping.errors import (
    StampAltered,
    StampCertificateExpired,
    StampHashWeak,
    StampImprintMismatch,
    StampMalformed,
    StampNonceMismatch,
    StampNotGranted,
    StampPolicyMismatch,
    StampPurposeMissing,
    StampTrustUnreadable,
    StampUntrusted,
)
from records.stamping.tokens import (
    LARGEST_REPLY,
    Stamp,
    Trust,
    build_query,
    read_reply,
    read_trust,
    verify_digest,
    verify_token,
)
from tests.sizes import choose_size
from tests.stamp_authority import (
    OTHER_POLICY,
    POLICY,
    StampAuthority,
    make_authority,
    make_careless_authority,
)

pytestmark = [pytest.mark.clause("11.10(e)"), pytest.mark.clause("11.30")]

VECTORS = Path(__file__).parents[2] / "assets" / "vectors" / "rfc3161"
PUBLISHED_MESSAGE = b"hello"
MESSAGE = b"qms.example.com/countersign\n256\nq80=\n\n\xe2\x80\x94 qms.example.com/countersign AAAA\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> StampAuthority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def token(authority: StampAuthority) -> bytes:
    return read_reply(authority.answer(build_query(digest()).der))


def digest(message: bytes = MESSAGE) -> bytes:
    return hashlib.sha256(message).digest()


def published_trust(folder: str) -> Trust:
    raw = (VECTORS / folder / "ts_chain.pem").read_bytes()
    return read_trust(raw if raw.startswith(b"-----") else ssl.DER_cert_to_PEM_cert(raw).encode())


# --- Good ones


def test_a_token_tells_when_who_and_under_which_policy(authority: StampAuthority, token: bytes):
    stamp = verify_token(token, MESSAGE, trust=authority.trust)
    assert abs(stamp.at - dt.datetime.now(tz=dt.UTC)) < dt.timedelta(minutes=5)
    assert (stamp.authority, stamp.policy) == ("CN=Test time-stamp authority", POLICY)
    assert stamp.serial > 0
    assert verify_digest(token, digest(), trust=authority.trust) == stamp


def test_openssl_accepts_the_token_as_it_is_kept(authority: StampAuthority, token: bytes):
    assert authority.accepts(token, MESSAGE)
    assert not authority.accepts(token, MESSAGE + b".")


@pytest.mark.parametrize("ess", ["sha1", "sha384"])
def test_a_signer_named_by_another_hash_is_accepted(tmp_path: Path, ess: str):
    other = make_authority(tmp_path, ess=ess)
    kept = read_reply(other.answer(build_query(digest()).der))
    assert verify_token(kept, MESSAGE, trust=other.trust).policy == POLICY


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("sigstage", "response-sha256.tsr"),
        ("sigstage", "response-sha512.tsr"),
        ("test_tsa", "response.tsr"),
        ("identrust", "issue-104.tsr"),
    ],
)
def test_published_replies_verify_with_their_own_root_and_with_no_other(folder: str, name: str):
    kept = read_reply((VECTORS / folder / name).read_bytes())
    stamp = verify_token(kept, PUBLISHED_MESSAGE, trust=published_trust(folder))
    assert stamp.at.year in {2024, 2025}
    with pytest.raises(StampUntrusted):
        verify_token(kept, PUBLISHED_MESSAGE, trust=published_trust("sigstore.mock"))
    with pytest.raises(StampImprintMismatch):
        verify_token(kept, PUBLISHED_MESSAGE + b"!", trust=published_trust(folder))


def test_a_token_outlives_its_certificate():
    (expired,) = [
        one
        for one in x509.load_pem_x509_certificates((VECTORS / "test_tsa" / "ts_chain.pem").read_bytes())
        if "Timestamping" in one.subject.rfc4514_string()
    ]
    kept = read_reply((VECTORS / "test_tsa" / "response.tsr").read_bytes())
    stamp = verify_token(kept, PUBLISHED_MESSAGE, trust=published_trust("test_tsa"))
    assert expired.not_valid_before_utc <= stamp.at <= expired.not_valid_after_utc


# --- Bad ones


def test_the_published_reply_of_an_invalid_signature_is_refused():
    kept = read_reply((VECTORS / "sigstage" / "response-invalid-signature.tsr").read_bytes())
    with pytest.raises(StampAltered):
        verify_token(kept, PUBLISHED_MESSAGE, trust=published_trust("sigstage"))


def test_another_authority_of_the_same_names_is_not_trusted(token: bytes, tmp_path: Path):
    impostor = make_authority(tmp_path)
    with pytest.raises(StampUntrusted, match="no authority that this site trusts"):
        verify_token(token, MESSAGE, trust=impostor.trust)
    assert not impostor.accepts(token, MESSAGE)


def test_other_bytes_another_nonce_and_another_policy_are_refused(authority: StampAuthority):
    query = build_query(digest())
    kept = read_reply(authority.answer(query.der))
    assert isinstance(verify_token(kept, MESSAGE, trust=authority.trust, nonce=query.nonce), Stamp)
    with pytest.raises(StampImprintMismatch):
        verify_token(kept, MESSAGE + b"\n", trust=authority.trust)
    with pytest.raises(StampImprintMismatch):
        verify_digest(kept, hashlib.sha512(MESSAGE).digest(), algorithm="sha512", trust=authority.trust)
    with pytest.raises(StampNonceMismatch):
        verify_token(kept, MESSAGE, trust=authority.trust, nonce=build_query(digest()).nonce)
    roots = authority.trust.roots
    with pytest.raises(StampPolicyMismatch, match="TSA_POLICY"):
        verify_token(kept, MESSAGE, trust=Trust(roots, policy=OTHER_POLICY))


def test_the_policy_that_is_asked_for_is_the_one_given(authority: StampAuthority):
    kept = read_reply(authority.answer(build_query(digest(), policy=OTHER_POLICY).der))
    trust = Trust(authority.trust.roots, policy=OTHER_POLICY)
    assert verify_token(kept, MESSAGE, trust=trust).policy == OTHER_POLICY


def test_a_certificate_that_had_expired_at_the_stamps_own_time_is_refused(tmp_path: Path):
    late = make_authority(tmp_path, is_expired=True)
    kept = read_reply(late.answer(build_query(digest()).der))
    with pytest.raises(StampCertificateExpired):
        verify_token(kept, MESSAGE, trust=late.trust)


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        ({"usages": None}, "states no extended key usage"),
        ({"usages": (ExtendedKeyUsageOID.CODE_SIGNING,)}, "not its one extended key usage"),
        ({"usages": (ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING)}, "not its one"),
        ({"is_critical": False}, "not marked critical"),
        ({"is_authority": True}, "an authority for certificates"),
    ],
)
def test_a_certificate_that_is_not_for_time_stamps_alone_gives_none(facts: dict[str, object], problem: str):
    careless = make_careless_authority(**facts)  # type: ignore[arg-type]
    kept = read_reply(careless.answer(build_query(digest()).der))
    with pytest.raises(StampPurposeMissing, match=problem):
        verify_token(kept, MESSAGE, trust=careless.trust)


def test_the_careless_authority_is_believed_when_its_certificate_is_good():
    careless = make_careless_authority()
    kept = read_reply(careless.answer(build_query(digest()).der))
    assert verify_token(kept, MESSAGE, trust=careless.trust).authority == "CN=Careless authority"


def test_a_weak_hash_is_refused():
    careless = make_careless_authority()
    weak = tsp.TimeStampReq(
        {
            "version": 1,
            "message_imprint": {"hash_algorithm": {"algorithm": "sha1"}, "hashed_message": bytes(20)},
            "cert_req": True,
        }
    )
    with pytest.raises(StampHashWeak, match="sha1"):
        verify_token(read_reply(careless.answer(weak.dump())), MESSAGE, trust=careless.trust)


def test_a_rejection_is_told_in_the_authoritys_words(authority: StampAuthority):
    reply = authority.answer(build_query(digest(), policy="1.2.3.4").der)
    with pytest.raises(StampNotGranted, match="rejection: Requested policy"):
        read_reply(reply)


@pytest.mark.parametrize(
    "junk", [b"", b"\0", b"garbage", b"\x30\x80", b"\x30\x03\x02\x01\x00", bytes(LARGEST_REPLY + 1)]
)
def test_what_is_no_reply_and_no_token_is_refused_by_name(authority: StampAuthority, junk: bytes):
    with pytest.raises(StampMalformed):
        read_reply(junk)
    with pytest.raises(StampMalformed):
        verify_token(junk, MESSAGE, trust=authority.trust)


def test_a_certificate_is_no_token(authority: StampAuthority):
    certificate = authority.trust.roots[0].public_bytes(serialization.Encoding.DER)
    with pytest.raises(StampMalformed):
        verify_token(certificate, MESSAGE, trust=authority.trust)


@pytest.mark.assurance("D8")
def test_a_token_with_any_byte_changed_is_refused_or_says_the_same(authority: StampAuthority, token: bytes):
    good = verify_token(token, MESSAGE, trust=authority.trust)
    flips = [1 << bit for bit in range(choose_size(small=1, full=8))]
    refused = 0
    for place, flip in itertools.product(range(len(token)), flips):
        other = bytes([*token[:place], token[place] ^ flip, *token[place + 1 :]])
        try:
            assert verify_token(other, MESSAGE, trust=authority.trust) == good
        except Refusal:
            refused += 1
    # What no signature covers, such as the certificates the path does not need, is a part of a token.
    assert refused > len(token) * len(flips) * 0.5


@pytest.mark.assurance("D8")
def test_a_token_cut_off_anywhere_or_with_more_behind_it_is_refused(authority: StampAuthority, token: bytes):
    for length in range(0, len(token), choose_size(small=7, full=1)):
        with pytest.raises(StampMalformed):
            verify_token(token[:length], MESSAGE, trust=authority.trust)
    with pytest.raises(StampMalformed):
        verify_token(token + b"\0", MESSAGE, trust=authority.trust)


@pytest.mark.parametrize(
    "bundle", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_bundle_without_a_root_is_refused(authority: StampAuthority, bundle: bytes):
    with pytest.raises(StampTrustUnreadable):
        read_trust(bundle)
    with pytest.raises(StampTrustUnreadable, match="no root"):
        read_trust((authority.folder / "chain.pem").read_bytes())
