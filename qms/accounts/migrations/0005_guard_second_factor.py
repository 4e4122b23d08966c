"""Let PostgreSQL keep the history of links, devices and recovery codes."""

from django.db import migrations

from records.guards import TrackTable


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_second_factor_links_sessions"), ("records", "0002_guard_trail")]

    operations = [
        TrackTable("Invitation"),
        TrackTable("TotpDevice", fingerprint=("seed",)),
        TrackTable("RecoveryCode", fingerprint=("code_hash",)),
    ]
