"""A person in front of the site: clicks and keys are counted, everything that goes wrong is kept.

A visit ends with no console error, no policy violation and no foreign request, and every
page that was looked at has no accessibility finding in light and dark, wide and narrow.
"""

from __future__ import annotations

import io
import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Locator, Page

from tests.journeys.site import Site
from tests.qms.web.seeing import LEVELS
from tests.servers import BASE_DIR

SCREENSHOTS = BASE_DIR / "docs" / "screenshots"
LARGEST_PICTURE = 150_000
"""Bytes of one screenshot in the documentation."""
SIZES = ((1366, 256), (1100, 256), (900, 256), (760, 256), (760, 128), (760, 64), (680, 64), (680, 32), (600, 32))
"""Widths and numbers of colours to try for it, the best first."""

WIDE, TABLET, PHONE = 1366, 768, 320
HEIGHT = 768
MODES = ((WIDE, "light"), (WIDE, "dark"), (TABLET, "light"), (TABLET, "dark"), (PHONE, "light"))
PATIENCE_SECONDS = 90
"""For pages that work on a whole lot before they answer."""
LEAST_SECONDS = 3
"""A code with fewer seconds left is not typed any more."""

LISTEN = "addEventListener('securitypolicyviolation', (event) => console.error('policy: ' + event.violatedDirective));"
CONTENT_HEIGHT = "Math.max(innerHeight, Math.min(document.documentElement.scrollHeight, 12000))"
"""At full height no sticky bar lies over the page, which axe would take for a hidden target."""
DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
PICTURES_LOADED = """() => [...document.images]
  .filter((image) => image.getBoundingClientRect().top < innerHeight)
  .every((image) => image.complete && image.naturalWidth)"""
_audited: set[str] = set()


@dataclass
class Visitor:
    """One person with one browser window; what they did since the last `reset` is counted."""

    page: Page
    site: Site
    username: str = ""
    clicks: int = 0
    keys: int = 0
    fields: int = 0
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        context = self.page.context
        context.add_init_script(LISTEN)
        context.on("console", lambda line: self.faults.append(line.text) if line.type in ("error", "warning") else None)
        context.on("weberror", lambda found: self.faults.append(str(found.error)))
        context.on(
            "request", lambda sent: None if self.is_own(sent.url) else self.faults.append(f"foreign: {sent.url}")
        )

    def is_own(self, url: str) -> bool:
        """Tell whether a request stays on this site."""
        return url.startswith(f"{self.site.address}/")

    def reset(self) -> None:
        """Begin to count anew."""
        self.clicks = self.keys = self.fields = 0

    def open(self, path: str) -> None:
        """Type an address."""
        self.page.goto(path)

    def click(self, target: Locator) -> None:
        """Click once."""
        self.clicks += 1
        target.click()

    def go(self, target: Locator) -> None:
        """Click what leads to another page, and wait until that is there."""
        with self.page.expect_navigation(timeout=PATIENCE_SECONDS * 1000):
            self.click(target)

    def press(self, key: str) -> None:
        """Press one key."""
        self.keys += 1
        self.page.keyboard.press(key)

    def fill(self, target: Locator, text: str) -> None:
        """Fill one field."""
        self.fields += 1
        target.fill(text)

    def button(self, name: str | re.Pattern[str]) -> Locator:
        """Return the first button or link of that name in the page's main part."""
        main = self.page.locator("main")
        return main.get_by_role("button", name=name).or_(main.get_by_role("link", name=name)).first

    def sign_in(self, username: str) -> None:
        """Sign in with password and a fresh code."""
        self.username = username
        self.open("/sign-in/")
        self.fill(self.page.locator("#id_username"), username)
        self.give_components()
        self.page.wait_for_url(lambda url: "/sign-in/" not in url)

    def give_components(self) -> None:
        """Type the password, then a fresh code, and press Enter."""
        self.fill(self.page.locator("#id_password"), self.site.password)
        self.fill(self.page.locator("#id_code"), self.fresh_code())
        self.press("Enter")

    def sign(self) -> str:
        """Sign the open signing page; return the signature's number."""
        self.give_components()
        self.page.wait_for_url(re.compile(r"/signatures/S-"))
        return self.page.url.rpartition("/")[2].partition("?")[0]

    def fresh_code(self) -> str:
        """Read the person's code from the demonstration's page, waiting for one that was not typed yet."""
        used = self.site.used_codes.setdefault(self.username, set())
        page = self.page.context.new_page()
        try:
            while True:
                page.goto("/demo/codes/")
                row = page.locator("tbody tr", has=page.locator("th", has_text=re.compile(f"^{self.username}$")))
                code, left = row.locator("strong").inner_text(), int(row.locator("td").last.inner_text())
                if code not in used and left >= LEAST_SECONDS:
                    used.add(code)
                    return code
                time.sleep(0.3)
        finally:
            page.close()

    def look(self, name: str, *, picture: str = "") -> None:
        """Audit the page as it stands, once per name, and keep its picture for the documentation."""
        if picture:
            keep_picture(self.page, picture)
        if name in _audited:
            return
        _audited.add(name)
        found = audit(self.page)
        assert found == [], f"{name}:\n" + "\n".join(found)

    def assert_clean(self) -> None:
        """See that nothing went wrong in the browser on the whole visit."""
        assert self.faults == [], "\n".join(self.faults)


def audit(page: Page) -> list[str]:
    """Return what axe finds in every mode, and whether the narrowest scrolls sideways."""
    found: list[str] = []
    for width, scheme in MODES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.set_viewport_size({"width": width, "height": page.evaluate(CONTENT_HEIGHT)})
        page.evaluate(DRAWN)
        result: dict[str, Any] = Axe().run(page, options={"runOnly": {"type": "tag", "values": LEVELS}}).response
        found += [
            f"{width} {scheme} {fault['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:240]}"
            for fault in result["violations"]
            for node in fault["nodes"]
        ]
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > PHONE:
        found.append(f"{PHONE}: the page is {wide} px wide and scrolls sideways")
    page.set_viewport_size({"width": WIDE, "height": HEIGHT})
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return found


def keep_picture(page: Page, name: str) -> None:
    """Write a screenshot for the documentation, when SCREENSHOTS=1 asks for it.

    The caret stays: Playwright hides it by a style attribute, which the site's content policy reports.
    """
    if os.environ.get("SCREENSHOTS") != "1":
        return
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.wait_for_function(PICTURES_LOADED)
    page.evaluate(DRAWN)
    write_small(Image.open(io.BytesIO(page.screenshot(caret="initial"))), SCREENSHOTS / f"{name}.png")


def write_small(picture: Image.Image, path: Path) -> None:
    """Write a PNG as large and as colourful as its size allows; fail where none allows it."""
    for width, colours in SIZES:
        height = round(picture.height * width / picture.width)
        small = picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
        small.quantize(colours, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size <= LARGEST_PICTURE:
            return
    raise AssertionError(f"{path.name} has {path.stat().st_size} bytes at its smallest, more than {LARGEST_PICTURE}")
