"""Let PostgreSQL keep the history of trace matrices on paper."""

from django.db import migrations

from records.guards import TrackTable


class Migration(migrations.Migration):
    dependencies = [("validation", "0015_trace_prints")]

    operations = [TrackTable("TracePrint")]
