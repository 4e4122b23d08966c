"""The PQ of the demonstration: a protocol of three steps that rests on the Knapp study, executed and reviewed.

Each step does only what is missing.
"""

from __future__ import annotations

from qms.home.demo.cast import Cast
from qms.home.demo.signing import ensure_signed
from qms.home.demo.steps import ENGINEER, QUALITY, SECOND_ENGINEER, ensure_results
from qms.home.demo.validated_text import FIXED_ENVIRONMENT, PQ_PURPOSE, PQ_STEPS, SYSTEM
from validation.executions import begin_execution
from validation.models import KnappStudy, Protocol, System
from validation.protocols import StepText, add_steps, draft_protocol


def tell_pq_protocol(cast: Cast) -> None:
    """Draft the PQ protocol and have it signed."""
    found = Protocol.objects.filter(stage="pq").first() or draft_protocol(
        System.objects.get(title=SYSTEM["title"]),
        actor=cast.actor(SECOND_ENGINEER),
        title="Inspection as good as people's, in daily use",
        stage="pq",
        purpose=PQ_PURPOSE,
    )
    if not found.steps.exists():
        add_steps(found, [StepText(*row) for row in PQ_STEPS], actor=cast.actor(SECOND_ENGINEER))
    ensure_signed(cast, found, "approve", SECOND_ENGINEER, QUALITY)


def tell_pq(cast: Cast) -> None:
    """Execute the protocol on the signed report of the study, and have the run reviewed."""
    protocol = Protocol.objects.get(stage="pq")
    run = protocol.executions.first() or begin_execution(
        protocol, actor=cast.actor(SECOND_ENGINEER), environment=FIXED_ENVIRONMENT
    )
    study = KnappStudy.objects.get()
    result, report = study.result() or {}, study.signatures.latest("id")
    evidence = f"{study.number}, report version {report.version.number}, SHA-256 {report.content_hash}"
    ensure_results(
        cast,
        run,
        {
            1: ("pass", f"The report is signed by {report.printed_name}, signature {report.number}: {evidence}."),
            2: ("pass", f"{result['ratio']}: {result['machine_sum']} against {result['manual_sum']} ({study.number})."),
            3: ("pass", f"No critical miss; false rejects {result['false_rejects']['rate']} ({study.number})."),
        },
    )
    ensure_signed(cast, run, "finish", SECOND_ENGINEER)
    ensure_signed(cast, run, "review", ENGINEER)
