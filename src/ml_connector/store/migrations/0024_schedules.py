"""When a flow looks for new work."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0023_snapshots")]

    operations = [
        migrations.AddField("flow", "schedule", models.CharField(max_length=200, default="")),
        migrations.AddField("flow", "slot_at", models.DateTimeField(null=True)),
        migrations.AddField("flow", "claimed_at", models.DateTimeField(null=True)),
    ]
