"""Carrying runs out: by this process when nobody else does, or watching whoever does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from ml_connector.app.assemble import Assembly, StoredStageContext
from ml_connector.app.operations import AT_REST
from ml_connector.app.refusals import Unsafe
from ml_connector.app.settings import Settings
from ml_connector.domain.dimension import DimensionValue
from ml_connector.ports.runs import RunRow, RunState
from ml_connector.runs.changes import RUNS
from ml_connector.runs.durable import OnDemand, Pace, Worker, prepare_sqlite
from ml_connector.runs.worker import lock_name, working
from ml_connector.store.database import database_now, database_scope, refuse_unsafe
from ml_connector.store.models import Flow, Run
from ml_connector.store.runs import StoredRuns

LOOK_SECONDS = 0.5
"""How often to look whether another process has moved a run; what this one moves is seen at once."""
SHORT_WAIT_SECONDS = 180
SHORT_WAIT = timedelta(seconds=SHORT_WAIT_SECONDS)


@contextmanager
def at_work(
    assembly: Assembly, crash_point: Callable[[str], None] = lambda name: None, pace: Pace | None = None
) -> Iterator[bool]:
    """Carry out runs in this process while the block lasts; false when another process already does under
    this executor id. The engine is loaded when a run needs it.
    """
    if why := refuse_unsafe():
        raise Unsafe(why)

    def engine(alive: Callable[[], None]) -> Worker:
        shop = StoredStageContext(
            assembly=assembly,
            alive=alive,
            crash_point=crash_point,
            pace=pace or Pace(),
            brought_by=_brought_by,
        )
        return OnDemand(
            shop.engine,
            runs=shop.runs,
            clock=shop.clock,
            scope=database_scope,
            finish_seconds=shop.pace.finish_seconds,
            at_once=not _known_to_be_usable(assembly.settings),
        )

    with working(engine, assembly.locks.seize, assembly.settings.executor) as running:
        yield running is not None


class Following:
    """Watches a run until it is at rest, is paused, or waits for longer than three minutes, at once or by
    looking again and again; calls `show` whenever it moved.
    """

    def __init__(self, run: str, show: Callable[[RunRow], None]) -> None:
        self._run, self._show, self._runs = run, show, StoredRuns()
        self._last: RunRow | None = None
        self._waiting_since: float | None = None

    def until(self, timeout_seconds: float | None = None) -> tuple[RunRow, bool]:
        """The run, and whether it came to its end before the time was over; may be called again."""
        began = time.monotonic()
        while True:
            seen = RUNS.seen
            row, now = self._runs.get(self._run), time.monotonic()
            if self._ended(row, now):
                return row, True
            if timeout_seconds is not None and now - began > timeout_seconds:
                return row, False
            RUNS.wait(seen, LOOK_SECONDS)

    def _ended(self, row: RunRow, now: float) -> bool:
        last, self._last = self._last, row
        if last is None or (row.state, row.stage, row.attempt) != (last.state, last.stage, last.attempt):
            self._show(row)
        if last is None or row.stage != last.stage:
            self._waiting_since = None
        if row.state is RunState.WAITING:
            since = self._waiting_since = now if self._waiting_since is None else self._waiting_since
            return row.paused or _waits_long(row) or now - since > SHORT_WAIT_SECONDS
        return row.state in AT_REST


def follow(run: str, show: Callable[[RunRow], None], timeout_seconds: float | None = None) -> RunRow:
    """Watch a run as `Following` does; where the time is over, as it stands."""
    return Following(run, show).until(timeout_seconds)[0]


def idle(stopped: threading.Event) -> None:
    """Wait until no run is ready, running or due, or until told to stop."""
    active = Run.objects.filter(state__in=[RunState.READY, RunState.RUNNING])
    seen = RUNS.seen
    while active.exists() and not stopped.is_set():
        seen = RUNS.wait(seen, LOOK_SECONDS)


def waits_until() -> datetime | None:
    """When the next run goes on that waits for its time."""
    return StoredRuns().next_due()


def recover(assembly: Assembly, executor: str) -> int | None:
    """Take over the pending work of an executor that is proved dead; `None` when it is alive."""
    from ml_connector.runs.engine import Recoverer

    with assembly.locks.seize(lock_name(executor)) as watch:
        if watch is None:
            return None
        recoverer = Recoverer(assembly.settings.engine)
        try:
            return recoverer.take_over(executor)
        finally:
            recoverer.close()


def _brought_by(assembly: Assembly, flow: Flow, missing: Sequence[DimensionValue]) -> str:
    """Loaded where a journal lacks a code, which is seldom."""
    from ml_connector.app.brought import brought_by

    return brought_by(assembly, flow, missing)


def _known_to_be_usable(settings: Settings) -> bool:
    """Whether the database of the engine can be opened, as far as that is known without loading the engine:
    its file is, and on PostgreSQL the product's own database. Raises `EngineDamaged`.
    """
    if settings.engine.startswith("sqlite:///"):
        return prepare_sqlite(settings.engine)
    return not settings.engine_url


def _waits_long(row: RunRow) -> bool:
    return row.due_at is not None and row.due_at - database_now() > SHORT_WAIT
