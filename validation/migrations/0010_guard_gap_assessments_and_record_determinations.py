"""Let PostgreSQL keep the history of gap assessments and record determinations, and refuse to rewrite a closure."""

from django.db import migrations

from records.guards import AppendOnly, TrackTable


class Migration(migrations.Migration):
    dependencies = [("validation", "0009_gap_assessments_and_record_determinations")]

    operations = [
        TrackTable("GapAssessment"),
        TrackTable("GapAnswer"),
        TrackTable("GapEvidence", deletable=True),
        TrackTable("GapClosure"),
        AppendOnly("GapClosure"),
        TrackTable("RecordDetermination"),
    ]
