"""How third-party browser files enter ``static/vendor``: read from their published
archives, made fit for a strict content policy, recorded with hash and licence.

Owns the extraction and the manifest. Never fetches anything: the archives are given.
Run it as ``python -m qms.web.vendoring static/vendor bootstrap-5.3.9.tgz inter.tgz``.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tarfile
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

DATA_ICON = re.compile(r"""url\("data:image/svg\+xml,([^"]*)"\)""")
SOURCE_MAP = re.compile(r"\s*(?:/\*# sourceMappingURL=[^*]*\*/|//# sourceMappingURL=\S+)\s*")


@dataclass(frozen=True)
class Part:
    """One file taken from one published archive."""

    archive: str
    member: str
    target: str


@dataclass(frozen=True)
class Package:
    """A published package, as its own archive names it."""

    name: str
    version: str
    licence: str
    parts: tuple[Part, ...]


PACKAGES = (
    Package(
        "bootstrap",
        "5.3.9",
        "MIT, Copyright 2011-2025 The Bootstrap Authors",
        (
            Part("bootstrap", "package/dist/css/bootstrap.min.css", "bootstrap/bootstrap.min.css"),
            Part("bootstrap", "package/dist/js/bootstrap.bundle.min.js", "bootstrap/bootstrap.bundle.min.js"),
            Part("bootstrap", "package/LICENSE", "bootstrap/LICENSE"),
        ),
    ),
    Package(
        "@fontsource-variable/inter",
        "5.3.0",
        "OFL-1.1, Copyright 2016 The Inter Project Authors",
        (
            Part("inter", "package/files/inter-latin-wght-normal.woff2", "inter/inter-latin.woff2"),
            Part("inter", "package/files/inter-latin-ext-wght-normal.woff2", "inter/inter-latin-ext.woff2"),
            Part("inter", "package/LICENSE", "inter/LICENSE"),
        ),
    ),
)


def extract_icons(css: str) -> tuple[str, dict[str, str]]:
    """Replace the drawings inside a style sheet by links to files of their own.

    Returns the new style sheet and the files by relative name. The content policy
    allows images from this site only, so none may be written into a style sheet.
    """
    icons: dict[str, str] = {}

    def move_out(found: re.Match[str]) -> str:
        drawing = urllib.parse.unquote(found[1])
        name = f"icons/{hashlib.sha256(drawing.encode()).hexdigest()[:12]}.svg"
        icons[name] = drawing + "\n"
        return f'url("{name}")'

    return DATA_ICON.sub(move_out, css), icons


def strip_source_map(text: str) -> str:
    """Drop the link to a source map, which is not shipped."""
    return SOURCE_MAP.sub("\n", text)


def prepare_files(package: Package, archives: dict[str, Path]) -> dict[str, bytes]:
    """Read a package's parts from its archive; return file contents by target name."""
    files: dict[str, bytes] = {}
    for part in package.parts:
        with tarfile.open(archives[part.archive]) as archive:
            member = archive.extractfile(part.member)
            if member is None:
                raise FileNotFoundError(part.member)
            content = member.read()
        if part.target.endswith((".css", ".js")):
            text, icons = extract_icons(strip_source_map(content.decode()))
            folder = part.target.rpartition("/")[0]
            files |= {f"{folder}/{name}": icon.encode() for name, icon in icons.items()}
            content = text.encode()
        files[part.target] = content
    return files


def write_vendor_files(folder: Path, archives: dict[str, Path]) -> None:
    """Write all vendored files and their manifest. Writes: ``folder``."""
    manifest = []
    for package in PACKAGES:
        entries = {}
        for target, content in sorted(prepare_files(package, archives).items()):
            path = folder / target
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            entries[target] = hashlib.sha256(content).hexdigest()
        archive = archives[package.parts[0].archive]
        manifest.append(
            {
                "name": package.name,
                "version": package.version,
                "licence": package.licence,
                "archive_sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
                "files": entries,
            }
        )
    (folder / "MANIFEST.json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    write_vendor_files(Path(sys.argv[1]), {"bootstrap": Path(sys.argv[2]), "inter": Path(sys.argv[3])})
