"""The demonstration plant for tests: made once per module by the product's rules, each test undone after it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import override_settings
from pytest_django.plugin import DjangoDbBlocker

from qms.home import demo
from tests.qms.batches.review_stage import shared_transaction


@pytest.fixture(scope="module")
def _made(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[str]]:
    """Make the plant and return what the console says."""
    folder: Path = tmp_path_factory.mktemp("demo")
    with override_settings(DEMO=True, VAR=folder), shared_transaction(django_db_blocker):
        yield demo.ensure_plant(is_side_by_side=False)


@pytest.fixture
def said(_made: list[str], db: None) -> list[str]:
    """Return what the console says of the made plant."""
    return _made
