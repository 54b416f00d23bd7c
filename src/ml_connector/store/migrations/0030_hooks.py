"""Notifications that vendors send, and which of them wake a flow."""

from django.db import migrations, models

from ml_connector.store.database import database_now


class Migration(migrations.Migration):
    dependencies = [("store", "0029_watched_at")]

    operations = [
        migrations.CreateModel(
            "Hook",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("connection", models.OneToOneField("store.Connection", models.CASCADE)),
                ("made_at", models.DateTimeField(default=database_now)),
                ("heard_at", models.DateTimeField(null=True)),
                ("checked_at", models.DateTimeField(null=True)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("why", models.TextField(default="")),
            ],
        ),
        migrations.CreateModel(
            "HookPath",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("hook", models.ForeignKey("store.Hook", models.CASCADE)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("ciphertext", models.TextField()),
                ("made_at", models.DateTimeField(default=database_now)),
                ("ends_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            "HookEvent",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("connection", models.ForeignKey("store.Connection", models.CASCADE)),
                ("event", models.CharField(max_length=64)),
                ("topic", models.CharField(max_length=200)),
                ("key", models.CharField(max_length=200, default="")),
                ("company", models.CharField(max_length=100, default="")),
                ("ours", models.BooleanField(default=True)),
                ("occurred_at", models.DateTimeField(null=True)),
                ("received_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["connection", "event"], name="hook_event_once")
                ],
                "indexes": [models.Index(fields=["received_at"], name="hook_event_received")],
            },
        ),
        migrations.CreateModel(
            "HookCount",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("connection", models.ForeignKey("store.Connection", models.CASCADE)),
                ("what", models.CharField(max_length=20)),
                ("name", models.CharField(max_length=200, default="")),
                ("count", models.PositiveBigIntegerField(default=0)),
                ("last_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["connection", "what", "name"], name="hook_count_once")
                ]
            },
        ),
        migrations.AddField("Flow", "wake", models.JSONField(null=True)),
        migrations.AddField("Flow", "woken_at", models.DateTimeField(null=True)),
    ]
