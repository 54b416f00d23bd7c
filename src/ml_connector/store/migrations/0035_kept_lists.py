"""What programs of a client are told: lists of a ledger that are kept for them, and webhooks about reports."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0034_intake_outcomes")]

    operations = [
        migrations.CreateModel(
            "KeptValue",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("connection", models.ForeignKey("store.Connection", models.PROTECT)),
                ("axis", models.CharField(max_length=60)),
                ("identity", models.CharField(max_length=200)),
                ("content", models.TextField()),
                ("version", models.PositiveIntegerField(default=1)),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["connection", "axis", "identity"], name="kept_value_once"
                    )
                ],
                "indexes": [
                    models.Index(fields=["connection", "axis", "changed_at"], name="kept_value_changed")
                ],
            },
        ),
        migrations.CreateModel(
            "ApiTokenSecret",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("token", models.OneToOneField("store.ApiToken", models.CASCADE)),
                ("ciphertext", models.TextField()),
            ],
        ),
        migrations.AlterField(
            "alertmessage", "alert", models.ForeignKey("store.Alert", models.PROTECT, null=True)
        ),
        migrations.AddField("alertendpoint", "about", models.CharField(max_length=20, default="alerts")),
    ]
