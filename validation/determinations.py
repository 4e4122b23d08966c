"""Record determinations: the test whether data are a required record, the decision, and what starts retention.

The default is a controlled record; "preliminary" is a decision with a reason, and the data stay.
Serves: 21 CFR 11.10(c); FDA guidance on scope and application (2003).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.apps import apps

from records.creation import create_record
from records.editing import edit_record
from records.evidence import Actor
from records.models import ControlledRecord
from records.retention import RULES, RetentionRule
from records.workflow import take_role
from validation.errors_gaps import DecisionWithoutReason, DeterminationContradicts, KindUnknown, RetentionUnknown
from validation.models import RecordDetermination
from validation.workflow import ENGINEERS, QA

REASON_MINIMUM = 20
WRITERS = (*ENGINEERS, *QA)


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One kind of record of this installation: its rule, and the determination that says so, if quality signed one."""

    kind: str
    label: str
    rule: RetentionRule
    determination: RecordDetermination | None


def draft_determination(*, actor: Actor, title: str, **facts: Any) -> RecordDetermination:
    """Draft a determination with the event that starts its retention.

    Writes: validation_recorddetermination, `validation.determination.drafted`. Raises: as `check_determination`.
    """
    actor = take_role(actor, WRITERS)
    fields = check_determination(facts)
    return create_record(
        RecordDetermination, actor=actor, title=title, act="validation.determination.drafted", **fields
    )


def edit_determination(
    determination: RecordDetermination, *, actor: Actor, revision: int, reason: str, **facts: Any
) -> RecordDetermination:
    """Change a draft. Writes: validation_recorddetermination. Raises: as `check_determination` and `edit_record`."""
    actor = take_role(actor, WRITERS)
    changes = check_determination(facts)
    edit_record(determination, actor=actor, revision=revision, changes=changes, reason=reason)
    return RecordDetermination.objects.get(pk=determination.pk)


def check_determination(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the facts with their retention rule and its start event, or refuse.

    A kind of record of this installation brings its own rule, so that the register and the archive agree.
    Raises: `KindUnknown`, `RetentionUnknown`, `DeterminationContradicts`, `DecisionWithoutReason`.
    """
    given = dict(facts)
    if given.get("governs"):
        given["kept_under"] = kind_named(given["governs"]).RETENTION_RULE
    rule = RULES.get(given.get("kept_under", ""))
    if rule is None:
        raise RetentionUnknown(rule=str(given.get("kept_under") or "named")[:40])
    check_facts(
        predicate_rule=given.get("predicate_rule", ""),
        is_used=any(given.get(name) for name in ("replaces_paper", "is_relied_on", "is_signed")),
        decision=given.get("decision", RecordDetermination.Decision.CONTROLLED),
        reason=given.get("decision_reason", ""),
    )
    return given | {"start_event": rule.start_event}


def check_facts(*, predicate_rule: str, is_used: bool, decision: str, reason: str) -> None:
    """Refuse a decision against its own facts. Raises: `DeterminationContradicts`, `DecisionWithoutReason`."""
    rule = predicate_rule.strip()
    if decision == RecordDetermination.Decision.PRELIMINARY and rule and is_used:
        raise DeterminationContradicts(rule=rule)
    if len(reason.strip()) < REASON_MINIMUM:
        raise DecisionWithoutReason(minimum=REASON_MINIMUM)


def record_kinds() -> dict[str, type[ControlledRecord]]:
    """Return every kind of controlled record of this installation by its name, sorted."""
    kinds = [
        model for model in apps.get_models() if issubclass(model, ControlledRecord) and model is not ControlledRecord
    ]
    return {model._meta.label_lower: model for model in sorted(kinds, key=lambda model: model.KIND_LABEL.lower())}


def kind_named(name: str) -> type[ControlledRecord]:
    """Return a kind of record by its name. Raises: `KindUnknown`."""
    found = record_kinds().get(name)
    if found is None:
        raise KindUnknown(kind=name[:60])
    return found


def list_register() -> list[RegisterRow]:
    """Return each kind of record with its retention rule and the newest determination that quality signed on it."""
    signed = RecordDetermination.objects.filter(state="determined").exclude(governs="").order_by("pk")
    by_kind = {row.governs: row for row in signed}
    return [
        RegisterRow(name, model.KIND_LABEL, RULES[model.RETENTION_RULE], by_kind.get(name))
        for name, model in record_kinds().items()
    ]
