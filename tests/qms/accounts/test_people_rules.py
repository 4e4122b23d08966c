"""People and roles: unique for ever, given by others, with dates and reasons; the register replays."""

from __future__ import annotations

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from qms.accounts import grants, people
from qms.accounts.explaining import explain, list_actions
from qms.accounts.models import RoleGrant, User
from qms.accounts.queries import access_register
from records.acting import acting
from records.clock import now
from records.errors import Refusal
from records.evidence import system_actor
from records.models import Change, Event
from tests.people import REASON, Crew, Person, enrol

pytestmark = pytest.mark.django_db


def add(crew: Crew, username: str) -> User:
    return people.create_person(
        username=username, printed_name="Ana Silva", email="ana@example.com", actor=crew.administrator.actor()
    )


@pytest.mark.clause("11.100(a)", "11.300(a)")
@pytest.mark.parametrize("again", ["ana", "ANA", " Ana "])
def test_a_user_name_is_never_given_twice_in_any_spelling(crew: Crew, again: str) -> None:
    ana = add(crew, "ana")
    people.deactivate_person(ana, actor=crew.administrator.actor(), reason="left the company")
    with pytest.raises(Refusal) as caught:
        add(crew, again)
    assert caught.value.code == "accounts.username_taken"


@pytest.mark.clause("11.100(a)")
@pytest.mark.parametrize("name", ["аna", "ana\u200b", "an a", "a", "ana" * 20, "anonymous", "ａｎａ"])
def test_look_alikes_and_odd_names_are_refused(crew: Crew, name: str) -> None:
    with pytest.raises(Refusal) as caught:
        add(crew, name)
    assert caught.value.code in ("accounts.username_unusable", "accounts.username_taken")


@pytest.mark.clause("11.10(e)", "11.100(a)")
def test_people_are_never_deleted(crew: Crew) -> None:
    ana = add(crew, "ana")
    with (
        pytest.raises(DatabaseError, match=r"refused|denied"),
        transaction.atomic(),
        acting(system_actor("tests"), "accounts.person.described"),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM accounts_user WHERE id = %s", [ana.pk])
    assert User.objects.filter(pk=ana.pk).exists()


@pytest.mark.clause("11.300(a)")
@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_make_one_person(crew: Crew) -> None:
    actor = crew.administrator.actor()

    def create(_: int) -> str:
        try:
            people.create_person(username="ana", printed_name="Ana", email="ana@example.com", actor=actor)
        except Refusal as refusal:
            return refusal.code
        else:
            return "created"
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        outcomes = list(pool.map(create, range(50)))
    assert outcomes.count("created") == 1
    assert outcomes.count("accounts.username_taken") == 49


@pytest.mark.clause("11.10(g)")
def test_nobody_gives_or_ends_their_own_role(crew: Crew) -> None:
    admin = crew.administrator
    with pytest.raises(Refusal) as caught:
        grants.grant_role(admin.user, role="operator", actor=admin.actor(), reason=REASON)
    assert caught.value.code == "accounts.not_for_yourself"
    with pytest.raises(Refusal) as caught:
        grants.end_role(admin.user, role="administrator", actor=admin.actor(), reason=REASON)
    assert caught.value.code == "accounts.not_for_yourself"


@pytest.mark.clause("11.10(g)")
def test_only_administrators_look_after_people(crew: Crew) -> None:
    ana = add(crew, "ana")
    officer = crew.security_officer.actor()
    for attempt in (
        lambda: grants.grant_role(ana, role="operator", actor=officer, reason=REASON),
        lambda: people.create_person(username="x1", printed_name="X", email="x@example.com", actor=officer),
        lambda: people.unlock_person(ana, actor=crew.administrator.actor(), reason=REASON),
    ):
        with pytest.raises(Refusal) as caught:
            attempt()
        assert caught.value.code == "records.role_not_allowed"


@pytest.mark.clause("11.10(d)")
def test_a_role_counts_from_its_day_until_its_day(crew: Crew) -> None:
    ana, start = add(crew, "ana"), now()
    grants.grant_role(
        ana,
        role="operator",
        actor=crew.administrator.actor(),
        reason=REASON,
        starts_at=start + dt.timedelta(days=1),
        ends_at=start + dt.timedelta(days=3),
    )
    held = []
    for day in (0, 2, 4):
        with time_machine.travel(start + dt.timedelta(days=day)):
            held.append(ana.held_roles())
    assert held == [frozenset(), {"operator"}, frozenset()]


def test_a_role_needs_a_reason_and_sound_dates(crew: Crew) -> None:
    ana, actor = add(crew, "ana"), crew.administrator.actor()
    with pytest.raises(Refusal, match="Say why"):
        grants.grant_role(ana, role="operator", actor=actor, reason="")
    with pytest.raises(Refusal) as caught:
        grants.grant_role(ana, role="operator", actor=actor, reason=REASON, ends_at=now() - dt.timedelta(days=1))
    assert caught.value.code == "accounts.role_dates_wrong"
    with pytest.raises(Refusal) as caught:
        grants.grant_role(ana, role="emperor", actor=actor, reason=REASON)
    assert caught.value.code == "accounts.role_unknown"
    grants.grant_role(ana, role="operator", actor=actor, reason=REASON)
    with pytest.raises(Refusal) as caught:
        grants.grant_role(ana, role="operator", actor=actor, reason=REASON)
    assert caught.value.code == "accounts.role_already_held"


@pytest.mark.clause("11.10(d)")
def test_the_last_administrator_stays(crew: Crew) -> None:
    second = crew.add("second", "administrator")
    people.deactivate_person(crew.administrator.user, actor=second.actor(), reason="left the company")
    with pytest.raises(Refusal) as caught:
        people.deactivate_person(second.user, actor=crew.security_officer.actor(), reason="left the company")
    assert caught.value.code == "accounts.administrator_needed"


@pytest.mark.clause("11.10(d)")
def test_the_register_of_a_day_equals_the_grants_replayed_from_the_trail(crew: Crew) -> None:
    actor, days = crew.administrator.actor(), []
    ana, ben = add(crew, "ana"), add(crew, "ben")
    grants.grant_role(ana, role="operator", actor=actor, reason=REASON)
    grants.grant_role(ben, role="reviewer", actor=actor, reason=REASON)
    days.append(now())
    grants.end_role(ana, role="operator", actor=actor, reason="moved elsewhere")
    grants.grant_role(ana, role="qa_manager", actor=actor, reason=REASON)
    days.append(now())
    people.deactivate_person(ben, actor=actor, reason="left the company")
    days.append(now())
    for at in days:
        shown = {(line.person.username, line.grant.role) for line in access_register(at)}
        assert shown == replay(at)
    assert ("ben", "reviewer") in replay(days[1])
    assert ("ben", "reviewer") not in replay(days[2])


def replay(at: dt.datetime) -> set[tuple[str, str]]:
    """Replay roles and activity from the changes alone, in their order."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    wanted: dict[str, Any] = {"accounts_rolegrant": RoleGrant, "accounts_user": User}
    for change in Change.objects.filter(table_name__in=wanted, event__at__lte=at).order_by("id"):
        key = (change.table_name, change.row_key)
        if change.kind == "+":
            snapshot = wanted[change.table_name].history.get(history_id=change.history_id)
            rows[key] = {
                name: getattr(snapshot, name)
                for name in ("username", "is_active", "user_id", "role", "starts_at", "ends_at")
                if hasattr(snapshot, name)
            }
        else:
            rows[key].update({name: value for name, value in (change.new or {}).items() if name in rows[key]})
    found = set()
    for (table, _), row in rows.items():
        person = rows.get(("accounts_user", str(row.get("user_id")))) if table == "accounts_rolegrant" else None
        if person is None or not person["is_active"]:
            continue
        ends = row["ends_at"]
        ends = dt.datetime.fromisoformat(ends) if isinstance(ends, str) else ends
        if row["starts_at"] <= at and (ends is None or ends > at):
            found.add((person["username"], row["role"]))
    return found


def test_the_first_administrator_comes_from_the_console_and_only_the_first() -> None:
    said = StringIO()
    call_command("setup_token", "admin", "Ada Minh", "ada@example.com", stdout=said)
    secret = said.getvalue().rstrip().rpartition("/enrol/")[2].strip("/")
    again = StringIO()
    call_command("setup_token", "admin", "Ada Minh", "ada@example.com", stdout=again)  # the first link was lost
    from qms.accounts.enrolment import IssuedLink, find_link

    with pytest.raises(Refusal):
        find_link(secret)
    fresh = again.getvalue().rstrip().rpartition("/enrol/")[2].strip("/")
    person = enrol(IssuedLink(find_link(fresh), fresh))
    assert person.user.held_roles() == {"administrator"}
    with pytest.raises(CommandError, match="has an administrator"):
        call_command("setup_token", "mallory", "Mal Lory", "mal@example.com", stdout=StringIO())


@pytest.mark.clause("11.10(g)")
def test_why_somebody_can_or_cannot_is_explained_from_the_same_facts(operator: Person, outsider: Person) -> None:
    name = next(name for name, _ in list_actions())
    answer = explain(outsider.user, name)
    assert answer is not None
    assert not answer.can
    assert any("This needs the role" in sentence for holds, sentence in answer.reasons if not holds)
    assert explain(operator.user, "nothing:at-all") is None


@pytest.mark.clause("11.10(e)")
def test_every_act_on_people_is_an_event_without_secrets(crew: Crew) -> None:
    ana = crew.add("ana", "operator")
    acts = set(Event.objects.values_list("act", flat=True))
    assert {
        "accounts.person.created",
        "accounts.role.granted",
        "accounts.invitation.issued",
        "accounts.invitation.used",
        "signatures.identity.checked",
        "signatures.certificate.issued",
        "signatures.authentication.accepted",
    } <= acts
    everything = json.dumps(list(Event.objects.values("reason", "details")), default=str)
    assert ana.password not in everything
