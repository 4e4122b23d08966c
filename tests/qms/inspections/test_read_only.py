"""An inspector's access writes nothing, and ends with its term, in open sessions too."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.urls import reverse

from qms.inspections.accesses import end_access, grant_access
from qms.inspections.middleware import OWN_ACCOUNT
from qms.inspections.models import InspectorAccess
from records.clock import now
from records.models import Event
from tests.people import Person
from tests.qms.bodies import make_bodies
from tests.qms.permission_table import TABLE
from tests.qms.scene import PARAMETERS, ROUTES, Scene, cookies_of, undone

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.clause("11.10(d)", "11.10(g)"),
    pytest.mark.assurance("A4"),
]

UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
ALWAYS = frozenset({"records_event", "accounts_personsession"})
"""What any request may leave: that it was made, and that the session is alive."""

ASKING = {"inspections_inspectionrequest", "inspections_historicalinspectionrequest", "records_change"}
COPYING = {
    "inspections_export",
    "inspections_historicalexport",
    "records_change",
    "records_outboxitem",
    "records_numberseries",
}
MAY_WRITE = {"inspections:request-create": ASKING, "inspections:export-create": COPYING}
OWN_TABLES = {
    "accounts_user",
    "accounts_historicaluser",
    "accounts_totpdevice",
    "accounts_historicaltotpdevice",
    "records_change",
    "records_outboxitem",
}


def allowed_tables(route: str) -> frozenset[str]:
    """Return where a request of an inspector may write: their question, their copy, their own sign-in."""
    if route in OWN_ACCOUNT:
        return ALWAYS | OWN_TABLES
    return ALWAYS | MAY_WRITE.get(route, set())


def test_no_unsafe_method_of_an_inspector_writes_a_row_of_business(scene: Scene):
    bodies, written = make_bodies(scene, scene.here), []
    for route in ROUTES:
        path = scene.here.path(route)
        for method in UNSAFE:
            answer = scene.ask("inspector", method, path, bodies.get(route, {}))
            if answer.rows.keys() - allowed_tables(route) or answer.status >= 500:
                written.append(f"{method} {route}: {answer.status} {answer.rows}")
    assert not written, "\n".join(written)


def test_the_same_forms_write_when_their_own_people_send_them(scene: Scene):
    """The forms above are no empty threats: sent by who may, most change something."""
    effective = set()
    for place, prefix in ((scene.here, ""), (scene.elsewhere, "strange ")):
        bodies = make_bodies(scene, place)
        for route in ROUTES:
            if not all(known(place.arguments, route, name) for name in PARAMETERS[route]):
                continue
            for role in sorted(TABLE[route].post - {"anonymous", "inspector"}):
                if f"{prefix}{role}" in scene.cookies:
                    answer = scene.ask(f"{prefix}{role}", "POST", place.path(route), bodies.get(route, {}))
                    if answer.rows.keys() - ALWAYS:
                        effective.add(route)
    assert len(effective) >= 25, sorted(effective)
    assert {"batches:unit-decide", "batches:product-edit", "signing:open", "accounts:role-grant"} <= effective


def known(arguments: dict[str, object], route: str, name: str) -> bool:
    """Tell whether a place has an object for a parameter."""
    return any(key in arguments for key in (f"{route} {name}", f"{route.partition(':')[0]} {name}", name))


def test_every_attempt_to_write_is_on_record(scene: Scene):
    with undone():
        before = Event.objects.filter(act="records.access.denied").count()
        client = scene.people["inspector"].client(fresh=True)
        path = scene.here.path("batches:unit-decide")
        assert client.post(path, {"action": "agree", "seen": 0}).status_code == 403
        assert client.get(scene.here.path("batches:unit")).status_code == 404
        denied = Event.objects.filter(act="records.access.denied").order_by("id")[before:]
        assert [(row.details["path"], row.details["code"]) for row in denied] == [
            (path, "inspections.read_only"),
            (scene.here.path("batches:unit"), "inspections.outside_scope"),
        ]


def let_in(scene: Scene, person: Person, *, starts: dt.timedelta, ends: dt.timedelta) -> InspectorAccess:
    """Give another inspector an access around now."""
    return grant_access(
        person.user,
        actor=scene.people["qa_manager"].actor(),
        agency="EMA",
        starts_at=now() + starts,
        ends_at=now() + ends,
        products=[scene.here.plant.product],
        contact="Maria Chen, extension 12",
        reason="inspection of the line",
    )


@pytest.fixture
def visitor(scene: Scene) -> Person:
    """Return another inspector of the same agency, without access yet."""
    person = scene.strangers["inspector"]
    for access in person.user.inspector_accesses.all():
        end_access(access, actor=scene.strangers["qa_manager"].actor(), reason="their part is done")
    return person


def find_open(scene: Scene, who: str) -> list[str]:
    """Return the addresses that still answer somebody; leaving is always possible."""
    return [
        route
        for route in ROUTES
        if route != "accounts:logout" and scene.ask(who, "GET", scene.here.path(route)).status != 403
    ]


def test_an_open_session_is_refused_at_the_next_request_after_the_term(scene: Scene, visitor: Person):
    let_in(scene, visitor, starts=-dt.timedelta(hours=1), ends=dt.timedelta(minutes=5))
    lot = scene.here.path("inspections:lot-detail")
    client = visitor.client(fresh=True)
    assert client.get(lot).status_code == 200
    with time_machine.travel(now() + dt.timedelta(minutes=6)):
        for method, path in (("get", lot), ("get", reverse("inspections:search")), ("post", reverse("web:stay"))):
            answer = getattr(client, method)(path)
            assert answer.status_code == 403
            page = answer.content.decode()
            assert "Your read-only access ended on" in page
            assert "Maria Chen, extension 12" in page
            assert scene.here.lot.number not in page.replace(lot, "")
        assert client.post(reverse("accounts:logout")).status_code == 302


def test_no_address_is_left_after_the_term(scene: Scene, visitor: Person):
    let_in(scene, visitor, starts=-dt.timedelta(hours=1), ends=dt.timedelta(minutes=5))
    scene.cookies["visitor"] = cookies_of(visitor)
    with time_machine.travel(now() + dt.timedelta(minutes=6)):
        assert find_open(scene, "visitor") == []


def test_ending_the_access_stops_open_pages_at_their_next_click(scene: Scene, visitor: Person):
    access = let_in(scene, visitor, starts=-dt.timedelta(hours=1), ends=dt.timedelta(days=5))
    client = visitor.client(fresh=True)
    assert client.get(reverse("inspections:search")).status_code == 200
    quality = scene.people["qa_manager"].client(fresh=True)
    answer = quality.post(reverse("inspections:access-end", args=[access.pk]), {"reason": "the visit is over"})
    assert answer.status_code == 302
    answer = client.get(reverse("inspections:search"))
    assert answer.status_code == 403
    assert "Maria Chen, extension 12" in answer.content.decode()


def test_an_access_that_has_not_begun_opens_nothing(scene: Scene, visitor: Person):
    let_in(scene, visitor, starts=dt.timedelta(hours=1), ends=dt.timedelta(days=5))
    answer = visitor.client(fresh=True).get(reverse("inspections:search"))
    assert answer.status_code == 403
    assert "Your read-only access begins on" in answer.content.decode()


def test_an_inspector_whose_accesses_have_all_ended_signs_in_to_nothing(scene: Scene, visitor: Person):
    answer = visitor.client(fresh=True).get(scene.here.path("inspections:lot-detail"))
    assert answer.status_code == 403
    assert scene.here.lot.number not in answer.content.decode().replace(scene.here.path("inspections:lot-detail"), "")
