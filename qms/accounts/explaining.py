"""Why somebody can or cannot do something: the same facts that the rules ask, in sentences.

Decides nothing. Serves: 21 CFR 11.10(g).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.apps import apps

from qms.accounts.models import RoleGrant, User
from qms.accounts.roles import ROLES
from qms.web.language import tell_refusal
from records.clock import now
from records.workflow import Transition, all_workflows
from signatures.eligibility import why_not_sign


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a person can do an action as far as access goes, and each reason as (holds, sentence)."""

    action: str
    can: bool
    reasons: tuple[tuple[bool, str], ...]
    holders: tuple[str, ...]


def list_actions() -> list[tuple[str, str]]:
    """Return every action of every workflow table, as (name, words)."""
    return [
        (f"{workflow.kind}:{row.action}", f"{kind_words(workflow.kind)}: {row.label}")
        for workflow in all_workflows()
        for row in workflow.transitions
    ]


def kind_words(kind: str) -> str:
    """Return how a kind of record is called."""
    model: Any = apps.get_model(kind)
    return str(model.KIND_LABEL)


def explain(person: User, name: str) -> Answer | None:
    """Return why a person can or cannot do an action; None for an action that does not exist.

    What depends on one record, such as its author, is told on that record's own page.
    """
    kind, _, action = name.partition(":")
    workflow = next((one for one in all_workflows() if one.kind == kind), None)
    row = workflow.by_action.get(action) if workflow else None
    if row is None:
        return None
    reasons = [(person.is_active, "The account is active." if person.is_active else "The account is deactivated.")]
    reasons.append(_role_reason(person, row))
    if row.route is not None:
        refusals = why_not_sign(person)
        reasons += [(False, tell_refusal(refusal)) for refusal in refusals]
        if not refusals:
            reasons.append((True, "They may sign: identity, policy, device and certificate are in order."))
    return Answer(f"{kind_words(kind)}: {row.label}", all(holds for holds, _ in reasons), tuple(reasons), holders(row))


def holders(row: Transition) -> tuple[str, ...]:
    """Return who holds a role for an action now."""
    grants = RoleGrant.objects.in_force(now()).filter(role__in=row.roles, user__is_active=True)
    return tuple(grants.order_by("user__printed_name").values_list("user__printed_name", flat=True).distinct())


def _role_reason(person: User, row: Transition) -> tuple[bool, str]:
    wanted = " or ".join(ROLES.get(role, role) for role in row.roles)
    held = [ROLES.get(role, role) for role in sorted(person.held_roles()) if role in row.roles]
    if held:
        return True, f"They hold the role {', '.join(held)}, which this needs."
    return False, f"This needs the role {wanted}, which they do not hold now."
