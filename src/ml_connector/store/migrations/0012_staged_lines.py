"""The hash of the lines that were read from a delivered block; empty for those of earlier releases."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0011_wrong_secrets")]

    operations = [
        migrations.AddField("stagedblock", "lines_sha256", models.CharField(max_length=64, default="")),
    ]
