"""The pages of periodic reviews: facts beside conclusions, nothing typed is lost, overdue is said everywhere."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine

from qms.home.worklists import find_overdue
from records.clock import now
from tests.qms.validating.test_pages import get, post, text
from tests.validation.desk import REASON, Desk
from tests.validation.reviews import fresh, next_year
from validation.inventory import add_item, edit_system
from validation.models import PeriodicReview
from validation.periodic_reviews import begin_review

pytestmark = [pytest.mark.django_db, pytest.mark.clause("Annex 11 11")]


@pytest.fixture
def review(desk: Desk) -> PeriodicReview:
    return begin_review(desk.system, actor=desk.engineer.actor())


def typed(review: PeriodicReview, **others: str) -> dict[str, Any]:
    fields = {f"conclusion-{row.topic}": f"Seen: {row.title}." for row in review.items.all()}
    facts = {"summary": "Fit for use.", "next_review_on": next_year().isoformat(), "revision": fresh(review).revision}
    return fields | facts | others


def test_a_review_is_begun_with_its_facts_and_concluded_topic_by_topic(desk: Desk):
    assert "Begin periodic review" in text(get(desk.engineer, "system-detail", desk.system.number))
    page = post(desk.engineer, "review-new", desk.system.number, follow=True)
    review = PeriodicReview.objects.get()
    assert "10 topics wait for a conclusion." in text(page)
    assert "Is the system in a validated state?" in text(page)
    assert "No report is approved." in text(page)
    saved = post(desk.engineer, "review-detail", review.number, follow=True, **typed(review))
    assert "Every topic is concluded." in text(saved)
    assert fresh(review).next_review_on == next_year()
    assert review.number in text(get(desk.reviewer, "system-detail", desk.system.number))
    assert "Save review" not in text(get(desk.reviewer, "review-detail", review.number))


def test_a_refused_conclusion_comes_back_as_it_was_typed(desk: Desk, review: PeriodicReview):
    sent = typed(review, **{"conclusion-access": "....", "summary": "Typed at length."})
    page = post(desk.engineer, "review-detail", review.number, **sent)
    assert page.status_code == 422
    assert "Typed at length." in text(page)
    assert fresh(review).summary == ""


@pytest.mark.clause("11.10(e)")
def test_a_stale_review_shows_what_differs_and_can_be_saved_once_more(desk: Desk, review: PeriodicReview):
    sent = typed(review)
    post(desk.colleague, "review-detail", review.number, **sent | {"conclusion-access": "Karl looked at it."})
    page = post(desk.engineer, "review-detail", review.number, **sent)
    assert page.status_code == 422
    assert "Karl Berg changed this record at" in text(page)
    assert [(row.label, row.stored, row.typed) for row in page.context["form"].differences] == [
        ("Access reviews Conclusion", "Karl looked at it.", "Seen: Access reviews.")
    ]
    again = sent | {"revision": page.context["form"]["revision"].value()}
    assert post(desk.engineer, "review-detail", review.number, **again).status_code == 302
    assert review.items.get(topic="access").conclusion == "Seen: Access reviews."


def test_facts_gathered_anew_mark_the_conclusions_they_overtake(desk: Desk, review: PeriodicReview):
    post(desk.engineer, "review-detail", review.number, **typed(review))
    add_item(desk.system, actor=desk.engineer.actor(), kind="software", name="<b>py", version="3.13", reason=REASON)
    page = post(desk.engineer, "review-refresh", review.number, follow=True)
    assert "facts changed since" in text(page)
    assert "Software: &lt;b&gt;py 3.13 is in use." in text(page)


def test_an_overdue_review_is_said_on_the_list_the_systems_pages_and_the_worklist(desk: Desk):
    system = desk.fresh(desk.system)
    facts = {"category": system.category, "next_review_on": now().date()}
    edit_system(system, actor=desk.engineer.actor(), revision=system.revision, reason="as planned", changes=facts)
    run = desk.begin()
    assert "overdue" not in text(get(desk.reviewer, "system-detail", system.number))
    with time_machine.travel(now() + dt.timedelta(days=1), tick=True):
        assert "Review overdue" in text(get(desk.reviewer, "system-list"))
        for name, number in (
            ("system-detail", system.number),
            ("requirements", desk.requirements.number),
            ("protocol-detail", desk.protocol.number),
            ("execution-detail", run.number),
        ):
            assert f"Review of {system.number} overdue since" in text(get(desk.reviewer, name, number))
        for person, told in ((desk.engineer, True), (desk.qa, True), (desk.reviewer, False), (desk.operator, False)):
            whats = [row.what for row in find_overdue(person.actor()) if row.record.pk == system.pk]
            assert whats == (["Periodic review overdue"] if told else [])
