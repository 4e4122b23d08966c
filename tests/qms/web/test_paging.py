"""Keyset pages: every row once, in order, whatever arrives meanwhile; no COUNT and no OFFSET."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qms.web.paging import Page, PageLinkNotValid, page_through
from records.acting import record_event
from records.evidence import system_actor
from records.models import Event

pytestmark = pytest.mark.django_db
ACTS = ("records.version.frozen", "records.attachment.added", "records.installation.started")


def write_events(choices: list[int]) -> None:
    for choice in choices:
        record_event(system_actor("tests"), ACTS[choice])


def page(query: Mapping[str, str], ordering: list[str], size: int) -> Page[Event]:
    return page_through(Event.objects.all(), ordering=ordering, query=query, size=size)


def walk_on(ordering: list[str], size: int) -> list[Page[Event]]:
    pages = [page({}, ordering, size)]
    while pages[-1].older:
        pages.append(page({"after": pages[-1].older}, ordering, size))
    return pages


ORDERINGS = st.sampled_from([["-act"], ["act"], ["act", "-id"], ["-act", "id"], ["-at"], ["id"], ["-app_at", "act"]])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(choices=st.lists(st.integers(0, 2), max_size=14), ordering=ORDERINGS, size=st.integers(1, 5))
def test_pages_together_are_the_list_in_order_and_back_again(
    choices: list[int], ordering: list[str], size: int
) -> None:
    write_events(choices)
    tail = "-pk" if ordering[-1].startswith("-") else "pk"
    expected = list(Event.objects.order_by(*ordering, tail).values_list("pk", flat=True))
    pages = walk_on(ordering, size)
    assert [event.pk for one in pages for event in one.rows] == expected
    assert all(len(one.rows) == size for one in pages[:-1])
    back = pages[-1]
    for earlier in reversed(pages[:-1]):
        back = page({"before": back.newer}, ordering, size)
        assert [event.pk for event in back.rows] == [event.pk for event in earlier.rows]
    assert pages[0].newer == ""
    assert back.newer == ""


def test_rows_that_arrive_meanwhile_neither_repeat_nor_hide_others() -> None:
    write_events([0] * 6)
    first = page({}, ["-act"], 3)
    write_events([0, 1, 2])
    second = page({"after": first.older}, ["-act"], 3)
    seen = [event.pk for event in [*first.rows, *second.rows]]
    assert len(set(seen)) == 6


def test_a_page_costs_one_query_without_count_or_offset() -> None:
    write_events([0, 1, 2, 0, 1, 2])
    with CaptureQueriesContext(connection) as queries:
        first = page({}, ["-at"], 2)
        page({"after": first.older}, ["-at"], 2)
    text = " ".join(query["sql"] for query in queries.captured_queries).upper()
    assert len(queries) == 2
    assert "COUNT(" not in text
    assert "OFFSET" not in text


def packed(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "!!!",
        "AAAA",
        packed([]),
        packed({"a": 1}),
        packed(["2026-01-01", 1, 2]),
        packed(["yesterday", 1]),
        packed(["2026-01-01T00:00:00Z", None]),
        packed(["2026-01-01T00:00:00Z", {"id": 1}]),
        packed(["2026-01-01T00:00:00", 1]),
        packed("x" * 5000),
        "é",
    ],
)
def test_a_link_that_this_list_did_not_make_is_refused_in_words(cursor: str) -> None:
    write_events([0, 1])
    with pytest.raises(PageLinkNotValid, match="Open the list again"):
        page({"after": cursor}, ["-at"], 2)


def test_a_column_that_may_be_null_cannot_order_pages() -> None:
    with pytest.raises(ValueError, match="may be null"):
        page({}, ["-record"], 2)
