"""Every signed document of validation tells the signing page and its PDF about itself, in words."""

from __future__ import annotations

import io

import pypdf
import pytest
from django.template.loader import render_to_string

from records.models import ControlledRecord
from records.stores import file_store
from signatures.renditions import make_rendition
from signatures.subjects import PLAIN_RENDITION, subject_of
from tests.validation.desk import Desk, sign
from tests.validation.documents import approve_plan
from tests.validation.flows import make_data_flow
from tests.validation.gap_desk import answered_gaps, curves, make_gaps
from tests.validation.reviews import conclude_all
from tests.validation.study_desk import reported_study, signed_set
from validation.determinations import draft_determination
from validation.models import (
    DataFlow,
    DataSet,
    Deviation,
    Execution,
    GapAssessment,
    KnappStudy,
    MatrixVersion,
    PeriodicReview,
    Protocol,
    RecordDetermination,
    RequirementSet,
    SummaryReport,
    System,
    ValidationPlan,
)
from validation.periodic_reviews import begin_review
from validation.plans import draft_master_plan
from validation.reports import draft_report

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(b)", "11.50(b)")]

KINDS = {
    DataFlow: "checked photographs",
    DataSet: "People find 90 % of the cracks.",
    Deviation: "The queue hid units whose score was missing.",
    Execution: "seen: fail",
    GapAssessment: "Print the page and sign it under SOP-9.",
    RecordDetermination: "certification by the Qualified Person",
    KnappStudy: "100.0 % (1/1)",
    MatrixVersion: "high probability: class 1",
    PeriodicReview: "Looked through: Access reviews.",
    Protocol: "Let the model reject a vial.",
    RequirementSet: "reject hidden: class 1",
    SummaryReport: "class 1, high priority",
    System: "It decides which vials are released.",
    ValidationPlan: "1. Purpose and scope",
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_says_what_is_signed_on_the_page_and_on_paper(desk: Desk, kind: type[ControlledRecord]):
    _, deviation = desk.failed_run()
    desk.dispose(deviation, outcome="accept")
    approve_plan(desk.system, desk.engineer, desk.qa)
    draft_report(desk.system, actor=desk.engineer.actor())
    reported_study(desk)
    signed_set(desk)
    answered_gaps(desk)
    make_data_flow(desk)
    conclude_all(begin_review(desk.system, actor=desk.engineer.actor()), desk.engineer)
    draft_determination(actor=desk.engineer.actor(), title="Curves", **curves(desk))
    record = kind._default_manager.order_by("pk")[0]
    subject, content = subject_of(record.kind), record.content()
    facts = subject.facts(content)
    assert facts
    assert all(term and text for term, text in facts)
    paper = render_to_string(
        subject.rendition_template, {"content": content, **subject.rendition_context(content), "record": record}
    )
    assert subject.rendition_template == PLAIN_RENDITION or KINDS[kind] in paper


def test_a_master_plan_prints_the_systems_with_their_status(desk: Desk):
    content = draft_master_plan(actor=desk.engineer.actor(), title="The site").content()
    subject = subject_of("validation.validationplan")
    assert ("Systems", "1, with their status") in subject.facts(content)
    paper = render_to_string(subject.rendition_template, {"content": content, **subject.rendition_context(content)})
    assert "In validation" in paper
    assert "No AI models in use." in paper


def test_who_does_not_work_on_validation_sees_none_of_its_records(desk: Desk):
    desk.dispose(desk.failed_run()[1], outcome="accept")
    approve_plan(desk.system, desk.engineer, desk.qa)
    draft_report(desk.system, actor=desk.engineer.actor())
    reported_study(desk)
    signed_set(desk)
    make_gaps(desk.system, desk.engineer)
    make_data_flow(desk)
    begin_review(desk.system, actor=desk.engineer.actor())
    draft_determination(actor=desk.engineer.actor(), title="Curves", **curves(desk))
    for kind in KINDS:
        subject = subject_of(kind._meta.label_lower)
        assert not subject.visible(desk.operator.actor()).exists()
        assert subject.visible(desk.reviewer.actor()).exists()


def test_a_signed_protocol_becomes_a_sealed_pdf_with_every_step(desk: Desk):
    made = make_rendition(desk.protocol.versions.get(), "approve")
    pdf = pypdf.PdfReader(io.BytesIO(file_store().read_checked(made.file_id)))
    text = " ".join("".join(page.extract_text() for page in pdf.pages).split())
    assert "The vial waits for a person." in text
    assert "Maria Chen" in text


@pytest.mark.clause("Annex 1 8.32")
def test_a_signed_report_becomes_a_sealed_pdf_with_verdict_and_runs(desk: Desk):
    study = reported_study(desk)
    made = make_rendition(study.versions.latest("number"), "report")
    pdf = pypdf.PdfReader(io.BytesIO(file_store().read_checked(made.file_id)))
    text = " ".join("".join(page.extract_text() for page in pdf.pages).split())
    assert "Report of a Knapp study" in text
    assert "The machine is at least as good as people." in text
    assert "M-02" in text


def test_a_signed_gap_assessment_becomes_a_report_with_every_clause_plan_and_signature(desk: Desk):
    assessment = answered_gaps(desk)
    sign(assessment, "approve", desk.reviewer)
    sign(assessment, "approve", desk.qa)
    made = make_rendition(assessment.versions.get(), "approve")
    pdf = pypdf.PdfReader(io.BytesIO(file_store().read_checked(made.file_id)))
    text = " ".join("".join(page.extract_text() for page in pdf.pages).split())
    assert "Print the page and sign it under SOP-9." in text
    packed = "".join(text.split())  # a narrow column breaks long citations
    assert [row["id"] for row in assessment.clauses if "".join(row["citation"].split()) not in packed] == []
    assert "Rita Berg" in text
    assert "Maria Chen" in text
