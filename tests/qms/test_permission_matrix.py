"""Every address × every actor × every method answers as the table says, and no address is missing from it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from qms.accounts.roles import ROLES
from tests.qms.permission_table import NOBODY, SIGNED_IN, TABLE, Rule
from tests.qms.scene import ROUTES, VISITORS, Scene
from tests.sizes import IS_FULL_SIZE

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.clause("11.10(d)", "11.10(g)"),
    pytest.mark.assurance("A1"),
]

METHODS = ("GET", "POST", *(("HEAD", "PUT", "PATCH", "DELETE", "OPTIONS") if IS_FULL_SIZE else ()))
ACTORS = (*VISITORS, *sorted(SIGNED_IN))
GROUPS = ("accounts", "batches", "inspections", "signing", "validating", "")


def routes_of(group: str) -> list[str]:
    """Return the addresses of one part of the site; the last part is all that is left."""
    found = {name: [route for route in ROUTES if route.startswith(f"{name}:")] for name in GROUPS if name}
    return found.get(group, [route for route in ROUTES if not any(route in rows for rows in found.values())])


def find_unlisted(table: Mapping[str, Rule]) -> set[str]:
    """Return addresses that only one of the site and the table knows."""
    return set(ROUTES) ^ set(table)


def find_mismatches(scene: Scene, routes: list[str], table: Mapping[str, Rule]) -> tuple[list[str], int]:
    """Return the cells that answer otherwise than the table says, and how many were tried."""
    wrong, cells = [], 0
    for route in routes:
        rule, path = table[route], scene.here.path(route)
        allowed = {"GET": rule.get, "HEAD": rule.get, "POST": rule.post}
        for method in METHODS:
            for actor in ACTORS:
                counts_as = "anonymous" if actor in VISITORS else actor
                expected = "open" if counts_as in allowed.get(method, NOBODY) else "refused"
                answer = scene.ask(actor, method, path)
                found = "refused" if method == "OPTIONS" and answer.status == 200 else answer.verdict
                if method == "HEAD" and answer.status == 405:  # not offered, to nobody
                    expected = "refused"
                cells += 1
                if found != expected:
                    wrong.append(f"{method} {route} as {actor}: {found} ({answer.status}), not {expected}")
    return wrong, cells


def test_every_address_is_in_the_table():
    assert find_unlisted(TABLE) == set()


def test_an_address_that_is_taken_from_the_table_is_missed():
    assert find_unlisted({route: rule for route, rule in TABLE.items() if route != "batches:unit-original"}) == {
        "batches:unit-original"
    }


def test_every_role_is_an_actor_of_the_table():
    assert set(ROLES) == SIGNED_IN
    assert len(ROUTES) * len(ACTORS) * len(METHODS) >= 3_000
    assert sorted(route for group in GROUPS for route in routes_of(group)) == ROUTES


@pytest.mark.parametrize("group", GROUPS)
def test_every_address_answers_every_actor_as_the_table_says(scene: Scene, group: str):
    routes = routes_of(group)
    wrong, cells = find_mismatches(scene, routes, TABLE)
    assert not wrong, "\n".join(wrong)
    assert cells == len(routes) * len(ACTORS) * len(METHODS)


def test_a_table_that_says_otherwise_is_contradicted(scene: Scene):
    claimed = {"batches:batch-new": Rule(get=frozenset({"reviewer"}), post=frozenset({"operator"}))}
    wrong, _ = find_mismatches(scene, ["batches:batch-new"], claimed)
    assert {line.partition(":batch-new as ")[2] for line in wrong if line.startswith("GET")} == {
        "operator: open (200), not refused",
        "reviewer: refused (403), not open",
    }
