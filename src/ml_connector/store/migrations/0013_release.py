"""The release that last opened the database; empty for one that did not say so."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0012_staged_lines")]

    operations = [
        migrations.AddField("installation", "release", models.CharField(max_length=40, default="")),
    ]
