"""Periodic reviews: the pack gathers itself, topics are concluded, owner and quality sign, the next day is set."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from records.clock import now
from records.errors import ReasonMeaningless, RecordNotEditable, RoleNotAllowed, StaleRevision
from records.models import Event
from signatures.ceremonies import open_ceremony
from signatures.errors import SignerHoldsSeat
from signatures.renditions import make_rendition
from signatures.subjects import subject_of
from tests.people import Person
from tests.validation.desk import REASON, Desk, sign
from tests.validation.flows import approve_data_flow
from tests.validation.reviews import FOLLOW_UP, conclude_all, fresh, next_year, signed_review
from validation.errors_records import AuthorCannotApprove
from validation.errors_reviews import OwnerSignsReview, ReviewDayMissing, ReviewExists, ReviewItemsOpen, SystemRetired
from validation.inventory import add_item, edit_system
from validation.models import PeriodicReview, System
from validation.periodic_reviews import (
    NOTHING,
    Conclusion,
    begin_review,
    is_overdue,
    overdue_systems,
    refresh_review,
    save_review,
)
from validation.review_topics import all_topics

pytestmark = [pytest.mark.django_db, pytest.mark.clause("Annex 11 11")]


@pytest.fixture
def second_qa(desk: Desk) -> Person:
    return desk.crew.add("quentin", "qa_manager", printed_name="Quentin Abel")


@pytest.fixture
def review(desk: Desk) -> PeriodicReview:
    return begin_review(desk.system, actor=desk.engineer.actor())


def facts_of(review: PeriodicReview, topic: str) -> str:
    return "\n".join(review.items.get(topic=topic).facts)


def test_the_pack_gathers_what_every_process_can_see(desk: Desk):
    run, deviation = desk.failed_run()
    flow = approve_data_flow(desk)
    add_item(desk.system, actor=desk.engineer.actor(), kind="software", name="python", version="3.13", reason=REASON)
    review = begin_review(desk.system, actor=desk.engineer.actor())
    asked = "functions changes deviations executions incidents access trail backups status earlier"
    assert list(review.items.order_by("position").values_list("topic", flat=True)) == asked.split()
    assert "Software: python 3.13 is in use." in facts_of(review, "functions")
    assert f"{flow.number}, data-flow diagram: approved." in facts_of(review, "functions")
    assert "put python 3.13 under configuration management" in facts_of(review, "changes")
    assert f"{deviation.number}, {deviation.title}: open." in facts_of(review, "deviations")
    assert f"{run.number}, {run.title}: reviewed; 2 passed, 1 failed." in facts_of(review, "executions")
    assert "gave Karl Berg (karl) the role Validation engineer." in facts_of(review, "access")
    assert "times: " in facts_of(review, "incidents")
    assert "0 audit-trail reviews of batches were signed." in facts_of(review, "trail")
    assert "0 backup sets were made." in facts_of(review, "backups")
    assert "have a gap in the trace matrix." in facts_of(review, "status")
    assert facts_of(review, "earlier") == "This is the first periodic review of the system."
    assert len(all_topics()) == 10


def test_a_topic_without_facts_says_so(desk: Desk):
    review = begin_review(desk.system, actor=desk.engineer.actor())
    assert facts_of(review, "deviations") == NOTHING


def test_only_one_review_is_prepared_and_only_for_systems_in_use(desk: Desk, review: PeriodicReview):
    with pytest.raises(ReviewExists, match=review.number):
        begin_review(desk.system, actor=desk.qa.actor())
    with pytest.raises(RoleNotAllowed):
        refresh_review(review, actor=desk.reviewer.actor())
    sign(desk.system, "retire", desk.qa, reason="replaced by another line")
    with pytest.raises(SystemRetired):
        begin_review(desk.system, actor=desk.engineer.actor())


def test_a_review_is_signed_only_with_a_conclusion_for_each_topic(desk: Desk, review: PeriodicReview):
    conclude_all(review, desk.engineer, leave="access")
    with pytest.raises(ReviewItemsOpen, match="Access reviews is still without a conclusion"):
        open_ceremony(fresh(review), "approve", actor=desk.qa.actor())
    with pytest.raises(ReasonMeaningless):
        conclude_all(review, desk.engineer, conclusions={"access": Conclusion("......")})
    conclude_all(review, desk.engineer, next_review_on=None)
    with pytest.raises(ReviewDayMissing):
        open_ceremony(fresh(review), "approve", actor=desk.qa.actor())
    conclude_all(review, desk.engineer, next_review_on=now().date())
    with pytest.raises(ReviewDayMissing):
        open_ceremony(fresh(review), "approve", actor=desk.qa.actor())


def test_a_conclusion_on_facts_that_changed_is_drawn_again(desk: Desk, review: PeriodicReview):
    conclude_all(review, desk.engineer)
    add_item(desk.system, actor=desk.engineer.actor(), kind="software", name="python", version="3.13", reason=REASON)
    refresh_review(review, actor=desk.engineer.actor())
    item = review.items.get(topic="functions")
    assert item.is_outdated
    assert item.conclusion == "Looked through: Functions and items."
    with pytest.raises(ReviewItemsOpen, match="Functions and items"):
        open_ceremony(fresh(review), "approve", actor=desk.qa.actor())
    conclude_all(fresh(review), desk.engineer)
    sign(review, "approve", desk.qa)


@pytest.mark.clause("11.10(g)", "Annex 11 11")
@pytest.mark.assurance("A6")
def test_owner_and_quality_sign_and_nobody_both(desk: Desk, review: PeriodicReview, second_qa: Person):
    conclude_all(review, desk.engineer)
    for person in (desk.engineer, second_qa):
        with pytest.raises(OwnerSignsReview, match="Maria Chen"):
            open_ceremony(fresh(review), "approve", actor=person.actor())
    sign(review, "approve", desk.qa)
    with pytest.raises(SignerHoldsSeat):
        open_ceremony(fresh(review), "approve", actor=desk.qa.actor())
    sign(review, "approve", second_qa)
    assert fresh(review).state == "approved"
    with pytest.raises(RecordNotEditable):
        refresh_review(review, actor=desk.engineer.actor())


def test_who_prepared_a_review_does_not_sign_it_for_quality(desk: Desk, second_qa: Person):
    review = begin_review(desk.system, actor=second_qa.actor())
    conclude_all(review, second_qa)
    sign(review, "approve", desk.qa)
    with pytest.raises(AuthorCannotApprove):
        open_ceremony(fresh(review), "approve", actor=second_qa.actor())


def test_the_signed_review_sets_the_next_day_and_begins_the_next_review(desk: Desk, second_qa: Person):
    first = signed_review(desk, second_qa)
    system = System.objects.get(pk=desk.system.pk)
    assert system.next_review_on == next_year()
    event = Event.objects.filter(act="validation.system.review_set").latest("id")
    assert (event.record_id, event.details["review"]) == (system.pk, first.number)
    second = begin_review(system, actor=desk.engineer.actor())
    assert second.since == first.until
    assert facts_of(second, "earlier") == f"{first.number}, Access reviews: {FOLLOW_UP}"


@pytest.mark.clause("11.10(e)", "Annex 11 11")
def test_nobody_writes_over_what_a_colleague_concluded(desk: Desk, review: PeriodicReview):
    seen = fresh(review).revision
    conclude_all(review, desk.engineer)
    with pytest.raises(StaleRevision, match="Vera Lind"):
        save_review(
            review, actor=desk.colleague.actor(), revision=seen, summary="", next_review_on=None, conclusions={}
        )


def test_a_system_whose_day_has_passed_is_overdue_until_it_is_reviewed_or_retired(desk: Desk, second_qa: Person):
    system = desk.fresh(desk.system)
    assert not is_overdue(system)
    today = now().date()
    facts = {"category": system.category, "next_review_on": today}
    system = edit_system(
        system, actor=desk.engineer.actor(), revision=system.revision, reason="set by the plan", changes=facts
    )
    assert not is_overdue(system)
    with time_machine.travel(now() + dt.timedelta(days=1), tick=True):
        assert is_overdue(system)
        assert list(overdue_systems()) == [system]
    signed_review(desk, second_qa)
    with time_machine.travel(now() + dt.timedelta(days=1), tick=True):
        assert not overdue_systems().exists()
    with time_machine.travel(now() + dt.timedelta(days=366), tick=True):
        assert list(overdue_systems()) == [system]


@pytest.mark.clause("11.10(b)")
def test_page_and_pdf_show_what_was_concluded_from_which_facts(desk: Desk, second_qa: Person):
    review = signed_review(desk, second_qa)
    facts = dict(subject_of(review.kind).facts(review.content()))
    assert facts["Access reviews"] == "Looked through: Access reviews."
    assert facts["Follows, Access reviews"] == FOLLOW_UP
    assert make_rendition(review.versions.get(), "approve").pk
