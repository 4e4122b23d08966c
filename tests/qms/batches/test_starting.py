"""An inspection starts only with images, a qualified station, the released model's own bytes and a passed challenge."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from qms.batches.errors import (
    ChallengeFailed,
    ChallengeRepeatUnexplained,
    ModelNotApproved,
    ModelNotReleased,
    NoChallengeSet,
    StationExpired,
)
from qms.batches.errors_images import ModelFileChanged, ModelFileMissing
from qms.batches.models import BatchRecord, ChallengeSet, InspectionRun
from qms.batches.products import approve_model, edit_station, newest_snapshot
from qms.batches.runs import start_inspection
from records.acting import acting
from records.clock import now
from records.errors import Refusal, RoleNotAllowed, TransitionNotAllowed
from records.evidence import system_actor
from records.models import Event, OutboxItem
from records.stores import file_store
from tests.plant_data import (
    MODELS,
    REASON,
    Plant,
    batch_open,
    batch_ready,
    batch_started,
    make_model,
    release_model,
    sign,
)

pytestmark = pytest.mark.django_db


def start(plant: Plant, batch: BatchRecord, *, reason: str = "") -> BatchRecord:
    return start_inspection(batch, actor=plant.operator.actor(), reason=reason)


def refuse(plant: Plant, batch: BatchRecord, expected: type[Refusal], *, reason: str = "") -> Refusal:
    """Try to start, be refused, and find the batch as it was."""
    with pytest.raises(expected) as refused:
        start(plant, batch, reason=reason)
    assert BatchRecord.objects.get(pk=batch.pk).state == batch.state
    assert not InspectionRun.objects.filter(batch=batch).exists()
    return refused.value


def alarmed(batch: BatchRecord, code: str) -> bool:
    """Tell whether a refused start was recorded and told to the security contact."""
    event = Event.objects.filter(act="batches.inspection.refused", record_id=batch.pk).latest("id")
    return event.details["code"] == code and OutboxItem.objects.filter(payload__event=event.pk).exists()


@pytest.fixture
def artefact(plant: Plant) -> Iterator[Path]:
    """Give the model's stored file, writable for the test and as it was afterwards."""
    path = file_store().path_of(plant.model.artefact_id)
    content = path.read_bytes()
    yield path
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    path.chmod(0o440)


@pytest.mark.clause("11.10(h)", "211.188")
def test_a_start_copies_the_recipe_and_fixes_the_seed(plant: Plant):
    batch = batch_started(plant, units=3)
    assert batch.state == "inspecting"
    assert batch.recipe is not None
    assert batch.recipe["model_sha256"] == plant.model.artefact_id
    assert batch.recipe["defect_of_class"] == {"midazolam": "MIX"}
    assert (batch.recipe["accept_at"], batch.recipe["random_check_size"]) == ("0.9650", 5)
    assert len(batch.random_check_seed) == 32
    assert [run.state for run in batch.runs.all()] == ["queued"]


@pytest.mark.clause("11.10(f)")
def test_a_batch_without_images_does_not_start(plant: Plant):
    refuse(plant, batch_open(plant), TransitionNotAllowed)


@pytest.mark.clause("11.10(f)")
def test_an_inspection_starts_once(plant: Plant):
    batch = batch_started(plant, units=3)
    with pytest.raises(TransitionNotAllowed):
        start(plant, batch)
    assert batch.runs.count() == 1


@pytest.mark.clause("11.10(g)")
def test_only_an_operator_starts(plant: Plant):
    batch = batch_ready(plant, units=3)
    with pytest.raises(RoleNotAllowed):
        start_inspection(batch, actor=plant.qa_manager.actor())


@pytest.mark.clause("11.10(h)", "11.10(a)")
@pytest.mark.requirement("URS-002")
def test_a_swapped_model_file_is_refused_recorded_and_told(plant: Plant, artefact: Path):
    batch = batch_ready(plant, units=3)
    artefact.chmod(0o640)
    artefact.write_bytes((MODELS / "vial_identity_baseline.onnx").read_bytes())
    refusal = refuse(plant, batch, ModelFileChanged)
    assert plant.model.artefact_id in refusal.text
    assert alarmed(batch, "batches.model_file_changed")


@pytest.mark.clause("11.10(h)")
def test_a_missing_model_file_is_refused_recorded_and_told(plant: Plant, artefact: Path):
    batch = batch_ready(plant, units=3)
    artefact.unlink()
    refuse(plant, batch, ModelFileMissing)
    assert alarmed(batch, "batches.model_file_missing")


@pytest.mark.clause("11.10(h)")
@pytest.mark.requirement("URS-002")
def test_a_retired_model_is_refused_recorded_and_told(plant: Plant):
    batch = batch_ready(plant, units=3)
    sign(plant.model, "retire", plant.qa_manager, reason="replaced by a better one")
    refuse(plant, batch, ModelNotReleased)
    assert alarmed(batch, "batches.model_not_released")


@pytest.mark.clause("11.10(h)")
@pytest.mark.requirement("URS-002")
def test_an_unreleased_model_is_never_approved_and_so_never_pinned(plant: Plant):
    draft = make_model(plant.data_scientist)
    with pytest.raises(ModelNotReleased):
        approve_model(plant.product, model_version=draft, actor=plant.qa_manager.actor(), reason=REASON)


@pytest.mark.clause("11.10(h)")
@pytest.mark.requirement("URS-002")
def test_a_model_whose_approval_ended_meanwhile_is_refused(plant: Plant):
    batch = batch_ready(plant, units=3)
    newer = release_model(make_model(plant.data_scientist), author=plant.data_scientist, qa_manager=plant.qa_manager)
    approve_model(plant.product, model_version=newer, actor=plant.qa_manager.actor(), reason=REASON)
    refuse(plant, batch, ModelNotApproved)


@pytest.mark.clause("11.10(h)")
def test_a_station_past_its_qualification_does_not_inspect(plant: Plant):
    batch = batch_ready(plant, units=3)
    edit_station(
        plant.station,
        actor=plant.qa_manager.actor(),
        reason="the yearly qualification was not done",
        seen=newest_snapshot(plant.station),
        changes={"qualified_until": now().date() - dt.timedelta(days=1)},
    )
    refuse(plant, BatchRecord.objects.get(pk=batch.pk), StationExpired)


def test_without_a_challenge_set_nothing_starts(plant: Plant):
    batch = batch_ready(plant, units=3)
    with acting(system_actor("tests"), "batches.challenge_set.registered", reason="taken out of use by the test"):
        ChallengeSet.objects.filter(product=plant.product).update(is_active=False)
    refuse(plant, batch, NoChallengeSet)


def test_a_failed_challenge_blocks_and_its_repetition_needs_a_reason(plant: Plant):
    weak = make_model(plant.data_scientist, name="vial-baseline", path=MODELS / "vial_identity_baseline.onnx")
    weak = release_model(weak, author=plant.data_scientist, qa_manager=plant.qa_manager)
    approve_model(plant.product, model_version=weak, actor=plant.qa_manager.actor(), reason=REASON)
    batch = batch_ready(plant, units=3)
    refusal = refuse(plant, batch, ChallengeFailed)
    assert "5 of 5 known units" in refusal.text
    refuse(plant, batch, ChallengeRepeatUnexplained)
    refuse(plant, batch, ChallengeFailed, reason="lamp of the station replaced and cleaned")
    runs = batch.challenges.order_by("id")
    assert [(run.phase, run.passed) for run in runs] == [("start", False), ("start", False)]
    repeated = Event.objects.filter(act="batches.challenge.failed", record_id=batch.pk).latest("id")
    assert repeated.reason == "lamp of the station replaced and cleaned"


def test_a_challenge_set_needs_known_good_and_known_bad_units(plant: Plant):
    passed = batch_started(plant, units=3).challenges.get()
    assert {row["expected"] for row in passed.outcomes} == {"good", "reject"}
    assert all(row["right"] for row in passed.outcomes)
