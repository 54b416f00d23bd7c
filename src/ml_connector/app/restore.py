"""Putting a backup in place of an installation's database.

extract beside ─ upgrade and make safe in that file ─ fsync ─ keep the old one ─ rename

On PostgreSQL all of it is one transaction. A crash at any moment leaves the old database or the safe new one,
and nothing of it reads a secret, so that it works without the key file. The durable engine starts empty, and
its passes are named after the installation, which is a new one.
"""

from __future__ import annotations

import gzip
import os
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ml_connector.app.backup import PRODUCT, BackupError
from ml_connector.app.backup_files import restore_files
from ml_connector.app.settings import Settings, start_django

ALWAYS_THERE = ("store_organisation", "store_installation", "store_audithead")
"""Tables of which an installation that nobody has used yet has rows."""
KEPT = ".before-restore"
NO_BACKUP = (tarfile.TarError, KeyError, EOFError, zlib.error, gzip.BadGzipFile, sqlite3.DatabaseError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """How many flows were set to propose, how many runs are held, and when the backup was made, if known."""

    flows: int
    runs: int
    made_at: datetime | None


def restore(
    settings: Settings, source: Path, *, actor: str, crash_point: Callable[[str], None] = lambda name: None
) -> Restored:
    """Put a backup, made safe, in place of the database; on SQLite that is kept beside it. Raises
    `BackupError` for a file that is no backup, and changes nothing. Call within `alone`, in a process that
    has not opened the database; `crash_point` may end it in tests.
    """
    try:
        with tarfile.open(source, "r:gz") as archive:
            made_at = _made_at(archive)
            if settings.database.startswith("sqlite:///"):
                return _restore_file(settings, archive, _Story(settings, source, actor, made_at, crash_point))
            return _restore_tables(settings, archive, _Story(settings, source, actor, made_at, crash_point))
    except NO_BACKUP as error:
        raise BackupError(f"{source.name} is not a backup of ml-connector: {error}") from error


@dataclass(frozen=True, slots=True)
class _Story:
    """What is written down of a restore."""

    settings: Settings
    source: Path
    actor: str
    made_at: datetime | None
    crash_point: Callable[[str], None]

    def make_safe(self) -> Restored:
        from ml_connector.app.safe_copy import make_safe

        flows, runs = make_safe(
            self.settings.organisation,
            actor=self.actor,
            detail={
                "file": self.source.name,
                "made_at": self.made_at.isoformat() if self.made_at else "not known",
            },
        )
        return Restored(flows=flows, runs=runs, made_at=self.made_at)


def _made_at(archive: tarfile.TarFile) -> datetime | None:
    first = archive.next()
    if first is None:
        raise KeyError("there is nothing in it")
    return datetime.fromtimestamp(first.mtime, UTC).replace(microsecond=0) if first.mtime else None


# --- SQLite -------------------------------------------------------------------------------------------------


def _restore_file(settings: Settings, archive: tarfile.TarFile, story: _Story) -> Restored:
    target = Path(settings.database.removeprefix("sqlite:///"))
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in target.parent.glob(f".{target.name}.*"):
        shutil.rmtree(left, ignore_errors=True)  # Of a restore that was killed.
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
        archive.extract(PRODUCT, folder, filter="data")
        copy = Path(folder) / PRODUCT
        copy.chmod(0o600)
        with closing(sqlite3.connect(copy)) as check:
            (state,) = check.execute("PRAGMA integrity_check").fetchone()
            if state != "ok":
                raise BackupError(f"The backup {story.source.name} is damaged: {state}")
            _check_tables(check)
        restored = _safe_in_the_file(settings, copy, story)
        restore_files(archive, settings.files)
        story.crash_point("restore: safe")
        _set_engine_aside(settings)
        story.crash_point("restore: engine empty")
        if target.exists():
            _keep(target)
        story.crash_point("restore: old one kept")
        copy.replace(target)
        _sync(target.parent)
    return restored


def _check_tables(database: sqlite3.Connection) -> None:
    found = database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'store_run'").fetchone()
    if found == (0,):
        raise KeyError("there is no table of runs in it")


def _safe_in_the_file(settings: Settings, copy: Path, story: _Story) -> Restored:
    """Upgrade the copy to this release and make it safe, all of it on the disk afterwards, in one file."""
    start_django(settings.at(copy), keys=False)
    from django.db import connection, transaction

    with transaction.atomic():
        restored = story.make_safe()
    connection.close()
    with closing(sqlite3.connect(copy)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("PRAGMA journal_mode=DELETE")
    _sync(copy)
    return restored


def _keep(target: Path) -> None:
    """The old database under another name, whole in one file: a write-ahead log that is left behind would be
    read into the new one.
    """
    # One that is damaged, which may be why somebody restores, is kept as it is.
    with closing(sqlite3.connect(target)) as database, suppress(sqlite3.DatabaseError):
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("PRAGMA journal_mode=DELETE")
    kept = target.with_name(f"{target.name}{KEPT}")
    kept.unlink(missing_ok=True)
    for suffix in ("-wal", "-shm"):
        if (beside := target.with_name(f"{target.name}{suffix}")).exists():
            beside.replace(target.with_name(f"{target.name}{suffix}{KEPT}"))
    os.link(target, kept)
    _sync(target.parent)


def _set_engine_aside(settings: Settings) -> None:
    """The durable engine starts empty: what it has under way is of the old database."""
    if not settings.engine.startswith("sqlite:///"):
        from ml_connector.runs.engine import Recoverer

        recoverer = Recoverer(settings.engine)
        try:
            recoverer.clear()
        finally:
            recoverer.close()
        return
    path = Path(settings.engine.removeprefix("sqlite:///"))
    for old in path.parent.glob(f"{path.name}*"):
        if not old.name.endswith(KEPT):
            old.replace(old.with_name(f"{old.name}{KEPT}"))


def _sync(path: Path) -> None:
    """What was written, or renamed in a folder, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# --- PostgreSQL ---------------------------------------------------------------------------------------------


def _restore_tables(settings: Settings, archive: tarfile.TarFile, story: _Story) -> Restored:
    start_django(settings, keys=False)
    from django.db import transaction

    from ml_connector.app import backup_postgres as postgres

    _set_engine_aside(settings)
    story.crash_point("restore: engine empty")
    with transaction.atomic():
        postgres.restore(archive, story.source.name)
        restore_files(archive, settings.files)
        restored = story.make_safe()
        story.crash_point("restore: safe")
    return restored


# --- what is in the way -------------------------------------------------------------------------------------


def holds_anything(settings: Settings) -> bool:
    """Whether this installation has anything that a restore would replace. A database that cannot be read
    may.
    """
    if not settings.database.startswith("sqlite:///"):
        start_django(settings, keys=False)
        from ml_connector.app.backup_postgres import has_rows

        return has_rows(ALWAYS_THERE)
    path = Path(settings.database.removeprefix("sqlite:///"))
    if not path.exists() or path.stat().st_size == 0:
        return False
    try:
        with closing(sqlite3.connect(path)) as database:
            named = "SELECT name FROM sqlite_master WHERE type = 'table'"
            tables = [name for (name,) in database.execute(named)]
            return any(
                database.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone()
                for name in tables
                if (name.startswith("store_") or name == "auth_user") and name not in ALWAYS_THERE
            )
    except sqlite3.DatabaseError:
        return True


@contextmanager
def alone(settings: Settings) -> Iterator[bool]:
    """Hold this installation's executor lock; false when a worker has it, or one under another id is at work.
    SQLite is not opened for it, since its file is about to be replaced.
    """
    from ml_connector.runs.worker import lock_name
    from ml_connector.store.locks import Locks, lock_path

    name = lock_name(settings.executor)
    if not settings.database.startswith("sqlite:///"):
        start_django(settings, keys=False)
        from ml_connector.app.backup_postgres import somebody_holds_a_lock

        if somebody_holds_a_lock():
            yield False
            return
        with Locks(settings.locks).seize(name) as watch:
            yield watch is not None
        return
    settings.locks.mkdir(parents=True, exist_ok=True, mode=0o700)
    paths = {lock_path(settings.locks, name), *settings.locks.glob("*.lock")}
    with ExitStack() as held:
        yield all(_take(path, held) for path in sorted(paths))


def _take(path: Path, held: ExitStack) -> bool:
    lock: Any = FileLock(path, timeout=0, mode=0o600, preserve_lock_file=True)
    try:
        held.enter_context(lock)
    except Timeout:
        return False
    return True
