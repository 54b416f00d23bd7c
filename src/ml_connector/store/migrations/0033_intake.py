"""Expense reports that programs of a client send, their receipts, and the keys that they were sent with."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0032_api_tokens")]

    operations = [
        migrations.CreateModel(
            "IntakeReport",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("organisation", models.ForeignKey("store.Organisation", models.PROTECT)),
                ("identity", models.CharField(max_length=36, unique=True)),
                ("number", models.BigIntegerField()),
                ("reference", models.CharField(max_length=100)),
                ("revision", models.PositiveIntegerField()),
                ("fingerprint", models.CharField(max_length=64)),
                ("sent", models.TextField()),
                ("content", models.TextField()),
                ("state", models.CharField(max_length=20, default="received")),
                ("token", models.ForeignKey("store.ApiToken", models.PROTECT)),
                ("received_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["organisation", "reference", "revision"], name="intake_once"
                    ),
                    models.UniqueConstraint(fields=["organisation", "number"], name="intake_number"),
                ]
            },
        ),
        migrations.CreateModel(
            "IntakeFile",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("report", models.ForeignKey("store.IntakeReport", models.PROTECT)),
                ("part", models.CharField(max_length=100)),
                ("name", models.CharField(max_length=200)),
                ("media_type", models.CharField(max_length=40)),
                ("sha256", models.CharField(max_length=64, db_index=True)),
                ("size", models.BigIntegerField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=["report", "part"], name="intake_file_part")]
            },
        ),
        migrations.CreateModel(
            "IntakeKey",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("organisation", models.ForeignKey("store.Organisation", models.PROTECT)),
                ("key", models.CharField(max_length=200)),
                ("fingerprint", models.CharField(max_length=64)),
                ("report", models.ForeignKey("store.IntakeReport", models.PROTECT)),
                ("made", models.BooleanField()),
                ("used_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["organisation", "key"], name="intake_key_once")
                ]
            },
        ),
    ]
