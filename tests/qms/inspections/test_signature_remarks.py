"""Beside each signature on the timeline stands what a check found just now, or nothing is claimed."""

from __future__ import annotations

import pytest
from django.urls import reverse

from qms.inspections.signature_remarks import SIGNED, number_of, remark_signatures
from records.models import Event
from records.timeline import TimelineEntry, describe_events, events_of_records
from signatures.models import Signature
from tests.qms.scene import Scene

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(a)", "11.70")]


def signed_entries(scene: Scene, **changed: object) -> list[TimelineEntry]:
    """Return the entries of the batch's signatures, with columns of their events read otherwise."""
    events = list(events_of_records([scene.here.batch]).filter(act__in=SIGNED))
    assert events
    for event in events:
        for name, value in changed.items():
            setattr(event, name, value)
    return describe_events(events)


def verdicts(entries: object) -> set[bool | None]:
    return {entry.remark and entry.remark.is_met for entry in entries}  # type: ignore[attr-defined]


def test_a_valid_signature_is_marked_with_a_link_to_its_whole_check(scene: Scene):
    page = scene.ask("inspector", "GET", scene.here.path("inspections:lot-detail")).body.decode()
    number = Signature.objects.get(record=scene.here.batch).number
    assert f'<a href="{reverse("signing:signature-verify", args=[number])}">Signature {number}</a>' in page
    assert page.count(" verified</span>") == 1


def test_a_signature_whose_bytes_changed_is_marked_as_not_valid(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    from_database = Signature.from_db

    def forge(db: str | None, names: object, values: object) -> Signature:
        row = from_database(db, names, values)  # type: ignore[arg-type]
        row.statement = bytes(row.statement).replace(b"authorship", b"approval")
        row.meaning = "approval"
        return row

    monkeypatch.setattr(Signature, "from_db", forge)
    assert verdicts(remark_signatures(signed_entries(scene))) == {False}


@pytest.mark.parametrize("changed", [{"record_id": 0}, {"actor_id": 0}, {"details": {"signature": "S-999999"}}])
def test_an_entry_that_tells_of_a_signature_that_is_not_there_is_marked(scene: Scene, changed: dict[str, object]):
    assert verdicts(remark_signatures(signed_entries(scene, **changed))) == {False}


def test_beyond_the_bound_of_a_page_nothing_is_checked_and_nothing_claimed(scene: Scene):
    entries = remark_signatures(signed_entries(scene), most=0)
    assert verdicts(entries) == {None}
    assert all(entry.remark and entry.remark.text.startswith("Verify signature S-") for entry in entries)


def test_other_entries_carry_no_remark(scene: Scene):
    events = list(Event.objects.filter(record=scene.here.batch).exclude(act__in=SIGNED)[:20])
    assert all(number_of(event) == "" or event.act not in SIGNED for event in events)
    assert verdicts(remark_signatures(describe_events(events))) == {None}
