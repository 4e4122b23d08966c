"""The software knows its version and the commit it was built from."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from qms.build import Build, read_build, read_commit, read_version

COMMIT = "3f2a9c1b7d103f2a9c1b7d103f2a9c1b7d10aaaa"


def test_the_version_is_the_newest_heading_of_the_change_log(tmp_path: Path):
    log = tmp_path / "CHANGELOG.md"
    log.write_text("# Changelog\n\n## [0.2.0] - 2026-12-01\n\n## [0.1.0] - 2026-11-01\n")
    assert read_version(log) == "0.2.0"


def test_a_change_log_without_a_version_is_refused(tmp_path: Path):
    log = tmp_path / "CHANGELOG.md"
    log.write_text("# Changelog\n")
    with pytest.raises(ValueError, match="names no version"):
        read_version(log)


def test_the_commit_is_read_from_a_branch_and_from_packed_references(tmp_path: Path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run(["git", "-C", tmp_path, *identity, "commit", "-q", "--allow-empty", "-m", "One"], check=True)
    expected = subprocess.run(
        ["git", "-C", tmp_path, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()
    assert read_commit(tmp_path / ".git") == expected
    subprocess.run(["git", "-C", tmp_path, "pack-refs", "--all"], check=True)
    assert read_commit(tmp_path / ".git") == expected
    subprocess.run(["git", "-C", tmp_path, "checkout", "-q", "--detach"], check=True)
    assert read_commit(tmp_path / ".git") == expected


def test_software_outside_a_repository_has_no_commit(tmp_path: Path):
    (tmp_path / "CHANGELOG.md").write_text("## [1.2.3] - today\n")
    assert read_build(tmp_path) == Build("1.2.3", "")
    assert read_build(tmp_path).label == "1.2.3"
    assert read_build(tmp_path, commit=COMMIT).label == "1.2.3+3f2a9c1b7d10"


@pytest.mark.clause("11.10(e)")
def test_the_running_software_names_itself():
    assert settings.BUILD.startswith(settings.BUILD_VERSION)
