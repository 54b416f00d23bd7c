"""Tokens that programs of a client call us with."""

from django.db import migrations, models

from ml_connector.store.database import database_now


class Migration(migrations.Migration):
    dependencies = [("store", "0031_compared")]

    operations = [
        migrations.CreateModel(
            "ApiToken",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("organisation", models.ForeignKey("store.Organisation", models.PROTECT)),
                ("name", models.CharField(max_length=60)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("scopes", models.JSONField()),
                ("made_at", models.DateTimeField(default=database_now)),
                ("made_by", models.CharField(max_length=120)),
                ("ends_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(null=True)),
                ("used_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["organisation", "name"], name="api_token_name")
                ]
            },
        )
    ]
