"""Data-flow diagrams: saved as tables, checked in words, approved only when each finding is mended or answered."""

from __future__ import annotations

import io

import pypdf
import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from records.errors import ReasonMissing, RecordNotEditable, RoleNotAllowed, StaleRevision
from records.models import Change, Event
from records.stores import file_store
from records.workflow import perform_transition
from signatures.ceremonies import open_ceremony
from signatures.renditions import make_rendition
from signatures.subjects import subject_of
from tests.validation.desk import REASON, Desk, sign
from tests.validation.flows import STAGES, make_data_flow
from tests.validation.test_data_flow_layout import diagrams
from validation.data_flows import (
    LinkRow,
    StageRow,
    draft_data_flow,
    edit_data_flow,
    explain_finding,
    findings_of,
    save_diagram,
    unanswered,
)
from validation.diagrams import AUDIT_TRAIL, INTEGRITY_CHECK, INTERFACE, STORE, Diagram, find_findings, fold
from validation.errors_data_flows import (
    DiagramEmpty,
    DiagramRowNotWhole,
    DiagramTooLarge,
    FindingsUnanswered,
    FindingUnknown,
)
from validation.inventory import add_item
from validation.models import DataFlow
from validation.subjects_data_flows import data_flow_tables

pytestmark = pytest.mark.clause("Annex 11 4.3")


@pytest.fixture
def flow(desk: Desk) -> DataFlow:
    return make_data_flow(desk)


def rows_of(flow: DataFlow) -> tuple[list[StageRow], list[LinkRow]]:
    content = flow.content()
    return (
        [StageRow(r["id"], r["name"], r["kind"], r["records"], tuple(r["controls"])) for r in content["stages"]],
        [LinkRow(r["id"], r["from"], r["to"], r["data"], tuple(r["controls"])) for r in content["flows"]],
    )


def save(desk: Desk, flow: DataFlow, stages: list[StageRow], links: list[LinkRow]) -> DataFlow:
    return save_diagram(flow, stages, links, actor=desk.engineer.actor(), revision=desk.fresh(flow).revision)


@pytest.mark.django_db
def test_rows_get_ids_of_their_own_and_keep_them_when_others_are_taken_out(desk: Desk, flow: DataFlow):
    stages, links = rows_of(flow)
    assert [row.key for row in stages] == ["S1", "S2", "S3"]
    assert [(row.source, row.target) for row in links] == [("S1", "S2"), ("S2", "S3")]
    stages[1] = StageRow("S2", "Import", "process", is_removed=True)
    links = [LinkRow(row.key, row.source, row.target, is_removed=True) for row in links]
    save(desk, flow, [*stages, StageRow("n", "Archive", "store")], [*links, LinkRow("m", "S3", "n", "copies")])
    content = desk.fresh(flow).content()
    assert [row["id"] for row in content["stages"]] == ["S1", "S3", "S4"]
    assert [(row["id"], row["from"], row["to"]) for row in content["flows"]] == [("F1", "S3", "S4")]


@pytest.mark.django_db
@pytest.mark.clause("11.10(e)")
def test_only_rows_that_differ_are_written_and_every_change_is_in_the_trail(desk: Desk, flow: DataFlow):
    stages, links = rows_of(flow)
    stages[0] = StageRow("S1", "Line camera", "create", "photographs", ("access_control",))
    save(desk, flow, stages, links)
    event = Event.objects.filter(act="validation.data_flow.changed").latest("id")
    changed = Change.objects.filter(event=event, table_name__in=("validation_flowstage", "validation_flowlink"))
    assert [row.new for row in changed] == [{"name": "Line camera"}]


@pytest.mark.django_db
@pytest.mark.clause("11.10(e)")
def test_who_saves_what_others_changed_meanwhile_is_refused(desk: Desk, flow: DataFlow):
    stages, links = rows_of(flow)
    seen = flow.revision
    edit_data_flow(flow, actor=desk.colleague.actor(), revision=seen, title="All photographs", scope="Line 1")
    with pytest.raises(StaleRevision, match="Karl Berg"):
        save_diagram(flow, stages, links, actor=desk.engineer.actor(), revision=seen)
    with pytest.raises(StaleRevision):
        edit_data_flow(flow, actor=desk.engineer.actor(), revision=seen, title="Mine", scope="")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("stages", "links", "why"),
    [
        ([StageRow("a", " ", "create")], [], "Stage a cannot be saved: it has no name"),
        ([StageRow("a", "x", "")], [], "it has no kind"),
        ([StageRow("a", "x", "cloud")], [], "it has no kind"),
        ([StageRow("a", "x", "store", "", ("magic",))], [], "a control that is not known"),
        ([StageRow("a", "x", "store")], [LinkRow("F1", "a", "a", "all")], "Flow F1 cannot be saved: it leads from"),
        ([StageRow("a", "x", "store")], [LinkRow("F1", "a", "z", "all")], "a stage at both ends"),
        ([*STAGES[:2]], [LinkRow("F1", "a", "b", " ")], "does not say which data"),
        ([*STAGES[:2]], [LinkRow("F1", "a", "b", "all", ("backup",))], "no flow can have"),
        ([STAGES[0], StageRow("S3", "x", "store", is_removed=True)], [LinkRow("F", "a", "S3", "x")], "not taken out"),
    ],
)
def test_what_could_not_be_drawn_is_refused_and_nothing_is_saved(
    desk: Desk, flow: DataFlow, stages: list[StageRow], links: list[LinkRow], why: str
):
    before = flow.content()
    with pytest.raises(DiagramRowNotWhole, match=why):
        save(desk, flow, stages, links)
    assert desk.fresh(flow).content() == before


@pytest.mark.django_db
def test_a_stage_is_not_taken_out_from_under_a_flow_that_was_not_sent(desk: Desk, flow: DataFlow):
    with pytest.raises(DiagramRowNotWhole, match="F1 cannot be saved: it leads to or from a stage that is taken out"):
        save(desk, flow, [StageRow("S1", "Camera", "create", is_removed=True)], [])
    assert len(desk.fresh(flow).content()["stages"]) == 3


@pytest.mark.django_db
def test_a_diagram_stays_small_enough_to_read(desk: Desk, flow: DataFlow):
    with pytest.raises(DiagramTooLarge, match="at most 40 stages"):
        save(desk, flow, [StageRow(f"n{n}", "x", "process") for n in range(41)], [])


@pytest.mark.django_db
def test_approval_waits_until_each_finding_is_mended_or_given_a_reason(desk: Desk, flow: DataFlow):
    add_item(desk.system, actor=desk.engineer.actor(), kind=INTERFACE, name="Site  LIMS", version="9", reason=REASON)
    stages, links = rows_of(flow)
    links[0] = LinkRow("F1", "S1", "S2", "delivery")
    save(desk, flow, [*stages, StageRow("n", "Spare", "process")], links)
    assert [row.text for row in findings_of(flow)] == [
        "F1, from S1 Camera to S2 Import, has no integrity check.",
        "S4 Spare has no flow.",
        "The interface Site  LIMS of the inventory is not drawn.",
    ]
    with pytest.raises(FindingsUnanswered, match="3 of its findings"):
        open_ceremony(desk.fresh(flow), "approve", actor=desk.engineer.actor())
    spare = "S4 Spare has no flow."
    with pytest.raises(ReasonMissing):
        explain_finding(flow, actor=desk.engineer.actor(), finding=spare, reason="")
    explain_finding(flow, actor=desk.engineer.actor(), finding=spare, reason="The spare is not connected yet.")
    with pytest.raises(FindingUnknown):
        explain_finding(flow, actor=desk.engineer.actor(), finding="S9 x has no flow.", reason="made up by me")
    stages, links = rows_of(desk.fresh(flow))
    links[0] = LinkRow("F1", "S1", "S2", "delivery", (INTEGRITY_CHECK,))
    links.append(LinkRow("n1", "S3", "n", "results", (INTEGRITY_CHECK,)))
    save(desk, flow, [*stages, StageRow("n", "site lims", INTERFACE)], links)
    assert not unanswered(desk.fresh(flow))
    sign(flow, "approve", desk.engineer)
    sign(flow, "approve", desk.qa)
    assert desk.fresh(flow).state == "approved"
    assert "not connected yet" in str(subject_of(flow.kind).facts(desk.fresh(flow).content()))


@pytest.mark.django_db
def test_a_reason_falls_away_with_its_finding(desk: Desk, flow: DataFlow):
    stages, links = rows_of(flow)
    save(desk, flow, [*stages, StageRow("n", "Spare", "process")], links)
    explain_finding(flow, actor=desk.engineer.actor(), finding="S4 Spare has no flow.", reason="not connected yet")
    stages, links = rows_of(desk.fresh(flow))
    stages[3] = StageRow("S4", "Second spare", "process")
    save(desk, flow, stages, links)
    assert desk.fresh(flow).reasons == []
    assert [row.text for row in unanswered(desk.fresh(flow))] == ["S4 Second spare has no flow."]


@pytest.mark.django_db
@pytest.mark.clause("11.10(f)", "11.10(g)")
def test_an_approved_diagram_is_changed_only_after_it_is_opened_with_a_reason(desk: Desk, flow: DataFlow):
    empty = draft_data_flow(desk.system, actor=desk.engineer.actor(), title="Empty", scope="Nothing")
    with pytest.raises(DiagramEmpty):
        open_ceremony(empty, "approve", actor=desk.engineer.actor())
    with pytest.raises(RoleNotAllowed):
        save_diagram(flow, [], [], actor=desk.reviewer.actor(), revision=flow.revision)
    sign(flow, "approve", desk.engineer)
    sign(flow, "approve", desk.qa)
    with pytest.raises(RecordNotEditable):
        save(desk, flow, *rows_of(flow))
    with pytest.raises(ReasonMissing):
        perform_transition(desk.fresh(flow), "revise", actor=desk.engineer.actor())
    perform_transition(desk.fresh(flow), "revise", actor=desk.engineer.actor(), reason="a second camera")
    assert desk.fresh(flow).content()["reopenings"][0]["reason"] == "a second camera"


@pytest.mark.django_db
@pytest.mark.clause("11.10(b)")
@pytest.mark.assurance("D4")
def test_the_pdf_holds_the_drawing_and_the_tables_and_no_name_becomes_markup(desk: Desk, flow: DataFlow):
    stages, links = rows_of(flow)
    evil = "<script>alert(1)</script>\"'&"
    stages[0] = StageRow("S1", evil, "create", "</text><image href='http://203.0.113.1/'/>", ("access_control",))
    links[0] = LinkRow("F1", "S1", "S2", "]]><!--", (INTEGRITY_CHECK,))
    save(desk, flow, stages, links)
    content = desk.fresh(flow).content()
    drawn = render_to_string("validation/data_flow_drawing.html", data_flow_tables(content) | {"content": content})
    assert "<script" not in drawn
    assert "<image" not in drawn
    assert "&lt;script&gt;" in drawn
    sign(flow, "approve", desk.engineer)
    sign(flow, "approve", desk.qa)
    made = make_rendition(desk.fresh(flow).versions.get(), "approve")
    pdf = pypdf.PdfReader(io.BytesIO(file_store().read_checked(made.file_id)))
    text = " ".join("".join(page.extract_text() for page in pdf.pages).split())
    assert text.count("File store") >= 3  # in the drawing and in both tables
    assert "alert(1)" in text
    assert "checked photographs" in text


@given(diagrams(), st.lists(st.text(max_size=20), max_size=4))
def test_the_findings_are_exactly_what_is_lacking(diagram: Diagram, interfaces: list[str]):
    found = [row.text for row in find_findings(diagram, interfaces=interfaces)]
    stores = [row for row in diagram.stages if row.kind == STORE and AUDIT_TRAIL not in row.controls]
    bare = [row for row in diagram.links if INTEGRITY_CHECK not in row.controls]
    loose = [row for row in diagram.stages if not any(row.id in (link.source, link.target) for link in diagram.links)]
    drawn = {fold(row.name) for row in diagram.stages if row.kind == INTERFACE}
    missing = {name for name in interfaces if fold(name) not in drawn}
    assert len(found) == len(stores) + len(bare) + len(loose) + len(missing)
    assert all(f"{row.id} {row.name} stores data without an audit trail." in found for row in stores)
    assert all(f"{row.id} {row.name} has no flow." in found for row in loose)
    assert all(f"The interface {name} of the inventory is not drawn." in found for name in missing)
