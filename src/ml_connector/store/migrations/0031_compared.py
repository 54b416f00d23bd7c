"""What the register of a flow was last found in order with."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0030_hooks")]

    operations = [
        migrations.AddField("flow", "compared", models.CharField(max_length=64, default="")),
        migrations.AddField("flow", "compared_at", models.DateTimeField(null=True)),
    ]
