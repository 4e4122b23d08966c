"""Real receivers on loopback: a syslog server over TCP or TLS, and an HTTP collector; both can misbehave."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closing resets the connection, as a dying process does


@dataclass
class SyslogReceiver:
    """Takes octet-counted messages; ``die_after`` bytes of one connection it dies, once."""

    port: int
    messages: list[bytes] = field(default_factory=list)
    die_after: int | None = None
    is_silent_at_end: bool = False

    def take(self, connection: socket.socket) -> None:
        """Read one connection to its end and keep the whole messages in it."""
        data = b""
        while chunk := connection.recv(1024):
            data += chunk
            if self.die_after is not None and len(data) > self.die_after:
                self.die_after = None
                self.keep(data)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
                return
        self.keep(data)
        if isinstance(connection, ssl.SSLSocket) and not self.is_silent_at_end:
            connection.unwrap()

    def keep(self, data: bytes) -> None:
        """Keep the messages that arrived whole."""
        while data:
            length, _, rest = data.partition(b" ")
            if not length.isdigit() or len(rest) < int(length):
                return
            self.messages.append(rest[: int(length)])
            data = rest[int(length) :]


@contextlib.contextmanager
def syslog_receiver(context: ssl.SSLContext | None = None) -> Iterator[SyslogReceiver]:
    """Run a receiver until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    receiver = SyslogReceiver(listener.getsockname()[1])

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                if context is None:
                    receiver.take(connection)
                else:
                    with context.wrap_socket(connection, server_side=True) as encrypted:
                        receiver.take(encrypted)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


@dataclass
class Collector:
    """Takes POSTs and keeps what it saw; ``answers`` are given first, one a request, then 204.

    An answer of 0 cuts the connection after the request was read.
    """

    port: int
    answers: list[int] = field(default_factory=list)
    seen: list[list[dict[str, Any]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    kill: int | None = None  # at which request the sender is killed
    sender: int = 0

    def records(self) -> list[dict[str, Any]]:
        """Return every record that was seen, in order, repeats among them."""
        return [record for batch in self.seen for record in batch]


def _read_body(body: bytes, kind: str) -> list[dict[str, Any]]:
    if kind == "application/json":
        found: list[dict[str, Any]] = json.loads(body)
        return found
    return [json.loads(line) for line in body.splitlines()]


@contextlib.contextmanager
def http_collector() -> Iterator[Collector]:
    """Run a collector until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.seen.append(_read_body(body, self.headers["Content-Type"]))
            collector.headers.append(dict(self.headers))
            collector.paths.append(self.path)
            if collector.kill == len(collector.seen):
                os.kill(collector.sender, signal.SIGKILL)
                self.close_connection = True
                return
            status = collector.answers.pop(0) if collector.answers else 204
            if status == 0:
                self.close_connection = True
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
                return
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the library's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
