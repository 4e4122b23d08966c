"""What the people's side brings to a system's periodic review: who was given and who lost access.

Serves: EU GMP Annex 11 §11, §12.3; 21 CFR 11.300(b).
"""

from __future__ import annotations

from collections.abc import Iterator

from qms.accounts.models import User
from validation.models import System
from validation.review_topics import Period, Topic, count_events, register_topic, tell_events

ACCESS = (
    "accounts.person.created",
    "accounts.person.deactivated",
    "accounts.person.reactivated",
    "accounts.role.granted",
    "accounts.role.ended",
)
READ = ("accounts.register.viewed",)


def gather_access(system: System, period: Period) -> Iterator[str]:
    """Yield the changes of access in the time, and whether anybody looked at the register of access."""
    yield f"{User.objects.filter(is_active=True).count()} people are active."
    yield from count_events(READ, period) or ["Nobody read the access register in this time."]
    yield from tell_events(ACCESS, period)


ACCESS_TOPIC = register_topic(
    Topic(60, "access", "Access reviews", "Does everybody still need the access they have?", gather_access)
)
