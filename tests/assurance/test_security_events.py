"""Security events are written once, with who, what, when and where, without secrets, on one line.

Those of sign-in, access and people are provoked here; the others must be named by a test of
their own rule, which may ask less of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from qms.accounts import enrolment, grants, people
from records.acts import all_acts
from records.models import Event
from records.shipping.events import SealedEvent, encode_event, shape_for_azure, shape_like_cloudtrail
from records.shipping.sinks import format_syslog
from tests.people import Crew, Person

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(e)", "11.300(d)"), pytest.mark.assurance("C6")]

FORGED = "left the company\r\n<108>1 2026-01-01T00:00:00Z forged countersign - forged - second line"
TESTS = Path(__file__).resolve().parent.parent


def refuse_sign_in(crew: Crew, person: Person) -> None:
    Client().post("/sign-in/", {"username": person.username, "password": person.password, "code": "000000"})


def replay_code(crew: Crew, person: Person) -> None:
    facts = {"username": person.username, "password": person.password, "code": person.used_code()}
    Client().post("/sign-in/", facts)


def sign_in(crew: Crew, person: Person) -> None:
    person.client()


def deny_page(crew: Crew, person: Person) -> None:
    person.client().get("/people/")


def grant_role(crew: Crew, person: Person) -> None:
    grants.grant_role(person.user, role="reviewer", actor=crew.administrator.actor(), reason=FORGED)


def deactivate(crew: Crew, person: Person) -> None:
    people.deactivate_person(person.user, actor=crew.administrator.actor(), reason=FORGED)


def reactivate(crew: Crew, person: Person) -> None:
    deactivate(crew, person)
    people.reactivate_person(person.user, actor=crew.administrator.actor(), reason=FORGED)


def lock(crew: Crew, person: Person) -> None:
    for _ in range(5):
        refuse_sign_in(crew, person)


def unlock(crew: Crew, person: Person) -> None:
    lock(crew, person)
    people.unlock_person(person.user, actor=crew.security_officer.actor(), reason=FORGED)


def end_role(crew: Crew, person: Person) -> None:
    grants.end_role(person.user, role="operator", actor=crew.administrator.actor(), reason=FORGED)


def invite(crew: Crew, person: Person) -> None:
    user = people.create_person(
        username="newcomer", printed_name="Nia New", email="nia@example.com", actor=crew.administrator.actor()
    )
    enrolment.issue_link(user, actor=crew.administrator.actor())


PROVOKED: dict[str, tuple[str, Callable[[Crew, Person], None]]] = {
    "sign-in refused": ("signatures.authentication.refused", refuse_sign_in),
    "code replayed": ("signatures.code.replayed", replay_code),
    "signed in": ("accounts.session.started", sign_in),
    "page denied": ("records.access.denied", deny_page),
    "role granted": ("accounts.role.granted", grant_role),
    "deactivated": ("accounts.person.deactivated", deactivate),
    "reactivated": ("accounts.person.reactivated", reactivate),
    "locked": ("signatures.authentication.locked", lock),
    "unlocked": ("accounts.person.unlocked", unlock),
    "role ended": ("accounts.role.ended", end_role),
    "person added": ("accounts.person.created", invite),
    "link made": ("accounts.invitation.issued", invite),
}

# Still to be provoked by name. A new act must not join them, and one that gets its test must leave.
NOT_YET_PROVOKED = {
    "accounts.device.replaced",
    "accounts.password.changed",
    "accounts.recovery_code.made",
    "accounts.recovery_code.used",
    "accounts.session.closed",
    "accounts.setup.opened",
    "backups.drill.failed",
    "records.stamping.delayed",
    "records.witness.refused",
    "signatures.certificate.imported",
    "signatures.certificate.rewrapped",
}


def seal(event: Event) -> SealedEvent:
    """Return an event as the shipping reads it, with a place in the ledger."""
    return SealedEvent(
        index=event.pk,
        id=event.pk,
        at=event.at,
        act=event.act,
        category="security",
        username=event.actor_username,
        printed_name=event.actor_name,
        role=event.actor_role,
        is_person=event.actor_id is not None,
        record="",
        reason=event.reason,
        details=event.details,
        address=event.address,
        station=event.station,
        request_id=event.request_id,
        build=event.build,
        origin="qms.example.com/countersign",
    )


@pytest.mark.parametrize("name", PROVOKED)
def test_an_event_is_written_once_with_who_what_when_and_where(crew: Crew, operator: Person, name: str) -> None:
    act, provoke = PROVOKED[name]
    last = Event.objects.latest("id")
    secrets = [operator.password, operator.used_code()]
    provoke(crew, operator)
    event = Event.objects.get(act=act, pk__gt=last.pk)
    assert event.actor_username
    assert event.at >= last.at
    assert event.address == "127.0.0.1"
    row = json.dumps([event.reason, event.details, event.session])
    assert not [secret for secret in [*secrets, operator.used_code()] if secret in row]
    sealed = seal(event)
    shapes = [encode_event(sealed, shape, max_bytes=60_000) for shape in (shape_like_cloudtrail, shape_for_azure)]
    assert not [line for line in (*shapes, format_syslog(sealed)) if re.search(rb"[\r\n]", line)]
    assert json.loads(shapes[1])["Reason"] == event.reason  # the line breaks are kept, escaped


def test_every_security_act_is_named_by_a_test_or_listed_as_open() -> None:
    others = (path for path in TESTS.rglob("test_*.py") if path != Path(__file__))
    text = "".join(path.read_text("utf-8") for path in others)
    named = {act for act, _ in PROVOKED.values()}
    acts = {act.name for act in all_acts() if act.category == "security"}
    assert {name for name in acts - named if f'"{name}"' not in text} == NOT_YET_PROVOKED
