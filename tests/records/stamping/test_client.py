"""Asking an authority: a good answer is kept, anything else is refused and never waited for without end."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from asn1crypto import tsp

from records.stamping.client import StampClient, stamp_checkpoint
from records.stamping.errors import (
    StampAuthorityUnavailable,
    StampImprintMismatch,
    StampMalformed,
    StampNonceMismatch,
    StampNotGranted,
    StampUntrusted,
)
from records.stamping.tokens import LARGEST_REPLY, Trust, build_query, verify_token
from tests.stamp_authority import POLICY, Reply, ServedAuthority, StampAuthority, make_authority, serve_authority

pytestmark = [pytest.mark.clause("11.30")]

NOTE = "qms.example.com/countersign\n256\nq80=\n\n— qms.example.com/countersign AAAA\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> StampAuthority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def served(authority: StampAuthority) -> Iterator[ServedAuthority]:
    with serve_authority(authority) as found:
        yield found


def test_a_checkpoints_note_is_stamped_as_it_is_stored(served: ServedAuthority):
    token = stamp_checkpoint(NOTE, served.client())
    assert verify_token(token, NOTE.encode(), trust=served.authority.trust).policy == POLICY
    assert served.authority.accepts(token, NOTE.encode())


def test_the_request_asks_for_the_certificate_and_a_fresh_nonce(served: ServedAuthority):
    for _ in range(2):
        stamp_checkpoint(NOTE, served.client())
    first, second = (tsp.TimeStampReq.load(query, strict=True) for query in served.queries)
    assert first["cert_req"].native is True
    assert first["message_imprint"]["hash_algorithm"]["algorithm"].native == "sha256"
    assert first["nonce"].native != second["nonce"].native
    assert first["message_imprint"].native == second["message_imprint"].native


def test_an_authority_that_is_not_trusted_stamps_nothing(served: ServedAuthority, tmp_path: Path):
    with pytest.raises(StampUntrusted):
        stamp_checkpoint(NOTE, served.client(trust=make_authority(tmp_path).trust))


def test_an_old_reply_sent_again_is_refused(served: ServedAuthority):
    old = served.authority.answer(build_query(b"\1" * 32).der)
    served.behave = lambda query: Reply(old)
    with pytest.raises(StampImprintMismatch):
        stamp_checkpoint(NOTE, served.client())
    # The same bytes again, with the nonce of another day.
    served.behave = None
    stamp_checkpoint(NOTE, served.client())
    once = served.authority.answer(served.queries[-1])
    served.behave = lambda query: Reply(once)
    with pytest.raises(StampNonceMismatch):
        stamp_checkpoint(NOTE, served.client())


def test_a_rejection_is_told(served: ServedAuthority):
    client = served.client(trust=Trust(served.authority.trust.roots, policy="1.2.3.4"))
    with pytest.raises(StampNotGranted, match="rejection"):
        stamp_checkpoint(NOTE, client)


@pytest.mark.parametrize("body", [b"", b"garbage", b"<html></html>", b"\x30\x80\x00\x00"])
def test_garbage_is_refused(served: ServedAuthority, body: bytes):
    served.behave = lambda query: Reply(body)
    with pytest.raises(StampMalformed):
        stamp_checkpoint(NOTE, served.client())


@pytest.mark.parametrize("status", [301, 302, 307, 400, 403, 500, 503])
def test_any_status_but_ok_is_refused_and_no_redirect_followed(served: ServedAuthority, status: int):
    served.behave = lambda query: Reply(served.authority.answer(query), status, headers={"Location": served.url})
    with pytest.raises(StampAuthorityUnavailable, match=f"HTTP status {status}"):
        stamp_checkpoint(NOTE, served.client())
    assert len(served.queries) == 1


def test_a_page_instead_of_a_reply_is_refused_whatever_it_holds(served: ServedAuthority):
    served.behave = lambda query: Reply(served.authority.answer(query), kind="text/html; charset=utf-8")
    with pytest.raises(StampAuthorityUnavailable, match="text/html"):
        stamp_checkpoint(NOTE, served.client())


def test_a_huge_reply_is_not_read(served: ServedAuthority):
    served.behave = lambda query: Reply(served.authority.answer(query) + bytes(50 * LARGEST_REPLY))
    with pytest.raises(StampAuthorityUnavailable, match=f"larger than {LARGEST_REPLY}"):
        stamp_checkpoint(NOTE, served.client())


def test_a_reply_that_drips_is_given_up_at_the_deadline(served: ServedAuthority):
    replies: list[Reply] = []

    def drip(query: bytes) -> Reply:
        # Each byte comes well within the deadline, all of them would take minutes.
        replies.append(Reply(served.authority.answer(query), drip_seconds=0.2))
        return replies[0]

    served.behave = drip
    with pytest.raises(StampAuthorityUnavailable, match="no whole answer in 1 seconds"):
        stamp_checkpoint(NOTE, served.client(deadline_seconds=1))
    replies[0].stop.set()


def test_an_authority_that_accepts_and_says_nothing_is_given_up(authority: StampAuthority):
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as silent:
        client = StampClient(f"http://127.0.0.1:{silent.getsockname()[1]}/", authority.trust, 0.5)
        with pytest.raises(StampAuthorityUnavailable, match=r"no whole answer|timed out"):
            stamp_checkpoint(NOTE, client)


def test_an_authority_that_is_down_is_named_unavailable(authority: StampAuthority):
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(StampAuthorityUnavailable, match="ConnectionRefusedError"):
        stamp_checkpoint(NOTE, StampClient(f"http://127.0.0.1:{port}/", authority.trust))


def test_a_proxy_named_in_the_environment_is_not_used(served: ServedAuthority, monkeypatch: pytest.MonkeyPatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert stamp_checkpoint(NOTE, served.client())


def test_a_server_without_a_trusted_certificate_is_not_spoken_to(served: ServedAuthority):
    client = StampClient(served.url.replace("http://", "https://"), served.authority.trust)
    with pytest.raises(StampAuthorityUnavailable, match="SSL"):
        stamp_checkpoint(NOTE, client)
    assert served.queries == []
