"""A colleague of the same role without access to the product learns nothing, whatever address they try."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from qms.batches import urls
from qms.batches.access import batches_for, end_access, lots_for, products_for
from qms.batches.models import BatchRecord, Lot
from qms.batches.overlays import make_overlays
from records.models import Event
from tests.people import Person
from tests.plant_data import Plant, batch_inspected, batch_open, delivery_files, make_lot, offer, photographs

pytestmark = [pytest.mark.django_db, pytest.mark.assurance("A2"), pytest.mark.clause("11.10(d)", "11.10(g)")]

OWN = [*urls.BATCHES, *urls.IMPORTS, *urls.RUNS, *urls.FILES, *urls.MASTER_DATA]
WITHOUT_OBJECT = {"batch-list", "batch-new", "product-list", "product-new", "lot-list", "lot-new"}
OF_THE_SITE = {"station-list", "station-new", "station-edit"}


def addresses(batch: BatchRecord, plant: Plant) -> Iterator[tuple[URLPattern, str]]:
    """Yield every address of this app that names an object, filled with the other product's objects."""
    facts = {
        "number": batch.number,
        "unit": batch.images.order_by("position")[0].unit_id,
        "code": plant.product.code,
        "user_id": plant.operator.user.pk,
    }
    keys = {
        "import": batch.imports.get().pk,
        "defect-end": plant.product.defects.first().pk,  # type: ignore[union-attr]
        "attachment": batch.attachments.first().pk,  # type: ignore[union-attr]
    }
    for row in OWN:
        name = str(row.name)
        if name in WITHOUT_OBJECT | OF_THE_SITE:
            continue
        wanted = {key: facts[key] for key in row.pattern.converters if key in facts}
        if "pk" in row.pattern.converters:
            wanted["pk"] = keys[name] if name in keys else keys["import"]
        yield row, reverse(f"batches:{name}", kwargs=wanted)


@pytest.fixture
def batch(plant: Plant) -> BatchRecord:
    made = batch_inspected(plant, units=3)
    make_overlays(made.pk)
    return made


def canaries(batch: BatchRecord, plant: Plant) -> list[bytes]:
    """Return texts that only a person with access may read."""
    return [batch.lot.number.encode(), plant.product.name.encode(), batch.images.first().original_id.encode()]  # type: ignore[union-attr]


def probe(client: Client, batch: BatchRecord, plant: Plant) -> None:
    tried = 0
    for _, url in addresses(batch, plant):
        for method in ("get", "post", "head"):
            answer = getattr(client, method)(url, HTTP_HX_REQUEST="true")
            assert answer.status_code in (403, 404, 405), (method, url, answer.status_code)
            assert not any(canary in answer.content for canary in canaries(batch, plant)), (method, url)
            tried += 1
    assert tried >= 80


def test_an_operator_of_another_product_finds_no_page_file_fragment_or_form(plant: Plant, batch: BatchRecord):
    stranger = plant.add("stranger", "operator", has_access=False)
    probe(stranger.client(), batch, plant)


def test_a_quality_manager_of_another_product_finds_nothing_either(plant: Plant, batch: BatchRecord):
    stranger = plant.add("other_qa", "qa_manager", has_access=False)
    probe(stranger.client(), batch, plant)


def test_lists_and_counts_hold_nothing_of_the_other_product(plant: Plant, batch: BatchRecord):
    stranger = plant.add("stranger", "operator", has_access=False)
    client = stranger.client()
    for name in ("batch-list", "product-list", "lot-list", "batch-new", "lot-new"):
        page = client.get(reverse(f"batches:{name}"))
        assert page.status_code == 200
        assert not any(canary in page.content for canary in canaries(batch, plant)), name
    assert set(client.get(reverse("batches:batch-list")).context["counts"].values()) == {0}
    assert not products_for(stranger.user.pk).exists()
    assert not lots_for(stranger.user.pk).exists()
    assert not batches_for(stranger.user.pk).exists()


def test_a_lot_of_another_product_cannot_be_named_in_a_form(plant: Plant):
    stranger = plant.add("stranger", "operator", has_access=False)
    lot = make_lot(plant)
    fields: dict[str, object] = {"lot": lot.pk, "station": plant.station.pk, "units_received": 3}
    answer = stranger.client().post(reverse("batches:batch-new"), fields)
    assert answer.status_code == 422
    assert not BatchRecord.objects.filter(lot=lot).exists()
    fields = {
        "product": plant.product.pk,
        "number": "L-1",
        "size": 5,
        "manufactured_on": "2026-01-01",
        "expires_on": "2027-01-01",
    }
    assert stranger.client().post(reverse("batches:lot-new"), fields).status_code == 422
    assert not Lot.objects.filter(number="L-1").exists()


def test_an_upload_of_one_batch_is_not_found_under_another(plant: Plant):
    first, second = batch_open(plant, units=4), batch_open(plant, units=4)
    units = photographs(4)
    made = offer(plant, first, delivery_files(plant, first, units, corrupt=[units[0].unit_id]))
    client = plant.operator.client()
    assert client.get(reverse("batches:import-detail", args=[second.number, made.pk])).status_code == 404
    assert client.post(reverse("batches:import-take", args=[second.number, made.pk])).status_code == 404
    made.refresh_from_db()
    assert made.state == "checked"


@pytest.mark.assurance("A5")
def test_access_that_ended_counts_at_the_next_request(plant: Plant, batch: BatchRecord):
    colleague = plant.add("colleague", "operator")
    client = colleague.client()
    url = reverse("batches:unit-display", args=[batch.number, batch.images.first().unit_id])  # type: ignore[union-attr]
    assert client.get(url).status_code == 200
    end_access(plant.product, person=colleague.user, actor=plant.qa_manager.actor(), reason="moved to another line")
    assert client.get(url).status_code == 404


def test_giving_and_ending_access_are_events_with_their_reason(plant: Plant):
    colleague = plant.add("colleague", "operator")
    end_access(plant.product, person=colleague.user, actor=plant.qa_manager.actor(), reason="moved to another line")
    told = Event.objects.filter(act__startswith="batches.access.").order_by("-id")[:2]
    assert [event.act for event in told] == ["batches.access.ended", "batches.access.granted"]
    assert told[0].reason == "moved to another line"
    assert told[0].details["person"] == "colleague"


def test_visitors_are_sent_to_sign_in(plant: Plant, batch: BatchRecord):
    client = Client()
    for row, url in addresses(batch, plant):
        answer = client.get(url)
        assert answer.status_code in (302, 405), row.name
        if answer.status_code == 302:
            assert answer.headers["Location"].startswith(reverse("accounts:login"))


def roles_that_hold_nothing(plant: Plant) -> Iterator[Person]:
    yield plant.crew.administrator  # type: ignore[union-attr]
    yield plant.crew.security_officer  # type: ignore[union-attr]


def test_administration_sees_no_product(plant: Plant, batch: BatchRecord):
    for person in roles_that_hold_nothing(plant):
        probe(person.client(fresh=True), batch, plant)
