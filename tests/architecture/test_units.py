"""The shipped units of systemd: an account each, credentials only where they belong, and nothing else to touch."""

from __future__ import annotations

import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from qms.settings import TASK_QUEUES

pytestmark = [pytest.mark.clause("11.10(d)"), pytest.mark.assurance("F1", "F2")]

DEPLOY = Path(__file__).resolve().parent.parent.parent / "deploy"
SITE = ("web", "worker", "beat", "sealer", "backups", "backup")
LOCKED = {
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "WorkingDirectory": "/opt/countersign",
}
OWNED = {
    "SEALER_DATABASE_URL": {"sealer"},
    "BACKUP_DATABASE_URL": {"backup", "backups"},
    "OWNER_DATABASE_URL": set(),
    "S3_ACCESS_KEY": set(),
    "S3_SECRET_KEY": set(),
}
MOST_EXPOSED = 40  # of 100, as systemd itself counts


def read_unit(name: str) -> dict[str, list[str]]:
    """Return the settings of a unit, each with all its values."""
    found = defaultdict(list)
    for line in (DEPLOY / name).read_text("utf-8").replace("\\\n", " ").splitlines():
        if "=" in line and not line.startswith(("#", "[")):
            key, _, value = line.partition("=")
            found[key.strip()].append(value.strip())
    return found


def account(name: str) -> str:
    unit = read_unit(f"{name}.service")
    return unit["User"][0] if unit["User"] else f"dynamic {name}"


@pytest.mark.parametrize("name", [*SITE, "witness"])
def test_a_process_is_locked_into_its_own_folders(name: str) -> None:
    unit = read_unit(f"{name}.service")
    assert {key: unit[key] for key in LOCKED} == {key: [value] for key, value in LOCKED.items()}
    assert unit["StateDirectoryMode"][0] in {"0700", "0750"}
    assert unit["User"] != ["root"]
    assert bool(unit["User"]) != (unit["DynamicUser"] == ["yes"])


def test_each_process_has_an_account_of_its_own_save_those_that_share_files_and_role() -> None:
    shared = defaultdict(set)
    for name in SITE:
        shared[account(name)].add(name)
    assert sorted(map(sorted, shared.values())) == [["backup", "backups"], ["beat"], ["sealer"], ["web", "worker"]]


def test_a_credential_reaches_the_processes_that_need_it_and_no_other() -> None:
    for variable, owners in OWNED.items():
        needle = variable.lower().replace("_", "-")
        holders = {
            name
            for name in SITE
            if any(variable in line for line in read_unit(f"{name}.service")["Environment"])
            or any(line.startswith(f"{needle}:") for line in read_unit(f"{name}.service")["LoadCredential"])
        }
        assert holders == owners, variable
    for name in SITE:
        role = {"web": "web", "worker": "web", "beat": "web", "backups": "backup"}.get(name, name)
        unit = read_unit(f"{name}.service")
        assert f"vault-secret-id:/etc/countersign/credentials/{role}-vault-secret-id" in unit["LoadCredential"]
        assert f"/etc/countersign/{role}.env" in unit["EnvironmentFile"]
        assert (DEPLOY / "vault" / f"{role}.hcl").exists()


def test_every_queue_is_served_by_one_unit() -> None:
    commands = [read_unit(f"{name}.service")["ExecStart"][0] for name in SITE]
    served = [queue for line in commands if " -Q " in line for queue in line.split(" -Q ")[1].split()[0].split(",")]
    assert sorted(served) == sorted([*TASK_QUEUES, "sealer", "backups"])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("name", [*SITE, "witness"])
def test_systemd_itself_finds_a_unit_sound_and_little_exposed(name: str) -> None:
    unit = str(DEPLOY / f"{name}.service")
    exposed = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert exposed.returncode == 0, exposed.stdout[-300:]
    read = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert [line for line in read.stderr.splitlines() if "is not executable" not in line] == []
