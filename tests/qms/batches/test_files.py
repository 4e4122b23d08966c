"""Pictures leave only behind the batch's access rule, as what they are and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from qms.batches.models import BatchRecord
from qms.batches.overlays import make_overlays
from records.stores import file_store
from tests.plant_data import Plant, batch_inspected

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(c)")]

TYPES = {"thumbnail": "image/jpeg", "display": "image/png", "overlay": "image/png", "original": "image/jpeg"}


@pytest.fixture
def batch(plant: Plant) -> BatchRecord:
    return batch_inspected(plant, units=2)


def fetch(plant: Plant, batch: BatchRecord, kind: str) -> Any:
    image = batch.images.order_by("position")[0]
    return plant.operator.client().get(reverse(f"batches:unit-{kind}", args=[batch.number, image.unit_id]))


@pytest.mark.assurance("D2", "F4")
@pytest.mark.parametrize("kind", TYPES)
def test_a_picture_has_its_own_type_and_may_do_nothing(plant: Plant, batch: BatchRecord, kind: str):
    make_overlays(batch.pk)
    answer = fetch(plant, batch, kind)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == TYPES[kind]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.requirement("URS-001")
def test_the_original_leaves_untouched_and_only_as_an_attachment(plant: Plant, batch: BatchRecord):
    image = batch.images.order_by("position")[0]
    answer = fetch(plant, batch, "original")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.content == file_store().read_checked(image.original_id)


def test_an_overlay_that_is_not_made_yet_says_so(plant: Plant, batch: BatchRecord):
    answer = fetch(plant, batch, "overlay")
    assert answer.status_code == 404
    assert b"not made yet" in answer.content


@pytest.mark.assurance("C5")
@pytest.mark.requirement("URS-001")
def test_an_altered_file_is_never_shown(plant: Plant, batch: BatchRecord):
    image = batch.images.order_by("position")[0]
    path = file_store().path_of(image.display_id)
    content = path.read_bytes()
    path.chmod(0o640)
    path.write_bytes(content[:-1] + b"\0")
    answer = fetch(plant, batch, "display")
    path.write_bytes(content)
    path.chmod(0o440)
    assert answer.status_code == 409
    assert b"is not what was stored" in answer.content
