"""What runs are expected for."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0024_schedules")]

    operations = [
        migrations.CreateModel(
            "ExpectedRun",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("flow", models.ForeignKey("store.Flow", models.CASCADE)),
                ("subject", models.CharField(max_length=300)),
                ("group", models.CharField(max_length=100)),
                ("due", models.DateField()),
                ("closed", models.BooleanField()),
                ("run", models.CharField(max_length=60, default="")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=["flow", "subject"], name="expected_once")],
                "indexes": [models.Index(fields=["flow", "run", "due"], name="expected_due")],
            },
        ),
    ]
