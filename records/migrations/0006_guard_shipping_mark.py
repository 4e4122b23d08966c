"""Let only the sealer write how far events have been shipped."""

from django.db import migrations

from records.guards import WrittenBySealer


class Migration(migrations.Migration):
    dependencies = [("records", "0005_shipping_mark")]

    operations = [
        WrittenBySealer("ShippingMark"),
    ]
