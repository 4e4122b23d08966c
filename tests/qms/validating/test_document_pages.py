"""The pages of plans and reports: what is missing is said in words, nothing typed is lost, a changed system shows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.qms.validating.test_pages import get, post, text
from tests.validation.desk import REASON, Desk, make_system
from tests.validation.documents import (
    TEXTS,
    approve_plan,
    approve_report,
    pass_run,
    ready_report,
    second_qa,
    write_plan,
)
from validation.inventory import add_item
from validation.models import SummaryReport, ValidationPlan
from validation.plans import draft_master_plan, draft_plan, write_section
from validation.reports import edit_report

pytestmark = [pytest.mark.django_db, pytest.mark.clause("Annex 15 1.5", "Annex 15 2.9")]


def test_an_engineer_drafts_a_plan_and_sees_what_is_missing(desk: Desk):
    form = text(get(desk.engineer, "plan-new", desk.system.number))
    assert "Validation of Vial inspection pipeline" in form
    page = post(desk.engineer, "plan-new", desk.system.number, title="Line 1", stages=["oq"], follow=True)
    plan = ValidationPlan.objects.get()
    assert page.redirect_chain[-1][0].endswith(f"/plans/{plan.number}/")
    shown = text(page)
    assert "Before it can be signed" in shown
    assert "<li>Purpose and scope</li>" in shown
    assert "Say what is validated, for which use and where" in shown


def test_a_section_is_written_and_its_warning_goes(desk: Desk):
    plan = draft_plan(desk.system, actor=desk.engineer.actor(), title="Line 1", stages=["oq"])
    written = post(
        desk.engineer, "plan-section", plan.number, 1, text="Vials of 2R on line 1.", revision=1, follow=True
    )
    shown = text(written)
    assert "“Purpose and scope” is saved." in shown
    assert "<li>Purpose and scope</li>" not in shown
    assert "Vials of 2R on line 1." in shown


@pytest.mark.clause("11.10(e)")
def test_a_stale_section_shows_both_texts_and_saving_again_is_a_decision(desk: Desk):
    plan = draft_plan(desk.system, actor=desk.engineer.actor(), title="Line 1", stages=["oq"])
    write_section(plan, 1, actor=desk.colleague.actor(), text="Written by Karl.", revision=1)
    refused = post(desk.engineer, "plan-section", plan.number, 1, text="Written by Vera.", revision=1)
    shown = text(refused)
    assert refused.status_code == 422
    assert "Karl Berg changed this record at" in shown
    assert "Changed meanwhile" in shown
    assert "Written by Vera.</textarea>" in shown
    assert '<input type="hidden" name="revision" value="2"' in shown
    post(desk.engineer, "plan-section", plan.number, 1, text="Written by both.", revision=2)
    assert plan.sections.get(position=1).text == "Written by both."


def test_the_master_plan_shows_the_systems_and_says_when_its_list_is_old(desk: Desk):
    assert "No master plan yet." in text(get(desk.engineer, "plan-list"))
    page = post(desk.engineer, "master-plan-new", title="Validation of the site", follow=True)
    plan = ValidationPlan.objects.get(level="master")
    assert desk.system.number in text(page)
    make_system(desk.engineer, owner=desk.qa, title="Label reader")
    assert "The inventory has changed since its list was taken" in text(get(desk.engineer, "plan-detail", plan.number))
    renewed = text(post(desk.engineer, "plan-refresh", plan.number, follow=True))
    assert "The list is as the inventory stands now." in renewed
    assert "Label reader" in renewed
    assert plan.number in text(get(desk.qa, "plan-list"))


def test_a_second_plan_is_refused_beside_what_was_typed(desk: Desk):
    draft_master_plan(actor=desk.engineer.actor(), title="The site")
    refused = post(desk.engineer, "master-plan-new", title="The site again")
    assert refused.status_code == 422
    assert "There is a plan already" in text(refused)
    assert "The site again" in text(refused)


def test_stages_are_changed_while_the_plan_is_a_draft(desk: Desk):
    plan = draft_plan(desk.system, actor=desk.engineer.actor(), title="Line 1", stages=["oq"])
    assert 'value="oq" id="id_stages_1" checked' in text(get(desk.engineer, "plan-edit", plan.number))
    post(desk.engineer, "plan-edit", plan.number, title="Line 1 anew", stages=["iq", "oq"])
    plan.refresh_from_db()
    assert (plan.title, plan.stages) == ("Line 1 anew", ["iq", "oq"])
    master = draft_master_plan(actor=desk.engineer.actor(), title="The site")
    post(desk.engineer, "plan-edit", master.number, title="The whole site")
    master.refresh_from_db()
    assert (master.title, master.stages) == ("The whole site", [])


def test_a_plan_is_opened_for_revision_with_a_reason(desk: Desk):
    plan = approve_plan(desk.system, desk.engineer, desk.qa)
    assert "Open for revision" in text(get(desk.engineer, "plan-revise", plan.number))
    assert post(desk.engineer, "plan-revise", plan.number, reason="x").status_code == 422
    post(desk.engineer, "plan-revise", plan.number, reason="a second camera is planned")
    plan.refresh_from_db()
    assert plan.state == "draft"


def test_the_open_points_are_listed_with_their_pages_before_a_report_is_made(desk: Desk):
    shown = text(get(desk.engineer, "report-new", desk.system.number))
    assert "2 points are open" in shown
    assert f"{desk.system.number} has no validation plan." in shown
    assert "URS-001, URS-002, URS-003: not executed." in shown
    assert "Generate summary report" not in shown
    refused = post(desk.engineer, "report-new", desk.system.number)
    assert refused.status_code == 409
    assert "cannot be reported yet" in text(refused)


def test_a_report_is_generated_concluded_and_withdrawn(desk: Desk):
    approve_plan(desk.system, desk.engineer, desk.qa)
    run = pass_run(desk)
    assert "Nothing is open." in text(get(desk.engineer, "report-new", desk.system.number))
    assert "Generate summary report" not in text(get(desk.qa, "report-new", desk.system.number))
    page = post(desk.engineer, "report-new", desk.system.number, follow=True)
    report = SummaryReport.objects.get()
    assert run.number in text(page)
    saved = post(desk.engineer, "report-detail", report.number, revision=report.revision, **TEXTS, follow=True)
    assert f"{report.number} is saved." in text(saved)
    assert TEXTS["conclusion"] in text(get(desk.qa, "report-detail", report.number))
    assert f'A report is being written: <a class="number" href="/validation/reports/{report.number}/">' in text(
        get(desk.qa, "report-new", desk.system.number)
    )
    post(desk.engineer, "report-withdraw", report.number, reason="the camera is replaced first")
    report.refresh_from_db()
    assert report.state == "withdrawn"


@pytest.mark.clause("11.10(e)")
def test_a_stale_report_shows_the_differences(desk: Desk):
    report = ready_report(desk)
    edit_report(
        report, actor=desk.colleague.actor(), revision=report.revision, texts=TEXTS | {"limits": "Only line 1."}
    )
    typed: dict[str, Any] = TEXTS | {"limits": "Only line 2.", "revision": report.revision}
    refused = post(desk.engineer, "report-detail", report.number, **typed)
    shown = text(refused)
    assert refused.status_code == 422
    assert "Limits of use" in shown
    assert "Saved by now" in shown
    assert f'name="revision" value="{report.revision + 1}"' in shown


def test_a_report_whose_records_moved_on_says_so_and_is_brought_up_to_date(desk: Desk):
    report = ready_report(desk)
    add_item(desk.system, actor=desk.engineer.actor(), kind="software", name="driver", version="2", reason=REASON)
    shown = text(get(desk.engineer, "report-detail", report.number))
    assert "The records have changed since this report was made." in shown
    assert "driver 2 is in use, and no execution that counts has tested it." in shown
    renewed = text(post(desk.engineer, "report-refresh", report.number, follow=True))
    assert "The records have changed" not in renewed


@pytest.mark.clause("11.10(a)", "Annex 11 10")
def test_a_changed_item_shows_on_the_system_and_in_the_list(desk: Desk):
    report = approve_report(desk, ready_report(desk), second_qa(desk))
    assert "Changed since validation" not in text(get(desk.qa, "system-list"))
    assert "Validated" in text(get(desk.qa, "system-detail", desk.system.number))
    add_item(desk.system, actor=desk.engineer.actor(), kind="ai_model", name="eye", version="2", reason=REASON)
    assert "Changed since validation" in text(get(desk.qa, "system-list"))
    shown = text(get(desk.qa, "system-detail", desk.system.number))
    assert "Changed since validation" in shown
    assert "<li>eye 2 was added.</li>" in shown
    assert report.number in shown


def test_an_older_report_names_the_one_that_counts(desk: Desk):
    quality = second_qa(desk)
    first = approve_report(desk, ready_report(desk), quality)
    pass_run(desk)
    post(desk.engineer, "report-new", desk.system.number)
    later = SummaryReport.objects.get(state="draft")
    edit_report(later, actor=desk.engineer.actor(), revision=later.revision, texts=TEXTS)
    approve_report(desk, later, quality)
    assert "A later report counts now:" in text(get(desk.qa, "report-detail", first.number))
    assert "A later report counts now:" not in text(get(desk.qa, "report-detail", later.number))


def test_a_plan_with_everything_written_can_be_signed_from_its_page(desk: Desk):
    plan = write_plan(draft_plan(desk.system, actor=desk.engineer.actor(), title="x", stages=["oq"]), desk.engineer)
    shown = text(get(desk.engineer, "plan-detail", plan.number))
    assert "Before it can be signed" not in shown
    assert "Sign the plan" in shown
