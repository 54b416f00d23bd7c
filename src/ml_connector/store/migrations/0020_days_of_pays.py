"""The day in the name of a pay has a column, so that the pays of a company are found by it."""

from typing import Any

from django.db import migrations, models

from ml_connector.domain.proposal import Subject

DAYS_A_WRITE = 500


def _fill(apps: Any, _: Any) -> None:
    for name in ("CommitSubject", "RunSubject"):
        model = apps.get_model("store", name)
        changed = []
        for row in model.objects.only("id", "base").iterator():
            row.day = Subject(tenant="", entity="", text=row.base).day
            if row.day:
                changed.append(row)
        model.objects.bulk_update(changed, ["day"], batch_size=DAYS_A_WRITE)


class Migration(migrations.Migration):
    dependencies = [("store", "0019_alignments")]

    operations = [
        migrations.AddField("commitsubject", "day", models.CharField(max_length=10, default="")),
        migrations.AddField("runsubject", "day", models.CharField(max_length=10, default="")),
        migrations.RunPython(_fill, migrations.RunPython.noop),
        migrations.AddIndex(
            "commitsubject",
            models.Index(fields=["tenant", "entity", "day", "base"], name="commit_subject_day"),
        ),
        migrations.AddIndex(
            "runsubject", models.Index(fields=["tenant", "entity", "day", "base"], name="run_subject_day")
        ),
    ]
