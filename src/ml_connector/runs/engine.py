"""The durable engine: one pass of a stage is one DBOS workflow.

A pass is the workflow `<installation>:<run>:<stage>:<attempt>`; asking for it twice is asking once. DBOS
gives the queue, the threads and the recovery after a death; it remembers no steps, because what a stage must
remember is an artifact of ours, and it keeps no order, because one posting per ledger is a lock of ours
(decision 12).

DBOS recovers only its own executor id and version, so the version is pinned, and an executor id is used by
one process at a time: the lock is seized before launch and watched; losing it ends the process. Inputs are
ids only: DBOS keeps them in clear.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import structlog
from dbos import (
    DBOS,
    DBOSClient,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    SetWorkflowID,
    WorkflowHandle,
    WorkflowStatus,
)
from sqlalchemy import event
from sqlalchemy.engine import Engine as SqlEngine
from sqlalchemy.exc import DBAPIError

from ml_connector.ports.runs import RunRow, RunState
from ml_connector.runs.changes import RUNS, SWEEP_SECONDS, keep_looking, until_due
from ml_connector.runs.durable import Pace, prepare_sqlite
from ml_connector.runs.stages import StageCall, StageContext, carry_out, wake

APPLICATION = "ml-connector"
VERSION = "stages-2"
"""Pinned: DBOS recovers only workflows of its own version. Change it only when a pass of a stage cannot be
begun again from its beginning.
"""

QUEUE = "stages"
"""Holds what a worker that is gone has begun, until one that is alive takes it up; nothing else."""
AT_ONCE = 8
QUEUE_SECONDS = 5.0
PAGE = 100
"""So many runs are looked at before those behind them."""
BEGIN_SECONDS = 30.0
"""A pass that was started is counted as at work for so long before its thread says so."""

STOP_SECONDS = 0.2
"""The longest that a stop waits for a thread of DBOS that has nothing to do."""
UNFINISHED = ("PENDING", "ENQUEUED", "DELAYED")
log = structlog.get_logger("engine")


class Engine:
    """Carries out stages in this process. Make one per process, under the executor's lock."""

    def __init__(
        self,
        *,
        url: str,
        executor: str,
        installation: str,
        workshop: StageContext,
        scope: Callable[[], Any],
        pace: Pace,
    ) -> None:
        self._url, self._executor, self._installation = url, executor, installation
        self._workshop, self._scope, self._pace = workshop, scope, pace
        self._passed, self._not_taken = 0, dict[str, str]()
        self._stop = threading.Event()
        self._active: set[str] = set()
        self._begun: dict[str, float] = {}
        self._sweeper = threading.Thread(target=self._sweep, name="sweeper", daemon=True)

    def start(self) -> None:
        """Launch: recover what this executor left, then go on with what is due."""
        prepare_sqlite(self._url)
        DBOS(config=config(self._url, self._executor))
        _current.append(self)
        DBOS.launch()
        DBOS.register_queue(QUEUE, polling_interval_sec=QUEUE_SECONDS, worker_concurrency=AT_ONCE)
        with self._scope():
            self._take_up_stranded(just_started=True)
        self._sweeper.start()

    def stop(self) -> bool:
        """Take up nothing more; stages in flight are given ten seconds to end, and are recovered at the next
        start if they do not. Whether all of them ended.
        """
        self._stop.set()
        RUNS.note()
        self._sweeper.join(timeout=5)
        until = time.monotonic() + self._pace.finish_seconds
        while self._active and time.monotonic() < until:
            time.sleep(0.05)
        if self._active:
            # DBOS would wait for them as long as it takes.
            return False
        DBOS.destroy()
        _current.clear()
        return True

    def perform(self, call: StageCall) -> str:
        """One stage, inside its workflow; returns a word for the workflow list."""
        name, following = self._name(call), None
        self._active.add(name)
        self._begun.pop(name, None)
        try:
            with self._scope():
                following = carry_out(call, self._workshop)
            if following is not None:
                # It takes the place of this one, before anybody else does.
                self._begun[self._name(following)] = time.monotonic()
        finally:
            self._active.discard(name)
            RUNS.note()
        if following is None:
            return "rest"
        if not self._stop.is_set():
            self._start(following)
        return "next"

    def _start(self, call: StageCall) -> WorkflowHandle[str]:
        with SetWorkflowID(self._name(call)):
            return DBOS.start_workflow(_stage, call.run, call.stage, call.attempt)

    def _name(self, call: StageCall) -> str:
        return f"{self._installation}:{call.name}"

    # --- what nobody carries out ----------------------------------------------------------------------------

    def _sweep(self) -> None:
        """Start runs that are ready or due: the one that misses nothing, whoever died between a row and its
        workflow. It looks when something of this process moved, when the next run is due, and now and then
        for what others did. An error, a full disk for one, makes it look less often until it is over.
        """
        looked = time.monotonic()

        def look() -> float:
            nonlocal looked
            with self._scope():
                if time.monotonic() - looked >= self._pace.stranded_seconds:
                    self._take_up_stranded()
                    looked = time.monotonic()
                self._take_up_page()
                return self._until_next_look()

        keep_looking(self._stop, look, "sweep.failed")

    def _until_next_look(self) -> float:
        """Seconds; those that nobody can take up do not make it look all the time."""
        if self._passed:
            return SWEEP_SECONDS
        return until_due(self._workshop.runs, self._workshop.clock)

    def _free(self) -> int:
        """How many stages more may be carried out in this process now."""
        now = time.monotonic()
        for name, since in list(self._begun.items()):
            if now - since > BEGIN_SECONDS:
                self._begun.pop(name, None)
        return AT_ONCE - len(self._active) - len(self._begun)

    def _take_up_page(self) -> None:
        """Start some runs, the next time those behind them, so that however many stay where they are, none is
        forgotten; no more than may be at work at once. One that fails stops no other; where all fail it is
        not the runs.
        """
        if self._free() <= 0:
            return
        rows = self._workshop.runs.to_enqueue(self._workshop.clock.now(), self._passed, PAGE)
        self._passed = self._passed + PAGE if len(rows) == PAGE else 0
        failed: Exception | None = None
        taken = 0
        for row in rows:
            if self._free() <= 0:
                self._passed = 0
                return
            try:
                self._take_up(row)
            except Exception as error:
                failed = error
                if self._not_taken.get(row.id) != repr(error):
                    self._not_taken[row.id] = repr(error)
                    log.error("run.not_taken_up", run=row.id, error=repr(error))
            else:
                self._not_taken.pop(row.id, None)
                taken += 1
        if failed is not None and not taken:
            raise failed

    def _take_up(self, row: RunRow) -> None:
        call = wake(row, self._workshop)
        if call is None or (name := self._name(call)) in self._active or name in self._begun:
            return
        self._begun[name], here = time.monotonic(), False
        try:
            status = self._start(call).get_status()
            here = (status.status, status.executor_id) == ("PENDING", self._executor)
        finally:
            if not here:
                self._begun.pop(name, None)
        if status.status not in UNFINISHED:
            # A workflow of this name has ended and its run stayed where it was: a new pass is needed.
            fresh = self._workshop.runs.get(call.run)
            if (fresh.state, fresh.attempt) == (RunState.READY, call.attempt):
                self._workshop.runs.move(fresh, state=RunState.READY, attempt=call.attempt + 1)

    def _take_up_stranded(self, *, just_started: bool = False) -> None:
        """Let go on what runs by its row and by no workflow that lives: the engine's database was lost, a
        stage ended on the database's own error, or its end could not be written. What this executor left
        pending is recovered by DBOS itself when it starts, so that is not looked at then.
        """
        for row in self._workshop.runs.running():
            name = self._name(StageCall(row.id, row.stage, row.attempt))
            if name in self._active:
                continue
            status = DBOS.get_workflow_status(name)
            if status is not None and status.status in UNFINISHED:
                mine = status.status == "PENDING" and status.executor_id == self._executor
                if just_started or not mine:
                    continue
            log.warning("run.stranded", run=row.id, stage=row.stage)
            self._workshop.runs.move(row, state=RunState.READY, attempt=row.attempt + 1)


def config(url: str, executor: str) -> DBOSConfig:
    """How DBOS is set up. Nobody here waits for its notifications, so looking for them costs nothing; but its
    thread sleeps from one look to the next, and a stop waits for it.
    """
    return {
        "name": APPLICATION,
        "system_database_url": url,
        "application_version": VERSION,
        "executor_id": executor,
        "log_level": "ERROR",
        "console_log_level": "ERROR",
        "serializer": DBOSPortableJSONSerializer(),
        "enable_otlp": False,
        "use_listen_notify": False,
        "notification_listener_polling_interval_sec": STOP_SECONDS,
        "max_executor_threads": 2 * AT_ONCE,
        "sys_db_pool_size": AT_ONCE,
    }


_current: list[Engine] = []


@DBOS.workflow(name="stage")
def _stage(run: str, stage: str, attempt: int) -> str:
    return _current[0].perform(StageCall(run, stage, attempt))


class Recoverer:
    """Looks after the work of executors that is proved to be nobody's: the caller holds the lock."""

    def __init__(self, url: str) -> None:
        prepare_sqlite(url)
        self._client = DBOSClient(
            system_database_url=url,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
            # It would wait without limit, and a process that is told to stop with it.
            retry_connection_errors=False,
        )

    def take_over(self, executor: str) -> int:
        """Put every pending workflow of the executor on the queue; returns how many."""
        pending = list[WorkflowStatus]()
        with _no_tables_yet():
            pending = self._client.list_workflows(status="PENDING", executor_id=executor)
        if pending:
            self._client.resume_workflows([found.workflow_id for found in pending], queue_name=QUEUE)
        return len(pending)

    def forget(self, before_ms: int, limit: int = 1_000) -> int:
        """Delete finished workflow rows older than the moment, some at a time: DBOS keeps them for ever, our
        commit keys remember what matters. Returns how many.
        """
        forgotten = 0
        with _no_tables_yet():
            while done := self._client.list_workflows(
                status=["SUCCESS", "ERROR", "CANCELLED"], end_time=_iso(before_ms), limit=limit
            ):
                self._client.delete_workflows([workflow.workflow_id for workflow in done])
                forgotten += len(done)
        return forgotten

    def clear(self, limit: int = 1_000) -> None:
        """Delete every workflow: they are of a database that is replaced."""
        with _no_tables_yet():
            while found := self._client.list_workflows(limit=limit, load_input=False, load_output=False):
                self._client.delete_workflows([workflow.workflow_id for workflow in found])

    def close(self) -> None:
        self._client.destroy()


@contextmanager
def _no_tables_yet() -> Iterator[None]:
    """There is no workflow where no worker has had a run to carry out: the engine makes its tables when it
    starts.
    """
    try:
        yield
    except DBAPIError as error:
        if "no such table" not in str(error.orig) and type(error.orig).__name__ != "UndefinedTable":
            raise


def _iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat()


@event.listens_for(SqlEngine, "connect")
def _teach_old_sqlite(connection: Any, _record: object) -> None:
    """DBOS asks for `unixepoch('subsec')` by the version of Python, and a SQLite before 3.42 does not know
    it: the time would be empty.
    """
    if isinstance(connection, sqlite3.Connection) and sqlite3.sqlite_version_info < (3, 42):
        connection.create_function("unixepoch", -1, lambda *_: time.time())
