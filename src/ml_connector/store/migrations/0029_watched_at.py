"""When the mapping of a flow was looked at."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0028_run_awaits")]

    operations = [migrations.AddField("flow", "watched_at", models.DateTimeField(null=True))]
