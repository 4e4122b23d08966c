"""One system with a record behind every address of validation, made by the rules."""

from __future__ import annotations

import io
from dataclasses import dataclass
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
    sign,
)
from tests.validation.documents import approve_plan
from tests.validation.flows import approve_data_flow, make_data_flow
from tests.validation.gap_desk import add_picture, answer_gaps, determination_facts, make_gaps
from tests.validation.study_desk import approved_study, draft_set, draft_study, reported_study, signed_set
from validation.comment_threads import open_comments
from validation.commenting import answer_comment, settle_comment, take_comment_back, write_comment
from validation.determinations import draft_determination
from validation.deviations import raise_deviation
from validation.document_parts import WHOLE, key_of_paragraph
from validation.executions import add_evidence, begin_execution, record_result
from validation.inventory import add_item
from validation.models import System, ValidationPlan
from validation.periodic_reviews import begin_review
from validation.plans import draft_master_plan, draft_plan, write_section
from validation.protocols import StepText, add_steps, draft_protocol
from validation.reports import draft_report
from validation.result_keys import make_result_key
from validation.trace_paper import make_print
from validation.trace_prints import request_print


@dataclass
class SceneDesk:
    """The people and the system that studies and data sets are made with."""

    system: System
    engineer: Person
    colleague: Person
    qa: Person


def assessment_objects(system: System, people: dict[str, Person]) -> dict[str, Any]:
    """Make an approved and a drafted gap assessment, and a signed and a drafted determination."""
    engineer, qa, reviewer = people["validation_engineer"], people["qa_manager"], people["reviewer"]
    approved = answer_gaps(make_gaps(system, engineer), engineer, owner=qa)
    sign(approved, "approve", reviewer)
    sign(approved, "approve", qa)
    facts = determination_facts(system, owner=qa)
    determined = draft_determination(actor=engineer.actor(), title="Images", governs="batches.batchrecord", **facts)
    sign(determined, "determine", qa)
    draft = make_gaps(system, engineer)
    add_picture(draft, engineer)
    sketch = draft_determination(actor=engineer.actor(), title="Curves", **facts)
    return {
        "gap-detail": draft,
        "gap-edit": draft,
        "gap-answer": draft,
        "gap-evidence": draft,
        "gap-revise": approved,
        "gap-close": approved,
        "determination-detail": determined,
        "determination-revise": determined,
        "determination-edit": sketch,
    }


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
    key = make_result_key(execution, actor=engineer.actor(), name="pytest of line 1", hours=24).key
    deviation = raise_deviation(execution, 2, actor=engineer.actor())
    record_result(execution, 3, actor=engineer.actor(), result="fail", actual="no lot number")
    desk = SceneDesk(System.objects.get(pk=system.pk), engineer, engineer, qa)
    design, study, set_draft, opened = draft_study(desk), approved_study(desk), draft_set(desk), signed_set(desk)
    sign(opened, "open", qa, reason="final check of the model")
    diagram = make_data_flow(desk)
    review = begin_review(system, actor=engineer.actor())
    records = {
        "review-detail": review,
        "review-refresh": review,
        "review-new": bare,
        "data-flow-detail": diagram,
        "data-flow-edit": diagram,
        "data-flow-explain": diagram,
        "data-flow-revise": approve_data_flow(desk),
        "study-detail": reported_study(desk),
        "study-edit": design,
        "study-containers": design,
        **dict.fromkeys(("study-revise", "study-runs", "study-conclusion", "study-sheet", "study-sheet-csv"), study),
        **dict.fromkeys(("set-detail", "set-edit", "set-import", "set-exclude", "set-exclude-shared"), set_draft),
        "set-revise": signed_set(desk, "train"),
        "set-consume": opened,
        "set-manifest": opened,
        "execution-detail": execution,
        "result": execution,
        "correction": execution,
        "evidence-new": execution,
        "evidence": execution,
        "evidence-withdraw": execution,
        "results-import": execution,
        "results-deliver": execution,
        "key-list": execution,
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
        **document_records(system, people),
    }
    records |= assessment_objects(system, people)
    assessment = records["gap-detail"]
    printed = make_print(request_print(system, actor=engineer.actor()).pk)
    return {
        "validating run": "I1-01",
        "validating:set-exclude pk": set_draft.items.order_by("pk")[0].pk,
        "validating number": system.number,
        "validating edition": "part11-2023",
        "validating:key-revoke pk": key.pk,
        "validating:comment-detail pk": open_comments().order_by("pk")[0].pk,
        "validating:gap-evidence pk": assessment.attachments.get().pk,
        "validating:item-end pk": item.pk,
        "validating:trace-print pk": printed.pk,
        "validating:trace-pdf pk": printed.pk,
        "validating:evidence pk": evidence.pk,
        "validating:evidence-withdraw pk": evidence.pk,
        "validating position": 1,
        "validating step": 1,
        "validating:correction step": 3,
        "validating:deviation-new step": 3,
        **{f"validating:{name} number": record.number for name, record in records.items()},
    }


def commented_plan(plan: ValidationPlan, people: dict[str, Person]) -> ValidationPlan:
    """Write a section of a plan; comment on it, on each of its paragraphs and on a text that changed since."""
    engineer, reviewer, qa = (people[role].actor() for role in ("validation_engineer", "reviewer", "qa_manager"))
    texts = ("Who writes validation documents.", "Who approves them.")
    section = plan.sections.order_by("position")[0]
    write_section(plan, section.position, actor=engineer, text="\n\n".join((*texts, "Who else?")), revision=1)
    on = {"place": section.key}
    for text in (*texts, "Who else?"):
        made = write_comment(plan, actor=reviewer, text=f"Is this so? {text}", paragraph=key_of_paragraph(text), **on)
        answer_comment(made, actor=engineer, text="It is.")
        if text == texts[0]:
            settle_comment(made, actor=reviewer, text="Then it is clear.")
    taken = write_comment(plan, actor=qa, text="Where is the picture?", **on)
    take_comment_back(taken, actor=qa, reason="it is in the annex")
    write_comment(plan, actor=qa, place=WHOLE, text="The words differ from those of the procedure.")
    write_section(plan, section.position, actor=engineer, text="\n\n".join(texts), revision=2)
    return plan


def document_records(system: System, people: dict[str, Person]) -> dict[str, Any]:
    """Make the plans of the site and of two systems, and the report of one that has nothing open."""
    engineer, qa = people["validation_engineer"], people["qa_manager"]
    draft = draft_plan(system, actor=engineer.actor(), title="Validation of line 1", stages=["iq", "oq"])
    done = make_system(engineer, owner=qa, title="A system with nothing open")
    baseline_requirements(done, engineer, qa)
    run = begin_execution(approve_protocol(done, engineer, qa), actor=engineer.actor(), environment=ENVIRONMENT)
    for step in run.steps:
        record_result(run, step, actor=engineer.actor(), result="pass", actual="as expected")
    sign(run, "finish", engineer)
    sign(run, "review", people["reviewer"])
    approved = approve_plan(done, engineer, qa)
    report = draft_report(done, actor=engineer.actor())
    master = draft_master_plan(actor=engineer.actor(), title="Validation of the site")
    return {
        "plan-detail": commented_plan(master, people),
        "comment-new": master,
        "plan-edit": draft,
        "plan-section": draft,
        "plan-refresh": draft,
        "plan-revise": approved,
        "report-detail": report,
        "report-refresh": report,
        "report-withdraw": report,
    }
