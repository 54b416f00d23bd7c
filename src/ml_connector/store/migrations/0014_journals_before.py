"""The journals that a flow had before, by legal entity: a pay may have been booked by hand in one of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0013_release")]

    operations = [
        migrations.AddField("flow", "journals_before", models.JSONField(default=dict)),
    ]
