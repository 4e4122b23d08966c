"""Let PostgreSQL keep the history of model versions."""

from django.db import migrations

from records.guards import TrackTable


class Migration(migrations.Migration):
    dependencies = [("releases", "0001_model_versions"), ("records", "0002_guard_trail")]

    operations = [TrackTable("ModelVersion")]
