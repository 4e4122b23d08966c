"""A station's manifest is believed line by line, and every wrong line is named."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.make_lot_zip import load_photographs, make_files
from qms.batches.errors_images import ManifestUnreadable
from qms.batches.manifests import COLUMNS, Manifest, match_files, read_manifest

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
HEADER = ",".join(COLUMNS)
GOOD = ("a.jpg", "V-1", "a" * 64, "0.1", "0.1", "0.2", "0.2", "2026-11-22T10:00:00+01:00")


def line_with(**changes: str) -> str:
    return ",".join(changes.get(column, value) for column, value in zip(COLUMNS, GOOD, strict=True))


def read(*lines: str, header: str = HEADER, **batch: str) -> Manifest:
    return read_manifest("\n".join((header, *lines, "")).encode(), received_at=NOW, **batch)


def codes(manifest: Manifest) -> list[tuple[int, str]]:
    return [(problem.line, problem.code.removeprefix("batches.manifest.")) for problem in manifest.problems]


def test_the_example_lot_is_read_and_matches_its_files() -> None:
    photographs = load_photographs("fentanyl-100")
    files = make_files(photographs, lot="L-1", product="FEN")
    manifest = read_manifest(files.pop("manifest.csv"), received_at=NOW, lot="L-1", product="FEN")
    assert manifest.problems == ()
    assert [line.unit_id for line in manifest.lines] == [f"F-{number:03}" for number in range(1, 101)]
    assert all(line.region for line in manifest.lines)
    delivered = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    assert match_files(manifest, delivered=delivered) == ()


def test_faults_of_the_example_script_are_found() -> None:
    photographs = load_photographs("midazolam-30")
    files = make_files(photographs, wrong_hash=["M-002"], without_region=["M-003"])
    manifest = read_manifest(files.pop("manifest.csv"), received_at=NOW)
    assert [line.unit_id for line in manifest.lines if line.region is None] == ["M-003"]
    delivered = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    del delivered[photographs[4].file]
    delivered["extra.jpg"] = "e" * 64
    found = match_files(manifest, delivered=delivered)
    assert [(problem.line, problem.code) for problem in found] == [
        (3, "batches.manifest.hash_differs"),
        (6, "batches.manifest.file_absent"),
        (0, "batches.manifest.file_not_listed"),
    ]
    assert photographs[1].file in found[0].sentence
    assert "extra.jpg" in found[2].sentence


def test_a_good_line_is_read_with_its_instant_in_utc() -> None:
    (line,) = read(line_with()).lines
    assert (line.line, line.file, line.unit_id) == (2, "a.jpg", "V-1")
    assert line.captured_at == dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.UTC)


def test_columns_may_come_in_any_order_and_with_a_byte_order_mark() -> None:
    text = ",".join(reversed(COLUMNS)) + "\r\n" + ",".join(reversed(GOOD)) + "\r\n"
    manifest = read_manifest(b"\xef\xbb\xbf" + text.encode(), received_at=NOW)
    assert [line.file for line in manifest.lines] == ["a.jpg"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"file": ""}, "file_name"),
        ({"file": "Manifest.csv"}, "file_name"),
        ({"file": "a\tb.jpg"}, "field_text"),
        ({"file": "a" * 301}, "field_text"),
        ({"file": "\u202egpj.a"}, "field_text"),
        ({"unit_id": ""}, "unit_id"),
        ({"unit_id": "=cmd()"}, "unit_id"),
        ({"sha256": "A" * 64}, "sha256"),
        ({"sha256": "a" * 63}, "sha256"),
        ({"region_x": ""}, "region"),
        ({"region_w": "0.95"}, "region"),
        ({"captured_at": "yesterday"}, "captured_at"),
        ({"captured_at": "2026-11-22T10:00:00"}, "captured_at"),
        ({"captured_at": "2026-11-22T12:06:00Z"}, "captured_later"),
        ({"captured_at": "0001-01-01T00:00:00+14:00"}, "captured_at"),
    ],
)
def test_a_wrong_field_is_named_and_the_other_lines_stay(changes: dict[str, str], code: str) -> None:
    manifest = read(line_with(**changes), line_with(file="b.jpg", unit_id="V-2", sha256="b" * 64))
    assert codes(manifest) == [(2, code)]
    assert manifest.problems[0].sentence.startswith("Line 2: ")
    assert [line.unit_id for line in manifest.lines] == ["V-2"]


@pytest.mark.parametrize(("column", "code"), [("file", "file"), ("unit_id", "unit_id"), ("sha256", "sha256")])
def test_a_file_a_unit_and_a_photograph_may_come_once(column: str, code: str) -> None:
    other = {"file": "b.jpg", "unit_id": "V-2", "sha256": "b" * 64}
    del other[column]
    manifest = read(line_with(), line_with(**other))
    assert codes(manifest) == [(3, f"repeated_{code}")]
    assert "line 2" in manifest.problems[0].sentence


def test_a_line_with_too_few_or_too_many_fields_is_named() -> None:
    assert codes(read("a.jpg,V-1", line_with() + ",more")) == [(2, "field_count"), (3, "field_count")]


def test_the_lot_of_another_product_is_named() -> None:
    header = HEADER + ",lot,product"
    manifest = read(line_with() + ",L-1,MID", header=header, lot="L-1", product="FEN")
    assert codes(manifest) == [(2, "wrong_product")]
    assert "“MID”" in manifest.problems[0].sentence
    assert "“FEN”" in manifest.problems[0].sentence
    assert codes(read(line_with() + ",L-2,FEN", header=header, lot="L-1", product="FEN")) == [(2, "wrong_lot")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "lacks the columns"),
        (b"file,unit_id\n", "lacks the columns sha256"),
        (HEADER.encode() + b",colour\n", "unknown columns: 'colour'"),
        (HEADER.encode() + b",file\n", "twice"),
        (HEADER.encode() + b"\n", "names no unit"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (HEADER.encode() + b"\na\0", "NUL"),
        (HEADER.encode() + b'\n"a"b,c\n', "not comma separated"),
        (b"x" * 4_000_001, "larger than 4 MB"),
        (HEADER.encode() + b"\n\n" * 10_001 + line_with().encode(), "more than 20000 lines"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(ManifestUnreadable, match=says):
        read_manifest(content, received_at=NOW)


@given(st.text(max_size=300))
def test_any_text_gives_lines_problems_or_a_refusal(text: str) -> None:
    for content in (text, f"{HEADER}\n{text}"):
        try:
            manifest = read_manifest(content.encode("utf-8", "replace"), received_at=NOW)
        except ManifestUnreadable:
            continue
        assert manifest.lines or manifest.problems
