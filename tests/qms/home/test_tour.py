"""The tour of a first visit: four steps for one's role, beside the work, closed for ever by one press."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.test import Client
from django.urls import reverse

from qms.accounts.roles import ROLES
from qms.accounts.tour import ENDED, OUTSIDE_TOURS, OWN_STEPS, steps_for
from qms.inspections.accesses import grant_access
from qms.web.views import TOPICS
from records.clock import now
from records.models import Event
from tests.people import Person
from tests.plant_data import make_plant

pytestmark = pytest.mark.django_db
HOME, END = reverse("home:home"), reverse("accounts:tour-end")


def heading(client: Client, address: str = HOME) -> str:
    found = re.search(r'id="tour-heading"[^>]*>([^<]+)<', client.get(address).content.decode())
    return found.group(1) if found else ""


def test_every_role_has_four_steps_and_each_opens_a_page_of_the_manual():
    assert set(OWN_STEPS) | set(OUTSIDE_TOURS) == set(ROLES)
    for role in ROLES:
        steps = steps_for(frozenset({role}))
        assert len({step.title for step in steps}) == 4, role
        assert {step.topic for step in steps} <= set(TOPICS), role


def test_whoever_holds_two_roles_is_shown_what_weighs_more():
    assert steps_for(frozenset({"reviewer", "qa_manager"})) == steps_for(frozenset({"qa_manager"}))
    assert steps_for(frozenset({"qa_manager"})) != steps_for(frozenset({"operator"}))


def test_next_leads_through_the_steps_without_scripts_and_the_last_one_closes(operator: Person):
    client = operator.client()
    seen = [heading(client), *(heading(client, f"{HOME}?tour={number}") for number in (2, 3, 4))]
    assert seen == [step.title for step in steps_for(frozenset({"operator"}))]
    assert 'href="?tour=2#tour"' in client.get(HOME).content.decode()
    last = client.get(f"{HOME}?tour=4").content.decode()
    assert "Close the tour" in last
    assert "Next</a>" not in last


@pytest.mark.parametrize("asked", ["0", "5", "99999999999999999999", "two", "-1", "²"])
def test_a_number_that_is_no_step_shows_one_that_is(operator: Person, asked: str):
    assert heading(operator.client(), f"{HOME}?tour={asked}") in {
        step.title for step in steps_for(frozenset({"operator"}))
    }


def test_skipped_once_it_is_gone_in_every_browser_and_for_nobody_else(operator: Person, qa_manager: Person):
    answer = operator.client().post(END)
    assert (answer.status_code, answer.headers["Location"]) == (302, HOME)
    assert heading(operator.client(fresh=True)) == ""
    assert heading(operator.client(), f"{HOME}?tour=2") == ""
    assert heading(qa_manager.client()) != ""


def test_skipping_twice_leaves_one_event(operator: Person):
    for _ in range(2):
        operator.client().post(END)
    assert Event.objects.filter(act=ENDED, actor_id=operator.user.pk).count() == 1


def test_it_stands_after_the_work_never_before_it(operator: Person):
    page = operator.client().get(HOME).content.decode()
    assert page.index("To sign") < page.index("Overdue") < page.index('id="tour"')


def test_an_inspector_is_shown_it_beside_the_search_and_not_beside_what_was_found(
    inspector: Person, data_scientist: Person, operator: Person, qa_manager: Person
):
    plant = make_plant(operator=operator, qa_manager=qa_manager, data_scientist=data_scientist)
    grant_access(
        inspector.user,
        actor=qa_manager.actor(),
        agency="FDA",
        products=[plant.product],
        contact="Maria Chen",
        reason="announced inspection",
        starts_at=now(),
        ends_at=now() + dt.timedelta(days=7),
    )
    client, search = inspector.client(), reverse("inspections:search")
    assert heading(client, search) == "One box finds everything"
    assert heading(client, f"{search}?q=nothing") == ""
    assert client.post(END).status_code == 302
    assert heading(client, search) == ""
