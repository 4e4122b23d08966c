"""The ledger's name and keys: who it says it is, and whose signatures count.

Owns the origin, the names of the sealer's two keys, and the published list of public keys.
A key that is not in the list signs nothing here. The list is trusted as far as the folder it
lies in: give copies of it to the witness and to whoever keeps checkpoints elsewhere.
Serves: 21 CFR 11.10(d).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings

from records.errors import Refusal
from records.errors_content import KeyKindMismatch
from records.errors_ledger import CheckpointKeyUnknown
from records.keys import KeyKind, KeyStore, ensure_key
from records.ledger.checkpoints import parse_checkpoint
from records.ledger.notes import SignatureType, VerifierKey, make_verifier_key, parse_note, parse_verifier_key
from records.ledger.published import FILE_NAME, publish_key, read_keys
from records.models_ledger import Checkpoint

CHECKPOINT_KEY: Final = "checkpoint"
"""Signs checkpoints; only the sealer's key store has it."""

VERIFICATION_KEY: Final = "verification"
"""Signs the results of verifications that the sealer's process runs; in the same store."""

VERIFICATION_SUFFIX: Final = "/verification"


def ledger_origin(using: str = "default") -> str:
    """Return the ledger's name: what its checkpoints say, or the setting while there is none."""
    last = Checkpoint.objects.using(using).order_by("-size").values_list("note", flat=True).first()
    if last is None:
        return str(settings.LEDGER_ORIGIN)
    return parse_checkpoint(parse_note(last.encode()).text).origin


def published_keys_path() -> Path:
    """Return the file of the ledger's public keys, one verifier key a line."""
    return Path(settings.KEYS_ROOT) / FILE_NAME


def trusted_keys() -> list[VerifierKey]:
    """Return every key whose signature on a checkpoint or a verification counts, old ones included.

    Raises: VerifierKeyMalformed.
    """
    return [*read_keys(published_keys_path()), *map(parse_verifier_key, settings.LEDGER_KEYS)]


def checkpoint_signer(store: KeyStore, origin: str, *, is_first: bool) -> VerifierKey:
    """Return the public half of the sealer's checkpoint key, which must be a published one.

    ``is_first``: while there is no checkpoint, the key is made and published.
    Raises: CheckpointKeyUnknown, KeyKindMismatch, KeyMissing.
    """
    return published_signer(store, CHECKPOINT_KEY, origin, may_publish=is_first)


def verification_signer(store: KeyStore, origin: str) -> VerifierKey | None:
    """Return the key that signs verification results, or None where this process cannot use it."""
    try:
        names = {key.name for key in trusted_keys()}
        return published_signer(
            store,
            VERIFICATION_KEY,
            f"{origin}{VERIFICATION_SUFFIX}",
            may_publish=f"{origin}{VERIFICATION_SUFFIX}" not in names,
        )
    except (Refusal, OSError):
        return None


def published_signer(store: KeyStore, key_name: str, signer: str, *, may_publish: bool) -> VerifierKey:
    """Return a key of the store as a signer, and publish it where that is allowed."""
    if may_publish:  # the folder of all keys first, with its mode, since the sealer's may lie in it
        published_keys_path().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    public = ensure_key(store, key_name, KeyKind.ED25519) if may_publish else store.public_key(key_name)
    if not isinstance(public, Ed25519PublicKey):
        raise KeyKindMismatch(name=key_name, found="another kind", wanted=KeyKind.ED25519.value)
    key = make_verifier_key(signer, SignatureType.ED25519, public)
    if key not in trusted_keys():
        if not may_publish:
            raise CheckpointKeyUnknown(path=published_keys_path().name, line=str(key))
        publish_key(published_keys_path(), key)
    return key


def publish_version(store: KeyStore, key_name: str, version: int) -> None:
    """Publish one version of the checkpoint key, after a rotation. Writes: the list of published keys."""
    public = store.public_keys(key_name)[version]
    if not isinstance(public, Ed25519PublicKey):
        raise KeyKindMismatch(name=key_name, found="another kind", wanted=KeyKind.ED25519.value)
    publish_key(published_keys_path(), make_verifier_key(ledger_origin(), SignatureType.ED25519, public))
