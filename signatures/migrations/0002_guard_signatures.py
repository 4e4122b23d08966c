"""Let PostgreSQL keep the history of certificates, ceremonies and signatures."""

from django.db import migrations

from records.guards import AppendOnly, TrackTable


class Migration(migrations.Migration):
    dependencies = [("signatures", "0001_ceremonies"), ("records", "0002_guard_trail")]

    operations = [
        TrackTable("IdentityCheck"),
        AppendOnly("IdentityCheck"),
        TrackTable("Certificate", fingerprint=("container",)),
        TrackTable("Ceremony"),
        TrackTable("Signature", fingerprint=("statement", "cms")),
        AppendOnly("Signature"),
        TrackTable("PolicyAcknowledgement"),
        AppendOnly("PolicyAcknowledgement"),
    ]
