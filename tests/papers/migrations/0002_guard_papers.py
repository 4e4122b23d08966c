"""Let PostgreSQL keep the history of papers and notes."""

from django.db import migrations

from records.guards import TrackTable


class Migration(migrations.Migration):
    dependencies = [("papers", "0001_papers"), ("records", "0002_guard_trail")]

    operations = [TrackTable("Paper"), TrackTable("Note")]
