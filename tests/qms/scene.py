"""Two products with everything of theirs behind every kind of address, and who may see which.

A scene takes half a minute to make by the product's own rules, so the tests of a module
share one, and every request is undone after it.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from examples.make_lot_zip import load_photographs
from qms.accounts.models import User
from qms.accounts.people import create_person, deactivate_person
from qms.accounts.roles import QUALITY_ROLES, ROLES
from qms.backups.models import BackupSet
from qms.batches.aql_samples import draw_aql_sample, record_findings
from qms.batches.challenges import register_challenge_set
from qms.batches.creation import create_batch
from qms.batches.decisions import agree_with_model, decide_unit
from qms.batches.inspecting import work_off_run
from qms.batches.investigations import close_investigation
from qms.batches.models import BatchRecord, Lot, Product, VialImage
from qms.batches.overlays import make_overlays
from qms.batches.products import approve_model
from qms.batches.review_units import list_units
from qms.batches.runs import start_inspection
from qms.inspections.accesses import grant_access, make_request
from qms.inspections.copies import request_export
from qms.inspections.models import InspectorAccess
from records.acting import acting
from records.attachments import attach_file
from records.clock import now
from records.evidence import system_actor
from records.outbox import work_off
from records.stores import file_store
from signatures.models import Series
from signatures.worklist import find_work
from tests.people import Crew, Person, make_crew
from tests.plant_data import (
    LOT,
    REASON,
    Plant,
    delivery_files,
    give_access,
    known_units,
    make_lot,
    make_plant,
    make_product,
    offer,
    photographs,
    sign,
)
from tests.qms.validation_scene import validation_objects

VISITORS = ("anonymous", "token", "deactivated")
NOTE = "note-of-the-first-batch: glovebox 7, night shift"
ATTACHED = b"certificate of the first lot, only for its own people\n"


def all_routes() -> Iterator[str]:
    """Yield the full name of every address of the site."""
    yield from (name for name, _ in walk(get_resolver().url_patterns))


def walk(patterns: list[Any], space: str = "", inherited: tuple[str, ...] = ()) -> Iterator[tuple[str, list[str]]]:
    """Yield the name and the parameters of every address."""
    for entry in patterns:
        names = (*inherited, *entry.pattern.regex.groupindex)
        if isinstance(entry, URLResolver):
            yield from walk(entry.url_patterns, f"{space}{entry.namespace}:" if entry.namespace else space, names)
        elif isinstance(entry, URLPattern):
            yield f"{space}{entry.name}", list(names)


ROUTES = sorted(all_routes())
PARAMETERS = dict(walk(get_resolver().url_patterns))


@dataclass
class Place:
    """One product, its batch, and one object of it for every parameter of every address."""

    plant: Plant
    batch: BatchRecord
    lot: Lot
    arguments: dict[str, Any] = field(default_factory=dict)

    def path(self, route: str) -> str:
        """Return an address with this place's own objects in it."""
        return reverse(route, kwargs={name: self.argument(route, name) for name in PARAMETERS[route]})

    def argument(self, route: str, name: str) -> Any:
        """Return the value of a parameter: for the route, for its app, or in general."""
        space = route.partition(":")[0]
        for key in (f"{route} {name}", f"{space} {name}", name):
            if key in self.arguments:
                return self.arguments[key]
        raise LookupError(f"{route}: no object for {name}")


@dataclass
class Scene:
    """The first product and its people, and another product with people of the same roles."""

    people: dict[str, Person]
    strangers: dict[str, Person]
    cookies: dict[str, dict[str, str]]
    here: Place
    elsewhere: Place

    def ask(self, who: str, method: str, path: str, data: Mapping[str, Any] | None = None, **headers: str) -> Answer:
        """Send one request, read the whole answer, and undo whatever it did."""
        client = Client(raise_request_exception=False)
        client.cookies.load(self.cookies.get(who, {}))
        if who == "token":
            headers["Authorization"] = f"Bearer {uuid.uuid4().hex}"
        with undone():
            before = written_rows()
            answer: Any
            if method == "POST":
                rewind(data or {})
                answer = client.post(path, data or {}, headers=headers)
            else:
                answer = client.generic(method, path, headers=headers)
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            after = written_rows()
        rows = {table: count - before.get(table, 0) for table, count in after.items() if count > before.get(table, 0)}
        return Answer(answer, body, rows)


@dataclass(frozen=True)
class Answer:
    """What came back, and how many rows of which tables were written on the way."""

    response: HttpResponseBase
    body: bytes
    rows: dict[str, int]

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def verdict(self) -> str:
        """Return what an answer means for access: ``open``, ``refused``, or the fault."""
        location = self.response.headers.get("Location", "")
        if self.status >= 500:
            return f"fault {self.status}"
        if self.status in (401, 403, 404, 405) or (self.status == 302 and location.startswith("/sign-in/?next=")):
            return "refused"
        return "open"


def rewind(data: Mapping[str, Any]) -> None:
    """Make uploads readable once more."""
    for value in data.values():
        if hasattr(value, "seek"):
            value.seek(0)


@contextmanager
def undone() -> Iterator[None]:
    """Run a block in a savepoint that is rolled back, where rules insist on their own transaction too."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]  # as Django's own TestCase does
    with block:
        yield
        transaction.set_rollback(True)


def written_rows() -> dict[str, int]:
    """Return how many rows this transaction wrote, table by table, as PostgreSQL itself counts them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables"
            " WHERE n_tup_ins + n_tup_upd + n_tup_del > 0"
        )
        return dict(cursor.fetchall())


def cookies_of(person: Person) -> dict[str, str]:
    """Return what the browser of a signed-in person holds."""
    return {name: morsel.value for name, morsel in person.client(fresh=True).cookies.items()}


def make_scene() -> Scene:
    """Make both products, everybody, and all objects."""
    crew = make_crew()
    people = {"administrator": crew.administrator, "security_officer": crew.security_officer}
    for role in ROLES:
        people.setdefault(role, crew.add(role, role) if role not in people else people[role])
    strangers = {role: crew.add(f"stranger.{role[:8]}", role) for role in sorted(QUALITY_ROLES | {"inspector"})}
    plant = make_plant(
        operator=people["operator"], qa_manager=people["qa_manager"], data_scientist=people["data_scientist"]
    )
    for role in QUALITY_ROLES - {"operator", "qa_manager", "data_scientist"}:
        give_access(plant.product, people[role], qa_manager=people["qa_manager"])
    second_qa = crew.add("second.qa", "qa_manager")
    give_access(plant.product, second_qa, qa_manager=people["qa_manager"])
    here = make_here(plant, people | {"second_qa": second_qa})
    elsewhere = make_elsewhere(plant, strangers)
    cookies = {role: cookies_of(person) for role, person in people.items()}
    cookies |= {f"strange {role}": cookies_of(person) for role, person in strangers.items()}
    here.arguments["accounts:person-link username"] = add_newcomer(crew).username
    gone = crew.add("gone", "operator")
    cookies["deactivated"] = cookies_of(gone)
    deactivate_person(gone.user, actor=crew.administrator.actor(), reason="left the company")
    scene = Scene(people, strangers, cookies, here, elsewhere)
    here.arguments |= open_series_by_page(people["reviewer"])
    cookies["reviewer"] = {name: morsel.value for name, morsel in people["reviewer"].client().cookies.items()}
    return scene


def add_newcomer(crew: Crew) -> User:
    """Add somebody who has not opened their link yet."""
    return create_person(
        username="newcomer", printed_name="Nia New", email="nia@example.com", actor=crew.administrator.actor()
    )


def open_series_by_page(person: Person) -> dict[str, str]:
    """Open what waits for a person's signature in their browser; return the ids of ceremony and series."""
    items = [item.key for item in find_work(person.actor())]
    answer = person.client().post(reverse("signing:open-series"), {"item": items})
    assert answer.status_code == 302, answer.content.decode()
    series = Series.objects.get(signer=person.user)
    return {"ceremony_id": answer.headers["Location"].rpartition("/")[2], "series_id": str(series.pk)}


def make_here(plant: Plant, people: dict[str, Person]) -> Place:
    """Make the first product's batch up to its signed review, with everything that can hang on it."""
    operator = people["operator"]
    lot = make_lot(plant, number="L-CANARY-4711")
    batch = create_batch(lot, actor=operator.actor(), station=plant.station, units_received=10, note=NOTE)
    offer(plant, batch, delivery_files(plant, batch, photographs(10, mix_ups=2)), name="canary-delivery.zip")
    inspect(batch, operator)
    make_overlays(batch.pk)
    kept = file_store().add_bytes(ATTACHED)
    attached = attach_file(
        batch,
        actor=operator.actor("operator"),
        sha256=kept.sha256,
        size=kept.size,
        media_type="text/plain",
        name="canary-certificate.txt",
        purpose="evidence",
    )
    review(BatchRecord.objects.get(pk=batch.pk), operator)
    for row in batch.investigations.all():
        close_investigation(row, actor=people["second_qa"].actor(), conclusion="The mix-ups were found and removed.")
    sign(BatchRecord.objects.get(pk=batch.pk), "sign_review", operator)
    batch = BatchRecord.objects.get(pk=batch.pk)
    place = Place(plant, batch, lot)
    place.arguments |= validation_objects(people)
    place.arguments |= inspection_objects(place, people) | {
        "number": batch.number,
        "unit": overlaid_unit(batch),
        "batches pk": batch.imports.get().pk,
        "batches:attachment pk": attached.pk,
        "batches:investigation pk": batch.investigations.order_by("pk")[0].pk,
        "code": plant.product.code,
        "batches:station-edit code": plant.station.code,
        "batches:defect-end pk": plant.product.defects.get(code="SCRATCH").pk,
        "user_id": people["data_scientist"].user.pk,
        "username": people["operator"].username,
        "role": "operator",
        "secret": "no-such-link",
        "accounts:demo-file name": "lot.zip",
        "topic": "start",
        "backups name": make_known_set().name,
        "releases number": plant.model.number,
        "signing number": batch.signatures.get().number,
        "signing:open number": batch.number,
        "action": "sign_trail_review",
        "inspections:lot-detail number": lot.number,
    }
    return place


def make_known_set() -> BackupSet:
    """Remember a backup set; its folder is not looked at by any page."""
    name = "20260301T020000.000Z-0a1b2c3d"
    facts: dict[str, Any] = {"name": name, "manifest_sha256": "0" * 64, "signer": "1" * 64}
    with acting(system_actor("tests"), "backups.set.made", details=facts | {"files": 1, "rows": 1}):
        return BackupSet.objects.create(**facts, folder="nowhere", size=1, rows=1, files=1, newest_event=1, seconds=1)


def inspect(batch: BatchRecord, operator: Person) -> None:
    """Let the model decide about a batch whose images are complete."""
    started = start_inspection(BatchRecord.objects.get(pk=batch.pk), actor=operator.actor())
    work_off_run(started.runs.get().pk)


def overlaid_unit(batch: BatchRecord) -> str:
    """Return a unit that has an overlay."""
    found = VialImage.objects.filter(batch=batch, result__overlay__isnull=False).order_by("position").first()
    assert found is not None
    return found.unit_id


def review(batch: BatchRecord, operator: Person) -> None:
    """Look at everything, draw the sample, find nothing."""
    for unit in list_units(batch):
        if not unit.is_open:
            continue
        image = VialImage.objects.get(pk=unit.image_id)
        if unit.is_undecided:
            decide_unit(image, actor=operator.actor(), verdict="good", seen=0)
        else:
            agree_with_model(image, actor=operator.actor(), seen=0)
    draw_aql_sample(batch, actor=operator.actor())
    record_findings(batch, actor=operator.actor(), findings=[])


def inspection_objects(place: Place, people: dict[str, Person]) -> dict[str, Any]:
    """Give the inspector access, let them ask for something and take a copy; make what was promised."""
    access = let_inspect(people["inspector"], place.plant.product, qa_manager=people["qa_manager"])
    asked = make_request(access, actor=people["inspector"].actor(), text="The canary cleaning record, please.")
    export = request_export(place.batch, actor=people["inspector"].actor())
    while work_off():
        pass
    export.refresh_from_db()
    assert export.state == "ready", export.error
    return {
        "inspections:export-detail number": export.number,
        "inspections:export-download number": export.number,
        "inspections pk": access.pk,
        "inspections:request-answer pk": asked.pk,
    }


def let_inspect(
    inspector: Person, product: Product, *, qa_manager: Person, days: int = 1, may_export: bool = True
) -> InspectorAccess:
    """Give an inspector access to a product from an hour ago."""
    return grant_access(
        inspector.user,
        actor=qa_manager.actor(),
        agency="FDA",
        starts_at=now() - dt.timedelta(hours=1),
        ends_at=now() + dt.timedelta(days=days),
        products=[product],
        may_export=may_export,
        contact="Maria Chen, extension 12",
        reason="inspection of the line",
    )


def make_elsewhere(first: Plant, strangers: dict[str, Person]) -> Place:
    """Make another product with a batch in review, on the same station and model, for other people."""
    quality = strangers["qa_manager"]
    product = make_product(quality, code="OTHER-1", name="Sodium chloride 0.9 %")
    for role in QUALITY_ROLES - {"qa_manager"}:
        give_access(product, strangers[role], qa_manager=quality)
    approve_model(product, model_version=first.model, actor=quality.actor(), reason=REASON)
    plant = Plant(
        product,
        first.station,
        first.station_key,
        first.model,
        strangers["operator"],
        quality,
        strangers["data_scientist"],
    )
    add_challenges(plant)
    lot = make_lot(plant, number="L-OTHER-1")
    batch = create_batch(lot, actor=plant.operator.actor(), station=plant.station, units_received=6)
    right = [unit for unit in load_photographs(LOT) if unit.product != "midazolam"]
    offer(plant, batch, delivery_files(plant, batch, right[30:36]), name="other.zip")
    inspect(batch, plant.operator)
    access = let_inspect(strangers["inspector"], product, qa_manager=quality)
    asked = make_request(access, actor=strangers["inspector"].actor(), text="The other product's plan, please.")
    batch = BatchRecord.objects.get(pk=batch.pk)
    unit = batch.images.order_by("position")[0].unit_id
    arguments = {"number": batch.number, "unit": unit, "code": product.code, "inspections pk": access.pk}
    arguments |= {"inspections:lot-detail number": lot.number, "inspections:request-answer pk": asked.pk}
    return Place(plant, batch, lot, arguments)


def add_challenges(plant: Plant) -> None:
    """Register the challenge set of another product."""
    register_challenge_set(
        plant.product, actor=plant.qa_manager.actor(), name="Mix-ups", units=known_units(), reason=REASON
    )
