"""Look-ups that take as long with ten thousand runs and commits as with ten: the newest runs, runs by what they are
for, what was booked since a moment, and what a reversal was made of.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0016_run_columns")]

    operations = [
        migrations.AddIndex("run", models.Index(fields=["organisation", "number"], name="run_newest")),
        migrations.AddIndex(
            "run", models.Index(fields=["organisation", "flow", "reference"], name="run_reference")
        ),
        migrations.AddIndex("run", models.Index(fields=["updated_at"], name="run_moved")),
        migrations.AddIndex(
            "commit", models.Index(fields=["organisation", "reversed_by"], name="commit_reversed_by")
        ),
        migrations.AddIndex(
            "commit", models.Index(fields=["connection", "created_at"], name="commit_made")
        ),
    ]
