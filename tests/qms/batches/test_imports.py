"""Taking a lot's photographs: checked whole, named if refused, stored only by choice."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

import pytest
from django.conf import settings

from examples.make_lot_zip import make_files, make_zip
from qms.batches.errors_images import ManifestUnreadable
from qms.batches.errors_imports import (
    ImportNotWaiting,
    ImportOvertaken,
    ImportWaiting,
    NothingGood,
    UploadEmpty,
    ZipAmongFiles,
)
from qms.batches.importing import choose_import, complete_images, give_up_import, record_offer
from qms.batches.judging import judge_delivery, quarantine
from qms.batches.models import BatchRecord, FileImport, RefusedFile, VialImage
from qms.batches.readiness import hash_fileset
from qms.batches.receiving import offer_upload, receive_zip
from records.errors import Refusal, RoleNotAllowed, TransitionNotAllowed
from records.models import Event, StoredFile
from records.stores import file_store
from tests.plant_data import Plant, batch_open, delivery_files, offer, photographs, sign_files

pytestmark = pytest.mark.django_db


def quarantined() -> list[Path]:
    folder = Path(settings.VAR) / "quarantine"
    return list(folder.iterdir()) if folder.exists() else []


@pytest.fixture(autouse=True)
def _nothing_waits() -> None:
    for folder in quarantined():
        shutil.rmtree(folder)


def acts_of(batch: BatchRecord) -> list[str]:
    return list(Event.objects.filter(record_id=batch.pk).order_by("id").values_list("act", flat=True))


def test_a_complete_delivery_is_taken_at_once_and_the_batch_is_ready(plant: Plant):
    batch = batch_open(plant, units=4)
    made = offer(plant, batch, delivery_files(plant, batch, photographs(4)))
    batch.refresh_from_db()
    assert (made.state, made.good_count, made.refused_count, batch.state) == ("taken", 4, 0, "ready")
    assert batch.fileset_hash == hash_fileset(batch)
    assert quarantined() == []
    assert acts_of(batch)[1:] == [
        "batches.upload.checked",
        "batches.upload.chosen",
        "batches.upload.taken",
        "batches.import.completed",
    ]


@pytest.mark.clause("11.10(a)")
@pytest.mark.requirement("URS-001")
def test_the_original_is_stored_untouched_beside_copies_without_it(plant: Plant):
    batch = batch_open(plant, units=2)
    units = photographs(2, mix_ups=0)
    offer(plant, batch, delivery_files(plant, batch, units))
    image = VialImage.objects.select_related("original", "display", "thumbnail").get(unit_id=units[0].unit_id)
    assert file_store().read_checked(image.original_id) == units[0].read()
    assert (image.original.media_type, image.display.media_type, image.thumbnail.media_type) == (
        "image/jpeg",
        "image/png",
        "image/jpeg",
    )
    assert file_store().read_checked(image.display_id)[:8] == b"\x89PNG\r\n\x1a\n"
    assert image.region == dict(zip(("x", "y", "width", "height"), units[0].region, strict=True))


@pytest.mark.requirement("URS-001")
def test_a_corrupt_photograph_and_a_wrong_hash_are_named_and_nothing_is_stored(plant: Plant):
    batch = batch_open(plant, units=6)
    units = photographs(6, mix_ups=0)
    before = StoredFile.objects.count()
    files = delivery_files(plant, batch, units, corrupt=[units[1].unit_id], wrong_hash=[units[4].unit_id])
    made = offer(plant, batch, files)
    assert (made.state, made.good_count, made.refused_count) == ("checked", 4, 2)
    refused = {row.name: row.code for row in made.refused.all()}
    assert refused == {
        units[1].file: "records.upload.image_damaged",
        units[4].file: "batches.manifest.hash_differs",
    }
    assert all(row.sentence.endswith(".") for row in made.refused.all())
    assert not VialImage.objects.exists()
    assert StoredFile.objects.count() == before
    assert Event.objects.get(act="records.upload.refused").record_id == batch.pk


def test_the_operator_chooses_to_import_the_good_ones_and_the_refused_stay_on_record(plant: Plant):
    batch = batch_open(plant, units=5)
    units = photographs(5, mix_ups=0)
    made = offer(plant, batch, delivery_files(plant, batch, units, corrupt=[units[2].unit_id]))
    made = choose_import(made, actor=plant.operator.actor())
    batch.refresh_from_db()
    assert (made.state, batch.images.count(), batch.state) == ("taken", 4, "open")
    assert RefusedFile.objects.get(file_import=made).name == units[2].file
    assert quarantined() == []


def test_a_missing_unit_can_be_delivered_later_and_completes_the_batch(plant: Plant):
    batch = batch_open(plant, units=3)
    units = photographs(3, mix_ups=0)
    offer(plant, batch, delivery_files(plant, batch, units[:2]))
    offer(plant, batch, delivery_files(plant, batch, units[2:]))
    batch.refresh_from_db()
    assert batch.state == "ready"
    assert list(batch.images.order_by("position").values_list("position", flat=True)) == [1, 2, 3]


def test_going_on_with_fewer_images_than_units_needs_a_reason(plant: Plant):
    batch = batch_open(plant, units=5)
    offer(plant, batch, delivery_files(plant, batch, photographs(3)))
    with pytest.raises(Refusal):
        complete_images(batch, actor=plant.operator.actor(), reason="")
    complete_images(batch, actor=plant.operator.actor(), reason="two vials broke at the station")
    batch.refresh_from_db()
    assert batch.state == "ready"
    assert Event.objects.filter(act="batches.import.completed").get().reason == "two vials broke at the station"


def test_a_given_up_upload_leaves_nothing_but_its_events(plant: Plant):
    batch = batch_open(plant, units=4)
    units = photographs(4)
    stored = StoredFile.objects.count()
    made = offer(plant, batch, delivery_files(plant, batch, units, corrupt=[units[0].unit_id]))
    assert len(quarantined()) == 1
    give_up_import(made, actor=plant.operator.actor())
    made.refresh_from_db()
    assert (made.state, made.checked) == ("given_up", [])
    assert quarantined() == []
    assert StoredFile.objects.count() == stored
    assert RefusedFile.objects.filter(file_import=made).count() == 1
    with pytest.raises(ImportNotWaiting):
        choose_import(made, actor=plant.operator.actor())


def test_units_and_photographs_already_in_the_batch_are_refused_by_name(plant: Plant):
    batch = batch_open(plant, units=5)
    units = photographs(4, mix_ups=0)
    offer(plant, batch, delivery_files(plant, batch, units[:2]))
    made = offer(plant, batch, delivery_files(plant, batch, units))
    assert (made.good_count, made.refused_count) == (2, 2)
    assert {row.code for row in made.refused.all()} == {"batches.import.unit_repeated"}


def test_a_label_of_another_product_is_refused_line_by_line(plant: Plant):
    batch = batch_open(plant, units=2)
    files = make_files(photographs(2), lot=batch.lot.number, product="OTHER-1")
    made = offer(plant, batch, sign_files(plant, batch, files))
    assert (made.good_count, made.refused_count) == (0, 2)
    assert {row.code for row in made.refused.all()} == {"batches.manifest.wrong_product"}
    assert "OTHER-1" in made.refused.all()[0].sentence
    with pytest.raises(NothingGood):
        choose_import(made, actor=plant.operator.actor())


def test_a_delivery_without_manifest_is_refused_as_a_whole(plant: Plant):
    batch = batch_open(plant, units=2)
    files = {photograph.file: photograph.read() for photograph in photographs(2)}
    with pytest.raises(ManifestUnreadable):
        offer(plant, batch, files, manual_reason="the station is being repaired")
    assert not FileImport.objects.exists()
    assert quarantined() == []
    assert Event.objects.get(act="records.upload.refused").details["code"] == "batches.manifest_unreadable"


@pytest.mark.assurance("D2")
def test_a_zip_bomb_is_refused_with_a_sentence_and_an_event_and_leaves_nothing(plant: Plant):
    batch = batch_open(plant, units=2)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.csv", b"file\n")
        archive.writestr("001.jpg", b"\0" * 60_000_000)
    bomb.seek(0)
    bomb.name = "bomb.zip"
    with pytest.raises(Refusal) as refused:
        offer_upload(batch, actor=plant.operator.actor(), archive=bomb)
    assert refused.value.text.endswith(".")
    assert quarantined() == []
    assert Event.objects.get(act="records.upload.refused").record_id == batch.pk


def test_only_one_upload_of_a_batch_waits_for_a_choice(plant: Plant):
    batch = batch_open(plant, units=4)
    units = photographs(4)
    offer(plant, batch, delivery_files(plant, batch, units, corrupt=[units[0].unit_id]))
    with pytest.raises(ImportWaiting):
        offer(plant, batch, delivery_files(plant, batch, units))
    assert len(quarantined()) == 1
    give_up_import(FileImport.objects.get(), actor=plant.operator.actor())


def test_a_ready_batch_takes_no_more_images(plant: Plant):
    batch = batch_open(plant, units=2)
    units = photographs(3, mix_ups=0)
    offer(plant, batch, delivery_files(plant, batch, units[:2]))
    with pytest.raises(TransitionNotAllowed):
        offer(plant, batch, delivery_files(plant, batch, units[2:]))
    assert quarantined() == []


@pytest.mark.clause("11.10(g)")
def test_only_operators_import(plant: Plant):
    batch = batch_open(plant, units=2)
    with pytest.raises(RoleNotAllowed):
        offer_upload(
            batch, actor=plant.qa_manager.actor(), archive=named_zip(delivery_files(plant, batch, photographs(2)))
        )
    assert quarantined() == []


def test_an_upload_is_one_zip_or_loose_files(plant: Plant):
    batch = batch_open(plant, units=2)
    files = delivery_files(plant, batch, photographs(2))
    with pytest.raises(UploadEmpty):
        offer_upload(batch, actor=plant.operator.actor(), archive=None)
    with pytest.raises(ZipAmongFiles):
        offer_upload(batch, actor=plant.operator.actor(), archive=named_zip(files), photographs=loose(files))
    made = offer_upload(batch, actor=plant.operator.actor(), archive=None, photographs=loose(files))
    assert (made.state, made.source_name) == ("taken", "4 files")


def test_files_lost_from_quarantine_end_the_import_with_an_event_and_nothing_stored(plant: Plant):
    batch = batch_open(plant, units=4)
    units = photographs(4)
    made = offer(plant, batch, delivery_files(plant, batch, units, corrupt=[units[0].unit_id]))
    for folder in quarantined():
        shutil.rmtree(folder)
    made = choose_import(made, actor=plant.operator.actor())
    assert made.state == "given_up"
    assert Event.objects.filter(act="batches.upload.lost", record_id=batch.pk).exists()
    assert not VialImage.objects.filter(batch=batch).exists()


def test_an_upload_judged_before_another_was_taken_is_refused(plant: Plant):
    batch = batch_open(plant, units=4)
    units = photographs(2, mix_ups=0)
    files = delivery_files(plant, batch, units)
    delivery = receive_zip(named_zip(files))
    judged = judge_delivery(batch, delivery, manual_reason="")
    offer(plant, batch, delivery_files(plant, batch, units))
    with pytest.raises(ImportOvertaken):
        record_offer(batch, judged, delivery, actor=plant.operator.actor(), source_name="late.zip", manual_reason="")
    quarantine().discard(delivery.token)


class Named(io.BytesIO):
    """An upload in memory with a name."""

    def __init__(self, name: str, content: bytes) -> None:
        super().__init__(content)
        self.name = name


def named_zip(files: dict[str, bytes]) -> Named:
    return Named("delivery.zip", make_zip(files))


def loose(files: dict[str, bytes]) -> list[Named]:
    return [Named(name, content) for name, content in files.items()]
