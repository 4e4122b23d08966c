"""The scene that the tests of access share: made once per module, each test undone after it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django.plugin import DjangoDbBlocker

from tests.qms.batches.review_stage import shared_transaction
from tests.qms.scene import Scene, make_scene


@pytest.fixture(scope="module")
def shared_scene(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Scene]:
    with shared_transaction(django_db_blocker):
        yield make_scene()


@pytest.fixture
def scene(shared_scene: Scene, db: None) -> Scene:
    """Return two products with their people and objects."""
    return shared_scene
