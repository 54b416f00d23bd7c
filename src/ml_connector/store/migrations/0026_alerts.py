"""Alerts, their messages and the endpoints of webhooks; how long a window of calls is."""

from django.db import migrations, models
from django.db.models import Q

from ml_connector.store.database import database_now


def own_id():
    return ("id", models.BigAutoField(primary_key=True, serialize=False))


class Migration(migrations.Migration):
    dependencies = [("store", "0025_expected_runs")]

    operations = [
        migrations.AddField("budgetwindow", "seconds", models.IntegerField(default=0)),
        migrations.CreateModel(
            "Alert",
            [
                own_id(),
                ("organisation", models.ForeignKey("store.Organisation", models.PROTECT)),
                ("code", models.CharField(max_length=60)),
                ("place", models.CharField(max_length=200)),
                ("owner", models.CharField(max_length=20)),
                ("text", models.TextField()),
                ("count", models.PositiveIntegerField(default=1)),
                ("seen_at", models.DateTimeField()),
                ("opened_at", models.DateTimeField(null=True)),
                ("told_at", models.DateTimeField(null=True)),
                ("gone_at", models.DateTimeField(null=True)),
                ("over_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["organisation", "code", "place"], condition=Q(over_at=None), name="alert_once"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            "AlertMessage",
            [
                own_id(),
                ("organisation", models.ForeignKey("store.Organisation", models.PROTECT)),
                ("alert", models.ForeignKey("store.Alert", models.PROTECT)),
                ("event", models.CharField(max_length=20)),
                ("channel", models.CharField(max_length=20)),
                ("target", models.CharField(max_length=254, default="")),
                ("identity", models.CharField(max_length=60)),
                ("body", models.TextField()),
                ("made_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(null=True)),
                ("tries", models.PositiveIntegerField(default=0)),
                ("delivered_at", models.DateTimeField(null=True)),
                ("error", models.TextField(default="")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["identity", "channel", "target"], name="alert_message_once"
                    )
                ],
                "indexes": [
                    models.Index(fields=["due_at"], name="alert_message_due"),
                    models.Index(fields=["organisation", "made_at"], name="alert_message_made"),
                ],
            },
        ),
        migrations.CreateModel(
            "AlertEndpoint",
            [
                own_id(),
                ("organisation", models.ForeignKey("store.Organisation", models.PROTECT)),
                ("name", models.SlugField(max_length=60)),
                ("url", models.TextField()),
                ("internal", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(default=database_now)),
                ("disabled_at", models.DateTimeField(null=True)),
                ("disabled_why", models.TextField(default="")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["organisation", "name"], name="alert_endpoint_name")
                ]
            },
        ),
        migrations.CreateModel(
            "EndpointSecret",
            [
                own_id(),
                ("endpoint", models.ForeignKey("store.AlertEndpoint", models.CASCADE)),
                ("number", models.PositiveIntegerField()),
                ("ciphertext", models.TextField()),
                ("ends_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["endpoint", "number"], name="endpoint_secret_number")
                ]
            },
        ),
        migrations.CreateModel(
            "AlertRound",
            [
                own_id(),
                ("organisation", models.OneToOneField("store.Organisation", models.PROTECT)),
                ("at", models.DateTimeField()),
            ],
        ),
    ]
