"""Locks across threads and processes that a dead process cannot keep: files beside SQLite, advisory locks on
PostgreSQL.

Whoever holds a lock is written down with it (in the lock file, as the name of the connection), so that who
waits too long can say for whom. The operating system, or the server, ends a lock with its holder; a file that
is left behind locks nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import connection, connections
from filelock import FileLock, Timeout

from ml_connector.errors import Busy

WAIT_SECONDS = 180.0
"""How long a lock is waited for. A holder that works keeps one for the time of a call, and for two minutes
before it while the vendor's limit is waited for; one that hangs keeps it for good.
"""
EXECUTOR = "executor:"
"""How the name of an executor's lock begins."""
KEEPALIVE: dict[str, Any] = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""A server that is gone is noticed in some ten seconds, also while it owes us an answer."""
_NOT_OF_THE_DRIVER = ("client_encoding", "context", "cursor_factory", "prepare_threshold")
_OURS = """SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()
           AND (classid::bigint << 32) | objid::bigint = %s AND objsubid = 1"""
_HOLDER = """SELECT application_name, backend_start FROM pg_locks JOIN pg_stat_activity USING (pid)
             WHERE locktype = 'advisory' AND granted AND objsubid = 1
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
             AND (classid::bigint << 32) | objid::bigint = %s"""


def lock_path(folder: Path, name: str) -> Path:
    """The file of a named lock."""
    return folder / f"{hashlib.sha256(name.encode()).hexdigest()[:24]}.lock"


class LockWatch:
    """Asks whether a seized lock is still ours."""

    def __init__(self, ask: Callable[[], bool]) -> None:
        self._ask = ask

    def held(self) -> bool:
        """False as soon as the lock is gone: with its file, or with the connection it was taken on."""
        try:
            return self._ask()
        except Exception:
            return False


class Locks:
    """Named locks. `executor` is the worker that this process is, where it is one: whoever seizes the lock of
    an executor is that worker. It is named with every lock.

    Each lock on PostgreSQL is held on a connection of its own, so that closing the thread's usual connection
    does not drop it.
    """

    def __init__(self, folder: Path, executor: str = "", wait_seconds: float = WAIT_SECONDS) -> None:
        self._folder, self._executor, self._wait = folder, executor, wait_seconds
        self._mine: set[tuple[str, int]] = set()

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Wait for the lock, then hold it. Raises `Busy`, naming who holds it, when that takes too long, and
        `RuntimeError` when this thread holds it already.
        """
        me = (name, threading.get_ident())
        if me in self._mine:
            raise RuntimeError(f"the lock {name} is held by this thread already")
        take = self._advisory if connection.vendor == "postgresql" else self._file
        with take(name, self._wait) as watch:
            if watch is None:
                raise self._busy(name)
            self._mine.add(me)
            try:
                yield
            finally:
                self._mine.discard(me)

    @contextmanager
    def seize(self, name: str) -> Iterator[LockWatch | None]:
        """The lock if it is free now, with a way to ask whether it is still held; `None` when somebody alive
        holds it.
        """
        take = self._advisory if connection.vendor == "postgresql" else self._file
        with take(name, 0) as watch:
            if watch is not None and name.startswith(EXECUTOR):
                self._executor = name.removeprefix(EXECUTOR)
            yield watch

    def holder(self, name: str) -> str:
        """Who holds the lock now, in words."""
        found = self._advisory_holder(name) if connection.vendor == "postgresql" else self._file_holder(name)
        return found or "a process that is not known"

    def _busy(self, name: str) -> Busy:
        text = (
            f"The lock {name} is held for more than {self._wait:.0f} seconds by {self.holder(name)}. It is"
            " tried again later. If that process hangs, end it; its lock ends with it."
        )
        return Busy(text, where="lock")

    # --- files ----------------------------------------------------------------------------------------------

    @contextmanager
    def _file(self, name: str, wait: float) -> Iterator[LockWatch | None]:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path, ours = lock_path(self._folder, name), []

        def sign(descriptor: int) -> None:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(self._me(name)).encode(), 0)
            ours.append(descriptor)

        def held() -> bool:
            """Somebody may have deleted the file: then another one of its name can be locked by another."""
            mine, there = os.fstat(ours[0]), path.stat()
            return lock.is_locked and (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)

        lock = FileLock(
            path,
            timeout=wait,
            mode=0o600,
            thread_local=False,
            fallback_to_soft=False,
            preserve_lock_file=True,
            on_acquired=sign,
        )
        try:
            lock.acquire()
        except Timeout:
            yield None
            return
        try:
            yield LockWatch(held)
        finally:
            lock.release()

    def _file_holder(self, name: str) -> str:
        try:
            found = json.loads(lock_path(self._folder, name).read_text())
            who = f"process {found['pid']} on {found['host']}{_worker(found['executor'])}"
            return f"{who}, since {found['since']}"
        except (OSError, ValueError, TypeError, KeyError):
            return ""

    def _me(self, name: str) -> dict[str, Any]:
        return {
            "lock": name,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "executor": self._executor,
            "since": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
        }

    # --- PostgreSQL -----------------------------------------------------------------------------------------

    @contextmanager
    def _advisory(self, name: str, wait: float) -> Iterator[LockWatch | None]:
        from psycopg.errors import LockNotAvailable

        number = _number(name)
        with self._connected() as own:
            try:
                if wait:
                    own.execute(f"SET lock_timeout = {round(wait * 1000)}")
                    own.execute("SELECT pg_advisory_lock(%s)", (number,))
                    taken = True
                else:
                    ((taken,),) = own.execute("SELECT pg_try_advisory_lock(%s)", (number,)).fetchall()
            except LockNotAvailable:
                taken = False
            yield LockWatch(lambda: own.execute(_OURS, (number,)).fetchone() is not None) if taken else None

    def _advisory_holder(self, name: str) -> str:
        with self._connected() as own:
            found = own.execute(_HOLDER, (_number(name),)).fetchone()
        return "" if found is None else f"{found[0]}, since {found[1]:%Y-%m-%d %H:%M:%S} UTC"

    def _connected(self) -> Any:
        """A connection of its own, to the same database in the same way, encryption included."""
        import psycopg

        parameters = connections["default"].get_connection_params()
        same = {name: value for name, value in parameters.items() if name not in _NOT_OF_THE_DRIVER}
        me = f"process {os.getpid()} on {socket.gethostname()}{_worker(self._executor)}"
        name = me.encode("ascii", errors="replace")[:63].decode()
        return psycopg.connect(**{**KEEPALIVE, **same}, application_name=name, autocommit=True)


def _worker(executor: str) -> str:
    return f" (worker {executor})" if executor else ""


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
