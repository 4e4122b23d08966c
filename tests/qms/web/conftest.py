"""The style guide as a site, and the distribution's Chromium to look at it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings
from pytest_django.live_server_helper import LiveServer

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright's synchronous form runs an event loop

GUIDE = "tests.qms.web.guide"


def guide_settings() -> dict[str, Any]:
    """Return the settings that mount the style guide, with a person who is signed in."""
    middleware = [name for name in settings.MIDDLEWARE if not name.startswith(("django_otp.", "qms.accounts."))]
    place = middleware.index("django.contrib.auth.middleware.AuthenticationMiddleware") + 1
    engine: dict[str, Any] = settings.TEMPLATES[0]
    engine = {**engine, "DIRS": [*engine["DIRS"], Path(__file__).parent / "templates"]}
    return {
        "ROOT_URLCONF": GUIDE,
        "ALLOWED_HOSTS": ["testserver", "127.0.0.1"],
        "MIDDLEWARE": [*middleware[:place], f"{GUIDE}.GuideMiddleware", *middleware[place:]],
        "TEMPLATES": [engine],
        "DEMO": True,
    }


@pytest.fixture
def guide() -> Iterator[Client]:
    """Ask the style guide without a browser."""
    with override_settings(**guide_settings()):
        yield Client()


@pytest.fixture(scope="module")
def guide_server() -> Iterator[str]:
    """Serve the style guide; return its address."""
    with override_settings(**guide_settings()):
        server = LiveServer("127.0.0.1")
        yield server.url
        server.stop()


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Start the distribution's browser, without any traffic of its own."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.fail("Chromium is not installed: apt-get install chromium")
    quiet = ("disable-background-networking", "disable-component-update", "disable-sync", "no-first-run")
    options = ["--no-sandbox", "--disable-gpu", "--disable-quic", *(f"--{option}" for option in quiet)]
    return {"executable_path": chromium, "args": options}
