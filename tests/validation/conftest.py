"""The desk that the tests of validation share: made once per module, each test undone after it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django.plugin import DjangoDbBlocker

from tests.qms.batches.review_stage import shared_transaction
from tests.validation.desk import Desk, make_desk


@pytest.fixture(scope="module")
def shared_desk(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Desk]:
    with shared_transaction(django_db_blocker):
        yield make_desk()


@pytest.fixture
def desk(shared_desk: Desk, db: None) -> Desk:
    """Return the desk as it was made."""
    return shared_desk
