"""The manifest of a data set as people bring it: a table, a zip of pictures hashed here, or both.

Serves: draft EU GMP Annex 22 §5.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Final

from records.errors import Refusal
from records.uploads.checks import check_file
from records.uploads.deliveries import Quarantine
from records.uploads.kinds import PICTURES
from records.uploads.limits import DEFAULT_LIMITS
from validation.errors_studies import ItemsNotWhole, SetInvalid
from validation.likeness import hash_picture
from validation.models import DataSet
from validation.study_runs import join_faults
from validation.tables import ReadRow, read_table

HEADINGS: Final = ("name", "sha256", "dhash", "unit", "stratum", "label", "verifier")
ZIP_LIMITS: Final = replace(DEFAULT_LIMITS, max_entries=500, max_delivery_bytes=300_000_000)
"""What is hashed while somebody waits for the page; larger sets are hashed where they lie."""
STRATA: Final = ("stratum", "planned")
LENGTHS: Final = {"name": 200, "unit": 60, "stratum": 80, "label": 80, "verifier": 120}
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class SetItem:
    """One item as read."""

    name: str
    sha256: str
    dhash: str = ""
    unit: str = ""
    stratum: str = ""
    label: str = ""
    verifier: str = ""


def read_items(text: str, *, hashed: Mapping[str, tuple[str, str]] | None = None) -> list[tuple[ReadRow, SetItem]]:
    """Return the items of a table with every fault named; hashes of files sent along are filled in or compared.

    ``hashed`` is SHA-256 and perceptual hash by name. Raises: `TableNotReadable`.
    """
    found: list[tuple[ReadRow, SetItem]] = []
    names: set[str] = set()
    files: set[str] = set()
    for line in read_table(text, headings=HEADINGS, needed=("name", "stratum")):
        given = {name: line.cells.get(name, "") for name in HEADINGS}
        given |= {name: given[name].lower() for name in ("sha256", "dhash")}
        faults = [*line.faults, *take_hashes(given, hashed or {})]
        faults += faults_of(given)
        faults += [f"{given['name']} stands there twice"] if given["name"] in names else []
        faults += ["the same file stands there twice"] if given["sha256"] in files else []
        names.add(given["name"])
        files.add(given["sha256"])
        found.append((ReadRow(line.line, given, tuple(faults)), SetItem(**given)))
    return found


def take_hashes(given: dict[str, str], hashed: Mapping[str, tuple[str, str]]) -> Iterable[str]:
    """Fill in the hashes of a file that was sent along, or name where the table says otherwise."""
    known = hashed.get(given["name"])
    if known is None:
        if hashed:
            yield "no such file is in the zip"
        return
    for name, value in zip(("sha256", "dhash"), known, strict=True):
        if given[name] and given[name] != value:
            yield f"its {name} is not that of the file"
        given[name] = value


def faults_of(given: Mapping[str, str]) -> Iterable[str]:
    """Yield what is wrong with one item."""
    if not given["name"] or not given["stratum"]:
        yield "it needs a name and a stratum"
    if not _DIGEST.match(given["sha256"]):
        yield "its sha256 has not 64 digits from 0 to 9 and a to f"
    if given["dhash"] and not _DIGEST.match(given["dhash"]):
        yield "its dhash has not 64 digits from 0 to 9 and a to f"
    for name, most in LENGTHS.items():
        if len(given[name]) > most:
            yield f"its {name} is longer than {most} characters"


def items_of(data_set: DataSet, items: Sequence[SetItem]) -> list[SetItem]:
    """Return the items if the set has none of them yet. Raises: `ItemsNotWhole`."""
    names = set(data_set.items.values_list("name", flat=True))
    files = set(data_set.items.values_list("sha256", flat=True))
    faults = [f"{item.name} is in the set already" for item in items if item.name in names or item.sha256 in files]
    if faults:
        raise ItemsNotWhole(faults=join_faults(faults))
    return list(items)


def whole_items(lines: Sequence[tuple[ReadRow, SetItem]]) -> list[SetItem]:
    """Return the items of a table without a fault. Raises: `ItemsNotWhole`."""
    faults = [f"line {line.line}: {fault}" for line, _ in lines for fault in line.faults]
    if faults:
        raise ItemsNotWhole(faults=join_faults(faults))
    return [item for _, item in lines]


def read_strata(text: str) -> list[dict[str, object]]:
    """Return the planned strata of a table. Raises: `SetInvalid`, `TableNotReadable`."""
    found: list[dict[str, object]] = []
    for line in read_table(text, headings=STRATA, needed=STRATA):
        name, planned = line.cells["stratum"], line.cells["planned"]
        if not name or len(name) > LENGTHS["stratum"] or not re.fullmatch(r"[1-9]\d{0,6}", planned):
            raise SetInvalid(why=f"line {line.line} of the strata needs a name and a whole number of items")
        if any(row["stratum"] == name for row in found):
            raise SetInvalid(why=f"stratum {name} stands there twice")
        found.append({"stratum": name, "planned": int(planned)})
    return found


def hash_zip(source: IO[bytes], quarantine: Quarantine) -> dict[str, tuple[str, str]]:
    """Return SHA-256 and perceptual hash of each picture of a zip, by name; nothing of it is kept.

    Every file passes the checks of an upload. Raises: `ItemsNotWhole` naming each refused file, and the
    refusals of the zip as a whole.
    """
    delivery = quarantine.receive_zip(source, allowed=PICTURES, limits=ZIP_LIMITS)
    try:
        if delivery.refused:
            raise ItemsNotWhole(faults=join_faults([f"{row.name}: {row.sentence}" for row in delivery.refused]))
        return {
            row.name: (row.sha256, hash_picture(io.BytesIO(quarantine.read(delivery, row))))
            for row in delivery.received
        }
    finally:
        quarantine.discard(delivery.token)


def hash_folder(folder: Path) -> tuple[list[SetItem], list[str]]:
    """Return an item for each picture below a folder, and a sentence for each file that is none.

    The folder that a picture lies in is taken for its stratum. Every file passes the checks of an upload.
    """
    items, faults = [], []
    for path in sorted(row for row in folder.rglob("*") if row.is_file()):
        name = path.relative_to(folder).as_posix()
        try:
            with path.open("rb") as handle:
                check_file(handle, name=path.name, allowed=PICTURES)
                handle.seek(0)
                sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
                handle.seek(0)
                items.append(SetItem(name, sha256, hash_picture(handle), stratum=stratum_of(name)))
        except Refusal as refusal:
            faults.append(f"{name}: {refusal.text}")
    return items, faults


def draw_up(hashed: Mapping[str, tuple[str, str]]) -> list[SetItem]:
    """Return an item for each hashed picture; stratum from its folder, the rest is left to fill in."""
    return [SetItem(name, sha256, dhash, stratum=stratum_of(name)) for name, (sha256, dhash) in sorted(hashed.items())]


def stratum_of(name: str) -> str:
    """Return the folder that a picture lies in, or nothing."""
    return PurePosixPath(name).parent.name


def write_table(items: Iterable[SetItem]) -> str:
    """Return items as the table that `read_items` reads."""
    out = io.StringIO()
    table = csv.DictWriter(out, HEADINGS, lineterminator="\r\n")
    table.writeheader()
    table.writerows(asdict(item) for item in items)
    return out.getvalue()
