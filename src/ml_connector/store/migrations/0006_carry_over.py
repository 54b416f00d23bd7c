"""Keys, subjects and runs of release 0.1.0, as 0.2.0 has them."""

from django.db import migrations

from ml_connector.store.carry_over import carry_over


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0005_pays'),
    ]

    operations = [
        migrations.RunPython(carry_over, migrations.RunPython.noop),
    ]
