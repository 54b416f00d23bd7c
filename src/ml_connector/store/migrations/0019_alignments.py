"""Plans of alignments, row by row, and what both sides of a connection agreed on last."""

from django.db import migrations, models

from ml_connector.store.database import database_now


class Migration(migrations.Migration):
    dependencies = [("store", "0018_run_settings")]

    operations = [
        migrations.CreateModel(
            "Plan",
            [
                (
                    "run",
                    models.OneToOneField("store.Run", models.CASCADE, primary_key=True, serialize=False),
                ),
                ("fingerprint", models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            "PlannedChange",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("run", models.ForeignKey("store.Run", models.CASCADE)),
                ("number", models.PositiveIntegerField()),
                ("key", models.CharField(max_length=300)),
                ("change", models.TextField()),
                ("state", models.CharField(max_length=20)),
                ("detail", models.TextField(default="")),
                ("sent_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=["run", "number"], name="planned_once")],
                "indexes": [models.Index(fields=["run", "state", "number"], name="planned_state")],
            },
        ),
        migrations.CreateModel(
            "Counterpart",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("connection", models.ForeignKey("store.Connection", models.PROTECT)),
                ("kind", models.CharField(max_length=60)),
                ("ours", models.CharField(max_length=300)),
                ("theirs", models.CharField(max_length=300, default="")),
                ("base", models.TextField(default="")),
                ("agreed_at", models.DateTimeField(default=database_now)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["connection", "kind", "ours"], name="counterpart_ours"),
                    models.UniqueConstraint(
                        fields=["connection", "kind", "theirs"],
                        condition=~models.Q(theirs=""),
                        name="counterpart_theirs",
                    ),
                ]
            },
        ),
    ]
