"""Review comments: beside their paragraph, settled by who wrote them, in the way of every signature, never gone."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from records.acting import acting
from records.errors import ReasonMeaningless, ReasonMissing, RoleNotAllowed, StaleRevision
from records.timeline import make_sentence
from records.workflow import perform_transition
from signatures.capsules.trails import csv_pieces
from signatures.ceremonies import open_ceremony
from signatures.signing import Credentials, complete_ceremony
from signatures.worklist import records_to_sign
from tests.people import Person
from tests.validation.desk import STEPS, Desk, sign
from tests.validation.documents import TEXTS, ready_report, write_plan
from validation.comment_threads import Thread, load_document, load_thread, open_of_system, threads_of, waiting_for
from validation.commenting import answer_comment, settle_comment, take_comment_back, write_comment
from validation.document_parts import WHOLE, key_of_paragraph, parts_of, split_paragraphs
from validation.errors_comments import (
    CommentEmpty,
    CommentEnded,
    CommentsOpen,
    NotCommentable,
    NotUnderReview,
    ParagraphChanged,
    PlaceUnknown,
    WriterSettles,
    WriterTakesBack,
)
from validation.errors_records import RecordUnknown
from validation.models import CommentEntry, Protocol, ReviewComment, ValidationPlan
from validation.plans import draft_plan, edit_plan, write_section
from validation.protocols import StepText, add_steps, draft_protocol, edit_step, remove_step
from validation.reports import edit_report

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(e)", "Annex 15 1.5")]

FIRST, SECOND = "Line 1 with its camera.", "The line's robot is\nno part of it."


@pytest.fixture
def plan(desk: Desk) -> ValidationPlan:
    drafted = draft_plan(desk.system, actor=desk.engineer.actor(), title="Validation of line 1", stages=["oq"])
    written = write_plan(drafted, desk.engineer)
    text = f"{FIRST}\r\n \r\n{SECOND}\n"
    write_section(written, 1, actor=desk.engineer.actor(), text=text, revision=2)
    return ValidationPlan.objects.get(pk=written.pk)


def place_of(plan: ValidationPlan, position: int = 1) -> str:
    return plan.sections.get(position=position).key


def comment(plan: ValidationPlan, who: Person, text: str = "Which camera?", paragraph: str = FIRST) -> ReviewComment:
    key = key_of_paragraph(paragraph) if paragraph else ""
    return write_comment(plan, actor=who.actor(), place=place_of(plan), text=text, paragraph=key)


def only_thread(plan: ValidationPlan) -> Thread:
    (found,) = threads_of(plan)
    return found


def sentence_of(plan: ValidationPlan) -> str:
    last = plan.events.order_by("-id")[0]
    return f"{last.actor_name} {make_sentence(last)}"


def test_paragraphs_are_parted_by_empty_lines_and_keep_their_own():
    assert split_paragraphs(f"{FIRST}\r\n \r\n{SECOND}\n\n\n") == (FIRST, SECOND)
    assert split_paragraphs(" \n ") == ()
    assert key_of_paragraph(FIRST) != key_of_paragraph(SECOND)


def test_a_reviewer_comments_on_a_paragraph_with_name_and_time(desk: Desk, plan: ValidationPlan):
    made = comment(plan, desk.reviewer)
    assert (made.heading, made.quote, made.text) == ("1. Purpose and scope", FIRST, "Which camera?")
    assert (made.written_by, made.version) == (desk.reviewer.user, None)
    assert made.written_at is not None
    assert sentence_of(plan) == f"Rita Berg commented on “1. Purpose and scope” of {plan.number}: Which camera?"
    assert only_thread(plan).is_open


def test_the_author_answers_and_the_writer_settles(desk: Desk, plan: ValidationPlan):
    made = comment(plan, desk.reviewer)
    assert [thread.comment for thread in waiting_for(desk.engineer.actor())] == [made]
    answer_comment(made, actor=desk.engineer.actor(), text="The one of station ST-01.")
    assert list(waiting_for(desk.engineer.actor())) == []
    assert [thread.comment for thread in waiting_for(desk.reviewer.actor())] == [made]
    settle_comment(made, actor=desk.reviewer.actor(), text="Clear now.")
    thread = only_thread(plan)
    assert thread.end is not None
    assert ([row.text for row in thread.answers], thread.state) == (["The one of station ST-01."], "settled")
    assert sentence_of(plan).endswith(f"of Rita Berg on “1. Purpose and scope” of {plan.number}: Clear now.")
    assert list(waiting_for(desk.reviewer.actor())) == []


@pytest.mark.clause("11.10(f)")
def test_an_open_comment_stands_in_the_way_of_every_signature(desk: Desk, plan: ValidationPlan):
    made = comment(plan, desk.reviewer)
    other = comment(plan, desk.qa, "And the robot?", SECOND)
    with pytest.raises(CommentsOpen, match=r"“1\. Purpose and scope” \(2\)"):
        open_ceremony(desk.fresh(plan), "approve", actor=desk.engineer.actor())
    settle_comment(made, actor=desk.reviewer.actor())
    take_comment_back(other, actor=desk.qa.actor(), reason="the second paragraph says it")
    sign(plan, "approve", desk.engineer)
    late = write_comment(plan, actor=desk.qa.actor(), place=place_of(plan, 2), text="Who trains them?")
    assert late.version == plan.versions.get()
    assert records_to_sign(desk.qa.actor()) == []
    with pytest.raises(CommentsOpen):
        open_ceremony(desk.fresh(plan), "approve", actor=desk.qa.actor())
    settle_comment(late, actor=desk.qa.actor())
    assert [row.record.number for row in records_to_sign(desk.qa.actor())] == [plan.number]
    sign(plan, "approve", desk.qa)
    assert desk.fresh(plan).state == "approved"


@pytest.mark.clause("11.10(f)")
def test_a_comment_that_comes_while_somebody_signs_stops_them(desk: Desk, plan: ValidationPlan):
    ceremony = open_ceremony(desk.fresh(plan), "approve", actor=desk.engineer.actor())
    comment(plan, desk.reviewer)
    with pytest.raises(CommentsOpen):
        complete_ceremony(ceremony, actor=desk.engineer.actor(), credentials=Credentials(**desk.engineer.credentials()))
    assert plan.signatures.count() == 0


@pytest.mark.clause("11.10(b)")
def test_the_trail_that_leaves_in_a_capsule_tells_what_was_said(desk: Desk, plan: ValidationPlan):
    made = comment(plan, desk.reviewer, "=Which camera?")
    answer_comment(made, actor=desk.engineer.actor(), text="That of ST-01.")
    take_comment_back(made, actor=desk.reviewer.actor(), reason="the section says it")
    trail = b"".join(csv_pieces(plan.events.all())).decode()
    for words in ("=Which camera?", "That of ST-01.", "took back a comment on", "the section says it"):
        assert words in trail


def test_comments_are_no_part_of_what_is_signed(desk: Desk, plan: ValidationPlan):
    before, revision = desk.fresh(plan).content(), desk.fresh(plan).revision
    made = comment(plan, desk.reviewer)
    answer_comment(made, actor=desk.engineer.actor(), text="So.")
    settle_comment(made, actor=desk.reviewer.actor())
    assert (desk.fresh(plan).content(), desk.fresh(plan).revision) == (before, revision)


@pytest.mark.clause("11.10(g)")
def test_the_author_settles_and_takes_back_nobody_elses_comment(desk: Desk, plan: ValidationPlan):
    made = comment(plan, desk.reviewer)
    for person in (desk.engineer, desk.colleague):
        with pytest.raises(WriterSettles, match="Rita Berg"):
            settle_comment(made, actor=person.actor(), text="I think it is settled")
    for person in (desk.engineer, desk.qa):
        with pytest.raises(WriterTakesBack, match="Rita Berg"):
            take_comment_back(made, actor=person.actor(), reason="it is in the way of my signature")


@pytest.mark.clause("11.10(g)")
def test_quality_settles_in_the_writers_stead_with_a_reason_and_never_on_its_own_document(desk: Desk):
    both = desk.crew.add("both", "validation_engineer", "qa_manager", printed_name="Bo Both")
    plan = write_plan(draft_plan(desk.system, actor=both.actor(), title="Mine", stages=["oq"]), both)
    made = comment(plan, desk.reviewer, paragraph="")
    with pytest.raises(WriterSettles):
        settle_comment(made, actor=both.actor(), text="Rita is on leave until June")
    with pytest.raises(ReasonMissing):
        settle_comment(made, actor=desk.qa.actor())
    with pytest.raises(ReasonMeaningless):
        settle_comment(made, actor=desk.qa.actor(), text="todo")
    settle_comment(made, actor=desk.qa.actor(), text="Rita is on leave; section 4 answers it")
    assert sentence_of(plan).startswith("Maria Chen settled the comment of Rita Berg")


def test_who_may_not_read_the_plan_says_nothing_about_it(desk: Desk, plan: ValidationPlan):
    with pytest.raises(RoleNotAllowed):
        comment(plan, desk.operator)
    made = comment(plan, desk.reviewer)
    for act in (
        lambda: answer_comment(made, actor=desk.operator.actor(), text="no"),
        lambda: settle_comment(made, actor=desk.operator.actor(), text="no reason"),
        lambda: take_comment_back(made, actor=desk.operator.actor(), reason="no reason"),
        lambda: load_thread(desk.operator.actor(), made.pk),
        lambda: load_document(desk.operator.actor(), plan.number),
    ):
        with pytest.raises(RoleNotAllowed):
            act()


def test_a_comment_ends_once_and_takes_no_answer_after_it(desk: Desk, plan: ValidationPlan):
    made = comment(plan, desk.reviewer)
    take_comment_back(made, actor=desk.reviewer.actor(), reason="I misread the paragraph")
    for act in (
        lambda: answer_comment(made, actor=desk.engineer.actor(), text="Still."),
        lambda: settle_comment(made, actor=desk.reviewer.actor()),
        lambda: take_comment_back(made, actor=desk.reviewer.actor(), reason="once more, to be sure"),
    ):
        with pytest.raises(CommentEnded, match="Rita Berg"):
            act()
    with (
        pytest.raises(DatabaseError, match="comment_ends_once"),
        transaction.atomic(),
        acting(desk.reviewer.actor(), "validation.comment.settled", plan),
    ):
        CommentEntry.objects.create(comment=made, kind="settled", written_by=desk.reviewer.user)


@pytest.mark.parametrize("statement", ["UPDATE {table} SET text = 'other'", "DELETE FROM {table}", "TRUNCATE {table}"])
@pytest.mark.parametrize("model", [ReviewComment, CommentEntry])
def test_no_statement_rewrites_a_comment(desk: Desk, plan: ValidationPlan, model, statement: str):
    answer_comment(comment(plan, desk.reviewer), actor=desk.engineer.actor(), text="So.")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table=f"{model._meta.db_table}{' CASCADE' if 'TRUNC' in statement else ''}"))


def test_a_paragraph_that_changed_meanwhile_is_read_again_first(desk: Desk, plan: ValidationPlan):
    made = comment(plan, desk.reviewer)
    write_section(plan, 1, actor=desk.engineer.actor(), text="Line 1 with camera ST-01.", revision=3)
    with pytest.raises(ParagraphChanged, match="Purpose and scope"):
        comment(plan, desk.qa)
    with pytest.raises(PlaceUnknown):
        write_comment(plan, actor=desk.qa.actor(), place="nowhere", text="Here?")
    assert only_thread(plan).comment.quote == FIRST
    assert made.heading == "1. Purpose and scope"


@pytest.mark.parametrize("text", ["", " \r\n "])
def test_an_empty_comment_is_none(desk: Desk, plan: ValidationPlan, text: str):
    with pytest.raises(CommentEmpty):
        comment(plan, desk.reviewer, text)


def test_a_form_that_is_sent_twice_makes_one_comment(desk: Desk, plan: ValidationPlan):
    assert comment(plan, desk.reviewer) == comment(plan, desk.reviewer)
    settle_comment(only_thread(plan).comment, actor=desk.reviewer.actor())
    comment(plan, desk.reviewer)
    assert len(threads_of(plan)) == 2


def test_an_approved_plan_takes_no_comment_and_a_revised_one_keeps_the_old_ones(desk: Desk, plan: ValidationPlan):
    settle_comment(comment(plan, desk.reviewer), actor=desk.reviewer.actor())
    sign(plan, "approve", desk.engineer)
    sign(plan, "approve", desk.qa)
    with pytest.raises(NotUnderReview, match="approved"):
        comment(plan, desk.reviewer, "Too late?")
    perform_transition(plan, "revise", actor=desk.engineer.actor(), reason="a second camera is planned")
    comment(plan, desk.reviewer, "And the second?")
    assert [thread.state for thread in threads_of(plan)] == ["settled", "open"]


def test_a_comment_is_no_change_that_a_stale_form_would_blame_on_its_writer(desk: Desk, plan: ValidationPlan):
    edit_plan(plan, actor=desk.colleague.actor(), title="Otherwise", stages=["oq"])
    write_section(plan, 2, actor=desk.colleague.actor(), text="Karl's.", revision=2)
    comment(plan, desk.reviewer)
    with pytest.raises(StaleRevision, match="Karl Berg"):
        write_section(plan, 2, actor=desk.engineer.actor(), text="Vera's.", revision=2)


def test_a_step_of_a_protocol_keeps_its_comments_whatever_is_removed_before_it(desk: Desk):
    protocol = draft_protocol(
        desk.fresh(desk.system), actor=desk.engineer.actor(), title="IQ", stage="iq", purpose="Installed."
    )
    add_steps(protocol, STEPS, actor=desk.engineer.actor())
    part = parts_of(desk.fresh(protocol))[3]
    assert (part.heading, part.paragraphs) == ("Step 2", (STEPS[1].instruction, STEPS[1].expected))
    made = write_comment(
        protocol,
        actor=desk.reviewer.actor(),
        place=part.key,
        text="How long?",
        paragraph=key_of_paragraph(STEPS[1].expected),
    )
    remove_step(protocol, 1, actor=desk.engineer.actor())
    assert part.key in [row.key for row in parts_of(desk.fresh(protocol))]
    assert [thread.comment for thread in open_of_system(desk.system)] == [made]
    with pytest.raises(CommentsOpen, match="“Step 2”"):
        open_ceremony(Protocol.objects.get(pk=protocol.pk), "approve", actor=desk.engineer.actor())
    edit_step(protocol, 2, StepText(("URS-002",), "Wait.", "Within 2 s."), actor=desk.engineer.actor())
    settle_comment(made, actor=desk.reviewer.actor())
    sign(protocol, "approve", desk.engineer)


def test_a_report_is_commented_and_signed_after_that(desk: Desk):
    report = ready_report(desk)
    made = write_comment(
        report,
        actor=desk.qa.actor(),
        place="limits",
        text="And vials of 6R?",
        paragraph=key_of_paragraph(TEXTS["limits"]),
    )
    with pytest.raises(CommentsOpen, match="Limits of use"):
        open_ceremony(desk.fresh(report), "approve", actor=desk.engineer.actor())
    other = TEXTS | {"limits": "Only for vials of size 2R; 6R is not validated."}
    edit_report(report, actor=desk.engineer.actor(), revision=desk.fresh(report).revision, texts=other)
    settle_comment(made, actor=desk.qa.actor())
    sign(report, "approve", desk.engineer)


def test_what_is_no_document_of_the_desk_takes_no_comment(desk: Desk):
    with pytest.raises(NotCommentable):
        write_comment(desk.system, actor=desk.qa.actor(), place=WHOLE, text="A remark.")
    with pytest.raises(RecordUnknown):
        load_document(desk.qa.actor(), desk.system.number)
    with pytest.raises(RecordUnknown):
        load_thread(desk.qa.actor(), 999_999)
