"""The pages of data-flow diagrams: tables in, picture and findings out, nothing typed is lost or taken for markup."""

from __future__ import annotations

from typing import Any

import pytest

from tests.qms.validating.test_pages import get, post, text
from tests.validation.desk import Desk
from tests.validation.flows import approve_data_flow, make_data_flow
from validation.data_flows import edit_data_flow
from validation.models import DataFlow

pytestmark = [pytest.mark.django_db, pytest.mark.clause("Annex 11 4.3")]


@pytest.fixture
def flow(desk: Desk) -> DataFlow:
    return make_data_flow(desk)


def fields_of(page: Any) -> dict[str, Any]:
    """Return what a browser would send back of the tables, unchanged."""
    table = page.context["table"]
    sent = {"revision": table.revision}
    for form in (*table.stages, *table.links):
        for field in form:
            value = field.value()
            if value not in (None, "", False):
                sent[field.html_name] = value
    return sent


def test_a_diagram_is_drafted_and_drawn_from_its_tables(desk: Desk):
    made = post(desk.engineer, "data-flow-new", desk.system.number, title="Results", scope="Line 1", follow=True)
    found = DataFlow.objects.get(title="Results")
    assert "No stages yet." in text(made)
    rows = {"s-new-1-name": "Camera", "s-new-1-kind": "create", "s-new-2-name": "Ledger", "s-new-2-kind": "store"}
    rows |= {"f-new-1-source": "new 1", "f-new-1-target": "new 2", "f-new-1-what": "photographs"}
    page = post(desk.engineer, "data-flow-detail", found.number, revision=found.revision, follow=True, **rows)
    shown = text(page)
    assert "S1 Camera" in shown
    assert "<polyline" in shown
    assert "S2 Ledger stores data without an audit trail." in shown
    assert "2 findings, 2 to be mended or given a reason before approval." in shown
    assert found.number in text(get(desk.engineer, "system-detail", desk.system.number))


def test_saving_what_was_shown_changes_nothing(desk: Desk, flow: DataFlow):
    before = flow.content()
    sent = fields_of(get(desk.engineer, "data-flow-detail", flow.number))
    assert post(desk.engineer, "data-flow-detail", flow.number, **sent).status_code == 302
    assert desk.fresh(flow).content() == before


def test_a_refused_table_comes_back_as_it_was_typed(desk: Desk, flow: DataFlow):
    sent = fields_of(get(desk.engineer, "data-flow-detail", flow.number))
    page = post(desk.engineer, "data-flow-detail", flow.number, **sent | {"s-S1-name": "", "s-S2-name": "Importer 2"})
    assert page.status_code == 422
    assert "Stage S1 cannot be saved: it has no name." in text(page)
    assert "Importer 2" in text(page)
    assert desk.fresh(flow).content() == flow.content()


@pytest.mark.clause("11.10(e)")
def test_a_stale_table_shows_what_differs_and_can_be_saved_once_more(desk: Desk, flow: DataFlow):
    sent = fields_of(get(desk.engineer, "data-flow-detail", flow.number))
    theirs = sent | {"s-S1-name": "Second camera", "f-F1-controls": ["integrity_check"]}
    post(desk.colleague, "data-flow-detail", flow.number, **theirs)
    page = post(desk.engineer, "data-flow-detail", flow.number, **sent | {"s-S1-records": "pictures"})
    assert page.status_code == 422
    assert "Karl Berg changed this record at" in text(page)
    assert {(row.row, row.label, row.stored, row.typed) for row in page.context["table"].differences} == {
        ("S1", "Stage", "Second camera", "Camera"),
        ("S1", "Records", "photographs", "pictures"),
        ("F1", "Controls", "integrity check", "integrity check, encryption"),
    }
    again = fields_of(page)
    assert post(desk.engineer, "data-flow-detail", flow.number, **again).status_code == 302
    assert desk.fresh(flow).content()["stages"][0]["records"] == "pictures"


def test_a_finding_gets_its_reason_and_a_refused_one_comes_back(desk: Desk, flow: DataFlow):
    sent = fields_of(get(desk.engineer, "data-flow-detail", flow.number))
    post(desk.engineer, "data-flow-detail", flow.number, **sent | {"s-new-1-name": "Spare", "s-new-1-kind": "process"})
    finding = "S4 Spare has no flow."
    refused = post(desk.engineer, "data-flow-explain", flow.number, finding=finding, reason="n/a")
    assert refused.status_code == 422
    assert 'value="n/a"' in text(refused)
    kept = post(desk.engineer, "data-flow-explain", flow.number, finding=finding, reason="not connected", follow=True)
    assert "Stays, says Vera Lind: not connected" in text(kept)
    assert "1 finding, 0 to be mended" in text(kept)


@pytest.mark.assurance("D4")
def test_no_name_becomes_markup_on_the_page(desk: Desk, flow: DataFlow):
    sent = fields_of(get(desk.engineer, "data-flow-detail", flow.number))
    evil = "</text></svg><script>alert(1)</script>"
    sent |= {"s-S1-name": evil, "s-S1-records": "\"' onload=x", "f-F1-what": evil}
    page = post(desk.engineer, "data-flow-detail", flow.number, follow=True, **sent)
    body = page.content.decode()
    assert "<script>alert" not in body
    assert "&lt;script&gt;alert(1)" in body
    assert 'style="' not in body


def test_an_approved_diagram_shows_no_fields_and_is_opened_with_a_reason(desk: Desk):
    flow = approve_data_flow(desk)
    page = text(get(desk.engineer, "data-flow-detail", flow.number))
    assert "Save diagram" not in page
    post(desk.engineer, "data-flow-revise", flow.number, reason="a second camera")
    edited = {"title": "Both cameras", "scope": "Line 1", "revision": desk.fresh(flow).revision}
    post(desk.engineer, "data-flow-edit", flow.number, **edited)
    stale = post(desk.engineer, "data-flow-edit", flow.number, **edited | {"title": "Late"})
    assert stale.status_code == 422
    assert "Late" in text(stale)
    edit_data_flow(flow, actor=desk.engineer.actor(), revision=desk.fresh(flow).revision, title="X", scope="Y")
    assert "Save diagram" in text(get(desk.engineer, "data-flow-detail", flow.number))
    assert "Save diagram" not in text(get(desk.reviewer, "data-flow-detail", flow.number))
