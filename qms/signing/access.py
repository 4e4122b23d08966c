"""Who may see which record's signing pages: the rule of the record's own kind, or the inspector's scope.

The loaders here are the access rule of every page of this app; outsiders are told that
there is nothing. Serves: 21 CFR 11.10(d)(g).
"""

from __future__ import annotations

from django.contrib.auth import get_user_model

from qms.inspections.scope import find_reader, readable_records
from records.evidence import Actor
from records.models import ControlledRecord
from signatures.errors import RecordUnknown, SignatureUnknown
from signatures.models import Signature
from signatures.queries import read_signature
from signatures.subjects import subject_of


def may_see(record: ControlledRecord, *, actor: Actor) -> bool:
    """Tell whether the actor may see the record at all."""
    if actor.user_id is None:
        return False
    if actor.holds("inspector"):
        reader = find_reader(get_user_model().objects.get(pk=actor.user_id), actor=actor)
        return readable_records(reader).filter(pk=record.pk).exists()
    return subject_of(record.kind).visible(actor).filter(pk=record.pk).exists()


def load_record(number: str, *, actor: Actor) -> ControlledRecord:
    """Return a record by number as its own kind. Raises: `RecordUnknown` for outsiders as for wrong numbers."""
    found = ControlledRecord.objects.filter(number=number).first()
    if found is None or not may_see(found, actor=actor):
        raise RecordUnknown
    return found.concrete()


def load_signature(number: str, *, actor: Actor) -> Signature:
    """Return a signature on a record that the actor may see. Raises: `SignatureUnknown`."""
    found = read_signature(number)
    if not may_see(found.record, actor=actor):
        raise SignatureUnknown
    return found
