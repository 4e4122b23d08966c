"""SHA-256 helpers: known answers, separated purposes, constant memory."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records import digests
from records.errors_content import DigestMalformed

pytestmark = pytest.mark.clause("11.10(a)")

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
"""SHA-256 of "abc", FIPS 180-4 example."""


def test_the_example_of_the_standard_is_met() -> None:
    assert digests.sha256_hex(b"abc") == ABC
    assert digests.sha256(b"abc") == bytes.fromhex(ABC)
    assert digests.parse_digest(ABC) == digests.sha256(b"abc")


@given(st.lists(st.binary(max_size=8), max_size=4), st.lists(st.binary(max_size=8), max_size=4))
def test_different_lists_of_parts_never_share_a_digest(one: list[bytes], other: list[bytes]) -> None:
    assert (digests.domain_digest("d", *one) == digests.domain_digest("d", *other)) == (one == other)


def test_a_digest_for_one_purpose_is_not_valid_for_another() -> None:
    assert digests.domain_digest("countersign/event", b"x") != digests.domain_digest("countersign/file", b"x")
    assert digests.domain_digest("ab", b"c") != digests.domain_digest("a", b"bc")


def test_a_file_larger_than_the_chunk_hashes_like_its_bytes(tmp_path: Path) -> None:
    data = b"vial" * (digests.CHUNK_SIZE // 2)
    path = tmp_path / "image.png"
    path.write_bytes(data)
    expected = digests.StreamDigest(sha256_hex=hashlib.sha256(data).hexdigest(), size=len(data))
    assert digests.hash_file(path) == expected
    assert digests.hash_stream(io.BytesIO(data)) == expected


@pytest.mark.parametrize("text", ["", ABC[:-1], ABC.upper(), ABC + "0", "g" * 64, ABC + "\n"])
def test_other_spellings_of_a_digest_are_refused(text: str) -> None:
    assert not digests.is_digest(text)
    with pytest.raises(DigestMalformed):
        digests.parse_digest(text)


def test_digests_compare_by_value() -> None:
    assert digests.is_digest(ABC)
    assert digests.same_digest(ABC, "ba" + ABC[2:])
    assert not digests.same_digest(ABC, ABC[::-1])
    assert digests.same_digest(b"\1" * 32, b"\1" * 32)
