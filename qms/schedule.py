"""What beat asks for, and how often: one line a task. Pure data; each task is idempotent."""

from __future__ import annotations

from typing import Any

from celery.schedules import crontab

VERIFY_HOUR, VERIFY_MINUTE = 2, 15  # UTC
SHIP_SECONDS = 5

# name: task, seconds between two questions, and what becomes of a message nobody took meanwhile
EVERY_SITE: dict[str, dict[str, Any]] = {
    "watch inspections and imports": {
        "task": "qms.batches.tasks.watch",
        "schedule": 10.0,
        "options": {"expires": 30},
    },
    "keep what committed transactions promised": {
        "task": "records.work_off_outbox",
        "schedule": 2.0,
        "options": {"expires": 4, "queue": "documents"},
    },
    "watch whether the sealer keeps up": {
        "task": "records.watch_sealing",
        "schedule": 20.0,
        "options": {"expires": 30},
    },
    "watch whether checkpoints are time-stamped": {
        "task": "records.watch_stamping",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "compare the clocks": {
        "task": "signatures.check_clocks",
        "schedule": 60.0,
        "options": {"expires": 90},
    },
    "close signing pages whose time is over": {
        "task": "signatures.expire_ceremonies",
        "schedule": 60.0,
        "options": {"expires": 90},
    },
    "tell of certificates that end soon": {
        "task": "signatures.warn_of_endings",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "back up when it is due": {
        "task": "backups.work_off",
        "schedule": 10.0,
        "options": {"expires": 20, "queue": "backups"},
    },
}


#: What the sealer's process does at its own pace, whatever the site.
THE_SEALER: dict[str, dict[str, Any]] = {
    "archive what was sealed": {
        "task": "records.archive_ledger",
        "schedule": 10.0,
        "options": {"expires": 20, "queue": "sealer"},
    },
    "archive what was signed": {
        "task": "signatures.archive_versions",
        "schedule": 15.0,
        "options": {"expires": 30, "queue": "sealer"},
    },
    "tend the archive at night": {
        "task": "signatures.tend_archive",
        "schedule": crontab(hour=VERIFY_HOUR, minute=0),
        "options": {"expires": 6 * 3600, "queue": "sealer"},
    },
    "verify everything at night": {
        "task": "records.verify_nightly",
        "schedule": crontab(hour=VERIFY_HOUR, minute=VERIFY_MINUTE),
        "options": {"expires": 6 * 3600, "queue": "sealer"},
    },
}


def describe_schedule(*, seal_seconds: int, stamp_seconds: int, has_log_service: bool) -> dict[str, dict[str, Any]]:
    """Return the whole schedule. Units: seconds between two checkpoints, and between two time stamps."""
    shipping = {
        "ship what was sealed": {
            "task": "records.ship_events",
            "schedule": float(SHIP_SECONDS),
            "options": {"expires": 2 * SHIP_SECONDS, "queue": "sealer"},
        }
    }
    return {
        **EVERY_SITE,
        **THE_SEALER,
        **(shipping if has_log_service else {}),
        "seal what was committed": {
            "task": "records.seal_events",
            "schedule": float(seal_seconds),
            "options": {"expires": max(2 * seal_seconds, 10), "queue": "sealer"},
        },
        "have the last checkpoint cosigned": {
            "task": "records.cosign_checkpoint",
            "schedule": float(seal_seconds),
            "options": {"expires": max(2 * seal_seconds, 10), "queue": "sealer"},
        },
        "have the newest checkpoint time-stamped": {
            "task": "records.stamp_checkpoint",
            "schedule": float(stamp_seconds),
            "options": {"expires": stamp_seconds, "queue": "sealer"},
        },
    }
