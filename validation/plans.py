"""Validation plans: drafted from their template, written section by section, signed before what they plan is reported.

Serves: EU GMP Annex 15 §1.4, 1.5, 2.2; Annex 11 §4.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from records.acting import acting
from records.creation import create_record
from records.editing import FieldDifference
from records.errors import RecordNotEditable, StaleRevision
from records.evidence import Actor
from records.models import ControlledRecord
from records.workflow import lock_record, state_label, take_role, workflow_of
from validation.assembling import Facts, master_facts, plan_facts
from validation.errors_documents import PlanExists, SectionUnknown
from validation.models import PlanSection, System, ValidationPlan
from validation.plan_templates import TEMPLATES
from validation.requirements import raise_revision
from validation.workflow import ENGINEERS

MASTER, SYSTEM = ValidationPlan.Level.MASTER, ValidationPlan.Level.SYSTEM


def draft_master_plan(*, actor: Actor, title: str) -> ValidationPlan:
    """Draft the site's master plan from its template, with the systems as they stand.

    Writes: validation_validationplan, validation_plansection, `validation.plan.drafted`.
    Raises: `PlanExists`.
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        refuse_second(ValidationPlan.objects.filter(level=MASTER).exclude(state="retired").first())
        return draft_from_template(MASTER, actor=actor, title=title, facts=master_facts())


def draft_plan(system: System, *, actor: Actor, title: str, stages: Sequence[str]) -> ValidationPlan:
    """Draft a system's plan from its template; ``stages`` are those of IQ, OQ and PQ that it goes through.

    Writes: as `draft_master_plan`. Raises: `PlanExists`.
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        lock_record(system)
        refuse_second(ValidationPlan.objects.filter(system=system).exclude(state="retired").first())
        facts = plan_facts(system)
        return draft_from_template(
            SYSTEM, actor=actor, title=title, facts=facts, system_id=system.pk, stages=list(stages)
        )


def draft_from_template(level: str, *, actor: Actor, title: str, facts: Facts, **fields: Any) -> ValidationPlan:
    """Write a plan and its empty sections; needs an open transaction."""
    act = "validation.plan.drafted"
    plan = create_record(ValidationPlan, actor=actor, title=title, act=act, level=level, facts=facts, **fields)
    sections = TEMPLATES[level]
    with acting(actor, "validation.plan.edited", plan, details={"what": f"{len(sections)} sections laid out"}):
        for position, row in enumerate(sections, 1):
            PlanSection.objects.create(
                plan=plan, position=position, key=row.key, heading=row.heading, guidance=row.guidance
            )
    return plan


def edit_plan(plan: ValidationPlan, *, actor: Actor, title: str, stages: Sequence[str]) -> ValidationPlan:
    """Change a draft's title and stages.

    Writes: validation_validationplan, `validation.plan.edited`. Raises: `RecordNotEditable`.
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        locked = lock_plan(plan)
        with acting(actor, "validation.plan.edited", locked, details={"what": "title or stages"}):
            locked.title, locked.stages = title, list(stages)
            locked.save(update_fields=["title", "stages"])
            raise_revision(locked)
    return locked


def write_section(plan: ValidationPlan, position: int, *, actor: Actor, text: str, revision: int) -> PlanSection:
    """Write the text of one section if nobody changed it since ``revision``; take the plan's list anew with it.

    Writes: validation_plansection, validation_validationplan, `validation.plan.edited`.
    Raises: `RecordNotEditable`, `SectionUnknown`, `StaleRevision` with both texts.
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        locked = lock_plan(plan)
        row = find_section(locked, position)
        if row.revision != revision:
            raise stale_section(locked, row, typed=text)
        with acting(actor, "validation.plan.edited", locked, details={"what": f"section {row}"}):
            row.text, row.revision = text, row.revision + 1
            row.save(update_fields=["text", "revision"])
            locked.facts = facts_of(locked)
            locked.save(update_fields=["facts"])
            raise_revision(locked)
    return row


def refresh_plan(plan: ValidationPlan, *, actor: Actor) -> ValidationPlan:
    """Take the plan's list from the inventory anew.

    Writes: validation_validationplan, `validation.plan.edited`. Raises: `RecordNotEditable`.
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        locked = lock_plan(plan)
        with acting(actor, "validation.plan.edited", locked, details={"what": "list of the inventory taken anew"}):
            locked.facts = facts_of(locked)
            locked.save(update_fields=["facts"])
            raise_revision(locked)
    return locked


def facts_of(plan: ValidationPlan) -> Facts:
    """Return what the plan takes from the inventory, as it stands now."""
    return plan_facts(plan.system) if plan.system else master_facts()


def find_section(plan: ValidationPlan, position: int) -> PlanSection:
    """Return a section by its number. Raises: `SectionUnknown`."""
    found = plan.sections.filter(position=position).first()
    if found is None:
        raise SectionUnknown(section=position, number=plan.number)
    return found


def stale_section(plan: ValidationPlan, row: PlanSection, *, typed: str) -> StaleRevision:
    """Return the refusal that tells who changed the section, and both texts."""
    last = plan.events.filter(act="validation.plan.edited").order_by("-id").first()
    difference = FieldDifference(name="text", label=row.heading, stored=row.text, typed=typed)
    return StaleRevision(
        who=last.actor_name if last else "Somebody",
        when=f"{last.at:%H:%M:%S} UTC" if last else "an unknown time",
        differences=(difference,),
        revision=row.revision,
    )


def refuse_second(plan: ValidationPlan | None) -> None:
    """Refuse a plan beside one that is not retired. Raises: `PlanExists`."""
    if plan is not None:
        raise PlanExists(number=plan.number)


def lock_plan(plan: ControlledRecord) -> ValidationPlan:
    """Lock a plan that may still be edited. Raises: `RecordNotEditable`."""
    lock_record(plan)
    locked = ValidationPlan.objects.get(pk=plan.pk)
    if locked.state not in workflow_of(locked).editable_states:
        raise RecordNotEditable(number=locked.number, state=state_label(locked).lower())
    return locked
