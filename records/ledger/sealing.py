"""The sealer's one pass: committed events become leaves, the tree grows, a checkpoint is signed.

Owns the order of leaves, which is the order of commits as far as transactions overlap, never of
ids or clocks: an event is sealed once its transaction is older than every running one. Whatever
fails leaves nothing behind; the next pass begins where the last checkpoint ends.
Serves: 21 CFR 11.10(a), 11.10(e).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connections

from records.errors_ledger import LedgerBroken, ReadBackDiffers
from records.keys import KeyStore
from records.ledger import checkpoints
from records.ledger.identity import CHECKPOINT_KEY, checkpoint_signer, ledger_origin, trusted_keys
from records.ledger.leaves import Format, fixed_texts, make_entries, present_format
from records.ledger.merkle import EMPTY_ROOT, leaf_hash, root_at
from records.ledger.recomputing import Formats, read_leaves, recompute
from records.ledger.trees import new_nodes, read_frontier, tree_reader

LEAVES_PER_PASS: Final = 50_000
"""Leaves of one pass at most, so that a transaction stays short when much is to be sealed."""

LEAVES_AT_A_TIME: Final = 4096
"""Leaves rendered together; memory holds their hashes only."""

SEAL_LOCK: Final = 7_210_060
"""The advisory lock that lets one sealer work at a time."""

ADD_LEAVES_SQL: Final = 'COPY records_leaf ("index", event_id, format_id, "hash") FROM STDIN'
HEAD_SQL: Final = "SELECT size, root, note, horizon, number FROM records_checkpoint ORDER BY size DESC LIMIT 1"
# A snapshot names the running transactions of the whole server. One that a backend of another database
# holds writes no event here, so it holds nothing back; whatever cannot be placed counts as ours.
SNAPSHOT_SQL: Final = """
SELECT coalesce((
    SELECT min(x) FROM pg_snapshot_xip(s) x WHERE NOT EXISTS (
      SELECT 1 FROM pg_locks l JOIN pg_stat_activity a USING (pid)
      WHERE l.locktype = 'transactionid' AND l.granted AND l.transactionid = x::xid
        AND a.datid <> (SELECT oid FROM pg_database WHERE datname = current_database()))),
  pg_snapshot_xmax(s))::text, pg_snapshot_xmax(s)::text
FROM pg_current_snapshot() s
"""

# Materialised, so that the planner never walks all events by id to find the few unsealed ones.
UNSEALED_SQL: Final = """
WITH unsealed AS MATERIALIZED (
  SELECT e.id FROM records_event e
  WHERE {condition} AND NOT EXISTS (SELECT 1 FROM records_leaf l WHERE l.event_id = e.id))
SELECT id FROM unsealed ORDER BY id LIMIT %s
"""
COMMITTED_SINCE: Final = "e.xact >= %s::xid8 AND e.xact < %s::xid8"
# In a database that was restored elsewhere, transactions count from another beginning.
COMMITTED_ANYWHERE: Final = "(e.xact < %s::xid8 OR e.xact >= %s::xid8)"


@dataclass(frozen=True, slots=True)
class Head:
    """The last checkpoint as stored, or the empty ledger."""

    size: int
    root: bytes
    horizon: int
    number: int = 0


def seal_everything(store: KeyStore, *, using: str = "sealer", limit: int = LEAVES_PER_PASS) -> int:
    """Run passes until nothing waits; return how many leaves were added. Writes and raises: as `seal_events`."""
    total = added = seal_events(store, using=using, limit=limit)
    while added == limit:
        added = seal_events(store, using=using, limit=limit)
        total += added
    return total


def seal_events(store: KeyStore, *, using: str = "sealer", limit: int = LEAVES_PER_PASS) -> int:
    """Seal committed events under one new checkpoint, all or nothing; return how many.

    Writes: records_leafformat, records_leaf, records_treenode, records_checkpoint.
    Raises: LedgerBroken, ReadBackDiffers, CheckpointKeyUnknown, and what the key store raises.
    """
    with fixed_texts(using):
        # (1) One sealer at a time; a second one leaves the work to the first.
        if not take_lock(using):
            return 0
        # (2) Extend only what is whole: the stored tree must lead to the root that was signed.
        head, origin = read_head(using), ledger_origin(using)
        signer = checkpoint_signer(store, origin, is_first=head.size == 0)
        # (3) Everything older than the oldest running transaction, in the order of ids.
        horizon, event_ids = find_unsealed(head.horizon, limit=limit, using=using)
        if not event_ids:
            return 0
        # (4) Leaves and tree nodes, then (5) all of it read back and computed again.
        add_leaves(head.size, event_ids, using=using)
        root = read_back(head.size, head.size + len(event_ids), using=using)
        # (6) Only now the signature.
        checkpoint = checkpoints.Checkpoint(origin, head.size + len(event_ids), root)
        note = checkpoints.sign_checkpoint(checkpoint, signer, lambda message: store.sign(CHECKPOINT_KEY, message))
        with connections[using].cursor() as cursor:
            cursor.execute(
                "INSERT INTO records_checkpoint (size, number, root, note, horizon) VALUES (%s, %s, %s, %s, %s)",
                [checkpoint.size, head.number + 1, root, str(note), horizon],
            )
    return len(event_ids)


def take_lock(using: str) -> bool:
    """Take the sealer's lock for this transaction; tell whether it was free."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SEAL_LOCK])
        return bool(cursor.fetchone()[0])


def read_head(using: str) -> Head:
    """Return the last checkpoint. Raises: LedgerBroken, and the refusals of `open_checkpoint`."""
    with connections[using].cursor() as cursor:
        cursor.execute(HEAD_SQL)
        found = cursor.fetchone()
        cursor.execute('SELECT max("index") + 1 FROM records_leaf')
        leaves = cursor.fetchone()[0] or 0
    head = Head(found[0], bytes(found[1]), found[3], found[4]) if found else Head(0, EMPTY_ROOT, 0)
    if leaves != head.size:
        raise LedgerBroken(problem=f"the last checkpoint is over {head.size} leaves, but there are {leaves}")
    if found:
        signed = checkpoints.open_checkpoint(found[2].encode(), ledger_origin(using), trusted_keys())
        if (signed.size, signed.root) != (head.size, head.root) or read_frontier(head.size, using).root() != head.root:
            raise LedgerBroken(problem=f"the stored tree does not lead to the checkpoint at {head.size}")
    return head


def find_unsealed(since: int, *, limit: int, using: str) -> tuple[int, list[int]]:
    """Return the new horizon and the ids of committed events without a leaf, lowest first."""
    with connections[using].cursor() as cursor:
        cursor.execute(SNAPSHOT_SQL)
        oldest, newest = map(int, cursor.fetchone())
        if since <= oldest:
            condition, bounds = COMMITTED_SINCE, [str(since), str(oldest)]
        else:
            condition, bounds = COMMITTED_ANYWHERE, [str(oldest), str(newest)]
        cursor.execute(UNSEALED_SQL.format(condition=condition), [*bounds, limit])
        found = [row[0] for row in cursor.fetchall()]
    return (since if len(found) == limit else oldest), found


def add_leaves(size: int, event_ids: Sequence[int], *, using: str) -> None:
    """Insert leaves and the tree nodes they complete."""
    form = present_format(using)
    format_id = keep_format(form, using)
    hashes: list[bytes] = []
    wrapper = connections[using]
    for start in range(0, len(event_ids), LEAVES_AT_A_TIME):
        chosen = event_ids[start : start + LEAVES_AT_A_TIME]
        entries = make_entries(using, form, chosen)
        made = [leaf_hash(entries[event_id]) for event_id in chosen]
        first = size + len(hashes)
        lines = "".join(
            f"{first + place}\t{event_id}\t{format_id}\t\\\\x{value.hex()}\n"
            for place, (event_id, value) in enumerate(zip(chosen, made, strict=True))
        )
        with wrapper.cursor() as cursor, wrapper.wrap_database_errors, cursor.copy(ADD_LEAVES_SQL) as copy:
            copy.write(lines)
        hashes += made
    with wrapper.cursor() as cursor:
        cursor.executemany(
            'INSERT INTO records_treenode (tier, "index", "hash") VALUES (%s, %s, %s)',
            list(new_nodes(size, hashes, using)),
        )


def keep_format(form: Format, using: str) -> int:
    """Return the id of a stored format, storing it at first use. Writes: records_leafformat."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT id FROM records_leafformat WHERE digest = %s", [form.digest])
        row = cursor.fetchone()
        if row is None:
            cursor.execute(
                "INSERT INTO records_leafformat (digest, text) VALUES (%s, %s) RETURNING id", [form.digest, form.text]
            )
            row = cursor.fetchone()
    return int(row[0])


def read_back(old_size: int, new_size: int, *, using: str) -> bytes:
    """Compute the new leaves and the root again, from what the database now holds.

    Raises: ReadBackDiffers, LedgerBroken.
    """
    frontier, formats = read_frontier(old_size, using), Formats(using)
    for start in range(old_size, new_size, LEAVES_AT_A_TIME):
        leaves = read_leaves(using, start, min(start + LEAVES_AT_A_TIME, new_size))
        for place, (leaf, found) in enumerate(recompute(using, leaves, formats), start):
            if (leaf.index, leaf.hash) != (place, found):
                raise ReadBackDiffers(index=place)
        frontier.extend(leaf.hash for leaf in leaves)
    if frontier.size != new_size:
        raise ReadBackDiffers(index=frontier.size)
    if root_at(new_size, tree_reader(new_size, using)) != frontier.root():
        raise LedgerBroken(problem="the tree nodes do not lead to the root of the leaves")
    return frontier.root()
