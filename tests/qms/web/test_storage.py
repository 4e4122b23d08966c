"""In service every static file has a name with its hash, and every link inside leads to such a name."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django.fixtures import Settings


@pytest.fixture
def collected(settings: Settings, tmp_path: Path) -> Path:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "qms.web.storage.HashedFiles"}}
    call_command("collectstatic", interactive=False, verbosity=0)
    return tmp_path


def test_scripts_import_each_other_by_hashed_names(collected: Path) -> None:
    names: dict[str, str] = json.loads((collected / "staticfiles.json").read_text(encoding="utf-8"))["paths"]
    script = (collected / names["js/app.js"]).read_text(encoding="utf-8")
    imported = re.findall(r"from [\"']\./([^\"']+)[\"']", script)
    assert imported
    for name in imported:
        assert re.fullmatch(r"\w+\.[0-9a-f]{12}\.js", name)
        assert (collected / "js" / name).is_file()


def test_style_sheets_link_only_hashed_names(collected: Path) -> None:
    names: dict[str, str] = json.loads((collected / "staticfiles.json").read_text(encoding="utf-8"))["paths"]
    for name, hashed in names.items():
        if not name.endswith(".css") or name.endswith("rendition.css"):  # the maker of PDFs brings its own typeface
            continue
        for link in re.findall(r"url\([\"']?([^\"')]+)[\"']?\)", (collected / hashed).read_text(encoding="utf-8")):
            assert re.search(r"\.[0-9a-f]{12}\.\w+$", link), f"{name}: {link}"
