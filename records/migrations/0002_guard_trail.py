"""Close the trail, and let PostgreSQL keep the history of the records floor."""

from django.db import migrations

from records.guards import AppendOnly, GuardTrail, TrackTable


class Migration(migrations.Migration):
    dependencies = [("records", "0001_record_trail")]

    operations = [
        GuardTrail(),
        TrackTable("ControlledRecord"),
        TrackTable("Version", fingerprint=("content",)),
        AppendOnly("Version"),
        TrackTable("StoredFile"),
        AppendOnly("StoredFile"),
        TrackTable("Attachment"),
        AppendOnly("Attachment"),
        TrackTable("Rendition"),
        AppendOnly("Rendition"),
    ]
