"""The time-stamp authority's settings: whom to ask, whom to trust, how often. A bad value refuses the start."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from qms import env
from records.stamping.errors import StampTrustUnreadable
from records.stamping.tokens import read_trust


def read_address(name: str) -> str:
    """Return an authority's address, or nothing where none is named.

    Raises: ImproperlyConfigured for anything but http:// or https://, and for a password in it.
    """
    url = env.read_text(name, "")
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ImproperlyConfigured(f"{name} must be an address such as https://tsa.example.com/.")
    if parts.username or parts.password:
        raise ImproperlyConfigured(f"{name} must not hold a user or a password: they would stand in logs.")
    return url


def read_bundle(name: str) -> str:
    """Return the path of a PEM bundle that holds at least one root, or nothing where none is named.

    Raises: ImproperlyConfigured when it cannot be read or used.
    """
    path = env.read_text(name, "")
    try:
        if path:
            read_trust(Path(path).read_bytes())
    except (OSError, StampTrustUnreadable) as problem:
        raise ImproperlyConfigured(f"{name} names {path}, unusable: {problem}") from problem
    return path


def read_policy(name: str) -> str:
    """Return an object identifier such as 1.2.3.4, or nothing. Raises: ImproperlyConfigured for other text."""
    policy = env.read_text(name, "")
    if policy and not re.fullmatch(r"[0-2](\.(0|[1-9]\d*))+", policy):
        raise ImproperlyConfigured(f"{name} is {policy!r}; write an object identifier such as 1.2.3.4.")
    return policy


TSA_URL = read_address("TSA_URL")
TSA_CA = read_bundle("TSA_CA")  # also judges the stamps there are when no authority is asked any more
TSA_POLICY = read_policy("TSA_POLICY")
TSA_SECONDS = env.read_integer("TSA_SECONDS", 60, low=5, high=86_400)  # between two stamps at least
if TSA_URL and not TSA_CA:
    raise ImproperlyConfigured("TSA_URL needs TSA_CA: the roots whose time stamps are believed.")
