"""Each process may do in Vault what its policy says and nothing of the others', as a real server answers."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import hvac
import pytest
from hvac import exceptions
from pytest_django.fixtures import Settings

from qms.backups.making import public_key, sign
from qms.backups.trusting import trusted_signers
from qms.settings_archive import read_archive
from qms.settings_backup import read_passphrase
from qms.settings_keys import add_passwords
from records.errors_vault import VaultDenied
from records.verifying.runs import run_checks
from signatures.authority import seal_certificate, site_authority
from tests.people import Crew
from tests.servers import BASE_DIR
from tests.signatures.papers import sign as sign_paper
from tests.signatures.papers import submitted_paper
from tests.vaults import Vault

pytestmark = [pytest.mark.clause("11.10(d)", "11.30"), pytest.mark.assurance("F2")]

MOUNT = "roles"
POLICIES = BASE_DIR / "deploy" / "vault"
ROLES = sorted(path.stem for path in POLICIES.glob("*.hcl"))
RULE = re.compile(r'^path "(?P<path>[^"]+)"\s*\{ capabilities = \[(?P<words>[^\]]+)\] \}$')
NEVER = (
    ("LIST", f"{MOUNT}/metadata/settings"),
    ("LIST", f"{MOUNT}/metadata/keystore"),
    ("LIST", f"{MOUNT}-transit/keys"),
    ("DELETE", f"{MOUNT}/metadata/keystore/one-time-code-seeds"),
    ("DELETE", f"{MOUNT}-transit/keys/checkpoint"),
    ("POST", f"{MOUNT}-transit/keys/checkpoint/config"),
    ("GET", f"{MOUNT}-transit/export/signing-key/checkpoint"),
    ("GET", f"{MOUNT}-transit/backup/checkpoint"),
    ("GET", f"sys/policies/acl/{MOUNT}-web"),
    ("POST", f"auth/approle/role/{MOUNT}-sealer/secret-id"),
)


def read_policy(role: str) -> dict[str, set[str]]:
    """Return the capabilities of a shipped policy, by path below the test's own mounts."""
    lines = [line for line in (POLICIES / f"{role}.hcl").read_text("utf-8").splitlines() if line and line[0] != "#"]
    rules = [RULE.match(line) for line in lines]
    assert all(rules), lines
    return {
        re.sub(r"^countersign", MOUNT, rule["path"]): set(re.findall(r"\w+", rule["words"])) for rule in rules if rule
    }


PATHS = sorted({path.replace("*", "sha2-256") for role in ROLES for path in read_policy(role)})


def may(role: str, path: str, *words: str) -> bool:
    """Tell whether a policy grants one of the capabilities on a path."""
    return any(fnmatchcase(path, rule) and granted.intersection(words) for rule, granted in read_policy(role).items())


@pytest.fixture(scope="module")
def prepared(vault_server: Vault) -> Vault:
    vault_server.set_up(MOUNT)
    return vault_server


@pytest.fixture
def clients(prepared: Vault) -> dict[str, hvac.Client]:
    """Return a client signed in as each role."""
    prepared.wake()
    made = {}
    for role in ROLES:
        access = prepared.access(role, MOUNT)
        made[role] = hvac.Client(url=access.address, verify=access.ca_file)
        made[role].auth.approle.login(access.role_id, access.secret_id)
    return made


def is_refused(client: hvac.Client, method: str, path: str, body: dict[str, Any] | None = None) -> bool:
    """Send one request as it is; tell whether the server forbids it."""
    try:
        client.adapter.request(method, f"/v1/{path}", json=body or {})
    except exceptions.Forbidden:
        return True
    except exceptions.VaultError:  # nothing there, or no sense in it: the policy let it through
        return False
    return False


def test_there_is_a_policy_for_each_process(prepared: Vault) -> None:
    assert ROLES == ["administrator", "backup", "sealer", "web"]
    assert len(PATHS) > 25


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_refused_every_path_of_the_others(
    clients: dict[str, hvac.Client], prepared: Vault, role: str
) -> None:
    for path in PATHS:
        if "/keystore/" in path:  # what another test has made could not be created
            prepared.client.adapter.delete(f"/v1/{path.replace('/data/', '/metadata/')}")
    found = {path: is_refused(clients[role], "GET", path) for path in PATHS}
    assert found == {path: not may(role, path, "read") for path in PATHS}
    assert sum(found.values()) >= 10, "negative control: most belongs to others"
    body = {"data": {"value": "x"}}
    found = {path: is_refused(clients[role], "POST", path, body) for path in PATHS}
    assert found == {path: not may(role, path, "create", "update") for path in PATHS}


@pytest.mark.parametrize(("method", "path"), NEVER, ids=lambda value: str(value))
def test_no_role_lists_deletes_exports_or_gives_itself_more(
    clients: dict[str, hvac.Client], method: str, path: str
) -> None:
    assert [role for role in ROLES if not is_refused(clients[role], method, path)] == []


def test_what_was_written_once_is_replaced_by_nobody(clients: dict[str, hvac.Client], prepared: Vault) -> None:
    for path in [path for path in PATHS if "/keystore/" in path]:
        prepared.client.adapter.post(f"/v1/{path}", json={"data": {"value": "made before"}})
        assert [role for role in ROLES if not is_refused(clients[role], "POST", path, {"data": {"value": "x"}})] == []


@pytest.mark.parametrize("words", [{"checkpoint", "site-authority"}, {"site-seal", "backup"}, {"backup", "checkpoint"}])
def test_no_process_signs_with_the_keys_of_two(words: set[str]) -> None:
    holders = [role for role in ROLES if all(may(role, f"{MOUNT}-transit/sign/{key}", "update") for key in words)]
    assert holders == []


@pytest.mark.django_db
def test_the_sealer_and_the_backup_verify_what_the_site_signed_without_its_keys(
    prepared: Vault, settings: Settings, tmp_path: Path, crew: Crew
) -> None:
    prepared.set_up("shared")
    settings.KEYS_ROOT = tmp_path / "keys"
    settings.VAULT = prepared.access("web", "shared")
    author, reviewer = crew.add("vera", "operator"), crew.add("rolf", "reviewer")
    sign_paper(reviewer, submitted_paper(author))
    seal_certificate()
    for role in ("sealer", "backup"):
        settings.VAULT = prepared.access(role, "shared")
        checked = run_checks()
        assert not checked.findings
        assert checked.checked["signatures"] == 1
        with pytest.raises(VaultDenied):
            site_authority().store.sign("site-authority", b"x")
    settings.VAULT = prepared.access("backup", "shared")
    assert len(sign(public_key())) == 64
    signer = trusted_signers()
    settings.VAULT = prepared.access("web", "shared")
    assert trusted_signers() == signer != frozenset()
    with pytest.raises(VaultDenied):
        sign(b"a set of somebody else")


def test_secrets_of_the_environment_are_read_from_vault_by_their_own_process_alone(
    prepared: Vault, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secrets = ("s3-access-key", "s3-secret-key", "backup-passphrase", "database-backup-password")
    for name in secrets:
        prepared.client.adapter.post(
            f"/v1/{MOUNT}/data/settings/{name}", json={"data": {"value": f"the {name} of ours"}}
        )
    for name, value in {"ARCHIVE": "s3", "S3_BUCKET": "kept", "S3_ENDPOINT": "https://store.example.com"}.items():
        monkeypatch.setenv(name, value)
    found = {}
    for role in ("web", "sealer", "backup"):
        monkeypatch.setattr("qms.settings_keys.VAULT", prepared.access(role, MOUNT))
        archive = read_archive(tmp_path)
        found[role] = (archive.access_key, archive.secret_key, read_passphrase(tmp_path, may_make=False))
    assert found == {
        "web": ("", "", ""),
        "sealer": ("the s3-access-key of ours", "the s3-secret-key of ours", ""),
        "backup": ("", "", "the backup-passphrase of ours"),
    }
    address = add_passwords({"backup": "postgres://countersign_backup@db.example.com/countersign"})["backup"]
    assert "the%20database-backup-password%20of%20ours@" in address
