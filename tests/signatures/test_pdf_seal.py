"""The organisation's seal: made without touching the rendition, and broken by any change."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pypdf
import pytest

from records.digests import sha256_hex
from records.pdf_check import check_pdf, read_attachments
from records.stamping.tokens import build_query
from signatures.errors_pki import SealFailed, SigningKeyMismatch, TimeStampUnavailable
from signatures.pdf_seal import Seal, seal_pdf
from signatures.pdf_verdicts import verify_pdf_signatures, verify_seal
from signatures.time_stamps import SiteTimeStamper
from tests.signatures.pdfs import FILES, GOOD, codes, make_seal, openssl_accepts, pdfsig, rendition, sealed_by
from tests.signatures.pki import AT, VECTORS, Site, make_site
from tests.stamp_authority import Reply, ServedAuthority, make_authority, serve_authority

pytestmark = [pytest.mark.clause("11.30"), pytest.mark.clause("11.10(a)")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def seal(site: Site) -> Seal:
    return make_seal(site)


@pytest.fixture(scope="module")
def plain() -> bytes:
    return rendition()


@pytest.fixture(scope="module")
def sealed(seal: Seal, plain: bytes) -> bytes:
    return sealed_by(seal, plain)


def test_a_sealed_rendition_is_whole_and_trusted_here_and_elsewhere(site: Site, sealed: bytes, tmp_path: Path) -> None:
    verdict = verify_seal(sealed, anchors=[site.root])
    assert codes(verdict) == set()
    assert verdict.bottom_line
    (one,) = verdict.signatures
    assert (one.is_intact, one.covers_whole_document, one.is_signer_trusted) == (True, True, True)
    assert one.signed_by is not None
    assert (one.signed_by.printed_name, one.signed_at) == ("Basel document seal", AT)
    assert not one.is_time_stamped
    assert pdfsig(sealed) == GOOD
    assert openssl_accepts(sealed, site, tmp_path)


def test_sealing_leaves_the_rendition_as_it_was_and_still_pdfa(plain: bytes, sealed: bytes) -> None:
    assert sealed.startswith(plain)
    check_pdf(sealed, {one.name: sha256_hex(one.data) for one in FILES})
    assert read_attachments(sealed) == {one.name: one.data for one in FILES}
    before, after = (pypdf.PdfReader(io.BytesIO(pdf)) for pdf in (plain, sealed))
    assert before.metadata == after.metadata
    assert before.xmp_metadata is not None
    assert [page.extract_text() for page in before.pages] == [page.extract_text() for page in after.pages]


def test_sealing_again_gives_the_same_bytes(seal: Seal, plain: bytes, sealed: bytes) -> None:
    assert sealed_by(seal, plain) == sealed


def test_the_seal_shows_organisation_reason_and_time_and_allows_no_change(sealed: bytes) -> None:
    field = pypdf.PdfReader(io.BytesIO(sealed)).get_fields()["Seal"]  # type: ignore[index]
    value = field["/V"]
    assert (value["/Name"], value["/Reason"]) == ("Example Pharma", "True copy of BR-2026-0007")
    assert value["/M"] == "D:20261122093000Z"
    assert value["/SubFilter"] == "/ETSI.CAdES.detached"
    assert value["/Reference"][0]["/TransformParams"]["/P"] == 1


def test_another_authority_of_the_same_name_is_not_trusted(sealed: bytes, tmp_path: Path) -> None:
    impostor = make_site(tmp_path)
    verdict = verify_seal(sealed, anchors=[impostor.root])
    assert codes(verdict) == {"untrusted"}
    assert verdict.signatures[0].is_intact
    assert not openssl_accepts(sealed, impostor, tmp_path)


@pytest.mark.clause("11.300(c)")
def test_a_seal_made_with_a_revoked_or_expired_certificate_is_refused(site: Site, seal: Seal, plain: bytes) -> None:
    sealed = sealed_by(seal, plain)
    serial = seal.certificate.serial_number
    revoked = site.revoke(serial, revoked_at=AT - dt.timedelta(hours=1))
    assert codes(verify_seal(sealed, anchors=[site.root], crls=[revoked])) == {"revoked"}
    later = site.revoke(serial, revoked_at=AT + dt.timedelta(hours=1), at=AT + dt.timedelta(hours=1))
    assert verify_seal(sealed, anchors=[site.root], crls=[later]).bottom_line
    late = AT + dt.timedelta(days=3000)
    expired = seal_pdf(plain, seal=seal, organisation="Example Pharma", reason="x", at=late)
    assert codes(verify_seal(expired, anchors=[site.root])) == {"expired"}


def test_a_seal_key_that_is_not_the_certificates_seals_nothing(site: Site, plain: bytes, tmp_path: Path) -> None:
    other = make_seal(make_site(tmp_path))
    with pytest.raises(SigningKeyMismatch):
        sealed_by(Seal(site.authority.store, "seal", other.certificate), plain)


@pytest.mark.parametrize("junk", [b"", b"%PDF-1.7\n%%EOF", b"\0" * 2000])
def test_what_is_no_pdf_is_refused_by_name(site: Site, seal: Seal, junk: bytes) -> None:
    with pytest.raises(SealFailed):
        sealed_by(seal, junk)
    assert not verify_seal(junk, anchors=[site.root]).bottom_line
    assert verify_pdf_signatures(junk, anchors=[site.root]) == ()


# --- Time stamps


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedAuthority]:
    with serve_authority(make_authority(tmp_path / "authority")) as found:
        yield found


def stamped_by(served: ServedAuthority, seal: Seal, plain: bytes) -> bytes:
    return seal_pdf(
        plain,
        seal=seal,
        organisation="Example Pharma",
        reason="x",
        at=AT,
        time_stamper=SiteTimeStamper(served.client()),
    )


def test_with_a_time_stamp_authority_the_seal_tells_that_instant(
    site: Site, seal: Seal, plain: bytes, served: ServedAuthority
) -> None:
    stamped = stamped_by(served, seal, plain)
    assert len(served.queries) == 1
    verdict = verify_seal(stamped, anchors=[site.root], stamp_trust=served.authority.trust)
    assert codes(verdict) == set()
    assert verdict.bottom_line
    assert verdict.signatures[0].is_time_stamped
    assert verdict.signatures[0].signed_at != AT
    assert pdfsig(stamped) == GOOD
    check_pdf(stamped, {one.name: sha256_hex(one.data) for one in FILES})


def test_a_time_stamp_that_nobody_vouches_for_says_nothing_and_a_foreign_one_is_refused(
    site: Site, seal: Seal, plain: bytes, served: ServedAuthority, tmp_path: Path
) -> None:
    stamped = stamped_by(served, seal, plain)
    alone = verify_seal(stamped, anchors=[site.root]).signatures[0]
    assert (alone.is_time_stamped, alone.signed_at) == (False, AT)
    other = make_authority(tmp_path / "other").trust
    verdict = verify_seal(stamped, anchors=[site.root], stamp_trust=other)
    assert codes(verdict) == {"time_stamp_invalid"}
    assert (verdict.bottom_line, verdict.signatures[0].signed_at) == (False, AT)


def test_an_authority_that_is_down_or_answers_something_else_stops_the_sealing(
    seal: Seal, plain: bytes, served: ServedAuthority
) -> None:
    foreign = served.authority.answer(build_query(bytes(32)).der)
    for reply in (Reply(foreign), Reply(b"", 503), Reply(b"garbage")):
        served.behave = lambda query, reply=reply: reply
        with pytest.raises(TimeStampUnavailable, match="no usable time stamp"):
            stamped_by(served, seal, plain)


# --- Published documents and the verdicts of an independent tool

SIGNED = VECTORS / "pdf_signed"
PEERS = json.loads((SIGNED / "peer_verdicts.json").read_text())


@pytest.mark.parametrize("case", PEERS, ids=lambda case: case["file"])
def test_published_documents_are_called_whole_exactly_where_the_peer_calls_them_so(case: dict[str, object]) -> None:
    verdicts = verify_pdf_signatures((SIGNED / str(case["file"])).read_bytes(), anchors=[])
    peers = case["pdfsig"]
    assert isinstance(peers, list)
    assert sorted(one.covers_whole_document for one in verdicts) == sorted(
        peer["total"] == "Total document signed" for peer in peers
    )


READ_BY_US_ALONE = {"sig-with-ski-sid.pdf"}
"""Its signer is named by key identifier, which the peer does not read."""


@pytest.mark.parametrize("case", PEERS, ids=lambda case: case["file"])
def test_published_signatures_are_intact_exactly_where_the_peer_says_so(case: dict[str, object]) -> None:
    verdicts = verify_pdf_signatures((SIGNED / str(case["file"])).read_bytes(), anchors=[])
    peers = case["pdfsig"]
    assert isinstance(peers, list)
    expected = sorted(peer["validation"] == "Signature is Valid." for peer in peers)
    assert sorted(one.is_intact for one in verdicts) == ([True] if case["file"] in READ_BY_US_ALONE else expected)


def test_no_published_document_passes_for_one_of_ours(site: Site) -> None:
    for case in PEERS:
        assert not verify_seal((SIGNED / case["file"]).read_bytes(), anchors=[site.root]).bottom_line
