"""The validation of the demonstration's pipeline: requirements to disposed deviation, made by its people.

Each step does only what is missing.
"""

from __future__ import annotations

import io
from functools import partial
from typing import Any

from examples.make_lot_zip import load_photographs
from examples.validation.pipeline import REQUIREMENTS, RESULTS
from qms.home.demo.assessed import tell_gap_assessment
from qms.home.demo.cast import Cast
from qms.home.demo.data_flows import tell_data_flow
from qms.home.demo.data_sets import tell_data_sets
from qms.home.demo.knapp_study import tell_knapp_design, tell_knapp_study
from qms.home.demo.performance import tell_pq, tell_pq_protocol
from qms.home.demo.planned import tell_installation, tell_master_plan, tell_plan, tell_report
from qms.home.demo.reviewed import NEXT_REVIEW, tell_review
from qms.home.demo.signing import ensure_signed
from qms.home.demo.steps import ENGINEER, QUALITY, REVIEWER, SECOND_QUALITY, ensure_results
from qms.home.demo.stock import MODEL_NAME
from qms.home.demo.validated_text import (
    AUTOMATED_STEP,
    CORRECTION,
    ENVIRONMENT,
    FAILED_ACTUAL,
    FAILED_STEP,
    FIXED_ACTUAL,
    FIXED_ENVIRONMENT,
    INVESTIGATION,
    STEPS,
    SYSTEM,
)
from qms.releases.models import ModelVersion
from records.clock import now
from validation.automation import read_report, record_report
from validation.deviations import investigate, raise_deviation
from validation.executions import add_evidence, begin_execution, run_again
from validation.inventory import add_item, register_system
from validation.matrices import propose_matrix
from validation.models import ConfigurationItem, Deviation, Execution, MatrixVersion, Protocol, RequirementSet, System
from validation.protocols import StepText, add_steps, draft_protocol
from validation.requirements import RequirementRow, begin_requirements, save_rows
from validation.results import states_of
from validation.risk import USUAL_MATRIX

REASON = "validation of the vial inspection"


def ensure_matrix(cast: Cast) -> None:
    """Draw up the usual matrix and have it signed."""
    matrix = MatrixVersion.objects.first() or propose_matrix(
        USUAL_MATRIX, actor=cast.actor(ENGINEER), title="Risk matrix of the site", reason=REASON
    )
    ensure_signed(cast, matrix, "approve", ENGINEER, SECOND_QUALITY)


def ensure_system(cast: Cast) -> None:
    """Register the pipeline and the items it is made of."""
    people: dict[str, Any] = {"owner": cast.user("ada"), "process_owner": cast.user(QUALITY)}
    system = System.objects.filter(title=SYSTEM["title"]).first() or register_system(
        actor=cast.actor(ENGINEER), reason=REASON, next_review_on=now().date() + NEXT_REVIEW, **SYSTEM, **people
    )
    model = ModelVersion.objects.get(name=MODEL_NAME, version="1.0")
    items = (
        ("ai_model", MODEL_NAME, "1.0", model.artefact_id, model),
        ("software", "Countersign", "0.1.0", "", None),
        ("procedure", "SOP-114 Automated inspection of vials", "3", "", None),
    )
    for kind, name, version, digest, record in items:
        if not ConfigurationItem.objects.filter(system=system, name=name).exists():
            add_item(
                system,
                actor=cast.actor(ENGINEER),
                kind=kind,
                name=name,
                version=version,
                sha256=digest,
                record=record,
                reason=REASON,
            )


def ensure_baseline(cast: Cast) -> None:
    """Write the requirements with their risks and have the baseline signed."""
    system = System.objects.get(title=SYSTEM["title"])
    found = RequirementSet.objects.filter(system=system).first() or begin_requirements(
        system, actor=cast.actor(ENGINEER)
    )
    if not found.requirements.exists():
        rows = [RequirementRow(*row) for row in REQUIREMENTS]
        save_rows(found, rows, actor=cast.actor(ENGINEER), revision=found.revision)
    ensure_signed(cast, found, "baseline", ENGINEER, QUALITY)


def ensure_protocol(cast: Cast) -> None:
    """Draft the OQ protocol and have it signed."""
    system = System.objects.get(title=SYSTEM["title"])
    found = Protocol.objects.filter(system=system, stage="oq").first() or draft_protocol(
        system,
        actor=cast.actor(ENGINEER),
        title="Review and disposition of a lot",
        stage="oq",
        purpose="Shows that images stay whole, that people see every doubtful vial, and that only quality releases.",
    )
    if not found.steps.exists():
        add_steps(found, [StepText(*row) for row in STEPS], actor=cast.actor(ENGINEER))
    ensure_signed(cast, found, "approve", ENGINEER, QUALITY)


def ensure_failed_run(cast: Cast) -> None:
    """Execute every step; one fails, gets its evidence and its deviation, and a reviewer signs."""
    protocol = Protocol.objects.get(stage="oq")
    run = protocol.executions.order_by("run").first() or begin_execution(
        protocol, actor=cast.actor(ENGINEER), environment=ENVIRONMENT
    )
    if not run.evidence.filter(step=FAILED_STEP).exists():
        photograph = next(row for row in load_photographs("fentanyl-100"))
        content = io.BytesIO(photograph.read())
        add_evidence(run, FAILED_STEP, actor=cast.actor(ENGINEER), name="grid-step-4.jpg", content=content)
    if states_of(run)[AUTOMATED_STEP - 1].entry is None:
        report = read_report(RESULTS.name, RESULTS.read_bytes())
        record_report(run, report, actor=cast.actor(ENGINEER), steps=[AUTOMATED_STEP])
    results = {step: ("pass", f"As expected: {STEPS[step - 1][2]}") for step in run.steps}
    ensure_results(cast, run, results | {FAILED_STEP: ("fail", FAILED_ACTUAL)})
    if not run.deviations.exists():
        raise_deviation(run, FAILED_STEP, actor=cast.actor(ENGINEER))
    ensure_signed(cast, run, "finish", ENGINEER)
    ensure_signed(cast, run, "review", REVIEWER)


def ensure_disposition(cast: Cast) -> None:
    """Look into the deviation and have quality dispose of it."""
    deviation = Deviation.objects.get(execution__protocol__stage="oq")
    if not deviation.cause:
        investigate(
            deviation,
            actor=cast.actor(ENGINEER),
            revision=deviation.revision,
            cause="product",
            investigation=INVESTIGATION,
            corrective_action=CORRECTION,
            outcome="fix",
            reason="looked into with the supplier",
        )
    ensure_signed(cast, deviation, "dispose", QUALITY, reason="The cause is found and corrected; run step 4 again.")


def ensure_passed_run(cast: Cast) -> None:
    """Run again after the correction, beside the failed run; every step passes and the reviewer signs."""
    failed = Execution.objects.get(run=1, protocol__stage="oq")
    later = failed.reruns.first() or run_again(failed, actor=cast.actor(ENGINEER), environment=FIXED_ENVIRONMENT)
    ensure_results(cast, later, dict.fromkeys(later.steps, ("pass", FIXED_ACTUAL)))
    ensure_signed(cast, later, "finish", ENGINEER)
    ensure_signed(cast, later, "review", REVIEWER)


def tell_validation(cast: Cast) -> None:
    """Tell the validation: what rests on nothing told yet is told side by side, each lane in its order."""
    ensure_matrix(cast)
    ensure_system(cast)
    lanes = (tell_qualification, tell_study, tell_data_sets, tell_gap_assessment)
    cast.do_together(*(partial(lane, cast) for lane in lanes))
    tell_pq(cast)
    tell_report(cast)
    cast.do_together(partial(tell_master_plan, cast), partial(tell_review, cast))


def tell_qualification(cast: Cast) -> None:
    """Tell the way from the requirements to the run that passed."""
    ensure_baseline(cast)
    tell_plan(cast)
    cast.do_together(partial(ensure_protocol, cast), partial(tell_installation, cast))
    cast.do_together(partial(tell_operation, cast), partial(tell_pq_protocol, cast))


def tell_operation(cast: Cast) -> None:
    """Tell the OQ: the run with a failed step, its deviation, and the run that passed."""
    ensure_failed_run(cast)
    ensure_disposition(cast)
    ensure_passed_run(cast)


def tell_study(cast: Cast) -> None:
    """Tell the data flow and the Knapp study of the second engineer."""
    tell_data_flow(cast, System.objects.get(title=SYSTEM["title"]))
    tell_knapp_design(cast)
    tell_knapp_study(cast)
