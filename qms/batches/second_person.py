"""The second qualified person: verifying an override, or refusing to.

Never the person who made it. Until then the unit counts as a reject.
Serves: 21 CFR 211.188(b)(11), 11.10(g).
"""

from __future__ import annotations

from django.db import transaction

from qms.batches.decisions import UnitAtHand, check_fresh, insert_decision, take_unit
from qms.batches.errors_review import NothingToVerify, SecondPersonIsFirst
from qms.batches.models import Decision, VialImage
from records.evidence import Actor
from records.workflow import take_role

VERIFIERS = ("second_inspector", "reviewer", "qa_manager", "operator")


def verify_override(image: VialImage, *, actor: Actor, seen: int) -> Decision:
    """Verify the override that waits on a unit, so that it counts.

    Writes: batches_decision and one event of the batch. Raises: `NothingToVerify`,
    `SecondPersonIsFirst`, `DecisionStale`, `BatchNotInReview`, `RoleNotAllowed`.
    Serves: 21 CFR 211.188(b)(11).
    """
    return answer_override(image, kind=Decision.Kind.VERIFICATION, actor=actor, seen=seen)


def refuse_override(image: VialImage, *, actor: Actor, seen: int, reason: str) -> Decision:
    """Refuse the override that waits on a unit; what stood before it stands again.

    Writes: batches_decision and one event of the batch. Raises: as `verify_override`, and
    `ReasonMissing`. Serves: 21 CFR 211.188(b)(11), 11.10(e).
    """
    return answer_override(image, kind=Decision.Kind.REFUSAL, actor=actor, seen=seen, reason=reason)


def answer_override(image: VialImage, *, kind: Decision.Kind, actor: Actor, seen: int, reason: str = "") -> Decision:
    """Write a second person's answer; sent twice, it is one answer."""
    actor = take_role(actor, VERIFIERS)
    with transaction.atomic():
        unit = take_unit(image)
        again = find_answer(unit, kind=kind, actor=actor, seen=seen)
        if again is not None:
            return again
        check_fresh(unit, seen=seen)
        top = unit.state.top
        if top is None or top.counts:
            raise NothingToVerify(unit=image.unit_id)
        if top.entry.by == actor.user_id:
            raise SecondPersonIsFirst(unit=image.unit_id)
        wanted = Decision(
            image=image, kind=kind, of_id=top.entry.id, decided_by_id=actor.user_id or 0, reason_text=reason.strip()
        )
        return insert_decision(unit, wanted, actor=actor, seen=seen)


def find_answer(unit: UnitAtHand, *, kind: Decision.Kind, actor: Actor, seen: int) -> Decision | None:
    """Return the newest entry if it is this person's same answer to what they saw."""
    newest = unit.newest
    if newest is None or newest.kind != kind or newest.decided_by_id != actor.user_id:
        return None
    return newest if newest.of_id is not None and seen in (newest.pk, newest.of_id) else None
