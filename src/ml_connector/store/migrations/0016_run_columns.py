"""What an engine notes of a run has columns of its own, and stands no more between what people typed in."""

from typing import Any

from django.db import migrations, models


def _carry_over(apps: Any, _: Any) -> None:
    runs = apps.get_model("store", "Run")
    for run in runs.objects.only("id", "input", "state", "summary").iterator():
        values = dict(run.input)
        tries, support = values.pop("_tries", "0"), values.pop("_support", "")
        paused = run.state == "waiting" and run.summary.startswith("Paused by ")
        if values != run.input or paused:
            runs.objects.filter(pk=run.pk).update(
                input=values, tries=int(tries), support=support, paused=paused
            )


class Migration(migrations.Migration):
    dependencies = [("store", "0015_look_ups")]

    operations = [
        migrations.AddField("run", "tries", models.PositiveIntegerField(default=0)),
        migrations.AddField("run", "support", models.TextField(default="")),
        migrations.AddField("run", "paused", models.BooleanField(default=False)),
        migrations.RunPython(_carry_over, migrations.RunPython.noop),
    ]
