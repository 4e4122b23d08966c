"""What must never be in the sources, wherever a linter does not look."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

BASE_DIR = Path(__file__).resolve().parent.parent.parent
RAW_HTML = re.compile(r"\|\s*(safe|safeseq)\b|\{%\s*autoescape\s+off")
LOCKED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)", re.MULTILINE)
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def read(name: str) -> str:
    return (BASE_DIR / name).read_text(encoding="utf-8")


@pytest.mark.assurance("D3")
def test_no_template_prints_text_as_html():
    templates = sorted((BASE_DIR / "templates").rglob("*.html"))
    assert templates
    assert [path.name for path in templates if RAW_HTML.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("text", ["{{ note|safe }}", "{{ note | safe }}", "{% autoescape off %}"])
def test_text_printed_as_html_is_found(text: str):
    assert RAW_HTML.search(text)


@pytest.mark.assurance("F3")
def test_the_lock_names_no_index_and_hashes_every_package():
    lock = read("requirements.txt")
    assert "://" not in lock
    assert "--index-url" not in lock
    entries = re.split(r"\n(?=[A-Za-z0-9])", lock)
    packages = [entry for entry in entries if LOCKED.match(entry)]
    assert len(packages) > 50
    assert [entry.split("\n")[0] for entry in packages if not HASH.search(entry)] == []


@pytest.mark.assurance("F3")
def test_the_lock_satisfies_what_the_project_asks_for():
    project = tomllib.loads(read("pyproject.toml"))
    locked: dict[str, set[str]] = {}
    for found in LOCKED.finditer(read("requirements.txt")):
        locked.setdefault(canonicalize_name(found["name"]), set()).add(found["version"])
    for text in [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]:
        wanted = Requirement(text)
        versions = locked.get(canonicalize_name(wanted.name), set())
        assert versions, f"{wanted.name} is not locked"
        assert all(version in wanted.specifier for version in versions), f"{wanted} is locked to {versions}"


def test_each_dependency_says_why_it_is_there():
    section = read("pyproject.toml").partition("\n[tool.")[0]
    lines = [line for line in section.splitlines() if re.match(r'^  "[a-z]', line)]
    assert len(lines) > 30
    assert [line for line in lines if not re.search(r'",\s*# \S+', line)] == []


@pytest.mark.assurance("B6")
def test_no_generated_or_secret_file_is_tracked():
    if not (BASE_DIR / ".git").exists():
        pytest.skip("not a repository")
    tracked = subprocess.run(
        ["git", "-c", f"safe.directory={BASE_DIR}", "ls-files"],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    unwanted = re.compile(r"(^|/)(var|\.venv|__pycache__|node_modules)/|\.(pyc|sqlite3|env)$|^(uv|pylock)\.")
    assert [name for name in tracked if unwanted.search(name)] == []


def test_no_two_kinds_of_work_share_the_number_of_an_advisory_lock():
    text = "".join(path.read_text(encoding="utf-8") for path in product_sources())
    numbers = re.findall(r"^\w*LOCK\w*(?:: Final)? = (7_\d{3}_\d{3})\b", text, re.MULTILINE)
    assert len(numbers) > 5
    assert sorted(numbers) == sorted(set(numbers)), "one of the two would wait for the other, or skip its turn"


def product_sources() -> list[Path]:
    """Return the modules of the four floors."""
    return [
        path for floor in ("records", "signatures", "validation", "qms") for path in (BASE_DIR / floor).rglob("*.py")
    ]
