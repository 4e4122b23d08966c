"""The inventory: systems, who answers for them, and the items they are made of.

Serves: EU GMP Annex 11 §4.3, §10.
"""

from __future__ import annotations

import re
from typing import Any

from django.db import transaction

from records.acting import acting
from records.clock import now
from records.creation import create_record
from records.editing import edit_record
from records.evidence import Actor
from records.models import ControlledRecord
from records.workflow import lock_record, take_role
from validation.errors_records import CategoryWithoutPlatform, DigestNotSha256, ItemEnded, ItemInUse
from validation.models import ConfigurationItem, System
from validation.workflow import ENGINEERS

SHA256 = re.compile(r"[0-9a-f]{64}\Z")


def register_system(*, actor: Actor, title: str, reason: str, **fields: Any) -> System:
    """Put a system into the inventory, not validated.

    Writes: validation_system, `validation.system.registered`. Raises: `CategoryWithoutPlatform`.
    """
    actor = take_role(actor, ENGINEERS)
    check_categories(fields)
    act = "validation.system.registered"
    return create_record(System, actor=actor, title=title, act=act, reason=reason, **fields)


def edit_system(system: System, *, actor: Actor, revision: int, reason: str, changes: dict[str, Any]) -> System:
    """Change a system's entry. Writes: validation_system. Raises: as `edit_record`, `CategoryWithoutPlatform`."""
    actor = take_role(actor, ENGINEERS)
    check_categories(changes)
    changed = edit_record(system, actor=actor, revision=revision, changes=changes, reason=reason)
    return System.objects.get(pk=changed.pk)


def check_categories(fields: dict[str, Any]) -> None:
    """Refuse a platform under a system that is not custom. Raises: `CategoryWithoutPlatform`."""
    if fields.get("platform_category") is not None and fields["category"] != System.Category.CUSTOM:
        raise CategoryWithoutPlatform


def add_item(
    system: System,
    *,
    actor: Actor,
    kind: str,
    name: str,
    version: str,
    reason: str,
    sha256: str = "",
    record: ControlledRecord | None = None,
) -> ConfigurationItem:
    """Put an item of a system under configuration management.

    Writes: validation_configurationitem, `validation.item.added`. Raises: `ItemInUse`, `DigestNotSha256`.
    """
    actor = take_role(actor, ENGINEERS)
    digest = sha256.strip().lower()
    if digest and not SHA256.match(digest):
        raise DigestNotSha256(digest=sha256[:80])
    details = {"kind": kind, "name": name, "version": version, "sha256": digest}
    with transaction.atomic():
        locked = lock_record(system)
        used = ConfigurationItem.objects.filter(system_id=locked.pk, kind=kind, name=name, ended_at=None).first()
        if used is not None:
            raise ItemInUse(name=name, version=used.version)
        with acting(actor, "validation.item.added", locked, reason=reason, details=details):
            return ConfigurationItem.objects.create(
                system_id=locked.pk, kind=kind, name=name, version=version, sha256=digest, record=record
            )


def end_item(item: ConfigurationItem, *, actor: Actor, reason: str) -> ConfigurationItem:
    """Take an item out of use; it stays in the history.

    Writes: validation_configurationitem, `validation.item.ended`. Raises: `ItemEnded`.
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        locked = lock_record(item.system)
        row = ConfigurationItem.objects.get(pk=item.pk)
        if row.ended_at is not None:
            raise ItemEnded(name=row.name, version=row.version)
        details = {"name": row.name, "version": row.version}
        with acting(actor, "validation.item.ended", locked, reason=reason, details=details):
            row.ended_at = now()
            row.save(update_fields=["ended_at"])
    return row
