"""What must be true before a model version is released."""

from __future__ import annotations

from qms.releases.errors import ArtefactChanged, AuthorCannotRelease
from qms.releases.models import ModelVersion
from records.evidence import Actor
from records.models import ControlledRecord
from records.stores import file_store
from signatures.queries import taken_seats


def check_artefact_intact(record: ControlledRecord, actor: Actor) -> None:
    """Refuse a version whose stored bytes are not the registered ones. Raises: `ArtefactChanged`."""
    version = model_version(record)
    if file_store().check(version.artefact_id) is not None:
        raise ArtefactChanged(number=version.number)


def check_author_signs_first(record: ControlledRecord, actor: Actor) -> None:
    """Keep whoever registered a version from its quality seat. Raises: `AuthorCannotRelease`.

    Serves: 21 CFR 11.10(g).
    """
    newest = record.versions.order_by("-number").first()
    if actor.user_id == record.author_id and taken_seats(newest, "release"):
        raise AuthorCannotRelease(number=record.number)


def model_version(record: ControlledRecord) -> ModelVersion:
    """Return the record as the model version it is."""
    found = record.concrete()
    if not isinstance(found, ModelVersion):
        raise TypeError(f"{record.number} is not a model version")
    return found
