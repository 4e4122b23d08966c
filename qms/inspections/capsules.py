"""Which records an evidence capsule of a lot holds."""

from __future__ import annotations

from django.db.models import Q

from qms.batches.models import Lot
from records.models import ControlledRecord
from signatures.capsules.errors import RecordUnknown
from signatures.capsules.scopes import CapsuleScope, scope_of_records


def scope_of_lot(number: str) -> CapsuleScope:
    """Return the scope of a lot: its batch records and the model versions that decided.

    Raises: RecordUnknown, CapsuleEmpty. Serves: 21 CFR 11.10(b).
    """
    lot = Lot.objects.filter(number=number).first()
    if lot is None:
        raise RecordUnknown(number=number[:40])
    wanted = Q(batchrecord__lot=lot) | Q(modelversion__batches__lot=lot)
    keys = ControlledRecord.objects.filter(wanted).order_by().values_list("pk", flat=True).distinct()
    return scope_of_records(f"lot {lot.number}", list(keys))
