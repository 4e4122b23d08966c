"""The sealed PDF of a signed version, and what can be checked from it alone."""

import subprocess

import pytest

from records.models import Event, OutboxItem, Rendition
from records.outbox import work_off
from records.stores import file_store
from signatures.authority import site_authority
from signatures.errors import RenditionStamped
from signatures.models import Signature
from signatures.pdf_verdicts import verify_seal
from signatures.renditions import draw_rendition, make_rendition, restore_rendition
from tests.signatures.papers import approved_paper, decline, open_for, sign, submitted_paper
from tests.stamp_authority import Reply, make_authority, serve_authority

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(b)", "11.50(b)", "11.70")]


@pytest.fixture
def rendition(author, reviewer, qa_manager):
    approved_paper(
        author, reviewer, qa_manager, body="Forty vials, one with a fibre — Żółć.\n<script>alert(1)</script>"
    )
    work_off()
    return Rendition.objects.get()


@pytest.fixture
def unpacked(rendition, tmp_path):
    """Return a folder with the PDF and everything that pdfdetach takes out of it."""
    (tmp_path / "signed.pdf").write_bytes(file_store().read_checked(rendition.file_id))
    subprocess.run(["pdfdetach", "-saveall", "-o", tmp_path, tmp_path / "signed.pdf"], check=True)
    return tmp_path


def text_of(pdf, tmp_path):
    path = tmp_path / "text.pdf"
    path.write_bytes(pdf)
    out = subprocess.run(["pdftotext", "-layout", path, "-"], check=True, capture_output=True, text=True).stdout
    return " ".join(out.split())


def test_a_completed_route_promises_the_rendition_and_the_worker_makes_it(author, reviewer, qa_manager):
    paper = submitted_paper(author)
    sign(reviewer, paper)
    assert not OutboxItem.objects.filter(kind="signatures.rendition").exists()
    sign(qa_manager, paper)
    work_off()
    made = Rendition.objects.get()
    assert (made.version.record_id, made.action) == (paper.pk, "approve")
    assert Event.objects.get(act="records.rendition.made").details["sha256"] == made.file_id


def test_the_document_shows_content_and_every_manifestation(rendition, tmp_path):
    text = text_of(file_store().read_checked(rendition.file_id), tmp_path)
    assert "Forty vials, one with a fibre — Żółć." in text
    assert "<script>alert(1)</script>" in text
    for signature in Signature.objects.all():
        who = f"{signature.printed_name} ({signature.username}), {signature.role}"
        assert f"Electronically signed by {who}" in text
        assert signature.number in text
    assert "Meaning Approved" in text
    assert "Page 1 of" in text


def test_a_foreign_reader_finds_the_seal_valid(unpacked):
    out = subprocess.run(["pdfsig", unpacked / "signed.pdf"], capture_output=True, text=True, check=False).stdout
    assert "Signature is Valid" in out
    assert "Total document signed" in out


def test_openssl_verifies_every_signature_from_the_document_alone(unpacked):
    for signature in Signature.objects.all():
        cms, statement = unpacked / f"{signature.number}.p7s", unpacked / f"{signature.number}.statement.json"
        command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", cms, "-content", statement]
        command += ["-CAfile", unpacked / "ca.pem", "-purpose", "any", "-out", "/dev/null"]
        good = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "Verification successful" in good.stderr, good.stderr
        statement.write_bytes(
            statement.read_bytes().replace(b"Vial", b"Dial").replace(b"reviewer", b"revoewer").replace(b"QA", b"QB")
        )
        bad = subprocess.run(command, capture_output=True, text=True, check=False)
        assert bad.returncode != 0


def test_the_embedded_content_is_what_the_statement_names(unpacked, rendition):
    import hashlib
    import json

    digest = hashlib.sha256((unpacked / "content.json").read_bytes()).hexdigest()
    number = Signature.objects.get(seat="review").number
    assert json.loads((unpacked / f"{number}.statement.json").read_text())["content_hash"] == digest
    assert rendition.version.content_hash == digest


def test_making_it_again_makes_nothing_new(rendition):
    assert make_rendition(rendition.version, rendition.action) == rendition
    assert Rendition.objects.count() == 1


@pytest.mark.assurance("E5")
def test_a_lost_file_is_made_again_byte_for_byte(rendition):
    path = file_store().path_of(rendition.file_id)
    before = path.read_bytes()
    path.unlink()
    restore_rendition(rendition)
    assert path.read_bytes() == before == draw_rendition(rendition.version, rendition.action)


def test_a_decline_has_its_document_too(author, reviewer, tmp_path):
    paper = submitted_paper(author)
    signature = decline(open_for(reviewer, paper), reviewer, reason="The yield is missing.")
    work_off()
    text = text_of(file_store().read_checked(Rendition.objects.get().file_id), tmp_path)
    assert "Meaning Rejected (declined)" in text
    assert "The yield is missing." in text
    assert signature.number in text


@pytest.mark.clause("11.30")
def test_where_an_authority_is_configured_the_rendition_carries_its_time_stamp(
    author, reviewer, qa_manager, settings, tmp_path
):
    with serve_authority(make_authority(tmp_path / "authority")) as served:
        settings.TSA_URL, settings.TSA_CA = served.url, str(served.authority.root)
        served.behave = lambda query: Reply(b"", 503)
        approved_paper(author, reviewer, qa_manager)
        work_off()
        assert not Rendition.objects.exists()
        promised = OutboxItem.objects.get(kind="signatures.rendition", done_at=None)
        assert "HTTP status 503" in promised.last_error
        served.behave = None
        OutboxItem.objects.filter(pk=promised.pk).update(not_before=promised.created_at)
        work_off()
    rendition = Rendition.objects.get()
    pdf = file_store().read_checked(rendition.file_id)
    verdict = verify_seal(pdf, anchors=[site_authority().certificate], stamp_trust=served.authority.trust)
    assert verdict.bottom_line
    assert verdict.signatures[0].is_time_stamped
    assert Event.objects.get(act="records.rendition.made").details["time_stamped_by"] == served.url
    file_store().path_of(rendition.file_id).unlink()
    with pytest.raises(RenditionStamped, match="Restore the file from the backup"):
        restore_rendition(rendition)
