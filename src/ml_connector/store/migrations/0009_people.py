"""Named people, and statements of one outcome each.

Two people were wanted by default, when nobody could be named and no unknown outcome could be settled. From
here on it is said: `people policy`.
"""

import django.db.models.deletion
from django.db import migrations, models


def want_one(apps, schema_editor):
    apps.get_model("store", "Organisation").objects.update(four_eyes=False)


class Migration(migrations.Migration):
    dependencies = [("store", "0008_audit_seals")]

    operations = [
        migrations.AlterField("organisation", "four_eyes", models.BooleanField(default=False)),
        migrations.RunPython(want_one, migrations.RunPython.noop),
        migrations.AddField("approval", "person", models.CharField(default="", max_length=150)),
        migrations.AddField("approval", "complete", models.BooleanField(default=True)),
        migrations.AddField(
            "resolution",
            "intent",
            models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to="store.intent"),
        ),
        migrations.AddField("resolution", "person", models.CharField(default="", max_length=150)),
        migrations.AddField("resolution", "over_at", models.DateTimeField(null=True)),
    ]
