"""One system with a record behind every address of validation, made by the rules."""

from __future__ import annotations

import io
from typing import Any

from tests.people import Person
from tests.validation.desk import (
    ENVIRONMENT,
    PICTURE,
    REASON,
    approve_matrix,
    approve_protocol,
    baseline_requirements,
    make_system,
)
from validation.deviations import raise_deviation
from validation.executions import add_evidence, begin_execution, record_result
from validation.inventory import add_item
from validation.models import System
from validation.protocols import StepText, add_steps, draft_protocol


def validation_objects(people: dict[str, Person]) -> dict[str, Any]:
    """Make a system up to a failed step under its deviation; return what the addresses take."""
    engineer, qa = people["validation_engineer"], people["qa_manager"]
    matrix = approve_matrix(engineer, qa)
    system = make_system(engineer, owner=qa)
    bare = make_system(engineer, owner=qa, title="A system without requirements")
    item = add_item(system, actor=engineer.actor(), kind="software", name="python", version="3.11", reason=REASON)
    requirements = baseline_requirements(system, engineer, qa)
    protocol = approve_protocol(system, engineer, qa)
    draft = draft_protocol(
        System.objects.get(pk=system.pk), actor=engineer.actor(), title="Draft", stage="iq", purpose="Not ready yet."
    )
    add_steps(draft, [StepText(("URS-001",), "Look.", "It is there.")], actor=engineer.actor())
    execution = begin_execution(protocol, actor=engineer.actor(), environment=ENVIRONMENT)
    evidence = add_evidence(execution, 2, actor=engineer.actor(), name="screen.png", content=io.BytesIO(PICTURE))
    record_result(execution, 2, actor=engineer.actor(), result="fail", actual="the vial is not there")
    deviation = raise_deviation(execution, 2, actor=engineer.actor())
    record_result(execution, 3, actor=engineer.actor(), result="fail", actual="no lot number")
    records = {
        "execution-detail": execution,
        "result": execution,
        "correction": execution,
        "evidence-new": execution,
        "evidence": execution,
        "results-import": execution,
        "deviation-new": execution,
        "take-over": execution,
        "run-again": execution,
        "requirements": requirements,
        "requirements-import": requirements,
        "requirements-amend": requirements,
        "requirement-withdraw": requirements,
        "matrix-detail": matrix,
        "protocol-detail": protocol,
        "protocol-revise": protocol,
        "protocol-execute": protocol,
        "protocol-edit": draft,
        "step-new": draft,
        "steps-import": draft,
        "step-edit": draft,
        "step-remove": draft,
        "deviation-detail": deviation,
        "requirements-new": bare,
    }
    return {
        "validating number": system.number,
        "validating:item-end pk": item.pk,
        "validating:evidence pk": evidence.pk,
        "validating position": 1,
        "validating step": 1,
        "validating:correction step": 3,
        "validating:deviation-new step": 3,
        **{f"validating:{name} number": record.number for name, record in records.items()},
    }
