"""What became of expense reports that were sent: a text for people, cancellation, and the order of changes;
and reports that no token sent.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0033_intake")]

    operations = [
        migrations.AddField("intakereport", "text", models.TextField(default="")),
        migrations.AddField("intakereport", "canceled_at", models.DateTimeField(null=True)),
        migrations.AddField("intakereport", "change", models.BigIntegerField(default=0)),
        migrations.RunSQL("UPDATE store_intakereport SET change = number", migrations.RunSQL.noop),
        migrations.AlterField("intakereport", "change", models.BigIntegerField()),
        migrations.AlterField(
            "intakereport", "token", models.ForeignKey("store.ApiToken", models.PROTECT, null=True)
        ),
        migrations.AddConstraint(
            "intakereport",
            models.UniqueConstraint(fields=["organisation", "change"], name="intake_change"),
        ),
    ]
