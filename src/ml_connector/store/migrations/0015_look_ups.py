"""Look-ups of commits that do not grow with their number: what is known in an entity, what a run has made, and
what begins with a reference. PostgreSQL finds a beginning only by an index made for it.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0014_journals_before")]

    operations = [
        migrations.RemoveIndex("commit", "commit_known"),
        migrations.AddIndex(
            "commit",
            models.Index(
                fields=["organisation", "tenant", "entity", "reference", "key", "marked_by"],
                name="commit_known",
            ),
        ),
        migrations.AddIndex("commit", models.Index(fields=["organisation", "run"], name="commit_run")),
        migrations.AddIndex(
            "commit",
            models.Index(
                fields=["organisation", "key"],
                name="commit_key_begins",
                opclasses=["int8_ops", "varchar_pattern_ops"],
            ),
        ),
    ]
