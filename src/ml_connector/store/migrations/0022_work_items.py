"""What people have to look at, as rows."""

from django.db import migrations, models

from ml_connector.store.database import database_now


class Migration(migrations.Migration):
    dependencies = [("store", "0021_lines_in_blocks")]

    operations = [
        migrations.CreateModel(
            "WorkItem",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("organisation", models.ForeignKey("store.Organisation", models.PROTECT)),
                ("about", models.CharField(max_length=100)),
                ("code", models.CharField(max_length=60)),
                ("subject", models.CharField(max_length=300)),
                ("text", models.TextField()),
                ("owner", models.CharField(max_length=20)),
                ("seen", models.CharField(max_length=60)),
                ("opened_at", models.DateTimeField(default=database_now)),
                ("over_at", models.DateTimeField(null=True)),
                ("by", models.CharField(max_length=100, default="")),
                ("why", models.TextField(default="")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["organisation", "about", "code", "subject"], name="work_item_once"
                    )
                ],
                "indexes": [models.Index(fields=["organisation", "over_at"], name="work_item_open")],
            },
        ),
    ]
