"""What a person may change about how the site looks to them. Nothing here touches what they may do."""

from __future__ import annotations

from django.db import transaction

from qms.accounts.models import User
from qms.accounts.people import check_time_zone, lock_person
from records.acting import acting
from records.evidence import Actor


def save_preferences(user: User, *, time_zone: str, shortcuts_enabled: bool, actor: Actor) -> User:
    """Keep a person's time zone and whether single-letter keys work.

    Writes: accounts_user and one event where something changes. Raises: `TimeZoneUnknown`.
    Serves: 21 CFR 11.50(a).
    """
    wanted = {"time_zone": check_time_zone(time_zone), "shortcuts_enabled": shortcuts_enabled}
    with transaction.atomic():
        locked = lock_person(user)
        changed = [name for name, value in wanted.items() if getattr(locked, name) != value]
        if changed:
            fields = ", ".join(name.replace("_", " ") for name in changed)
            with acting(actor, "accounts.profile.changed", details={"fields": fields}):
                for name in changed:
                    setattr(locked, name, wanted[name])
                locked.save(update_fields=changed)
    return locked
