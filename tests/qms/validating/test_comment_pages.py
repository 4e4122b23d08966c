"""Review comments on their pages: beside the paragraph, listed while open, settled by who wrote them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from qms.home.worklists import find_returned, find_review
from tests.qms.validating.test_pages import get, post, text
from tests.validation.desk import STEPS, Desk, sign
from tests.validation.documents import ready_report, write_plan
from validation.commenting import answer_comment, settle_comment, write_comment
from validation.document_parts import WHOLE, key_of_paragraph
from validation.models import ReviewComment, ValidationPlan
from validation.plans import draft_plan, write_section
from validation.protocols import add_steps, draft_protocol

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(e)", "Annex 15 1.5")]

FIRST, SECOND = "Line 1 with its camera.", "The robot is no part of it."


@pytest.fixture
def plan(desk: Desk) -> ValidationPlan:
    made = write_plan(
        draft_plan(desk.system, actor=desk.engineer.actor(), title="Line 1", stages=["oq"]), desk.engineer
    )
    write_section(made, 1, actor=desk.engineer.actor(), text=f"{FIRST}\n\n{SECOND}", revision=2)
    return ValidationPlan.objects.get(pk=made.pk)


def say(desk: Desk, plan: ValidationPlan, words: str, paragraph: str = FIRST) -> ReviewComment:
    key = key_of_paragraph(paragraph)
    return write_comment(plan, actor=desk.reviewer.actor(), place="purpose", text=words, paragraph=key)


def links_to_comment(page: str) -> list[str]:
    return re.findall(r'class="comment-link" href="([^"]+)"', page)


def test_every_paragraph_has_its_own_link_and_the_comment_stands_beside_it(desk: Desk, plan: ValidationPlan):
    page = text(get(desk.reviewer, "plan-detail", plan.number))
    link = next(row for row in links_to_comment(page) if row.endswith(key_of_paragraph(SECOND))).replace("&amp;", "&")
    browser = desk.reviewer.client(fresh=True)
    form = browser.get(link).content.decode()
    assert f"<blockquote>{SECOND}</blockquote>" in form
    assert FIRST not in form
    answer = browser.post(link, {"text": "Which robot?"})
    made = ReviewComment.objects.get()
    assert answer.headers["Location"] == f"{reverse('validating:plan-detail', args=[plan.number])}#comment-{made.pk}"
    page = text(get(desk.engineer, "plan-detail", plan.number))
    beside = page[page.index(SECOND) :]
    assert beside.index("Which robot?") < beside.index("</article>") < beside.index("</section>")
    assert "Rita Berg" in beside[: beside.index("</article>")]
    assert "1 review comment is open" in page
    assert "the comment of Rita Berg on “1. Purpose and scope” is open." in page.replace("&quot;", '"')


def test_a_comment_is_answered_and_settled_and_folds_away_where_it_stood(desk: Desk, plan: ValidationPlan):
    made = say(desk, plan, "Which camera?")
    shown = text(get(desk.engineer, "comment-detail", made.pk))
    assert ("Mark as settled" in shown, "Take back" in shown) == (False, False)
    post(desk.engineer, "comment-detail", made.pk, text="That of station ST-01.")
    shown = text(get(desk.reviewer, "comment-detail", made.pk))
    assert "That of station ST-01." in shown
    assert "Mark as settled" in shown
    page = text(post(desk.reviewer, "comment-detail", made.pk, action="settle", text="", follow=True))
    assert "It is kept beside the comment." in page
    assert "1 earlier comment</summary>" in page
    assert "review comment is open" not in page
    assert "Which camera?" in page


@pytest.mark.clause("11.10(g)")
def test_a_button_that_was_not_offered_is_refused_and_what_was_typed_stays(desk: Desk, plan: ValidationPlan):
    made = say(desk, plan, "Which camera?")
    for action, word in (("settle", "Rita Berg wrote this comment"), ("take_back", "Only Rita Berg")):
        refused = post(desk.engineer, "comment-detail", made.pk, action=action, text="I say it is settled")
        assert refused.status_code == 422
        assert word in text(refused)
        assert "I say it is settled</textarea>" in text(refused)
    empty = post(desk.engineer, "comment-detail", made.pk, text=" ")
    assert "an empty comment helps nobody" in text(empty)
    assert not made.entries.exists()


def test_quality_is_told_whose_comment_it_settles(desk: Desk, plan: ValidationPlan):
    made = say(desk, plan, "Which camera?")
    assert "Rita Berg settles this comment. You may do so in their stead" in text(
        get(desk.qa, "comment-detail", made.pk)
    )
    assert post(desk.qa, "comment-detail", made.pk, action="settle", text="").status_code == 422
    post(desk.qa, "comment-detail", made.pk, action="settle", text="Rita is on leave; section 4 says it")
    assert "Settled: Maria Chen" in text(get(desk.engineer, "plan-detail", plan.number))


def test_a_comment_on_text_that_changed_stays_in_its_section_with_the_old_words(desk: Desk, plan: ValidationPlan):
    say(desk, plan, "Which camera?")
    write_section(plan, 1, actor=desk.engineer.actor(), text="Camera of ST-01.", revision=3)
    page = text(get(desk.reviewer, "plan-detail", plan.number))
    section = page[page.index("1. Purpose and scope</h2>") :]
    section = section[: section.index("</section>")]
    assert "On text that has changed since:" in section
    assert f"<blockquote>{FIRST}</blockquote>" in section


def test_a_paragraph_that_changed_under_the_form_keeps_what_was_typed(desk: Desk, plan: ValidationPlan):
    where = f"{reverse('validating:comment-new', args=[plan.number])}?place=purpose&paragraph={key_of_paragraph(FIRST)}"
    write_section(plan, 1, actor=desk.engineer.actor(), text="Camera of ST-01.", revision=3)
    refused: Any = desk.reviewer.client(fresh=True).post(where, {"text": "Which camera?"})
    assert refused.status_code == 422
    assert "was changed after you opened it" in text(refused)
    assert "Which camera?</textarea>" in text(refused)


def test_an_approved_plan_shows_its_comments_and_takes_no_more(desk: Desk, plan: ValidationPlan):
    settle_comment(say(desk, plan, "Which camera?"), actor=desk.reviewer.actor())
    sign(plan, "approve", desk.engineer)
    sign(plan, "approve", desk.qa)
    page = text(get(desk.qa, "plan-detail", plan.number))
    assert "Which camera?" in page
    assert links_to_comment(page) == []
    assert page.count('class="commented"') == 1, "a paragraph of which nothing is said takes the whole width"
    assert get(desk.reviewer, "comment-new", plan.number).status_code == 409


def test_who_has_the_turn_finds_it_on_the_home_page(desk: Desk, plan: ValidationPlan):
    made = say(desk, plan, "Which camera?")
    say(desk, plan, "Which robot?", SECOND)
    assert [(row.record.number, row.what) for row in find_returned(desk.engineer.actor())] == [
        (plan.number, "Answer the review comments")
    ]
    assert list(find_review(desk.reviewer.actor())) == []
    answer_comment(made, actor=desk.engineer.actor(), text="That of ST-01.")
    assert [row.what for row in find_review(desk.reviewer.actor())] == ["Settle your review comments"]
    home: Any = desk.reviewer.client(fresh=True).get(reverse("home:home"))
    assert f"#comment-{made.pk}" in text(home)


def test_steps_and_reports_are_commented_in_the_same_way(desk: Desk):
    protocol = draft_protocol(
        desk.fresh(desk.system), actor=desk.engineer.actor(), title="IQ", stage="iq", purpose="Installed."
    )
    add_steps(protocol, STEPS, actor=desk.engineer.actor())
    place = f"step-{protocol.steps.get(position=2).pk}"
    write_comment(protocol, actor=desk.reviewer.actor(), place=place, text="How long does it wait?")
    page = text(get(desk.engineer, "protocol-detail", protocol.number))
    row = page[page.index('<tr class="comments-row">') :]
    assert "How long does it wait?" in page
    assert page.index(STEPS[1].instruction) < page.index("How long does it wait?") < page.index(STEPS[2].instruction)
    heads = page[page.index("<thead>") : page.index("</thead>")].count("<th ")
    assert f'colspan="{heads}"' in row
    assert page.count('<tr class="comments-row">') == 1, "steps without comments take no second row"
    assert page.count("Comment on step ") == len(STEPS)
    assert "How long does it wait?" in text(get(desk.engineer, "comment-detail", ReviewComment.objects.get().pk))


def test_a_report_page_shows_comments_beside_its_texts_and_lists_them_as_open(desk: Desk):
    report = ready_report(desk)
    write_comment(report, actor=desk.qa.actor(), place=WHOLE, text="Say more about the line.")
    for reader in (desk.engineer, desk.qa):
        page = text(get(reader, "report-detail", report.number))
        assert "Say more about the line." in page
        assert "1 review comment is open" in page
    assert "the comment of Maria Chen on" in text(get(desk.qa, "report-new", desk.system.number))


def test_a_comment_is_told_as_text_whatever_it_holds(desk: Desk, plan: ValidationPlan):
    say(desk, plan, "<script>alert(1)</script> {number} %s")
    page = text(get(desk.engineer, "plan-detail", plan.number))
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {number} %s" in page


@pytest.mark.parametrize("given", ["", "x" * 4_001, "\x00"])
def test_nothing_too_long_too_short_or_unreadable_is_kept(desk: Desk, plan: ValidationPlan, given: str):
    answer = post(desk.reviewer, "comment-new", plan.number, text=given)
    assert answer.status_code == 422
    assert not ReviewComment.objects.exists()


def test_a_stranger_is_sent_to_sign_in(desk: Desk, plan: ValidationPlan):
    made = say(desk, plan, "Which camera?")
    where: list[Any] = [("comment-new", plan.number), ("comment-detail", made.pk)]
    for name, argument in where:
        assert Client().get(reverse(f"validating:{name}", args=[argument])).status_code == 302
        assert get(desk.operator, name, argument).status_code == 403
    assert get(desk.reviewer, "comment-new", desk.system.number).status_code == 404
