"""Knapp studies: signed before a run is taken, blind, stored whole or not at all, reported with everything."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import DatabaseError, transaction

from records.acting import acting
from records.clock import now
from records.errors import ReasonMissing, RecordNotEditable, StaleRevision
from records.workflow import perform_transition
from signatures.ceremonies import open_ceremony
from tests.validation.desk import Desk, sign
from tests.validation.study_desk import (
    CONTAINERS,
    REJECTS,
    a_design,
    all_runs,
    approved_study,
    draft_study,
    inspectors,
    reported_study,
    table_of,
    take_runs,
)
from validation.errors_records import AuthorCannotApprove, TableNotReadable
from validation.errors_studies import (
    DesignNotSigned,
    RunDayImpossible,
    RunSheetUnknown,
    RunsNotWhole,
    RunsTaken,
    StudyDesignInvalid,
    StudyIncomplete,
    StudyInconclusive,
    StudyRunsOpen,
)
from validation.knapp_design import Container
from validation.models import KnappRun, KnappStudy
from validation.studies import containers_of, design_study, edit_design, set_containers, write_conclusion
from validation.study_runs import draw_sheet, import_runs, write_sheet

pytestmark = [pytest.mark.django_db, pytest.mark.clause("Annex 1 8.32")]

CONCLUSION = "The machine is at least as good as people."


@pytest.mark.clause("Annex 15 2.4")
def test_neither_sheet_nor_run_comes_before_the_signed_design(desk: Desk):
    study = draft_study(desk)
    sign(study, "approve", desk.engineer)
    study = desk.fresh(study)
    with pytest.raises(DesignNotSigned):
        draw_sheet(study, "I1-01")
    with pytest.raises(DesignNotSigned):
        take_runs(desk, study, all_runs(study))
    sign(study, "approve", desk.qa)
    study = desk.fresh(study)
    assert len(draw_sheet(study, "I1-01")) == len(CONTAINERS)
    take_runs(desk, study, all_runs(study))
    assert study.runs.count() == 6


def test_the_report_pins_the_design_that_was_signed_and_every_run(desk: Desk):
    study = reported_study(desk)
    content = study.content()
    assert study.state == "reported"
    assert content["design"]["content_hash"] == study.versions.get(number=1).content_hash
    assert len(content["runs"]) == 6
    assert content["result"]["passes"]
    assert content["result"]["zones"] == {"accept": 6, "gray": 0, "reject": 4}
    assert [row.meaning for row in study.signatures.order_by("id")] == ["authorship", "approval"] * 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"good_planned": 7}, "plans 7 containers from production and lists 6"),
        ({"reject_planned": 80}, "plans 80 known rejects and lists 4"),
        ({"inspectors": inspectors(qualified=dt.date(2020, 1, 1))}, "more than a year ago"),
    ],
)
def test_a_design_that_leaves_something_open_is_not_signed(desk: Desk, changes, said: str):
    study = draft_study(desk, **changes)
    with pytest.raises(StudyIncomplete, match=said):
        open_ceremony(study, "approve", actor=desk.engineer.actor())


@pytest.mark.clause("Annex 1 8.31")
def test_a_design_whose_numbers_tell_the_rejects_is_not_signed(desk: Desk):
    told = [Container(f"{'D' if row.kind == 'reject' else 'G'}-{row.container[2:]}", row.kind, row.defect_class,
                      row.severity) for row in CONTAINERS]  # fmt: skip
    study = draft_study(desk, told)
    with pytest.raises(StudyIncomplete, match="nobody would inspect blind"):
        open_ceremony(study, "approve", actor=desk.engineer.actor())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rounds": 0}, "at least 1"),
        ({"rounds": 99, "inspectors": inspectors(5)}, "plans 497 runs"),
        ({"reading": "both"}, "how 7 of 10 is read"),
        ({"inspectors": "code;name;qualified\nI1;Ana;2026-02-30"}, "no day of the calendar"),
        ({"false_reject_limit": 101}, "between 0 and 100"),
    ],
)
def test_a_design_that_cannot_be_is_refused(desk: Desk, changes, said: str):
    with pytest.raises(StudyDesignInvalid, match=said):
        design_study(desk.system, a_design(**changes), actor=desk.engineer.actor())


def test_a_table_of_containers_with_a_fault_is_refused_whole():
    with pytest.raises(StudyDesignInvalid, match="line 3: V-1 stands there twice"):
        containers_of("container;kind\nV-1;good\nV-1;good\n")


@pytest.mark.clause("11.10(f)")
def test_a_signed_design_is_not_edited_and_after_a_run_not_even_revised(desk: Desk):
    study = approved_study(desk)
    with pytest.raises(RecordNotEditable):
        edit_design(study, a_design(), actor=desk.engineer.actor(), revision=study.revision)
    with pytest.raises(RecordNotEditable):
        set_containers(study, CONTAINERS, actor=desk.engineer.actor())
    take_runs(desk, study, table_of(study, {"I1-01": REJECTS}))
    with pytest.raises(RunsTaken):
        perform_transition(study, "revise", actor=desk.engineer.actor(), reason="the limit is too strict")


def test_a_design_without_runs_is_revised_with_a_reason_and_signed_again(desk: Desk):
    study = approved_study(desk)
    perform_transition(study, "revise", actor=desk.engineer.actor(), reason="one more inspector")
    study = desk.fresh(study)
    edit_design(study, a_design(inspectors=inspectors(3)), actor=desk.engineer.actor(), revision=study.revision)
    with pytest.raises(DesignNotSigned):
        draw_sheet(desk.fresh(study), "I3-01")
    sign(study, "approve", desk.engineer)
    sign(study, "approve", desk.qa)
    assert len(draw_sheet(desk.fresh(study), "I3-01")) == len(CONTAINERS)


def test_a_stale_form_never_overwrites_a_design(desk: Desk):
    study = draft_study(desk)
    with pytest.raises(StaleRevision):
        edit_design(study, a_design(title="Late"), actor=desk.engineer.actor(), revision=study.revision - 1)


@pytest.mark.clause("Annex 1 8.31")
def test_a_sheet_is_shuffled_anew_for_each_run_and_shows_no_label(desk: Desk):
    study = approved_study(desk)
    sheets = {run: draw_sheet(study, run) for run in ("I1-01", "I1-02", "I2-01", "M-01")}
    assert len({tuple(sheet) for sheet in sheets.values()}) == 4
    assert all(sorted(sheet) == [row.container for row in CONTAINERS] for sheet in sheets.values())
    text = write_sheet(study, "I1-01")
    assert text.splitlines()[:2] == ["place,container,I1-01", f"1,{sheets['I1-01'][0]},"]
    assert not any(word in text for word in ("crack", "particle", "good", "critical"))
    with pytest.raises(RunSheetUnknown):
        draw_sheet(study, "I9-01")


def test_a_filled_sheet_is_imported_as_it_was_drawn(desk: Desk):
    study = approved_study(desk)
    filled = "\n".join(
        line + ("reject" if line.split(",")[1] in REJECTS else "accept") if number else line
        for number, line in enumerate(write_sheet(study, "I1-01").splitlines())
    )
    take_runs(desk, study, filled)
    assert study.runs.get().rejected == sorted(REJECTS)
    rows = filled.splitlines()
    first, second = rows[1].split(","), rows[2].split(",")
    rows[1:3] = [",".join((first[0], *second[1:])), ",".join((second[0], *first[1:]))]
    with pytest.raises(RunsNotWhole, match="at place 1"):
        take_runs(desk, study, "\n".join(rows), reason="typed anew from paper")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("V-03", "V-99"), "the study has no container “V-99”; V-03 is missing"),
        (lambda text: text.replace("V-03", "V-04"), "V-04 stands there twice; V-03 is missing"),
        (lambda text: text.replace("V-01;accept", "V-01;perhaps"), "I1-01 says “perhaps” of V-01"),
        (lambda text: text.replace("V-01;accept", "V-01;"), "I1-01 says “” of V-01"),
    ],
)
@pytest.mark.clause("11.10(h)")
def test_a_table_with_a_fault_stores_nothing_and_names_it(desk: Desk, change, said: str):
    study = approved_study(desk)
    text = table_of(study, {"I1-01": REJECTS, "M-01": REJECTS})
    with pytest.raises(RunsNotWhole) as refused:
        take_runs(desk, study, change(text))
    assert said in refused.value.text.replace("line 4: ", "").replace("line 5: ", "")
    assert not study.runs.exists()


def test_a_table_without_a_planned_run_is_not_read(desk: Desk):
    study = approved_study(desk)
    with pytest.raises(TableNotReadable, match="“i9-01” is none"):
        take_runs(desk, study, table_of(study, {"I9-01": REJECTS}))
    with pytest.raises(TableNotReadable, match="no column is headed with a run"):
        take_runs(desk, study, "container\nV-01")


@pytest.mark.clause("11.10(e)")
def test_a_run_that_is_imported_again_needs_a_reason_and_both_stay(desk: Desk):
    study = approved_study(desk)
    take_runs(desk, study, all_runs(study))
    again = table_of(study, {"M-01": ()})
    with pytest.raises(ReasonMissing):
        take_runs(desk, study, again)
    take_runs(desk, study, again, reason="the export was that of another lot")
    assert study.runs.count() == 7
    assert next(row for row in study.standing_runs() if row.run == "M-01").rejected == []
    assert [row["replaces_earlier"] for row in study.content()["runs"]] == [False] * 6 + [True]


@pytest.mark.assurance("C4")
def test_a_stored_run_is_never_rewritten(desk: Desk):
    study = approved_study(desk)
    take_runs(desk, study, all_runs(study))
    with (
        pytest.raises(DatabaseError),
        transaction.atomic(),
        acting(desk.engineer.actor(), "validation.study.edited", study, details={"what": "a run"}),
    ):
        KnappRun.objects.filter(run="M-01").update(rejected=[])


@pytest.mark.clause("11.10(f)")
@pytest.mark.parametrize(("days", "said"), [(-1, "its design was signed on"), (1, "that day has not come")])
def test_a_run_is_neither_older_than_its_design_nor_of_tomorrow(desk: Desk, days: int, said: str):
    study = approved_study(desk)
    signed = study.signatures.latest("id").signed_at.date()
    day = signed + dt.timedelta(days=days * 2)
    with pytest.raises(RunDayImpossible, match=said):
        import_runs(study, all_runs(study), actor=desk.engineer.actor(), taken_on=day)


def test_a_report_waits_for_every_run_and_for_a_conclusion(desk: Desk):
    study = approved_study(desk)
    take_runs(desk, study, table_of(study, {"I1-01": REJECTS}))
    with pytest.raises(StudyRunsOpen, match="5 of 6 runs, the next is I1-02"):
        open_ceremony(study, "report", actor=desk.engineer.actor())
    rest = {row.run: REJECTS for row in study.planned_runs[1:]}
    take_runs(desk, study, table_of(study, rest))
    with pytest.raises(StudyInconclusive, match="nobody wrote its conclusion"):
        open_ceremony(study, "report", actor=desk.engineer.actor())
    write_conclusion(study, CONCLUSION, actor=desk.engineer.actor())
    assert open_ceremony(study, "report", actor=desk.engineer.actor()).state == "open"


def test_a_study_in_which_people_rejected_nothing_shows_nothing(desk: Desk):
    study = approved_study(desk)
    take_runs(desk, study, all_runs(study, manual=()))
    write_conclusion(study, CONCLUSION, actor=desk.engineer.actor())
    with pytest.raises(StudyInconclusive, match="rejected no container often enough"):
        open_ceremony(study, "report", actor=desk.engineer.actor())


def test_a_failed_study_is_reported_as_failed(desk: Desk):
    study = approved_study(desk)
    take_runs(desk, study, all_runs(study, machine=("V-05", "V-08", "V-10")))
    result = desk.fresh(study).result()
    assert not result["passes"]
    assert result["critical_misses"] == result["never_rejected"] == ["V-02"]
    write_conclusion(study, "It misses the crack; the lamp is changed.", actor=desk.engineer.actor())
    sign(study, "report", desk.engineer)
    sign(study, "report", desk.qa)
    with pytest.raises(DesignNotSigned):
        take_runs(desk, study, all_runs(study), reason="we would like to try again")


@pytest.mark.clause("11.10(g)")
@pytest.mark.assurance("A6")
@pytest.mark.parametrize("action", ["approve", "report"])
def test_the_author_of_a_study_never_signs_for_its_quality(desk: Desk, action: str):
    both = desk.crew.add("both", "validation_engineer", "qa_manager")
    study = design_study(desk.system, a_design(), actor=both.actor())
    set_containers(study, CONTAINERS, actor=both.actor())
    if action == "report":
        sign(study, "approve", desk.engineer)
        sign(study, "approve", desk.qa)
        take_runs(desk, desk.fresh(study), all_runs(desk.fresh(study)))
        write_conclusion(study, CONCLUSION, actor=both.actor())
    sign(study, action, desk.engineer)
    with pytest.raises(AuthorCannotApprove):
        open_ceremony(desk.fresh(study), action, actor=both.actor())


def test_quality_abandons_a_study_and_its_runs_stay(desk: Desk):
    study = approved_study(desk)
    take_runs(desk, study, table_of(study, {"I1-01": REJECTS}))
    sign(study, "abandon", desk.qa, reason="two containers broke in the second round")
    assert KnappStudy.objects.get(pk=study.pk).state == "abandoned"
    assert study.runs.count() == 1
    with pytest.raises(DesignNotSigned):
        take_runs(desk, study, all_runs(study), reason="we would like to go on")


@pytest.mark.clause("Annex 1 8.31")
def test_a_run_by_somebody_whose_qualification_is_over_is_refused_by_name(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    today = now().date()
    study = approved_study(desk, inspectors=inspectors(qualified=today - dt.timedelta(days=365)))
    later = today + dt.timedelta(days=10)
    monkeypatch.setattr("validation.study_runs.timezone.localdate", lambda *at: today if at else later)
    with pytest.raises(RunsNotWhole, match=r"Inspector 1 was qualified on .* more than a year before"):
        import_runs(study, all_runs(study), actor=desk.engineer.actor(), taken_on=later)
    machine = table_of(study, {"M-01": REJECTS})
    assert len(import_runs(study, machine, actor=desk.engineer.actor(), taken_on=later)) == 1
