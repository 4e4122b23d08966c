"""Asking a witness: what a hostile or broken one answers is refused, in time, with a sentence."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from records.errors import Refusal
from records.ledger import notes, witnessing
from records.ledger.errors import (
    WitnessAddressInvalid,
    WitnessAnswerInvalid,
    WitnessAtAnotherSize,
    WitnessHasSeenMore,
    WitnessRefused,
    WitnessUnreachable,
)
from records.ledger.notes import SignatureType, VerifiedSignature, VerifierKey
from records.ledger.submissions import Submission, parse_submission
from tests.witnesses import SmallLog

pytestmark = pytest.mark.clause("11.10(e)")

LOG = SmallLog()
WITNESS = SmallLog("witness.example")
KEY = VerifierKey("witness.example", SignatureType.COSIGNATURE, WITNESS.key.public_key)


@contextlib.contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Serve one connection with whatever the test wants said, and give its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    connection.settimeout(30)
                    connection.recv(65536)
                    answer(connection)
                    # Closing with bytes unread would reset the connection, and the answer with it.
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):
                        pass

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join(60)


def reply(status: int, body: bytes, *head: str, content_type: str = "text/plain") -> Callable[[socket.socket], None]:
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *head]
    return lambda connection: connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)


def ask(url: str, seconds: float = 30, size: int = 5) -> VerifiedSignature:
    return witnessing.ask_witness(url, KEY, LOG.note(size), 0, [], seconds=seconds)


def cosign(text: str) -> bytes:
    return str(notes.cosign_note(text, KEY, 7, WITNESS.secret.sign)).encode()


def test_a_true_cosignature_is_believed():
    with answering(reply(200, cosign(LOG.note(5).text))) as url:
        assert ask(url).timestamp == 7


def test_lines_of_strangers_beside_it_are_left_out():
    stranger = "— stranger.example YWJjZGVm\n".encode()
    with answering(reply(200, stranger + cosign(LOG.note(5).text))) as url:
        assert ask(url).key == KEY


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\n",
        b"OK\n",
        cosign(LOG.note(5).text)[:-1],
        cosign(LOG.note(6).text),
        "— stranger.example YWJjZGVm\n".encode(),
        str(LOG.note(5).signatures[0]).encode(),
        b"x" * (witnessing.ANSWER_LIMIT + 1),
    ],
    ids=["empty", "not text", "no line", "cut", "of another checkpoint", "stranger", "the log itself", "endless"],
)
def test_an_answer_without_its_cosignature_is_not_believed(body: bytes):
    with answering(reply(200, body)) as url, pytest.raises(WitnessAnswerInvalid):
        ask(url)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status: int):
    with (
        answering(reply(200, cosign(LOG.note(5).text))) as elsewhere,
        answering(reply(status, b"", f"Location: {elsewhere}/add-checkpoint")) as url,
    ):
        with pytest.raises(WitnessRefused, match=str(status)):
            ask(url)
        assert ask(elsewhere).key == KEY  # nobody had come there


@pytest.mark.parametrize("status", [400, 403, 404, 422, 429, 500, 503])
def test_a_no_is_passed_on_with_its_reason(status: int):
    with answering(reply(status, "Because — \x1b[31mof this.\n".encode())) as url:
        with pytest.raises(WitnessRefused, match=rf"\({status}\): Because — .*of this\.") as refused:
            ask(url)
        assert "\x1b" not in refused.value.text


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"4\n", WitnessAtAnotherSize),
        (b"5\n", WitnessAtAnotherSize),
        (b"6\n", WitnessHasSeenMore),
        (b"0\n", WitnessRefused),
        (b"many\n", WitnessAnswerInvalid),
        (b"", WitnessAnswerInvalid),
        (b"6\n7\n", WitnessAnswerInvalid),
    ],
)
def test_a_conflict_tells_the_size_the_witness_is_at(body: bytes, kind: type[Refusal]):
    with answering(reply(409, body, content_type="text/x.tlog.size")) as url:
        with pytest.raises(kind) as refused:
            ask(url)
        assert type(refused.value) is kind


def test_a_conflict_without_a_size_is_a_plain_no():
    with answering(reply(409, b"two histories")) as url, pytest.raises(WitnessRefused, match="two histories"):
        ask(url)


def drip(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            connection.sendall(b"x")
            time.sleep(0.05)


def stay_silent(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.recv(1)


@pytest.mark.parametrize("answer", [drip, stay_silent])
def test_a_witness_that_never_ends_is_given_up(answer: Callable[[socket.socket], None]):
    with answering(answer) as url, pytest.raises(WitnessUnreachable):
        ask(url, seconds=0.5)


@pytest.mark.parametrize("sent", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort"])
def test_an_answer_that_breaks_off_is_no_answer(sent: bytes):
    with answering(lambda connection: connection.sendall(sent)) as url, pytest.raises(WitnessUnreachable):
        ask(url)


def test_a_witness_that_is_not_there_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(WitnessUnreachable, match=r"did not answer: .*refused"):
        ask(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:7390",
        "ftp://host",
        "file:///etc/passwd",
        "http://",
        "http://host:port",
        "http://user:hunter2@host",
        "http://host/?query",
        "http://[::1",
    ],
)
def test_what_is_no_address_is_refused_without_its_password(url: str):
    with pytest.raises(WitnessAddressInvalid) as refused:
        ask(url)
    assert "hunter2" not in refused.value.text


def test_a_path_in_front_is_kept():
    seen: list[bytes] = []

    def listen(connection: socket.socket) -> None:
        reply(200, cosign(LOG.note(5).text))(connection)

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                seen.append(connection.recv(65536))
                listen(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        ask(f"http://127.0.0.1:{server.getsockname()[1]}/witness/one/")
        thread.join(30)
    assert seen[0].startswith(b"POST /witness/one/add-checkpoint HTTP/1.1\r\n")


@pytest.mark.parametrize("status", [404, 200, 500])
def test_what_a_witness_shows_is_read_or_refused(status: int):
    cosigned = LOG.note(5).with_signatures([notes.cosign_note(LOG.note(5).text, KEY, 7, WITNESS.secret.sign)])
    with answering(reply(status, str(cosigned).encode())) as url:
        if status == 500:
            with pytest.raises(WitnessRefused):
                witnessing.read_witness(url, KEY, LOG.key.name, [LOG.key], seconds=30)
        else:
            shown = witnessing.read_witness(url, KEY, LOG.key.name, [LOG.key], seconds=30)
            assert shown == (LOG.checkpoint(5) if status == 200 else None)


@pytest.mark.parametrize("note", [LOG.note(5), WITNESS.note(5)], ids=["not cosigned", "of another log"])
def test_what_a_witness_shows_needs_both_signatures(note: notes.SignedNote):
    with answering(reply(200, str(note).encode())) as url, pytest.raises(WitnessAnswerInvalid):
        witnessing.read_witness(url, KEY, LOG.key.name, [LOG.key], seconds=30)


def test_a_submission_reads_back():
    submission = Submission(3, tuple(LOG.proof(3, 9)), LOG.note(9))
    assert parse_submission(str(submission).encode()) == submission
