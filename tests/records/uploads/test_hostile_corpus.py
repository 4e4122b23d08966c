"""Every hostile upload is refused by its own rule or made harmless, cheaply, in its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.assets.hostile_uploads.case import NEUTRALISED
from tests.assets.hostile_uploads.generate import read_corpus, write_corpus

ROOT = Path(__file__).resolve().parents[3]
LIMIT_SECONDS = 2
LIMIT_MB = 300


def run_corpus(corpus: Path, sandbox: Path) -> list[dict[str, Any]]:
    """Run the corpus in a small process whose home, temporary and working folders are watched."""
    for name in ("home", "tmp", "cwd"):
        (sandbox / name).mkdir(parents=True)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(sandbox / "home"),
        "TMPDIR": str(sandbox / "tmp"),
    }
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "tests.assets.hostile_uploads.runner",
        str(corpus),
        str(sandbox / "plant"),
    ]
    done = subprocess.run(command, cwd=sandbox / "cwd", env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile") / "corpus"
    write_corpus(folder)
    return folder


@pytest.mark.assurance("D2")
@pytest.mark.clause("11.10(h)")
def test_every_hostile_upload_is_refused_or_neutralised_within_its_limits(corpus: Path, tmp_path: Path) -> None:
    verdicts = run_corpus(corpus, tmp_path)
    assert len(verdicts) == len({verdict["id"] for verdict in verdicts}) >= 300
    wrong = [verdict for verdict in verdicts if verdict["got"] != verdict["expect"]]
    assert wrong == []
    slow = [verdict for verdict in verdicts if verdict["seconds"] >= LIMIT_SECONDS]
    assert slow == []
    large = [verdict for verdict in verdicts if verdict["peak_mb"] >= LIMIT_MB]
    assert large == []
    outside = [path for path in tmp_path.rglob("*") if path.is_file() and tmp_path / "plant" not in path.parents]
    assert outside == [], "something was written outside store and quarantine"
    slowest = max(verdicts, key=lambda verdict: verdict["seconds"])
    largest = max(verdicts, key=lambda verdict: verdict["peak_mb"])
    sys.stdout.write(
        f"\nD2: {len(verdicts)} hostile uploads, {sum(v['expect'] == NEUTRALISED for v in verdicts)} neutralised, "
        f"the others refused; slowest {slowest['seconds']} s ({slowest['id']}), "
        f"largest {largest['peak_mb']} MB ({largest['id']})\n"
    )


@pytest.mark.assurance("D2")
def test_the_corpus_holds_every_kind_of_attack_of_the_goal(corpus: Path) -> None:
    ids = [facts["id"] for facts in read_corpus(corpus)]
    for kind in (
        "svg-as-", "html-as-", "png-then-zip", "jpeg-then-html", "zip-bomb-1-gigabyte", "zip-nested-bomb",
        "png-whole-13000", "tiff-200000-directories", "zip-name-up", "zip-symlink", "jpg-as-png",
        "name-right-to-left", "name-nul", "zip-encrypted", "pdf-script", "zip-500-names-for-one-kernel",
    ):  # fmt: skip
        assert any(id_.startswith(kind) for id_ in ids), kind


@pytest.mark.assurance("D2")
def test_the_harness_sees_a_check_that_lets_attacks_through(corpus: Path, tmp_path: Path) -> None:
    """Negative control: with names and active PDFs unchecked, the same judgement must fail."""
    folder = tmp_path / "weak"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        "import records.uploads.names as names\n"
        "import records.uploads.documents as documents\n"
        "names._fault = lambda name: ''\n"
        "documents._ACTIVE = ()\n"
    )
    program = (
        "import sitecustomize, sys\n"
        "sys.argv = ['runner', sys.argv[1], sys.argv[2], sys.argv[3]]\n"
        "from tests.assets.hostile_uploads import runner\n"
        "runner.main()\n"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{folder}:{ROOT}"}
    got: dict[str, bool] = {}
    for wanted in ("name-right-to-left", "pdf-script"):
        command = [sys.executable, "-W", "ignore", "-c", program, str(corpus), str(tmp_path / "plant"), wanted]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        verdicts = [json.loads(line) for line in done.stdout.splitlines()]
        assert verdicts
        got[wanted] = any(verdict["got"] != verdict["expect"] for verdict in verdicts)
    assert got == {"name-right-to-left": True, "pdf-script": True}
