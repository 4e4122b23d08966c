"""Let PostgreSQL keep the history of periodic reviews and their topics."""

from django.db import migrations

from records.guards import TrackTable


class Migration(migrations.Migration):
    dependencies = [("validation", "0011_periodic_reviews")]

    operations = [TrackTable("PeriodicReview"), TrackTable("ReviewItem")]
