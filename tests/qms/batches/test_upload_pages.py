"""The upload's pages: zip, files or folder in; the choice, the list of refusals, the progress out."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from examples.make_lot_zip import make_zip
from qms.batches import importing
from qms.batches.models import BatchRecord, FileImport, VialImage
from records.models import Event
from records.uploads.limits import Limits
from tests.plant_data import Plant, batch_open, delivery_files, photographs

pytestmark = pytest.mark.django_db


def upload(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def incoming() -> list[Path]:
    return list((Path(settings.VAR) / "quarantine").glob("incoming-*"))


def address(batch: BatchRecord, name: str = "import-new", *more: int) -> str:
    return reverse(f"batches:{name}", args=[batch.number, *more])


def test_a_zip_goes_from_the_form_to_a_ready_batch_in_one_step(plant: Plant):
    batch = batch_open(plant, units=3)
    files = delivery_files(plant, batch, photographs(3))
    client = plant.operator.client()
    answer = client.post(address(batch), {"archive": upload("lot.zip", make_zip(files))}, follow=True)
    assert b"3 photographs are stored" in answer.content
    batch.refresh_from_db()
    assert batch.state == "ready"
    assert incoming() == []


def test_a_folder_and_loose_files_do_the_same(plant: Plant):
    client = plant.operator.client()
    for box in ("folder", "photographs"):
        batch = batch_open(plant, units=3)
        files = delivery_files(plant, batch, photographs(3))
        sent = [upload(name, content) for name, content in files.items()]
        client.post(address(batch), {box: sent})
        batch.refresh_from_db()
        assert batch.state == "ready", box
    assert incoming() == []


def test_refused_files_are_shown_with_their_reason_and_the_operator_chooses(plant: Plant):
    batch = batch_open(plant, units=4)
    units = photographs(4)
    files = delivery_files(plant, batch, units, corrupt=[units[1].unit_id])
    client = plant.operator.client()
    page = client.post(address(batch), {"archive": upload("lot.zip", make_zip(files))}, follow=True)
    assert b"3 files are good, 1 is refused. Nothing is stored yet." in page.content
    assert b"Import 3 good, record 1 refused" in page.content
    assert units[1].file.encode() in page.content
    pk = FileImport.objects.get().pk
    taken = client.post(address(batch, "import-take", pk), follow=True)
    assert b"3 photographs are stored, 1 were refused" in taken.content
    assert VialImage.objects.filter(batch=batch).count() == 3


@pytest.mark.assurance("D4")
def test_the_list_of_refusals_is_csv_without_formulas(plant: Plant):
    batch = batch_open(plant, units=3)
    files = delivery_files(plant, batch, photographs(2)) | {"=cmd.jpg": b"not a picture", "+1.txt": b"text"}
    client = plant.operator.client()
    client.post(address(batch), {"archive": upload("lot.zip", make_zip(files))})
    made = FileImport.objects.get()
    sheet = client.get(address(batch, "import-refused", made.pk))
    rows = list(csv.reader(io.StringIO(sheet.content.decode())))
    assert rows[0] == ["file", "code", "reason"]
    assert {row[0] for row in rows[1:]} == {"'=cmd.jpg", "'+1.txt"}
    client.post(address(batch, "import-give-up", made.pk))
    made.refresh_from_db()
    assert made.state == "given_up"


def test_a_refused_delivery_shows_its_sentence_and_keeps_the_typed_reason(plant: Plant):
    batch = batch_open(plant, units=2)
    files = delivery_files(plant, batch, photographs(2))
    del files["manifest.sig.json"]
    client = plant.operator.client()
    page = client.post(address(batch), {"archive": upload("lot.zip", make_zip(files)), "manual_reason": "  "})
    assert page.status_code == 422
    assert b"carries no station signature" in page.content
    assert b"Error:" in page.content
    files.pop("manifest.csv")
    page = client.post(address(batch), {"archive": upload("lot.zip", make_zip(files)), "manual_reason": "key lost"})
    assert b'value="key lost"' in page.content
    assert Event.objects.filter(act="records.upload.refused", record_id=batch.pk).count() == 2


def test_an_upload_needs_its_form_token_and_an_empty_one_says_so(plant: Plant):
    batch = batch_open(plant, units=2)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = plant.operator.client().cookies
    refused = strict.post(address(batch), {"archive": upload("lot.zip", b"PK")})
    assert refused.status_code == 403
    empty = plant.operator.client().post(address(batch), {})
    assert empty.status_code == 422
    assert b"No file was chosen" in empty.content
    assert incoming() == []


@pytest.mark.assurance("D2")
def test_an_upload_beyond_the_limit_is_cut_off_and_leaves_nothing(plant: Plant, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("qms.batches.uploading.DEFAULT_LIMITS", Limits(max_delivery_bytes=100_000))
    monkeypatch.setattr("qms.batches.uploading.SPARE_BYTES", 0)
    batch = batch_open(plant, units=2)
    client = plant.operator.client()
    answer = client.post(address(batch), {"archive": upload("lot.zip", b"\0" * 300_000)})
    assert answer.status_code == 413
    assert incoming() == []
    assert not FileImport.objects.exists()


def test_a_large_import_is_left_to_a_worker_and_its_page_shows_the_progress(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(importing, "AT_ONCE", 2)
    batch = batch_open(plant, units=4)
    files = delivery_files(plant, batch, photographs(4))
    client = plant.operator.client()
    page = client.post(address(batch), {"archive": upload("lot.zip", make_zip(files))}, follow=True)
    made = FileImport.objects.get()
    assert (made.state, made.progress.total) == ("taking", 4)
    assert b'hx-trigger="every 2s"' in page.content
    assert b"0 of 4" in page.content
    importing.take_chosen(made.pk)
    over = client.get(address(batch, "import-progress", made.pk), headers={"HX-Request": "true"})
    assert over.headers["HX-Refresh"] == "true"
    assert b"hx-trigger" not in over.content
    batch.refresh_from_db()
    assert batch.state == "ready"


@pytest.mark.assurance("E9")
def test_a_large_import_delivered_twice_is_taken_once(plant: Plant, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importing, "AT_ONCE", 2)
    batch = batch_open(plant, units=4)
    client = plant.operator.client()
    files = delivery_files(plant, batch, photographs(4))
    client.post(address(batch), {"archive": upload("lot.zip", make_zip(files))})
    made = FileImport.objects.get()
    for _ in range(3):
        importing.take_chosen(made.pk)
    assert VialImage.objects.filter(batch=batch).count() == 4
    assert Event.objects.filter(act="batches.upload.taken").count() == 1


def test_going_on_with_fewer_images_asks_why(plant: Plant):
    batch = batch_open(plant, units=5)
    client = plant.operator.client()
    files = delivery_files(plant, batch, photographs(3))
    client.post(address(batch), {"archive": upload("lot.zip", make_zip(files))})
    assert b"Go on with 3 of 5 units" in client.get(address(batch, "import-complete")).content
    assert client.post(address(batch, "import-complete"), {"reason": ""}).status_code == 422
    client.post(address(batch, "import-complete"), {"reason": "two vials broke at the station"})
    batch.refresh_from_db()
    assert batch.state == "ready"
