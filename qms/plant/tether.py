"""End the children of a launcher that died, where the kernel cannot do it (macOS).

Run as a script: reads ``hold PID SIGNAL`` and ``release PID 0`` lines from standard input until
the launcher's end of the pipe closes, which happens however the launcher ends.
"""

from __future__ import annotations

import os
import sys


def watch() -> None:
    """Follow the launcher until it is gone, then signal what it left behind."""
    held: dict[int, int] = {}
    for line in sys.stdin:
        verb, pid, number = line.split()
        if verb == "hold":
            held[int(pid)] = int(number)
        else:
            held.pop(int(pid), None)
    for pid, number in held.items():
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


if __name__ == "__main__":
    watch()
