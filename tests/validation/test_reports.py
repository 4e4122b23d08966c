"""Reports: made from the records while nothing is open, concluded by people, signed by three roles; then validated."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from records.errors import RecordNotEditable, RoleNotAllowed, StaleRevision
from records.models import Event
from records.versions import read_content
from records.workflow import perform_transition
from signatures.ceremonies import open_ceremony
from signatures.errors import SignerHoldsSeat
from tests.validation.desk import REASON, Desk, make_system, sign
from tests.validation.documents import TEXTS, approve_plan, approve_report, pass_run, ready_report, second_qa
from tests.validation.study_desk import reported_study
from validation.assembling import report_facts
from validation.errors_documents import (
    NotShownByReport,
    OwnerSignsNext,
    ReportBlocked,
    ReportExists,
    ReportOutdated,
    ReportTextMissing,
)
from validation.inventory import add_item, end_item
from validation.open_points import find_open_points
from validation.readiness import baseline_of
from validation.reports import draft_report, edit_report, refresh_report
from validation.status import standing_of, standings_of

pytestmark = [pytest.mark.django_db, pytest.mark.clause("Annex 15 2.9", "Annex 15 2.10")]

MODEL: dict[str, Any] = {"kind": "ai_model", "name": "vial-identity", "version": "1.0", "sha256": "ab" * 32}


def codes(desk: Desk) -> list[str]:
    return [point.code for point in find_open_points(report_facts(desk.system))]


def test_the_points_close_one_by_one_as_the_validation_goes_on(desk: Desk):
    add_item(desk.system, actor=desk.engineer.actor(), reason=REASON, **MODEL)
    assert codes(desk) == ["plan_missing", "requirement_gap", "item_untested"]
    approve_plan(desk.system, desk.engineer, desk.qa)
    execution = desk.begin()
    assert codes(desk) == ["execution_not_reviewed", "requirement_gap", "item_untested"]
    desk.record(execution, "pass", "pass", "pass")
    assert codes(desk) == ["execution_not_reviewed"]
    sign(execution, "finish", desk.engineer)
    sign(execution, "review", desk.reviewer)
    assert codes(desk) == []


def test_a_report_is_refused_while_something_is_open_and_names_it(desk: Desk):
    approve_plan(desk.system, desk.engineer, desk.qa)
    _, deviation = desk.failed_run()
    with pytest.raises(ReportBlocked, match=f"The deviation {deviation.number} is open"):
        draft_report(desk.system, actor=desk.engineer.actor())
    desk.dispose(deviation)
    with pytest.raises(ReportBlocked, match="URS-002: failed, not run again"):
        draft_report(desk.system, actor=desk.engineer.actor())


def test_a_report_holds_every_record_it_rests_on_with_its_hash(desk: Desk):
    add_item(desk.system, actor=desk.engineer.actor(), reason=REASON, **MODEL)
    plan = approve_plan(desk.system, desk.engineer, desk.qa)
    _, deviation = desk.failed_run()
    desk.dispose(deviation, outcome="accept")
    report = draft_report(desk.system, actor=desk.engineer.actor())
    content = report.content()
    assert report.number.startswith("VR-")
    assert content["plan"]["content_hash"] == plan.versions.get().content_hash
    assert content["requirements"]["content_hash"] == baseline_of(desk.system).content_hash
    assert content["protocols"][0]["content_hash"] == desk.protocol.versions.get().content_hash
    assert (content["executions"][0]["passed"], content["executions"][0]["failed"]) == (2, 1)
    assert content["deviations"][0]["number"] == deviation.number
    assert content["items"] == [MODEL]
    assert [row["id"] for row in content["trace"]] == ["URS-001", "URS-002", "URS-003"]


@pytest.mark.clause("Annex 1 8.32")
def test_a_knapp_study_stands_in_the_report_with_the_result_that_quality_signed(desk: Desk):
    study = reported_study(desk)
    (found,) = report_facts(desk.system)["studies"]
    signed = study.versions.order_by("-number")[0]
    assert (found["number"], found["content_hash"]) == (study.number, signed.content_hash)
    assert found["passes"] is read_content(signed)["result"]["passes"]
    assert found["conclusion"]


def test_people_write_three_texts_and_nothing_else(desk: Desk):
    report = ready_report(desk)
    assert {name: report.content()[name] for name in TEXTS} == TEXTS
    with pytest.raises(StaleRevision) as refused:
        edit_report(report, actor=desk.colleague.actor(), revision=1, texts=TEXTS | {"limits": "None at all."})
    differences: Any = refused.value.facts["differences"]
    assert [row.label for row in differences] == ["Limits of use"]
    with pytest.raises(RoleNotAllowed):
        edit_report(report, actor=desk.qa.actor(), revision=report.revision, texts=TEXTS)


def test_an_empty_text_blocks_the_signature(desk: Desk):
    report = ready_report(desk)
    edit_report(report, actor=desk.engineer.actor(), revision=report.revision, texts=TEXTS | {"limits": " "})
    with pytest.raises(ReportTextMissing, match="limits of use"):
        open_ceremony(desk.fresh(report), "approve", actor=desk.engineer.actor())


def test_a_report_of_other_records_than_today_is_brought_up_to_date_first(desk: Desk):
    report = ready_report(desk)
    pass_run(desk)
    with pytest.raises(ReportOutdated):
        open_ceremony(report, "approve", actor=desk.engineer.actor())
    refresh_report(report, actor=desk.engineer.actor())
    sign(report, "approve", desk.engineer)
    assert desk.fresh(report).content()["summary"] == TEXTS["summary"]


def test_one_report_at_a_time_until_it_is_withdrawn(desk: Desk):
    report = ready_report(desk)
    with pytest.raises(ReportExists, match=report.number):
        draft_report(desk.system, actor=desk.engineer.actor())
    perform_transition(report, "withdraw", actor=desk.engineer.actor(), reason="begun too early")
    assert draft_report(desk.system, actor=desk.engineer.actor()).number != report.number


@pytest.mark.clause("11.10(g)", "11.50(a)")
def test_three_roles_sign_in_their_order_and_nobody_twice(desk: Desk):
    report, quality = ready_report(desk), second_qa(desk)
    sign(report, "approve", desk.engineer)
    with pytest.raises(OwnerSignsNext, match="Maria Chen"):
        open_ceremony(desk.fresh(report), "approve", actor=quality.actor())
    sign(report, "approve", desk.qa)
    with pytest.raises(SignerHoldsSeat):
        open_ceremony(desk.fresh(report), "approve", actor=desk.qa.actor())
    sign(report, "approve", quality)
    meanings = report.signatures.order_by("id").values_list("seat", "meaning", "printed_name")
    assert list(meanings) == [
        ("author", "authorship", "Vera Lind"),
        ("owner", "responsibility", "Maria Chen"),
        ("quality", "approval", "Quentin Abel"),
    ]


@pytest.mark.clause("11.10(a)", "11.10(f)")
def test_the_last_signature_calls_the_system_validated_by_an_act_of_its_own(desk: Desk):
    report = ready_report(desk)
    with pytest.raises(NotShownByReport):
        perform_transition(desk.fresh(desk.system), "validate", actor=desk.qa.actor())
    approve_report(desk, report, second_qa(desk))
    assert desk.fresh(desk.system).state == "validated"
    event = Event.objects.get(act="validation.system.validated", record_id=desk.system.pk)
    assert (event.actor_name, event.details["report"]) == ("Quentin Abel", report.number)
    with pytest.raises(RecordNotEditable):
        refresh_report(report, actor=desk.engineer.actor())


@pytest.mark.clause("11.10(a)", "Annex 11 10")
def test_any_other_item_than_the_report_listed_shows_as_changed_since_validation(desk: Desk):
    first = add_item(desk.system, actor=desk.engineer.actor(), reason=REASON, **MODEL)
    report = approve_report(desk, ready_report(desk), second_qa(desk))
    assert standing_of(desk.system).report == report
    assert standing_of(desk.system).changes == ()
    end_item(first, actor=desk.engineer.actor(), reason="retrained on more units")
    assert [one.text for one in standing_of(desk.system).changes] == ["vial-identity 1.0 is no longer in use."]
    add_item(desk.system, actor=desk.engineer.actor(), reason=REASON, **MODEL | {"sha256": "cd" * 32})
    assert [one.text for one in standing_of(desk.system).changes] == [
        "vial-identity 1.0 has another SHA-256 than listed."
    ]
    with pytest.raises(NotShownByReport):
        perform_transition(desk.fresh(desk.system), "validate", actor=desk.qa.actor())
    assert "item_changed" in codes(desk)


@pytest.mark.clause("11.10(a)")
def test_a_later_report_validates_the_changed_system_again(desk: Desk):
    quality = second_qa(desk)
    first = approve_report(desk, ready_report(desk), quality)
    add_item(desk.system, actor=desk.engineer.actor(), reason=REASON, **MODEL)
    pass_run(desk)
    later = draft_report(desk.system, actor=desk.engineer.actor())
    edit_report(later, actor=desk.engineer.actor(), revision=later.revision, texts=TEXTS)
    approve_report(desk, later, quality)
    assert standing_of(desk.system).report == later != first
    assert standing_of(desk.system).changes == ()


def test_a_signed_report_stays_as_it_was_when_the_system_changes(desk: Desk):
    report = approve_report(desk, ready_report(desk), second_qa(desk))
    add_item(desk.system, actor=desk.engineer.actor(), reason=REASON, **MODEL)
    version = report.versions.get()
    assert read_content(version) == desk.fresh(report).content()
    assert version.number == 1


def test_the_standing_of_many_systems_takes_as_many_queries_as_of_one(desk: Desk):
    others = [make_system(desk.engineer, owner=desk.qa, title=f"System {number}") for number in range(3)]
    with CaptureQueriesContext(connection) as queries:
        assert len(standings_of([desk.system, *others])) == 4
    assert len(queries) == 2


def test_the_facts_take_as_many_queries_for_many_runs_as_for_one(desk: Desk):
    approve_plan(desk.system, desk.engineer, desk.qa)
    pass_run(desk)
    with CaptureQueriesContext(connection) as one:
        report_facts(desk.system)
    _, deviation = desk.failed_run()
    desk.dispose(deviation)
    with CaptureQueriesContext(connection) as more:
        report_facts(desk.system)
    assert len(more) == len(one)
