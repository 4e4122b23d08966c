"""The witness's door: HTTP with limits on bodies, time and connections.

Owns ``POST /add-checkpoint`` (C2SP tlog-witness) and ``GET /<SHA-256 of origin>/checkpoint``,
which shows what was last cosigned. Never keeps a thread longer than REQUEST_SECONDS for one
request, and never more than CONNECTION_LIMIT of them.
"""

from __future__ import annotations

import io
import logging
import socket
import threading
import time
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from records.errors import Refusal
from records.ledger.submissions import SIZE_TYPE, monitoring_path, parse_submission
from records.witness.errors import OldSizeNotLatest
from records.witness.keeping import Witness

BODY_LIMIT: Final = 1 << 17
"""Bytes of a body: 63 proof lines and a note with room for 16 of the largest signatures."""

REQUEST_SECONDS: Final = 15.0
"""Time for a whole request, and for the pause before the next on the same connection."""

CONNECTION_LIMIT: Final = 32

_PLAIN: Final = "text/plain; charset=utf-8"

logger = logging.getLogger("records.witness")


class WitnessServer(ThreadingHTTPServer):
    """Serves one witness, a thread a connection, no more than CONNECTION_LIMIT at a time."""

    # A thread cut off at the end has either answered or promised nothing: the state is written before.
    daemon_threads = True
    request_queue_size = CONNECTION_LIMIT

    def __init__(self, address: tuple[str, int], witness: Witness) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self.witness = witness
        self.paths = {monitoring_path(origin): origin for origin in witness.origins}
        self._places = threading.BoundedSemaphore(CONNECTION_LIMIT)
        super().__init__(address, WitnessHandler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give a connection its thread, or close it when all places are taken."""
        if not self._places.acquire(blocking=False):
            logger.warning("closed a connection: all %d places are taken", CONNECTION_LIMIT)
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection and give its place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log an unexpected error; the connection is closed and nothing was promised."""
        logger.exception("a request failed")


class _DeadlineReader(io.RawIOBase):
    """Reads a socket until a moment that is set anew for each request, however slowly bytes come."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.restart()

    def restart(self) -> None:
        """Begin the time of a request."""
        self._until = time.monotonic() + REQUEST_SECONDS

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request took too long")
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class WitnessHandler(BaseHTTPRequestHandler):
    """One connection, kept alive between requests as C2SP asks for."""

    server: WitnessServer
    protocol_version = "HTTP/1.1"
    server_version = "countersign-witness"
    sys_version = ""

    def setup(self) -> None:
        """Read with a deadline instead of a limit that begins again with every byte."""
        super().setup()
        self.rfile.close()
        self._reader = _DeadlineReader(self.connection)
        self.rfile = io.BufferedReader(self._reader)

    def handle_one_request(self) -> None:
        """Serve one request within its time; a connection that breaks is nobody's fault."""
        self._reader.restart()
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def do_POST(self) -> None:
        """Cosign, or say why not (C2SP tlog-witness, add-checkpoint)."""
        body = self._read_body()
        if body is None:
            return
        if self.path != "/add-checkpoint":
            self._answer(HTTPStatus.NOT_FOUND, "There is only /add-checkpoint here.\n")
            return
        try:
            submission = parse_submission(body)
            line = self.server.witness.cosign(submission)
        except OldSizeNotLatest as refusal:
            logger.warning("not cosigned: %s", refusal.text)
            self._answer(HTTPStatus.CONFLICT, f"{refusal.facts['size']}\n", SIZE_TYPE)
        except Refusal as refusal:
            logger.warning("not cosigned: %s (%s)", refusal.text, refusal.code)
            self._answer(HTTPStatus(refusal.status), f"{refusal.text}\n")
        else:
            origin, size, *_ = submission.note.text.split("\n")
            logger.info("cosigned %s at %s leaves", origin, size)
            self._answer(HTTPStatus.OK, str(line))

    def do_GET(self) -> None:
        """Show the last checkpoint cosigned for a log."""
        if self.headers.get("Content-Length") or self.headers.get("Transfer-Encoding"):
            self.close_connection = True  # a body nobody reads would be taken for the next request
        origin = self.server.paths.get(self.path)
        note = None if origin is None else self.server.witness.latest_note(origin)
        if note is None:
            self._answer(HTTPStatus.NOT_FOUND, "No checkpoint was cosigned for this log.\n")
        else:
            self._answer(HTTPStatus.OK, str(note))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        """Leave out the line for each request; what was cosigned or refused is logged."""

    def _read_body(self) -> bytes | None:
        """Return the whole body, or None once a refusal was answered and the connection given up."""
        fault = _find_length_fault(self.headers)
        if fault is None:
            size = int(self.headers["Content-Length"])
            body = self.rfile.read(size)
            if len(body) == size:
                return body
            fault = HTTPStatus.BAD_REQUEST, "The body ended early.\n"
        self.close_connection = True
        self._answer(*fault)
        return None

    def _answer(self, status: HTTPStatus, text: str, content_type: str = _PLAIN) -> None:
        body = text.encode("utf-8")
        self.connection.settimeout(REQUEST_SECONDS)
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


def _find_length_fault(headers: Message) -> tuple[HTTPStatus, str] | None:
    """Return why a body of this length is not read, or None."""
    length = headers.get("Content-Length")
    if length is None or headers.get("Transfer-Encoding"):
        return HTTPStatus.LENGTH_REQUIRED, "Send the body with its Content-Length.\n"
    if not (length.isascii() and length.isdigit()):
        return HTTPStatus.BAD_REQUEST, "The Content-Length is not a number.\n"
    if len(length) > 9 or int(length) > BODY_LIMIT:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"At most {BODY_LIMIT} bytes are read.\n"
    return None
