"""The zip of a capsule is written in one pass, in little memory, the same for the same content."""

from __future__ import annotations

import io
import json
import tempfile
import tracemalloc
import zipfile

import pytest

from records.digests import sha256_hex
from signatures.capsules.members import LONGEST_NAME, MemberWriter, json_rows, safe_name

pytestmark = pytest.mark.clause("11.10(b)")


def write(*members):
    target = io.BytesIO()
    with MemberWriter(target) as writer:
        for name, content in members:
            writer.add(name, content)
        writer.finish(writer.manifest(), b"seal")
    return target.getvalue()


def test_the_manifest_lists_every_member_but_itself_and_its_seal():
    with zipfile.ZipFile(io.BytesIO(write(("a.txt", b"a"), ("b/c.pdf", b"pdf")))) as archive:
        assert archive.namelist() == ["a.txt", "b/c.pdf", "manifest.json", "manifest.json.p7s"]
        assert json.loads(archive.read("manifest.json"))["members"] == {
            "a.txt": {"sha256": sha256_hex(b"a"), "size": 1},
            "b/c.pdf": {"sha256": sha256_hex(b"pdf"), "size": 3},
        }


def test_the_same_members_give_the_same_bytes_at_any_time(time_machine):
    members = ("a.txt", b"a" * 1000), ("b.png", b"picture")
    time_machine.move_to("2026-01-01")
    first = write(*members)
    time_machine.move_to("2031-07-01")
    assert write(*members) == first


def test_a_name_is_given_once():
    with pytest.raises(ValueError, match=r"a\.txt is in the capsule already"):
        write(("a.txt", b"1"), ("a.txt", b"2"))


def test_a_large_lot_needs_little_memory():
    piece = bytes(range(256)) * 4096
    with tempfile.TemporaryFile() as target, MemberWriter(target) as writer:
        tracemalloc.start()
        try:
            for number in range(4):
                writer.add_pieces(f"files/{number}.png", (piece for _ in range(50)))
            writer.add_pieces("ledger/events.txt", (b"line\n" for _ in range(200_000)))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        writer.finish(writer.manifest(), b"seal")
    assert peak < 8 * 2**20  # of about 200 MiB written


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("plain.txt", "plain.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\evil.exe", "C__evil.exe"),
        (".hidden", "hidden"),
        ("", "file"),
        ("...", "file"),
        ("a\x00b\u202egnp.exe", "a_b_gnp.exe"),
        (f"{'x' * 300}.png", f"{'x' * (LONGEST_NAME - 12)}.png"),
    ],
)
def test_a_name_becomes_only_a_name_and_keeps_its_ending(name, safe):
    assert safe_name(name) == safe


@pytest.mark.parametrize("rows", [[], [b"1"], [b'{"a": 1}', b"2"]])
def test_rows_are_a_json_array_with_one_row_a_line(rows):
    text = b"".join(json_rows(rows))
    assert json.loads(text) == [json.loads(row) for row in rows]
    assert text.count(b"\n") == len(rows) + 2
