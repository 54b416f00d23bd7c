"""Whether a reason of a headcount is about a member."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0035_kept_lists")]

    operations = [
        migrations.AddField("headcountreason", "member", models.BooleanField(default=False)),
    ]
