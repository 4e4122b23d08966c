"""The site's keys on their way out: never without a passphrase.

Owns the envelope: scrypt (RFC 7914) turns the passphrase into a key, AES-256-GCM seals the files
under the set's name, so that an envelope cannot be put into another set. Pure: no Django.
Serves: 21 CFR 11.10(d), 11.30.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from qms.backups.errors import PassphraseWrong, SetDamaged
from records.canonical import canonical_bytes, parse_canonical
from records.errors import Refusal

FORMAT = "countersign-keys/1"
COST, BLOCK, LANES = 2**17, 8, 1  # scrypt's N, r, p: 128 MiB, about half a second
PATTERNS = ("*.key", "*.secret", "ledger.keys", "sealer/*.key", "sealer/*.secret", "trusted/*")
"""What leaves where this process may read it: signing keys, secrets, trusted authorities. Database
passwords and SECRET_KEY are made anew; keys in Vault never come here."""


def collect_keys(root: Path) -> dict[str, bytes]:
    """Return the files of the key folder that a restored installation needs, by their path."""
    found = (path for pattern in PATTERNS for path in root.glob(pattern) if path.is_file() and os.access(path, os.R_OK))
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(found)}


def seal_keys(keys: Mapping[str, bytes], *, passphrase: str, name: str) -> bytes:
    """Return the envelope with these files for the set of this name."""
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    plain = canonical_bytes({path: _text(content) for path, content in keys.items()})
    sealed = AESGCM(_derive(passphrase, salt, COST)).encrypt(nonce, plain, name.encode())
    return canonical_bytes(
        {"format": FORMAT, "scrypt_n": COST, "salt": _text(salt), "nonce": _text(nonce), "sealed": _text(sealed)}
    )


def open_keys(envelope: bytes, *, passphrase: str, name: str) -> dict[str, bytes]:
    """Return the files of an envelope. Raises: SetDamaged, PassphraseWrong."""
    try:
        read: Any = parse_canonical(envelope)
        salt, nonce, sealed = (base64.b64decode(read[part], validate=True) for part in ("salt", "nonce", "sealed"))
        cost = int(read["scrypt_n"])
    except (Refusal, KeyError, TypeError, ValueError):
        raise SetDamaged(problem="its keys cannot be read") from None
    if read.get("format") != FORMAT or not 2**14 <= cost <= 2**20:
        raise SetDamaged(problem="its keys have another format")
    try:
        plain: Any = parse_canonical(AESGCM(_derive(passphrase, salt, cost)).decrypt(nonce, sealed, name.encode()))
    except InvalidTag:
        raise PassphraseWrong(variable="BACKUP_PASSPHRASE_FILE") from None
    return {_checked(path): base64.b64decode(content) for path, content in plain.items()}


def _derive(passphrase: str, salt: bytes, cost: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=cost, r=BLOCK, p=LANES).derive(passphrase.encode())


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _checked(path: str) -> str:
    parts = PurePosixPath(path).parts
    fits = any(len(parts) == len(Path(pattern).parts) and Path(path).match(pattern) for pattern in PATTERNS)
    if not fits or ".." in parts or "/" in parts:
        raise SetDamaged(problem="its keys hold a file that is no key")
    return path
