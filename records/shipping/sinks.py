"""Where events are shipped to: syslog over TCP or TLS, and JSON over HTTP.

A sink returns from ``send`` only when the receiver confirmed the whole batch. HTTP confirms by its
status. Syslog has no answer, so each batch has a connection of its own and is confirmed by the
receiver's orderly end of it: over TLS its ``close_notify``, which a dying receiver cannot send;
over plain TCP its close, which says that the machine took the bytes, not that anybody kept them.

Pure of Django.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import urlsplit

from records.shipping.errors import SinkRefusedEvents, SinkUnavailable
from records.shipping.events import SealedEvent, Shape, encode_event, shape_like_cloudtrail

CONNECT_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 30.0
SYSLOG_BYTES: Final = 8192  # what an RFC 5425 receiver should take; many cut longer messages off
EVENT_BYTES: Final = 60_000  # Azure Monitor cuts a field at 64 KB
BATCH_BYTES: Final = 900_000  # Azure Monitor takes 1 MB a call

AUDIT_FACILITY: Final = 13  # RFC 5424, table 1: log audit
NOTICE: Final = 5
WARNING: Final = 4
MESSAGE_ID_CHARACTERS: Final = 32
LAST_SEQUENCE: Final = 2_147_483_647  # RFC 5424, 7.3.1: then it begins at 1 again

_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*\Z")  # RFC 6750, 2.1
_LATER: Final = frozenset({408, 425, 429})


class Sink(Protocol):
    """One receiver; its name keeps its place in the ledger across restarts."""

    @property
    def name(self) -> str:
        """Return the name of the mark."""
        ...

    def send(self, events: Sequence[SealedEvent]) -> None:
        """Hand over events in this order; return only when all of them are confirmed.

        Raises: SinkUnavailable when trying again may help, SinkRefusedEvents when a person must act.
        """
        ...


def format_syslog(event: SealedEvent) -> bytes:
    """Return the event as one RFC 5424 message with a JSON text, without framing."""
    severity = WARNING if event.category == "security" else NOTICE
    host = _printable(event.origin.partition("/")[0], 255)
    sequence = event.index % LAST_SEQUENCE + 1
    version = _escape_parameter(_printable(event.build, 32))
    head = (
        f"<{AUDIT_FACILITY * 8 + severity}>1 {event.instant} {host} countersign - "
        f"{_printable(event.act, MESSAGE_ID_CHARACTERS)} "
        f'[origin software="Countersign" swVersion="{version}"][meta sequenceId="{sequence}"] '
    ).encode("ascii")
    return head + encode_event(event, shape_like_cloudtrail, max_bytes=SYSLOG_BYTES - len(head))


def frame_octets(message: bytes) -> bytes:
    """Return a message behind its length in octets (RFC 6587, 3.4.1; RFC 5425, 4.3)."""
    return b"%d %s" % (len(message), message)


def _printable(text: str, limit: int) -> str:
    """Return text as RFC 5424's PRINTUSASCII, or its nil value."""
    return "".join(sign if "!" <= sign <= "~" else "_" for sign in text)[:limit] or "-"


def _escape_parameter(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


@dataclass(frozen=True, slots=True)
class SyslogSink:
    """RFC 5424 messages over TCP, or over TLS where a context is given (RFC 5425)."""

    name: str
    host: str
    port: int
    tls: ssl.SSLContext | None = None
    timeout: float = ANSWER_SECONDS  # seconds

    def send(self, events: Sequence[SealedEvent]) -> None:
        """Send one batch over a connection of its own and wait for the receiver's orderly end of it."""
        data = b"".join(frame_octets(format_syslog(event)) for event in events)
        try:
            with socket.create_connection((self.host, self.port), timeout=CONNECT_SECONDS) as connection:
                connection.settimeout(self.timeout)
                if self.tls is None:
                    connection.sendall(data)
                    connection.shutdown(socket.SHUT_WR)
                    wait_for_end(connection)
                else:
                    self._send_encrypted(connection, self.tls, data)
        except OSError as error:  # ssl.SSLError is one
            raise SinkUnavailable(sink=self.name, why=_say(error)) from error

    def _send_encrypted(self, connection: socket.socket, context: ssl.SSLContext, data: bytes) -> None:
        with context.wrap_socket(connection, server_hostname=self.host, suppress_ragged_eofs=False) as encrypted:
            encrypted.sendall(data)
            encrypted.unwrap()  # sends close_notify and waits for the receiver's


def wait_for_end(connection: socket.socket) -> None:
    """Read until the receiver closes. Raises: OSError when it resets or stays silent too long."""
    while connection.recv(4096):
        pass


@dataclass(frozen=True, slots=True)
class HttpSink:
    """Batches POSTed as JSON: one object a line, or one array; the token is read anew for each."""

    name: str
    url: str
    shape: Shape
    is_array: bool
    read_token: Callable[[], str] = field(repr=False)
    tls: ssl.SSLContext | None = None
    timeout: float = ANSWER_SECONDS  # seconds

    def send(self, events: Sequence[SealedEvent]) -> None:
        """POST the events, split where a request would grow too large; each part must be confirmed."""
        for part in split_lines([encode_event(event, self.shape, max_bytes=EVENT_BYTES) for event in events]):
            body = b"[" + b",".join(part) + b"]" if self.is_array else b"".join(line + b"\n" for line in part)
            self._post(body)

    def _post(self, body: bytes) -> None:
        parts = urlsplit(self.url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        kind = "application/json" if self.is_array else "application/x-ndjson"
        headers = {"Content-Type": kind, "User-Agent": "Countersign", **self._authorisation()}
        connection = self._connect(parts.hostname or "", parts.port)
        try:
            connection.request("POST", target or "/", body=body, headers=headers)
            with contextlib.closing(connection.getresponse()) as answer:
                answer.read(65_536)
        except (OSError, http.client.HTTPException) as error:
            raise SinkUnavailable(sink=self.name, why=_say(error)) from error
        finally:
            connection.close()
        if 200 <= answer.status < 300:
            return
        if answer.status in _LATER or answer.status >= 500:
            raise SinkUnavailable(sink=self.name, why=f"it answered {answer.status}")
        raise SinkRefusedEvents(sink=self.name, why=f"it answered {answer.status}")

    def _authorisation(self) -> dict[str, str]:
        try:
            token = self.read_token()
        except OSError as error:
            raise SinkUnavailable(sink=self.name, why=f"its token cannot be read ({_say(error)})") from error
        if not token:
            return {}
        if not _TOKEN.match(token):  # said here, since the library's own words would repeat the token
            raise SinkRefusedEvents(sink=self.name, why="the token has signs that no bearer token has")
        return {"Authorization": f"Bearer {token}"}

    def _connect(self, host: str, port: int | None) -> http.client.HTTPConnection:
        if self.tls is None:
            return http.client.HTTPConnection(host, port, timeout=self.timeout)
        return http.client.HTTPSConnection(host, port, timeout=self.timeout, context=self.tls)


def split_lines(lines: Sequence[bytes], *, max_bytes: int = BATCH_BYTES) -> list[list[bytes]]:
    """Return the lines in order, in parts of at most so many bytes. Units: bytes."""
    parts: list[list[bytes]] = []
    size = 0
    for line in lines:
        if not parts or size + len(line) + 1 > max_bytes:
            parts.append([])
            size = 0
        parts[-1].append(line)
        size += len(line) + 1
    return parts


def _say(error: Exception) -> str:
    """Return what went wrong without what the other side wrote."""
    text = getattr(error, "strerror", None) or type(error).__name__
    return str(text)[:200]
