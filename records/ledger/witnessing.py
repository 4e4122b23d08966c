"""Talking with a witness: ask for a cosignature, read what it last cosigned.

Owns the client side of C2SP tlog-witness. Believes nothing that the witness's key did not
sign; never follows a redirect, never waits without end, never sends anything but a signed
checkpoint and a proof. Pure: no Django.
Serves: 21 CFR 11.10(a), 11.10(e).
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from records.errors import Refusal
from records.ledger.checkpoints import Checkpoint, open_checkpoint, parse_checkpoint, parse_size
from records.ledger.errors import (
    WitnessAddressInvalid,
    WitnessAnswerInvalid,
    WitnessAtAnotherSize,
    WitnessHasSeenMore,
    WitnessRefused,
    WitnessUnreachable,
)
from records.ledger.notes import (
    SignedNote,
    VerifiedSignature,
    VerifierKey,
    parse_note,
    parse_signature_lines,
    verify_note,
)
from records.ledger.submissions import SIZE_TYPE, Submission, monitoring_path

ASK_SECONDS: Final = 10.0
"""Time for one whole exchange: longer than a slow disk's sync, shorter than the sealer's patience."""

ANSWER_LIMIT: Final = 1 << 17
"""Bytes read of an answer."""

_PLAIN: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    content_type: str
    body: bytes

    def shown(self) -> str:
        """Return the first of what was answered, fit for a message."""
        text = self.body[:300].decode("utf-8", "replace")
        return "".join(character if character.isprintable() else " " for character in text).strip() or "no reason given"


def ask_witness(
    url: str, key: VerifierKey, note: SignedNote, old_size: int, proof: Sequence[bytes], *, seconds: float = ASK_SECONDS
) -> VerifiedSignature:
    """Have a signed checkpoint cosigned and return the cosignature, verified.

    ``str()`` of the result's ``line`` is what goes under the note. A line the note has
    already does no harm. Units: ``old_size`` in leaves, 0 before the first cosignature.
    Raises: WitnessHasSeenMore when the witness cosigned more leaves than the checkpoint has;
    WitnessAtAnotherSize when the proof must begin elsewhere; WitnessRefused for any other no;
    WitnessAnswerInvalid when the answer is not the witness's; WitnessUnreachable,
    WitnessAddressInvalid.
    """
    body = str(Submission(old_size, tuple(proof), note)).encode("utf-8")
    answer = _exchange(url, "POST", "/add-checkpoint", body, seconds)
    if answer.status == http.HTTPStatus.OK:
        return _verify_cosignature(url, key, note, answer)
    if answer.status == http.HTTPStatus.CONFLICT and answer.content_type == SIZE_TYPE:
        raise _read_conflict(url, answer, old_size, parse_checkpoint(note.text).size)
    raise WitnessRefused(url=url, status_code=answer.status, answer=answer.shown())


def read_witness(
    url: str, key: VerifierKey, origin: str, log_keys: Sequence[VerifierKey], *, seconds: float = ASK_SECONDS
) -> Checkpoint | None:
    """Return the last checkpoint that the witness cosigned for a log, or None if it never did.

    Both signatures are verified, so nobody between can show an older or another one as newer.
    Raises: WitnessAnswerInvalid, WitnessRefused, WitnessUnreachable, WitnessAddressInvalid.
    """
    answer = _exchange(url, "GET", monitoring_path(origin), None, seconds)
    if answer.status == http.HTTPStatus.NOT_FOUND:
        return None
    if answer.status != http.HTTPStatus.OK:
        raise WitnessRefused(url=url, status_code=answer.status, answer=answer.shown())
    try:
        verify_note(parse_note(answer.body), [key])
        return open_checkpoint(answer.body, origin, log_keys)
    except Refusal as refusal:
        raise WitnessAnswerInvalid(url=url, problem=refusal.text.rstrip(".")) from None


def _verify_cosignature(url: str, key: VerifierKey, note: SignedNote, answer: _Answer) -> VerifiedSignature:
    try:
        lines = parse_signature_lines(answer.body.decode("utf-8"))
        return verify_note(SignedNote(note.text, lines), [key])[0]
    except UnicodeDecodeError:
        raise WitnessAnswerInvalid(url=url, problem="it is not text") from None
    except Refusal as refusal:
        raise WitnessAnswerInvalid(url=url, problem=refusal.text.rstrip(".")) from None


def _read_conflict(url: str, answer: _Answer, old_size: int, new_size: int) -> Refusal:
    try:
        size = parse_size(answer.body.decode("utf-8", "replace").removesuffix("\n"))
    except Refusal:
        return WitnessAnswerInvalid(url=url, problem="its 409 names no size")
    if size == old_size:
        shown = "it cosigned this size with another root"
        return WitnessRefused(url=url, status_code=answer.status, answer=shown)
    kind = WitnessHasSeenMore if size > new_size else WitnessAtAnotherSize
    return kind(url=url, size=size, old_size=old_size, new_size=new_size)


def _exchange(url: str, method: str, path: str, body: bytes | None, seconds: float) -> _Answer:
    """Do one request and read its whole answer. Raises: WitnessUnreachable, WitnessAddressInvalid."""
    address = _read_address(url)
    make = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = make(address.hostname or "", address.port, timeout=seconds)
    try:
        with contextlib.closing(connection):
            connection.connect()
            with _deadline(connection.sock, seconds):
                connection.request(method, address.path.rstrip("/") + path, body, {"Content-Type": _PLAIN})
                with contextlib.closing(connection.getresponse()) as response:
                    content, left = response.read(ANSWER_LIMIT + 1), response.length
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise WitnessUnreachable(url=url, problem=str(error) or type(error).__name__) from None
    if len(content) > ANSWER_LIMIT:
        raise WitnessAnswerInvalid(url=url, problem=f"it is longer than {ANSWER_LIMIT} bytes")
    if left:
        raise WitnessUnreachable(url=url, problem="its answer broke off")
    return _Answer(response.status, response.headers.get_content_type(), content)


@contextlib.contextmanager
def _deadline(connected: socket.socket, seconds: float) -> Iterator[None]:
    """Cut a connection off after a time: a socket's own limit begins again with every byte."""

    def cut() -> None:
        with contextlib.suppress(OSError):  # closed already
            connected.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _read_address(url: str) -> SplitResult:
    try:
        address = urlsplit(url)
        _ = address.port
    except ValueError:
        raise WitnessAddressInvalid(url=url[:200]) from None
    is_plain = not (address.username or address.password or address.query or address.fragment)
    if address.scheme not in {"http", "https"} or not address.hostname or not is_plain:
        raise WitnessAddressInvalid(url=url.rpartition("@")[2][:200])  # never shows a password
    return address
