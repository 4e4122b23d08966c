"""Acts of access leave events that tell who, what, when and where, and none of them is provoked nowhere."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from qms.accounts.profile import save_preferences
from qms.inspections.models import InspectionRequest
from records.acts import acts_in
from records.clock import now
from records.outbox import work_off
from tests.assurance.telling import told
from tests.qms.conftest import scene, shared_scene  # noqa: F401  fixtures
from tests.qms.scene import Scene

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(d)", "11.10(e)"), pytest.mark.assurance("C6")]

SESSIONS = {"accounts.session.started", "accounts.session.ended", "accounts.session.expired"}
OWN_PAGES = {"accounts.profile.changed", "accounts.tour.ended", "accounts.register.viewed"}
VISITS = {
    *("inspections.lot.viewed", "inspections.record.viewed", "inspections.search.made"),
    *("inspections.request.made", "inspections.request.answered"),
    *("inspections.export.requested", "inspections.export.downloaded"),
}
COPIES = {"signatures.capsule.made", "signatures.copy.taken"}
TESTS = Path(__file__).resolve().parent.parent
SEARCHED = "CANARY\r\n<108>1 forged"


def browse(client: Client, path: str, status: int = 200) -> None:
    """Open a page."""
    assert client.get(path).status_code == status, path


def test_sessions_are_told_from_their_beginning_to_their_end(scene: Scene) -> None:  # noqa: F811
    operator = scene.people["operator"]
    with told(SESSIONS, operator):
        assert operator.client(fresh=True).post(reverse("accounts:logout")).status_code == 302
        left_open = operator.client(fresh=True)
        with time_machine.travel(now() + dt.timedelta(hours=1), tick=True):
            browse(left_open, reverse("home:home"), 302)


def test_what_people_look_at_and_change_of_their_own_is_told(scene: Scene) -> None:  # noqa: F811
    person, administrator = scene.people["operator"], scene.people["administrator"]
    with told(OWN_PAGES, person, administrator):
        save_preferences(person.user, time_zone="Europe/Zurich", shortcuts_enabled=False, actor=person.actor())
        person.client(fresh=True).post(reverse("accounts:tour-end"))
        browse(administrator.client(fresh=True), reverse("accounts:access-register"))


def test_what_an_inspector_opens_asks_for_and_takes_is_told(scene: Scene) -> None:  # noqa: F811
    inspector, quality = scene.people["inspector"], scene.people["qa_manager"]
    desk, here = inspector.client(fresh=True), scene.here
    with told(VISITS, inspector, quality):
        for route in ("inspections:lot-detail", "inspections:record-detail"):
            browse(desk, here.path(route))
        desk.get(reverse("inspections:search"), {"q": SEARCHED})
        desk.post(reverse("inspections:request-create"), {"text": "The draft\r\nof the next model, please."})
        asked = InspectionRequest.objects.latest("id")
        answer = {"record": here.batch.number, "answer": "Here.\r\nIt is open to you now."}
        quality.client(fresh=True).post(reverse("inspections:request-answer", args=[asked.pk]), answer)
        copy = desk.post(reverse("inspections:export-create", args=[here.batch.number])).headers["Location"]
        while work_off():
            pass
        assert b"".join(desk.get(f"{copy}download/").streaming_content)  # type: ignore[attr-defined]  # a FileResponse


def test_copies_that_are_taken_away_are_told(scene: Scene, tmp_path: Path) -> None:  # noqa: F811
    with told(COPIES, scene.people["qa_manager"]):
        call_command("capsule", scene.here.batch.number, out=tmp_path / "capsule.zip", verbosity=0)
        desk = scene.people["qa_manager"].client(fresh=True)
        browse(desk, scene.here.path("signing:rendition"))


def test_every_act_of_access_is_provoked_here_or_by_the_tests_of_its_rule() -> None:
    others = (path for path in TESTS.rglob("test_*.py") if path != Path(__file__))
    text = "".join(path.read_text("utf-8") for path in others)
    provoked = SESSIONS | OWN_PAGES | VISITS | COPIES
    assert [name for name in acts_in("access") if name not in provoked and f'"{name}"' not in text] == []
