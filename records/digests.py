"""SHA-256 helpers (FIPS 180-4): of bytes, of parts under a domain, of streams and files.

Owns every hash the product computes over records and files. Never offers another
algorithm: a change of hash is a change-controlled event, not a parameter. Pure: no Django.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from records.errors_content import DigestMalformed

DIGEST_SIZE = 32
"""Bytes in a SHA-256 digest."""

CHUNK_SIZE = 1 << 20
"""Bytes read at a time, so that a file of any size needs one mebibyte of memory."""

_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class StreamDigest:
    """The SHA-256 and length of what was read. Units: ``size`` in bytes."""

    sha256_hex: str
    size: int


def sha256(data: bytes) -> bytes:
    """Return the SHA-256 digest of ``data``, 32 bytes."""
    return hashlib.sha256(data).digest()


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 digest of ``data`` as 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def domain_digest(domain: str, *parts: bytes) -> bytes:
    """Return SHA-256 over a domain name and parts, each preceded by its length.

    Two different lists of parts never hash alike, and a digest made for one purpose is
    never valid for another. Serves: 21 CFR 11.10(a), 11.70.
    """
    state = hashlib.sha256()
    for part in (domain.encode("utf-8"), *parts):
        state.update(len(part).to_bytes(8, "big"))
        state.update(part)
    return state.digest()


def hash_stream(stream: BinaryIO) -> StreamDigest:
    """Return the digest and size of all that is left in ``stream``, in constant memory."""
    state = hashlib.sha256()
    size = 0
    while chunk := stream.read(CHUNK_SIZE):
        state.update(chunk)
        size += len(chunk)
    return StreamDigest(sha256_hex=state.hexdigest(), size=size)


def hash_file(path: Path) -> StreamDigest:
    """Return the digest and size of a file. Raises: OSError when it cannot be read."""
    with path.open("rb") as stream:
        return hash_stream(stream)


def parse_digest(text: str) -> bytes:
    """Return the 32 bytes of a digest written as hex.

    Raises: DigestMalformed unless it is exactly 64 lower-case hex digits.
    """
    if not _HEX.fullmatch(text):
        raise DigestMalformed(text=repr(text[:80]))
    return bytes.fromhex(text)


def is_digest(text: str) -> bool:
    """Tell whether ``text`` is a SHA-256 digest as this product writes them."""
    return _HEX.fullmatch(text) is not None


def same_digest(one: str | bytes, other: str | bytes) -> bool:
    """Compare two digests of the same spelling in constant time."""
    left = one.encode("utf-8") if isinstance(one, str) else one
    right = other.encode("utf-8") if isinstance(other, str) else other
    return hmac.compare_digest(left, right)
