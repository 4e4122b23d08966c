"""Let PostgreSQL keep the history of deliveries and overlays, and of the changed tables' new columns."""

from django.db import migrations

from records.guards import AppendOnly, TrackTable


class Migration(migrations.Migration):
    dependencies = [("batches", "0003_keep_deliveries_and_overlays"), ("records", "0002_guard_trail")]

    operations = [
        TrackTable("FileImport", fingerprint=("checked",)),
        TrackTable("Result"),
        TrackTable("StationDelivery"),
        TrackTable("Overlay"),
        AppendOnly("StationDelivery"),
        AppendOnly("Overlay"),
    ]
