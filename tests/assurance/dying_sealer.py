"""A sealer as a process of its own that stops at one point of its round and waits there to be killed.

Run as ``python -m tests.assurance.dying_sealer [POINT]``; without a point it makes one whole round. Prints
the point when it is there, and what it did at the end of a whole round.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import django

BEFORE, AFTER = "before", "after"
POINTS = {
    "lock taken": ("sealing", "take_lock", AFTER),
    "leaves written": ("sealing", "add_leaves", AFTER),
    "read back": ("sealing", "read_back", AFTER),
    "checkpoint signed": ("checkpoints", "sign_checkpoint", AFTER),
    "sealed": ("cosigning", "ask_for_line", BEFORE),
    "cosigned elsewhere": ("cosigning", "ask_for_line", AFTER),
    "first object archived": ("archiving", "record_object", BEFORE),
    "first object recorded": ("archiving", "archive_tile", AFTER),
    "tiles archived": ("archiving", "archive_checkpoint", BEFORE),
    "checkpoint archived": ("archiving", "archive_checkpoint", AFTER),
    "cosignature archived": ("archiving", "archive_cosigned", AFTER),
}


def stop_at(point: str) -> None:
    """Let the process stop for ever at a point."""
    module_name, name, when = POINTS[point]
    module = importlib.import_module(f"records.ledger.{module_name}")
    real: Callable[..., Any] = getattr(module, name)

    def stopping(*given: Any, **named: Any) -> Any:
        found = real(*given, **named) if when == AFTER else None
        if when == AFTER and found is False:
            return found  # the lock was not free: this is no point of a pass
        sys.stdout.write(f"{point}\n")
        sys.stdout.flush()
        time.sleep(600)
        return found

    setattr(module, name, stopping)


def main() -> None:
    """Make one round as the sealer's tasks do: seal, have it cosigned, archive."""
    django.setup()
    from django.conf import settings

    from records.archive.opening import open_archive
    from records.ledger import archiving, cosigning, sealing
    from records.stores import sealer_key_store

    settings.ARCHIVE = replace(settings.ARCHIVE, seconds=0)
    if len(sys.argv) > 1:
        stop_at(sys.argv[1])
    added = sealing.seal_everything(sealer_key_store())
    cosigned = cosigning.cosign_last()
    archive = open_archive()
    archived = archiving.archive_ledger(archive), archiving.archive_cosigned_checkpoint(archive)
    sys.stdout.write(f"sealed {added}, cosigned {cosigned}, archived {archived}\n")


if __name__ == "__main__":
    main()
