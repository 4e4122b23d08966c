"""Let PostgreSQL keep the history of data-flow diagrams and their rows."""

from django.db import migrations

from records.guards import TrackTable


class Migration(migrations.Migration):
    dependencies = [("validation", "0007_data_flow_diagrams")]

    operations = [
        TrackTable("DataFlow"),
        TrackTable("FlowStage", deletable=True),
        TrackTable("FlowLink", deletable=True),
    ]
