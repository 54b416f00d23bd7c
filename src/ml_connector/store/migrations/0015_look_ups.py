"""Look-ups of commits that do not grow with their number: what is known in an entity, what a run has made, and
what begins with a reference. That is found by the index of the unique key on SQLite; PostgreSQL needs one whose
order is that of the characters, whatever its language.
"""

from typing import Any

from django.db import migrations, models


def _add_beginnings(_: Any, editor: Any) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(
            "CREATE INDEX commit_key_begins ON store_commit (organisation_id, key varchar_pattern_ops)"
        )


def _drop_beginnings(_: Any, editor: Any) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("DROP INDEX commit_key_begins")


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
        migrations.RunPython(_add_beginnings, _drop_beginnings),
    ]
