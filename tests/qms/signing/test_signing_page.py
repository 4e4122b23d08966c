"""The signing page: what it shows, and what comes of each way to post it."""

import datetime as dt
import re

import pytest
from django.urls import reverse

from records.attachments import attach_file
from records.clock import now
from records.models import Event, Rendition
from records.outbox import work_off
from records.stores import file_store
from signatures.models import Ceremony, Signature
from tests.signatures.browsers import browser_of
from tests.signatures.papers import approved_paper, edit, reread, sign, submit, submitted_paper, write_paper

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.50(a)", "11.200(a)(1)")]


def open_page(desk, paper, action="approve"):
    """Open the ceremony through its button and return the page's address."""
    answer = desk.post(reverse("signing:open", args=[paper.number, action]))
    assert answer.status_code == 302, answer.content.decode()
    return answer.url


def post(desk, url, person, **changes):
    """Post the form as the person fills it."""
    fresh = {} if "code" in changes else {"code": person.code()}
    typed = {"decision": "sign", "username": person.username, "reason": "", "password": person.password, **fresh}
    return desk.post(url, typed | changes)


def read(answer):
    """Return a page's text in one line."""
    return re.sub(r"\s+", " ", answer.content.decode())


def found(pattern, text):
    """Return the match that must be there."""
    match = re.search(pattern, text)
    assert match is not None, pattern
    return match


@pytest.fixture
def paper(author):
    return submitted_paper(author)


@pytest.fixture
def desk(reviewer):
    return browser_of(reviewer)


def test_the_page_shows_what_is_signed_by_whom_and_as_what(paper, desk):
    page = read(desk.get(open_page(desk, paper)))
    assert f"{paper.number} version 1" in page
    assert paper.versions.get().content_hash in page
    assert "The vials were clear." in page
    assert "Rita Berg (reviewer), Reviewer" in page
    assert "Meaning <strong>Reviewed</strong>" in page
    assert f"handwritten signature to {paper.number} v1 with the meaning “Reviewed”" in page
    assert "Sign as reviewer" in page


def test_the_fields_welcome_password_managers_and_need_no_script(paper, desk):
    page = read(desk.get(open_page(desk, paper)))
    password = found(r'<input[^>]*name="password"[^>]*>', page)[0]
    code = found(r'<input[^>]*name="code"[^>]*>', page)[0]
    assert 'autocomplete="current-password"' in password
    assert "autofocus" in password
    assert 'autocomplete="one-time-code"' in code
    assert page.index('value="sign"') < page.index('value="decline"'), "Enter must press the sign button"
    assert "hx-post" not in page
    assert "onpaste" not in page


@pytest.mark.assurance("B3")
def test_the_wait_for_the_next_code_is_told_before_anybody_types(paper, desk):
    page = read(desk.get(open_page(desk, paper)))  # signing in used a code
    wait = found(r'data-code-wait data-available-at="([^"]+)" data-server-now="([^"]+)">([^<]+)<', page)
    seconds = (dt.datetime.fromisoformat(wait[1]) - dt.datetime.fromisoformat(wait[2])).total_seconds()
    assert 0 < seconds <= 75
    assert re.search(r"Use the next code: available in \d+ s", wait[3])


def test_signing_shows_the_manifestation_and_the_next_step(paper, desk, reviewer, author):
    submit(write_paper(author, title="The next one"), author)
    answer = post(desk, open_page(desk, paper), reviewer, reason="All pages read.")
    assert answer.status_code == 302, answer.content.decode()
    page = read(desk.get(answer.url))
    signature = Signature.objects.get()
    assert "Signed</h2>" in page
    assert signature.number in page
    assert "Electronically signed by <strong>Rita Berg</strong> (reviewer), Reviewer" in page
    assert "All pages read." in page
    assert "Next in my list (1)" in page
    following = desk.post(reverse("signing:next"))
    assert Ceremony.objects.get(pk=following.url.split("/")[-1]).record.title == "The next one"


def test_with_an_empty_list_there_is_no_next(desk):
    answer = desk.post(reverse("signing:next"))
    assert answer.status_code == 409
    assert "Nothing waits for your signature" in read(answer)


def test_a_wrong_code_keeps_the_comment_and_nothing_else(paper, desk, reviewer):
    url = open_page(desk, paper)
    answer = post(desk, url, reviewer, code="000000", reason="All pages read.")
    page = read(answer)
    assert answer.status_code == 403
    assert "Password or code not accepted. 4 tries left." in page
    assert "All pages read." in page
    assert reviewer.password not in page
    assert 'value="000000"' not in page
    assert "<title>Error:" in page
    assert post(desk, url, reviewer).status_code == 302


@pytest.mark.clause("11.300(d)")
def test_the_fifth_wrong_try_locks_and_says_until_when(paper, desk, reviewer):
    url = open_page(desk, paper)
    for _ in range(4):
        post(desk, url, reviewer, code="000000")
    answer = post(desk, url, reviewer, code="000000")
    assert answer.status_code == 423
    assert re.search(
        r"Locked until \d\d:\d\d:\d\d UTC after 5 refused tries. A security officer can unlock", read(answer)
    )
    assert post(desk, url, reviewer).status_code == 423
    assert not Signature.objects.exists()


def test_a_used_code_says_when_the_next_one_counts(paper, desk, reviewer):
    answer = post(desk, open_page(desk, paper), reviewer, code=reviewer.used_code())
    assert answer.status_code == 409
    assert "counts only once. Use the next one, in" in read(answer)


@pytest.mark.parametrize("empty", ["password", "code"])
def test_a_missing_component_is_asked_for_without_a_try(paper, desk, reviewer, empty):
    answer = post(desk, open_page(desk, paper), reviewer, **{empty: ""})
    assert answer.status_code == 422
    assert "This field is required" in read(answer)
    assert not Event.objects.filter(act="signatures.authentication.refused").exists()


@pytest.mark.assurance("B1")
def test_a_changed_record_shows_the_difference_and_offers_to_review_again(paper, desk, author, reviewer):
    url = open_page(desk, paper)
    edit(paper, author, body="The vials were cloudy.")
    answer = post(desk, url, reviewer, reason="Looks good.")
    page = read(answer)
    assert answer.status_code == 409
    assert "changed after you opened this page" in page
    assert re.search(r"<del>.*clear.*</del>", page)
    assert re.search(r"<ins>.*cloudy.*</ins>", page)
    assert "Review again" in page
    assert 'name="reason" value="Looks good."' in page
    assert 'name="password"' not in page
    assert not Signature.objects.exists()


def test_a_page_opened_before_a_change_shows_it_without_being_posted(paper, desk, author):
    url = open_page(desk, paper)
    edit(paper, author, body="The vials were cloudy.")
    assert "Review again" in read(desk.get(url))


def test_what_changed_since_the_signers_last_signature_is_shown(paper, desk, author, reviewer):
    signature = sign(reviewer, paper)
    edit(paper, author, body="The vials were cloudy.")
    page = read(desk.get(open_page(desk, reread(paper))))
    assert f"Changed since your signature {signature.number} on version 1" in page
    assert "<p>Body</p>" in page


def test_an_expired_page_offers_a_new_start_and_keeps_the_comment(paper, desk, reviewer, time_machine):
    url = open_page(desk, paper)
    time_machine.move_to(now() + dt.timedelta(seconds=601), tick=True)
    answer = post(desk, url, reviewer, code="123456", reason="All pages read.")
    page = read(answer)
    assert answer.status_code == 409
    assert "This page has expired" in page
    assert 'name="reason" value="All pages read."' in page
    assert 'name="password"' not in page


def test_a_comment_that_was_kept_stands_in_the_new_page(paper, desk):
    answer = desk.post(reverse("signing:open", args=[paper.number, "approve"]), {"reason": "All pages read."})
    assert "All pages read.</textarea>" in read(desk.get(answer.url))


@pytest.mark.clause("11.10(g)")
def test_what_forbids_signing_is_named_before_any_credential_is_asked(author, crew):
    both = crew.add("both", "operator", "reviewer")
    paper = submitted_paper(both)
    answer = browser_of(both).post(reverse("signing:open", args=[paper.number, "approve"]))
    assert answer.status_code == 403
    assert f"You wrote {paper.number}, so another person must sign it." in read(answer)
    assert 'name="password"' not in read(answer)
    assert Event.objects.filter(act="signatures.ceremony.refused").count() == 1
    assert not Event.objects.filter(act="records.access.denied").exists(), "one refusal is one event"


@pytest.mark.clause("11.300(d)")
def test_another_persons_page_does_not_exist_and_raises_the_alarm(paper, desk, qa_manager):
    url = open_page(desk, paper)
    stranger = browser_of(qa_manager)
    assert stranger.get(url).status_code == 404
    answer = post(stranger, url, qa_manager)
    assert answer.status_code == 404
    assert "Rita" not in read(answer)
    assert Event.objects.filter(act="signatures.ceremony.intruded").count() == 2
    assert not Signature.objects.exists()


def test_a_decline_needs_a_reason_and_returns_the_record(paper, desk, reviewer):
    url = open_page(desk, paper)
    refused = post(desk, url, reviewer, decision="decline")
    assert refused.status_code == 422
    assert "needs a reason" in read(refused)
    answer = post(desk, url, reviewer, decision="decline", reason="The yield is missing.")
    page = read(desk.get(answer.url))
    assert "Declined</h2>" in page
    assert "<strong>Rejected</strong> (declined)" in page
    assert reread(paper).state == "draft"


def test_leaving_closes_the_page(paper, desk):
    url = open_page(desk, paper)
    assert desk.post(f"{url}/cancel").status_code == 302
    assert Ceremony.objects.get().state == "cancelled"
    assert "This page is closed" in read(desk.get(url))


def test_a_second_post_is_answered_with_conflict(paper, desk, reviewer):
    url = open_page(desk, paper)
    code = reviewer.code()
    assert post(desk, url, reviewer, code=code).status_code == 302
    again = post(desk, url, reviewer, code=code)
    assert again.status_code == 409
    assert Signature.objects.count() == 1


def test_attachments_are_hashed_again_before_signing(author, desk):
    paper = write_paper(author)
    for name, data in (("yield.txt", b"98 percent"), ("notes.txt", b"none")):
        stored = file_store().add_bytes(data)
        attach_file(
            paper,
            actor=author.actor("operator"),
            sha256=stored.sha256,
            size=stored.size,
            media_type="text/plain",
            name=name,
            purpose="evidence",
        )
    submit(paper, author)
    page = read(desk.get(open_page(desk, paper)))
    assert "2, all hashes match" in page
    path = file_store().path_of(stored.sha256)
    path.chmod(0o640)
    path.write_bytes(b"nine")
    assert "2, not every hash is confirmed" in read(desk.get(open_page(desk, paper)))
    path.unlink()


@pytest.mark.clause("11.10(b)")
def test_the_signed_pdf_appears_when_it_is_made(author, reviewer, qa_manager):
    approved_paper(author, reviewer, qa_manager)
    signature = Signature.objects.latest("id")
    desk = browser_of(qa_manager)
    state = reverse("signing:rendition-state", args=[signature.number])
    assert "Being made" in read(desk.get(state))
    assert desk.get(reverse("signing:rendition", args=[signature.number])).status_code == 404
    work_off()
    assert "Download signed PDF" in read(desk.get(state))
    given = desk.get(reverse("signing:rendition", args=[signature.number]))
    assert given.content.startswith(b"%PDF-1.7")
    assert given.headers["Content-Disposition"].startswith("attachment")
    assert file_store().path_of(Rendition.objects.get().file_id).read_bytes() == given.content
    assert Event.objects.get(act="signatures.copy.taken").details["signature"] == signature.number


def test_every_file_for_an_outside_check_can_be_taken(paper, desk, reviewer):
    signature = sign(reviewer, paper)
    wanted = {
        "statement": bytes(signature.statement),
        "cms": bytes(signature.cms),
        "content": bytes(signature.version.content),
        "certificate": signature.certificate.certificate_pem.encode(),
    }
    for name, data in wanted.items():
        assert desk.get(reverse(f"signing:{name}", args=[signature.number])).content == data
    assert b"BEGIN CERTIFICATE" in desk.get(reverse("accounts:authority")).content
    assert desk.get(reverse("accounts:revocation-list")).content[:1] == b"0"


@pytest.mark.clause("11.70")
def test_verification_is_a_checklist_in_plain_words(paper, desk, reviewer):
    signature = sign(reviewer, paper)
    page = read(desk.get(reverse("signing:signature-verify", args=[signature.number])))
    assert "The signature is valid." in page
    assert page.count("✓ yes:") == 10
    assert "✗" not in page
    assert "openssl cms -verify" in page


def test_a_signature_that_does_not_exist_is_not_found(desk):
    assert desk.get(reverse("signing:signature-detail", args=["S-2026-9999"])).status_code == 404


def test_a_visitor_is_sent_to_the_login_page(client, paper, desk):
    url = open_page(desk, paper)
    assert client.get(url).url.startswith(reverse("accounts:login"))
    assert client.post(url, {"decision": "sign"}).status_code in (302, 401)
    assert not Signature.objects.exists()
