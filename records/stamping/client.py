"""Asking a time-stamp authority over HTTP, and believing nothing it says unchecked.

Owns one question and one answer (RFC 3161, 3.4). Follows no redirect, uses no proxy of the
environment, reads no more than a reply can be long and waits no longer than one deadline,
however slowly the bytes drip. Retries are the caller's. Pure: no Django.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

from records.digests import sha256
from records.stamping.errors import StampAuthorityUnavailable
from records.stamping.tokens import LARGEST_REPLY, Trust, build_query, read_reply, verify_digest

QUERY_TYPE = "application/timestamp-query"
REPLY_TYPE = "application/timestamp-reply"


@dataclass(frozen=True, slots=True)
class StampClient:
    """An authority's address, whom to trust, and how long to wait for one answer. Units: seconds."""

    url: str
    trust: Trust
    deadline_seconds: float = 20.0

    def stamp(self, message: bytes) -> bytes:
        """Return a token over the message, verified. Raises: as `stamp_digest`."""
        return self.stamp_digest(sha256(message))

    def stamp_digest(self, digest: bytes, *, algorithm: str = "sha256") -> bytes:
        """Ask for a token over a digest and return it once it is verified against this very question.

        Raises: StampAuthorityUnavailable, StampNotGranted, StampMalformed, and the refusals of `verify_digest`.
        """
        query = build_query(digest, algorithm=algorithm, policy=self.trust.policy)
        token = read_reply(self._post(query.der))
        verify_digest(token, digest, trust=self.trust, algorithm=algorithm, nonce=query.nonce)
        return token

    def _post(self, body: bytes) -> bytes:
        parts = urlsplit(self.url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"Content-Type": QUERY_TYPE, "Accept": REPLY_TYPE, "Connection": "close"}
        connection = _connect(parts.scheme, parts.hostname or "", parts.port, self.deadline_seconds)
        try:
            with contextlib.closing(connection), _Deadline(connection, self.deadline_seconds) as deadline:
                connection.connect()
                deadline.socket = connection.sock  # the connection lets go of it when the answer is its last
                connection.request("POST", path, body, headers)
                with contextlib.closing(connection.getresponse()) as response:
                    reply = _read_response(response)
        except (OSError, http.client.HTTPException) as error:
            if deadline.is_set():
                raise StampAuthorityUnavailable(
                    problem=f"no whole answer in {self.deadline_seconds:g} seconds"
                ) from error
            raise StampAuthorityUnavailable(problem=f"{type(error).__name__}: {error}"[:200]) from error
        if deadline.is_set():  # an answer of no announced length ends where the connection does
            raise StampAuthorityUnavailable(problem=f"no whole answer in {self.deadline_seconds:g} seconds")
        return reply


def stamp_checkpoint(note: str, client: StampClient) -> bytes:
    """Return a verified token over a checkpoint's note as stored: UTF-8, without co-signatures.

    Serves: 21 CFR 11.10(e), 11.30. Raises: as `StampClient.stamp`.
    """
    return client.stamp(note.encode())


def _connect(scheme: str, host: str, port: int | None, seconds: float) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=seconds, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, port, timeout=seconds)


def _read_response(response: http.client.HTTPResponse) -> bytes:
    if response.status != http.client.OK:
        raise StampAuthorityUnavailable(problem=f"it answered with HTTP status {response.status}")
    kind = (response.headers.get_content_type() or "").lower()
    if kind != REPLY_TYPE:
        raise StampAuthorityUnavailable(problem=f"it answered with {kind[:80]} instead of {REPLY_TYPE}")
    reply = response.read(LARGEST_REPLY + 1)
    if len(reply) > LARGEST_REPLY:
        raise StampAuthorityUnavailable(problem=f"its answer is larger than {LARGEST_REPLY} bytes")
    return reply


class _Deadline(threading.Event):
    """Hangs up from outside when the time is over: a socket's own timeout starts again with every byte."""

    def __init__(self, connection: http.client.HTTPConnection, seconds: float) -> None:
        super().__init__()
        self.socket: socket.socket | None = None
        self._connection = connection
        self._watch = threading.Timer(seconds, self._hang_up)
        self._watch.daemon = True

    def __enter__(self) -> _Deadline:
        self._watch.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._watch.cancel()
        self._watch.join()

    def _hang_up(self) -> None:
        self.set()
        open_socket = self.socket or self._connection.sock
        if open_socket is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(open_socket, socket.SHUT_RDWR)
