"""Let PostgreSQL keep the history of the regulator's access, requests and copies."""

from django.db import migrations

from records.guards import AppendOnly, TrackTable


class Migration(migrations.Migration):
    dependencies = [("inspections", "0001_regulator_access"), ("records", "0002_guard_trail")]

    operations = [
        TrackTable("InspectorAccess"),
        TrackTable("AccessScope"),
        AppendOnly("AccessScope"),
        TrackTable("InspectionRequest"),
        TrackTable("Export"),
    ]
