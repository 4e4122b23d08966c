"""Let PostgreSQL keep the history of studies and data sets, and refuse to rewrite runs and openings."""

from django.db import migrations

from records.guards import AppendOnly, TrackTable

APPEND_ONLY = ("KnappRun", "DataSetOpening")


class Migration(migrations.Migration):
    dependencies = [("validation", "0003_studies_and_data_sets")]

    operations = [
        TrackTable("KnappStudy"),
        TrackTable("DataSet"),
        TrackTable("DataItem"),
        *(TrackTable(name) for name in APPEND_ONLY),
        *(AppendOnly(name) for name in APPEND_ONLY),
    ]
