"""What was read of sources last, and how far their changes were followed."""

from django.db import migrations, models

from ml_connector.store.database import database_now


class Migration(migrations.Migration):
    dependencies = [("store", "0022_work_items")]

    operations = [
        migrations.CreateModel(
            "SnapshotRow",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("connection", models.ForeignKey("store.Connection", models.PROTECT)),
                ("kind", models.CharField(max_length=60)),
                ("key", models.CharField(max_length=300)),
                ("content", models.TextField()),
                ("reading", models.CharField(max_length=36)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["connection", "kind", "key"], name="snapshot_row_once")
                ]
            },
        ),
        migrations.CreateModel(
            "SnapshotCursor",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("connection", models.ForeignKey("store.Connection", models.PROTECT)),
                ("kind", models.CharField(max_length=60)),
                ("cursor", models.TextField()),
                ("at", models.DateTimeField(default=database_now)),
                ("whole_at", models.DateTimeField(default=database_now)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["connection", "kind"], name="snapshot_cursor_once")
                ]
            },
        ),
    ]
