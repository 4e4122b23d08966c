"""The database machinery of all tests: real PostgreSQL, copied from a migrated template.

Ordinary ``django_db`` tests are rolled back.  ``django_db(transaction=True)`` tests commit and
are cleaned up by a superuser, since append-only tables refuse Django's own flush.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connections
from django.test import TransactionTestCase
from pytest_django.plugin import DjangoDbBlocker

from tests import servers

pytest_plugins = ("tests.people", "tests.vaults")


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers once, in the process that the workers are started from."""
    if not servers.WORKER and not config.option.collectonly:
        stack = ExitStack()
        stack.enter_context(servers.running())
        config.add_cleanup(stack.close)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let reports of the tests name the requirements that each proves."""
    for item in items:
        named = [identifier for mark in item.iter_markers("requirement") for identifier in mark.args]
        item.user_properties += [("requirement", identifier) for identifier in named]


def migrate_template() -> None:
    """Run the migrations as the owner role, in the template."""
    owner = connections["owner"]
    owner.close()
    name, owner.settings_dict["NAME"] = owner.settings_dict["NAME"], servers.TEMPLATE
    try:
        call_command("migrate", database="owner", verbosity=0, interactive=False)
    finally:
        owner.close()
        owner.settings_dict["NAME"] = name


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker, request: pytest.FixtureRequest) -> Iterator[None]:
    """Give this process its own copy of the migrated template database."""
    fingerprint = servers.schema_fingerprint()
    with servers.administrator() as admin, servers.template_lock(admin):
        is_stale = bool(request.config.getvalue("create_db")) and not servers.WORKER
        if is_stale or not servers.is_template_current(admin, fingerprint):
            servers.make_template(admin)
            with django_db_blocker.unblock():
                migrate_template()
            servers.finish_template(admin, fingerprint)
        servers.copy_template(admin)
    shutil.rmtree(servers.VAR / "files", ignore_errors=True)
    yield
    with django_db_blocker.unblock():
        connections.close_all()
    with servers.administrator() as admin:
        servers.drop_database(admin, servers.DATABASE)


@pytest.fixture(scope="session", autouse=True)
def _reset_after_commits() -> Iterator[None]:
    """Clean up after committing tests as a superuser, instead of by Django's flush."""
    patch = pytest.MonkeyPatch()
    patch.setattr(TransactionTestCase, "_fixture_teardown", lambda test: servers.reset_database())
    yield
    patch.undo()


@pytest.fixture
def admin_connection(db: None) -> Iterator[psycopg.Connection[Any]]:
    """Connect to the test database as its superuser, committing each statement."""
    with servers.administrator(servers.DATABASE) as connection:
        yield connection


def _connect(role: str) -> psycopg.Connection[Any]:
    return psycopg.connect(servers.address_of(role), autocommit=True)


@pytest.fixture
def owner_connection(db: None) -> Iterator[psycopg.Connection[Any]]:
    """Connect to the test database as the role that migrates."""
    with _connect(servers.ROLES.owner) as connection:
        yield connection


@pytest.fixture
def app_connection(db: None) -> Iterator[psycopg.Connection[Any]]:
    """Connect to the test database as the role that serves."""
    with _connect(servers.ROLES.app) as connection:
        yield connection


@pytest.fixture
def sealer_connection(db: None) -> Iterator[psycopg.Connection[Any]]:
    """Connect to the test database as the role that seals."""
    with _connect(servers.ROLES.sealer) as connection:
        yield connection


@pytest.fixture
def fresh_database(transactional_db: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Replace the whole database afterwards: for tests that tamper with guards or catalogue."""
    yield
    connections.close_all()
    with servers.administrator() as admin, servers.template_lock(admin):
        servers.copy_template(admin)
