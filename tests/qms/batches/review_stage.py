"""One inspected batch for all tests of a module, each test rolled back to it.

A plant takes seconds to make by the product's own rules, so the tests of a module share
one: it is made inside an outer transaction, and every test runs in a savepoint of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from pytest_django.plugin import DjangoDbBlocker

from qms.batches.aql_samples import draw_aql_sample, record_findings
from qms.batches.decisions import agree_with_model, decide_unit
from qms.batches.models import BatchRecord, Decision, DefectClass, VialImage
from qms.batches.review_units import ReviewUnit, list_units
from tests.people import Crew, Person, make_crew
from tests.plant_data import Plant, batch_inspected, give_access, make_plant, sign

UNITS = 40
MIX_UPS = 5


@dataclass
class Stage:
    """An inspected batch of 40 units, and everybody who may do something to it."""

    crew: Crew
    plant: Plant
    operator: Person
    second: Person
    reviewer: Person
    qa: Person
    batch: BatchRecord
    _extra: dict[str, Person] = field(default_factory=dict)

    def fresh(self) -> BatchRecord:
        """Return the batch as it stands in the database."""
        return BatchRecord.objects.get(pk=self.batch.pk)

    def units(self) -> list[ReviewUnit]:
        return list_units(self.fresh())

    def image(self, outcome: str, place: int = 0) -> VialImage:
        """Return the image of a unit with this outcome."""
        return self.batch.images.filter(result__outcome=outcome).order_by("position")[place]

    def defect(self, code: str) -> DefectClass:
        return DefectClass.objects.get(product=self.plant.product, code=code)

    def seen(self, image: VialImage) -> int:
        newest = image.decisions.order_by("-id").first()
        return newest.pk if newest else 0

    def decide(self, image: VialImage, verdict: str, *, by: Person | None = None, **facts: Any) -> Decision:
        return decide_unit(image, actor=(by or self.operator).actor(), verdict=verdict, seen=self.seen(image), **facts)

    def review_all(self, *, by: Person | None = None) -> None:
        """Look at every required unit and agree with the model; undecided ones are good."""
        person = by or self.operator
        for unit in self.units():
            if not unit.is_open:
                continue
            image = VialImage.objects.get(pk=unit.image_id)
            if unit.is_undecided:
                self.decide(image, "good", by=person)
            else:
                agree_with_model(image, actor=person.actor(), seen=self.seen(image))

    def sample(self) -> None:
        """Draw the AQL sample and find nothing in it."""
        draw_aql_sample(self.batch, actor=self.operator.actor())
        record_findings(self.batch, actor=self.operator.actor(), findings=[])

    def complete(self) -> None:
        """Do everything that the review asks for."""
        self.review_all()
        self.sample()

    def sign(self, action: str, person: Person, *, reason: str = "") -> BatchRecord:
        sign(self.fresh(), action, person, reason=reason)
        return self.fresh()

    def person(self, name: str, *roles: str) -> Person:
        """Return another person, with access to the product."""
        made = self.crew.add(name, *roles)
        give_access(self.plant.product, made, qa_manager=self.qa)
        return made


def make_stage(*, units: int = UNITS, mix_ups: int = MIX_UPS, random_check_size: int = 4) -> Stage:
    """Make everybody, a plant and an inspected batch, by the product's rules."""
    crew = make_crew()
    operator = crew.add("ana", "operator", printed_name="Ana Silva")
    second = crew.add("kim", "operator", "second_inspector", printed_name="Kim Wu")
    reviewer = crew.add("rita", "reviewer", printed_name="Rita Berg")
    qa = crew.add("maria", "qa_manager", printed_name="Maria Chen")
    scientist = crew.add("dev", "data_scientist", printed_name="Dev Rao")
    plant = make_plant(operator=operator, qa_manager=qa, data_scientist=scientist, random_check_size=random_check_size)
    for person in (second, reviewer):
        give_access(plant.product, person, qa_manager=qa)
    batch = batch_inspected(plant, units=units, mix_ups=mix_ups)
    return Stage(crew, plant, operator, second, reviewer, qa, batch)


@contextmanager
def shared_transaction(blocker: DjangoDbBlocker) -> Iterator[None]:
    """Open the outer transaction in which a module's tests run, and undo it at the end."""
    with blocker.unblock():
        outer = transaction.atomic()
        outer._from_testcase = True  # type: ignore[attr-defined]  # lets atomic(durable=True) work, as in Django's TestCase
        with outer:
            yield
            transaction.set_rollback(True)


@pytest.fixture(scope="module")
def shared_stage(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Stage]:
    with shared_transaction(django_db_blocker):
        yield make_stage()


@pytest.fixture
def stage(shared_stage: Stage, db: None) -> Stage:
    """Return the module's inspected batch; what the test does to it is undone after it."""
    return shared_stage
