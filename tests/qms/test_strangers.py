"""A stranger of the same role replays every address, form, file and fragment of another product, and learns nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import reverse

from qms.accounts.roles import QUALITY_ROLES
from qms.batches import access
from qms.batches.creation import create_batch
from qms.batches.models import Product, VialImage
from qms.inspections.accesses import make_request
from records.digests import sha256_hex
from records.models import Attachment, Rendition
from tests.plant_data import delivery_files, make_lot, offer, photographs
from tests.qms.bodies import echoed, make_bodies
from tests.qms.scene import ATTACHED, NOTE, PARAMETERS, ROUTES, Answer, Scene, inspect, undone
from tests.sizes import IS_FULL_SIZE

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.clause("11.10(d)", "11.10(g)"),
    pytest.mark.assurance("A2"),
]

STRANGERS = (
    tuple(f"strange {role}" for role in sorted(QUALITY_ROLES | {"inspector"}))
    if IS_FULL_SIZE
    else ("strange operator", "strange qa_manager", "strange inspector")
)
AS_ASKED = (
    {},
    {"HX-Request": "true"},
    {"Accept": "application/json"},
)[: None if IS_FULL_SIZE else 1]
OWNED = tuple(
    route
    for route in ROUTES
    if PARAMETERS[route]
    and route.partition(":")[0] in ("batches", "inspections", "signing")
    and route not in ("batches:station-edit",)  # stations belong to the site, not to a product
)
"""Addresses of things that belong to a product, a person or an inspection."""

LISTS = (
    "home:home",
    "batches:batch-list",
    "batches:lot-list",
    "batches:product-list",
    "batches:batch-new",
    "batches:lot-new",
    "releases:model-list",
    "signing:list",
    "inspections:search",
    "inspections:timeline",
    "inspections:request-list",
    "inspections:inspection-list",
    "inspections:access-create",
)
TRACES = frozenset({"records_event", "accounts_personsession", "records_outboxitem"})
"""What an attempt may write: that it was made, and the alert to the security contact."""


@dataclass(frozen=True)
class Canaries:
    """Texts and files that only people of the first product may meet."""

    texts: tuple[str, ...]
    files: frozenset[str]

    def found_in(self, answer: Answer, *, typed: str) -> list[str]:
        """Return what an answer gives away beyond what was typed into it."""
        shown = answer.body.decode("utf-8", "replace") + str(dict(answer.response.headers))
        seen = [text for text in self.texts if text in shown and text not in typed]
        return [*seen, *(["a file"] if sha256_hex(answer.body) in self.files else [])]


def make_canaries(scene: Scene) -> Canaries:
    """Collect what is secret about the first product."""
    here = scene.here
    images = list(VialImage.objects.filter(batch=here.batch))
    product = here.plant.product
    texts = (
        here.batch.number,
        here.lot.number,
        NOTE,
        product.name,
        *(f"{letter}{product.code}{letter}" for letter in ("'", '"')),
        f">{product.code}<",
        "canary",
        "were found and removed",
        str(here.arguments["ceremony_id"]),
        str(here.arguments["series_id"]),
        str(here.arguments["signing number"]),
        str(here.arguments["inspections:export-detail number"]),
        *(image.unit_id for image in images),
    )
    files = {sha256_hex(ATTACHED), *Rendition.objects.values_list("file_id", flat=True)}
    files |= set(Attachment.objects.filter(record_id=here.batch.pk).values_list("file_id", flat=True))
    for image in images:
        files |= {image.original_id, image.display_id, image.thumbnail_id, image.result.overlay.file_id}
    return Canaries(texts, frozenset(files))


def find_leaks(answer: Answer, canaries: Canaries, *, typed: str, what: str) -> Iterator[str]:
    """Yield everything that an answer should not have said or done."""
    for canary in canaries.found_in(answer, typed=typed):
        yield f"{what}: {answer.status} shows {canary}"
    for table in sorted(answer.rows.keys() - TRACES):
        yield f"{what}: {answer.status} wrote {table}"
    if answer.status >= 500:
        yield f"{what}: {answer.status}"


def test_a_stranger_gets_nothing_from_any_address_of_another_product(scene: Scene):
    canaries, bodies = make_canaries(scene), make_bodies(scene, scene.here)
    leaks: list[str] = []
    attempts = 0
    for who in STRANGERS:
        for route in OWNED:
            path = scene.here.path(route)
            for headers in AS_ASKED:
                for method in ("GET", "POST"):
                    body = bodies.get(route, {})
                    answer = scene.ask(who, method, path, body, **headers)
                    what = f"{method} {path} as {who}"
                    attempts += 1
                    leaks += find_leaks(answer, canaries, typed=echoed(path, body), what=what)
                    if answer.verdict != "refused":
                        leaks.append(f"{what}: {answer.status} is no refusal")
    assert not leaks, "\n".join(leaks)
    assert attempts >= (500 if IS_FULL_SIZE else 300)


def test_an_attempt_at_another_products_page_is_on_record(scene: Scene):
    unseen = []
    for route in OWNED:
        path = scene.here.path(route)
        for who in ("strange operator", "strange qa_manager", "strange inspector"):
            answer = scene.ask(who, "GET", path)
            if answer.status != 405 and "records_event" not in answer.rows:
                unseen.append(f"{path} as {who}: {answer.status}")
    assert not unseen, "\n".join(unseen)


def test_the_same_addresses_open_for_their_own_people(scene: Scene):
    canaries = make_canaries(scene)
    opened = shown = 0
    for route in OWNED:
        answers = [scene.ask(who, "GET", scene.here.path(route)) for who in ("operator", "qa_manager", "inspector")]
        opened += any(answer.verdict == "open" for answer in answers)
        shown += any(canaries.found_in(answer, typed="") for answer in answers)
    assert opened >= 45
    assert shown >= 40


def test_no_form_takes_a_thing_of_another_product(scene: Scene):
    """Their own addresses, with the other product's lot, defect, model's product, record or person in the fields."""
    here, there = scene.here, scene.elsewhere
    defect = here.plant.product.defects.get(code="MIX")
    foreign = make_bodies(scene, here)
    tries: list[tuple[str, str, dict[str, Any]]] = [
        ("operator", "batches:batch-new", {"lot": here.lot.pk}),
        ("operator", "batches:lot-new", {"product": here.plant.product.pk}),
        ("operator", "batches:unit-decide", {"action": "reject", "defect": defect.pk, "seen": 0}),
        ("qa_manager", "inspections:access-create", {"inspector": scene.strangers["inspector"].user.pk}),
        ("qa_manager", "inspections:request-answer", {"record": here.batch.number}),
    ]
    canaries, leaks = make_canaries(scene), []
    for role, route, fields in tries:
        body = foreign.get(route, {}) | fields
        path = there.path(route)
        answer = scene.ask(f"strange {role}", "POST", path, body)
        what = f"POST {path} as strange {role}"
        if answer.status != 422:
            leaks.append(f"{what}: {answer.status}, not 422")
        leaks += find_leaks(answer, canaries, typed=echoed(path, body), what=what)
    assert not leaks, "\n".join(leaks)


def test_a_unit_and_an_import_answer_only_under_their_own_batch(scene: Scene):
    here, there = scene.here, scene.elsewhere
    own = {"number": there.batch.number}
    crossed = [
        reverse(f"batches:{name}", kwargs=own | {"unit": here.arguments["unit"]})
        for name in ("unit", "unit-thumbnail", "unit-display", "unit-original", "unit-overlay")
    ]
    imports = ("import-detail", "import-progress", "import-refused")
    crossed += [reverse(f"batches:{name}", kwargs=own | {"pk": here.arguments["batches pk"]}) for name in imports]
    crossed += [
        reverse(f"batches:{name}", kwargs=own | {"pk": here.arguments[f"batches:{name} pk"]})
        for name in ("attachment", "investigation")
    ]
    canaries = make_canaries(scene)
    for path in crossed:
        for who in ("strange operator", "strange qa_manager"):
            answer = scene.ask(who, "GET", path)
            assert answer.status == 404, path
            assert not canaries.found_in(answer, typed=path), path


def test_searching_lists_for_another_products_words_finds_nothing(scene: Scene):
    canaries, here = make_canaries(scene), scene.here
    words = [here.lot.number, here.batch.number, NOTE, here.plant.product.name, here.arguments["unit"], "canary", ""]
    leaks: list[str] = []
    attempts = 0
    for who in STRANGERS:
        for route in LISTS:
            for word in words:
                query = f"?q={word}&show=all&person=operator&lot={here.lot.number}"
                answer = scene.ask(who, "GET", f"{reverse(route)}{query}")
                attempts += 1
                leaks += find_leaks(answer, canaries, typed=query, what=f"GET {route}{query} as {who}")
    assert not leaks, "\n".join(leaks)
    assert attempts >= 200


def test_no_list_count_or_search_changes_by_what_happens_in_another_product(scene: Scene):
    before = {(who, route): read_page(scene, who, route) for who in STRANGERS for route in LISTS}
    with undone():
        let_much_happen(scene)
        after = {(who, route): read_page(scene, who, route) for who in STRANGERS for route in LISTS}
        own = read_page(scene, "operator", "batches:batch-list")
    assert "L-CANARY-NEXT" in own
    changed = [f"{route} as {who}" for (who, route), page in after.items() if page != before[who, route]]
    assert not changed


def let_much_happen(scene: Scene) -> None:
    """Make another lot, batch, run and request in the first product."""
    plant = scene.here.plant
    lot = make_lot(plant, number="L-CANARY-NEXT")
    batch = create_batch(lot, actor=plant.operator.actor(), station=plant.station, units_received=3)
    offer(plant, batch, delivery_files(plant, batch, photographs(3)))
    inspect(batch, plant.operator)
    theirs = scene.people["inspector"].user.inspector_accesses.get()
    make_request(theirs, actor=scene.people["inspector"].actor(), text="More of the canary, please.")


def read_page(scene: Scene, who: str, route: str) -> str:
    """Return a page without what differs at every request."""
    answer = scene.ask(who, "GET", f"{reverse(route)}?q=L-")
    page = re.sub(r'(name="csrfmiddlewaretoken" value=|"X-CSRFToken": )"[^"]+"', "", answer.body.decode())
    return re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*", "", page)


def test_another_persons_ceremony_copy_and_link_stay_theirs(scene: Scene):
    """Colleagues with the same product and the same rights are strangers to what is one person's own."""
    here, canaries = scene.here, make_canaries(scene)
    for who in ("qa_manager", "inspector", "operator"):
        for method in ("GET", "POST"):
            answer = scene.ask(who, method, here.path("signing:ceremony"), {"password": "x", "code": "000000"})
            assert answer.status in (403, 404), who
            assert not canaries.found_in(answer, typed=here.path("signing:ceremony"))
    for who in ("qa_manager", "reviewer"):
        for route in ("inspections:export-detail", "inspections:export-download"):
            assert scene.ask(who, "GET", here.path(route)).status == 404
    for secret in ("", "a" * 43, here.arguments["username"], "1"):
        assert scene.ask("anonymous", "GET", f"/enrol/{secret}/").status == 404


def test_a_loader_that_forgets_the_scope_is_found_out(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(access, "products_for", lambda user_id: Product.objects.all())
    path = scene.here.path("batches:batch-detail")
    answer = scene.ask("strange operator", "GET", path)
    leaks = list(find_leaks(answer, make_canaries(scene), typed=path, what="a page"))
    assert f"a page: 200 shows {NOTE}" in leaks
    assert f"a page: 200 shows {scene.here.lot.number}" in leaks
