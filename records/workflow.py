"""The engine of the workflow tables: one function that moves a record or refuses.

Each kind of record has one `Workflow`, a table of transitions in its app's
``workflow.py``. Only the transitions of the table happen. One with a signing route
fires only when handed the authorisation that the completed route gives.
Serves: 21 CFR 11.10(f)(g).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from records.acting import acting, check_reason
from records.errors import RoleNotAllowed, SigningRequired, TransitionNotAllowed
from records.evidence import Actor, Authorisation
from records.models import ControlledRecord

Guard = Callable[[ControlledRecord, Actor], None]


@dataclass(frozen=True, slots=True)
class Move:
    """What an effect is told of the move it belongs to."""

    action: str
    actor: Actor
    reason: str
    authorisation: Authorisation | None


Effect = Callable[[ControlledRecord, Move], None]

_WORKFLOWS: dict[str, Workflow] = {}


@dataclass(frozen=True, slots=True)
class State:
    """One state: its stored name, the word on screens and the status token it shows as."""

    name: str
    label: str
    token: str
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of a workflow table.

    ``roles`` are those of which the actor needs one; ``guards`` raise a refusal when the
    record is not ready; ``route`` (floor 2) names the signatures it takes; ``effect``
    writes what belongs to the move, in the same event; ``follow_up`` is what the move
    brings about on another record, as an act of its own in the same transaction.
    """

    action: str
    label: str
    sources: tuple[str, ...]
    target: str
    roles: tuple[str, ...]
    act: str
    guards: tuple[Guard, ...] = ()
    route: Any = None
    needs_reason: bool = False
    effect: Effect | None = None
    follow_up: Effect | None = None


@dataclass(frozen=True, slots=True)
class Workflow:
    """A kind's states and transitions; ``initial`` is the state of a new record."""

    kind: str
    initial: str
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    editable_states: tuple[str, ...] = ()
    by_action: Mapping[str, Transition] = field(init=False)
    by_state: Mapping[str, State] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_action", {row.action: row for row in self.transitions})
        object.__setattr__(self, "by_state", {row.name: row for row in self.states})


def register_workflow(workflow: Workflow) -> Workflow:
    """Make a kind's table known to the engine; return it."""
    _WORKFLOWS[workflow.kind] = workflow
    return workflow


def workflow_of(record: ControlledRecord) -> Workflow:
    """Return the workflow table of a record's kind."""
    return _WORKFLOWS[record.kind]


def all_workflows() -> tuple[Workflow, ...]:
    """Return every registered workflow table."""
    return tuple(_WORKFLOWS[kind] for kind in sorted(_WORKFLOWS))


def find_transition(record: ControlledRecord, action: str) -> Transition:
    """Return the transition of that name from the record's state, or refuse."""
    workflow = workflow_of(record)
    found = workflow.by_action.get(action)
    if found is None or record.state not in found.sources:
        label = found.label if found else action
        raise TransitionNotAllowed(action=label, number=record.number, state=state_label(record))
    return found


def state_label(record: ControlledRecord) -> str:
    """Return the word that screens show for the record's state."""
    return workflow_of(record).by_state[record.state].label


def check_transition(record: ControlledRecord, action: str, *, actor: Actor) -> tuple[Transition, Actor]:
    """Refuse unless the actor may do the action now; return it with the actor in their role.

    The role is asked before the state, so that a refusal tells nobody how a record stands
    whose action is not theirs.
    """
    named = workflow_of(record).by_action.get(action)
    if named is not None:
        actor = take_role(actor, named.roles)
    found = find_transition(record, action)
    for guard in found.guards:
        guard(record, actor)
    return found, actor


def take_role(actor: Actor, roles: tuple[str, ...]) -> Actor:
    """Return the actor acting in the first of the roles they hold, or refuse."""
    for role in roles:
        if actor.holds(role):
            return actor.in_role(role)
    raise RoleNotAllowed(roles=" or ".join(role.replace("_", " ") for role in roles))


def available_actions(record: ControlledRecord, *, actor: Actor) -> list[Transition]:
    """Return the transitions that state and role allow now; guards are not asked."""
    return [
        row
        for row in workflow_of(record).transitions
        if record.state in row.sources and any(actor.holds(role) for role in row.roles)
    ]


def perform_transition(
    record: ControlledRecord,
    action: str,
    *,
    actor: Actor,
    reason: str = "",
    authorisation: Authorisation | None = None,
    details: Mapping[str, Any] | None = None,
) -> ControlledRecord:
    """Move a record through one transition of its table, or refuse.

    Opens its own transaction, or joins the ceremony's when handed an authorisation.
    Writes: records_controlledrecord and the transition's event. Raises:
    `TransitionNotAllowed`, `RoleNotAllowed`, `SigningRequired` and the guards' refusals.
    Serves: 21 CFR 11.10(f)(g).
    """
    with transaction.atomic():
        locked = lock_record(record)
        found, actor = check_transition(locked, action, actor=actor)
        if found.route is not None and not is_authorised(locked, action, authorisation):
            raise SigningRequired(action=found.label)
        if found.needs_reason:
            check_reason(reason)
        facts: dict[str, Any] = {
            "action": found.label,
            "source": state_label(locked),
            "target": workflow_of(locked).by_state[found.target].label,
        }
        facts.update(details or {})
        if authorisation is not None:
            facts["signatures"] = list(authorisation.signatures)
        with acting(actor, found.act, locked, reason=reason, details=facts):
            locked.state = found.target
            locked.revision += 1
            locked.save(update_fields=["state", "revision"])
            if found.effect is not None:
                found.effect(locked, Move(action, actor, reason, authorisation))
        if found.follow_up is not None:
            found.follow_up(locked, Move(action, actor, reason, authorisation))
    return locked


def is_authorised(record: ControlledRecord, action: str, authorisation: Authorisation | None) -> bool:
    """Tell whether signatures were handed down for exactly this action on this record."""
    return (
        authorisation is not None
        and not authorisation.is_decline
        and authorisation.action == action
        and authorisation.record_id == record.pk
    )


def find_return(record: ControlledRecord, target: str) -> Transition:
    """Return the one unsigned transition that takes the record back to a state, or refuse.

    A declined signature returns the record this way, so a decline too moves only along
    the table.
    """
    ways = [
        row
        for row in workflow_of(record).transitions
        if row.target == target and row.route is None and record.state in row.sources
    ]
    if len(ways) != 1:
        raise TransitionNotAllowed(action="return", number=record.number, state=state_label(record))
    return ways[0]


def lock_record(record: ControlledRecord) -> ControlledRecord:
    """Lock the record's base row for this transaction and return it re-read as its kind."""
    ControlledRecord.objects.select_for_update().get(pk=record.pk)
    return ControlledRecord.objects.get(pk=record.pk).concrete()
