"""The witness's door: statuses of C2SP tlog-witness, limits on bodies, time and connections."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from records.ledger import notes
from records.ledger.notes import SignedNote
from records.ledger.submissions import PROOF_LIMIT, Submission, monitoring_path
from records.witness import serving
from records.witness.__main__ import open_identity
from records.witness.keeping import Witness
from records.witness.serving import WitnessServer
from records.witness.state import StateFile
from tests.witnesses import SmallLog

pytestmark = pytest.mark.clause("11.10(e)")

Answer = tuple[int, str, str]
PLAIN, SIZE = "text/plain; charset=utf-8", "text/x.tlog.size"


class Door:
    """A witness served by a thread of this process, spoken to over a real socket."""

    def __init__(self, server: WitnessServer, log: SmallLog) -> None:
        self.server, self.log = server, log
        self.address = server.server_address[:2]

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", int(self.address[1]), timeout=30)

    def post(self, body: bytes, path: str = "/add-checkpoint") -> Answer:
        with contextlib.closing(self.connect()) as connection:
            return exchange(connection, "POST", path, body)

    def grow(self, old: int, new: int) -> Answer:
        return self.post(str(Submission(old, tuple(self.log.proof(old, new)), self.log.note(new))).encode())

    def send(self, text: bytes) -> bytes:
        """Send bytes as they are and read until the connection is closed."""
        with socket.create_connection(("127.0.0.1", int(self.address[1])), timeout=30) as sock:
            sock.sendall(text)
            return b"".join(iter(lambda: sock.recv(65536), b""))


def exchange(connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None) -> Answer:
    connection.request(method, path, body)
    response = connection.getresponse()
    return response.status, response.headers["Content-Type"], response.read().decode()


@contextlib.contextmanager
def open_door(folder: Path) -> Iterator[Door]:
    log, state = SmallLog(), StateFile(folder / "state.json")
    identity = open_identity(folder / "keys" / "witness.key", state, "")
    witness = Witness(identity.key, identity.sign, [log.key], state, lambda: 1_700_000_000)
    with WitnessServer(("127.0.0.1", 0), witness) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield Door(server, log)
        finally:
            server.shutdown()
            thread.join(30)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with open_door(tmp_path) as opened:
        yield opened


def test_the_answer_to_growth_is_one_cosignature_line(door: Door):
    status, content_type, body = door.grow(0, 8)
    assert (status, content_type) == (200, PLAIN)
    (line,) = notes.parse_signature_lines(body)
    (found,) = notes.verify_note(SignedNote(door.log.note(8).text, (line,)), [door.server.witness.key])
    assert found.timestamp == 1_700_000_000
    assert door.grow(8, 8)[0] == 200


def test_a_wrong_old_size_is_answered_with_the_size_cosigned(door: Door):
    assert door.grow(0, 8)[0] == 200
    for old, new in ((0, 9), (7, 9), (0, 5), (5, 7), (9, 9)):
        assert door.grow(old, new) == (409, SIZE, "8\n")


def test_an_old_size_beyond_the_checkpoint_is_a_bad_request(door: Door):
    door.grow(0, 8)
    for old in (6, 8, 100):
        assert door.post(str(Submission(old, (), door.log.note(5))).encode())[0] == 400


def test_the_same_size_with_another_root_is_a_conflict_and_no_size(door: Door):
    door.grow(0, 8)
    forged = Submission(8, (), door.log.fork("forged").note(8))
    status, content_type, body = door.post(str(forged).encode())
    assert (status, content_type, "two histories" in body) == (409, PLAIN, True)


@pytest.mark.parametrize(
    "spoil",
    [lambda proof: proof[:-1], lambda proof: proof[::-1], lambda proof: [*proof, b"x" * 32]],
    ids=["cut", "turned round", "longer"],
)
def test_a_proof_that_does_not_hold_is_unprocessable(door: Door, spoil):
    door.grow(0, 6)
    spoilt = Submission(6, tuple(spoil(door.log.proof(6, 9))), door.log.note(9))
    assert door.post(str(spoilt).encode())[0] == 422
    assert door.grow(6, 9)[0] == 200


def test_a_proof_where_none_may_be_is_unprocessable(door: Door):
    assert door.post(str(Submission(0, (b"x" * 32,), door.log.note(5))).encode())[0] == 422
    door.grow(0, 5)
    assert door.post(str(Submission(5, (b"x" * 32,), door.log.note(5))).encode())[0] == 422


def test_unknown_logs_and_keys_are_told_apart(door: Door):
    assert door.post(str(Submission(0, (), SmallLog("stranger.example").note(5))).encode())[0] == 404
    assert door.post(str(Submission(0, (), SmallLog(door.log.key.name).note(5))).encode())[0] == 403
    spoilt = str(door.log.note(5)).replace("\n5\n", "\n6\n")
    assert door.post(f"old 0\n\n{spoilt}".encode())[0] == 403
    assert door.grow(0, 5)[0] == 200


def test_lines_of_other_keys_are_ignored(door: Door):
    note = door.log.note(5).with_signatures([notes.SignatureLine("stranger", b"abcd", b"x" * 64)])
    assert door.post(str(Submission(0, (), note)).encode())[0] == 200


def list_malformed(log: SmallLog) -> dict[str, bytes]:
    note, line = str(log.note(5)), notes.encode_base64(b"h" * 32)
    many, signature = f"{line}\n" * (PROOF_LIMIT + 1), note.rpartition("\n\n")[2]
    return {
        "empty": b"",
        "no old size": f"\n{note}".encode(),
        "leading zero": f"old 00\n\n{note}".encode(),
        "negative": f"old -1\n\n{note}".encode(),
        "other digits": f"old ٣\n\n{note}".encode(),
        "two spaces": f"old  0\n\n{note}".encode(),
        "upper case": f"OLD 0\n\n{note}".encode(),
        "enormous": f"old {'9' * 30}\n\n{note}".encode(),
        "carriage returns": f"old 0\r\n\r\n{note}".encode(),
        "no empty line": f"old 0\n{note}".encode(),
        "proof not base64": f"old 3\nnot base64\n\n{note}".encode(),
        "proof too short": f"old 3\n{line[4:]}\n\n{note}".encode(),
        "proof too long": f"old 3\n{many}\n{note}".encode(),
        "no signature": f"old 0\n\n{log.checkpoint(5)}".encode(),
        "no last newline": f"old 0\n\n{note[:-1]}".encode(),
        "no checkpoint": f"old 0\n\n{log.key.name}\n5\n\n{signature}".encode(),
        "not text": b"old 0\n\n\xff\xfe\n\n\xe2\x80\x94 a YWJjZGU=\n",
    }


@pytest.mark.parametrize("name", list(list_malformed(SmallLog())))
def test_what_is_not_a_submission_is_a_bad_request(door: Door, name: str):
    status, _, body = door.post(list_malformed(door.log)[name])
    assert (status, body.endswith(".\n")) == (400, True), body
    assert door.grow(0, 5)[0] == 200


def test_the_longest_proof_allowed_is_read(door: Door):
    longest = Submission(3, (b"h" * 32,) * PROOF_LIMIT, door.log.note(5))
    assert door.post(str(longest).encode()) == (409, SIZE, "0\n")


def test_what_was_last_cosigned_is_shown_with_both_signatures(door: Door):
    path, connection = monitoring_path(door.log.key.name), door.connect()
    with contextlib.closing(connection):
        assert exchange(connection, "GET", path)[0] == 404
        door.grow(0, 5)
        status, _, body = exchange(connection, "GET", path)
        assert status == 200
        shown = notes.parse_note(body.encode())
        assert len(notes.verify_note(shown, [door.log.key, door.server.witness.key])) == 2
        assert exchange(connection, "GET", "/add-checkpoint")[0] == 404
        assert exchange(connection, "GET", "/etc/passwd")[0] == 404


def test_a_connection_is_kept_between_requests(door: Door):
    connection = door.connect()
    with contextlib.closing(connection):
        connection.connect()
        kept = connection.sock
        for old, new in ((0, 3), (0, 3), (3, 8)):
            body = str(Submission(old, tuple(door.log.proof(old, new)), door.log.note(new))).encode()
            exchange(connection, "POST", "/add-checkpoint", body)
            assert connection.sock is kept
        assert exchange(connection, "POST", "/elsewhere", b"body")[0] == 404
        assert exchange(connection, "GET", monitoring_path(door.log.key.name))[0] == 200


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("Content-Length: 131073", 413),
        ("Content-Length: 99999999999999999999", 413),
        ("Content-Length: -1", 400),
        ("Content-Length: five", 400),
        ("Content-Length: ²", 400),
        ("Transfer-Encoding: chunked", 411),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", 411),
        ("X-Nothing: here", 411),
    ],
)
def test_a_body_without_an_honest_length_is_not_read(door: Door, head: str, status: int):
    answer = door.send(f"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n{head}\r\n\r\n".encode("latin-1"))
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Connection: close" in answer


def test_a_body_under_a_get_is_not_taken_for_a_request(door: Door):
    hidden = b"GET / HTTP/1.1\r\n\r\n"
    answer = door.send(b"GET / HTTP/1.1\r\nHost: w\r\nContent-Length: %d\r\n\r\n%s" % (len(hidden), hidden))
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "HEAD"])
def test_other_methods_are_not_offered(door: Door, method: str):
    assert door.send(f"{method} /add-checkpoint HTTP/1.1\r\nHost: w\r\n\r\n".encode()).startswith(b"HTTP/1.1 501 ")


@pytest.mark.parametrize(
    "sent", [b"", b"POST /add-ch", b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 50\r\n\r\nold 0"]
)
def test_a_request_that_does_not_come_to_an_end_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: bytes
):
    monkeypatch.setattr(serving, "REQUEST_SECONDS", 0.4)
    with open_door(tmp_path) as door:
        assert door.send(sent) == b""


def test_one_byte_at_a_time_does_not_buy_more_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(serving, "REQUEST_SECONDS", 0.5)
    with open_door(tmp_path) as door, socket.create_connection(("127.0.0.1", int(door.address[1])), timeout=30) as sock:
        sent = 0
        with contextlib.suppress(ConnectionError):
            # Each byte comes well within the time; together they would take a hundred times as long.
            for byte in b"POST /add-checkpoint HTTP/1.1\r\nX-Slow: " + b"x" * 1000:
                sock.sendall(bytes([byte]))
                sent += 1
                time.sleep(0.05)
        assert 1 < sent < 500


def test_more_connections_than_places_are_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(serving, "CONNECTION_LIMIT", 2)
    with open_door(tmp_path) as door, contextlib.ExitStack() as stack:
        held = [stack.enter_context(contextlib.closing(door.connect())) for _ in range(2)]
        for connection in held:
            assert exchange(connection, "GET", "/")[0] == 404  # served, and kept
        assert door.send(b"") == b""
        for connection in held:
            connection.close()
        assert settle(door) == 404  # places are given back


def settle(door: Door) -> int:
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        with (
            contextlib.suppress(ConnectionError, http.client.HTTPException),
            contextlib.closing(door.connect()) as again,
        ):
            return exchange(again, "GET", "/")[0]
    return 0
