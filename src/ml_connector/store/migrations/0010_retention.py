"""When the lines and the records of a run were removed; their hashes stay."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0009_people")]

    operations = [
        migrations.AddField("run", "forgotten_at", models.DateTimeField(null=True)),
        migrations.AddField("artifact", "forgotten_at", models.DateTimeField(null=True)),
    ]
