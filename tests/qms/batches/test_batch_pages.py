"""The batch list and the pages of one batch record."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.plant_data import Plant, batch_inspected, batch_open, batch_ready, make_lot, sign

pytestmark = pytest.mark.django_db

TABS = ("batch-detail", "batch-content", "batch-signatures", "batch-history", "batch-links")


def test_every_tab_of_an_inspected_batch_shows_its_part(plant: Plant):
    batch = batch_inspected(plant, units=6, mix_ups=1)
    client = plant.operator.client()
    pages = {name: client.get(reverse(f"batches:{name}", args=[batch.number])) for name in TABS}
    assert {page.status_code for page in pages.values()} == {200}
    assert b"6 of 6" in pages["batch-detail"].content
    assert b"1 flagged" in pages["batch-detail"].content
    assert b"F-022" in pages["batch-content"].content
    assert b"started the inspection" in pages["batch-history"].content
    assert plant.model.number.encode() in pages["batch-links"].content


def test_the_list_counts_by_filter_and_shows_images_and_flags(plant: Plant):
    batch = batch_inspected(plant, units=6, mix_ups=1)
    client = plant.operator.client()
    page = client.get(reverse("batches:batch-list"))
    assert page.status_code == 200
    assert batch.number.encode() in page.content
    assert page.context["counts"] == {"work": 1, "signing": 0, "hold": 0, "done": 0, "all": 1}
    row = page.context["page"].rows[0]
    assert (row.image_count, row.flagged_count, row.undecided_count) == (6, 1, 0)
    assert batch.number.encode() not in client.get(reverse("batches:batch-list"), {"show": "done"}).content


def test_an_empty_list_says_what_will_appear_there(plant: Plant):
    page = plant.add("newcomer", "operator", has_access=False).client().get(reverse("batches:batch-list"))
    assert b"New ones appear when an operator creates a batch record" in page.content


def test_an_operator_creates_a_batch_record_and_goes_to_its_import(plant: Plant):
    lot = make_lot(plant)
    client = plant.operator.client()
    fields = {"lot": lot.pk, "station": plant.station.pk, "units_received": 10, "note": ""}
    answer = client.post(reverse("batches:batch-new"), fields, follow=True)
    assert answer.status_code == 200
    assert b"Import images" in answer.content


def test_an_open_batch_offers_its_import_and_a_ready_one_its_start(plant: Plant):
    client = plant.operator.client()
    opened = client.get(reverse("batches:batch-detail", args=[batch_open(plant).number]))
    assert b"Import images" in opened.content
    ready = client.get(reverse("batches:batch-detail", args=[batch_ready(plant, units=3).number]))
    assert b"Start inspection" in ready.content


def test_a_ready_batch_says_what_blocks_its_start(plant: Plant):
    batch = batch_ready(plant, units=3)
    client = plant.operator.client()
    url = reverse("batches:batch-detail", args=[batch.number])
    assert b"What blocks the start" not in client.get(url).content
    sign(plant.model, "retire", plant.qa_manager, reason="replaced by a better one")
    page = client.get(url)
    assert b"What blocks the start" in page.content
    assert b"only a released model may decide" in page.content


def test_a_longer_list_asks_the_database_no_more(plant: Plant):
    client = plant.operator.client()
    url = reverse("batches:batch-list")
    batch_open(plant)
    client.get(url)
    with CaptureQueriesContext(connection) as short:
        client.get(url)
    for _ in range(3):
        batch_open(plant)
    with CaptureQueriesContext(connection) as longer:
        page = client.get(url)
    assert len(page.context["page"].rows) == 4
    assert len(longer) == len(short)


def test_units_on_the_content_page_ask_the_database_no_more_when_there_are_more(plant: Plant):
    client = plant.operator.client()
    counts = []
    for units in (2, 6):
        batch = batch_inspected(plant, units=units, mix_ups=1)
        client.get(reverse("batches:batch-content", args=[batch.number]))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("batches:batch-content", args=[batch.number]))
        counts.append(len(queries))
    assert counts[0] == counts[1]
