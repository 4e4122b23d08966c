"""The files of the demonstration under ``VAR/demo``: the password, the stations' keys, the deliveries.

Everything here may be read by whoever runs the demonstration; nothing of it counts elsewhere.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from qms.accounts.demo import PASSWORD_FILE, demo_folder


def write_once(name: str, content: bytes) -> Path:
    """Write a file that is complete or absent, if it is not there yet."""
    path = demo_folder() / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(f"{path.suffix}.half")
        half.write_bytes(content)
        half.chmod(0o600)
        with half.open("rb") as handle:
            os.fsync(handle.fileno())
        half.replace(path)
    return path


def ensure_password(make: str) -> str:
    """Return the password that everybody here uses; ``make`` becomes it on the first start."""
    return write_once(PASSWORD_FILE, make.encode()).read_text(encoding="utf-8")


def ensure_station_key(code: str) -> Ed25519PrivateKey:
    """Return a station's private key, as its maker would hold it."""
    fresh = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem = write_once(f"stations/{code}.pem", fresh).read_bytes()
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"the key of {code} is not an Ed25519 key")
    return key


def public_pem(key: Ed25519PrivateKey) -> str:
    """Return the public half of a station's key."""
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
