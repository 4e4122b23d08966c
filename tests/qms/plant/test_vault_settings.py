"""Where Vault is and as whom this process logs in: unsafe or missing values refuse the start by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from qms.settings_keys import read_access

SAFE = {
    "VAULT_ADDR": "https://vault.example.com:8200/",
    "VAULT_ROLE_ID": "3ef2d1c0",
    "VAULT_SECRET_ID": "9a8b7c6d",
}


@pytest.mark.assurance("F1")
@pytest.mark.clause("11.10(d)")
@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"VAULT_ADDR": ""}, "VAULT_ADDR"),
        ({"VAULT_ADDR": "vault.example.com"}, "VAULT_ADDR"),
        ({"VAULT_ADDR": "https://vault.example.com/v1"}, "VAULT_ADDR"),
        ({"VAULT_ADDR": "https://me:word@vault.example.com"}, "VAULT_ADDR"),
        ({"VAULT_ADDR": "http://vault.example.com:8200"}, "https://"),
        ({"VAULT_ROLE_ID": ""}, "VAULT_ROLE_ID"),
        ({"VAULT_SECRET_ID": ""}, "VAULT_SECRET_ID"),
        ({"VAULT_SECRET_ID_FILE": "/nowhere/secret-id"}, "VAULT_SECRET_ID_FILE, not both"),
        ({"VAULT_CA": "/nowhere/ca.pem"}, "VAULT_CA"),
        ({"VAULT_MOUNT": "/"}, "VAULT_MOUNT"),
    ],
    ids=lambda value: "-".join(f"{name}={text}" for name, text in value.items()) if isinstance(value, dict) else "",
)
def test_unsafe_values_refuse_the_start(changes: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (SAFE | changes).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=named) as refused:
        read_access()
    assert SAFE["VAULT_SECRET_ID"] not in str(refused.value)


def test_safe_values_are_read_and_the_secret_id_is_never_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in SAFE.items():
        monkeypatch.setenv(name, value)
    access = read_access()
    assert (access.address, access.kv_mount) == ("https://vault.example.com:8200", "countersign")
    assert (access.transit_mount, access.secret_id) == ("countersign-transit", SAFE["VAULT_SECRET_ID"])
    assert SAFE["VAULT_SECRET_ID"] not in repr(access)
    monkeypatch.delenv("VAULT_SECRET_ID")
    monkeypatch.setenv("VAULT_SECRET_ID_FILE", str(tmp_path / "secret-id"))
    with pytest.raises(ImproperlyConfigured, match="VAULT_SECRET_ID_FILE names"):
        read_access()
    (tmp_path / "secret-id").write_text("by file\n")
    assert (read_access().secret_id, read_access().secret_id_file) == ("by file", str(tmp_path / "secret-id"))
