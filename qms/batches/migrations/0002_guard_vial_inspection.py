"""Let PostgreSQL keep the history of everything a batch consists of."""

from django.db import migrations

from records.guards import AppendOnly, TrackTable

APPEND_ONLY = (
    "AqlFinding",
    "ChallengeImage",
    "ChallengeRun",
    "Decision",
    "Disposition",
    "ImageFailure",
    "RefusedFile",
    "Result",
    "VialImage",
)


class Migration(migrations.Migration):
    dependencies = [("batches", "0001_vial_inspection"), ("records", "0002_guard_trail")]

    operations = [
        TrackTable("Product"),
        TrackTable("ProductAccess", deletable=True),
        TrackTable("DefectClass"),
        TrackTable("Station"),
        TrackTable("ProductModel"),
        TrackTable("Lot"),
        TrackTable("BatchRecord"),
        TrackTable("Investigation"),
        TrackTable("FileImport", fingerprint=("checked",)),
        TrackTable("InspectionRun"),
        TrackTable("ChallengeSet"),
        TrackTable("AqlSample"),
        TrackTable("Reconciliation"),
        *(TrackTable(name) for name in APPEND_ONLY),
        *(AppendOnly(name) for name in APPEND_ONLY),
    ]
