"""The verification page recomputes everything from raw data and names what a superuser changed."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest
from django.test import Client
from psycopg import sql

from qms.batches.models import BatchRecord
from records.digests import sha256_hex
from records.stores import file_store
from tests import servers
from tests.qms.scene import make_scene

pytestmark = [pytest.mark.clause("11.10(a)", "11.10(b)", "11.70")]

SWITCH = """
DO $$ DECLARE guard record; BEGIN
  FOR guard IN SELECT tgrelid::regclass AS place, tgname FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
    WHERE NOT tgisinternal AND relnamespace = 'public'::regnamespace LOOP
    EXECUTE format('ALTER TABLE %s {} TRIGGER %I', guard.place, guard.tgname);
  END LOOP;
END $$
"""
OTHER = b'{"forged":true}'
ON_SIGNATURES = frozenset({"signatures_signature", "records_version"})


@dataclass(frozen=True)
class Attack:
    """One column of some rows overwritten by a superuser, and what the page must say then."""

    table: str
    column: str
    value: object
    key: str
    row: int
    says: str


def write_past_the_guards(attack: Attack, value: object) -> object:
    """Overwrite a column with every trigger off, cover the tracks, and return what stood there."""
    names = {"table": sql.Identifier(attack.table), "column": sql.Identifier(attack.column)}
    where = {"key": sql.Identifier(attack.key), "row": sql.Literal(attack.row)}
    with psycopg.connect(servers.ADMIN_URL, dbname=servers.DATABASE) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(SWITCH.format("DISABLE"))
        find = sql.SQL("SELECT {column} FROM {table} WHERE {key} = {row} LIMIT 1").format(**names, **where)
        found = connection.execute(find).fetchone()
        change = sql.SQL("UPDATE {table} SET {column} = %s WHERE {key} = {row}").format(**names, **where)
        assert connection.execute(change, (value,)).rowcount == 1
        connection.execute(SWITCH.format("ENABLE ALWAYS"))
    assert found is not None
    before: object = found[0]
    return before


@contextmanager
def carried_out(attack: Attack) -> Iterator[None]:
    """Let an attack stand for a while."""
    before = write_past_the_guards(attack, attack.value)
    yield
    write_past_the_guards(attack, before)


def broken_lines(client: Client, path: str) -> list[str]:
    """Return the lines of the checklist that are not met, as plain text."""
    answer = client.get(path)
    assert answer.status_code == 200
    found = re.findall(r'<li class="broken">(.*?)</li>', answer.content.decode(), re.DOTALL)
    return [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", line)).split()) for line in found]


def says_of_signatures(client: Client, path: str) -> list[str]:
    """Return what stands beside each signature on a page of the timeline."""
    answer = client.get(path, {"show": "signature"})
    found = re.findall(r'<span class="timeline-remark[^>]*>(.*?)</span>', answer.content.decode(), re.DOTALL)
    texts = [re.sub(r"<[^>]+>", " ", text) for text in found]
    return [word for text in texts for word in ("verified", "not valid") if word in text]


def make_attacks(batch: BatchRecord) -> list[Attack]:
    """Return one attack on each thing that the page says it checked."""
    version, signature = batch.versions.latest("number"), batch.signatures.get()
    snapshot = batch.history.latest().history_id
    event = batch.events.earliest("id").pk
    return [
        Attack("batches_batchrecord", "units_received", 999, "controlledrecord_ptr_id", batch.pk, "units_received"),
        Attack("batches_historicalbatchrecord", "note", "forged", "history_id", snapshot, "note"),
        Attack("records_controlledrecord", "state", "released", "id", batch.pk, "state"),
        Attack("records_version", "content", OTHER, "id", version.pk, "the frozen copy was altered"),
        Attack("records_version", "content_hash", "0" * 64, "id", version.pk, "the frozen copy was altered"),
        Attack("signatures_signature", "printed_name", "Somebody Else", "id", signature.pk, signature.number),
        Attack("signatures_signature", "meaning", "approval", "id", signature.pk, signature.number),
        Attack("signatures_signature", "statement", OTHER, "id", signature.pk, signature.number),
        Attack("records_event", "actor_username", "", "id", event, "name nobody"),
    ]


@pytest.mark.django_db(transaction=True)
def test_what_a_superuser_changed_is_named_and_nothing_else():
    scene = make_scene()
    batch, client = scene.here.batch, scene.people["inspector"].client(fresh=True)
    path = scene.here.path("inspections:record-verify")
    assert broken_lines(client, path) == []
    timeline = scene.here.path("inspections:lot-detail")
    assert says_of_signatures(client, timeline) == ["verified"]
    missed = []
    for attack in make_attacks(batch):
        with carried_out(attack):
            lines = broken_lines(client, path)
            said = says_of_signatures(client, timeline)
        assert said == (["not valid"] if attack.table in ON_SIGNATURES else ["verified"]), attack
        if not any(attack.says in line for line in lines):
            missed.append(f"{attack.table}.{attack.column}: {lines}")
        assert all("ask the quality unit" in line for line in lines)
    assert not missed, "\n".join(missed)
    both_forged(batch, client, path)
    file_overwritten(batch, client, path)
    assert broken_lines(client, path) == []


def both_forged(batch: BatchRecord, client: Client, path: str) -> None:
    """Content and its hash forged together: the version is consistent, its signatures are not."""
    version = batch.versions.latest("number")
    content = Attack("records_version", "content", OTHER, "id", version.pk, "")
    digest = Attack("records_version", "content_hash", sha256_hex(OTHER), "id", version.pk, "")
    with carried_out(content), carried_out(digest):
        lines = broken_lines(client, path)
    assert any(line.startswith("✗ no: Signature") or batch.signatures.get().number in line for line in lines), lines


def file_overwritten(batch: BatchRecord, client: Client, path: str) -> None:
    """One photograph's file overwritten, another gone."""
    first, second = batch.images.order_by("position")[:2]
    places = [file_store().path_of(image.original_id) for image in (first, second)]
    kept = [place.read_bytes() for place in places]
    for place in places:
        place.chmod(0o640)
        place.unlink()
    places[0].write_bytes(kept[0][:-1] + b"\x00")
    lines = broken_lines(client, path)
    for image, place, content in zip((first, second), places, kept, strict=True):
        assert any(image.original_id[:12] in line for line in lines), lines
        place.unlink(missing_ok=True)
        place.write_bytes(content)
        place.chmod(0o440)
