"""What `make demo` leaves behind proves itself to people who have none of our software."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from records.ledger.notes import VerifierKey, parse_verifier_key
from tests.ports import find_free_port
from tests.qms.plant.launching import clean_environment, find_processes, wait_for
from tests.readers import read_log
from tests.servers import BASE_DIR

pytestmark = [pytest.mark.e2e, pytest.mark.clause("11.10(a)", "11.10(b)", "11.30")]

START_SECONDS = 600
COMMAND_SECONDS = 300
RELEASED = "BR-2026-0001"


@dataclass(frozen=True)
class Demo:
    """A running demonstration and the folder with its data."""

    var: Path
    environment: dict[str, str]

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command beside the running plant, as its administrator would in a shell."""
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=BASE_DIR,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Run `manage.py demo` from nothing until it is ready, and end it as Ctrl-C does."""
    var = tmp_path_factory.mktemp("demo")
    environment = clean_environment(VAR=str(var), PORT=str(find_free_port()))
    said = var.with_suffix(".log")
    with said.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo"], cwd=BASE_DIR, env=environment, stdout=log, stderr=log
        )
    try:
        is_ready = wait_for(
            lambda: process.poll() is not None or "press Ctrl-C to stop" in said.read_text(encoding="utf-8"),
            seconds=START_SECONDS,
        )
        assert is_ready and process.poll() is None, said.read_text(encoding="utf-8")[-3000:]  # noqa: PT018
        yield Demo(var, environment)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=90)
    assert process.returncode == 0
    assert find_processes(str(var)) == []


def read_ledger_key(var: Path) -> VerifierKey:
    """Return the published verifier key of the ledger's checkpoints."""
    return parse_verifier_key((var / "keys" / "ledger.keys").read_text(encoding="utf-8").split()[0])


@pytest.mark.assurance("C3")
def test_the_demonstration_verifies_clean_with_its_ledger_witness_and_archive(demo: Demo) -> None:
    done = demo.manage("verify", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["findings"]) == (0, [])
    assert report["checked"]["leaves"] > 300
    assert report["checked"]["cosignatures"] > 0
    assert report["checked"]["archived objects"] > 0


def test_the_log_it_wrote_is_verified_by_a_reader_that_is_not_ours(demo: Demo) -> None:
    log = read_ledger_key(demo.var)
    archived = demo.var / "archive" / "objects"
    assert wait_for(lambda: len(list((archived / "checkpoints").glob("*"))) > 0)
    checkpoints = sorted((archived / "checkpoints").iterdir())
    found = read_log(archived, log, checkpoint=checkpoints[-1], older=checkpoints[:-1])
    assert (found.origin, found.size) == (log.name, int(checkpoints[-1].name))
    assert found.bundles > 0


def test_the_capsule_of_its_released_batch_verifies_on_a_bare_python(demo: Demo, tmp_path: Path) -> None:
    capsule = tmp_path / "capsule.zip"
    made = demo.manage("capsule", RELEASED, "--out", str(capsule))
    assert made.returncode == 0, made.stderr
    with zipfile.ZipFile(capsule) as members:
        members.extract("verify.py", tmp_path)
    said = run_verifier(tmp_path, capsule)
    assert said.returncode == 0, said.stdout
    for sentence in ("signed this very checkpoint", "lead to the root of the checkpoint", "4 signatures"):
        assert sentence in said.stdout
    damage(capsule, "versions/v1.json")
    said = run_verifier(tmp_path, capsule)
    assert said.returncode == 1
    assert f"records/{RELEASED}/versions/v1.json" in said.stdout


def run_verifier(folder: Path, capsule: Path) -> subprocess.CompletedProcess[str]:
    """Run the capsule's own verifier on the system's Python, without any package of ours."""
    python = shutil.which("python3", path=os.defpath) or sys.executable
    return subprocess.run(
        [python, "-I", "-S", str(folder / "verify.py"), str(capsule)],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )


def damage(capsule: Path, ending: str) -> None:
    """Change one byte of one member, and write the rest as it was."""
    with zipfile.ZipFile(capsule) as members:
        kept = {info: members.read(info) for info in members.infolist()}
    with zipfile.ZipFile(capsule, "w") as members:
        for info, data in kept.items():
            is_meant = info.filename.endswith(ending)
            members.writestr(info, bytes([data[0] ^ 1]) + data[1:] if is_meant else data)
