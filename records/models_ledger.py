"""The sealed ledger's rows: formats, leaves, tree nodes, checkpoints and who confirmed them.

All append-only, for their owner too; the sealer's role alone may insert. Nothing here is
believed by a verification, which recomputes every hash from the events' own rows.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class LeafFormat(models.Model):
    """Which columns of which tables, in which order, make the lines of a leaf.

    ``text`` is canonical JSON (RFC 8785), ``digest`` its SHA-256. A column added later makes
    a new format; sealed leaves keep theirs.
    """

    id = models.SmallAutoField(primary_key=True)
    digest = models.CharField(max_length=64, unique=True)
    text = models.TextField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.digest[:12]


class Leaf(models.Model):
    """One sealed event: its place in the ledger and the hash of its entry (RFC 6962, 2.1).

    The references are not enforced by PostgreSQL: a check for every leaf would cost more than
    sealing it, and `manage.py verify` names a leaf whose event or format is gone.
    """

    index = models.BigIntegerField(primary_key=True)
    event = models.OneToOneField("records.Event", on_delete=models.PROTECT, related_name="leaf", db_constraint=False)
    format = models.ForeignKey(
        LeafFormat, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    hash = models.BinaryField(max_length=32)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"leaf {self.index}"


class TreeNode(models.Model):
    """The root of a perfect subtree of 256 ** ``tier`` leaves: what a hash tile above the lowest holds.

    Kept so that growing the tree and proving from it need no reading of all leaves.
    """

    id = models.BigAutoField(primary_key=True)
    tier = models.SmallIntegerField()
    index = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("tier", "index"), name="treenode_once"),)

    def __str__(self) -> str:
        return f"node {self.tier}/{self.index}"


class Checkpoint(models.Model):
    """A signed head of the ledger: ``note`` is C2SP tlog-checkpoint text as a signed note.

    Every committed event of a transaction numbered below ``horizon`` was a leaf when it was made.
    ``number`` counts them from 1 without a gap.
    """

    size = models.BigIntegerField(primary_key=True)
    number = models.BigIntegerField(unique=True)
    root = models.BinaryField(max_length=32)
    note = models.TextField()
    horizon = models.BigIntegerField()
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        ordering = ("size",)

    def __str__(self) -> str:
        return f"checkpoint at {self.size}"


class CheckpointCosignature(models.Model):
    """A witness's signature line under a checkpoint (C2SP tlog-cosignature)."""

    id = models.BigAutoField(primary_key=True)
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="cosignatures")
    witness = models.CharField(max_length=200)
    line = models.TextField()
    cosigned_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("checkpoint", "witness"), name="cosignature_once"),)

    def __str__(self) -> str:
        return f"{self.witness} on {self.checkpoint_id}"


class CheckpointStamp(models.Model):
    """A time-stamp token (RFC 3161, DER) over a checkpoint's note as stored."""

    id = models.BigAutoField(primary_key=True)
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="stamps")
    authority = models.CharField(max_length=200)
    token = models.BinaryField()
    stamped_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("checkpoint", "authority"), name="stamp_once"),)

    def __str__(self) -> str:
        return f"{self.authority} on {self.checkpoint_id}"


class ArchivedObject(models.Model):
    """What the sealer has put into the write-once archive. Units: ``size`` in bytes."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=500, unique=True)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    archived_at = models.DateTimeField(db_default=Now())
    retain_until = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


LEDGER_MODELS: tuple[type[models.Model], ...] = (
    LeafFormat,
    Leaf,
    TreeNode,
    Checkpoint,
    CheckpointCosignature,
    CheckpointStamp,
    ArchivedObject,
)
"""Every table that only the sealer writes, and nobody rewrites."""
