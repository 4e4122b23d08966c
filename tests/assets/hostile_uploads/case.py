"""One hostile upload and what must become of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: Accepted as what it is, with everything hostile gone from what browsers are shown.
NEUTRALISED = "neutralised"


@dataclass(frozen=True, slots=True)
class Case:
    """``expect`` is the code of the refusal without its prefix, or NEUTRALISED.

    ``marker`` must not appear in any copy that is displayed.
    """

    id: str
    how: Literal["file", "zip"]
    name: str
    content: bytes
    expect: str
    marker: bytes = b""
