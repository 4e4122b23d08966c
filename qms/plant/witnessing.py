"""The witness of the embedded plant: a process of its own that cosigns only a ledger which grows.

It runs beside the product so that the demonstration shows the whole path. On the same machine it
protects against whoever has the database and the sealer's key, not against whoever has the machine:
in production it belongs to another host (WITNESS_URL, WITNESS_KEY). Imports no Django.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from qms.plant.embedded import WITNESS_KEY_FILE
from qms.plant.errors import PlantError
from records.errors import Refusal
from records.keys import FileKeyStore, KeyKind, ensure_key
from records.ledger.notes import SignatureType, VerifierKey, make_verifier_key
from records.ledger.published import FILE_NAME, publish_key, read_keys
from records.witness.__main__ import open_identity
from records.witness.state import StateFile

CHECKPOINT_KEY = "checkpoint"  # what `records.ledger.identity` calls it, which needs Django


@dataclass(frozen=True)
class WitnessPlan:
    """How the witness starts, and what the other processes must know of it."""

    argv: list[str]
    environment: dict[str, str]


def plan_witness(var: Path, environment: Mapping[str, str], *, host: str) -> WitnessPlan | None:
    """Return how the plant's own witness runs, or None where the site names another or keeps keys in Vault.

    Writes: the sealer's checkpoint key, the published keys, the witness's keys and state, each at first use.
    Raises: PlantError.
    """
    if environment.get("WITNESS_URL") or environment.get("KEY_STORE") == "vault":
        return None
    keys = Path(environment.get("KEYS_ROOT") or var / "keys")
    sealer = Path(environment.get("SEALER_KEYS_ROOT") or keys / "sealer")
    origin = environment.get("LEDGER_ORIGIN") or f"{host}/countersign"
    try:
        logs = publish_checkpoint_key(keys / FILE_NAME, FileKeyStore(sealer), origin)
        state, key = var / "witness" / "state.json", var / "witness" / "witness.key"
        identity = open_identity(key, StateFile(state), "")
    except (Refusal, OSError) as problem:
        raise PlantError(f"The witness cannot start: {problem}") from problem
    (var / WITNESS_KEY_FILE).write_text(f"{identity.key}\n", encoding="utf-8")
    address = f"127.0.0.1:{choose_port()}"
    argv = [sys.executable, "-m", "records.witness", "--listen", address, "--state", str(state), "--key", str(key)]
    for log in logs:
        argv += ["--log", str(log)]
    return WitnessPlan(argv, {"WITNESS_URL": f"http://{address}", "WITNESS_KEY": str(identity.key)})


def publish_checkpoint_key(path: Path, store: FileKeyStore, origin: str) -> list[VerifierKey]:
    """Return the published checkpoint keys, making and publishing the first one."""
    known = [key for key in read_keys(path) if not key.name.endswith("/verification")]
    if known:
        return known
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    public = ensure_key(store, CHECKPOINT_KEY, KeyKind.ED25519)
    assert isinstance(public, Ed25519PublicKey)
    made = make_verifier_key(origin, SignatureType.ED25519, public)
    publish_key(path, made)
    return [made]


def choose_port() -> int:
    """Return a loopback port that is free now; the witness keeps it while the plant runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
