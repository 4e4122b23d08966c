"""From submit to signed page, and how much of it is not the password hash and the key's unlocking."""

from __future__ import annotations

import time

import pytest
from django.contrib.auth.hashers import make_password
from django.urls import reverse

from signatures.containers import open_container
from signatures.models import Certificate
from tests.bench.measuring import percentile, report
from tests.people import Person
from tests.plant_data import make_model

pytestmark = pytest.mark.django_db(transaction=True)

SIGNINGS = 12


@pytest.fixture(autouse=True)
def _real_hasher(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]


def seconds_of(call) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def unavoidable(person: Person) -> float:
    """Return the seconds of one password hash and one opening of the key's container."""
    container = bytes(Certificate.objects.get(owner=person.user, revoked_at=None).container)
    hashing = min(seconds_of(lambda: make_password(person.password)) for _ in range(3))
    opening = min(seconds_of(lambda: open_container(container, person.password)) for _ in range(3))
    return hashing + opening


def test_signing(data_scientist):
    client, floor, taken = data_scientist.client(), unavoidable(data_scientist), []
    for _ in range(SIGNINGS):
        model = make_model(data_scientist)
        opened = client.post(reverse("signing:open", args=[model.number, "release"]))
        given = data_scientist.credentials()

        taken.append(seconds_of(lambda: client.post(opened.url, {**given, "reason": ""}, follow=True)))  # noqa: B023
        assert model.signatures.count() == 1
    p95, rest = percentile(taken, 0.95), [1 - floor / seconds for seconds in taken]
    share = sorted(rest)[len(rest) // 2]
    report("signing, submit to signed page, p95", f"{p95:.2f} s", "< 2 s", is_reached=p95 < 2)
    report("share of it that is neither password hash nor key", f"{share:.0%}", "<= 20 %", is_reached=share <= 0.20)
