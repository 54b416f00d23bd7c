"""Which database, and what the two kinds do differently: time, and what must be refused. Locks have a module
of their own.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any

from django.db import close_old_connections, connection, connections
from django.db.models import F, Q
from django.db.models.expressions import Combinable
from django.db.models.functions import Collate

from ml_connector.ports.storage import Clock
from ml_connector.store.locks import Locks, LockWatch, lock_path

__all__ = [
    "AddressError",
    "LockWatch",
    "Locks",
    "SystemClock",
    "after_prefix",
    "begins_with",
    "database_now",
    "database_scope",
    "database_settings",
    "in_background",
    "in_order",
    "lock_path",
    "named_by",
    "of_days",
    "refuse_unsafe",
    "use_clock",
]

CONNECT_SECONDS = "10"
"""For a connection to PostgreSQL, where the address sets no `connect_timeout`."""


def begins_with(column: str, prefix: str, after: str) -> Q:
    """Rows whose column begins with the prefix; `after` is `after_prefix` of it. On SQLite `LIKE` uses no
    index and does not tell upper from lower case, so it is a range there.
    """
    if connection.vendor != "sqlite":
        return Q(**{f"{column}__startswith": prefix})
    return Q(**{f"{column}__gte": prefix, f"{column}__lt": after})


def after_prefix(prefix: str) -> str:
    """The first text behind all that begin with the prefix, which is not empty."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def in_order(column: str) -> Combinable:
    """The column, to be sorted and compared as Python does: PostgreSQL sorts texts by language otherwise."""
    return F(column) if connection.vendor == "sqlite" else Collate(column, "C")


def named_by(days: Collection[str]) -> tuple[str, ...]:
    """What `of_days` looks for: pays of these days, and those that are named by no one day; of any day where
    there are none.
    """
    return ("", *sorted(days)) if days else ()


def of_days(days: tuple[str, ...]) -> Q:
    """Pays whose day is one of them; every pay where there are none."""
    return Q(day__in=days) if days else Q()


class AddressError(ValueError):
    """The address of a database cannot be used. Its text never repeats a password."""


def database_settings(url: str) -> dict[str, Any]:
    """Django's settings for a `sqlite:///path` or `postgresql://user@host/name` address. Raises
    `AddressError` for another kind, and for a part that the driver does not know: nothing is dropped, so that
    `sslmode=verify-full` is never forgotten.
    """
    kind, found, _ = url.partition("://")
    if kind == "sqlite":
        return _sqlite_settings(url)
    if kind in ("postgresql", "postgres"):
        return _postgresql_settings(url)
    begins = f"begins with {kind[:20]!r}" if found else "has no ://"
    raise AddressError(f"The database address {begins}; expected sqlite:/// or postgresql://.")


def _sqlite_settings(url: str) -> dict[str, Any]:
    path = url.removeprefix("sqlite:///")
    if path == url or not path or "?" in path:
        raise AddressError(
            f"{url!r} is no address of a SQLite database: sqlite:/// and the path of a file, without options."
        )
    options = {
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
    }
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": path, "OPTIONS": options}


def _postgresql_settings(url: str) -> dict[str, Any]:
    try:
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict
    except ImportError as error:
        raise AddressError("For PostgreSQL the extra `postgres` must be installed.") from error
    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except ProgrammingError as error:
        unknown = re.search(r'query parameter: "(\w+)"', str(error))
        what = f"the driver knows no {unknown[1]!r}" if unknown else "the driver cannot read it"
        raise AddressError(
            f"The PostgreSQL address is not used: {what}. Expected"
            " postgresql://user:password@host:port/name?sslmode=…, with signs such as @ percent-encoded."
        ) from None
    name, port = parts.pop("dbname", ""), parts.pop("port", "")
    if not name:
        raise AddressError("The PostgreSQL address names no database: postgresql://user@host/name.")
    if not re.fullmatch(r"[0-9]{0,5}(?:,[0-9]{0,5})*", port):
        raise AddressError("The port of the PostgreSQL address is no number.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": port,
        "OPTIONS": {"connect_timeout": CONNECT_SECONDS, **parts},
    }


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


@contextmanager
def database_scope() -> Iterator[None]:
    """Django's connections belong to a thread and are returned by nobody else: closed after each stage."""
    close_old_connections()
    try:
        yield
    finally:
        connections.close_all()


def in_background(work: Callable[[], Any]) -> Callable[[], Any]:
    """Start the work in a thread of its own, which returns its database connection; the result, or what it
    raised, comes when asked for.
    """
    ended: Future[Any] = Future()

    def run() -> None:
        try:
            with database_scope():
                result = work()
        except BaseException as error:
            ended.set_exception(error)
        else:
            ended.set_result(result)

    Thread(target=run, name="in background", daemon=True).start()
    return ended.result
