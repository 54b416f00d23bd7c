"""Which run another one waits for."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0027_headcount")]

    operations = [
        migrations.AddField("run", "awaits", models.CharField(max_length=40, default="")),
        migrations.AddIndex(
            "run", models.Index(fields=["awaits"], name="run_awaits", condition=~models.Q(awaits=""))
        ),
    ]
