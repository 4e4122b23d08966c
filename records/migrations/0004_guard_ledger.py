"""Let only the sealer add to the ledger, and nobody rewrite it."""

from django.db import migrations

from records.guards import SealedTable


class Migration(migrations.Migration):
    dependencies = [("records", "0003_sealed_ledger")]

    operations = [
        SealedTable("LeafFormat"),
        SealedTable("Leaf"),
        SealedTable("TreeNode"),
        SealedTable("Checkpoint"),
        SealedTable("CheckpointCosignature"),
        SealedTable("CheckpointStamp"),
        SealedTable("ArchivedObject"),
    ]
