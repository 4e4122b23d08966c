"""Let PostgreSQL keep the history of review comments, and refuse to rewrite them."""

from django.db import migrations

from records.guards import AppendOnly, TrackTable


class Migration(migrations.Migration):
    dependencies = [("validation", "0013_review_comments")]

    operations = [
        TrackTable("ReviewComment"),
        TrackTable("CommentEntry"),
        AppendOnly("ReviewComment"),
        AppendOnly("CommentEntry"),
    ]
