"""The example data are whole, unchanged, licensed and small, and the script packs them."""

from __future__ import annotations

import csv
import hashlib
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from examples import make_lot_zip
from examples.make_lot_zip import VIALS, load_photographs, make_files, make_zip


def test_every_photograph_has_the_bytes_of_its_source() -> None:
    with (VIALS / "SOURCES.csv").open(newline="") as handle:
        sources = {row["file"]: row for row in csv.DictReader(handle)}
    photographs = load_photographs("fentanyl-100") + load_photographs("midazolam-30")
    assert {p.file for p in photographs} == set(sources) == {path.name for path in (VIALS / "images").iterdir()}
    for photograph in photographs:
        assert hashlib.sha256(photograph.read()).hexdigest() == photograph.sha256 == sources[photograph.file]["sha256"]
        assert sources[photograph.file]["licence"] == "CC-BY-4.0"


def test_the_lots_hold_the_mix_ups_they_promise() -> None:
    first, second = load_photographs("fentanyl-100"), load_photographs("midazolam-30")
    assert (len(first), len(second)) == (100, 30)
    assert sum(p.product == "midazolam" for p in first) == 5
    assert sum(p.product == "fentanyl_citrate" for p in second) == 2
    assert len({p.sha256 for p in first + second}) == 130


def test_licence_and_attribution_lie_beside_the_files() -> None:
    assert "CC BY 4.0" in (VIALS / "LICENCE.txt").read_text()
    assert "virinchi20/Medicine-Vial-Detection" in (VIALS / "LICENCE.txt").read_text()
    assert "CC BY 4.0" in (VIALS.parent / "models" / "LICENCE.txt").read_text()


def test_the_example_data_stay_below_ten_megabytes() -> None:
    assert sum(path.stat().st_size for path in VIALS.parent.rglob("*") if path.is_file()) < 10_000_000


def test_the_same_arguments_give_the_same_zip() -> None:
    photographs = load_photographs("midazolam-30")[:3]
    assert make_zip(make_files(photographs)) == make_zip(make_files(photographs))


def test_the_command_writes_a_zip_with_the_chosen_faults(tmp_path: Path) -> None:
    out = tmp_path / "lot.zip"
    command = [sys.executable, make_lot_zip.__file__, "midazolam-30", str(out), "--limit", "4", "--corrupt", "M-002"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "4 photographs" in done.stdout
    with zipfile.ZipFile(out) as archive:
        rows = list(csv.DictReader(io.TextIOWrapper(archive.open("manifest.csv"), newline="")))
        assert [row["unit_id"] for row in rows] == ["M-001", "M-002", "M-003", "M-004"]
        sizes = [archive.getinfo(row["file"]).file_size for row in rows]
    whole = [len(photograph.read()) for photograph in load_photographs("midazolam-30")[:4]]
    assert sizes == [whole[0], whole[1] // 2, whole[2], whole[3]]


def test_the_command_refuses_a_choice_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        make_lot_zip.main(["midazolam-30", str(tmp_path / "lot.zip"), "--units", "F-001"])
