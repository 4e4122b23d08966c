"""Let PostgreSQL keep the history of imported capsules, and refuse every rewrite of them."""

from django.db import migrations

from records.guards import AppendOnly, TrackTable


class Migration(migrations.Migration):
    dependencies = [("signatures", "0004_imported_capsules"), ("records", "0002_guard_trail")]

    operations = [
        TrackTable("ImportedCapsule"),
        AppendOnly("ImportedCapsule"),
        TrackTable("ImportedVersion", fingerprint=("content",)),
        AppendOnly("ImportedVersion"),
    ]
