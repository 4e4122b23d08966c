"""What no wheel can carry is named with the exact command."""

from __future__ import annotations

import subprocess

import pytest

from qms.plant import system_packages
from qms.plant.system_packages import NEEDS, Need, install_command, provide


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> list[Need]:
    needs = [
        Need("rendering", lambda: False, ("libpango-1.0-0", "fonts-dejavu-core"), ("pango",)),
        Need("browsing", lambda: True, ("chromium",), ("chromium",)),
    ]
    monkeypatch.setitem(NEEDS, "env", tuple(needs))
    return needs


def test_nothing_is_said_where_nothing_is_missing(monkeypatch, capsys):
    monkeypatch.setitem(NEEDS, "env", (Need("anything", lambda: True, ("x",), ("x",)),))
    assert provide("env") == 0
    assert capsys.readouterr() == ("", "")


def test_an_ordinary_user_gets_one_sentence_with_the_command(missing, monkeypatch, capsys):
    monkeypatch.setattr(system_packages, "may_install", lambda: False)
    monkeypatch.setattr("sys.platform", "linux")
    assert provide("env") == 1
    said = capsys.readouterr().err
    assert "`sudo apt-get install -y --no-install-recommends libpango-1.0-0 fonts-dejavu-core`" in said
    assert "chromium" not in said
    assert said.count("\n") == 1


def test_a_mac_gets_its_own_command(missing, monkeypatch):
    monkeypatch.setattr("sys.platform", "darwin")
    assert install_command(missing[:1]) == ["brew", "install", "pango"]


def test_root_installs_exactly_what_is_missing(missing, monkeypatch):
    ran = []

    def record(command, **options):
        ran.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(system_packages, "may_install", lambda: True)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("subprocess.run", record)
    assert provide("env") == 1, "still missing afterwards, so it must not claim success"
    assert ran == [["apt-get", "install", "-y", "--no-install-recommends", "libpango-1.0-0", "fonts-dejavu-core"]]


def test_package_lists_are_refreshed_once_when_installing_fails(missing, monkeypatch):
    ran = []

    def fail(command, **options):
        ran.append(command[1])
        return subprocess.CompletedProcess(command, 100)

    monkeypatch.setattr(system_packages, "may_install", lambda: True)
    monkeypatch.setattr("subprocess.run", fail)
    assert provide("env") == 1
    assert ran == ["install", "update", "install"]


def test_an_old_python_is_refused(monkeypatch, capsys):
    monkeypatch.setattr("sys.version_info", (3, 10, 4))
    assert provide("env") == 1
    assert "Python 3.11" in capsys.readouterr().out


def test_this_machine_has_what_the_environment_needs():
    assert [need.purpose for need in NEEDS["env"] if not need.is_met()] == []
