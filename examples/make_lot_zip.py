"""Build the delivery of an inspection station from the example photographs.

A zip of photographs with a ``manifest.csv``, as a station would send it; on request
with one corrupt photograph, one that is not the announced one, or one without region.
The same arguments give the same bytes.

    python examples/make_lot_zip.py fentanyl-100 lot.zip
    python examples/make_lot_zip.py midazolam-30 lot.zip --limit 10 --corrupt M-003
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import hashlib
import io
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

VIALS = Path(__file__).resolve().parent / "vials"
COLUMNS = ("file", "unit_id", "sha256", "region_x", "region_y", "region_w", "region_h", "captured_at")
CAPTURED_FROM = dt.datetime(2026, 3, 2, 6, 0, tzinfo=dt.UTC)
SECONDS_PER_UNIT = 2


@dataclass(frozen=True, slots=True)
class Photograph:
    """One example photograph and its place in an example lot."""

    lot: str
    unit_id: str
    file: str
    product: str
    region: tuple[str, str, str, str]
    sha256: str

    def read(self) -> bytes:
        """Return the photograph's bytes, unchanged from its source."""
        return (VIALS / "images" / self.file).read_bytes()


def load_photographs(lot: str) -> tuple[Photograph, ...]:
    """Return the photographs of an example lot in the order of its units."""
    with (VIALS / "labels.csv").open(newline="", encoding="utf-8") as handle:
        return tuple(
            Photograph(
                row["lot"],
                row["unit_id"],
                row["file"],
                row["product"],
                (row["region_x"], row["region_y"], row["region_w"], row["region_h"]),
                row["sha256"],
            )
            for row in csv.DictReader(handle)
            if row["lot"] == lot
        )


def make_files(
    photographs: Sequence[Photograph],
    *,
    corrupt: Sequence[str] = (),
    wrong_hash: Sequence[str] = (),
    without_region: Sequence[str] = (),
    lot: str = "",
    product: str = "",
    captured_from: dt.datetime = CAPTURED_FROM,
) -> dict[str, bytes]:
    """Return a delivery as {file name: bytes}, the manifest first.

    ``corrupt`` units get a photograph broken off in the middle (and announced so);
    ``wrong_hash`` units a manifest line with another photograph's hash;
    ``without_region`` units no region. ``lot`` and ``product`` add these columns.
    """
    optional = {name: value for name, value in (("lot", lot), ("product", product)) if value}
    text = io.StringIO()
    manifest = csv.writer(text, lineterminator="\r\n")
    manifest.writerow((*COLUMNS, *optional))
    files: dict[str, bytes] = {}
    for number, photograph in enumerate(photographs):
        content = photograph.read()
        if photograph.unit_id in corrupt:
            content = content[: len(content) // 2]
        announced = hashlib.sha256(content).hexdigest()
        if photograph.unit_id in wrong_hash:
            announced = hashlib.sha256(b"another photograph" + content).hexdigest()
        region = ("", "", "", "") if photograph.unit_id in without_region else photograph.region
        captured_at = captured_from + dt.timedelta(seconds=SECONDS_PER_UNIT * number)
        row = (photograph.file, photograph.unit_id, announced, *region, captured_at.isoformat())
        manifest.writerow((*row, *optional.values()))
        files[photograph.file] = content
    return {"manifest.csv": text.getvalue().encode(), **files}


def make_zip(files: dict[str, bytes]) -> bytes:
    """Return a zip of the files; photographs are stored, since they do not shrink."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, date_time=(2026, 3, 2, 6, 0, 0))
            entry.external_attr = 0o644 << 16
            method = zipfile.ZIP_DEFLATED if name.endswith(".csv") else zipfile.ZIP_STORED
            archive.writestr(entry, content, compress_type=method)
    return buffer.getvalue()


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the zip that the command line asks for."""
    parser = argparse.ArgumentParser(description="Build the zip of an inspection station from the example photographs.")
    parser.add_argument("example", choices=["fentanyl-100", "midazolam-30"], help="which example lot")
    parser.add_argument("out", type=Path, help="the zip to write")
    parser.add_argument("--units", nargs="+", metavar="UNIT", help="only these units, such as F-001")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N units")
    parser.add_argument("--corrupt", nargs="+", default=[], metavar="UNIT", help="break off these photographs")
    parser.add_argument("--wrong-hash", nargs="+", default=[], metavar="UNIT", help="announce another hash for these")
    parser.add_argument("--without-region", nargs="+", default=[], metavar="UNIT", help="leave out these regions")
    parser.add_argument("--lot", default="", help="write this lot number into the manifest")
    parser.add_argument("--product", default="", help="write this product into the manifest")
    chosen = parser.parse_args(arguments)
    photographs = load_photographs(chosen.example)
    if chosen.units:
        photographs = tuple(photograph for photograph in photographs if photograph.unit_id in chosen.units)
    photographs = photographs[: chosen.limit]
    if not photographs:
        parser.error("no photograph of this lot was chosen")
    files = make_files(
        photographs,
        corrupt=chosen.corrupt,
        wrong_hash=chosen.wrong_hash,
        without_region=chosen.without_region,
        lot=chosen.lot,
        product=chosen.product,
    )
    chosen.out.write_bytes(make_zip(files))
    sys.stdout.write(f"{chosen.out}: {len(photographs)} photographs and manifest.csv\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
