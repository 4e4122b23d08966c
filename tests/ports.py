"""Loopback ports for real servers that other programs of this machine do not take meanwhile."""

from __future__ import annotations

import random
import socket
from collections.abc import Sequence

LOWEST, HIGHEST = 10_000, 22_000
"""Below the range that the kernel hands to outgoing connections and to `bind(0)`; with `OFFSETS` up to 10,000 also."""

_chance = random.SystemRandom()  # pytest-randomly gives every process the same seed, hence the same ports


def is_free(port: int) -> bool:
    """Tell whether nobody listens on a port now."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def find_free_ports(count: int, *, offsets: Sequence[int] = (0,)) -> list[int]:
    """Return ports that are free, each with the neighbours at these distances that its server takes too.

    A port of the kernel's own range can be some connection's local end by the time the server binds it.
    """
    found: list[int] = []
    while len(found) < count:
        port = _chance.randrange(LOWEST, HIGHEST)
        if port not in found and all(is_free(port + offset) for offset in offsets):
            found.append(port)
    return found


def find_free_port() -> int:
    """Return one port that is free."""
    return find_free_ports(1)[0]
