"""How many wrong secrets in a row were given for a name; and until when none is taken."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0010_retention")]

    operations = [
        migrations.CreateModel(
            "WrongSecrets",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=150, unique=True)),
                ("in_a_row", models.PositiveIntegerField(default=0)),
                ("locked_until", models.DateTimeField(null=True)),
            ],
        ),
    ]
