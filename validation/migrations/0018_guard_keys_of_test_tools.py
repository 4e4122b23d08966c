"""Let PostgreSQL keep the history of the keys of test tools."""

from django.db import migrations

from records.guards import TrackTable


class Migration(migrations.Migration):
    dependencies = [("validation", "0017_keys_of_test_tools")]

    operations = [TrackTable("ResultKey", fingerprint=("secret_hash",))]
