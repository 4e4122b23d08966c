"""What the pages of the review are made of: contexts, the lightbox's data, and the way on.

Between the views, which know requests, and the rules, which do not. Writes nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse

from qms.batches.access import load_batch
from qms.batches.decisions import DECIDERS, agree_with_model, decide_unit, undo_decision
from qms.batches.errors_review import UnitNotFound
from qms.batches.grid import find_neighbours, read_choice, read_number
from qms.batches.models import BatchRecord, Decision, VialImage
from qms.batches.pages import make_tabs
from qms.batches.reason_codes import OTHER, OTHER_MINIMUM, reasons_for
from qms.batches.recipes import read_recipe
from qms.batches.review_units import (
    count_units,
    defect_library,
    draw_random_check,
    list_units,
    select_units,
    sort_units,
)
from qms.batches.second_person import VERIFIERS, refuse_override, verify_override
from qms.batches.unit_sheets import UnitSheet, list_sheets, sheet_json
from records.evidence import Actor
from validation.sampling import SAMPLE_METHOD

#: Units that one answer of the queue carries.
QUEUE_SIZE: Final = 500


def load_image(actor: Actor, number: str, unit: str) -> VialImage:
    """Return a unit's image in a batch that the actor may see. Raises: `BatchNotFound`, `UnitNotFound`."""
    batch = load_batch(actor.user_id, number)
    found = VialImage.objects.select_related("batch__lot__product").filter(batch=batch, unit_id=unit).first()
    if found is None:
        raise UnitNotFound(unit=unit[:60])
    return found


def may_decide(batch: BatchRecord, actor: Actor) -> bool:
    """Tell whether the pages offer decisions to this person now; the rules ask again."""
    return batch.state == "in_review" and any(actor.holds(role) for role in DECIDERS)


def may_verify(batch: BatchRecord, sheet: UnitSheet, actor: Actor) -> bool:
    """Tell whether the page offers to verify; the rules ask again."""
    is_other = sheet.decided_by != actor.user_id
    is_able = any(actor.holds(role) for role in VERIFIERS)
    return batch.state == "in_review" and sheet.state.is_waiting and is_other and is_able


def take_decision(image: VialImage, *, actor: Actor, data: Mapping[str, Any]) -> Decision:
    """Call the rule that a sent decision asks for."""
    if data["action"] == "undo":
        return undo_decision(image, actor=actor, seen=data["seen"])
    if data["action"] == "agree":
        return agree_with_model(image, actor=actor, seen=data["seen"])
    return decide_unit(
        image,
        actor=actor,
        verdict=data["action"],
        seen=data["seen"],
        defect=data["defect"],
        reason_code=data["reason_code"],
        reason_text=data["reason_text"],
    )


def take_answer(image: VialImage, *, actor: Actor, data: Mapping[str, Any]) -> Decision:
    """Call the rule that a second person's answer asks for."""
    if data["answer"] == "verify":
        return verify_override(image, actor=actor, seen=data["seen"])
    return refuse_override(image, actor=actor, seen=data["seen"], reason=data["reason"])


def unit_context(batch: BatchRecord, unit_id: str, *, actor: Actor, query: Mapping[str, str]) -> dict[str, Any]:
    """Return what a unit's page shows. Raises: `UnitNotFound`."""
    units = list_units(batch)
    here = next((unit for unit in units if unit.unit_id == unit_id), None)
    if here is None:
        raise UnitNotFound(unit=unit_id[:60])
    sheet = list_sheets(batch, [here.image_id])[0]
    show, order = read_choice(query)
    return {
        "batch": batch,
        "tabs": make_tabs(batch, "batches:review"),
        "unit": here,
        "sheet": sheet,
        "ways": find_neighbours(units, unit_id, query=query),
        "query": urlencode({"show": show, "sort": order}),
        "limits": limits_text(batch),
        "may_decide": may_decide(batch, actor) and bool(sheet.outcome),
        "may_verify": may_verify(batch, sheet, actor),
        "may_undo": may_decide(batch, actor) and sheet.decided_by is not None and sheet.decided_by == actor.user_id,
        "zoom": query.get("zoom", "unit"),
        "overlay": query.get("overlay") == "on",
    }


def limits_text(batch: BatchRecord) -> str:
    """Return the model's limits in one line."""
    recipe = batch.recipe or {}
    return f"good from {recipe.get('accept_at', '?')}, reject from {recipe.get('reject_at', '?')}"


def way_on(batch: BatchRecord, unit_id: str, *, actor: Actor, query: Mapping[str, str]) -> str:
    """Return the unit to show after a decision: the next open one of the filter, or none."""
    return find_neighbours(list_units(batch), unit_id, query=query).next_open


def lightbox_data(batch: BatchRecord, *, actor: Actor, query: Mapping[str, str]) -> dict[str, Any]:
    """Return what the lightbox's script needs to know of the batch."""
    show, order = read_choice(query)
    asked = urlencode({"show": show, "sort": order})
    blank = "UNIT-ID"
    addresses = {
        name: reverse(f"batches:{view}", args=[batch.number, blank])
        for name, view in (
            ("photo", "unit-display"),
            ("overlay", "unit-overlay"),
            ("page", "unit"),
            ("decide", "unit-decide"),
            ("verify", "unit-verify"),
        )
    }
    return {
        "number": batch.number,
        "person": actor.printed_name,
        "blank": blank,
        "urls": {
            **addresses,
            "queue": f"{reverse('batches:review-queue', args=[batch.number])}?{asked}",
        },
        "mayDecide": may_decide(batch, actor),
        "mayVerify": batch.state == "in_review" and any(actor.holds(role) for role in VERIFIERS),
        "limits": limits_text(batch),
        "model": f"{batch.model_version.name} {batch.model_version.version} ({batch.model_version.number})",
        "defects": [{"id": row.pk, "name": row.name, "severity": row.severity} for row in defect_library(batch)],
        "reasons": {
            verdict: [{"code": row.code, "label": row.label} for row in reasons_for(verdict)]
            for verdict in ("good", "reject")
        },
        "other": OTHER,
        "otherMinimum": OTHER_MINIMUM,
    }


def queue_json(batch: BatchRecord, *, actor: Actor, query: Mapping[str, str]) -> dict[str, Any]:
    """Return the units of a filter from a place on, or one unit by its id, each with its sheet."""
    show, order = read_choice(query)
    units = list_units(batch)
    chosen = sort_units(select_units(units, show), order)
    if query.get("unit"):
        chosen = [unit for unit in units if unit.unit_id == query["unit"]]
    start = max(read_number(query.get("from", "0")), 0)
    part = chosen[start : start + QUEUE_SIZE]
    sheets = list_sheets(batch, [unit.image_id for unit in part])
    return {
        "from": start,
        "total": len(chosen),
        "counts": count_units(units),
        "units": [
            {**sheet_json(sheet, person_id=actor.user_id), "random": unit.is_random, "required": unit.is_required}
            for unit, sheet in zip(part, sheets, strict=True)
        ],
    }


def saved_json(batch: BatchRecord, unit_id: str, *, actor: Actor) -> dict[str, Any]:
    """Return a unit as it stands after a decision, and the chips' counts."""
    units = list_units(batch)
    here = next(unit for unit in units if unit.unit_id == unit_id)
    sheet = list_sheets(batch, [here.image_id])[0]
    return {
        "unit": {
            **sheet_json(sheet, person_id=actor.user_id),
            "random": here.is_random,
            "required": here.is_required,
        },
        "counts": count_units(units),
    }


def random_check_json(batch: BatchRecord) -> dict[str, Any]:
    """Return all that is needed to draw the random check again."""
    accepted = [unit.unit_id for unit in list_units(batch) if unit.outcome == "good"]
    return {
        "method": SAMPLE_METHOD,
        "seed": batch.random_check_seed,
        "size": read_recipe(batch).random_check_size,
        "accepted_by_model": accepted,
        "drawn": sorted(draw_random_check(batch, accepted=accepted)),
    }
