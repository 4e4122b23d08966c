"""Data sets: whole, verified, apart from each other; a sealed one is opened by signature and consumed once used."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction

from records.acting import acting
from records.errors import (
    ReasonMissing,
    RecordNotEditable,
    Refusal,
    RoleNotAllowed,
    StaleRevision,
    TransitionNotAllowed,
)
from records.models import Event
from records.uploads.deliveries import Quarantine
from records.workflow import perform_transition
from signatures.ceremonies import open_ceremony
from tests.validation.desk import PICTURE, Desk, sign
from tests.validation.study_desk import an_item, draft_set, file_hash, set_facts, signed_set
from validation.dataset_items import hash_zip, read_items, whole_items
from validation.datasets import add_items, begin_set, consume_set, edit_set, exclude_item, read_manifest
from validation.errors_records import AuthorCannotApprove
from validation.errors_studies import (
    CriteriaLocked,
    DeveloperCannotWitness,
    DeveloperOpensAlone,
    ItemsNotWhole,
    OnlyForTestSets,
    ReferenceMissing,
    SealedNotApproved,
    SetIncomplete,
    SetInvalid,
    SetItemExcluded,
    SetItemUnknown,
    SetSealed,
    SetsOverlap,
)
from validation.models import DataSet, DataSetOpening
from validation.workflow_studies import criteria_hash

pytestmark = [pytest.mark.django_db, pytest.mark.clause("Annex 22 5", "Annex 22 6")]

WHY = "final check of model 1.0 as planned"
NEAR = "0" * 63 + "f"


@pytest.fixture
def scientist(desk: Desk):
    return desk.crew.add("dev", "data_scientist", printed_name="Dev Rao")


def open_set(desk: Desk, data_set: DataSet) -> DataSet:
    sign(data_set, "open", desk.qa, reason=WHY)
    return DataSet.objects.get(pk=data_set.pk)


@pytest.mark.parametrize(
    ("items", "facts", "said"),
    [
        ([an_item("a.png")], {}, "stratum crack has 1 of 2 planned items"),
        ([an_item("a.png"), an_item("b.png", label="")], {}, "b.png has no label"),
        ([an_item("a.png"), an_item("b.png", verifier="")], {}, "b.png has no verifier"),
        ([an_item("a.png"), an_item("b.png"), an_item("c.png", stratum="dent")], {}, "stratum dent is not in the plan"),
        ([], {"criteria": " "}, "no acceptance criteria"),
        ([], {"incumbent": ""}, "does not say what the replaced process achieves"),
    ],
)
@pytest.mark.clause("Annex 22 4")
def test_a_set_below_its_plan_or_without_criteria_is_not_sealed(desk: Desk, items, facts, said: str):
    data_set = draft_set(desk, items=items, **facts)
    with pytest.raises(SetIncomplete, match=said):
        open_ceremony(data_set, "seal", actor=desk.colleague.actor())


def test_an_unverified_item_is_excluded_with_its_reason_and_stays(desk: Desk):
    data_set = draft_set(desk, items=[an_item("a.png"), an_item("b.png"), an_item("c.png", verifier="")])
    with pytest.raises(ReasonMissing):
        exclude_item(data_set, "c.png", actor=desk.engineer.actor(), reason="")
    exclude_item(data_set, "c.png", actor=desk.engineer.actor(), reason="nobody could verify its label")
    assert open_ceremony(data_set, "seal", actor=desk.colleague.actor()).state == "open"
    assert data_set.items.count() == 3
    with pytest.raises(SetItemExcluded):
        exclude_item(data_set, "c.png", actor=desk.engineer.actor(), reason="once more")
    with pytest.raises(SetItemUnknown):
        exclude_item(data_set, "z.png", actor=desk.engineer.actor(), reason="not there")


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (an_item("x.png", sha256=file_hash("t.png")), "x.png is the same file as t.png of DS-"),
        (an_item("x.png", unit="vial 7"), "x.png is the same physical unit as t.png of DS-"),
        (an_item("x.png", dhash=NEAR), "x.png is nearly the same picture as t.png of DS-"),
    ],
)
@pytest.mark.parametrize("purpose", ["train", "tune"])
def test_what_a_model_learned_from_never_tests_it_and_the_pairs_are_named(desk: Desk, purpose: str, other, said: str):
    signed_set(desk, purpose, [an_item("t.png", unit="vial 7", dhash="0" * 64), an_item("u.png")])
    data_set = draft_set(desk, items=[other, an_item("y.png"), an_item("z.png")])
    with pytest.raises(SetsOverlap, match=said):
        open_ceremony(data_set, "seal", actor=desk.colleague.actor())
    exclude_item(data_set, "x.png", actor=desk.engineer.actor(), reason="shared with the training set")
    assert open_ceremony(data_set, "seal", actor=desk.colleague.actor()).state == "open"


def test_what_tests_a_model_is_never_learned_from_while_it_counts(desk: Desk):
    sealed = signed_set(desk, items=[an_item("t.png"), an_item("u.png")])
    train = draft_set(desk, "train", [an_item("t.png"), an_item("v.png")])
    with pytest.raises(SetsOverlap):
        open_ceremony(train, "approve", actor=desk.colleague.actor())
    consume_set(open_set(desk, sealed), actor=desk.qa.actor(), reference="CR-2026-0003", reason="retrained after it")
    assert open_ceremony(desk.fresh(train), "approve", actor=desk.colleague.actor()).state == "open"


def test_a_new_test_set_shares_nothing_with_a_consumed_one(desk: Desk):
    sealed = signed_set(desk, items=[an_item("t.png"), an_item("u.png")])
    consume_set(open_set(desk, sealed), actor=desk.qa.actor(), reference="CR-2026-0003", reason="retrained after it")
    again = draft_set(desk, items=[an_item("t.png"), an_item("w.png")])
    with pytest.raises(SetsOverlap, match=sealed.number):
        open_ceremony(again, "seal", actor=desk.colleague.actor())


def test_a_test_set_is_sealed_and_no_other(desk: Desk):
    with pytest.raises(SealedNotApproved):
        open_ceremony(draft_set(desk), "approve", actor=desk.engineer.actor())
    with pytest.raises(OnlyForTestSets, match="training"):
        open_ceremony(draft_set(desk, "train"), "seal", actor=desk.engineer.actor())


@pytest.mark.clause("11.10(g)")
@pytest.mark.assurance("A6")
def test_the_author_of_a_set_never_signs_for_its_quality(desk: Desk):
    both = desk.crew.add("both", "validation_engineer", "qa_manager")
    data_set = begin_set(desk.system, set_facts(), actor=both.actor(), purpose="test")
    add_items(data_set, [an_item("a.png"), an_item("b.png")], actor=both.actor())
    sign(data_set, "seal", desk.engineer)
    with pytest.raises(AuthorCannotApprove):
        open_ceremony(desk.fresh(data_set), "seal", actor=both.actor())


def test_nobody_reads_the_labels_of_a_sealed_set(desk: Desk, scientist):
    draft = draft_set(desk)
    assert len(read_manifest(draft, actor=desk.engineer.actor())) == 2
    with pytest.raises(SetSealed):
        read_manifest(draft, actor=scientist.actor())
    sign(draft, "seal", desk.colleague)
    sign(draft, "seal", desk.qa)
    for person in (desk.engineer, desk.qa, scientist):
        with pytest.raises(SetSealed):
            read_manifest(desk.fresh(draft), actor=person.actor())
    content = desk.fresh(draft).content()
    assert (content["items"], content["manifest"]["items"]) == ([], 2)


def test_opening_is_signed_with_a_reason_and_each_reading_is_an_event(desk: Desk, scientist):
    sealed = signed_set(desk)
    with pytest.raises(ReasonMissing):
        sign(sealed, "open", desk.qa)
    opened = open_set(desk, sealed)
    row = opened.openings.get()
    assert (opened.state, row.opened_by, row.reason, row.witness) == ("opened", "Maria Chen", WHY, "")
    assert row.criteria_sha256 == criteria_hash(opened)
    assert len(read_manifest(opened, actor=scientist.actor())) == 2
    assert Event.objects.filter(act="validation.dataset.manifest_read", record_id=opened.pk).count() == 1
    assert len(open_set(desk, opened).content()["openings"]) == 2


@pytest.mark.assurance("A6")
def test_a_developer_opens_only_with_somebody_who_is_none(desk: Desk, scientist):
    sealed = signed_set(desk)
    other = desk.crew.add("dora", "data_scientist", "validation_engineer")
    with pytest.raises(DeveloperOpensAlone, match=desk.system.number):
        open_ceremony(sealed, "open", actor=scientist.actor())
    sign(sealed, "open_in_pair", scientist, reason=WHY)
    assert desk.fresh(sealed).state == "sealed"
    with pytest.raises(DeveloperCannotWitness):
        open_ceremony(desk.fresh(sealed), "open_in_pair", actor=other.actor())
    sign(sealed, "open_in_pair", desk.colleague, reason="I sat beside him")
    row = DataSetOpening.objects.get()
    assert (row.opened_by, row.witness) == ("Dev Rao", "Karl Berg")


def test_whoever_wrote_a_training_set_develops_too(desk: Desk):
    signed_set(desk, "train")
    sealed = signed_set(desk, items=[an_item("a.png"), an_item("b.png")])
    with pytest.raises(DeveloperOpensAlone):
        open_ceremony(sealed, "open", actor=desk.engineer.actor())
    with pytest.raises(DeveloperOpensAlone):
        perform_transition(sealed, "revise", actor=desk.engineer.actor(), reason="I would like to look at it")
    assert open_ceremony(sealed, "open", actor=desk.colleague.actor()).state == "open"


@pytest.mark.clause("Annex 22 4")
def test_criteria_are_fixed_by_the_seal_and_after_the_opening_for_good(desk: Desk):
    sealed = signed_set(desk)
    with pytest.raises(RecordNotEditable):
        edit_set(sealed, set_facts(criteria="Most."), actor=desk.engineer.actor(), revision=sealed.revision)
    opened = open_set(desk, sealed)
    with pytest.raises(CriteriaLocked, match="is a deviation of the run"):
        perform_transition(opened, "revise", actor=desk.colleague.actor(), reason="the criteria are too strict")


def test_a_sealed_set_nobody_opened_is_revised_with_a_reason(desk: Desk):
    sealed = signed_set(desk)
    before = criteria_hash(sealed)
    perform_transition(sealed, "revise", actor=desk.colleague.actor(), reason="one stratum is missing")
    draft = desk.fresh(sealed)
    edit_set(draft, set_facts(criteria="Most."), actor=desk.engineer.actor(), revision=draft.revision)
    with pytest.raises(StaleRevision):
        edit_set(draft, set_facts(), actor=desk.engineer.actor(), revision=draft.revision)
    assert criteria_hash(desk.fresh(draft)) != before


def test_a_consumed_set_names_what_it_informed_and_is_never_opened_again(desk: Desk):
    opened = open_set(desk, signed_set(desk))
    with pytest.raises(ReferenceMissing):
        consume_set(opened, actor=desk.qa.actor(), reference=" ", reason="retrained after it")
    with pytest.raises(ReasonMissing):
        consume_set(opened, actor=desk.qa.actor(), reference="CR-2026-0003", reason="")
    consumed = consume_set(opened, actor=desk.qa.actor(), reference="CR-2026-0003", reason="retrained after it")
    assert consumed.consumed_because == "CR-2026-0003: retrained after it"
    for action in ("open", "open_in_pair"):
        with pytest.raises(TransitionNotAllowed):
            open_ceremony(consumed, action, actor=desk.qa.actor())


def test_only_an_opened_set_is_consumed(desk: Desk):
    with pytest.raises(TransitionNotAllowed):
        consume_set(signed_set(desk), actor=desk.qa.actor(), reference="CR-1", reason="retrained after it")


@pytest.mark.clause("11.10(g)")
def test_a_developer_puts_together_no_test_set(desk: Desk, scientist):
    with pytest.raises(RoleNotAllowed):
        begin_set(desk.system, set_facts(), actor=scientist.actor(), purpose="test")
    made = begin_set(desk.system, set_facts(), actor=scientist.actor(), purpose="train")
    assert add_items(made, [an_item("a.png")], actor=scientist.actor()) == 1
    with pytest.raises(RoleNotAllowed):
        add_items(draft_set(desk), [an_item("c.png")], actor=scientist.actor())


@pytest.mark.assurance("C4")
def test_an_opening_is_never_rewritten(desk: Desk):
    opened = open_set(desk, signed_set(desk))
    with (
        pytest.raises(DatabaseError),
        transaction.atomic(),
        acting(desk.qa.actor(), "validation.dataset.edited", opened, details={"what": "openings"}),
    ):
        opened.openings.all().delete()


def test_an_item_enters_a_set_once(desk: Desk):
    data_set = draft_set(desk)
    with pytest.raises(ItemsNotWhole, match=r"test-1.png is in the set already"):
        add_items(data_set, [an_item("test-1.png"), an_item("new.png")], actor=desk.engineer.actor())
    assert data_set.items.count() == 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"a.png;{'z' * 64};;crack", "its sha256 has not 64 digits"),
        (f"a.png;{'a' * 64};12;crack", "its dhash has not 64 digits"),
        (f"a.png;{'a' * 64};;", "it needs a name and a stratum"),
        (f"a.png;{'a' * 64};;crack\na.png;{'a' * 64};;crack", "a.png stands there twice"),
    ],
)
def test_every_fault_of_a_manifest_is_named(line: str, said: str):
    lines = read_items("name;sha256;dhash;stratum\n" + line)
    assert any(said in fault for row, _ in lines for fault in row.faults)
    with pytest.raises(ItemsNotWhole):
        whole_items(lines)


def a_zip(**files: bytes) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, content in files.items():
            packed.writestr(name.replace("_", "."), content)
    out.seek(0)
    return out


def test_pictures_of_a_zip_are_hashed_here_and_the_table_is_held_to_them(tmp_path: Path):
    hashed = hash_zip(a_zip(a_png=PICTURE), Quarantine(tmp_path))
    assert set(hashed) == {"a.png"}
    assert not list(tmp_path.iterdir())
    ((row, item),) = read_items("name;stratum\na.png;crack", hashed=hashed)
    assert (row.faults, (item.sha256, item.dhash)) == ((), hashed["a.png"])
    ((row, _),) = read_items(f"name;sha256;stratum\na.png;{'0' * 64};crack", hashed=hashed)
    assert row.faults == ("its sha256 is not that of the file",)
    ((row, _),) = read_items(f"name;sha256;stratum\nb.png;{'0' * 64};crack", hashed=hashed)
    assert row.faults == ("no such file is in the zip",)


def test_a_zip_with_something_else_in_it_is_refused_by_name(tmp_path: Path):
    with pytest.raises(ItemsNotWhole, match=r"notes.pdf"):
        hash_zip(a_zip(a_png=PICTURE, notes_pdf=b"%PDF-1.4 nothing"), Quarantine(tmp_path))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("strata", ["stratum;planned\ncrack;0", "stratum;planned\ncrack;2\ncrack;3"])
def test_strata_without_a_plan_are_refused(desk: Desk, strata: str):
    with pytest.raises(SetInvalid):
        begin_set(desk.system, set_facts(strata=strata), actor=desk.engineer.actor(), purpose="test")


def test_pictures_are_hashed_where_they_lie_and_what_is_none_is_named(tmp_path: Path, capsys):
    (tmp_path / "crack").mkdir()
    (tmp_path / "crack" / "a.png").write_bytes(PICTURE)
    call_command("hash_pictures", str(tmp_path))
    ((row, item),) = read_items(capsys.readouterr().out)
    assert (row.faults, item.name, item.stratum) == ((), "crack/a.png", "crack")
    hashed = hash_zip(a_zip(a_png=PICTURE), Quarantine(tmp_path / "quarantine"))
    assert (item.sha256, item.dhash) == hashed["a.png"]
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(SystemExit):
        call_command("hash_pictures", str(tmp_path))
    assert "notes.txt: " in capsys.readouterr().err


def test_what_is_hashed_while_somebody_waits_is_limited(tmp_path: Path):
    with pytest.raises(Refusal, match="500"):
        hash_zip(a_zip(**{f"p{number}_png": b"x" for number in range(501)}), Quarantine(tmp_path))
