"""Proofs out of the stored ledger lead from an event to the root of a checkpoint, and say where it stands."""

from __future__ import annotations

import pytest

from records.errors_ledger import LedgerBroken
from records.ledger.errors import ProofInvalid
from records.ledger.merkle import verify_inclusion
from records.ledger.proving import find_checkpoint, prove_events
from records.ledger.sealing import seal_events
from records.models_ledger import Checkpoint, CheckpointCosignature, CheckpointStamp, Leaf
from tests.records.ledger.sealing_stage import DATABASES, make_files

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=DATABASES),
    pytest.mark.clause("11.10(b)"),
    pytest.mark.clause("11.10(e)"),
]


def hash_of(event):
    return bytes(Leaf.objects.get(event_id=event).hash)


def test_every_event_is_proved_under_every_later_checkpoint(store):
    events: list[int] = []
    for count in (1, 2, 5, 300):
        events += make_files(count, first=len(events) + 1)
        seal_events(store)
    for checkpoint in Checkpoint.objects.all():
        proofs = list(prove_events(events, checkpoint))
        assert [one.event_id for one in proofs] == events[: checkpoint.size]
        for one in proofs:
            path = list(one.path)
            verify_inclusion(hash_of(one.event_id), one.index, checkpoint.size, path, bytes(checkpoint.root))


def test_each_tile_is_read_once_for_all_events_in_it(store, django_assert_num_queries):
    events = make_files(700)
    seal_events(store)
    checkpoint = Checkpoint.objects.get()
    with django_assert_num_queries(1 + 3 + 1):  # the leaves; three tiles of leaves and the one above them
        assert len(list(prove_events(events, checkpoint))) == 700


def test_an_event_that_is_not_sealed_yet_has_no_proof(store):
    early = make_files(2)
    seal_events(store)
    late = make_files(1, first=3)
    proofs = list(prove_events([*early, *late], Checkpoint.objects.get()))
    assert [one.event_id for one in proofs] == early


def test_a_lost_leaf_is_told_instead_of_proved(store, fresh_database, admin_connection):
    events = make_files(4)
    seal_events(store)
    admin_connection.execute("ALTER TABLE records_leaf DISABLE TRIGGER ALL")
    admin_connection.execute('DELETE FROM records_leaf WHERE "index" = 2')
    with pytest.raises(LedgerBroken):
        list(prove_events(events[:1], Checkpoint.objects.get()))


def confirm(size, *, model):
    """Put a confirmation's row under a checkpoint; what it says is judged elsewhere."""
    made = {"checkpoint_id": size}
    made |= {"witness": "w", "line": "x"} if model is CheckpointCosignature else {}
    if model is CheckpointStamp:
        made |= {"authority": "a", "token": b"x", "stamped_at": Checkpoint.objects.get(size=size).made_at}
    model.objects.using("sealer").create(**made)


def chosen(events):
    """Return the size of the checkpoint chosen for events."""
    found = find_checkpoint(events)
    assert found is not None
    return found.size


def test_the_checkpoint_that_says_most_is_chosen(store):
    assert find_checkpoint([]) is None
    events = make_files(1)
    seal_events(store)
    for number in range(2, 6):
        make_files(1, first=number)
        seal_events(store)
    last = Leaf.objects.get(index=4).event_id
    assert chosen(events) == 5
    confirm(2, model=CheckpointCosignature)
    assert chosen(events) == 2
    assert chosen([last]) == 2  # its youngest events are not proven yet
    confirm(4, model=CheckpointCosignature)
    confirm(4, model=CheckpointStamp)
    assert chosen(events) == 4
    assert chosen([last]) == 4


def test_negative_control_a_proof_of_another_event_leads_elsewhere(store):
    events = make_files(5)
    seal_events(store)
    checkpoint = Checkpoint.objects.get()
    one, other = prove_events(events[:2], checkpoint)
    with pytest.raises(ProofInvalid, match="another root"):
        verify_inclusion(hash_of(other.event_id), one.index, 5, list(one.path), bytes(checkpoint.root))
