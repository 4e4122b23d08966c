"""The AQL sample after 100 % inspection: its plans, and what the findings decide.

The site's fixed rule (SOP): one random sample of the largest size among the plans of the
three severities is drawn, and every class is counted on the whole sample against its own
acceptance number. Where a class's own plan asks for fewer units this is the stricter
reading. The worst class counts once per unit. There is no second sample.

Pure: no Django. Serves: 21 CFR 211.165(d); USP <790>; ISO 2859-1 as in `validation.sampling`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from qms.batches.tallies import SEVERITIES
from validation.sampling import SamplingPlan, plan_for

Plans = Mapping[str, Mapping[str, Any]]
RULE: Final = "largest sample, every class counted on the whole sample"


def plan_classes(accepted: int, *, aqls: Mapping[str, str], level: str) -> dict[str, SamplingPlan]:
    """Return the plan of each severity for the accepted units."""
    return {severity: plan_for(accepted, aql=aqls[severity], level=level) for severity in SEVERITIES}


def plan_facts(plan: SamplingPlan) -> dict[str, Any]:
    """Return a plan as it is stored: JSON-able, numbers that are not counts as text."""
    return {
        "aql": str(plan.aql),
        "level": plan.level,
        "lot_size": plan.lot_size,
        "letter": plan.letter,
        "plan_letter": plan.plan_letter,
        "arrow": plan.arrow,
        "n": plan.n,
        "accept": plan.accept,
        "reject": plan.reject,
    }


def worst_severity(severities: Iterable[str]) -> str:
    """Return the worst of the severities found on one unit."""
    return min(severities, key=SEVERITIES.index)


def judge(plans: Plans, found: Iterable[str], *, sampled: int) -> dict[str, dict[str, Any]]:
    """Return, per severity, the count of defective units and whether its plan accepts.

    ``found`` holds one severity per defective unit; ``sampled`` is the whole sample.
    """
    counts = Counter(found)
    return {
        severity: {
            "found": counts[severity],
            "sampled": sampled,
            "accept": plans[severity]["accept"],
            "reject": plans[severity]["reject"],
            "passed": counts[severity] <= plans[severity]["accept"],
        }
        for severity in SEVERITIES
    }


def is_passed(outcome: Mapping[str, Mapping[str, Any]]) -> bool:
    """Tell whether every class is accepted."""
    return all(row["passed"] for row in outcome.values())


def summarise(outcome: Mapping[str, Mapping[str, Any]]) -> str:
    """Return an outcome in one line: "passed: 0 critical, 1 major, 0 minor in 32 units"."""
    sampled = next(iter(outcome.values()))["sampled"]
    counts = ", ".join(f"{row['found']} {severity}" for severity, row in outcome.items())
    word = "passed" if is_passed(outcome) else "failed"
    return f"{word}: {counts} in {sampled} units"
