"""Signed notes: text, a blank line, signature lines (C2SP signed-note and tlog-cosignature).

Owns the text forms of verifier keys and notes, and two kinds of signature: Ed25519 of a log
and the timestamped cosignature of a witness. Never holds a private key: the caller passes
how to sign. Lines of unknown keys are kept and never believed. Pure: no Django.
Serves: 21 CFR 11.10(a), 11.10(e).
"""

from __future__ import annotations

import base64
import binascii
import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from records.digests import sha256
from records.ledger.errors import NoteMalformed, NoteNotSigned, NoteSignatureInvalid, VerifierKeyMalformed

NOTE_LIMIT: Final = 1 << 20
"""Bytes of the largest note that is read."""

SIGNATURE_LIMIT: Final = 100
"""Signature lines read of one note; C2SP asks for at least 16."""

KEY_ID_SIZE: Final = 4
_KEY_SIZE: Final = 32
_SIGNATURE_SIZE: Final = 64
_TIME_SIZE: Final = 8
_TIME_LIMIT: Final = 2**63
_MARK: Final = "— "

Sign = Callable[[bytes], bytes]
"""An Ed25519 signature (RFC 8032) over a message; of a key store or a private key."""


class SignatureType(enum.IntEnum):
    """The kinds of signature understood here, by their C2SP identifier byte."""

    ED25519 = 1
    COSIGNATURE = 4


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A named public key for one kind of signature; ``str()`` gives its text form."""

    name: str
    kind: SignatureType
    public_key: bytes

    def __post_init__(self) -> None:
        """Refuse what could not be written. Raises: VerifierKeyMalformed."""
        if not _is_key_name(self.name):
            raise VerifierKeyMalformed(given=self.name[:80], problem="a name is not empty and has no space and no plus")
        if len(self.public_key) != _KEY_SIZE:
            raise VerifierKeyMalformed(given=self.name[:80], problem=f"an Ed25519 public key has {_KEY_SIZE} bytes")

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes([self.kind]) + self.public_key)}"

    @property
    def key_id(self) -> bytes:
        """The first four bytes of SHA-256 over name, newline, kind and key."""
        return sha256(f"{self.name}\n".encode() + bytes([self.kind]) + self.public_key)[:KEY_ID_SIZE]


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One line under a note, as found: whose it claims to be, and the bytes."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"{_MARK}{self.name} {encode_base64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A note as read, nothing verified; ``str()`` gives its bytes' text again."""

    text: str
    signatures: tuple[SignatureLine, ...]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(map(str, self.signatures))}"

    def with_signatures(self, lines: Iterable[SignatureLine]) -> SignedNote:
        """Return the note with more signature lines; a new line of a key replaces the one it has.

        Some readers refuse a note on which one key signs twice.
        """
        by_key = {(line.name, line.key_id): line for line in (*self.signatures, *lines)}
        return SignedNote(self.text, tuple(by_key.values()))


@dataclass(frozen=True, slots=True)
class VerifiedSignature:
    """A signature that holds. Units: ``timestamp`` in POSIX seconds; None for a log's own signature."""

    key: VerifierKey
    line: SignatureLine
    timestamp: int | None


def parse_verifier_key(text: str) -> VerifierKey:
    """Return the key written ``name+hex+base64``.

    Raises: VerifierKeyMalformed for another spelling, an unknown kind, or an id that is not the key's.
    """
    shown = text[:200]
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    material = decode_base64(encoded)
    if not key_id or not material:
        raise VerifierKeyMalformed(given=shown, problem="it has not three parts with a key in base64 at the end")
    if material[0] not in set(SignatureType):
        raise VerifierKeyMalformed(given=shown, problem="its kind of signature is not used here")
    key = VerifierKey(name, SignatureType(material[0]), material[1:])
    if key_id != key.key_id.hex():
        raise VerifierKeyMalformed(given=shown, problem="its middle part does not belong to this name and key")
    return key


def make_verifier_key(name: str, kind: SignatureType, public_key: Ed25519PublicKey) -> VerifierKey:
    """Return the verifier key of a public key under a name. Raises: VerifierKeyMalformed for an impossible name."""
    return VerifierKey(name, kind, public_key.public_bytes_raw())


def parse_note(data: bytes) -> SignedNote:
    """Return text and signature lines of a note; nothing is verified yet. Raises: NoteMalformed."""
    if len(data) > NOTE_LIMIT:
        raise NoteMalformed(problem=f"it is larger than {NOTE_LIMIT} bytes")
    try:
        note = data.decode("utf-8")
    except UnicodeDecodeError:
        raise NoteMalformed(problem="it is not UTF-8") from None
    if any(character < " " and character != "\n" for character in note):
        raise NoteMalformed(problem="it holds control characters")
    text, separator, lines = note.rpartition("\n\n")
    if not separator or not lines:
        raise NoteMalformed(problem="no blank line with signatures below it")
    return SignedNote(f"{text}\n", parse_signature_lines(lines))


def parse_signature_lines(text: str) -> tuple[SignatureLine, ...]:
    """Return signature lines as a note or a witness's answer holds them. Raises: NoteMalformed."""
    if not text.endswith("\n"):
        raise NoteMalformed(problem="its last line does not end")
    lines = text[:-1].split("\n")
    if len(lines) > SIGNATURE_LIMIT:
        raise NoteMalformed(problem=f"it has more than {SIGNATURE_LIMIT} signatures")
    return tuple(map(_parse_line, lines))


def sign_note(text: str, key: VerifierKey, sign: Sign) -> SignatureLine:
    """Return a log's signature line over a note's text. Raises: NoteMalformed for a text that is none."""
    _check_text(text)
    return SignatureLine(key.name, key.key_id, sign(text.encode("utf-8")))


def cosign_note(text: str, key: VerifierKey, timestamp: int, sign: Sign) -> SignatureLine:
    """Return a witness's cosignature/v1 line over a checkpoint's text.

    Units: ``timestamp`` in POSIX seconds. Raises: NoteMalformed for a text that is none.
    """
    _check_text(text)
    if not 0 <= timestamp < _TIME_LIMIT:
        raise NoteMalformed(problem="the time of a cosignature lies outside its range")
    signature = sign(_cosigned_message(text, timestamp))
    return SignatureLine(key.name, key.key_id, timestamp.to_bytes(_TIME_SIZE, "big") + signature)


def verify_note(note: SignedNote, keys: Iterable[VerifierKey]) -> list[VerifiedSignature]:
    """Return the signatures of the trusted keys, each verified, in the order of their lines.

    Lines of other keys are passed over. Raises: NoteSignatureInvalid when a line of a trusted
    key does not hold, NoteNotSigned when there is none.
    """
    trusted = {(key.name, key.key_id): key for key in keys}
    verified = []
    for line in note.signatures:
        key = trusted.get((line.name, line.key_id))
        if key is not None:
            verified.append(VerifiedSignature(key, line, _verify_line(note.text, line, key)))
    if not verified:
        raise NoteNotSigned(signers=", ".join(dict.fromkeys(line.name for line in note.signatures))[:200])
    return verified


def encode_base64(data: bytes) -> str:
    """Return standard base64 with padding (RFC 4648, section 4)."""
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: str) -> bytes | None:
    """Return the bytes of exact standard base64, or None for any other spelling of them."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if encode_base64(data) == text else None


def _parse_line(line: str) -> SignatureLine:
    name, _, encoded = line.removeprefix(_MARK).partition(" ")
    data = decode_base64(encoded)
    if not line.startswith(_MARK) or not _is_key_name(name) or data is None or len(data) <= KEY_ID_SIZE:
        raise NoteMalformed(problem=f"the signature line “{line[:80]}” is not “— name base64”")
    return SignatureLine(name, data[:KEY_ID_SIZE], data[KEY_ID_SIZE:])


def _verify_line(text: str, line: SignatureLine, key: VerifierKey) -> int | None:
    """Return the cosignature's time, or None of a log's signature. Raises: NoteSignatureInvalid."""
    signature, message, timestamp = line.signature, text.encode("utf-8"), None
    if key.kind is SignatureType.COSIGNATURE:
        timestamp, signature = int.from_bytes(signature[:_TIME_SIZE], "big"), signature[_TIME_SIZE:]
        message = _cosigned_message(text, timestamp)
    try:
        if len(signature) != _SIGNATURE_SIZE or (timestamp or 0) >= _TIME_LIMIT:
            raise NoteSignatureInvalid(signer=key.name)
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise NoteSignatureInvalid(signer=key.name) from None
    return timestamp


def _cosigned_message(text: str, timestamp: int) -> bytes:
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()


def _check_text(text: str) -> None:
    if not text.endswith("\n"):
        raise NoteMalformed(problem="its text does not end with a newline")
    if any((character < " " and character != "\n") or "\ud800" <= character <= "\udfff" for character in text):
        raise NoteMalformed(problem="its text holds characters that a note cannot")


def _is_key_name(name: str) -> bool:
    return bool(name) and not any(
        character <= " " or character == "+" or character.isspace() or "\ud800" <= character <= "\udfff"
        for character in name
    )
