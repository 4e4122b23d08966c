"""No password, code or seed is left where somebody could read it: database, mail, log, pages."""

from __future__ import annotations

import base64
import logging
import os
from typing import Any

import psycopg
import pytest
from django.test import Client
from psycopg import sql

from qms.accounts.models import PersonSession
from qms.accounts.seeds import open_seed
from qms.accounts.session_store import SessionStore
from records.models import Event
from records.outbox import work_off
from signatures.authentication import authenticate_signer
from tests import servers
from tests.people import Crew, Person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.assurance("B6"), pytest.mark.clause("11.300(b)")]

ROUNDS = 200 if os.environ.get("ASSURANCE_SIZE") == "full" else 10


def secrets_of(person: Person) -> dict[str, list[str]]:
    """Return every spelling in which a secret of theirs could lie around."""
    seed = open_seed(bytes(person.device.seed), user_id=person.user.pk)
    return {
        "password": [
            person.password,
            person.password.encode().hex(),
            base64.b64encode(person.password.encode()).decode(),
        ],
        "seed": [seed.hex(), base64.b32encode(seed).decode(), base64.b64encode(seed).decode()],
    }


def dump(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """Return each table's rows as text, binary columns in hexadecimal."""
    return {
        table: "\n".join(
            row[0] for row in connection.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table)))
        )
        for table in servers.list_tables(connection)
    }


def test_after_signing_in_and_signing_no_secret_is_at_rest(
    crew: Crew, admin_connection: psycopg.Connection[Any], mailoutbox: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    person = crew.add("ana", "operator")
    codes = []
    for number in range(ROUNDS):
        client, code = Client(), person.code()
        codes.append(code)
        typed = {"username": person.username, "password": person.password, "code": code}
        if number % 2:
            client.post("/sign-in/", {**typed, "password": f"{person.password}x"})
        assert client.post("/sign-in/", typed).status_code == 302
        code = person.code()
        codes.append(code)
        authenticate_signer(person.user, password=person.password, code=code, actor=person.actor())
    work_off()
    places = dump(admin_connection)
    places["log"] = caplog.text
    places["mail"] = "\n".join(str(mail.message()) for mail in mailoutbox)
    places["sessions"] = "\n".join(str(SessionStore().decode(row.session_data)) for row in PersonSession.objects.all())
    hits = [
        f"{kind} in {place}"
        for kind, spellings in secrets_of(person).items()
        for place, text in places.items()
        for spelling in spellings
        if spelling in text
    ]
    assert hits == []
    # A code is six digits, so it is looked for as a value of its own, where values are written.
    details = [value for row in Event.objects.values_list("details", flat=True) for value in row.values()]
    assert not {str(value) for value in details} & set(codes)
    assert not any(f"'{code}'" in places["sessions"] for code in codes)


def test_negative_control_a_secret_left_in_an_event_is_found(
    crew: Crew, admin_connection: psycopg.Connection[Any]
) -> None:
    person = crew.add("ana", can_sign=False)
    admin_connection.execute(
        "INSERT INTO records_event (app_at, act, actor_username, actor_name, actor_role, reason, details, address,"
        " session, station, request_id, build) VALUES (now(), 'x', 'x', 'x', '', %s, '{}', '', '', '', '', '')",
        (person.password,),
    )
    assert person.password in dump(admin_connection)["records_event"]
