"""A validation engineer's desk: a system with an approved baseline and an approved protocol of three steps.

Made once per module by the product's own rules; each test is rolled back to it.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

from signatures.ceremonies import open_ceremony
from signatures.signing import Credentials, complete_ceremony, decline_ceremony
from tests.people import Crew, Person, make_crew
from validation.deviations import investigate, raise_deviation
from validation.executions import add_evidence, begin_execution, record_result
from validation.inventory import register_system
from validation.matrices import propose_matrix
from validation.models import Deviation, Execution, MatrixVersion, Protocol, RequirementSet, System
from validation.protocols import StepText, add_steps, draft_protocol
from validation.requirements import RequirementRow, begin_requirements, save_rows
from validation.risk import USUAL_MATRIX

REASON = "needed for the validation of line 1"
ENVIRONMENT = "Test plant, build 0.2.0+abc1234"
ROWS = (
    RequirementRow("Every image is kept as the camera took it.", "Process", "image lost", "high", "low", "medium"),
    RequirementRow("A rejected vial is shown to a person.", "Quality", "reject hidden", "high", "medium", "low"),
    RequirementRow("The page shows the lot number.", "Operator", "wrong lot shown", "medium", "low", "high"),
)
STEPS = (
    StepText(("URS-001",), "Import one image.", "Its SHA-256 is the camera's.", "All 64 digits agree."),
    StepText(("URS-002",), "Let the model reject a vial.", "The vial waits for a person."),
    StepText(("URS-001", "URS-003"), "Open the batch.", "Lot number and image are shown."),
)
PICTURE = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde"
    b"\x00\x00\x00\x0cIDATx\x9cc\xf8\xcf\xc0\x00\x00\x03\x01\x01\x00\xc9\xfe\x92\xef\x00\x00\x00\x00IEND\xaeB`\x82"
)


@dataclass
class Desk:
    """The system, its approved documents, and everybody who works on them."""

    crew: Crew
    engineer: Person
    colleague: Person
    qa: Person
    reviewer: Person
    operator: Person
    matrix: MatrixVersion
    system: System
    requirements: RequirementSet
    protocol: Protocol
    _extra: dict[str, Person] = field(default_factory=dict)

    def fresh(self, record: Any) -> Any:
        """Return a record as it stands in the database."""
        return type(record).objects.get(pk=record.pk)

    def begin(self) -> Execution:
        """Begin a run of the approved protocol."""
        return begin_execution(self.fresh(self.protocol), actor=self.engineer.actor(), environment=ENVIRONMENT)

    def record(self, execution: Execution, *results: str) -> None:
        """Record the results of the run's steps from the first on."""
        for step, result in zip(execution.steps, results, strict=False):
            actual = f"seen: {result}"
            record_result(execution, step, actor=self.engineer.actor(), result=result, actual=actual)

    def show(self, execution: Execution, step: int, *, name: str = "screen.png") -> Any:
        """Add a picture as evidence."""
        return add_evidence(execution, step, actor=self.engineer.actor(), name=name, content=io.BytesIO(PICTURE))

    def failed_run(self) -> tuple[Execution, Deviation]:
        """Return a finished and reviewed run whose second step failed, and its deviation."""
        execution = self.begin()
        self.record(execution, "pass", "fail", "pass")
        deviation = raise_deviation(execution, 2, actor=self.engineer.actor())
        sign(execution, "finish", self.engineer)
        sign(execution, "review", self.reviewer)
        return self.fresh(execution), deviation

    def dispose(self, deviation: Deviation, *, outcome: str = "fix") -> Deviation:
        """Investigate a deviation and have quality dispose of it."""
        investigate(
            deviation,
            actor=self.engineer.actor(),
            revision=self.fresh(deviation).revision,
            cause="product",
            investigation="The queue hid units whose score was missing.",
            corrective_action="Units without a score are shown first.",
            outcome=outcome,
            reason="looked into with the developer",
        )
        sign(deviation, "dispose", self.qa, reason="cause found and corrected")
        return Deviation.objects.get(pk=deviation.pk)


def sign(record: Any, action: str, person: Person, *, reason: str = "", declines: bool = False) -> None:
    """Let a person sign an action, or decline it, through the whole ceremony."""
    ceremony = open_ceremony(type(record).objects.get(pk=record.pk), action, actor=person.actor())
    carry_out = decline_ceremony if declines else complete_ceremony
    carry_out(ceremony, actor=person.actor(), credentials=Credentials(**person.credentials()), reason=reason)


def approve_matrix(engineer: Person, qa: Person) -> MatrixVersion:
    """Draw the usual matrix up and have it signed."""
    matrix = propose_matrix(USUAL_MATRIX, actor=engineer.actor(), title="Usual matrix", reason=REASON)
    sign(matrix, "approve", engineer)
    sign(matrix, "approve", qa)
    return MatrixVersion.objects.get(pk=matrix.pk)


def make_system(engineer: Person, *, owner: Person, title: str = "Vial inspection pipeline", **facts: Any) -> System:
    """Register a system."""
    return register_system(
        actor=engineer.actor(),
        title=title,
        reason=REASON,
        **{
            "description": "Takes photographs of vials and lets a model and people decide.",
            "category": 5,
            "platform_category": 4,
            "gxp_relevance": "direct",
            "relevance_reason": "It decides which vials are released.",
            "owner": owner.user,
            "process_owner": owner.user,
        }
        | facts,
    )


def baseline_requirements(system: System, engineer: Person, qa: Person) -> RequirementSet:
    """Write three requirements and have their baseline signed."""
    made = begin_requirements(system, actor=engineer.actor())
    save_rows(made, ROWS, actor=engineer.actor(), revision=made.revision)
    sign(made, "baseline", engineer)
    sign(made, "baseline", qa)
    return RequirementSet.objects.get(pk=made.pk)


def approve_protocol(system: System, engineer: Person, qa: Person) -> Protocol:
    """Draft a protocol of three steps and have it signed."""
    protocol = draft_protocol(
        system, actor=engineer.actor(), title="Review of rejects", stage="oq", purpose="Shows that rejects are seen."
    )
    add_steps(protocol, STEPS, actor=engineer.actor())
    sign(protocol, "approve", engineer)
    sign(protocol, "approve", qa)
    return Protocol.objects.get(pk=protocol.pk)


def make_desk() -> Desk:
    """Make the people and everything up to the approved protocol."""
    crew = make_crew()
    engineer = crew.add("vera", "validation_engineer", printed_name="Vera Lind")
    qa = crew.add("maria", "qa_manager", printed_name="Maria Chen")
    matrix = approve_matrix(engineer, qa)
    system = make_system(engineer, owner=qa)
    requirements = baseline_requirements(system, engineer, qa)
    return Desk(
        crew=crew,
        engineer=engineer,
        colleague=crew.add("karl", "validation_engineer", printed_name="Karl Berg"),
        qa=qa,
        reviewer=crew.add("rita", "reviewer", printed_name="Rita Berg"),
        operator=crew.add("ana", "operator", printed_name="Ana Silva"),
        matrix=matrix,
        system=System.objects.get(pk=system.pk),
        requirements=requirements,
        protocol=approve_protocol(system, engineer, qa),
    )
