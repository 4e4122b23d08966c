"""Giving and ending an inspector's read-only access."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction

from qms.accounts.models import User
from qms.batches.models import Lot, Product
from qms.inspections.errors import AccessPeriodInvalid, NotAnInspector, RequestAnswered, ScopeMissing
from qms.inspections.models import AccessScope, InspectionRequest, InspectorAccess
from records.acting import acting
from records.clock import now
from records.evidence import Actor
from records.models import ControlledRecord
from records.workflow import take_role

LONGEST_DAYS = 90
GRANTORS = ("qa_manager",)


def grant_access(
    inspector: User,
    *,
    actor: Actor,
    agency: str,
    starts_at: dt.datetime,
    ends_at: dt.datetime,
    products: Sequence[Product] = (),
    lots: Sequence[Lot] = (),
    may_export: bool = True,
    contact: str,
    reason: str,
) -> InspectorAccess:
    """Give an inspector read-only access to products or lots for a time.

    Writes: inspections_inspectoraccess, inspections_accessscope and one event. Raises:
    NotAnInspector, AccessPeriodInvalid, ScopeMissing. Serves: 21 CFR 11.10(b)(d).
    """
    actor = take_role(actor, GRANTORS)
    if "inspector" not in inspector.held_roles():
        raise NotAnInspector(person=inspector.printed_name)
    check_period(starts_at, ends_at)
    if not products and not lots:
        raise ScopeMissing()
    details = {
        "inspector": inspector.printed_name,
        "agency": agency,
        "until": f"{ends_at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC",
        "scope": [*(product.code for product in products), *(lot.number for lot in lots)],
    }
    facts = {"starts_at": starts_at, "ends_at": ends_at, "may_export": may_export, "contact": contact}
    with transaction.atomic(), acting(actor, "inspections.access.granted", reason=reason, details=details):
        access = InspectorAccess.objects.create(
            inspector=inspector, agency=agency, granted_by_id=actor.person_id, reason=reason, **facts
        )
        by_product = [AccessScope(access=access, product=product) for product in products]
        by_lot = [AccessScope(access=access, lot=lot) for lot in lots]
        AccessScope.objects.bulk_create([*by_product, *by_lot])
    return access


def check_period(starts_at: dt.datetime, ends_at: dt.datetime) -> None:
    """Refuse a period that ends before it begins or lasts too long. Raises: AccessPeriodInvalid."""
    if not starts_at < ends_at <= starts_at + dt.timedelta(days=LONGEST_DAYS):
        raise AccessPeriodInvalid(days=LONGEST_DAYS)


def end_access(access: InspectorAccess, *, actor: Actor, reason: str) -> InspectorAccess:
    """End an access now. Writes: inspections_inspectoraccess and one event."""
    actor = take_role(actor, GRANTORS)
    with transaction.atomic():
        locked = InspectorAccess.objects.select_for_update().select_related("inspector").get(pk=access.pk)
        details = {"inspector": locked.inspector.printed_name}
        with acting(actor, "inspections.access.ended", reason=reason, details=details):
            moment = now()
            locked.ends_at = max(moment, locked.starts_at + dt.timedelta(microseconds=1))
            if locked.starts_at > moment:
                locked.starts_at, locked.ends_at = moment, moment + dt.timedelta(microseconds=1)
            locked.save(update_fields=["starts_at", "ends_at"])
    return locked


def make_request(access: InspectorAccess, *, actor: Actor, text: str) -> InspectionRequest:
    """Ask the quality unit for something. Writes: inspections_inspectionrequest and one event."""
    details = {"text": text}
    with transaction.atomic(), acting(actor, "inspections.request.made", details=details):
        return InspectionRequest.objects.create(access=access, text=text)


def answer_request(
    asked: InspectionRequest, *, actor: Actor, answer: str, record: ControlledRecord | None, is_provided: bool
) -> InspectionRequest:
    """Provide a record for a request, or decline with a reason.

    Writes: inspections_inspectionrequest and one event. Raises: RequestAnswered.
    """
    actor = take_role(actor, GRANTORS)
    with transaction.atomic():
        locked = InspectionRequest.objects.select_for_update().get(pk=asked.pk)
        if locked.state != InspectionRequest.State.OPEN:
            raise RequestAnswered()
        state = InspectionRequest.State.PROVIDED if is_provided else InspectionRequest.State.DECLINED
        with acting(actor, "inspections.request.answered", record, reason=answer, details={"state": state.label}):
            locked.state, locked.answer, locked.provided = state, answer, record
            locked.answered_by_id, locked.answered_at = actor.user_id, now()
            locked.save(update_fields=["state", "answer", "provided", "answered_by", "answered_at"])
    return locked
