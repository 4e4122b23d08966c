"""Let PostgreSQL keep the history of every record of validation, and refuse to rewrite what was executed."""

from django.db import migrations

from records.guards import AppendOnly, TrackTable

APPEND_ONLY = ("HandOver", "StepEntry", "StepEvidence")


class Migration(migrations.Migration):
    dependencies = [("validation", "0001_validation_records"), ("records", "0002_guard_trail")]

    operations = [
        TrackTable("System"),
        TrackTable("ConfigurationItem"),
        TrackTable("MatrixVersion"),
        TrackTable("RequirementSet"),
        TrackTable("Requirement"),
        TrackTable("FunctionalRisk"),
        TrackTable("Protocol"),
        TrackTable("ProtocolStep", deletable=True),
        TrackTable("Execution"),
        TrackTable("Deviation"),
        *(TrackTable(name) for name in APPEND_ONLY),
        *(AppendOnly(name) for name in APPEND_ONLY),
    ]
