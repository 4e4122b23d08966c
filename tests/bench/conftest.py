"""Tables for the comparison, on the real test database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections

from records.guards import table_facts, track_sql
from tests.bench.measuring import ROWS, write_page
from tests.bench.models import Library, Plain, Tracked


@pytest.fixture
def bench_tables(fresh_database: None) -> Iterator[None]:
    """Make the three tables as the owner, with our guards on ours."""
    owner = connections["owner"]
    with owner.schema_editor() as editor:
        for model in (Plain, Library, Library.history.model, Tracked, Tracked.history.model):
            editor.create_model(model)
        facts = table_facts(Tracked, Tracked.history.model, ())
        for statement in track_sql(facts, deletable=False):
            editor.execute(statement)
    yield
    owner.close()


def pytest_sessionfinish(session: Any) -> None:
    """Keep the table if every row was measured."""
    if ROWS:
        write_page(ROWS)
