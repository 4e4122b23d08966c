"""Freezing a record's content into a version that people sign."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction

from records.acting import acting
from records.canonical import canonical_bytes, content_hash
from records.evidence import Actor
from records.models import ControlledRecord, Version
from records.workflow import lock_record


def freeze_version(record: ControlledRecord, *, actor: Actor, reason: str = "") -> Version:
    """Freeze the record's present content; return the last version if nothing changed.

    Writes: records_version and one event, when the content is new. Serves: 21 CFR 11.70.
    """
    with transaction.atomic():
        locked = lock_record(record)
        content = canonical_bytes(locked.content())
        digest = content_hash(content)
        last = locked.versions.order_by("-number").first()
        if last is not None and last.content_hash == digest:
            return last
        number = last.number + 1 if last is not None else 1
        details = {"version": number, "content_hash": digest}
        with acting(actor, "records.version.frozen", locked, reason=reason, details=details):
            return Version.objects.create(
                record_id=locked.pk,
                number=number,
                revision=locked.revision,
                content=content,
                content_hash=digest,
                frozen_by_id=actor.user_id,
                reason=reason,
            )


def read_content(version: Version) -> dict[str, Any]:
    """Return a version's content as it was frozen."""
    found: dict[str, Any] = json.loads(bytes(version.content))
    return found


def is_current(version: Version, record: ControlledRecord) -> bool:
    """Tell whether the record still has exactly the content of the version."""
    return content_hash(canonical_bytes(record.content())) == version.content_hash
