"""Sealed events reach a log service in ledger order, each at least once, whoever dies on the way."""

from __future__ import annotations

import dataclasses
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.db import connections

from records.ledger.sealing import seal_everything
from records.models import Event
from records.models_ledger import Leaf
from records.models_shipping import ShippingMark
from records.shipping.errors import LeavesMissing, SinkRefusedEvents, SinkUnavailable
from records.shipping.events import shape_for_azure, shape_like_cloudtrail
from records.shipping.pending import SHIPPING_LOCK, read_sealed_events, ship_pending, shipping_lock
from records.shipping.shipping import ship_events, wait_after
from records.shipping.sinks import HttpSink, SyslogSink
from tests.records.ledger.sealing_stage import make_files, sealer_keys
from tests.records.shipping.receivers import http_collector, syslog_receiver
from tests.servers import BASE_DIR, DATABASE, ROLES, address_of, administrator

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "sealer"]),
    pytest.mark.clause("11.10(e)"),
]

EVENTS = 25
BATCH = 4


@pytest.fixture(autouse=True)
def _sealed(settings: Any, tmp_path: Path) -> None:
    """Seal some events that the real rules made."""
    settings.KEYS_ROOT = tmp_path / "keys"
    settings.SEALER_KEYS_ROOT = tmp_path / "keys" / "sealer"
    make_files(EVENTS)
    seal_everything(sealer_keys(tmp_path))
    assert Leaf.objects.count() >= EVENTS


def http_sink(port: int, *, token: Callable[[], str] = str, **changes: Any) -> HttpSink:
    sink = HttpSink("http test", f"http://127.0.0.1:{port}/in?v=1", shape_like_cloudtrail, False, token, timeout=20)
    return dataclasses.replace(sink, **changes)


def syslog_sink(port: int, tls: ssl.SSLContext | None = None) -> SyslogSink:
    return SyslogSink("syslog test", "localhost" if tls else "127.0.0.1", port, tls, timeout=20)


def indices(records: list[dict[str, Any]]) -> list[int]:
    return [record["additionalEventData"]["leafIndex"] for record in records]


def read_syslog(messages: list[bytes]) -> list[dict[str, Any]]:
    return [json.loads(message[message.index(b"] {") + 2 :]) for message in messages]


def everything() -> list[int]:
    return list(range(Leaf.objects.count()))


def forget_wait() -> None:
    ShippingMark.objects.using("sealer").update(not_before=None)


def without_repeats(found: list[int]) -> list[int]:
    """Return the indices in the order in which each first came."""
    return list(dict.fromkeys(found))


def test_http_gets_every_sealed_event_in_order_and_later_ones_once() -> None:
    with http_collector() as collector:
        sink = http_sink(collector.port, token=lambda: "secret-token")
        assert ship_pending(sink, batch=BATCH) == len(everything())
        assert indices(collector.records()) == everything()
        assert max(len(batch) for batch in collector.seen) == BATCH
        assert {header["Authorization"] for header in collector.headers} == {"Bearer secret-token"}
        assert set(collector.paths) == {"/in?v=1"}
        assert ship_pending(sink) == 0
    first = collector.records()[0]
    event = Event.objects.get(pk=Leaf.objects.get(index=0).event_id)
    assert (first["eventName"], first["userIdentity"]["userName"]) == (event.act, event.actor_username)
    assert first["requestParameters"]["reason"] == event.reason


def test_azure_gets_arrays_of_rows() -> None:
    with http_collector() as collector:
        ship_pending(http_sink(collector.port, shape=shape_for_azure, is_array=True), batch=BATCH)
    assert [row["LeafIndex"] for row in collector.records()] == everything()
    assert {header["Content-Type"] for header in collector.headers} == {"application/json"}


def test_syslog_gets_every_sealed_event_in_order() -> None:
    with syslog_receiver() as receiver:
        assert ship_pending(syslog_sink(receiver.port), batch=BATCH) == len(everything())
    assert indices(read_syslog(receiver.messages)) == everything()


def test_an_event_not_sealed_yet_is_not_shipped() -> None:
    make_files(3, first=900)
    with http_collector() as collector:
        ship_pending(http_sink(collector.port))
    assert len(collector.records()) == Leaf.objects.count() == Event.objects.count() - 3


@pytest.mark.parametrize("failure", [500, 503, 429, 0], ids=["500", "503", "429", "cut off"])
def test_a_collector_that_fails_in_the_middle_loses_nothing_and_keeps_the_order(failure: int) -> None:
    with http_collector() as collector:
        collector.answers = [204, 204, failure]
        sink = http_sink(collector.port)
        with pytest.raises(SinkUnavailable):
            ship_pending(sink, batch=BATCH)
        assert ShippingMark.objects.get(sink=sink.name).next_index == 2 * BATCH
        forget_wait()
        ship_pending(sink, batch=BATCH)
        found = indices(collector.records())
    assert without_repeats(found) == everything()
    assert len(found) == len(everything()) + BATCH


def test_a_syslog_receiver_that_dies_in_the_middle_loses_nothing_and_keeps_the_order() -> None:
    with syslog_receiver() as receiver:
        receiver.die_after = 1500
        sink = syslog_sink(receiver.port)
        with pytest.raises(SinkUnavailable):
            ship_pending(sink, batch=EVENTS)
        assert ShippingMark.objects.get(sink=sink.name).next_index == 0
        forget_wait()
        ship_pending(sink, batch=EVENTS)
        found = indices(read_syslog(receiver.messages))
    assert without_repeats(found) == everything()
    assert len(found) > len(everything()), "the receiver died before it had a message: nothing was shown"


def make_certificate(folder: Path) -> Path:
    """Make a certificate of this machine's loopback name, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "receiver.pem"
    pem = serialization.Encoding.PEM
    path.write_bytes(
        certificate.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.clause("11.30")
def test_syslog_over_tls_is_confirmed_by_the_receivers_close_notify(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    trusting = ssl.create_default_context(cafile=str(certificate))
    with syslog_receiver(server_context(certificate)) as receiver:
        assert ship_pending(syslog_sink(receiver.port, trusting), batch=BATCH) == len(everything())
        assert indices(read_syslog(receiver.messages)) == everything()


def test_a_tls_receiver_that_ends_without_close_notify_has_confirmed_nothing(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    trusting = ssl.create_default_context(cafile=str(certificate))
    with syslog_receiver(server_context(certificate)) as receiver:
        receiver.is_silent_at_end = True
        with pytest.raises(SinkUnavailable):
            ship_pending(syslog_sink(receiver.port, trusting), batch=BATCH)
    assert ShippingMark.objects.get().next_index == 0


@pytest.mark.clause("11.30")
def test_a_tls_receiver_that_nobody_vouches_for_gets_nothing(tmp_path: Path) -> None:
    with syslog_receiver(server_context(make_certificate(tmp_path))) as receiver:
        with pytest.raises(SinkUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
            ship_pending(syslog_sink(receiver.port, ssl.create_default_context()))
        assert receiver.messages == []


def test_a_refusal_waits_for_a_person_and_nothing_is_skipped() -> None:
    with http_collector() as collector:
        collector.answers = [403]
        sink = http_sink(collector.port, token=lambda: "wrong-token")
        with pytest.raises(SinkRefusedEvents, match="403"):
            ship_pending(sink, batch=BATCH)
        mark = ShippingMark.objects.get(sink=sink.name)
        assert (mark.next_index, mark.failures) == (0, 1)
        assert "wrong-token" not in mark.last_error
        forget_wait()
        ship_pending(sink, batch=BATCH)
        assert without_repeats(indices(collector.records())) == everything()


@pytest.mark.parametrize("token", ["two\nlines", "töken", "a b"])
def test_a_token_that_no_header_can_carry_is_refused_without_repeating_it(token: str) -> None:
    with http_collector() as collector, pytest.raises(SinkRefusedEvents) as refusal:
        ship_pending(http_sink(collector.port, token=lambda: token))
    assert token not in refusal.value.text
    assert collector.seen == []


def test_a_missing_token_file_is_said(tmp_path: Path) -> None:
    with http_collector() as collector, pytest.raises(SinkUnavailable, match="token cannot be read"):
        ship_pending(http_sink(collector.port, token=(tmp_path / "token").read_text))


def test_after_a_failure_the_sink_is_left_alone_for_growing_times() -> None:
    with http_collector() as collector:
        sink = http_sink(collector.port)
        for failures in (1, 2, 3):
            collector.answers = [503]
            with pytest.raises(SinkUnavailable):
                ship_pending(sink)
            mark = ShippingMark.objects.get(sink=sink.name)
            assert mark.failures == failures
            assert mark.not_before is not None
            before = len(collector.seen)
            assert ship_pending(sink) == 0
            assert len(collector.seen) == before
            forget_wait()
        ship_pending(sink)
    mark = ShippingMark.objects.get(sink=sink.name)
    assert (mark.failures, mark.not_before, mark.last_error) == (0, None, "")
    assert [wait_after(n).total_seconds() for n in (1, 2, 3, 8, 9, 10**6)] == [5, 10, 20, 640, 900, 900]


def test_a_receiver_that_is_not_there_is_a_refusal_with_a_reason() -> None:
    with http_collector() as collector:
        port = collector.port
    for sink in (http_sink(port), syslog_sink(port)):
        with pytest.raises(SinkUnavailable, match="refused"):
            ship_pending(sink)


def test_nothing_is_shipped_past_a_gap() -> None:
    """A leaf that somebody took away stops shipping instead of being passed over."""
    with administrator(DATABASE) as connection:
        connection.execute("ALTER TABLE records_leaf DISABLE TRIGGER USER")
        connection.execute('DELETE FROM records_leaf WHERE "index" = 6')
        connection.execute("ALTER TABLE records_leaf ENABLE ALWAYS TRIGGER append_only_row")
        connection.execute("ALTER TABLE records_leaf ENABLE ALWAYS TRIGGER append_only_truncate")
    with http_collector() as collector:
        with pytest.raises(LeavesMissing, match="leaf 7 where 6"):
            ship_pending(http_sink(collector.port), batch=BATCH)
        assert indices(collector.records()) == [0, 1, 2, 3]


def test_two_shippers_never_mix_their_orders() -> None:
    with psycopg.connect(address_of(ROLES.sealer), autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [SHIPPING_LOCK])
        with http_collector() as collector:
            assert ship_pending(http_sink(collector.port)) == 0
            assert collector.seen == []
        other.execute("SELECT pg_advisory_unlock(%s)", [SHIPPING_LOCK])
    with shipping_lock("sealer") as is_ours:
        assert is_ours


def test_no_transaction_is_open_while_the_network_is_waited_for() -> None:
    class Watching:
        name = "watching"
        states: list[str] = []

        def send(self, events: Any) -> None:
            with administrator(DATABASE) as connection:
                found = connection.execute(
                    "SELECT state FROM pg_stat_activity WHERE usename = %s AND datname = %s", (ROLES.sealer, DATABASE)
                ).fetchall()
            self.states += [row[0] for row in found]

    sink = Watching()
    ship_pending(sink, batch=BATCH)
    assert sink.states
    assert set(sink.states) == {"idle"}


def test_session_keys_never_leave() -> None:
    with http_collector() as collector:
        ship_pending(http_sink(collector.port))
    assert not [record for record in collector.records() if "session" in json.dumps(record).lower()]


@pytest.mark.clause("11.10(d)")
@pytest.mark.parametrize(
    "statement", ["UPDATE records_shippingmark SET next_index = 9", "DELETE FROM records_shippingmark"]
)
def test_the_web_process_cannot_move_a_mark(app_connection: Any, statement: str) -> None:
    ShippingMark.objects.using("sealer").create(sink="x")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app_connection.execute(statement)


CHILD = """
import sys
import django
django.setup()
from records.shipping.pending import SHIPPING_LOCK, ship_pending
from tests.records.shipping.test_shipping import BATCH, http_sink
print("started", flush=True)
sys.stdin.readline()
ship_pending(http_sink(int(sys.argv[1])), batch=BATCH)
print("finished", flush=True)
"""


def ship_in_a_process(port: int, begin: Callable[[int], None]) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONWARNINGS": "ignore"}
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(port)],
        cwd=BASE_DIR,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "started\n"
    begin(child.pid)
    said, _ = child.communicate("\n", timeout=120)
    return subprocess.CompletedProcess(child.args, child.returncode, said)


@pytest.mark.assurance("E1")
def test_a_shipper_killed_before_it_moved_the_mark_sends_that_batch_again() -> None:
    connections["sealer"].close()
    with http_collector() as collector:

        def begin(pid: int) -> None:
            collector.sender, collector.kill = pid, 3

        killed = ship_in_a_process(collector.port, begin)
        assert (killed.returncode, killed.stdout) == (-9, "")
        assert ShippingMark.objects.get().next_index == 2 * BATCH
        collector.kill = None
        finished = ship_in_a_process(collector.port, lambda pid: None)
        assert (finished.returncode, finished.stdout) == (0, "finished\n")
        found = indices(collector.records())
    assert without_repeats(found) == everything()
    assert len(found) == len(everything()) + BATCH


def test_without_a_mark_that_moves_everything_is_sent_again() -> None:
    """The negative control: it is the stored mark that resumes."""

    class Forgetful:
        place = 0

        def next_index(self) -> int:
            return self.place

        def advance(self, next_index: int) -> None:
            self.place = next_index

    with http_collector() as collector:
        for _ in range(2):
            ship_events(
                lambda first, limit: read_sealed_events(first, limit, using="sealer"),
                http_sink(collector.port),
                Forgetful(),
            )
    assert indices(collector.records()) == everything() * 2
