"""What is known of the durable engine without loading it, which takes as long as the rest of a command."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

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


class EngineDamaged(Exception):
    """The durable engine's own database is no database any more."""


def prepare_sqlite(url: str) -> None:
    """Write-ahead log on DBOS's own file; it does not set it itself, and `synchronous` stays FULL."""
    if url.startswith("sqlite:///"):
        file = url.removeprefix("sqlite:///")
        try:
            connection = sqlite3.connect(file)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.close()
        except sqlite3.OperationalError:
            pass
        except sqlite3.DatabaseError as error:
            raise EngineDamaged(
                f"{file} is damaged: {error}. An administrator moves it away, with what is beside it as"
                f" {Path(file).name}-wal and -shm, while nothing works on this installation. A new one is"
                " made then, and runs go on from the product's database."
            ) from error


def end_process(why: str) -> None:
    """End this process at once: it may no longer send. Nothing is cleaned up, as after a kill, because
    nothing may be sent on the way out.
    """
    log.error("process.ended", why=why)
    os._exit(70)
