"""The pages of Knapp studies and data sets: from the design to the signed report, from the manifest to its opening."""

from __future__ import annotations

import csv
import io
import zipfile
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from qms.validating.study_charts import draw_classes, draw_grid
from records.clock import now
from records.models import Event
from tests.qms.validating.test_pages import get, post, text
from tests.validation.desk import PICTURE, Desk, sign
from tests.validation.study_desk import (
    CONTAINERS,
    REJECTS,
    all_runs,
    an_item,
    approved_study,
    draft_set,
    draft_study,
    inspectors,
    reported_study,
    set_facts,
    signed_set,
    table_of,
    take_runs,
)
from validation.models import DataSet, KnappStudy

pytestmark = [pytest.mark.django_db, pytest.mark.clause("Annex 1 8.32")]

DESIGN = {
    "title": "Machine against people",
    "purpose": "Shows equivalence.",
    "machine": "Model 1.0, reject at 0.90",
    "good_planned": "6",
    "reject_planned": "4",
    "rounds": "2",
    "machine_runs": "2",
    "reading": "exact",
    "false_reject_limit": "2.5",
}


def container_table() -> str:
    lines = [f"{row.container};{row.kind};{row.defect_class};{row.severity}" for row in CONTAINERS]
    return "\n".join(("container;kind;class;severity", *lines))


def test_an_engineer_designs_a_study_and_lists_its_containers(desk: Desk):
    page = text(get(desk.engineer, "study-new", desk.system.number))
    assert 'value="170"' in page
    assert 'value="80"' in page
    refused = post(
        desk.engineer, "study-new", desk.system.number, **DESIGN, inspectors="code;name;qualified\nM;A;2026-01-01"
    )
    assert refused.status_code == 422
    assert "M is the machine" in text(refused)
    post(desk.engineer, "study-new", desk.system.number, **DESIGN, inspectors=inspectors())
    study = KnappStudy.objects.get()
    faulty = post(desk.engineer, "study-containers", study.number, table="container;kind\nV-1;odd")
    assert "1 with a fault" in text(faulty)
    assert 'name="confirm"' not in text(faulty)
    preview = post(desk.engineer, "study-containers", study.number, table=container_table())
    assert "10 containers, 0 with a fault" in text(preview)
    assert not KnappStudy.objects.get().containers
    post(desk.engineer, "study-containers", study.number, table=container_table(), confirm="1")
    assert len(KnappStudy.objects.get().containers) == 10
    edit = text(get(desk.engineer, "study-edit", study.number))
    assert "I2; Inspector 2" in edit
    study = KnappStudy.objects.get()
    given = DESIGN | {"title": "Renamed", "inspectors": inspectors(), "revision": study.revision}
    assert post(desk.engineer, "study-edit", study.number, **given).status_code == 302
    assert KnappStudy.objects.get().title == "Renamed"
    assert study.number in text(get(desk.qa, "study-list"))


@pytest.mark.clause("Annex 1 8.31")
def test_a_sheet_is_printed_and_sent_without_any_label(desk: Desk):
    draft = draft_study(desk)
    assert get(desk.engineer, "study-sheet", draft.number, "I1-01").status_code == 409
    study = approved_study(desk)
    page = text(get(desk.engineer, "study-sheet", study.number, "I1-01"))
    sent = get(desk.engineer, "study-sheet-csv", study.number, "I1-01")
    rows = list(csv.DictReader(io.StringIO(sent.content.decode())))
    assert [row["place"] for row in rows] == [str(place) for place in range(1, 11)]
    assert "Inspector 1" in page
    order = [page.index(f">{row['container']}<") for row in rows]
    assert order == sorted(order)
    assert not any(word in page.partition("<main")[2] for word in ("crack", "particle", "critical"))
    assert get(desk.engineer, "study-sheet", study.number, "I9-01").status_code == 404


def test_runs_are_shown_with_their_faults_before_anything_is_stored(desk: Desk):
    study = approved_study(desk)
    today = now().date().isoformat()
    broken = all_runs(study).replace("V-03", "V-99")
    shown = text(post(desk.engineer, "study-runs", study.number, table=broken, taken_on=today))
    assert "the study has no container “V-99”" in shown
    assert "V-03 is missing" in shown
    assert 'name="confirm"' not in shown
    forced = post(desk.engineer, "study-runs", study.number, table=broken, taken_on=today, confirm="1")
    assert forced.status_code == 422
    assert not study.runs.exists()
    whole = SimpleUploadedFile("runs.csv", all_runs(study).encode())
    preview = text(post(desk.engineer, "study-runs", study.number, file=whole, taken_on=today))
    assert "6 whole runs" in preview
    stored = post(
        desk.engineer, "study-runs", study.number, table=all_runs(study), taken_on=today, confirm="1", follow=True
    )
    assert "6 runs are stored" in text(stored)
    assert "Runs: 6 of 6" in text(stored)
    again = {"table": table_of(study, {"M-01": REJECTS}), "taken_on": today, "confirm": "1"}
    refused = post(desk.engineer, "study-runs", study.number, **again)
    assert refused.status_code == 422
    post(desk.engineer, "study-runs", study.number, **again, reason="the first export was cut off")
    assert "imported again by Vera Lind" in text(get(desk.engineer, "study-detail", study.number))


def test_the_result_shows_verdict_pictures_and_blind_spots(desk: Desk):
    study = approved_study(desk)
    take_runs(desk, study, all_runs(study, machine=("V-05", "V-08", "V-10", "V-01")))
    page = text(get(desk.reviewer, "study-detail", study.number))
    assert "The study does not pass." in page
    assert "Critical containers escape the machine." in page
    assert "The machine rejects too many good containers." in page
    assert page.count("<svg") >= 2
    assert "1 containers with people’s factor 10 and the machine’s 0" in page
    post(desk.engineer, "study-conclusion", study.number, conclusion="It misses the crack.")
    assert "It misses the crack." in text(get(desk.engineer, "study-detail", study.number))


def test_a_reported_study_says_that_it_passes(desk: Desk):
    study = reported_study(desk)
    page = text(get(desk.qa, "study-detail", study.number))
    assert "at least as good as people" in page
    assert "Maria Chen" in page
    assert "Import runs" not in page


def test_a_design_without_runs_is_opened_for_revision(desk: Desk):
    study = approved_study(desk)
    post(desk.engineer, "study-revise", study.number, reason="one more inspector")
    assert KnappStudy.objects.get(pk=study.pk).state == "draft"


def test_bubbles_stand_where_their_factors_say_and_bars_share_one_scale():
    counts = [[0] * 11 for _ in range(11)]
    counts[0][0], counts[10][7] = 16, 4
    low, high = draw_grid(counts).bubbles
    assert (low.manual, low.machine, high.manual, high.machine) == (0, 0, 7, 10)
    assert low.x < high.x
    assert low.y > high.y
    assert low.radius > high.radius >= 9
    bars = draw_classes(
        [{"class": "a", "manual_sum": 10, "machine_sum": 5}, {"class": "b", "manual_sum": 5, "machine_sum": 10}]
    )
    assert [(bar.manual_width, bar.machine_width, bar.is_worse) for bar in bars.bars] == [
        (360, 180, True),
        (180, 360, False),
    ]


def facts(**changes: str) -> dict[str, str]:
    made = set_facts(**changes)
    names = ("title", "description", "size_reason", "strata", "criteria", "incumbent")
    return {name: getattr(made, name) for name in names}


@pytest.mark.clause("Annex 22 5")
def test_a_manifest_is_shown_with_its_faults_and_then_added_whole(desk: Desk):
    post(desk.engineer, "set-new", desk.system.number, **facts(), purpose="test")
    made = DataSet.objects.get()
    table = "name;sha256;stratum;label;verifier\n" + "\n".join(
        f"{name};{an_item(name).sha256};crack;reject;Rita Berg" for name in ("a.png", "b.png")
    )
    broken = post(desk.engineer, "set-import", made.number, table=table.replace(";crack", ";", 1), confirm="1")
    assert broken.status_code == 422
    assert "it needs a name and a stratum" in text(broken)
    preview = text(post(desk.engineer, "set-import", made.number, table=table))
    assert "2 items, 0 with a fault" in preview
    assert not made.items.exists()
    assert "2 items are added" in text(
        post(desk.engineer, "set-import", made.number, table=table, confirm="1", follow=True)
    )
    row = made.items.get(name="b.png")
    post(desk.engineer, "set-exclude", made.number, row.pk, reason="the picture is out of focus")
    page = text(get(desk.engineer, "set-detail", made.number))
    assert "excluded: the picture is out of focus" in page
    assert "too few" in page
    given = facts(title="Renamed") | {"revision": str(DataSet.objects.get().revision)}
    assert post(desk.engineer, "set-edit", made.number, **given).status_code == 302
    assert "Renamed" in text(get(desk.engineer, "set-list"))


def test_a_zip_draws_the_table_up_and_its_folder_is_the_stratum(desk: Desk):
    made = draft_set(desk)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("crack/a.png", PICTURE)
        archive.writestr("dent/b.png", PICTURE.replace(b"IDAT", b"IDAT"))
    shown = post(desk.engineer, "set-import", made.number, archive=SimpleUploadedFile("set.zip", packed.getvalue()))
    page = text(shown)
    assert "drawn up from the zip" in page
    assert "the same file stands there twice" in page
    broken = io.BytesIO()
    with zipfile.ZipFile(broken, "w") as archive:
        archive.writestr("a.png", b"no picture")
    refused = post(desk.engineer, "set-import", made.number, archive=SimpleUploadedFile("set.zip", broken.getvalue()))
    assert refused.status_code == 422
    assert "a.png" in text(refused)


@pytest.mark.clause("Annex 22 6")
def test_overlapping_items_are_named_on_the_page_of_the_draft(desk: Desk):
    training = signed_set(desk, "train", [an_item("t.png", unit="vial 7"), an_item("u.png")])
    made = draft_set(desk, items=[an_item("a.png", unit="vial 7"), an_item("b.png")])
    page = text(get(desk.colleague, "set-detail", made.number))
    assert "Pairs that are not independent: 1" in page
    assert f"a.png is the same physical unit as t.png of {training.number}" in page
    post(desk.colleague, "set-exclude-shared", made.number, reason="the training set holds them too")
    assert list(made.items.values_list("name", "excluded_because").order_by("pk")) == [
        ("a.png", "the training set holds them too"),
        ("b.png", ""),
    ]
    again = post(desk.colleague, "set-exclude-shared", made.number, reason="once more, to be sure")
    assert (again.status_code, "shares no item" in text(again)) == (422, True)


@pytest.mark.clause("Annex 22 6")
def test_a_sealed_set_shows_no_label_until_it_is_opened_and_then_who_read_it(desk: Desk):
    sealed = signed_set(desk)
    page = text(get(desk.engineer, "set-detail", sealed.number))
    assert "shown to nobody" in page
    assert "test-1.png" not in page
    assert get(desk.engineer, "set-manifest", sealed.number).status_code == 403
    sign(sealed, "open", desk.qa, reason="final check of model 1.0")
    page = text(get(desk.engineer, "set-detail", sealed.number))
    assert "test-1.png" in page
    assert "final check of model 1.0" in page
    sent = get(desk.engineer, "set-manifest", sealed.number)
    rows = list(csv.DictReader(io.StringIO(sent.content.decode())))
    assert [(row["name"], row["label"]) for row in rows] == [("test-1.png", "reject"), ("test-2.png", "reject")]
    assert Event.objects.filter(act="validation.dataset.manifest_read", actor=desk.engineer.user).count() == 1
    post(desk.qa, "set-consume", sealed.number, reference="CR-2026-0003", reason="retrained after it")
    assert "CR-2026-0003: retrained after it" in text(get(desk.engineer, "set-detail", sealed.number))


def test_a_signed_training_set_is_opened_for_revision(desk: Desk):
    made = signed_set(desk, "train")
    post(desk.engineer, "set-revise", made.number, reason="one more stratum")
    assert DataSet.objects.get(pk=made.pk).state == "draft"


def test_the_page_of_a_system_lists_its_studies_and_sets(desk: Desk):
    study, made = draft_study(desk, false_reject_limit=Decimal(1)), draft_set(desk)
    page = text(get(desk.engineer, "system-detail", desk.system.number))
    assert study.number in page
    assert made.number in page
