"""What is known of the durable engine without loading it, which takes as long as the rest of a command."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

KEEP_DAYS = 30
log = structlog.get_logger("engine")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """`finish_seconds`: how long a stop waits for stages in flight. `stranded_seconds`: how often to look for
    runs that nobody carries out.
    """

    finish_seconds: float = 10.0
    stranded_seconds: float = 60.0


class Worker(Protocol):
    """What carries runs out in this process."""

    def start(self) -> None: ...

    def stop(self) -> bool:
        """Take up nothing more; whether all that was under way has ended in time."""
        ...


class EngineDamaged(Exception):
    """The durable engine's own database is no database any more."""


def prepare_sqlite(url: str) -> bool:
    """Write-ahead log on DBOS's own file; it does not set it itself, and `synchronous` stays FULL. Whether
    it is such a file and can be opened.
    """
    if not url.startswith("sqlite:///"):
        return False
    file = url.removeprefix("sqlite:///")
    try:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError:
        return False
    except sqlite3.DatabaseError as error:
        raise EngineDamaged(
            f"{file} is damaged: {error}. An administrator moves it away, with what is beside it as"
            f" {Path(file).name}-wal and -shm, while nothing works on this installation. A new one is"
            " made then, and runs go on from the product's database."
        ) from error
    return True


def end_process(why: str) -> None:
    """End this process at once: it may no longer send. Nothing is cleaned up, as after a kill, because
    nothing may be sent on the way out.
    """
    log.error("process.ended", why=why)
    os._exit(70)
