"""The test databases themselves behave as every other test assumes."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.utils import timezone

from qms.accounts.models import PersonSession
from tests import servers


@pytest.mark.django_db
def test_tests_run_as_the_app_role() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == (servers.ROLES.app,)


@pytest.mark.django_db(databases=["default", "owner"])
def test_the_owner_alias_reaches_the_same_database(owner_connection: psycopg.Connection[Any]) -> None:
    found = owner_connection.execute("SELECT current_user, current_database()").fetchone()
    assert found == (servers.ROLES.owner, servers.DATABASE)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", [1, 2])
def test_committed_rows_are_gone_in_the_next_test(attempt: int) -> None:
    assert PersonSession.objects.count() == 0
    PersonSession.objects.create(session_key=f"attempt{attempt}", session_data="", expire_date=timezone.now())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", [1, 2])
def test_rows_made_by_migrations_survive_a_reset(attempt: int) -> None:
    assert ContentType.objects.filter(app_label="accounts").exists()
    assert not ContentType.objects.filter(app_label="planted").exists()
    ContentType.objects.create(app_label="planted", model="planted")


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_tampered_catalogue_is_gone_in_the_next_test(
    attempt: int, fresh_database: None, admin_connection: psycopg.Connection[Any]
) -> None:
    admin_connection.execute("CREATE TABLE planted (id int)")
