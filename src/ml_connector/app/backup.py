"""Backup of an installation: the product's database and the folder of files in one file, the keys apart.

SQLite is copied with its own backup function, PostgreSQL table by table in one snapshot. The durable engine's
database is not in it on purpose. `app/restore.py` puts a backup in place.
"""

from __future__ import annotations

import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ml_connector.app import backup_postgres as postgres
from ml_connector.app.backup_files import add_files
from ml_connector.app.private_file import AlreadyThere, private_file
from ml_connector.app.settings import Settings

PRODUCT = "product.sqlite3"

BackupError = postgres.BackupError


class NotOverwritten(BackupError):
    """A file of this name is there, and was left as it is."""


def require_free(to: Path, keys_to: Path | None) -> None:
    """Raises `NotOverwritten` when a file of a backup, or of its keys, is there already: before anything is
    written.
    """
    beside = (keys_to, keys_to.with_name(f"{keys_to.name}.audit")) if keys_to else ()
    for file in (to, *beside):
        if file.exists():
            raise NotOverwritten(str(AlreadyThere.of(file)))


def backup(settings: Settings, to: Path, *, force: bool = False) -> int:
    """Write the product's database, consistent while it is in use, and every file that is kept, into a
    compressed file for its owner alone; returns its size in bytes. Raises `BackupError` when there is a file
    of that name, unless with `force`.
    """
    with _private(to, force) as fresh:
        if not settings.database.startswith("sqlite:///"):
            postgres.backup(fresh, lambda archive: add_files(archive, settings.files))
        else:
            _copy_into(settings, fresh)
    return to.stat().st_size


def _copy_into(settings: Settings, to: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / PRODUCT
        with closing(sqlite3.connect(_path(settings))) as live, closing(sqlite3.connect(copy)) as target:
            live.backup(target)
        with tarfile.open(to, "w:gz", compresslevel=postgres.COMPRESSION) as archive:
            archive.add(copy, PRODUCT)
            add_files(archive, settings.files)


def backup_keys(settings: Settings, to: Path, *, force: bool = False) -> None:
    """Copy the key file, for its owner alone, and the key of the audit chain beside it, as `NAME.audit`; keep
    both apart from the database backup. Raises `BackupError` when there is a file of that name, unless with
    `force`.
    """
    with _private(to, force) as fresh:
        fresh.write_bytes(settings.key_file.read_bytes())
    if settings.seal_file.exists():
        with _private(to.with_name(f"{to.name}.audit"), force) as fresh:
            fresh.write_bytes(settings.seal_file.read_bytes())


@contextmanager
def _private(to: Path, force: bool) -> Iterator[Path]:
    try:
        with private_file(to, force=force) as fresh:
            yield fresh
    except AlreadyThere as error:
        raise NotOverwritten(str(error)) from error


def _path(settings: Settings) -> Path:
    return Path(settings.database.removeprefix("sqlite:///"))
