"""People's decisions on single units: deciding and taking back, each one event on the batch.

Owns the order of decisions: all of a batch wait for its lock, and one that was made on an
older state of the unit is refused with what somebody else decided meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from qms.batches.counting import settle_counts
from qms.batches.errors_review import (
    BatchNotInReview,
    DecisionOfAnotherPerson,
    DecisionStale,
    DefectClassForeign,
    DefectClassMissing,
    NothingToAgreeWith,
    NothingToUndo,
    OverrideReasonMissing,
    OverrideReasonTooShort,
    SampleAlreadyDrawn,
    UnitHasNoResult,
    VerdictUnknown,
)
from qms.batches.models import AqlSample, BatchRecord, Decision, DefectClass, Result, VialImage
from qms.batches.reason_codes import OTHER_MINIMUM, find_reason, is_text_enough, write_reason
from qms.batches.review_units import read_entries
from qms.batches.verdicts import GOOD, REJECT, Entry, UnitState, keeps_sample, read_unit
from records.acting import acting
from records.evidence import Actor
from records.workflow import lock_record, state_label, take_role

DECIDERS = ("operator",)

ACT_OF_KIND = {
    Decision.Kind.AGREEMENT: "batches.unit.agreed",
    Decision.Kind.OVERRIDE: "batches.unit.overridden",
    Decision.Kind.DECISION: "batches.unit.decided",
    Decision.Kind.UNDO: "batches.unit.undone",
    Decision.Kind.VERIFICATION: "batches.override.verified",
    Decision.Kind.REFUSAL: "batches.override.refused",
}


@dataclass(frozen=True, slots=True)
class UnitAtHand:
    """One unit under the batch's lock: the model's result, the decisions so far, what stands."""

    batch: BatchRecord
    image: VialImage
    result: Result
    rows: Sequence[Decision]
    state: UnitState

    @property
    def newest(self) -> Decision | None:
        """Return the last decision made on the unit."""
        return self.rows[-1] if self.rows else None


def decide_unit(
    image: VialImage,
    *,
    actor: Actor,
    verdict: str,
    seen: int,
    defect: DefectClass | None = None,
    reason_code: str = "",
    reason_text: str = "",
) -> Decision:
    """Record one person's decision on a unit; sent twice, it is one decision.

    ``seen`` is the id of the unit's last decision that the person saw, 0 for none.
    Writes: batches_decision and one event of the batch. Raises: `BatchNotInReview`,
    `DecisionStale`, `DefectClassMissing`, `DefectClassForeign`, `OverrideReasonMissing`,
    `OverrideReasonTooShort`, `SampleAlreadyDrawn`, `UnitHasNoResult`, `RoleNotAllowed`.
    Serves: 21 CFR 11.10(e)(f), 211.188(b)(11).
    """
    actor = take_role(actor, DECIDERS)
    with transaction.atomic():
        unit = take_unit(image)
        wanted = make_decision(unit, verdict=verdict, defect=defect, reason_code=reason_code, reason_text=reason_text)
        wanted.decided_by_id = actor.user_id or 0
        again = find_same(unit, wanted, seen=seen)
        return again or insert_decision(unit, wanted, actor=actor, seen=seen)


def agree_with_model(image: VialImage, *, actor: Actor, seen: int) -> Decision:
    """Record that a person sees what the model saw; sent twice, it is one decision.

    Writes and raises as `decide_unit`, and `NothingToAgreeWith` on an undecided unit.
    """
    outcome = Result.objects.filter(image=image).values_list("outcome", flat=True).first()
    if outcome == Result.Outcome.UNDECIDED:
        raise NothingToAgreeWith(unit=image.unit_id)
    return decide_unit(image, actor=actor, verdict=outcome or GOOD, seen=seen)


def undo_decision(image: VialImage, *, actor: Actor, seen: int) -> Decision:
    """Take back the decision that stands, if it is the actor's own, by a new entry.

    Writes: batches_decision and one event of the batch. Raises: `NothingToUndo`,
    `DecisionOfAnotherPerson`, `DecisionStale`, `SampleAlreadyDrawn`, `BatchNotInReview`.
    Serves: 21 CFR 11.10(e).
    """
    actor = take_role(actor, DECIDERS)
    with transaction.atomic():
        unit = take_unit(image)
        check_fresh(unit, seen=seen)
        top = unit.state.top
        if top is None:
            raise NothingToUndo(unit=image.unit_id)
        if top.entry.by != actor.user_id:
            who = next(row.decided_by.printed_name for row in unit.rows if row.pk == top.entry.id)
            raise DecisionOfAnotherPerson(unit=image.unit_id, who=who)
        wanted = Decision(image=image, kind=Decision.Kind.UNDO, of_id=top.entry.id, decided_by_id=actor.user_id)
        return insert_decision(unit, wanted, actor=actor, seen=seen)


def take_unit(image: VialImage) -> UnitAtHand:
    """Lock the unit's batch and re-read the unit. Raises: `BatchNotInReview`, `UnitHasNoResult`."""
    batch = lock_in_review(image.batch)
    result = Result.objects.select_related("defect").filter(image=image).first()
    if result is None:
        raise UnitHasNoResult(unit=image.unit_id)
    rows = list(image.decisions.select_related("decided_by", "defect").order_by("id"))
    return UnitAtHand(batch, image, result, rows, read_unit(result.outcome, read_entries(rows)))


def lock_in_review(batch: BatchRecord) -> BatchRecord:
    """Lock a batch and return it re-read, if it is in review. Raises: `BatchNotInReview`."""
    locked = lock_record(batch)
    assert isinstance(locked, BatchRecord)
    if locked.state != "in_review":
        raise BatchNotInReview(number=locked.number, state=state_label(locked).lower())
    return locked


def make_decision(
    unit: UnitAtHand, *, verdict: str, defect: DefectClass | None, reason_code: str, reason_text: str
) -> Decision:
    """Return the decision that a verdict means on this unit, checked but not stored."""
    if verdict not in (GOOD, REJECT):
        raise VerdictUnknown
    defect = choose_defect(unit, defect) if verdict == REJECT else None
    kind = kind_of(unit.result, verdict=verdict, defect=defect)
    if kind == Decision.Kind.OVERRIDE:
        check_override(unit, verdict=verdict, reason_code=reason_code, reason_text=reason_text)
    elif find_reason(reason_code, verdict=verdict) is None:
        reason_code = ""
    return Decision(
        image=unit.image,
        kind=kind,
        verdict=verdict,
        defect=defect,
        reason_code=reason_code,
        reason_text=reason_text.strip(),
    )


def kind_of(result: Result, *, verdict: str, defect: DefectClass | None) -> Decision.Kind:
    """Return whether a verdict agrees with the model, overrides it or decides what it left open."""
    if result.outcome == Result.Outcome.UNDECIDED:
        return Decision.Kind.DECISION
    agrees = verdict == result.outcome and (defect is None or defect.pk == result.defect_id)
    return Decision.Kind.AGREEMENT if agrees else Decision.Kind.OVERRIDE


def choose_defect(unit: UnitAtHand, defect: DefectClass | None) -> DefectClass:
    """Return the class of a reject: the one given, else the model's. Raises: `DefectClassMissing`."""
    if defect is None and unit.result.outcome == Result.Outcome.REJECT:
        defect = unit.result.defect
    if defect is None:
        raise DefectClassMissing(unit=unit.image.unit_id)
    product = unit.batch.lot.product
    is_models_own = defect.pk == unit.result.defect_id
    if defect.product_id != product.pk or not (defect.is_active or is_models_own):
        raise DefectClassForeign(product=product.name)
    return defect


def check_override(unit: UnitAtHand, *, verdict: str, reason_code: str, reason_text: str) -> None:
    """Refuse an override without a reason from the list, or with "Other" and nothing said."""
    if find_reason(reason_code, verdict=verdict) is None:
        raise OverrideReasonMissing(unit=unit.image.unit_id)
    if not is_text_enough(reason_code, reason_text):
        raise OverrideReasonTooShort(unit=unit.image.unit_id, minimum=OTHER_MINIMUM)


def find_same(unit: UnitAtHand, wanted: Decision, *, seen: int) -> Decision | None:
    """Return the newest decision if it is this very one, sent again or pressed twice."""
    newest = unit.newest
    if newest is None or unit.state.top is None or unit.state.top.entry.id != newest.pk:
        return None
    earlier = unit.rows[-2].pk if len(unit.rows) > 1 else 0
    names = ("kind", "verdict", "defect_id", "reason_code", "reason_text", "decided_by_id")
    is_same = all(getattr(newest, name) == getattr(wanted, name) for name in names)
    return newest if is_same and seen in (newest.pk, earlier) else None


def insert_decision(unit: UnitAtHand, wanted: Decision, *, actor: Actor, seen: int) -> Decision:
    """Write a decision as one event, if it was made on what stands and the sample allows it."""
    check_fresh(unit, seen=seen)
    after = state_after(unit, wanted)
    is_drawn = AqlSample.objects.filter(batch=unit.batch).exists()
    if is_drawn and not keeps_sample(unit.state, after):
        raise SampleAlreadyDrawn(unit=unit.image.unit_id)
    kind = Decision.Kind(wanted.kind)
    reason = write_reason(wanted.reason_code, wanted.reason_text)
    with acting(actor, ACT_OF_KIND[kind], unit.batch, reason=reason, details=tell(unit, wanted, after)):
        wanted.save(force_insert=True)
        if is_drawn:
            settle_counts(unit.batch, person_id=wanted.decided_by_id)
    return wanted


def check_fresh(unit: UnitAtHand, *, seen: int) -> None:
    """Refuse a decision made on an older state of the unit. Raises: `DecisionStale`."""
    newest = unit.newest
    if newest is None or newest.pk == seen:
        return
    raise DecisionStale(
        unit=unit.image.unit_id,
        number=unit.batch.number,
        who=newest.decided_by.printed_name,
        when=f"{newest.decided_at:%H:%M:%S} UTC",
        what=describe(newest),
    )


def state_after(unit: UnitAtHand, wanted: Decision) -> UnitState:
    """Return what would stand once a decision is stored."""
    entries = read_entries(unit.rows)
    made = Entry(
        unit.state.last_id + 1, wanted.kind, wanted.verdict, wanted.decided_by_id, wanted.of_id, wanted.defect_id
    )
    return read_unit(unit.result.outcome, [*entries, made])


def describe(decision: Decision) -> str:
    """Return a decision in a few words: "overrode the model: reject, Crack"."""
    words = [word for word in (decision.verdict, decision.defect.name if decision.defect else "") if word]
    kind = Decision.Kind(decision.kind).label
    return f"{kind}: {', '.join(words)}" if words else kind


def tell(unit: UnitAtHand, wanted: Decision, after: UnitState) -> dict[str, Any]:
    """Return what the event of a decision says beside who and when."""
    details: dict[str, Any] = {
        "unit": unit.image.unit_id,
        "was": unit.state.verdict or "undecided",
        "verdict": wanted.verdict or after.verdict or "undecided",
        "outcome": unit.result.outcome,
    }
    if wanted.defect is not None:
        details["defect"] = wanted.defect.code
    if wanted.reason_code:
        details["reason_code"] = wanted.reason_code
    if after.is_waiting:
        details["waits"] = "for a second person"
    if wanted.of_id:
        details["by"] = next(row.decided_by.printed_name for row in unit.rows if row.pk == wanted.of_id)
    return details
