"""What is vendored is what the manifest says, and fits the content policy and the weight budget."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from qms.web import vendoring

STATIC = Path(settings.BASE_DIR) / "static"
VENDOR = STATIC / "vendor"
PAPER = "rendition.css"  # read by the maker of PDFs alone, which brings its own typeface
MANIFEST: list[dict[str, Any]] = json.loads((VENDOR / "MANIFEST.json").read_text(encoding="utf-8"))


def test_every_vendored_file_has_the_hash_of_the_manifest() -> None:
    recorded = {name: digest for package in MANIFEST for name, digest in package["files"].items()}
    present = {
        str(path.relative_to(VENDOR)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "MANIFEST.json"
    }
    assert present == recorded


@pytest.mark.parametrize("package", MANIFEST, ids=lambda package: str(package["name"]))
def test_every_package_names_version_licence_and_archive(package: dict[str, Any]) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", package["version"])
    assert package["licence"]
    assert re.fullmatch(r"[0-9a-f]{64}", package["archive_sha256"])
    assert any(name.endswith("LICENSE") for name in package["files"])


def test_no_style_sheet_or_script_reaches_elsewhere() -> None:
    for path in [*STATIC.rglob("*.css"), *STATIC.rglob("*.js")]:
        text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert "sourceMappingURL" not in text, path
        assert not re.search(r"url\(\s*[\"']?(data:|https?:|//)", text), path
        assert "@import" not in text, path


def test_links_of_style_sheets_lead_to_files() -> None:
    for path in STATIC.rglob("*.css"):
        if path.name == PAPER:
            continue
        for link in re.findall(r"url\([\"']?([^\"')]+)[\"']?\)", path.read_text(encoding="utf-8")):
            assert (path.parent / link).resolve().is_file(), f"{path}: {link}"


def test_drawings_leave_the_style_sheet_unchanged() -> None:
    css = """a{background:url("data:image/svg+xml,%3csvg xmlns='http://www.w3.org/2000/svg'%3e%3c/svg%3e")}"""
    text, icons = vendoring.extract_icons(css)
    (name, drawing) = next(iter(icons.items()))
    assert text == f'a{{background:url("{name}")}}'
    assert drawing == "<svg xmlns='http://www.w3.org/2000/svg'></svg>\n"


def test_source_map_links_are_dropped() -> None:
    assert vendoring.strip_source_map("a{}\n/*# sourceMappingURL=a.css.map */") == "a{}\n"
    assert vendoring.strip_source_map("f()\n//# sourceMappingURL=a.js.map") == "f()\n"


def test_own_scripts_stay_under_twenty_kilobytes() -> None:
    shell = ("app.js", "countdown.js", "idle.js", "keys.js")
    assert sum((STATIC / "js" / name).stat().st_size for name in shell) < 20_000


def test_a_first_visit_weighs_less_than_250_kilobytes_compressed() -> None:
    texts = [
        VENDOR / "bootstrap/bootstrap.min.css",
        VENDOR / "bootstrap/bootstrap.bundle.min.js",
        STATIC / "icons/sprite.svg",
    ]
    texts += [*(STATIC / "css").glob("*.css"), *(STATIC / "js").glob("*.js")]
    weight = sum(len(gzip.compress(path.read_bytes())) for path in texts)
    weight += (VENDOR / "inter/inter-latin.woff2").stat().st_size
    assert weight < 230_000  # htmx adds 17 000


def test_every_sign_that_is_used_is_drawn() -> None:
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons/sprite.svg").read_text(encoding="utf-8")))
    used: set[str] = set()
    for path in (Path(settings.BASE_DIR) / "templates").rglob("*.html"):
        used |= set(re.findall(r'{% icon "([^"]+)"', path.read_text(encoding="utf-8")))
    assert used
    assert used <= drawn
