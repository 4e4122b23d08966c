"""What backups bring to a system's periodic review: sets, failures and proven restores.

Serves: EU GMP Annex 11 §7.2, §11.
"""

from __future__ import annotations

from collections.abc import Iterator

from qms.backups.models import BackupSet
from validation.models import System
from validation.review_topics import Period, Topic, register_topic, tell_events

TOLD = ("backups.set.failed", "backups.drill.finished", "backups.drill.failed", "backups.set.restored")


def gather_backups(system: System, period: Period) -> Iterator[str]:
    """Yield how many sets were made in the time, and every failure and restore."""
    made = BackupSet.objects.filter(made_at__gt=period.since, made_at__lte=period.until).count()
    yield f"{made} backup sets were made."
    yield from tell_events(TOLD, period) or ["No restore was tried in this time."]


BACKUP_TOPIC = register_topic(
    Topic(80, "backups", "Backups and restores", "Could the records be restored, and was it shown?", gather_backups)
)
