"""Let PostgreSQL keep the history of sets and drills, and refuse every rewrite of them."""

from django.db import migrations

from records.guards import AppendOnly, TrackTable


class Migration(migrations.Migration):
    dependencies = [("backups", "0001_backup_sets"), ("records", "0002_guard_trail")]

    operations = [
        TrackTable("BackupSet"),
        AppendOnly("BackupSet"),
        TrackTable("BackupDrill", fingerprint=("report", "signature", "public_key")),
        AppendOnly("BackupDrill"),
    ]
