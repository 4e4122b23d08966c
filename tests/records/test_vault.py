"""Vault as a key store: what its server refuses, how a session lives, and how failures are told."""

from __future__ import annotations

import base64
import contextlib
import logging
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import hvac
import pytest

from records.errors_content import KeyExists, KeyMissing, KeyUnreadable
from records.errors_vault import (
    KeyMayLeave,
    VaultDenied,
    VaultLoginRefused,
    VaultMismatch,
    VaultSealed,
    VaultUnreachable,
)
from records.keys import KeyKind, ensure_key, ensure_secret, verify_with
from records.vault import VaultKeyStore
from records.vault_session import VaultSession
from tests.ports import find_free_port
from tests.vaults import Vault

pytestmark = pytest.mark.clause("11.30")


@pytest.fixture(scope="module")
def mount(vault_server: Vault) -> str:
    vault_server.open_mount("faults")
    return "faults"


@pytest.fixture
def store(vault: Vault, mount: str) -> VaultKeyStore:
    return VaultKeyStore(vault.access("all", mount))


def tokens_of(session: VaultSession) -> str:
    return str(session._client.token)


# What the server itself refuses ---------------------------------------------------------------


def test_a_key_cannot_be_exported_or_backed_up_by_anyone(vault: Vault, store: VaultKeyStore) -> None:
    ensure_key(store, "unexportable", KeyKind.ED25519)
    transit = vault.client.secrets.transit  # the root token: no policy protects the key, the engine does
    with pytest.raises(hvac.exceptions.InvalidRequest, match="not exportable"):
        transit.export_key("unexportable", "signing-key", mount_point="faults-transit")
    with pytest.raises(hvac.exceptions.VaultError, match="exporting is disallowed"):
        transit.backup_key("unexportable", mount_point="faults-transit")


@pytest.mark.parametrize("leak", [{"exportable": True}, {"allow_plaintext_backup": True}])
def test_a_key_that_may_leave_is_not_used(vault: Vault, store: VaultKeyStore, leak: dict[str, bool]) -> None:
    name = f"leaking-{next(iter(leak)).replace('_', '-')}"
    vault.client.secrets.transit.create_key(name, key_type="ed25519", mount_point="faults-transit", **leak)
    for attempt in (store.public_key, store.rotate_key, lambda name: store.sign(name, b"m")):
        with pytest.raises(KeyMayLeave, match=name):
            attempt(name)


def test_a_key_that_somebody_makes_exportable_is_not_used_from_then_on(vault: Vault, store: VaultKeyStore) -> None:
    ensure_key(store, "opened", KeyKind.ED25519)
    store.sign("opened", b"m")
    vault.client.secrets.transit.update_key_configuration("opened", exportable=True, mount_point="faults-transit")
    with pytest.raises(KeyMayLeave, match="opened"):
        store.sign("opened", b"m")


@pytest.mark.parametrize("kind", ["aes256-gcm96", "rsa-2048", "ecdsa-p521"])
def test_a_key_of_a_foreign_kind_is_refused_by_name(vault: Vault, store: VaultKeyStore, kind: str) -> None:
    vault.client.secrets.transit.create_key(f"foreign-{kind}", key_type=kind, mount_point="faults-transit")
    with pytest.raises(KeyUnreadable, match=f"foreign-{kind}"):
        store.sign(f"foreign-{kind}", b"m")


def test_a_deleted_secret_is_missing_and_still_never_replaced(vault: Vault, store: VaultKeyStore) -> None:
    store.store_secret("deleted", b"first")
    vault.client.secrets.kv.v2.delete_latest_version_of_secret("keystore/deleted", mount_point="faults")
    with pytest.raises(KeyMissing):
        store.read_secret("deleted")
    with pytest.raises(KeyExists):
        store.store_secret("deleted", b"second")
    with pytest.raises(KeyMissing):
        ensure_secret(store, "deleted")
    vault.client.secrets.kv.v2.undelete_secret_versions("keystore/deleted", [1], mount_point="faults")
    assert store.read_secret("deleted") == b"first"


def test_a_secret_overwritten_behind_our_back_is_noticed(vault: Vault, store: VaultKeyStore) -> None:
    store.store_secret("swapped", b"first")
    other = {"value": base64.b64encode(b"second").decode()}
    vault.client.secrets.kv.v2.create_or_update_secret("keystore/swapped", other, mount_point="faults")
    with pytest.raises(VaultMismatch, match="swapped"):
        store.read_secret("swapped")


def test_a_rotation_by_another_process_is_followed(vault: Vault, store: VaultKeyStore, mount: str) -> None:
    ensure_key(store, "shared", KeyKind.ED25519)
    store.sign("shared", b"before")
    assert VaultKeyStore(vault.access("all", mount)).rotate_key("shared") == 2
    assert verify_with(store.public_keys("shared")[2], store.sign("shared", b"after"), b"after")


# Policies --------------------------------------------------------------------------------------


@pytest.mark.assurance("F1")
@pytest.mark.clause("11.10(d)", "11.10(g)")
def test_only_the_sealer_can_use_the_checkpoint_key(vault: Vault) -> None:
    web, sealer = VaultKeyStore(vault.access("web")), VaultKeyStore(vault.access("sealer"))
    public = ensure_key(sealer, "checkpoint", KeyKind.ED25519)
    assert verify_with(public, sealer.sign("checkpoint", b"root"), b"root")
    assert web.public_key("checkpoint") == public
    for attempt in (
        lambda: web.sign("checkpoint", b"forged root"),
        lambda: web.rotate_key("checkpoint"),
        lambda: sealer.rotate_key("checkpoint"),
        lambda: sealer.public_key("site-authority"),
        lambda: sealer.read_secret("one-time-code-seeds"),
        lambda: web.read_setting("database-sealer-password"),
        lambda: web.read_setting("s3-secret-key"),
    ):
        with pytest.raises(VaultDenied):
            attempt()
    before = max(web.public_keys("checkpoint"))
    assert VaultKeyStore(vault.access("administrator")).rotate_key("checkpoint") == before + 1
    assert verify_with(sealer.public_key("checkpoint"), sealer.sign("checkpoint", b"root"), b"root")


@pytest.mark.assurance("F1")
@pytest.mark.clause("11.10(d)")
def test_the_web_process_creates_its_secrets_and_keys_but_never_replaces_one(vault: Vault) -> None:
    web = VaultKeyStore(vault.access("web"))
    seeds = ensure_secret(web, "one-time-code-seeds")
    with pytest.raises(KeyExists):
        web.store_secret("one-time-code-seeds", b"other")
    client = web.session._client
    with pytest.raises(hvac.exceptions.Forbidden):  # whatever our software would do: the policy refuses
        client.secrets.kv.v2.create_or_update_secret(
            "keystore/one-time-code-seeds", {"value": "eA=="}, mount_point="countersign"
        )
    with pytest.raises(hvac.exceptions.Forbidden):
        client.secrets.transit.update_key_configuration(
            "site-authority", exportable=True, mount_point="countersign-transit"
        )
    assert web.read_secret("one-time-code-seeds") == seeds


# Failing and coming back ------------------------------------------------------------------------


def test_a_sealed_vault_refuses_everything_and_works_again_after_unsealing(vault: Vault, store: VaultKeyStore) -> None:
    ensure_key(store, "steady", KeyKind.P384)
    ensure_secret(store, "steady")
    vault.seal()
    for attempt in (
        lambda: store.sign("steady", b"m"),
        lambda: store.public_key("steady"),
        lambda: store.read_secret("steady"),
        lambda: store.store_secret("half-done", b"x"),
        lambda: store.create_key("half-done", KeyKind.ED25519),
        lambda: store.rotate_key("steady"),
        lambda: VaultKeyStore(store.access).read_secret("steady"),
    ):
        with pytest.raises(VaultSealed, match="unseal"):
            attempt()
    vault.unseal()
    assert list(store.public_keys("steady")) == [1]
    assert verify_with(store.public_key("steady"), store.sign("steady", b"m"), b"m")
    with pytest.raises(KeyMissing):
        store.read_secret("half-done")
    with pytest.raises(KeyMissing):
        store.public_key("half-done")


@pytest.mark.assurance("E7")
def test_a_stopped_vault_is_told_and_found_again_after_its_restart(vault: Vault, store: VaultKeyStore) -> None:
    ensure_key(store, "lasting", KeyKind.ED25519)
    public = store.public_key("lasting")
    vault.stop()
    with pytest.raises(VaultUnreachable, match="does not answer"):
        store.sign("lasting", b"m")
    vault.start()
    vault.unseal()
    assert verify_with(public, store.sign("lasting", b"m"), b"m")


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Give a listener that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        yield listener


@pytest.mark.assurance("E7")
def test_eight_threads_do_not_wait_for_a_hanging_vault_one_after_another(
    vault: Vault, silent: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("records.vault_session.TIMEOUT", (1.0, 1.0))
    access = vault.access(address=f"http://127.0.0.1:{silent.getsockname()[1]}", secret_id="x")
    store, together = VaultKeyStore(access), Barrier(8)

    def ask() -> None:
        together.wait()
        with pytest.raises(VaultUnreachable, match="in time"):
            store.read_secret("a")

    with ThreadPoolExecutor(8) as pool:
        for asked in [pool.submit(ask) for _ in range(8)]:
            asked.result()
    connections = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            silent.accept()[0].close()
            connections += 1
    assert 1 <= connections < 8, "each waited for its own login"


def test_a_server_with_another_certificate_is_not_spoken_to(vault: Vault) -> None:
    with pytest.raises(VaultUnreachable, match="not trusted"):
        VaultKeyStore(vault.access(ca_file="")).read_secret("a")


def test_the_environment_neither_lends_a_token_nor_redirects(
    vault: Vault, mount: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = find_free_port()
    access = vault.access("all", mount)
    for name in ("HTTPS_PROXY", "https_proxy", "VAULT_ADDR"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{dead}")
    monkeypatch.setenv("VAULT_TOKEN", vault.root_token)
    store = VaultKeyStore(access)
    ensure_secret(store, "plain")
    assert tokens_of(store.session) != vault.root_token


def test_mounts_that_are_missing_or_of_another_version_are_named(vault: Vault, store: VaultKeyStore) -> None:
    if "old-kv/" not in vault.client.sys.list_mounted_secrets_engines()["data"]:
        vault.client.sys.enable_secrets_engine("kv", path="old-kv", options={"version": "1"})
    vault.client.sys.create_or_update_policy(
        "faults-all",
        "\n".join(
            f'path "{path}/*" {{ capabilities = ["create", "read", "update"] }}'
            for path in ("faults", "faults-transit", "old-kv", "nowhere")
        ),
    )
    for kv, transit in (("old-kv", "nowhere"), ("nowhere", "old-kv")):
        astray = VaultKeyStore(vault.access("all", "faults", kv_mount=kv, transit_mount=transit))
        for attempt in (
            lambda: astray.store_secret("a", b"x"),  # noqa: B023  called in this turn of the loop
            lambda: astray.create_key("a", KeyKind.ED25519),  # noqa: B023
        ):
            with pytest.raises(VaultMismatch, match=r"old-kv|nowhere"):
                attempt()
    with pytest.raises(VaultMismatch, match="old-kv"):
        VaultKeyStore(vault.access("all", "faults", kv_mount="old-kv")).read_secret("a")


# Login and lease ---------------------------------------------------------------------------------


@pytest.mark.clause("11.10(d)")
@pytest.mark.parametrize("changes", [{"secret_id": "wrong"}, {"role_id": "wrong"}, {"secret_id": ""}])
def test_a_wrong_role_or_secret_id_is_refused_without_telling_it(vault: Vault, changes: dict[str, str]) -> None:
    with pytest.raises(VaultLoginRefused) as refused:
        VaultKeyStore(vault.access(**changes)).read_secret("one-time-code-seeds")
    assert "wrong" not in str(refused.value)


def shorten(vault: Vault, mount: str, ttl: str, longest: str, **changes: object) -> None:
    vault.client.auth.approle.create_or_update_approle(
        f"{mount}-all", token_policies=[f"{mount}-all"], token_ttl=ttl, token_max_ttl=longest, **changes
    )


@pytest.fixture
def short_leases(vault: Vault, mount: str) -> Iterator[None]:
    yield
    shorten(vault, mount, "1h", "24h")


def age(session: VaultSession, share: float) -> None:
    """Let a share of the lease pass, as the session's clock sees it."""
    session._ends -= session._lease * share


@pytest.mark.usefixtures("short_leases")
def test_a_lease_is_renewed_before_it_ends(vault: Vault, mount: str) -> None:
    shorten(vault, mount, "60s", "3600s")
    store = VaultKeyStore(vault.access("all", mount))
    ensure_secret(store, "leased")
    token = tokens_of(store.session)
    age(store.session, 0.5)
    store.read_secret("leased")
    assert store.session._ends - store.session._lease < time.monotonic(), "negative control: half-way it is not renewed"
    before = store.session._ends
    age(store.session, 0.3)
    store.read_secret("leased")
    assert tokens_of(store.session) == token
    assert store.session._ends > before
    assert 50 < store.session.seconds_left() <= 60


@pytest.mark.usefixtures("short_leases")
def test_a_token_that_really_ended_is_replaced_by_a_new_login(vault: Vault, mount: str) -> None:
    store = VaultKeyStore(vault.access("all", mount))
    ensure_key(store, "leased", KeyKind.ED25519)
    for _ in range(2):
        token = tokens_of(store.session)
        vault.client.auth.token.revoke(token)
        assert verify_with(store.public_key("leased"), store.sign("leased", b"m"), b"m")
        assert tokens_of(store.session) != token


@pytest.mark.usefixtures("short_leases")
def test_many_threads_over_leases_that_end_and_cannot_be_renewed_are_never_refused(vault: Vault, mount: str) -> None:
    shorten(vault, mount, "1s", "2s")
    store = VaultKeyStore(vault.access("all", mount))
    public = ensure_key(store, "busy", KeyKind.ED25519)
    seen: set[str] = set()

    def work(number: int) -> bool:
        message = b"%d" % number
        signature = store.sign("busy", message)
        seen.add(tokens_of(store.session))
        return verify_with(public, signature, message)

    begun, number = time.monotonic(), 0
    with ThreadPoolExecutor(8) as pool:
        while time.monotonic() - begun < 4:
            assert all(pool.map(work, range(number, number + 40)))
            number += 40
    assert len(seen) > 1, "negative control: no lease ended during the test"


def test_a_new_secret_id_is_taken_from_its_file_without_a_restart(vault: Vault, mount: str, tmp_path: Path) -> None:
    file = tmp_path / "secret-id"
    file.write_text("stale\n")
    store = VaultKeyStore(vault.access("all", mount, secret_id="stale", secret_id_file=str(file)))
    with pytest.raises(VaultLoginRefused):
        ensure_secret(store, "by-file")
    file.write_text(vault.issue_secret_id(f"{mount}-all") + "\n")
    ensure_secret(store, "by-file")
    file.unlink()
    store.session._client.token = ""
    with pytest.raises(VaultMismatch, match="VAULT_SECRET_ID_FILE"):
        store.read_secret("by-file")


@pytest.mark.assurance("B6")
def test_no_secret_id_token_or_secret_stands_in_a_log_or_a_refusal(
    vault: Vault, mount: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    access = vault.access("all", mount)
    store = VaultKeyStore(access)
    secret = ensure_secret(store, "private")
    ensure_key(store, "private", KeyKind.P256)
    told = [repr(access), str(store.session)]
    tokens = {tokens_of(store.session)}
    for change in (lambda: vault.client.auth.token.revoke(tokens_of(store.session)), vault.seal):
        change()
        try:
            store.sign("private", b"m")
        except VaultSealed as refusal:
            told.append(repr(refusal) + str(refusal.facts))
        tokens.add(tokens_of(store.session))
    said = "\n".join([*told, caplog.text])
    assert "/v1/faults-transit/sign/private" in caplog.text, "negative control: the library's lines are caught"
    hidden = [access.secret_id, *tokens, base64.b64encode(secret).decode()]
    assert len(tokens) == 2
    assert not [word for word in hidden if word in said]
