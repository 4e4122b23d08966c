"""Let PostgreSQL keep the history of plans and reports."""

from django.db import migrations

from records.guards import TrackTable


class Migration(migrations.Migration):
    dependencies = [("validation", "0005_plans_and_reports")]

    operations = [TrackTable("ValidationPlan"), TrackTable("PlanSection"), TrackTable("SummaryReport")]
