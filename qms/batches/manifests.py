"""The manifest of a delivery: what an inspection station says it sent.

A station delivers a lot as a folder or zip of photographs with one ``manifest.csv``:
UTF-8, comma separated, a header line, one line per unit. Columns, in any order:

``file``                            name of the photograph in the delivery
``unit_id``                         the unit's number, once per lot
``sha256``                          of the photograph's bytes, hexadecimal
``region_x, region_y, region_w, region_h``
                                    left, top, width, height of the unit as fractions of the
                                    upright image; all four empty where the station found none
``captured_at``                     ISO 8601 with offset
``lot``, ``product``                optional; where present they must be the batch's own

Owns reading and matching; every line that is wrong is named, none stops the reading.
Serves: 21 CFR 11.10(a), 11.10(h). Pure: no Django.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from qms.batches.errors_images import ManifestUnreadable, RegionInvalid
from qms.batches.regions import Region, parse_region

MANIFEST_NAME: Final = "manifest.csv"
COLUMNS: Final = (
    "file", "unit_id", "sha256", "region_x", "region_y", "region_w", "region_h", "captured_at",
)  # fmt: skip
OPTIONAL_COLUMNS: Final = ("lot", "product")
MAX_BYTES: Final = 4_000_000
MAX_LINES: Final = 20_000
MAX_FIELD: Final = 300
#: Stations' clocks may run ahead of the server's by this much.
CLOCK_TOLERANCE: Final = dt.timedelta(minutes=5)

_UNIT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class ManifestLine:
    """One unit as announced; ``region`` is None where the station found none."""

    line: int
    file: str
    unit_id: str
    sha256: str
    region: Region | None
    captured_at: dt.datetime


@dataclass(frozen=True, slots=True)
class ManifestProblem:
    """One thing that is wrong: line (0 for the whole), stable code, a sentence for a person."""

    line: int
    code: str
    sentence: str
    file: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The good lines of a manifest and everything that is wrong with the others."""

    lines: tuple[ManifestLine, ...]
    problems: tuple[ManifestProblem, ...]


def read_manifest(content: bytes, *, received_at: dt.datetime, lot: str = "", product: str = "") -> Manifest:
    """Read a manifest; bad lines become problems, good ones stay.

    ``lot`` and ``product`` are the batch's; a line that names others is a problem.
    Raises: ManifestUnreadable when no line can be read at all.
    """
    lines: list[ManifestLine] = []
    problems: list[ManifestProblem] = []
    seen: dict[str, dict[str, int]] = {"file": {}, "unit_id": {}, "sha256": {}}
    wanted = {"lot": lot, "product": product}
    for number, row in _rows(_decode(content)):
        problem = _wrong_batch(number, row, wanted)
        parsed = problem or _parse(number, row, received_at)
        if isinstance(parsed, ManifestLine):
            parsed = _repeated(parsed, seen) or parsed
        if isinstance(parsed, ManifestLine):
            lines.append(parsed)
        else:
            problems.append(parsed)
    if not lines and not problems:
        raise ManifestUnreadable(why="it names no unit")
    return Manifest(tuple(lines), tuple(problems))


def match_files(manifest: Manifest, *, delivered: Mapping[str, str]) -> tuple[ManifestProblem, ...]:
    """Compare a manifest with the SHA-256 of each file that came, by file name.

    Names files that are announced and absent, absent from the manifest, or changed.
    """
    problems = [found for line in manifest.lines if (found := _compare(line, delivered))]
    named = {line.file for line in manifest.lines} | {problem.file for problem in manifest.problems}
    for name in sorted(set(delivered) - named):
        sentence = f"{name} was delivered, but the manifest does not name it."
        problems.append(ManifestProblem(0, "batches.manifest.file_not_listed", sentence, name))
    return tuple(problems)


def _compare(line: ManifestLine, delivered: Mapping[str, str]) -> ManifestProblem | None:
    found = delivered.get(line.file)
    if found is None:
        sentence = f"Line {line.line}: {line.file} is announced, but was not delivered or was refused."
        return ManifestProblem(line.line, "batches.manifest.file_absent", sentence, line.file)
    if found != line.sha256:
        sentence = (
            f"Line {line.line}: {line.file} has the SHA-256 {found}, announced was {line.sha256}. "
            "It was changed after the station wrote the manifest."
        )
        return ManifestProblem(line.line, "batches.manifest.hash_differs", sentence, line.file)
    return None


def _decode(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise ManifestUnreadable(why=f"it is larger than {MAX_BYTES // 1_000_000} MB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ManifestUnreadable(why=f"byte {error.start + 1} is not UTF-8 text") from None
    if "\0" in text:
        raise ManifestUnreadable(why="it holds NUL characters")
    return text


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line number, fields by column); a line of the wrong length has the column ''."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        _check_header(header)
        for fields in reader:
            if reader.line_num > MAX_LINES:
                raise ManifestUnreadable(why=f"it has more than {MAX_LINES} lines")
            if any(fields):
                row = dict(zip(header, (field.strip() for field in fields), strict=False))
                yield reader.line_num, row if len(fields) == len(header) else {**row, "": str(len(fields))}
    except csv.Error as error:
        raise ManifestUnreadable(why=f"line {reader.line_num} is not comma separated text ({error})") from None


def _check_header(header: list[str]) -> None:
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise ManifestUnreadable(why=f"its first line lacks the columns {', '.join(missing)}")
    foreign = [name[:40] for name in header if name not in COLUMNS + OPTIONAL_COLUMNS]
    if foreign:
        raise ManifestUnreadable(why=f"its first line has unknown columns: {', '.join(map(repr, foreign))}")
    if len(set(header)) != len(header):
        raise ManifestUnreadable(why="its first line names a column twice")


def _parse(number: int, row: Mapping[str, str], received_at: dt.datetime) -> ManifestLine | ManifestProblem:
    file = row.get("file", "")

    def problem(code: str, what: str) -> ManifestProblem:
        return ManifestProblem(number, f"batches.manifest.{code}", f"Line {number}: {what}", file[:MAX_FIELD])

    if "" in row:
        return problem("field_count", f"it has {row['']} fields, not as many as the first line.")
    if any(len(value) > MAX_FIELD or not value.isprintable() for value in row.values()):
        return problem("field_text", f"a field is longer than {MAX_FIELD} characters or holds control characters.")
    if not file or file.lower() == MANIFEST_NAME:
        return problem("file_name", "it names no photograph.")
    if not _UNIT.match(row["unit_id"]):
        return problem("unit_id", f"“{row['unit_id']}” is not a unit number (letters, digits, dot, dash; up to 64).")
    if not _DIGEST.match(row["sha256"]):
        return problem("sha256", "sha256 is not 64 lower-case hexadecimal digits.")
    try:
        region = _region(row)
    except RegionInvalid as refusal:
        return problem("region", refusal.text)
    captured_at = _instant(row["captured_at"])
    if captured_at is None:
        return problem(
            "captured_at", f"“{row['captured_at']}” is not a time with offset, as 2026-03-02T06:00:00+01:00."
        )
    if captured_at > received_at + CLOCK_TOLERANCE:
        return problem("captured_later", "the photograph is dated in the future. Check the station's clock.")
    return ManifestLine(number, file, row["unit_id"], row["sha256"], region, captured_at)


def _region(row: Mapping[str, str]) -> Region | None:
    texts = [row[f"region_{name}"] for name in "xywh"]
    return parse_region(*texts) if any(texts) else None


def _instant(text: str) -> dt.datetime | None:
    try:
        instant = dt.datetime.fromisoformat(text)
        return instant.astimezone(dt.UTC) if instant.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _wrong_batch(number: int, row: Mapping[str, str], wanted: Mapping[str, str]) -> ManifestProblem | None:
    for column, expected in wanted.items():
        found = row.get(column, expected)
        if expected and found != expected:
            sentence = f"Line {number}: the {column} is “{found[:80]}”, but this batch is of {column} “{expected}”."
            return ManifestProblem(
                number, f"batches.manifest.wrong_{column}", sentence, row.get("file", "")[:MAX_FIELD]
            )
    return None


def _repeated(line: ManifestLine, seen: Mapping[str, dict[str, int]]) -> ManifestProblem | None:
    """Name the first earlier line with the same file, unit or photograph; else remember this one."""
    said = {"file": f"the file {line.file}", "unit_id": f"unit {line.unit_id}", "sha256": "the same photograph"}
    for column, what in said.items():
        earlier = seen[column].get(getattr(line, column))
        if earlier is not None:
            sentence = f"Line {line.line}: {what} is already on line {earlier}."
            return ManifestProblem(line.line, f"batches.manifest.repeated_{column}", sentence, line.file)
    for column in said:
        seen[column][getattr(line, column)] = line.line
    return None
