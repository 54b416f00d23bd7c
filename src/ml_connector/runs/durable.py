"""The durable engine, seen without loading it, and loaded when it is needed: it takes as long as the rest of
a command, and as much memory as a third of a serving process.

start ─┬─ a run is ready, running or due ── the engine, at once
       └─ none ── look, as the engine would ── one is ── the engine, until this process ends

Our own rows say whether it is needed. A pass that DBOS has under way, and whose run has moved on or waits,
would change nothing when it is carried out again; it ends when the engine starts next.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import structlog

from ml_connector.ports.runs import Runs
from ml_connector.ports.storage import Clock
from ml_connector.runs.changes import RUNS, keep_looking, until_due

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


class OnDemand:
    """As an engine. `build` loads and makes it; `at_once` starts it in any case."""

    def __init__(
        self,
        build: Callable[[], Worker],
        *,
        runs: Runs,
        clock: Clock,
        scope: Callable[[], Any],
        finish_seconds: float,
        at_once: bool,
    ) -> None:
        self._build, self._runs, self._clock, self._scope = build, runs, clock, scope
        self._finish_seconds, self._at_once = finish_seconds, at_once
        self._engine: Worker | None = None
        self._stop = threading.Event()
        self._looker = threading.Thread(target=self._wait, name="on demand", daemon=True)

    def start(self) -> None:
        """Start the engine where it is needed now, or look until it is."""
        if self._at_once or self._look() is None:
            self._start_engine()
        else:
            self._looker.start()

    def stop(self) -> bool:
        """As the engine does; false too where its start does not come to an end."""
        self._stop.set()
        RUNS.note()
        if self._looker.ident is not None:
            self._looker.join(self._finish_seconds)
        if self._looker.is_alive():
            return False
        return self._engine is None or self._engine.stop()

    def _look(self) -> float | None:
        """`None` when a run needs the engine; else for how many seconds none does, as far as is known."""
        with self._scope():
            if self._runs.running() or self._runs.to_enqueue(self._clock.now(), most=1):
                return None
            return until_due(self._runs, self._clock)

    def _start_engine(self) -> None:
        with self._scope():
            engine = self._build()
        if not self._stop.is_set():
            engine.start()
            self._engine = engine

    def _wait(self) -> None:
        keep_looking(self._stop, self._look, "sweep.failed")
        if self._stop.is_set():
            return
        try:
            self._start_engine()
        except BaseException as error:
            # As where it fails at the start of the process. A second try here could carry out twice what the
            # first has recovered.
            end_process(f"the durable engine did not start: {error!r}")
