"""A pilot as an administrator starts it: `manage.py serve` on servers of its own, from nothing, and its shell."""

from __future__ import annotations

import base64
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser

from qms.accounts import codes
from qms.plant import children
from records.clock import now
from tests import servers
from tests.journeys.site import LOOK_SECONDS, Site, is_ready
from tests.journeys.visitor import HEIGHT, WIDE, Visitor
from tests.ports import find_free_port
from tests.qms.plant.launching import clean_environment

START_SECONDS = 240.0
COMMAND_SECONDS = 240
ORGANISATION = "Alpine Vials AG"
SITE = "Alpine Vials QMS"
PASSWORD = "seven quiet glaciers at noon"


@dataclass(frozen=True)
class Pilot:
    """A folder for data, and the environment in which its commands run."""

    var: Path
    port: int

    def environment(self, **changes: str) -> dict[str, str]:
        """Return what an administrator has set, and nothing of this test run."""
        own = {"VAR": str(self.var), "PORT": str(self.port), "ORGANISATION": ORGANISATION, "SITE_NAME": SITE}
        own["SITE_TIME_ZONE"] = "UTC"
        own["ARCHIVE_ROOT"] = str(self.var.parent / "archive")  # write-once storage outlives the machine
        return clean_environment(**own, BACKUP_DAILY_AT="02:30", PYTHONUNBUFFERED="1", **changes)

    def run(self, *words: str, typed: str = "", **changes: str) -> subprocess.CompletedProcess[str]:
        """Run one command of manage.py in a shell."""
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=servers.BASE_DIR,
            env=self.environment(**changes),
            input=typed,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    @contextmanager
    def serving(self) -> Iterator[Site]:
        """Serve until the block ends, then stop as Ctrl-C does."""
        process = children.spawn(
            [sys.executable, "manage.py", "serve"],
            log=self.var.parent / f"{self.var.name}-serve.log",
            death_signal=signal.SIGTERM,
            environment=self.environment(),
            folder=servers.BASE_DIR,
        )
        try:
            self._wait(process)
            yield Site(f"http://127.0.0.1:{self.port}", PASSWORD)
        finally:
            children.stop(process, signal.SIGTERM, grace_seconds=60)

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not is_ready(self.port):
            said = (self.var.parent / f"{self.var.name}-serve.log").read_text(encoding="utf-8")
            assert process.poll() is None, said[-3000:]
            assert time.monotonic() < deadline, said[-3000:]
            time.sleep(LOOK_SECONDS)


def make_pilot(folder: Path, name: str) -> Pilot:
    """Return an installation that does not exist yet."""
    return Pilot(folder / name, find_free_port())


@dataclass
class Enrolling(Visitor):
    """A person who enrols with a device of their own and reads its codes from there."""

    seed: bytes = b""
    last_step: int = 0

    def enrol(self, link: str) -> None:
        """Open the one-time link, choose a password, add the device, accept the policy."""
        self.page.goto(link)
        text = self.page.locator(".secret-text").inner_text().replace(" ", "")
        self.seed = base64.b32decode(text + "=" * (-len(text) % 8))
        self.last_step = codes.Clock().step_at(now())
        self.fill(self.page.locator("#id_new_password"), PASSWORD)
        self.fill(self.page.locator("#id_new_password_again"), PASSWORD)
        self.fill(self.page.locator("#id_first_code"), codes.code_of(self.seed, self.last_step - 1))
        self.fill(self.page.locator("#id_second_code"), codes.code_of(self.seed, self.last_step))
        self.page.locator("#id_has_read_policy").check()
        self.go(self.button("Enrol"))
        self.username = self.page.locator(".confirm-reference").inner_text()

    def fresh_code(self) -> str:
        """Read the next code from the device, waiting until it shows one that was not used yet."""
        while codes.Clock().step_at(now()) <= self.last_step:
            time.sleep(LOOK_SECONDS)
        self.last_step = codes.Clock().step_at(now())
        return codes.code_of(self.seed, self.last_step)


@contextmanager
def window(browser: Browser, site: Site) -> Iterator[Enrolling]:
    """Give somebody a browser window of their own; it must stay clean."""
    context = browser.new_context(
        base_url=site.address, viewport={"width": WIDE, "height": HEIGHT}, reduced_motion="reduce"
    )
    guest = Enrolling(context.new_page(), site)
    yield guest
    context.close()
    guest.assert_clean()


def find_link(text: str) -> str:
    """Return the address with a one-time secret in what was printed or shown."""
    found = re.search(r"http://\S+/enrol/\S+", text)
    assert found, text
    return found[0]
