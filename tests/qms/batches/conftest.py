"""Plants for the tests of batches: one for all tests of a module, each test undone after it.

Tests that commit (real workers, races) ask for ``committed_plant`` instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pytest_django.plugin import DjangoDbBlocker

from tests.people import make_crew
from tests.plant_data import Plant, make_whole_plant
from tests.qms.batches.review_stage import shared_stage, shared_transaction, stage  # noqa: F401  fixtures


@pytest.fixture(scope="module")
def shared_plant(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Plant]:
    with shared_transaction(django_db_blocker):
        yield make_whole_plant(make_crew())


@pytest.fixture
def plant(shared_plant: Plant, db: None) -> Plant:
    """Return a product with station, released model, challenge set and people."""
    people = {
        name: replace(getattr(shared_plant, name), _client=None)  # a session that was undone is none
        for name in ("operator", "qa_manager", "data_scientist")
    }
    return replace(shared_plant, **people)


@pytest.fixture
def committed_plant(transactional_db: None) -> Plant:
    """Return a plant that other processes see."""
    return make_whole_plant(make_crew())
