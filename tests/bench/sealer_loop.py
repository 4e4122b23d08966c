"""A sealer as a process of its own, for measurements: one pass a second until its input ends.

Run as ``python -m tests.bench.sealer_loop``; prints the seconds of its longest pass.
"""

from __future__ import annotations

import select
import sys
import time

import django

INTERVAL_SECONDS = 1.0


def main() -> None:
    """Seal once a second."""
    django.setup()
    from records.ledger.sealing import seal_everything
    from records.stores import sealer_key_store

    longest = 0.0
    sys.stdout.write("sealing\n")
    sys.stdout.flush()
    while not select.select([sys.stdin], [], [], INTERVAL_SECONDS)[0]:
        began = time.perf_counter()
        seal_everything(sealer_key_store())
        longest = max(longest, time.perf_counter() - began)
    sys.stdout.write(f"{longest}\n")


if __name__ == "__main__":
    main()
