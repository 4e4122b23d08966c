"""Run a witness: ``python -m records.witness --state FILE --key FILE --log VERIFIER_KEY``.

Makes key and state at the first start, together; later starts need both, since a witness
that lost its memory would cosign a rolled-back ledger.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from records.digests import sha256_hex
from records.errors import Refusal
from records.errors_content import KeyMissing
from records.keys import FileKeyStore, KeyKind, ensure_key
from records.ledger.notes import Sign, SignatureType, VerifierKey, make_verifier_key, parse_verifier_key
from records.witness.errors import KeyFileNameInvalid, ListenAddressInvalid, LogKeyKindWrong, StateMissing
from records.witness.keeping import Witness
from records.witness.serving import WitnessServer
from records.witness.state import StateFile

DEFAULT_LISTEN: Final = "127.0.0.1:7390"

logger = logging.getLogger("records.witness")


@dataclass(frozen=True, slots=True)
class Identity:
    """The witness's key as others know it, and the way to sign with it."""

    key: VerifierKey
    sign: Sign


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the witness until it is stopped; return 0, or 2 when it cannot start."""
    options = _parse(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s witness %(levelname)s %(message)s")
    try:
        identity = open_identity(options.key, StateFile(options.state), options.name)
        if options.print_key:
            sys.stdout.write(f"{identity.key}\n")
            return 0
        _serve(identity, options)
    except (Refusal, OSError) as error:
        sys.stderr.write(f"The witness cannot start. {error}\n")
        return 2
    return 0


def open_identity(key_path: Path, state: StateFile, name: str) -> Identity:
    """Return the witness's key, made with an empty state at the first start.

    Without a given name the key names itself, so that the name never changes under it.
    Raises: KeyFileNameInvalid, KeyNameInvalid, KeyStoreTooOpen, KeyUnreadable, StateMissing, StateDamaged.
    """
    if key_path.suffix != ".key":
        raise KeyFileNameInvalid(path=key_path)
    store, stem = FileKeyStore(key_path.parent), key_path.stem
    try:
        store.public_key(stem)
    except KeyMissing:
        _make_first_files(store, stem, state)
    if not state.exists():
        raise StateMissing(key=key_path, path=state.path)
    public = ensure_key(store, stem, KeyKind.ED25519)
    assert isinstance(public, Ed25519PublicKey)
    chosen = name or f"countersign-witness/{sha256_hex(public.public_bytes_raw())[:8]}"
    key = make_verifier_key(chosen, SignatureType.COSIGNATURE, public)
    return Identity(key, lambda message: store.sign(stem, message))


def parse_listen(text: str) -> tuple[str, int]:
    """Return host and port of ``HOST:PORT``; IPv6 in brackets. Raises: ListenAddressInvalid."""
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise ListenAddressInvalid(given=text)
    return host.removeprefix("[").removesuffix("]"), int(port)


def parse_log_key(text: str) -> VerifierKey:
    """Return a log's verifier key. Raises: VerifierKeyMalformed, LogKeyKindWrong for a witness's key."""
    key = parse_verifier_key(text)
    if key.kind is not SignatureType.ED25519:
        raise LogKeyKindWrong(given=text)
    return key


def _make_first_files(store: FileKeyStore, stem: str, state: StateFile) -> None:
    """Make the state first: a start that is cut off in between can simply be done again."""
    state.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with state.locked():
        if state.exists():
            state.read(key=None)  # refuses a state whose key is gone
        else:
            state.write({})
        ensure_key(store, stem, KeyKind.ED25519)


def _serve(identity: Identity, options: argparse.Namespace) -> None:
    logs = [parse_log_key(text) for text in options.log]
    state = StateFile(options.state)
    with state.locked():
        witness = Witness(identity.key, identity.sign, logs, state, lambda: int(time.time()))
        with WitnessServer(parse_listen(options.listen), witness) as server:
            _stop_on_signals(server)
            host, port = server.server_address[:2]
            shown = host.decode() if isinstance(host, bytes) else host
            logger.info("listening on %s:%d as %s for %s", shown, port, identity.key, ", ".join(witness.origins))
            server.serve_forever(poll_interval=0.1)


def _stop_on_signals(server: WitnessServer) -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        # shutdown() waits for serve_forever, which this very thread is running.
        threading.Thread(target=server.shutdown, daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m records.witness", description="Cosigns only a ledger which grows.")
    parser.add_argument("--listen", default=DEFAULT_LISTEN, metavar="HOST:PORT", help=f"default {DEFAULT_LISTEN}")
    parser.add_argument(
        "--state", required=True, type=Path, metavar="FILE", help="what was last cosigned; keep a backup"
    )
    parser.add_argument(
        "--key", required=True, type=Path, metavar="FILE.key", help="made at the first start, mode 0600"
    )
    parser.add_argument("--name", default="", help="the witness's name; by default made from its key")
    parser.add_argument(
        "--log", action="append", default=[], metavar="VERIFIER_KEY", help="a log to cosign; repeat for more"
    )
    parser.add_argument("--print-key", action="store_true", help="print the witness's verifier key and end")
    options = parser.parse_args(arguments)
    if not (options.log or options.print_key):
        parser.error("--log is needed: the verifier key of the log to cosign")
    return options


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
