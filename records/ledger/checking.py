"""The ledger's part of `manage.py verify`: rows ↔ leaves ↔ tree ↔ checkpoints, recomputed from the rows.

Owns one walk over all leaves. A leaf that its rows no longer give is named by its event; a tree
that does not lead to a signed root is named by the leaves between two checkpoints.
Serves: 21 CFR 11.10(a), 11.10(e).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.conf import settings
from django.db import DatabaseError, connection

from records.errors import Refusal
from records.ledger.checkpoints import open_checkpoint
from records.ledger.identity import ledger_origin, trusted_keys
from records.ledger.lag import measure_lag
from records.ledger.leaves import fixed_texts
from records.ledger.merkle import Frontier, root_of
from records.ledger.recomputing import Formats, StoredLeaf, read_leaves, recompute, spared_collector
from records.ledger.sealing import LEAVES_AT_A_TIME
from records.ledger.tiles import WIDTH, Tile, split_tile
from records.ledger.trees import read_frontier, tile_reader
from records.models_ledger import Checkpoint, Leaf, TreeNode
from records.verifying.findings import Finding, LedgerHead, Tally, register_check, shorten

EVENT, LEAF, FORMAT = "records_event", "records_leaf", "records_leafformat"
NODE, HEAD = "records_treenode", "records_checkpoint"

# Events that the last checkpoint claims to cover. Horizons of another cluster say nothing here.
UNSEALED_SQL = """
SELECT e.id, e.xact::text FROM records_event e
WHERE e.xact < (SELECT horizon::text::xid8 FROM records_checkpoint
    WHERE horizon::text::xid8 <= pg_snapshot_xmax(pg_current_snapshot()) ORDER BY size DESC LIMIT 1)
  AND NOT EXISTS (SELECT 1 FROM records_leaf l WHERE l.event_id = e.id) ORDER BY e.id
"""

# A clock may jump and a transaction may last, but not for a day. A checkpoint that did not move the
# horizon left older events to the next.
BACKDATED_SQL = """
WITH heads AS (
  SELECT size, made_at, horizon > coalesce(lag(horizon) OVER w, 0) AS is_whole, lead(size) OVER w AS next_size
  FROM records_checkpoint WINDOW w AS (ORDER BY size))
SELECT l.event_id, e.at::text, c.made_at::text FROM heads c
JOIN records_leaf l ON l.index >= c.size AND l.index < c.next_size
JOIN records_event e ON e.id = l.event_id AND e.at < c.made_at - interval '1 day'
WHERE c.is_whole AND c.next_size > %s ORDER BY l.index
"""

ORPHANS_SQL = """
SELECT '{table}', id, checkpoint_id FROM {table} o
WHERE NOT EXISTS (SELECT 1 FROM records_checkpoint c WHERE c.size = o.checkpoint_id) ORDER BY id
"""


@register_check("ledger", incremental=True)
def check_ledger(tally: Tally) -> Iterator[Finding]:
    """Recompute every leaf from its rows, every root from the leaves, and open every checkpoint."""
    try:
        walk = Walk(tally)
    except Refusal as refusal:
        yield Finding("ledger_unreadable", HEAD, "", "", "a ledger that can be read", shorten(refusal))
        return
    yield from walk.check_beginning()
    with spared_collector():
        yield from walk.check_leaves()
    yield from walk.check_end()


@register_check("events in the ledger", incremental=True)
def check_events(tally: Tally) -> Iterator[Finding]:
    """Name committed events that should be leaves but are not, and sealed ones that claim an earlier day."""
    with connection.cursor() as cursor:
        cursor.execute(UNSEALED_SQL)
        for event_id, xact in cursor.fetchall():
            yield Finding("event_unsealed", EVENT, str(event_id), "", "a leaf", f"none, of transaction {xact}")
        cursor.execute(BACKDATED_SQL, [tally.since.size if tally.since else 0])
        for event_id, at, made_at in cursor.fetchall():
            yield Finding("event_backdated", EVENT, str(event_id), "at", f"not long before {made_at}", at)
        for table in ("records_checkpointcosignature", "records_checkpointstamp"):
            cursor.execute(ORPHANS_SQL.format(table=table))
            for place, key, size in cursor.fetchall():
                yield Finding("checkpoint_missing", place, str(key), "checkpoint_id", f"checkpoint at {size}", "none")
    lag = measure_lag()
    if lag.is_too_long and lag.size:
        expected, found = "sealed within the limit", f"{lag.waiting} events wait, the oldest for {lag.seconds:.0f} s"
        yield Finding("events_waiting", EVENT, "", "", expected, found)
    tally.add("events waiting for the sealer", lag.waiting)


def find_origin() -> str:
    """Return the ledger's name, or that of the settings where the last checkpoint cannot be read."""
    try:
        return ledger_origin()
    except Refusal:
        return str(settings.LEDGER_ORIGIN)


class Walk:
    """One walk over the leaves in their order, the tree growing beside it."""

    def __init__(self, tally: Tally) -> None:
        """Begin at the first leaf, or at the head of an earlier run. Raises: what the tree's reading refuses."""
        self.tally = tally
        self.start = tally.since.size if tally.since else 0
        self.keys, self.origin = trusted_keys(), find_origin()
        self.frontier = read_frontier(self.start) if self.start else Frontier()
        self.is_tree_whole = self.is_complete = True
        self.lost_formats: set[int] = set()
        self.formats = Formats("default")
        self.pending: dict[int, list[bytes]] = {}
        self.last = Checkpoint.objects.filter(size__lte=self.start).order_by("-size").first()
        self.number = self.last.number if self.last else 0

    def check_beginning(self) -> Iterator[Finding]:
        """Compare the stored tree with the head of the earlier run."""
        since = self.tally.since
        if since and self.frontier.root() != since.root:
            self.is_tree_whole = False
            yield Finding(
                "ledger_rewritten", HEAD, str(since.size), "root", since.root.hex(), self.frontier.root().hex()
            )
        tier, count, read_tile = 0, self.start, tile_reader()
        while count:
            if count % WIDTH:
                tile = Tile(tier, count // WIDTH, count % WIDTH)
                self.pending[tier] = split_tile(tile, read_tile(tile))
            tier, count = tier + 1, count // WIDTH

    def check_leaves(self) -> Iterator[Finding]:
        """Walk over all leaves and the checkpoints among them."""
        last = Leaf.objects.order_by("-index").values_list("index", flat=True).first()
        end = 0 if last is None else last + 1
        self.tally.expect("leaves", max(end - self.start, 0))
        checkpoints = Checkpoint.objects.filter(size__gt=self.start).order_by("size").iterator(chunk_size=500)
        waiting = next(checkpoints, None)
        for first in range(self.start, end, LEAVES_AT_A_TIME):
            with fixed_texts("default"):
                leaves = read_leaves("default", first, min(first + LEAVES_AT_A_TIME, end))
                yield from self.check_rows(leaves, first, min(first + LEAVES_AT_A_TIME, end))
            hashes, grown = [leaf.hash for leaf in leaves], 0
            while waiting is not None and waiting.size <= first + len(leaves):
                self.frontier.extend(hashes[grown : waiting.size - first])
                grown = waiting.size - first
                yield from self.check_checkpoint(waiting)
                waiting = next(checkpoints, None)
            self.frontier.extend(hashes[grown:])
            if self.is_complete:
                yield from self.check_nodes(hashes)
            self.tally.add("leaves", len(leaves))
        while waiting is not None:
            yield from self.check_checkpoint(waiting)
            waiting = next(checkpoints, None)

    def check_rows(self, leaves: Sequence[StoredLeaf], start: int, end: int) -> Iterator[Finding]:
        """Compare stored leaves with what the rows of their events give."""
        if len(leaves) != end - start:
            self.is_tree_whole = self.is_complete = False
            for index in sorted(set(range(start, end)) - {leaf.index for leaf in leaves}):
                yield Finding("leaf_missing", LEAF, str(index), "", "a leaf", "none")
        yield from self.check_formats({leaf.format_id for leaf in leaves})
        readable = [leaf for leaf in leaves if leaf.format_id not in self.lost_formats]
        try:
            for leaf, found in recompute("default", readable, self.formats):
                if found is None:
                    expected = f"the event of leaf {leaf.index}"
                    yield Finding("event_missing", EVENT, str(leaf.event_id), "", expected, "no such event")
                elif found != leaf.hash:
                    expected = f"leaf {leaf.index}: {leaf.hash.hex()}"
                    yield Finding("event_altered", EVENT, str(leaf.event_id), "", expected, found.hex())
        except DatabaseError as problem:
            place = f"{start} to {end - 1}"
            yield Finding("leaves_unreadable", LEAF, place, "format_id", "columns that exist", shorten(problem))

    def check_formats(self, format_ids: set[int]) -> Iterator[Finding]:
        """Read the formats of some leaves; leaves of an altered one cannot be recomputed."""
        for format_id in sorted(format_ids - self.lost_formats):
            try:
                self.formats.find(format_id)
            except Refusal as refusal:
                self.lost_formats.add(format_id)
                yield Finding("format_altered", FORMAT, str(format_id), "text", "as sealed", shorten(refusal))

    def check_checkpoint(self, row: Checkpoint) -> Iterator[Finding]:
        """Open one checkpoint and compare it with its row and with the tree at its size."""
        self.tally.add("checkpoints")
        name, root = str(row.size), bytes(row.root)
        try:
            signed = open_checkpoint(row.note.encode(), self.origin, self.keys)
        except Refusal as refusal:
            yield Finding("checkpoint_forged", HEAD, name, "note", "signed by a published key", shorten(refusal))
        else:
            if (signed.size, signed.root) != (row.size, root):
                found = f"{signed.size}, {signed.root.hex()}"
                yield Finding("checkpoint_altered", HEAD, name, "size, root", f"{row.size}, {root.hex()}", found)
        if row.number != self.number + 1:
            yield Finding("checkpoint_missing", HEAD, name, "number", str(self.number + 1), str(row.number))
        before = self.last.size if self.last else 0
        if self.last and row.made_at < self.last.made_at and row.horizon < self.last.horizon:
            yield Finding("checkpoint_altered", HEAD, name, "made_at", f"after {self.last.made_at}", f"{row.made_at}")
        self.number, self.last = row.number, row
        if self.is_tree_whole and (self.frontier.size, self.frontier.root()) != (row.size, root):
            self.is_tree_whole = False  # every later root differs too and would tell nothing new
            expected = f"root {root.hex()} over leaves {before} to {row.size - 1}"
            found = f"root {self.frontier.root().hex()} over {self.frontier.size} leaves"
            yield Finding("leaves_altered", LEAF, f"{before} to {row.size - 1}", "hash", expected, found)

    def check_nodes(self, hashes: Sequence[bytes], tier: int = 0) -> Iterator[Finding]:
        """Compare the tree nodes that these hashes complete with the stored ones."""
        row = [*self.pending.get(tier, []), *hashes]
        whole = len(row) // WIDTH * WIDTH
        made = [root_of(row[start : start + WIDTH]) for start in range(0, whole, WIDTH)]
        self.pending[tier] = row[whole:]
        if not made:
            return
        done = self.frontier.size // WIDTH ** (tier + 1)
        stored = TreeNode.objects.filter(tier=tier + 1, index__gte=done - len(made), index__lt=done)
        found = {node.index: bytes(node.hash) for node in stored}
        for index, value in enumerate(made, done - len(made)):
            if found.get(index) != value:
                was = found[index].hex() if index in found else "none"
                yield Finding("node_altered", NODE, f"{tier + 1}/{index}", "hash", value.hex(), was)
        yield from self.check_nodes(made, tier + 1)

    def check_end(self) -> Iterator[Finding]:
        """Make sure that no leaf or node lies beyond the last checkpoint, and that a ledger is there at all."""
        size = self.last.size if self.last else 0
        if self.frontier.size != size:
            expected, found = f"a checkpoint over {self.frontier.size} leaves", f"the last one is over {size}"
            yield Finding("leaves_unsigned", LEAF, f"{size} to {self.frontier.size - 1}", "", expected, found)
        tier, count = 1, size // WIDTH
        while count or TreeNode.objects.filter(tier=tier).exists():
            beyond = TreeNode.objects.filter(tier=tier, index__gte=count).order_by("index").first()
            if beyond is not None:
                yield Finding("node_altered", NODE, f"{tier}/{beyond.index}", "", "no such node", "a node")
            tier, count = tier + 1, count // WIDTH
        for leaf in Leaf.objects.filter(index__lt=0).order_by("index"):
            yield Finding("leaves_unsigned", LEAF, str(leaf.index), "index", "0 or more", str(leaf.index))
        if not size and any(key.name == self.origin for key in self.keys):
            yield Finding("ledger_missing", HEAD, "", "", "the ledger whose key is published", "no checkpoint")
        self.tally.reached = LedgerHead(self.frontier.size, self.frontier.root())
