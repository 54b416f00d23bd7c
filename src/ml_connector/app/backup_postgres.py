"""The product's tables of a PostgreSQL database in one file, as one snapshot, by PostgreSQL's own COPY."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connection, transaction

SUFFIX = ".copy"
CHUNK = 1 << 20


class BackupError(Exception):
    """The backup cannot be made, or cannot be restored."""


def backup(to: Path) -> int:
    """Write every table, all of the same moment; returns the size in bytes."""
    with transaction.atomic(), tarfile.open(to, "w:gz") as archive, connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for table in _tables():
            data = io.BytesIO()
            with cursor.copy(f"COPY {table} TO STDOUT (FORMAT binary)") as rows:
                for part in rows:
                    data.write(part)
            entry = tarfile.TarInfo(table + SUFFIX)
            entry.size = data.tell()
            data.seek(0)
            archive.addfile(entry, data)
    return to.stat().st_size


def restore(source: Path) -> None:
    """Replace the contents of every table, in one transaction; raises `BackupError` for a file that is not
    such a backup, and changes nothing.
    """
    tables = _tables()
    try:
        with tarfile.open(source, "r:gz") as archive, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(tables)}")
            for table in tables:
                member: Any = archive.extractfile(table + SUFFIX)
                with cursor.copy(f"COPY {table} FROM STDIN (FORMAT binary)") as rows:
                    while part := member.read(CHUNK):
                        rows.write(part)
            _reset_sequences(cursor)
    except (tarfile.TarError, KeyError, OSError) as error:
        raise BackupError(f"{source.name} is not a backup of ml-connector on PostgreSQL: {error}") from error


def _tables() -> list[str]:
    """Tables of the store, those that are referred to first."""
    left = list(apps.get_app_config("store").get_models())
    ordered: list[Any] = []
    while left:
        for model in left:
            wanted = {field.related_model for field in model._meta.fields if field.is_relation} - {model}
            if wanted <= set(ordered):
                ordered.append(model)
                left.remove(model)
                break
    return [model._meta.db_table for model in ordered]


def _reset_sequences(cursor: Any) -> None:
    for model in apps.get_app_config("store").get_models():
        key, table = model._meta.pk, model._meta.db_table
        if key is not None and key.get_internal_type() == "BigAutoField":
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT coalesce(max(id), 0) + 1"
                f" FROM {table}), false)"
            )
