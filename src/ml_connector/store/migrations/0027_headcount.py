"""Reasons for differences of a headcount, and closings as they were reported."""

from django.db import migrations, models

from ml_connector.store.database import database_now


class Migration(migrations.Migration):
    dependencies = [("store", "0026_alerts")]

    operations = [
        migrations.CreateModel(
            "HeadcountReason",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("flow", models.ForeignKey("store.Flow", models.CASCADE)),
                ("company", models.CharField(max_length=100)),
                ("worker", models.CharField(max_length=100)),
                ("why", models.TextField()),
                ("since", models.DateField(null=True)),
                ("until", models.DateField(null=True)),
                ("by", models.CharField(max_length=100)),
                ("at", models.DateTimeField(default=database_now)),
            ],
            options={"indexes": [models.Index(fields=["flow", "company"], name="headcount_reason_of")]},
        ),
        migrations.CreateModel(
            "HeadcountClosing",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("flow", models.ForeignKey("store.Flow", models.CASCADE)),
                ("company", models.CharField(max_length=100)),
                ("last", models.DateField()),
                ("keys", models.TextField()),
                ("at", models.DateTimeField(default=database_now)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["flow", "company", "last"], name="headcount_closing_once"
                    )
                ]
            },
        ),
    ]
