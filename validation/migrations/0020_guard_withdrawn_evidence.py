"""Let PostgreSQL keep the history of withdrawn evidence, and refuse to rewrite it."""

from django.db import migrations

from records.guards import AppendOnly, TrackTable


class Migration(migrations.Migration):
    dependencies = [("validation", "0019_withdrawn_evidence")]

    operations = [TrackTable("EvidenceWithdrawal"), AppendOnly("EvidenceWithdrawal")]
