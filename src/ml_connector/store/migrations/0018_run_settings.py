"""Which flow a run is of, whose input it repeats and who has a part in it are columns, apart from its input."""

from typing import Any

from django.db import migrations, models


def _carry_over(apps: Any, _: Any) -> None:
    runs, flows = apps.get_model("store", "Run"), apps.get_model("store", "Flow")
    known = set(flows.objects.values_list("pk", flat=True))
    for run in runs.objects.only("id", "input").iterator():
        values = dict(run.input)
        flow, again, people = (values.pop(name, "") for name in ("flow", "replay_of", "_made_by"))
        settings = int(flow) if flow.isdecimal() and int(flow) in known else None
        values = {name: value for name, value in values.items() if value and name not in ("pay_run", "dry_run")}
        runs.objects.filter(pk=run.pk).update(
            input=values, settings_id=settings, replay_of=again, people=people
        )


class Migration(migrations.Migration):
    dependencies = [("store", "0017_more_look_ups")]

    operations = [
        migrations.AddField(
            "run", "settings", models.ForeignKey("store.Flow", models.PROTECT, null=True, related_name="+", db_index=False)
        ),
        migrations.AddField("run", "replay_of", models.CharField(max_length=40, default="")),
        migrations.AddField("run", "people", models.TextField(default="")),
        migrations.RemoveIndex("run", "run_reference"),
        migrations.AddIndex("run", models.Index(fields=["organisation", "settings", "reference"], name="run_taken")),
        migrations.AlterField("flow", "starts_on", models.DateField(null=True)),
        migrations.AlterField("flow", "mapping", models.SlugField(max_length=60, default="")),
        migrations.RunPython(_carry_over, migrations.RunPython.noop),
    ]
