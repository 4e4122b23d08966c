"""The site with one guard taken out, for negative controls: submits of one ceremony are not held apart."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from qms.wsgi import application
from signatures import signing

__all__ = ["application"]


@contextmanager
def hold_nothing(ceremony_id: uuid.UUID) -> Iterator[None]:
    """Let every request work on a ceremony at once."""
    yield


setattr(signing, "hold_ceremony", hold_nothing)  # noqa: B010  signing does not export the name
