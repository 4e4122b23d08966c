"""A child can be held until its launcher lets it go on, and stands back behind the others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from qms.plant import children
from tests.qms.plant.launching import wait_for

HELD = "import sys; print('here', flush=True); sys.stdin.read(); print('on', flush=True)"
PRIORITY = "import os, pathlib; print(os.nice(0)); print(pathlib.Path('/proc/self/autogroup').read_text())"


def spawn(log: Path, code: str, **how: bool | int) -> subprocess.Popen[bytes]:
    return children.spawn([sys.executable, "-c", code], log=log, death_signal=signal.SIGKILL, **how)  # type: ignore[arg-type]


def test_a_held_child_waits_until_it_is_let_go(tmp_path: Path):
    log = tmp_path / "held.log"
    child = spawn(log, HELD, is_held=True)
    assert wait_for(lambda: log.read_text() == "here\n")
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(0.3)
    children.let_go(child)
    assert child.wait(10) == 0
    assert log.read_text() == "here\non\n"


def test_a_child_that_is_not_held_has_no_input_to_wait_for(tmp_path: Path):
    child = spawn(tmp_path / "free.log", HELD)
    assert child.wait(10) == 0
    children.let_go(child)


@pytest.mark.skipif(not children.AUTOGROUP.exists(), reason="this kernel does not share processors out by session")
def test_a_child_that_yields_stands_back_with_its_whole_session(tmp_path: Path):
    before = children.AUTOGROUP.read_text()
    for yields in (0, 7):
        log = tmp_path / f"{yields}.log"
        assert spawn(log, PRIORITY, yields=yields).wait(10) == 0
        nice, group = log.read_text().split(maxsplit=1)
        assert int(nice) == os.nice(0) + yields
        assert group.split()[-1] == str(yields)
    assert children.AUTOGROUP.read_text() == before
