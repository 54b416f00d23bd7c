"""What people said of what a source plans."""

from django.db import migrations, models

from ml_connector.store.database import database_now


class Migration(migrations.Migration):
    dependencies = [("store", "0036_headcount_members")]

    operations = [
        migrations.CreateModel(
            "ExpectedChange",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("flow", models.ForeignKey("store.Flow", models.CASCADE)),
                ("subject", models.CharField(max_length=300)),
                ("group", models.CharField(max_length=100)),
                ("act", models.CharField(max_length=20)),
                ("due", models.DateField()),
                ("planned", models.DateField(null=True)),
                ("beside", models.TextField(default="[]")),
                ("why", models.TextField()),
                ("by", models.CharField(max_length=100)),
                ("at", models.DateTimeField(default=database_now)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["flow", "subject"], name="expected_change_once")
                ],
            },
        ),
    ]
