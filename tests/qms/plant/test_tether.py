"""Where the kernel does not end orphans, the tether does."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.qms.plant.launching import is_running, wait_for
from tests.servers import BASE_DIR

SCRIPT = """
import signal, subprocess, sys
from qms.plant.children import Tether
SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
child, freed = (subprocess.Popen(SLEEPER, start_new_session=True, stdout=subprocess.DEVNULL) for _ in range(2))
tether = Tether()
tether.hold(child.pid, signal.SIGTERM)
tether.hold(freed.pid, signal.SIGTERM)
tether.release(freed.pid)
print(child.pid, freed.pid, tether.process.pid, flush=True)
sys.stdin.read()
"""


def test_held_children_end_with_a_killed_launcher_and_released_ones_do_not(tmp_path: Path):
    launcher = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], cwd=BASE_DIR, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert launcher.stdout is not None
    held, freed, tether = (int(word) for word in launcher.stdout.readline().split())
    launcher.send_signal(signal.SIGKILL)
    launcher.communicate()
    assert wait_for(lambda: not is_running(held) and not is_running(tether))
    assert is_running(freed)
    subprocess.run(["kill", "-9", str(freed)], check=True)
