"""Backup and restore of an installation: the product's database in one file, the keys apart.

SQLite is copied with its own backup function, PostgreSQL table by table in one snapshot. The durable engine's
database is not in it on purpose.

After a restore the books of the vendors may be ahead of ours, so every flow is set to `propose`, every run
that was under way is held, and the durable engine starts empty. Posting again is safe then: the first look-up
of every entry finds what was booked after the backup was taken.
"""

from __future__ import annotations

import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ml_connector.app import backup_postgres as postgres
from ml_connector.app.private_file import AlreadyThere, private_file
from ml_connector.app.settings import Settings, start_django

PRODUCT = "product.sqlite3"


BackupError = postgres.BackupError


def backup(settings: Settings, to: Path, *, force: bool = False) -> int:
    """Write the product's database, consistent while it is in use, into a compressed file for its owner
    alone; returns its size in bytes. Raises `BackupError` when there is a file of that name, unless with
    `force`.
    """
    with _private(to, force) as fresh:
        if not settings.database.startswith("sqlite:///"):
            postgres.backup(fresh)
        else:
            _copy_into(_path(settings), fresh)
    return to.stat().st_size


def _copy_into(source: Path, to: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / PRODUCT
        with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(copy)) as target:
            live.backup(target)
        with tarfile.open(to, "w:gz") as archive:
            archive.add(copy, PRODUCT)


def backup_keys(settings: Settings, to: Path, *, force: bool = False) -> None:
    """Copy the key file, for its owner alone; keep it apart from the database backup. Raises `BackupError`
    when there is a file of that name, unless with `force`.
    """
    with _private(to, force) as fresh:
        fresh.write_bytes(settings.key_file.read_bytes())


@contextmanager
def _private(to: Path, force: bool) -> Iterator[Path]:
    try:
        with private_file(to, force=force) as fresh:
            yield fresh
    except AlreadyThere as error:
        raise BackupError(str(error)) from error


def restore(settings: Settings, source: Path) -> None:
    """Put a backup in place of the database, which is kept beside it. Nothing may run while this does."""
    if not settings.database.startswith("sqlite:///"):
        start_django(settings)
        postgres.restore(source)
        return
    target = _path(settings)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with tarfile.open(source, "r:gz") as archive, tempfile.TemporaryDirectory() as folder:
            archive.extract(PRODUCT, folder, filter="data")
            copy = Path(folder) / PRODUCT
            with closing(sqlite3.connect(copy)) as check:
                (state,) = check.execute("PRAGMA integrity_check").fetchone()
            if state != "ok":
                raise BackupError(f"The backup {source.name} is damaged: {state}")
            for path in (target, Path(settings.engine.removeprefix("sqlite:///"))):
                for old in path.parent.glob(f"{path.name}*"):
                    if not old.name.endswith(".before-restore"):
                        old.replace(old.with_name(f"{old.name}.before-restore"))
            with private_file(target) as fresh:
                fresh.write_bytes(copy.read_bytes())
    except (tarfile.TarError, KeyError, OSError, sqlite3.DatabaseError) as error:
        raise BackupError(f"{source.name} is not a backup of ml-connector: {error}") from error


def make_safe(actor: str, organisation: str) -> tuple[int, int]:
    """After a restore: all flows propose only, all runs under way are held; returns how many of each."""
    from ml_connector.app.access import Access
    from ml_connector.domain import codec
    from ml_connector.domain.problem import Owner, Problem
    from ml_connector.ports.storage import RunState
    from ml_connector.store.models import Flow, Run

    problem = Problem(
        "run.restored",
        "run",
        "The database was restored while this run was under way. Look at it, then resume.",
        Owner.ADMINISTRATOR,
    )
    flows = Flow.objects.exclude(mode="propose").update(mode="propose")
    under_way = Run.objects.filter(state__in=[RunState.READY, RunState.RUNNING, RunState.WAITING])
    runs = under_way.update(state=RunState.HELD, problems=codec.encode((problem,)))
    Access(organisation).audit.append(
        actor=actor, action="restored", subject="installation", detail={"flows": flows, "runs": runs}
    )
    return flows, runs


def _path(settings: Settings) -> Path:
    return Path(settings.database.removeprefix("sqlite:///"))


def somebody_works(settings: Settings) -> bool:
    """Whether a worker holds this installation's executor lock."""
    from ml_connector.runs.worker import lock_name
    from ml_connector.store.database import Locks, lock_path

    name = lock_name(settings.executor)
    if settings.database.startswith("sqlite:///"):
        # Asked before Django opens the database that is about to be replaced.
        path = lock_path(settings.locks, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(path, timeout=0):
                return False
        except Timeout:
            return True
    start_django(settings)
    with Locks(settings.locks).seize(name) as watch:
        return watch is None
