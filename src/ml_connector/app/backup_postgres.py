"""The product's tables of a PostgreSQL database in one file, as one snapshot, by PostgreSQL's own COPY."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connection, transaction

SUFFIX = ".copy"
SCHEMA = "tables.txt"
CHUNK = 1 << 20

COMPRESSION = 6
"""The level that gzip itself takes, of both kinds of backup: the highest is slower and hardly smaller."""


class BackupError(Exception):
    """The backup cannot be made, or cannot be restored."""


def backup(to: Path, add_files: Callable[[tarfile.TarFile], None]) -> int:
    """Write every table, all of the same moment, then what `add_files` adds; returns the size in bytes."""
    with (
        transaction.atomic(),
        tarfile.open(to, "w:gz", compresslevel=COMPRESSION) as archive,
        connection.cursor() as cursor,
    ):
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        _add(archive, SCHEMA, io.BytesIO(_schema()))
        for table in _tables():
            data = io.BytesIO()
            with cursor.copy(f"COPY {table} TO STDOUT (FORMAT binary)") as rows:
                for part in rows:
                    data.write(part)
            _add(archive, table + SUFFIX, data)
        add_files(archive)
    return to.stat().st_size


def _add(archive: tarfile.TarFile, name: str, data: io.BytesIO) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime = len(data.getbuffer()), int(time.time())
    data.seek(0)
    archive.addfile(entry, data)


def restore(archive: tarfile.TarFile, name: str) -> None:
    """Replace the contents of every table; call in a transaction. Raises `BackupError` for a file that was
    made on another database, or by another release.
    """
    members = {member.name: member for member in archive.getmembers()}
    made_for = _read(archive, members.get(SCHEMA))
    if made_for != _schema():
        raise BackupError(
            f"{name} was not made on PostgreSQL by a release with the tables of this one. Restore it with the"
            " release that made it, then upgrade."
        )
    tables = _tables()
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
        for table in tables:
            member: Any = archive.extractfile(members[table + SUFFIX])
            with cursor.copy(f"COPY {table} FROM STDIN (FORMAT binary)") as rows:
                while part := member.read(CHUNK):
                    rows.write(part)
        _reset_sequences(cursor)


def has_rows(beside: Collection[str]) -> bool:
    """Whether a table has a row, beside these."""
    models = [model for model in _models() if model._meta.db_table not in beside]
    return any(model._default_manager.exists() for model in models)


def somebody_holds_a_lock() -> bool:
    """Whether another process holds a lock of this database, as every worker does while it works."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1"
        )
        return cursor.fetchone() is not None


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo | None) -> bytes:
    file = archive.extractfile(member) if member is not None else None
    return file.read() if file is not None else b""


def _schema() -> bytes:
    """What the tables look like: columns in their order, since rows are copied without names."""
    with connection.cursor() as cursor:
        described = [
            f"{table}: {', '.join(column.name for column in _columns(cursor, table))}" for table in _tables()
        ]
    return "\n".join(described).encode()


def _columns(cursor: Any, table: str) -> Any:
    return connection.introspection.get_table_description(cursor, table)


def _models() -> list[Any]:
    people: Any = apps.get_app_config("auth").get_model("User")
    return [people, *apps.get_app_config("store").get_models()]


def _tables() -> list[str]:
    """Tables of the store, those that are referred to first."""
    left = _models()
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
    for model in _models():
        key, table = model._meta.pk, model._meta.db_table
        if key is not None and key.get_internal_type() in ("AutoField", "BigAutoField"):
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT coalesce(max(id), 0) + 1"
                f" FROM {table}), false)"
            )
