"""Password and one-time code: one check, counted and recorded before it answers, safe under races."""

from __future__ import annotations

import datetime as dt
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from django.db import connection, transaction

from records.clock import now
from records.errors import Refusal
from records.models import Event, OutboxItem
from signatures.authentication import authenticate, authenticate_signer, next_code_at
from signatures.errors_authentication import AccountLocked, CodeAlreadyUsed, CredentialsRefused
from signatures.models import AuthenticationState
from tests.people import Person

FULL = os.environ.get("ASSURANCE_SIZE") == "full"
THREADS = 20

committing = pytest.mark.django_db(transaction=True)


def sign_as(person: Person, *, password: str, code: str) -> str:
    """Try to authenticate for signing; return the outcome as a word."""
    try:
        authenticate(person.user, password=password, code=code, purpose="signing", actor=person.actor())
    except Refusal as refusal:
        return type(refusal).__name__
    return "accepted"


def in_threads(task: Callable[[int], str], times: int, *, workers: int = THREADS) -> list[str]:
    """Run a task in parallel on connections of their own, all starting together."""
    gate = threading.Barrier(min(workers, times))

    def run(number: int) -> str:
        if number < gate.parties:
            gate.wait()
        try:
            return task(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(run, range(times)))


def failures_of(person: Person) -> int:
    return AuthenticationState.objects.get(user=person.user).failures


@committing
@pytest.mark.clause("11.200(a)(1)")
@pytest.mark.assurance("B3")
def test_the_same_code_from_twenty_threads_counts_once(operator: Person) -> None:
    code = operator.code()
    outcomes = in_threads(lambda _: sign_as(operator, password=operator.password, code=code), THREADS)
    assert outcomes.count("accepted") == 1
    assert outcomes.count("CodeAlreadyUsed") == THREADS - 1
    assert failures_of(operator) == 0  # a double click is no attack and locks nobody out
    assert Event.objects.filter(act="signatures.code.replayed").count() == THREADS - 1


@committing
@pytest.mark.assurance("B3")
def test_negative_control_without_the_lock_the_same_code_counts_many_times(operator: Person) -> None:
    code, device = operator.code(), operator.device
    meeting = threading.Barrier(4)

    def naive(_: int) -> str:
        state = AuthenticationState.objects.get(user=operator.user)
        step = device.find_step(code, at=now())
        is_new = step is not None and (state.last_code_step is None or step > state.last_code_step)
        meeting.wait()
        AuthenticationState.objects.filter(user=operator.user).update(last_code_step=step)
        return "accepted" if is_new else "refused"

    assert in_threads(naive, 4, workers=4).count("accepted") == 4


@pytest.mark.django_db
@pytest.mark.clause("11.200(a)(1)")
@pytest.mark.assurance("B3")
def test_a_used_code_never_counts_again(operator: Person) -> None:
    code = operator.code()
    assert sign_as(operator, password=operator.password, code=code) == "accepted"
    assert sign_as(operator, password=operator.password, code=code) == "CodeAlreadyUsed"
    with time_machine.travel(now() + dt.timedelta(seconds=30)):
        assert sign_as(operator, password=operator.password, code=code) == "CodeAlreadyUsed"
    with time_machine.travel(now() + dt.timedelta(minutes=5)):
        assert sign_as(operator, password=operator.password, code=code) == "CredentialsRefused"


@pytest.mark.django_db
@pytest.mark.clause("11.200(a)(1)")
@pytest.mark.assurance("B3", "B5")
def test_the_code_that_signed_in_does_not_sign(operator: Person) -> None:
    operator.client()
    with pytest.raises(CodeAlreadyUsed, match="Use the next one"):
        authenticate_signer(
            operator.user, password=operator.password, code=operator.used_code(), actor=operator.actor()
        )


@pytest.mark.django_db
@pytest.mark.clause("11.200(a)(1)", "11.300(d)")
@pytest.mark.assurance("B3")
def test_another_persons_code_counts_against_who_typed_it(operator: Person, qa_manager: Person) -> None:
    assert sign_as(operator, password=operator.password, code=qa_manager.code()) == "CredentialsRefused"
    assert (failures_of(operator), failures_of(qa_manager)) == (1, 0)


@pytest.mark.django_db
@pytest.mark.clause("11.200(a)(1)")
@pytest.mark.parametrize("missing", ["password", "code", "both"])
def test_one_component_alone_never_suffices(operator: Person, missing: str) -> None:
    given = {"password": operator.password, "code": operator.code()}
    for name in ("password", "code"):
        if missing in (name, "both"):
            given[name] = ""
    assert sign_as(operator, **given) == "CredentialsRefused"


@pytest.mark.django_db
@pytest.mark.clause("11.200(a)(1)")
def test_a_wrong_password_does_not_use_the_code_up(operator: Person) -> None:
    code = operator.code()
    assert sign_as(operator, password="a wrong password", code=code) == "CredentialsRefused"
    assert sign_as(operator, password=operator.password, code=code) == "accepted"


@pytest.mark.django_db
@pytest.mark.clause("11.300(d)")
def test_refusals_count_down_and_lock(operator: Person) -> None:
    texts = []
    for _ in range(6):
        with pytest.raises((CredentialsRefused, AccountLocked)) as caught:
            authenticate(operator.user, password="no", code="0", purpose="signing", actor=operator.actor())
        texts.append(caught.value.text)
    assert [text.split(". ")[1] for text in texts[:4]] == [
        "4 tries left.",
        "3 tries left.",
        "2 tries left.",
        "1 try left.",
    ]
    assert all("Locked until" in text for text in texts[4:])


@committing
@pytest.mark.clause("11.300(d)")
@pytest.mark.assurance("B4")
def test_a_refusal_is_committed_before_it_is_raised(operator: Person) -> None:
    with pytest.raises(CredentialsRefused):
        authenticate(operator.user, password="no", code="0", purpose="signing", actor=operator.actor())
    with ThreadPoolExecutor(1) as other_connection:

        def look() -> int:
            try:
                return failures_of(operator)
            finally:
                connection.close()

        assert other_connection.submit(look).result() == 1


@committing
@pytest.mark.assurance("B4")
def test_inside_another_transaction_nothing_is_checked_since_a_rollback_would_forget_it(operator: Person) -> None:
    credentials = operator.credentials()
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        authenticate(
            operator.user,
            password=credentials["password"],
            code=credentials["code"],
            purpose="signing",
            actor=operator.actor(),
        )
    assert not Event.objects.filter(act="signatures.authentication.accepted", details__purpose="signing").exists()
    assert sign_as(operator, **credentials) == "accepted"


@committing
@pytest.mark.clause("11.300(d)")
@pytest.mark.assurance("B4")
def test_brute_force_over_both_surfaces_is_evaluated_at_most_ten_times(operator: Person) -> None:
    from django.test import Client

    attempts = 1000 if FULL else 64

    def attack(number: int) -> str:
        if number % 2:
            return sign_as(operator, password="guess", code=f"{number:06d}")
        typed = {"username": operator.username, "password": "guess", "code": f"{number:06d}"}
        return str(Client().post("/sign-in/", typed).status_code)

    outcomes = in_threads(attack, attempts, workers=8)
    refused = Event.objects.filter(act="signatures.authentication.refused").count()
    blocked = Event.objects.filter(act="signatures.authentication.blocked").count()
    sys.stdout.write(f"B4: {attempts} tries, {refused} evaluated, {blocked} blocked\n")
    assert "accepted" not in outcomes
    assert "302" not in outcomes
    assert refused <= 10
    assert refused + blocked == attempts
    assert OutboxItem.objects.filter(kind="accounts.security_alert").count() == 1


@pytest.mark.django_db
@pytest.mark.clause("11.200(a)(1)")
def test_the_page_knows_when_the_next_code_counts(operator: Person) -> None:
    assert next_code_at(operator.user) is None or sign_as(operator, **operator.credentials()) == "accepted"
    sign_as(operator, **operator.credentials())
    available = next_code_at(operator.user)
    assert available is not None
    assert 0 < (available - now()).total_seconds() <= 30


@pytest.mark.django_db
@pytest.mark.clause("11.300(e)")
def test_a_code_of_a_clock_that_is_off_is_refused_and_its_drift_recorded(operator: Person) -> None:
    step = operator.device.clock.step_at(now()) + 10
    assert sign_as(operator, password=operator.password, code=operator.code_at(step)) == "CredentialsRefused"
    event = Event.objects.get(act="signatures.code.drifted")
    assert 270 <= event.details["seconds"] <= 300


@pytest.mark.django_db
def test_a_code_lives_ten_seconds_into_the_next_step_and_no_longer(operator: Person) -> None:
    clock = operator.device.clock
    step = clock.step_at(now()) + 4
    code = operator.code_at(step)
    ends = clock.starts_at(step + 1)
    with time_machine.travel(ends + dt.timedelta(seconds=11), tick=False):
        assert sign_as(operator, password=operator.password, code=code) == "CredentialsRefused"
    with time_machine.travel(ends + dt.timedelta(seconds=9), tick=False):
        assert sign_as(operator, password=operator.password, code=code) == "accepted"
