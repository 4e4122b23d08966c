"""The pages of gap assessments: one clause at a time beside the whole table, nothing typed is lost."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests.qms.validating.test_pages import get, post, text
from tests.validation.desk import PICTURE, Desk, sign
from tests.validation.gap_desk import CONTROL, add_picture, answered_gaps, gap, make_gaps
from validation.clauses import EDITIONS
from validation.gaps import save_answers
from validation.models import GapAssessment

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(desk: Desk) -> GapAssessment:
    return make_gaps(desk.system, desk.engineer)


def partly(desk: Desk, **fields: object) -> dict[str, object]:
    whole = {
        "answer": "partly",
        "reason": "It keeps no old values.",
        "risk": "high",
        "control": CONTROL,
        "owner": desk.qa.user.pk,
        "due_on": "2099-01-31",
        "seen": 0,
    }
    return whole | fields


def test_an_engineer_begins_an_assessment_from_the_page_of_a_system(desk: Desk):
    page = text(get(desk.engineer, "gap-new", desk.system.number))
    assert all(edition.edition in page for edition in EDITIONS.values())
    fields = {"edition": "annex22-draft-2025", "title": "Against Annex 22", "purpose": "Before the rule comes."}
    made = post(desk.engineer, "gap-new", desk.system.number, **fields, follow=True)
    assessment = GapAssessment.objects.get(title="Against Annex 22")
    assert "Assessed against a draft: nobody is held to it yet." in text(made)
    assert "0 of 11 answered, 0 open remediations, 0 overdue" in text(made)
    assert assessment.number in text(get(desk.reviewer, "system-detail", desk.system.number))
    assert assessment.number in text(get(desk.reviewer, "gap-list"))


@pytest.mark.clause("Annex 11 1")
def test_an_answer_is_saved_and_the_next_open_clause_opens(desk: Desk, draft: GapAssessment):
    page = post(desk.engineer, "gap-answer", draft.number, 1, **partly(desk), follow=True)
    assert page.redirect_chain[-1][0].endswith("?clause=2")
    assert "Answer 21 CFR 11.10(a)" in text(page)
    assert "1 of 31 answered, 1 open remediation, 0 overdue" in text(page)
    last = {"answer": "na", "reason": "Nothing of the kind.", "seen": 0}
    page = post(desk.engineer, "gap-answer", draft.number, 31, **last, follow=True)
    assert page.redirect_chain[-1][0].endswith("?clause=2")


def test_what_was_typed_stays_when_the_answer_says_too_little(desk: Desk, draft: GapAssessment):
    refused = post(desk.engineer, "gap-answer", draft.number, 1, **partly(desk, answer="yes"))
    assert refused.status_code == 422
    assert "is answered “yes” without evidence" in text(refused)
    assert "It keeps no old values." in text(refused)
    wrong_day = post(desk.engineer, "gap-answer", draft.number, 1, **partly(desk, due_on="soon"))
    assert wrong_day.status_code == 422
    assert CONTROL in text(wrong_day)
    assert not draft.answers.exists()


@pytest.mark.clause("11.10(a)", "11.10(c)")
def test_files_are_kept_at_once_and_offered_to_the_next_clause(desk: Desk, draft: GapAssessment):
    file = SimpleUploadedFile("report.png", PICTURE)
    refused = post(desk.engineer, "gap-answer", draft.number, 1, answer="no", uploads=file, seen=0)
    assert refused.status_code == 422
    kept = draft.attachments.get()
    assert refused.context["form"]["evidence"].value() == [str(kept.pk)]
    post(desk.engineer, "gap-answer", draft.number, 1, answer="yes", evidence=[kept.pk], seen=0)
    assert "report.png" in text(get(desk.engineer, "gap-detail", draft.number, query="?clause=2"))
    sent = get(desk.reviewer, "gap-evidence", draft.number, kept.pk)
    assert sent.content == PICTURE
    assert sent.headers["Content-Disposition"].startswith("attachment")
    fake = SimpleUploadedFile("x.pdf", PICTURE)
    assert post(desk.engineer, "gap-answer", draft.number, 2, answer="yes", uploads=fake, seen=0).status_code == 422
    assert draft.attachments.count() == 1


@pytest.mark.clause("11.10(e)")
def test_a_file_that_was_added_by_mistake_is_unticked_and_stays_in_sight(desk: Desk, draft: GapAssessment):
    for name in ("wrong.png", "right.png"):
        post(
            desk.engineer,
            "gap-answer",
            draft.number,
            2,
            answer="yes",
            uploads=SimpleUploadedFile(name, PICTURE),
            seen=0,
        )
    wrong, right = draft.attachments.order_by("pk")
    post(desk.engineer, "gap-answer", draft.number, 1, answer="yes", evidence=[wrong.pk, right.pk], seen=0)
    form = text(get(desk.engineer, "gap-detail", draft.number, query="?clause=1"))
    assert "Untick what was added by mistake." in form
    post(desk.engineer, "gap-answer", draft.number, 1, answer="yes", evidence=[right.pk], seen=1)
    post(desk.engineer, "gap-answer", draft.number, 2, answer="yes", evidence=[right.pk], seen=1)
    page = text(get(desk.reviewer, "gap-detail", draft.number))
    listed = page[page.index("Files that are evidence of no clause") :]
    assert "wrong.png" in listed[: listed.index("</section>")]
    assert "took “wrong.png” off the evidence of 21 CFR 11.10" in page
    assert get(desk.reviewer, "gap-evidence", draft.number, wrong.pk).content == PICTURE


@pytest.mark.assurance("B3")
@pytest.mark.clause("11.10(e)")
def test_a_stale_answer_shows_the_difference_and_can_be_saved_on_purpose(desk: Desk, draft: GapAssessment):
    save_answers(draft, [gap(desk.qa, 1)], actor=desk.engineer.actor())
    stale = post(desk.colleague, "gap-answer", draft.number, 1, **partly(desk, reason="Mine."))
    assert stale.status_code == 422
    assert "Vera Lind changed this record at" in text(stale)
    assert "Changed meanwhile" in text(stale)
    assert draft.answers.get().reason == "It keeps no old values."
    seen = stale.context["form"]["seen"].value()
    post(desk.colleague, "gap-answer", draft.number, 1, **partly(desk, reason="Mine.", seen=seen))
    assert draft.answers.get().reason == "Mine."


def test_the_table_shows_open_clauses_gaps_and_what_a_plan_lacks(desk: Desk, draft: GapAssessment):
    yesterday = dt.date(2020, 1, 1)
    texts = [gap(desk.qa, 1, due_on=yesterday), gap(desk.qa, 2, owner_id=None)]
    save_answers(draft, texts, actor=desk.engineer.actor())
    page = text(get(desk.reviewer, "gap-detail", draft.number, query="?show=gaps"))
    assert "2 of 31 answered, 2 open remediations, 1 overdue" in page
    assert "nobody is named who answers for it" in page
    assert 'id="clause-3"' not in page
    still_open = text(get(desk.reviewer, "gap-detail", draft.number, query="?show=open"))
    assert 'id="clause-3"' in still_open
    assert 'id="clause-1"' not in still_open


def test_who_only_reads_gets_no_form(desk: Desk, draft: GapAssessment):
    page = text(get(desk.reviewer, "gap-detail", draft.number, query="?clause=1"))
    assert "Save and next" not in page
    assert "Answer the next clause" not in page


@pytest.mark.clause("11.10(f)")
def test_an_open_clause_is_named_when_somebody_wants_to_sign(desk: Desk, draft: GapAssessment):
    path = reverse("signing:open", args=[draft.number, "approve"])
    answer = desk.reviewer.client(fresh=True).post(path)
    assert answer.status_code == 409
    assert "has no answer yet to 31 of 31 clauses" in text(answer)  # type: ignore[arg-type]


def test_a_remediation_is_closed_from_the_table_and_a_revision_opened_with_a_reason(desk: Desk):
    assessment = answered_gaps(desk)
    sign(assessment, "approve", desk.reviewer)
    sign(assessment, "approve", desk.qa)
    assert "31 of 31 answered, 1 open remediation" in text(get(desk.qa, "gap-detail", assessment.number))
    assert post(desk.qa, "gap-close", assessment.number, 1, reason="").status_code == 422
    page = post(desk.qa, "gap-close", assessment.number, 1, reason="version 2 keeps old values", follow=True)
    assert "Closed: version 2 keeps old values (Maria Chen" in text(page)
    assert "0 open remediations" in text(page)
    post(desk.engineer, "gap-revise", assessment.number, reason="version 2 is installed")
    assert desk.fresh(assessment).state == "draft"


def test_title_and_purpose_are_changed_only_as_they_were_seen(desk: Desk, draft: GapAssessment):
    fields = {"title": "New title", "purpose": "Another purpose.", "reason": "the first was wrong"}
    assert post(desk.engineer, "gap-edit", draft.number, **fields, revision=1).status_code == 302
    stale = post(desk.engineer, "gap-edit", draft.number, **fields | {"title": "Mine"}, revision=1)
    assert stale.status_code == 422
    assert "Changed meanwhile" in text(stale)
    assert desk.fresh(draft).title == "New title"


def test_a_clause_that_is_not_there_is_a_clear_404(desk: Desk, draft: GapAssessment):
    add_picture(draft, desk.engineer)
    answer = post(desk.engineer, "gap-answer", draft.number, 32, **partly(desk))
    assert answer.status_code == 404
    assert "has no clause 32" in text(answer)


@pytest.mark.parametrize("edition", EDITIONS.values(), ids=lambda edition: edition.id)
def test_each_edition_is_shown_with_every_clause_by_its_own_name(desk: Desk, edition):
    page = text(get(desk.reviewer, "edition-detail", edition.id))
    assert all(edition.citation(clause) in page for clause in (*edition.clauses, *edition.context))
    assert ("Read along" in page) == bool(edition.context)
    assert ("A draft: nobody is held to it yet" in page) == edition.is_draft
    assert "21 CFR Annex" not in page


def test_an_edition_that_is_not_in_the_library_is_a_clear_404(desk: Desk):
    assert get(desk.reviewer, "edition-detail", "annex-99").status_code == 404
