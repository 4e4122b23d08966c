"""Home shows each person their own work, says what an empty card will hold, and survives a broken card."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.db import DatabaseError
from django.urls import reverse

from qms.home import worklists
from qms.home.worklists import worklists_of
from qms.inspections.accesses import grant_access
from records.clock import now
from tests.people import Crew, Person
from tests.plant_data import Plant, batch_open, make_plant

pytestmark = pytest.mark.django_db
HOME = reverse("home:home")


@pytest.fixture
def plant(operator: Person, qa_manager: Person, data_scientist: Person) -> Plant:
    return make_plant(operator=operator, qa_manager=qa_manager, data_scientist=data_scientist)


def titles(person: Person) -> dict[str, int]:
    return {card.title: len(card.tasks) for card in worklists_of(person.actor())}


def test_empty_cards_say_what_will_appear_in_them(operator: Person):
    page = operator.client().get(HOME).content.decode()
    assert "Nothing to sign. You will see tasks here when a record reaches you." in page
    assert "Nothing to review." in page
    assert titles(operator) == {"To sign": 0, "To review": 0, "Returned to me": 0, "Overdue": 0}


def test_an_operator_finds_the_batch_that_waits_for_images_with_a_link_to_it(plant: Plant):
    batch = batch_open(plant)
    page = plant.operator.client().get(HOME).content.decode()
    assert f'href="{reverse("batches:batch-detail", args=[batch.number])}"' in page
    assert "Import the images" in page


@pytest.mark.parametrize(
    ("role", "route"),
    [
        ("operator", "batches:batch-new"),
        ("data_scientist", "releases:model-new"),
        ("qa_manager", "batches:batch-list"),
        ("sponsor", "batches:batch-list"),
        ("administrator", "accounts:person-list"),
        ("security_officer", "accounts:person-list"),
    ],
)
def test_an_empty_list_leads_to_what_its_reader_can_do(crew: Crew, role: str, route: str):
    person = crew.add("somebody", role)
    page = person.client().get(HOME).content.decode()
    assert page.count(f'<a href="{reverse(route)}">') >= 2
    assert person.client().get(reverse(route)).status_code == 200


@pytest.mark.clause("11.10(d)")
def test_nobody_sees_work_of_a_product_that_is_not_theirs(plant: Plant, second_operator: Person):
    batch = batch_open(plant)
    assert batch.number not in second_operator.client().get(HOME).content.decode()


def test_work_without_an_act_for_days_is_overdue(plant: Plant):
    batch_open(plant)
    assert titles(plant.operator)["Overdue"] == 0
    with time_machine.travel(now() + dt.timedelta(days=worklists.OVERDUE_DAYS, minutes=1)):
        assert titles(plant.operator)["Overdue"] == 1


def test_a_card_that_cannot_be_read_leaves_the_others(plant: Plant, monkeypatch: pytest.MonkeyPatch):
    def break_off(actor: object) -> object:
        raise DatabaseError("the connection is gone")

    batch_open(plant)
    client = plant.operator.client()
    monkeypatch.setattr(worklists, "find_returned", break_off)
    page = client.get(HOME).content.decode()
    assert page.count("This list could not be read just now.") == 1
    assert "Import the images" in page


def test_an_inspector_begins_at_the_search(inspector: Person, plant: Plant):
    grant_access(
        inspector.user,
        actor=plant.qa_manager.actor(),
        agency="FDA",
        starts_at=now(),
        ends_at=now() + dt.timedelta(days=7),
        products=[plant.product],
        contact="Maria Chen",
        reason="announced inspection",
    )
    answer = inspector.client().get(HOME)
    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("inspections:search"))


@pytest.mark.clause("11.10(d)")
def test_only_administrators_see_how_the_system_stands(administrator: Person, operator: Person):
    page = administrator.client().get(reverse("home:system")).content.decode()
    for line in (
        "Database guards",
        "as declared",
        "Last time stamp",
        "not configured (TSA_URL)",
        "Last verification",
        "never",
        "Run `manage.py verify`.",
    ):
        assert line in page.replace("&#x27;", "'")
    assert operator.client().get(reverse("home:system")).status_code == 403
