"""Which database, and what the two kinds do differently: time, locks, and what must be refused."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.db import connection, connections
from filelock import FileLock, Timeout

from ml_connector.ports.storage import Clock


def database_settings(url: str) -> dict[str, Any]:
    """Django's settings for a `sqlite:///path` or `postgresql://user@host/name` address. Raises `ValueError`
    for another kind.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        options = {
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
        }
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": url.removeprefix("sqlite:///"),
            "OPTIONS": options,
        }
    if parts.scheme in ("postgresql", "postgres"):
        query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path.lstrip("/"),
            "USER": parts.username or "",
            "PASSWORD": unquote(parts.password or ""),
            "HOST": unquote(query.get("host", parts.hostname or "")),
            "PORT": str(parts.port or ""),
        }
    raise ValueError(f"{url!r} is neither a sqlite:/// nor a postgresql:// address")


BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_simulated: list[Clock] = []


def use_clock(clock: Clock) -> None:
    """Take the database's time from this clock from now on: a simulated world has one time for everybody."""
    _simulated[:] = [clock]


def database_now() -> datetime:
    """The database's present time, UTC; the only clock that intents are compared with."""
    if _simulated:
        return _simulated[0].now()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT clock_timestamp()")
            (value,) = cursor.fetchone()
            moment: datetime = value
            return moment.astimezone(UTC)
        cursor.execute("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")
        (text,) = cursor.fetchone()
        return datetime.fromisoformat(text).replace(tzinfo=UTC)


def refuse_unsafe() -> str | None:
    """Why this database may not hold intents, or `None`: a commit that is acknowledged must survive a
    crash.
    """
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        for name in ("synchronous_commit", "fsync"):
            cursor.execute(f"SHOW {name}")
            (value,) = cursor.fetchone()
            if value == "off":
                return (
                    f"This PostgreSQL runs with {name}=off and may forget acknowledged commits, so an entry"
                    " could be booked twice. Set it on."
                )
    return None


def lock_path(folder: Path, name: str) -> Path:
    """The file of a named lock."""
    return folder / f"{hashlib.sha256(name.encode()).hexdigest()[:24]}.lock"


class Locks:
    """Locks across threads and processes that a dead process cannot keep: files beside SQLite, advisory locks
    on PostgreSQL.

    Each lock is held on a connection of its own, so that closing the thread's usual connection does not drop
    it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Wait for the lock, then hold it."""
        if connection.vendor == "postgresql":
            with self._advisory(name, wait=True):
                yield
            return
        with self._file(name, timeout=-1):
            yield

    @contextmanager
    def seize(self, name: str) -> Iterator[LockWatch | None]:
        """The lock if it is free now, with a way to ask whether it is still held; `None` when somebody alive
        holds it.
        """
        if connection.vendor == "postgresql":
            with self._advisory(name, wait=False) as watch:
                yield watch
            return
        lock = self._file(name, timeout=0)
        try:
            lock.acquire()
        except Timeout:
            yield None
            return
        try:
            yield LockWatch(lambda: lock.is_locked)
        finally:
            lock.release()

    def _file(self, name: str, timeout: float) -> FileLock:
        self._folder.mkdir(parents=True, exist_ok=True)
        return FileLock(lock_path(self._folder, name), timeout=timeout, thread_local=False)

    @contextmanager
    def _advisory(self, name: str, *, wait: bool) -> Iterator[LockWatch | None]:
        import psycopg

        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        parameters = connections["default"].get_connection_params()
        wanted = {
            key: value
            for key, value in parameters.items()
            if key in ("dbname", "user", "password", "host", "port")
        }
        with psycopg.connect(
            **wanted,
            autocommit=True,
            keepalives=1,
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
        ) as own:
            if wait:
                own.execute("SELECT pg_advisory_lock(%s)", (number,))
            elif not (own.execute("SELECT pg_try_advisory_lock(%s)", (number,)).fetchone() or (False,))[0]:
                yield None
                return
            yield LockWatch(lambda: own.execute("SELECT 1").fetchone() is not None)


class LockWatch:
    """Asks whether a seized lock is still ours."""

    def __init__(self, ask: Any) -> None:
        self._ask = ask

    def held(self) -> bool:
        """False as soon as the lock, or the connection it stands on, is gone."""
        try:
            return bool(self._ask())
        except Exception:
            return False


class SystemClock:
    """Real time. `monotonic` runs through suspend where the system has such a clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))

    def machine(self) -> str:
        return _machine()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@cache
def _machine() -> str:
    """The kernel's id of its present start; where it has none, one of this process, which is safe: another
    process then waits a whole settling time.
    """
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return uuid.uuid4().hex
