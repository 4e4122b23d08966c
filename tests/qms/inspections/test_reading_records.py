"""A lot is one timeline in plain sentences; its filters live in the address; versions compare field by field."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.test import Client
from django.urls import reverse

from qms.batches.creation import create_batch
from qms.batches.decisions import decide_unit
from qms.inspections.accesses import end_access, grant_access
from records.clock import now
from records.editing import edit_record
from records.models import Event
from records.versions import freeze_version
from tests.people import Person
from tests.plant_data import delivery_files, make_lot, offer, photographs
from tests.qms.scene import Scene, inspect

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(b)", "11.10(e)")]


@pytest.fixture
def desk(scene: Scene) -> Client:
    """Return the inspector's browser."""
    return scene.people["inspector"].client(fresh=True)


def read(client: Client, path: str, **query: str) -> str:
    answer = client.get(path, query)
    assert answer.status_code == 200, answer.content.decode()[:2000]
    return answer.content.decode()


def events_on(page: str) -> list[int]:
    """Return the ids of the events of a page, in its order."""
    return [int(found) for found in re.findall(r'id="event-(\d+)"', page)]


def chips_of(page: str) -> dict[str, int]:
    """Return the chips of the filter with their counts."""
    found = re.findall(r'class="chip"[^>]*>(\w+) <span class="count">(\d+)', page)
    return {label: int(count) for label, count in found}


@pytest.mark.requirement("URS-006")
def test_a_lot_page_shows_facts_and_one_timeline_newest_first(scene: Scene, desk: Client):
    page = read(desk, scene.here.path("inspections:lot-detail"))
    assert "Fentanyl citrate 50 µg/ml (Vial 2R)" in page
    assert scene.here.batch.number in page
    assert scene.here.plant.model.number in page
    shown = events_on(page)
    assert shown == sorted(shown, reverse=True)
    assert len(shown) > 10
    assert re.search(r"<strong>Operator</strong>\s*\(operator\) signed", page)


def test_each_opened_lot_and_record_is_an_event(scene: Scene, desk: Client):
    read(desk, scene.here.path("inspections:lot-detail"))
    read(desk, scene.here.path("inspections:record-detail"))
    lot, record = Event.objects.filter(actor_username="inspector", act__endswith=".viewed").order_by("-id")[:2][::-1]
    assert (lot.act, lot.details) == ("inspections.lot.viewed", {"lot": scene.here.lot.number})
    assert (record.act, record.record_id) == ("inspections.record.viewed", scene.here.batch.pk)


def test_a_chip_shows_one_category_and_counts_all_of_them(scene: Scene, desk: Client):
    path = scene.here.path("inspections:record-detail")
    counts = chips_of(read(desk, path))
    assert counts["All"] == sum(count for label, count in counts.items() if label not in ("All", "Overrides"))
    assert counts["Signatures"] > 0
    signatures = read(desk, path, show="signature")
    assert len(events_on(signatures)) == counts["Signatures"]
    assert set(re.findall(r'<li class="timeline-(\w+)', signatures)) == {"signature"}


def test_the_timeline_is_narrowed_by_person_and_days(scene: Scene, desk: Client):
    path = scene.here.path("inspections:record-detail")
    by_reviewer = events_on(read(desk, path, person=" Reviewer "))
    assert by_reviewer
    assert set(Event.objects.filter(pk__in=by_reviewer).values_list("actor_username", flat=True)) == {"reviewer"}
    tomorrow, today = (now() + dt.timedelta(days=1)).date().isoformat(), now().date().isoformat()
    assert events_on(read(desk, path, since=tomorrow)) == []
    everything = events_on(read(desk, path))
    assert events_on(read(desk, path, since=today, until=today))[1:50] == everything[:49]  # the first is this look
    assert "No entries match" in read(desk, path, since=tomorrow)


def test_the_chip_of_overrides_shows_who_decided_otherwise_than_the_model(scene: Scene, desk: Client):
    plant, operator = scene.here.plant, scene.people["operator"]
    batch = create_batch(
        make_lot(plant, number="L-OVERRIDDEN"), actor=operator.actor(), station=plant.station, units_received=3
    )
    offer(plant, batch, delivery_files(plant, batch, photographs(3)))
    inspect(batch, operator)
    image = batch.images.filter(result__outcome="good")[0]
    decide_unit(
        image,
        actor=operator.actor(),
        verdict="reject",
        seen=0,
        reason_code="R6",
        defect=plant.product.defects.get(code="MIX"),
    )
    path = reverse("inspections:lot-detail", args=["L-OVERRIDDEN"])
    assert chips_of(read(desk, path))["Overrides"] == 1
    page = read(desk, path, show="override")
    assert len(events_on(page)) == 1
    assert f"overrode the model on unit {image.unit_id}" in page


@pytest.mark.parametrize(
    "query",
    [
        {"since": "not a day"},
        {"show": "nonsense"},
        {"until": "9999-12-31"},
        {"since": "0001-01-01"},
    ],
)
def test_a_filter_that_cannot_be_read_is_left_out(scene: Scene, desk: Client, query: dict[str, str]):
    desk.raise_request_exception = False
    path = scene.here.path("inspections:record-detail")
    assert len(events_on(read(desk, path, **query))) > 10


@pytest.mark.requirement("URS-006")
def test_pages_of_the_timeline_follow_by_key_without_gap_or_repeat(scene: Scene, desk: Client):
    operator = scene.people["operator"]
    lot = make_lot(scene.here.plant, number="L-LONG-1")
    batch = create_batch(lot, actor=operator.actor(), station=scene.here.plant.station, units_received=5)
    for turn in range(120):
        batch.refresh_from_db()
        edit_record(
            batch,
            actor=operator.actor("operator"),
            revision=batch.revision,
            changes={"note": f"note number {turn}"},
            reason="written while the shift went on",
        )
    path = reverse("inspections:lot-detail", args=[lot.number])
    seen: list[int] = []
    page = read(desk, path)
    while True:
        seen += events_on(page)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        if found is None:
            break
        page = read(desk, f"{path}{found[1].replace('&amp;', '&')}")
    wanted = list(Event.objects.filter(record_id=batch.pk).order_by("-id").values_list("pk", flat=True))
    assert seen == wanted
    assert len(wanted) == 121
    assert "note number 118" in read(desk, path)
    assert "written while the shift went on" in read(desk, path)


def test_an_event_shows_the_old_and_the_new_value_and_the_reason(scene: Scene, desk: Client):
    operator = scene.people["operator"]
    lot = make_lot(scene.here.plant, number="L-NOTE-1")
    batch = create_batch(lot, actor=operator.actor(), station=scene.here.plant.station, units_received=5, note="first")
    batch.refresh_from_db()
    edit_record(
        batch,
        actor=operator.actor("operator"),
        revision=batch.revision,
        changes={"note": "<i>second</i>"},
        reason="the first was wrong",
    )
    page = read(desk, reverse("inspections:record-detail", args=[batch.number]))
    assert "from <del>first</del> to <ins>&lt;i&gt;second&lt;/i&gt;</ins>" in page
    assert "Reason: the first was wrong" in page


def test_two_versions_are_compared_field_by_field_the_changed_first(scene: Scene, desk: Client):
    batch = two_versions(scene, scene.people["operator"])
    path = reverse("inspections:record-compare", args=[batch])
    page = read(desk, path)
    assert "version 1 beside version 2" in page
    changed, _, unchanged = page.partition("Unchanged fields")
    assert "1 fields changed" in changed
    assert "77" in changed
    assert "L-TWICE-1" in unchanged
    back = read(desk, path, **{"from": "2", "to": "1"})
    assert "version 2 beside version 1" in back
    assert "shown beside itself" in read(desk, path, **{"from": "1", "to": "1"})


def two_versions(scene: Scene, operator: Person) -> str:
    """Make a record with two frozen versions that differ in one field; return its number."""
    lot = make_lot(scene.here.plant, number="L-TWICE-1")
    batch = create_batch(lot, actor=operator.actor(), station=scene.here.plant.station, units_received=5)
    for turn in range(2):
        batch.refresh_from_db()
        freeze_version(batch, actor=operator.actor("operator"))
        if turn == 0:
            edit_record(
                batch,
                actor=operator.actor("operator"),
                revision=batch.revision,
                changes={"units_received": 77},
                reason="the first was wrong",
            )
    return batch.number


@pytest.mark.parametrize("version", ["3", "0", "-1", "x", "", "99999999999", "²"])
def test_a_version_that_does_not_exist_is_named_as_missing(scene: Scene, desk: Client, version: str):
    desk.raise_request_exception = False
    answer = desk.get(scene.here.path("inspections:record-compare"), {"to": version})
    assert answer.status_code == 404
    assert "has no version" in answer.content.decode()


@pytest.mark.parametrize("route", ["lot-detail", "record-detail", "record-compare", "record-verify"])
@pytest.mark.parametrize("number", ["L-OTHER-1", "BR-2026-0002", "nothing", "%00", "%F0%9F%92%89", "x" * 500])
def test_what_lies_outside_the_scope_is_not_there(scene: Scene, desk: Client, route: str, number: str):
    desk.raise_request_exception = False
    path = reverse(f"inspections:{route}", args=["NUMBER"]).replace("NUMBER", number)
    assert desk.get(path).status_code == 404


def test_a_single_lot_can_be_the_scope(scene: Scene):
    visitor = scene.strangers["inspector"]
    for access in visitor.user.inspector_accesses.all():
        end_access(access, actor=scene.strangers["qa_manager"].actor(), reason="another lot is looked at")
    other = make_lot(scene.here.plant, number="L-NOT-GIVEN")
    grant_access(
        visitor.user,
        actor=scene.people["qa_manager"].actor(),
        agency="EMA",
        starts_at=now() - dt.timedelta(minutes=1),
        ends_at=now() + dt.timedelta(days=1),
        lots=[scene.here.lot],
        contact="Maria Chen",
        reason="one complaint",
    )
    client = visitor.client(fresh=True)
    assert client.get(scene.here.path("inspections:lot-detail")).status_code == 200
    assert client.get(reverse("inspections:lot-detail", args=[other.number])).status_code == 404


@pytest.mark.clause("11.10(a)")
def test_an_untouched_record_passes_every_check_of_its_verification(scene: Scene, desk: Client):
    for number in (scene.here.batch.number, scene.here.plant.model.number):
        page = read(desk, reverse("inspections:record-verify", args=[number]))
        assert re.search(r"All \d+ checks passed", page)
        assert 'class="broken"' not in page
    page = read(desk, scene.here.path("inspections:record-verify"))
    assert "Content of version" in page
    assert f"Signature {scene.here.arguments['signing number']}" in page
