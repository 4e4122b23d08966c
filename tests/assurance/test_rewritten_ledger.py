"""Whoever has the database and the sealer's key can make every row fit, but not what left the building."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.db import connection

from records.archive.folder import FolderArchive
from records.keys import KeyStore
from records.ledger.archiving import archive_ledger
from records.ledger.checking import check_events, check_ledger
from records.ledger.cosigning import cosign_last
from records.ledger.identity import trusted_keys
from records.ledger.known import check_known_checkpoint, check_witness
from records.ledger.sealing import seal_events, seal_everything
from records.models_ledger import Checkpoint
from records.verifying.archive import check_checkpoint
from records.verifying.findings import Finding, Tally
from tests.assurance.attacking import as_superuser, choose, run_past_guards, undone
from tests.records.ledger.sealing_stage import DATABASES, make_events, sealer_keys
from tests.sizes import choose_size
from tests.witnesses import running_witness

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=DATABASES),
    pytest.mark.clause("11.10(c)"),
    pytest.mark.clause("11.10(e)"),
    pytest.mark.assurance("C2"),
]

ROUNDS = choose_size(small=3, full=10)
GROWTH = (5, 300, 7, 40)
LEDGER = ("records_leaf", "records_treenode", "records_checkpoint", "records_checkpointcosignature")
AN_OLDER_SIZE = "SELECT size FROM records_checkpoint WHERE size < (SELECT max(size) FROM records_checkpoint)"
ARCHIVED = ("records_archivedobject",)


@pytest.fixture
def store(settings, tmp_path):
    settings.KEYS_ROOT = tmp_path / "keys"
    settings.SEALER_KEYS_ROOT = tmp_path / "keys" / "sealer"
    settings.FILES_ROOT = tmp_path / "files"
    settings.ARCHIVE = replace(settings.ARCHIVE, kind="folder", root=tmp_path / "archive", seconds=5)
    return sealer_keys(tmp_path)


@pytest.fixture
def outside(store, settings, tmp_path):
    """A ledger that a witness cosigned, an archive took and somebody copied a checkpoint of."""
    archive = FolderArchive(tmp_path / "archive")
    archive.check_ready()
    make_events(GROWTH[0])
    seal_events(store)
    with running_witness(tmp_path / "witness", trusted_keys()[0]) as witness:
        settings.WITNESS_URL, settings.WITNESS_KEY = witness.url, str(witness.key)
        cosign_last()
        for count in GROWTH[1:]:
            make_events(count)
            seal_events(store)
            cosign_last()
        archive_ledger(archive)
        yield archive


def forget_ledger() -> None:
    run_past_guards("".join(f"DELETE FROM {table};" for table in (*LEDGER, *ARCHIVED)), *LEDGER, *ARCHIVED)


def rewrite_event(generator: random.Random, store: KeyStore) -> None:
    """Alter an event, make all leaves, nodes and checkpoints anew, sign them with the stolen key."""
    index, event = choose(generator, 'SELECT "index", event_id FROM records_leaf')
    forget_ledger()
    run_past_guards(f"UPDATE records_event SET reason = 'another {index}' WHERE id = {event}", "records_event")
    seal_everything(store, using="default", limit=generator.choice((50, 100, 400)))


def remove_event(generator: random.Random, store: KeyStore) -> None:
    """Take one event out of the past and seal the rest anew."""
    (event,) = choose(generator, "SELECT event_id FROM records_leaf")
    forget_ledger()
    run_past_guards(f"DELETE FROM records_event WHERE id = {event}", "records_event")
    seal_everything(store, using="default")


def swap_events(generator: random.Random, store: KeyStore) -> None:
    """Let two events have happened the other way round."""
    pairs = "SELECT event_id FROM records_leaf WHERE event_id + 1 IN (SELECT event_id FROM records_leaf)"
    (event,) = choose(generator, pairs)
    forget_ledger()
    statement = "UPDATE records_event SET id = CASE id WHEN {0} THEN -{1} ELSE -{0} END WHERE id IN ({0}, {1});"
    back = "UPDATE records_event SET id = -id WHERE id < 0"
    run_past_guards(statement.format(event, event + 1) + back, "records_event")
    seal_everything(store, using="default")


def restore_older(generator: random.Random, store: KeyStore) -> None:
    """Put the database back to an older checkpoint, as from last week's backup."""
    (size,) = choose(generator, AN_OLDER_SIZE)
    cut = (
        f'DELETE FROM records_event WHERE id IN (SELECT event_id FROM records_leaf WHERE "index" >= {size});'
        f'DELETE FROM records_leaf WHERE "index" >= {size};'
        f'DELETE FROM records_treenode WHERE ("index" + 1) * 256 ^ tier > {size};'
        f"DELETE FROM records_checkpointcosignature WHERE checkpoint_id > {size};"
        f"DELETE FROM records_checkpoint WHERE size > {size};"
        "DELETE FROM records_archivedobject;"
    )
    run_past_guards(cut, "records_event", *LEDGER, *ARCHIVED)


def restore_and_diverge(generator: random.Random, store: KeyStore) -> None:
    """Go back to an older checkpoint and let other events follow, up to the same size."""
    (size,) = choose(generator, AN_OLDER_SIZE)
    cut = (
        f"UPDATE records_event SET reason = 'as we like it' WHERE id IN"
        f' (SELECT event_id FROM records_leaf WHERE "index" >= {size});'
        f'DELETE FROM records_leaf WHERE "index" >= {size};'
        f'DELETE FROM records_treenode WHERE ("index" + 1) * 256 ^ tier > {size};'
        f"DELETE FROM records_checkpointcosignature WHERE checkpoint_id > {size};"
        f"DELETE FROM records_checkpoint WHERE size > {size};"
        "DELETE FROM records_archivedobject;"
        f"UPDATE records_checkpoint SET horizon = 0 WHERE size = {size};"
    )
    run_past_guards(cut, "records_event", *LEDGER, *ARCHIVED)
    seal_everything(store, using="default")


ATTACKS: tuple[Callable[[random.Random, KeyStore], None], ...] = (
    rewrite_event,
    remove_event,
    swap_events,
    restore_older,
    restore_and_diverge,
)
KINDS = {"ledger_rolled_back", "ledger_rewritten"}


def kinds_of(findings: list[Finding]) -> set[str]:
    return {finding.kind for finding in findings}


def test_every_rewrite_and_rollback_shows_from_outside_and_from_nowhere_else(outside, store, randomly_seeded):
    exported = Checkpoint.objects.latest("size").note.encode()
    seen_inside, missed, tried = 0, [], 0
    with as_superuser():
        assert [*check_known_checkpoint(exported), *check_witness(Tally()), *check_checkpoint(outside)] == []
        for number in range(ROUNDS):
            for strike in ATTACKS:
                with undone():
                    strike(random.Random(f"{randomly_seeded} {strike.__name__} {number}"), store)
                    seen = {
                        "exported checkpoint": kinds_of(list(check_known_checkpoint(exported))),
                        "witness": kinds_of(list(check_witness(Tally()))),
                        "archive": kinds_of(list(check_checkpoint(outside))),
                    }
                    inside = [finding for check in (check_ledger, check_events) for finding in check(Tally())]
                tried += 1
                seen_inside += bool(inside)
                missed += [(strike.__name__, holder, kinds) for holder, kinds in seen.items() if not kinds & KINDS]
    sys.stdout.write(f"\nC2: {tried} rewrites and rollbacks, {len(missed)} not shown by one of three holders\n")
    assert not missed, missed
    assert seen_inside == 0, "the rows fit, so without the holders nothing would be seen"
    connection.close()
