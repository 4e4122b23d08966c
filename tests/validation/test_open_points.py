"""Every open point of a report is named, and a report without one has each thing that it must have."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.item_changes import find_changes
from validation.open_points import find_open_points

pytestmark = [pytest.mark.clause("Annex 15 2.9")]

MODEL = {"kind": "ai_model", "name": "vial-identity", "version": "1.0", "sha256": "ab" * 32}
OTHER = {"kind": "software", "name": "Countersign", "version": "0.1.0", "sha256": ""}
WHOLE: dict[str, Any] = {
    "system": {"number": "SYS-2026-0001"},
    "plan": {"number": "VP-2026-0001", "state": "approved", "stages": ["oq"], "version": 1},
    "requirements": {"number": "RS-2026-0001", "version": 1, "amended": []},
    "protocols": [{"number": "PT-2026-0001", "state": "approved", "stage": "oq"}],
    "studies": [{"number": "KS-2026-0001", "state": "reported", "passes": True}],
    "executions": [{"number": "EX-2026-0001", "state": "reviewed", "counts": True, "items": [MODEL, OTHER]}],
    "deviations": [{"number": "DV-2026-0001", "state": "disposed"}],
    "trace": [{"id": "URS-001", "gaps": [], "is_passed": True}],
    "items": [MODEL, OTHER],
}


def change(path: str, value: Any) -> dict[str, Any]:
    """Return the whole facts with one thing otherwise."""
    facts: dict[str, Any] = json.loads(json.dumps(WHOLE))
    *way, last = path.split(".")
    place: Any = facts
    for name in way:
        place = place[int(name)] if name.isdigit() else place[name]
    place[int(last) if last.isdigit() else last] = value
    return facts


CASES = {
    "plan_missing": ("plan", {}, "SYS-2026-0001 has no validation plan."),
    "plan_not_approved": ("plan.state", "draft", "The plan VP-2026-0001 is not approved."),
    "requirements_missing": ("requirements", {}, "SYS-2026-0001 has no requirements."),
    "baseline_missing": ("requirements.version", 0, "RS-2026-0001 has no approved baseline."),
    "requirements_amended": (
        "requirements.amended",
        ["URS-001"],
        "RS-2026-0001 is amended since its baseline: URS-001.",
    ),
    "protocol_not_approved": ("protocols.0.state", "draft", "The protocol PT-2026-0001 is not approved."),
    "stage_missing": (
        "plan.stages",
        ["iq", "oq"],
        "The plan VP-2026-0001 asks for IQ, and there is no protocol of it.",
    ),
    "study_open": ("studies.0.state", "approved", "The Knapp study KS-2026-0001 is not reported."),
    "study_failed": ("studies.0.passes", False, "The Knapp study KS-2026-0001 did not pass."),
    "execution_not_reviewed": ("executions.0.state", "executed", "The execution EX-2026-0001 is not reviewed."),
    "deviation_open": ("deviations.0.state", "open", "The deviation DV-2026-0001 is open."),
    "requirement_gap": ("trace.0.gaps", ["no test"], "URS-001: no test."),
    "requirement_gap without": ("trace.0.is_passed", False, "URS-001: no test passed."),
    "item_changed": (
        "items.0",
        MODEL | {"version": "1.1"},
        "vial-identity 1.1 is in use; 1.0 was listed. It was tested in EX-2026-0001; run that protocol again.",
    ),
    "item_changed digest": (
        "items.0.sha256",
        "cd" * 32,
        "vial-identity 1.0 has another SHA-256 than listed. It was tested in EX-2026-0001; run that protocol again.",
    ),
    "item_untested": (
        "items",
        [MODEL, OTHER, MODEL | {"kind": "data_set", "name": "Known units"}],
        "Known units 1.0 is in use, and no execution that counts has tested it.",
    ),
}


def test_nothing_is_open_when_everything_is_done():
    assert find_open_points(WHOLE) == []


@pytest.mark.parametrize("name", CASES)
def test_each_missing_thing_is_named_alone(name: str):
    path, value, sentence = CASES[name]
    (point,) = find_open_points(change(path, value))
    assert (point.code, point.text) == (name.split()[0], sentence)
    assert point.kind.startswith("validation.")


def test_a_knapp_study_is_a_performance_qualification():
    facts = change("plan.stages", ["oq", "pq"])
    assert find_open_points(facts) == []
    facts["studies"] = []
    assert [point.code for point in find_open_points(facts)] == ["stage_missing"]


def test_a_study_that_failed_before_another_passed_keeps_nothing_open():
    failed = {"number": "KS-2026-0000", "state": "reported", "passes": False}
    assert find_open_points(change("studies", [failed, *WHOLE["studies"]])) == []


def test_an_item_taken_out_of_use_since_the_test_is_named():
    (point,) = find_open_points(change("items", [MODEL]))
    assert point.text.startswith("Countersign 0.1.0 is no longer in use.")


def test_a_run_whose_results_no_longer_count_says_nothing_of_items():
    facts = change("executions", [*WHOLE["executions"], {**WHOLE["executions"][0], "counts": False, "items": []}])
    assert find_open_points(facts) == []


def test_many_requirements_with_one_gap_are_one_point():
    rows = [{"id": f"URS-{n:03d}", "gaps": ["no test"], "is_passed": False} for n in range(1, 12)]
    (point,) = find_open_points(change("trace", rows))
    assert point.text.endswith("URS-008 and 3 more: no test.")


def test_what_an_open_record_causes_is_said_once():
    facts = change("trace.0.gaps", ["deviation open"])
    facts["deviations"][0]["state"] = "open"
    assert [point.code for point in find_open_points(facts)] == ["deviation_open"]


digests = st.sampled_from(("", "ab" * 32, "cd" * 32))
items = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.just("software"),
            "name": st.sampled_from("abc"),
            "version": st.sampled_from("12"),
            "sha256": digests,
        }
    ),
    unique_by=lambda item: item["name"],
)


@pytest.mark.clause("Annex 11 10")
@given(items, items)
def test_two_lists_differ_in_words_exactly_when_their_items_differ(listed: list[Any], in_use: list[Any]):
    def by_name(rows: list[Any]) -> list[Any]:
        return sorted(rows, key=lambda row: row["name"])

    changes = find_changes(listed, in_use)
    assert (changes == []) == (by_name(listed) == by_name(in_use))
    assert len(changes) <= len({row["name"] for row in [*listed, *in_use]})
    assert all(one.text.endswith(".") and "{" not in one.text for one in changes)
