"""The plant says whether it lives and whether it is ready."""

from __future__ import annotations

import pytest
from django.test import Client


@pytest.mark.django_db
def test_a_whole_plant_is_ready(client: Client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "database": True, "broker": True})


@pytest.mark.django_db
def test_a_missing_broker_is_named(client: Client, settings):
    settings.BROKER_URL = "redis+socket:///nonexistent/broker.sock"
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"ready": False, "database": True, "broker": False})


def test_living_needs_no_database(client: Client):
    assert client.get("/livez").json() == {"live": True}


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_health_takes_no_writes(client: Client, path):
    assert client.post(path).status_code == 405
