"""SQLite as Django drives it, which tells a watcher before it begins to write and after it has committed.

    watcher.before()    nothing of this transaction is done; another task may go on
    watcher.full()      whether the disk is full: the write, or the commit, fails as SQLite says it
    watcher.after()     it is durable, and no transaction is open

A statement that writes outside of a transaction is one of its own, and its rows are read at once: a
statement that is half read would keep the lock while another task goes on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from django.db.backends.sqlite3 import base

FULL = "database or disk is full"
_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")


class Watcher(Protocol):
    """Who listens."""

    def before(self) -> None: ...

    def full(self) -> bool: ...

    def after(self) -> None: ...


class DatabaseWrapper(base.DatabaseWrapper):
    """One connection; `watcher` may be set at any time."""

    watcher: Watcher | None = None
    _committed = False

    def create_cursor(self, name: str | None = None) -> Any:
        """A cursor that knows its connection."""
        assert self.connection is not None
        return self.connection.cursor(factory=lambda connection: _Cursor(connection, self))

    def _start_transaction_under_autocommit(self) -> None:
        if self.watcher is not None:
            self.watcher.before()
        super()._start_transaction_under_autocommit()  # type: ignore[misc]

    def _commit(self) -> None:
        if self.watcher is not None and self.watcher.full():
            with self.wrap_database_errors:
                raise sqlite3.OperationalError(FULL)
        super()._commit()  # type: ignore[misc]
        self._committed = True

    def set_autocommit(
        self, autocommit: bool, force_begin_transaction_with_broken_autocommit: bool = False
    ) -> None:
        """Begin or end a transaction; a committed one is durable here, and nothing is open."""
        super().set_autocommit(autocommit, force_begin_transaction_with_broken_autocommit)
        if autocommit and self._committed:
            self._committed = False
            if self.watcher is not None:
                self.watcher.after()


class _Cursor(base.SQLiteCursorWrapper):
    """A cursor whose writes outside of a transaction are transactions of their own."""

    def __init__(self, connection: sqlite3.Connection, wrapper: DatabaseWrapper) -> None:
        super().__init__(connection)
        self._wrapper = wrapper
        self._rows: list[Any] | None = None

    def execute(self, query: str, params: Any = None) -> Any:
        """Run a statement."""
        self._rows = None
        if self._wrapper.in_atomic_block or not query.startswith(_WRITES):
            return super().execute(query, params)
        watcher = self._begin()
        result = super().execute(query, params)
        if self.description is not None:
            self._rows = super().fetchall()
        if watcher is not None:
            watcher.after()
        return result

    def executemany(self, query: str, param_list: Iterable[Any]) -> Any:
        """Run a statement for each set of values."""
        if self._wrapper.in_atomic_block:
            return super().executemany(query, param_list)
        watcher = self._begin()
        result = super().executemany(query, param_list)
        if watcher is not None:
            watcher.after()
        return result

    def fetchone(self) -> Any:
        """The next row."""
        if self._rows is None:
            return super().fetchone()
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int | None = 1) -> Any:
        """The next rows."""
        if self._rows is None:
            return super().fetchmany(size)
        taken, self._rows = self._rows[:size], self._rows[size or 1 :]
        return taken

    def fetchall(self) -> Any:
        """All rows that are left."""
        if self._rows is None:
            return super().fetchall()
        taken, self._rows = self._rows, []
        return taken

    def _begin(self) -> Watcher | None:
        watcher = self._wrapper.watcher
        if watcher is not None:
            watcher.before()
            if watcher.full():
                raise sqlite3.OperationalError(FULL)
        return watcher


def database_settings(path: Path) -> dict[str, Any]:
    """Django's settings of the database: synchronous off, because nothing here loses power."""
    options = {
        "init_command": "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY;",
        "transaction_mode": "IMMEDIATE",
        "cached_statements": 1000,
    }
    return {
        "ENGINE": "moving_world.backend",
        "NAME": str(path),
        "OPTIONS": options,
        "ATOMIC_REQUESTS": False,
        "AUTOCOMMIT": True,
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": False,
        "TIME_ZONE": None,
        "USER": "",
        "PASSWORD": "",
        "HOST": "",
        "PORT": "",
        "TEST": {"CHARSET": None, "COLLATION": None, "MIGRATE": True, "MIRROR": None, "NAME": None},
    }
