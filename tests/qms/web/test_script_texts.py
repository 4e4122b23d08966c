"""Scripts speak the page's language, from a catalogue as translators write it."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.translation import trans_real
from playwright.sync_api import Browser, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright's synchronous form runs an event loop

PLURALS = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"
TEXTS = {
    "": PLURALS,
    "Copied": "Kopiert",
    "%(rest)s second\0%(rest)s seconds": "%(rest)s Sekunde\0%(rest)s Sekunden",
}


def write_catalogue(path: Path, texts: Mapping[str, str]) -> None:
    """Write a compiled catalogue (GNU gettext manual, "The Format of GNU MO Files")."""
    pairs = [(key.encode(), value.encode()) for key, value in sorted(texts.items())]
    table = 28 + 16 * len(pairs)
    offset, keys, values, data = table, b"", b"", b""
    for side in (0, 1):
        index = b""
        for pair in pairs:
            index += struct.pack("<II", len(pair[side]), offset)
            data += pair[side] + b"\0"
            offset += len(pair[side]) + 1
        keys, values = (index, values) if side == 0 else (keys, index)
    head = struct.pack("<IIIIIII", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, table)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(head + keys + values + data)


@pytest.fixture
def german(settings: Settings, tmp_path: Path) -> Iterator[None]:
    """Let the site speak German, as far as these few texts go."""
    write_catalogue(tmp_path / "de" / "LC_MESSAGES" / "djangojs.mo", TEXTS)
    settings.LOCALE_PATHS = [tmp_path]
    settings.LANGUAGES, settings.LANGUAGE_CODE = [("en", "English"), ("de", "Deutsch")], "de"
    translation.deactivate()
    yield
    vars(trans_real)["_translations"].pop("de", None)


@pytest.mark.django_db
def test_the_catalogue_is_given_to_pages_in_another_language(german: None) -> None:
    assert "Kopiert" in Client().get(reverse("web:texts")).content.decode()
    assert f'src="{reverse("web:texts")}"' in Client().get("/sign-in/").content.decode()


@pytest.mark.django_db
def test_pages_in_the_sources_language_ask_for_none() -> None:
    assert reverse("web:texts") not in Client().get("/sign-in/").content.decode()


@pytest.mark.e2e
@pytest.mark.django_db(transaction=True)
def test_a_script_takes_its_words_from_there(german: None, live_server: LiveServer, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{live_server.url}/sign-in/")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    said = page.evaluate(
        """async () => {
          const names = performance.getEntriesByType("resource").map((entry) => entry.name);
          const { fill, gettext, ngettext } = await import(names.find((name) => name.includes("/js/texts")));
          const rest = (number) => fill(ngettext("%(rest)s second", "%(rest)s seconds", number), { rest: number });
          return [gettext("Copied"), gettext("Nobody translated this"), rest(1), rest(7)];
        }"""
    )
    page.close()
    assert said == ["Kopiert", "Nobody translated this", "1 Sekunde", "7 Sekunden"]
