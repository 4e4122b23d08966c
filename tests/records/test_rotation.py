"""Rotating the checkpoint key is an event with a reason, or nothing at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from records.errors import ReasonMissing
from records.errors_content import KeyMissing, KeyNotRotated
from records.errors_vault import VaultDenied
from records.keys import KeyKind, ensure_key, verify_with
from records.models import Event
from records.rotation import rotate_key
from records.stores import sealer_key_store
from records.vault import VaultKeyStore
from tests.vaults import Vault

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(e)", "11.30")]
REASON = "yearly rotation of the checkpoint key"


@pytest.fixture(autouse=True)
def files(settings: Settings, tmp_path: Path) -> None:
    settings.KEYS_ROOT = tmp_path / "keys"
    settings.SEALER_KEYS_ROOT = tmp_path / "keys" / "sealer"


def events() -> list[dict[str, object]]:
    return list(Event.objects.filter(act="records.key.rotated").order_by("id").values_list("details", flat=True))


def test_a_rotation_is_recorded_and_what_was_signed_before_still_verifies() -> None:
    ensure_key(sealer_key_store(), "checkpoint", KeyKind.ED25519)
    old = sealer_key_store().sign("checkpoint", b"root of 41")
    call_command("rotate_key", "checkpoint", "--reason", REASON)
    assert events() == [{"name": "checkpoint", "version": 2}]
    keys = sealer_key_store().public_keys("checkpoint")
    assert verify_with(keys[1], old, b"root of 41")
    assert verify_with(keys[2], sealer_key_store().sign("checkpoint", b"root of 42"), b"root of 42")


def test_a_key_bound_to_a_certificate_or_missing_is_not_rotated() -> None:
    ensure_key(sealer_key_store(), "site-authority", KeyKind.P384)
    with pytest.raises(KeyNotRotated, match="certificate"):
        rotate_key("site-authority", reason=REASON)
    with pytest.raises(KeyMissing):
        rotate_key("checkpoint", reason=REASON)
    with pytest.raises(CommandError, match="not in the key store"):
        call_command("rotate_key", "checkpoint", "--reason", REASON)
    assert events() == []


def test_without_a_reason_nothing_is_rotated() -> None:
    ensure_key(sealer_key_store(), "checkpoint", KeyKind.ED25519)
    with pytest.raises(ReasonMissing):
        rotate_key("checkpoint", reason="")
    assert list(sealer_key_store().public_keys("checkpoint")) == [1]


def test_a_rotation_that_vault_denies_leaves_no_event(vault: Vault, settings: Settings) -> None:
    sealer = VaultKeyStore(vault.access("sealer"))
    ensure_key(sealer, "checkpoint", KeyKind.ED25519)
    before = max(sealer.public_keys("checkpoint"))
    settings.VAULT = vault.access("web")
    with pytest.raises(VaultDenied):
        rotate_key("checkpoint", reason=REASON)
    assert events() == []
    settings.VAULT = vault.access("administrator")
    assert rotate_key("checkpoint", reason=REASON) == before + 1
    assert events() == [{"name": "checkpoint", "version": before + 1}]
