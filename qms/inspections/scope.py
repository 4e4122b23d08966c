"""Who may read what in the regulator's rooms: inspectors their scope, quality people their products.

The loaders here are the access rule of every page of this app.
Serves: 21 CFR 11.10(b)(d).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from qms.accounts.models import User
from qms.batches.access import products_for
from qms.batches.models import Lot
from qms.inspections.errors import (
    ExportNotAllowed,
    InspectionAccessEnded,
    InspectionAccessNotStarted,
    OutsideScope,
)
from qms.inspections.models import AccessScope, InspectionRequest, InspectorAccess
from records.clock import now
from records.errors import RoleNotAllowed
from records.evidence import Actor
from records.models import ControlledRecord
from signatures.subjects import subject_of

READING_ROLES = ("reviewer", "qa_manager")


@dataclass(frozen=True, slots=True)
class Reader:
    """A person in the regulator's rooms; people of the company have no ``accesses``, inspectors those that run."""

    user: User
    accesses: tuple[InspectorAccess, ...] = ()

    @property
    def access(self) -> InspectorAccess | None:
        """Return the access that runs longest."""
        return self.accesses[0] if self.accesses else None

    @property
    def may_export(self) -> bool:
        """Tell whether any copies may be taken."""
        return not self.accesses or any(access.may_export for access in self.accesses)

    @property
    def requests(self) -> QuerySet[InspectionRequest]:
        """Return what the inspector asked for under the accesses that run."""
        return InspectionRequest.objects.filter(access__in=self.accesses).select_related("provided")

    @property
    def contact(self) -> str:
        """Return whom an inspector asks."""
        return self.access.contact if self.access else "the quality unit"


def find_reader(user: User, *, actor: Actor) -> Reader:
    """Return the reader, or refuse: an inspector without a running access, or another role."""
    if actor.holds("inspector"):
        return Reader(user, running_accesses(user))
    if not any(actor.holds(role) for role in READING_ROLES):
        raise RoleNotAllowed(roles="reviewer, QA manager or inspector")
    return Reader(user)


def running_access(user: User) -> InspectorAccess:
    """Return the inspector's access that runs longest now. Raises: as `running_accesses`."""
    return running_accesses(user)[0]


def running_accesses(user: User) -> tuple[InspectorAccess, ...]:
    """Return the inspector's accesses that run now, the longest first.

    Raises: `InspectionAccessEnded`, `InspectionAccessNotStarted`.
    """
    moment = now()
    accesses = InspectorAccess.objects.filter(inspector=user)
    found = tuple(accesses.filter(starts_at__lte=moment, ends_at__gt=moment).order_by("-ends_at"))
    if found:
        return found
    coming = accesses.filter(starts_at__gt=moment).order_by("starts_at").first()
    if coming is not None:
        raise InspectionAccessNotStarted(since=f"{coming.starts_at:%Y-%m-%d %H:%M} UTC")
    last = accesses.order_by("-ends_at").first()
    raise InspectionAccessEnded(
        until=f"{last.ends_at:%Y-%m-%d %H:%M} UTC" if last else "no date: none was granted",
        contact=last.contact if last else "the quality unit",
    )


def readable_lots(reader: Reader) -> QuerySet[Lot]:
    """Return the lots a reader may open."""
    if not reader.accesses:
        return Lot.objects.filter(product__in=products_for(reader.user.pk))
    scopes = AccessScope.objects.filter(access__in=reader.accesses)
    return Lot.objects.filter(
        Q(pk__in=scopes.filter(lot__isnull=False).values("lot"))
        | Q(product__in=scopes.filter(product__isnull=False).values("product"))
    )


def readable_records(reader: Reader) -> QuerySet[ControlledRecord]:
    """Return the records a reader may open: of their lots, the models that decided, and what was provided."""
    lots = readable_lots(reader).values("pk")
    wanted = Q(batchrecord__lot__in=lots) | Q(modelversion__batches__lot__in=lots)
    if reader.accesses:
        wanted |= Q(pk__in=reader.requests.filter(provided__isnull=False).values("provided"))
    return ControlledRecord.objects.filter(wanted).distinct()


def managed_accesses(user_id: int | None) -> QuerySet[InspectorAccess]:
    """Return the inspectors' accesses that a quality person looks after: those wholly within their products."""
    scopes = AccessScope.objects.annotate(covers=Coalesce("product_id", "lot__product_id"))
    beyond = scopes.exclude(covers__in=products_for(user_id).values("pk"))
    return InspectorAccess.objects.exclude(pk__in=beyond.values("access"))


def may_provide(record: ControlledRecord, *, actor: Actor) -> bool:
    """Tell whether a quality person may hand a record to an inspector: only what they may see themselves."""
    return subject_of(record.kind).visible(actor).filter(pk=record.pk).exists()


def load_lot(reader: Reader, number: str) -> Lot:
    """Return a lot of the reader's scope. Raises: OutsideScope."""
    found = readable_lots(reader).select_related("product").filter(number=number).first()
    if found is None:
        raise OutsideScope(what=number[:60])
    return found


def load_record(reader: Reader, number: str) -> ControlledRecord:
    """Return a controlled record of the reader's scope. Raises: OutsideScope."""
    found = readable_records(reader).filter(number=number).first()
    if found is None:
        raise OutsideScope(what=number[:60])
    return found.concrete()


def check_export(reader: Reader, record: ControlledRecord) -> None:
    """Refuse a copy that no access with copies covers. Raises: ExportNotAllowed."""
    if not reader.accesses:
        return
    exporting = tuple(access for access in reader.accesses if access.may_export)
    if not exporting or not readable_records(replace(reader, accesses=exporting)).filter(pk=record.pk).exists():
        raise ExportNotAllowed(contact=reader.contact)
