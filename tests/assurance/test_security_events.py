"""Security events are written once, with who, what, when and where, without secrets, on one line.

Those of sign-in, access and people are provoked here; the others by the tests of their own rule.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from django.test import Client

from qms.accounts import enrolment, grants, people, sessions
from qms.accounts.models import TotpDevice
from records.acts import acts_in
from records.models import Event
from signatures.credentials import revoke_certificate
from tests.assurance.telling import check_told
from tests.people import Crew, Person, pair

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


def replace_device(crew: Crew, person: Person) -> None:
    enrolment.replace_device(person.user, pairing=pair(person.user), actor=person.actor(), **person.credentials())


def change_password(crew: Crew, person: Person) -> None:
    new = "eleven clear vials"
    enrolment.change_password(person.user, new_password=new, actor=person.actor(), **person.credentials())


def renew_recovery_codes(crew: Crew, person: Person) -> list[str]:
    return enrolment.renew_recovery_codes(person.user, actor=person.actor(), **person.credentials())


def use_recovery_code(crew: Crew, person: Person) -> list[str]:
    codes = renew_recovery_codes(crew, person)
    sessions.sign_in(
        person.username, password=person.password, code=codes[0], actor=person.actor(), with_recovery_code=True
    )
    return codes


def close_sessions(crew: Crew, person: Person) -> None:
    person.client()
    sessions.close_sessions(person.user, actor=crew.security_officer.actor())


def lose_device(crew: Crew, person: Person) -> None:
    enrolment.report_lost_device(person.user, actor=person.actor())


def reset(crew: Crew, person: Person) -> list[str]:
    return [enrolment.reset_credentials(person.user, actor=crew.administrator.actor(), reason=FORGED).secret]


def revoke(crew: Crew, person: Person) -> None:
    revoke_certificate(person.certificate, actor=crew.security_officer.actor(), reason=FORGED)


PROVOKED: dict[str, tuple[str, Callable[[Crew, Person], list[str] | None]]] = {
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
    "device replaced": ("accounts.device.replaced", replace_device),
    "password changed": ("accounts.password.changed", change_password),
    "recovery codes made": ("accounts.recovery_code.made", renew_recovery_codes),
    "recovery code used": ("accounts.recovery_code.used", use_recovery_code),
    "sessions closed": ("accounts.session.closed", close_sessions),
    "device lost": ("accounts.device.lost", lose_device),
    "credentials reset": ("accounts.credentials.reset", reset),
    "certificate revoked": ("signatures.certificate.revoked", revoke),
}


@pytest.mark.parametrize("name", PROVOKED)
def test_an_event_is_written_once_with_who_what_when_and_where(crew: Crew, operator: Person, name: str) -> None:
    act, provoke = PROVOKED[name]
    last = Event.objects.latest("id")
    secrets = [operator.password, operator.used_code()]
    secrets += provoke(crew, operator) or []
    event = Event.objects.get(act=act, pk__gt=last.pk)
    with suppress(TotpDevice.DoesNotExist):  # a lost or reset one gives no code any more
        secrets.append(operator.used_code())
    check_told(event, since=last, secrets=secrets)


def test_every_security_act_is_provoked_here_or_by_the_tests_of_its_rule() -> None:
    others = (path for path in TESTS.rglob("test_*.py") if path != Path(__file__))
    text = "".join(path.read_text("utf-8") for path in others)
    named = {act for act, _ in PROVOKED.values()}
    assert [name for name in acts_in("security") if name not in named and f'"{name}"' not in text] == []
