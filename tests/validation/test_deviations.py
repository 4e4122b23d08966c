"""Deviations: prefilled from the failed step, investigated, disposed of by quality's signature."""

from __future__ import annotations

import pytest

from records.errors import ReasonMissing, RecordNotEditable, RoleNotAllowed, StaleRevision
from signatures.ceremonies import open_ceremony
from tests.validation.desk import Desk, sign
from validation.deviations import investigate, raise_deviation
from validation.errors_records import DeviationExists, DeviationIncomplete, NoFailedStep
from validation.models import Deviation

pytestmark = [pytest.mark.django_db, pytest.mark.clause("Annex 15 2.8")]


@pytest.fixture
def deviation(desk: Desk) -> Deviation:
    run = desk.begin()
    desk.record(run, "pass", "fail")
    desk.show(run, 2, name="queue.png")
    return raise_deviation(run, 2, actor=desk.engineer.actor())


def look_into(desk: Desk, deviation: Deviation, **facts: object) -> Deviation:
    given = {
        "cause": "script",
        "investigation": "The step names the wrong queue.",
        "corrective_action": "",
        "outcome": "fix",
    }
    return investigate(
        deviation,
        actor=desk.engineer.actor(),
        revision=desk.fresh(deviation).revision,
        reason="looked into",
        **(given | facts),  # type: ignore[arg-type]
    )


def test_a_deviation_brings_step_requirement_result_and_evidence(desk: Desk, deviation: Deviation):
    for part in ("URS-002", "Let the model reject a vial.", "The vial waits for a person.", "seen: fail", "queue.png"):
        assert part in deviation.description
    assert deviation.content()["evidence"][0]["name"] == "queue.png"


def test_a_failure_has_one_deviation_and_a_pass_none(desk: Desk, deviation: Deviation):
    with pytest.raises(DeviationExists, match=deviation.number):
        raise_deviation(deviation.execution, 2, actor=desk.engineer.actor())
    for step in (1, 3):
        with pytest.raises(NoFailedStep):
            raise_deviation(deviation.execution, step, actor=desk.engineer.actor())


@pytest.mark.parametrize(
    ("facts", "said"),
    [({"cause": ""}, "cause"), ({"investigation": "short"}, "investigation"), ({"outcome": ""}, "what follows")],
)
def test_a_disposition_waits_for_cause_investigation_and_outcome(
    desk: Desk, deviation: Deviation, facts: dict[str, str], said: str
):
    look_into(desk, deviation, **facts)
    with pytest.raises(DeviationIncomplete, match=said):
        open_ceremony(desk.fresh(deviation), "dispose", actor=desk.qa.actor())


@pytest.mark.clause("11.10(g)", "211.22")
def test_only_quality_disposes_and_says_why(desk: Desk, deviation: Deviation):
    look_into(desk, deviation)
    with pytest.raises(RoleNotAllowed):
        open_ceremony(desk.fresh(deviation), "dispose", actor=desk.engineer.actor())
    with pytest.raises(ReasonMissing):
        sign(deviation, "dispose", desk.qa)
    sign(deviation, "dispose", desk.qa, reason="the script is corrected")
    assert desk.fresh(deviation).state == "disposed"
    with pytest.raises(RecordNotEditable):
        look_into(desk, deviation, cause="product")


@pytest.mark.clause("11.10(e)")
def test_a_stale_investigation_is_refused(desk: Desk, deviation: Deviation):
    look_into(desk, deviation)
    with pytest.raises(StaleRevision):
        investigate(
            deviation,
            actor=desk.qa.actor(),
            revision=deviation.revision,
            cause="executor",
            investigation="Something else was found.",
            corrective_action="",
            outcome="accept",
            reason="looked again",
        )
