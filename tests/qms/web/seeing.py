"""Eyes for browser tests: what went wrong on a page, what axe finds, a picture to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Page

LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Watch:
    """Everything that a page must not do: console errors, policy violations, foreign requests."""

    def __init__(self, page: Page, home: str) -> None:
        self.faults: list[str] = []
        page.on("console", lambda line: self.faults.append(line.text) if line.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", lambda sent: None if sent.url.startswith(home) else self.faults.append(sent.url))
        page.on("response", lambda got: self.faults.append(f"{got.status} {got.url}") if got.status >= 400 else None)


def pictures() -> Path:
    """Return the folder for pictures, made if missing."""
    folder = Path(settings.VAR) / "guide"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def look(page: Page, name: str) -> None:
    """Keep a picture for the eyes, at full height, so that no sticky bar lies over the page."""
    width = page.evaluate("innerWidth")
    page.set_viewport_size({"width": width, "height": page.evaluate("document.documentElement.scrollHeight")})
    page.screenshot(path=pictures() / f"{name}.png")


def findings(page: Page) -> list[str]:
    """Return what axe finds, one line each."""
    result: dict[str, Any] = Axe().run(page, options={"runOnly": {"type": "tag", "values": LEVELS}}).response
    return [
        f"{found['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
        for found in result["violations"]
        for node in found["nodes"]
    ]
