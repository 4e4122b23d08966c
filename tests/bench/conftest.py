"""Tables for the comparison, on the real test database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Measure in the browser last: it leaves a running event loop, in which no document can be sealed."""
    items.sort(key=lambda item: "browser" in getattr(item, "fixturenames", ()))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Keep the table if every file's rows were measured; a part of it would pass for the whole."""
    measured = {item.path.name for item in session.items}
    every = {path.name for path in Path(__file__).parent.glob("bench_*.py")}
    if ROWS and measured == every and not session.testsfailed:
        write_page(ROWS)
