"""Gap assessments: nothing is claimed without evidence, no gap is approved without a plan, nobody is overwritten."""

from __future__ import annotations

from dataclasses import replace

import pytest

from records.errors import ReasonMissing, RecordNotEditable, RoleNotAllowed, StaleRevision
from records.models import Change, Event
from records.timeline import make_sentence
from records.workflow import perform_transition
from signatures.ceremonies import open_ceremony
from signatures.errors import SignerHoldsSeat, SignerIsAuthor
from tests.validation.desk import Desk, sign
from tests.validation.gap_desk import CONTROL, DUE, add_picture, answered_gaps, gap, make_gaps
from validation.clauses import EDITIONS, PART11
from validation.errors_gaps import (
    AnswerWithoutEvidence,
    AnswerWithoutReason,
    ClausesOpen,
    ClauseUnknown,
    EditionUnknown,
    EvidenceElsewhere,
    EvidenceNotReviewed,
    GapsNotApproved,
    GapWithoutPlan,
    NoOpenGap,
)
from validation.gaps import AnswerText, close_remediation, edit_gaps, save_answers, unlinked_files
from validation.models import GapAnswer, GapAssessment

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(a)", "Annex 11 1")]


@pytest.fixture
def draft(desk: Desk) -> GapAssessment:
    return make_gaps(desk.system, desk.engineer)


def approved(desk: Desk) -> GapAssessment:
    assessment = answered_gaps(desk)
    sign(assessment, "approve", desk.reviewer)
    sign(assessment, "approve", desk.qa)
    return GapAssessment.objects.get(pk=assessment.pk)


def test_an_assessment_keeps_the_clauses_of_its_edition_with_status_and_digest(draft: GapAssessment):
    assert draft.number.startswith("GA-")
    assert [row["citation"] for row in draft.asked] == [PART11.citation(row) for row in PART11.clauses]
    assert [row["citation"] for row in draft.context] == [PART11.citation(row) for row in PART11.context]
    assert (draft.edition_status, draft.edition_digest) == ("in force", PART11.digest)
    assert draft.is_current


def test_scope_and_definitions_are_signed_along_and_asked_of_nobody(desk: Desk):
    content = approved(desk).content()
    assert [row["id"] for row in content["clauses"]] == [row.id for row in PART11.clauses]
    assert [row["id"] for row in content["context"]] == [row.id for row in PART11.context]
    assert not any("answer" in row for row in content["context"])


def test_an_answer_to_a_definition_is_refused(desk: Desk, draft: GapAssessment):
    with pytest.raises(ClauseUnknown, match="has no clause 32"):
        save_answers(draft, [gap(desk.qa, len(draft.asked) + 1)], actor=desk.engineer.actor())


def test_an_assessment_begun_before_the_library_had_them_keeps_its_content_without_them(desk: Desk):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(EDITIONS, PART11.id, replace(PART11, context=()))
        earlier = make_gaps(desk.system, desk.engineer)
        assert earlier.is_current
    assert not desk.fresh(earlier).is_current  # the page says so
    assert "context" not in earlier.content()
    assert len(earlier.content()["clauses"]) == len(PART11.clauses)


def test_an_assessment_against_a_draft_says_that_it_is_one(desk: Desk):
    made = make_gaps(desk.system, desk.engineer, edition="annex22-draft-2025")
    assert made.edition_status == "draft"
    assert made.content()["edition"]["status"] == "draft"


def test_an_edition_that_is_not_in_the_library_is_refused(desk: Desk):
    with pytest.raises(EditionUnknown, match="annex-99"):
        make_gaps(desk.system, desk.engineer, edition="annex-99")


@pytest.mark.parametrize("answer", ["partly", "no", "na", "", "maybe"])
def test_an_answer_that_is_no_yes_needs_its_reason(desk: Desk, draft: GapAssessment, answer: str):
    with pytest.raises(AnswerWithoutReason, match=r"21 CFR 11\.10 is answered"):
        save_answers(draft, [AnswerText(1, answer, reason="  ")], actor=desk.engineer.actor())
    assert not draft.answers.exists()


def test_a_yes_needs_a_file_or_a_reviewed_execution_of_the_same_system(desk: Desk, draft: GapAssessment):
    run, _ = desk.failed_run()
    with pytest.raises(AnswerWithoutEvidence):
        save_answers(draft, [AnswerText(1, "yes", shown_by="the manual says so")], actor=desk.engineer.actor())
    by_file = AnswerText(1, "yes", evidence=(add_picture(draft, desk.engineer),))
    by_run = AnswerText(2, "yes", execution=run.number.lower())
    save_answers(draft, [by_file, by_run], actor=desk.engineer.actor())
    content = desk.fresh(draft).content()["clauses"]
    assert content[0]["answer"]["evidence"][0]["name"] == "report.png"
    assert content[1]["answer"]["execution"] == run.number


def test_a_run_that_nobody_reviewed_is_no_evidence(desk: Desk, draft: GapAssessment):
    run = desk.begin()
    with pytest.raises(EvidenceNotReviewed, match=run.number):
        save_answers(draft, [AnswerText(1, "yes", execution=run.number)], actor=desk.engineer.actor())


def test_a_file_of_another_assessment_is_no_evidence(desk: Desk, draft: GapAssessment):
    elsewhere = add_picture(make_gaps(desk.system, desk.engineer), desk.engineer)
    with pytest.raises(EvidenceElsewhere):
        save_answers(draft, [AnswerText(1, "yes", evidence=(elsewhere,))], actor=desk.engineer.actor())


def test_answers_are_saved_all_or_none(desk: Desk, draft: GapAssessment):
    with pytest.raises(AnswerWithoutReason):
        save_answers(draft, [gap(desk.qa, 1), AnswerText(2, "no")], actor=desk.engineer.actor())
    with pytest.raises(ClauseUnknown):
        save_answers(draft, [gap(desk.qa, 1), gap(desk.qa, 32)], actor=desk.engineer.actor())
    assert not draft.answers.exists()


@pytest.mark.clause("11.10(e)")
def test_a_changed_answer_leaves_old_and_new_value_in_one_event(desk: Desk, draft: GapAssessment):
    save_answers(draft, [gap(desk.qa, 1)], actor=desk.engineer.actor())
    save_answers(draft, [gap(desk.qa, 1, risk="low", seen=1)], actor=desk.engineer.actor())
    event = Event.objects.filter(record=draft, act="validation.gaps.answered").order_by("-id")[0]
    change = Change.objects.get(event=event, table_name="validation_gapanswer")
    assert ((change.old or {})["risk"], (change.new or {})["risk"]) == ("high", "low")
    assert event.details["clauses"] == "21 CFR 11.10"


def test_an_answer_that_says_nothing_new_writes_nothing(desk: Desk, draft: GapAssessment):
    saved = save_answers(draft, [gap(desk.qa, 1)], actor=desk.engineer.actor())
    before = Event.objects.count()
    again = save_answers(saved, [gap(desk.qa, 1, seen=1)], actor=desk.engineer.actor())
    assert (again.revision, Event.objects.count()) == (saved.revision, before)


@pytest.mark.assurance("B3")
@pytest.mark.clause("11.10(e)")
def test_a_stale_answer_is_refused_with_who_and_the_difference_and_other_clauses_are_not_stale(
    desk: Desk, draft: GapAssessment
):
    save_answers(draft, [gap(desk.qa, 1)], actor=desk.engineer.actor())
    with pytest.raises(StaleRevision, match="Vera Lind") as refused:
        save_answers(draft, [gap(desk.qa, 1, reason="Mine.", owner_id=None)], actor=desk.colleague.actor())
    told = {row.label: (row.stored, row.typed) for row in refused.value.facts["differences"]}  # type: ignore[attr-defined]
    assert told == {"Reason": ("It keeps no old values.", "Mine."), "Owner": ("Maria Chen", "")}
    save_answers(draft, [gap(desk.qa, 2)], actor=desk.colleague.actor())
    save_answers(draft, [gap(desk.qa, 1, reason="Ours.", seen=1)], actor=desk.colleague.actor())
    assert draft.answers.get(position=1).reason == "Ours."


def test_a_file_is_taken_from_a_clause_again_and_stays_with_the_assessment(desk: Desk, draft: GapAssessment):
    one, two = add_picture(draft, desk.engineer), add_picture(draft, desk.engineer, name="second.png")
    save_answers(draft, [AnswerText(1, "yes", evidence=(one, two))], actor=desk.engineer.actor())
    save_answers(draft, [AnswerText(1, "yes", evidence=(two,), seen=1)], actor=desk.engineer.actor())
    names = [row["name"] for row in desk.fresh(draft).content()["clauses"][0]["answer"]["evidence"]]
    assert names == ["second.png"]
    assert draft.attachments.count() == 2


def test_a_file_never_leaves_a_clause_without_an_act_that_names_it(desk: Desk, draft: GapAssessment):
    one, two = add_picture(draft, desk.engineer), add_picture(draft, desk.engineer, name="second.png")
    answers = [AnswerText(place, "yes", evidence=(one, two)) for place in (1, 2)]
    save_answers(draft, answers, actor=desk.engineer.actor())
    assert not draft.events.filter(act="validation.gaps.unlinked").exists()
    fewer = [AnswerText(1, "yes", evidence=(two,), seen=1), AnswerText(2, "yes", evidence=(two,), seen=1)]
    save_answers(draft, fewer, actor=desk.colleague.actor())
    told = [
        f"{row.actor_name} {make_sentence(row)}"
        for row in draft.events.filter(act="validation.gaps.unlinked").order_by("id")
    ]
    assert told == [
        f"Karl Berg took “report.png” off the evidence of {clause['citation']} in {draft.number}"
        for clause in draft.clauses[:2]
    ]
    changes = Change.objects.filter(event__act="validation.gaps.unlinked", table_name="validation_gapevidence")
    assert [row.kind for row in changes] == ["-", "-"]
    assert [row.name for row in unlinked_files(draft)] == ["report.png"]
    assert "report.png" in [row["name"] for row in desk.fresh(draft).content()["attachments"]]
    with pytest.raises(AnswerWithoutEvidence):
        save_answers(draft, [AnswerText(1, "yes", seen=2)], actor=desk.engineer.actor())
    assert draft.answers.get(position=1).evidence.count() == 1


@pytest.mark.clause("11.10(f)")
def test_an_assessment_with_open_clauses_is_not_signed(desk: Desk, draft: GapAssessment):
    save_answers(draft, [gap(desk.qa, 1), gap(desk.qa, 3)], actor=desk.engineer.actor())
    with pytest.raises(ClausesOpen, match=r"29 of 31 clauses, first to 21 CFR 11\.10\(a\)"):
        open_ceremony(desk.fresh(draft), "approve", actor=desk.reviewer.actor())


@pytest.mark.clause("11.10(f)")
@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        ({"risk": ""}, "its risk is not rated"),
        ({"control": ""}, "neither a remediation nor a procedural control"),
        ({"owner_id": None}, "nobody is named"),
        ({"due_on": None}, "no due date"),
    ],
)
def test_a_gap_without_a_whole_plan_is_not_signed(desk: Desk, lacking: dict[str, object], said: str):
    assessment = answered_gaps(desk)
    save_answers(assessment, [gap(desk.qa, 1, seen=1, **lacking)], actor=desk.engineer.actor())
    with pytest.raises(GapWithoutPlan, match=said):
        open_ceremony(desk.fresh(assessment), "approve", actor=desk.reviewer.actor())


@pytest.mark.clause("11.10(g)")
@pytest.mark.assurance("A6")
def test_a_reviewer_and_quality_approve_and_the_author_takes_neither_seat(desk: Desk):
    assessment = answered_gaps(desk)
    with pytest.raises(SignerIsAuthor):
        open_ceremony(assessment, "approve", actor=desk.engineer.actor())
    sign(assessment, "approve", desk.qa)
    with pytest.raises(SignerHoldsSeat):
        open_ceremony(desk.fresh(assessment), "approve", actor=desk.qa.actor())
    assert desk.fresh(assessment).state == "draft"


@pytest.mark.clause("11.10(f)")
def test_an_approved_assessment_is_not_edited_until_it_is_opened_with_a_reason(desk: Desk):
    assessment = approved(desk)
    assert assessment.state == "approved"
    for change in (
        lambda: save_answers(assessment, [gap(desk.qa, 2, seen=1)], actor=desk.engineer.actor()),
        lambda: add_picture(assessment, desk.engineer, name="late.png"),
        lambda: edit_gaps(
            assessment,
            actor=desk.engineer.actor(),
            revision=assessment.revision,
            title="x",
            purpose="y",
            reason="a better title",
        ),
    ):
        with pytest.raises(RecordNotEditable):
            change()
    with pytest.raises(ReasonMissing):
        perform_transition(assessment, "revise", actor=desk.engineer.actor())
    perform_transition(assessment, "revise", actor=desk.engineer.actor(), reason="version 2 is installed")
    save_answers(assessment, [gap(desk.qa, 2, seen=1)], actor=desk.engineer.actor())
    assert desk.fresh(assessment).content()["reopenings"][0]["reason"] == "version 2 is installed"


def test_an_answer_after_the_review_makes_a_version_that_is_reviewed_again(desk: Desk):
    assessment = answered_gaps(desk)
    sign(assessment, "approve", desk.reviewer)
    save_answers(assessment, [gap(desk.qa, 1, seen=1, risk="low")], actor=desk.engineer.actor())
    sign(assessment, "approve", desk.reviewer)
    assert desk.fresh(assessment).state == "draft"
    sign(assessment, "approve", desk.qa)
    assert desk.fresh(assessment).state == "approved"
    assert assessment.versions.count() == 2


def test_a_remediation_is_closed_once_after_the_approval_and_opens_again_with_its_answer(desk: Desk):
    early = make_gaps(desk.system, desk.engineer)
    save_answers(early, [gap(desk.qa, 1)], actor=desk.engineer.actor())
    with pytest.raises(GapsNotApproved):
        close_remediation(early, 1, actor=desk.engineer.actor(), reason="version 2 keeps old values")
    assessment = approved(desk)
    signed = assessment.content()
    with pytest.raises(ReasonMissing):
        close_remediation(assessment, 1, actor=desk.engineer.actor(), reason="")
    close_remediation(assessment, 1, actor=desk.engineer.actor(), reason="version 2 keeps old values")
    assert desk.fresh(assessment).content() == signed
    for position in (1, 2):
        with pytest.raises(NoOpenGap):
            close_remediation(assessment, position, actor=desk.qa.actor(), reason="version 2 keeps old values")
    perform_transition(assessment, "revise", actor=desk.engineer.actor(), reason="version 2 is installed")
    save_answers(assessment, [gap(desk.qa, 1, seen=1, risk="low")], actor=desk.engineer.actor())
    sign(assessment, "approve", desk.reviewer)
    sign(assessment, "approve", desk.qa)
    close_remediation(assessment, 1, actor=desk.qa.actor(), reason="version 3 keeps them too")
    assert GapAnswer.objects.get(assessment=assessment, position=1).closures.count() == 2


@pytest.mark.clause("11.10(g)")
def test_only_engineers_write_answers(desk: Desk, draft: GapAssessment):
    for person in (desk.qa, desk.reviewer, desk.operator):
        with pytest.raises(RoleNotAllowed):
            save_answers(draft, [gap(desk.qa, 1)], actor=person.actor())


def test_the_plan_stands_in_the_signed_content(desk: Desk):
    content = approved(desk).content()["clauses"][0]
    assert content["citation"] == "21 CFR 11.10"
    assert {key: content["answer"][key] for key in ("control", "owner", "due_on", "risk")} == {
        "control": CONTROL,
        "owner": "Maria Chen",
        "due_on": DUE,
        "risk": "high",
    }


def test_a_library_that_words_an_edition_anew_leaves_the_assessment_as_it_was(desk: Desk, draft: GapAssessment):
    other = replace(PART11, clauses=PART11.clauses[:3])
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(EDITIONS, PART11.id, other)
        assert not draft.is_current
        assert len(desk.fresh(draft).content()["clauses"]) == 31
