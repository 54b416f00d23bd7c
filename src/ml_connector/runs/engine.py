"""The durable engine: stages as DBOS workflows, one posting per ledger at a time.

A stage is the workflow `<run>:<stage>:<attempt>`; asking for it twice is asking once. Two queues: `stages`,
and `postings`, partitioned by ledger with one at a time each. DBOS recovers only its own executor id and
version, so the version is pinned, and an executor id is used by one process at a time: the lock is seized
before launch and watched; losing it ends the process. Whoever does not hold it uses `Enqueuer`. Inputs are
ids only: DBOS keeps them in clear.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Any

import structlog
from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID
from sqlalchemy import event
from sqlalchemy.engine import Engine as SqlEngine

from ml_connector.ports.storage import RunState
from ml_connector.runs.stages import Ticket, Workshop, carry_out, wake

APPLICATION = "ml-connector"
VERSION = "stages-1"
"""Pinned: DBOS recovers only workflows of its own version. Change it only when a stage replays differently,
and drain before.
"""

STAGES, POSTINGS = "stages", "postings"
POLL_SECONDS = 0.05
SWEEP_SECONDS = 0.25
FINISH_SECONDS = 10.0
STRANDED_EVERY = 240
"""Sweeps between two looks for stranded runs: a minute."""
KEEP_DAYS = 30
log = structlog.get_logger("engine")

Partition = Callable[[Ticket], str | None]
"""The ledger a ticket posts to, for stages that post; `None` for all others."""


class Engine:
    """Runs stages in this process. Make one per process, under the executor's lock."""

    def __init__(
        self, *, url: str, executor: str, workshop: Workshop, partition: Partition, scope: Callable[[], Any]
    ) -> None:
        self._url, self._executor, self._workshop, self._partition, self._scope = (
            url,
            executor,
            workshop,
            partition,
            scope,
        )
        self._stop = threading.Event()
        self._active: list[Ticket] = []
        self._sweeper = threading.Thread(target=self._sweep, name="sweeper", daemon=True)

    def start(self) -> None:
        """Launch: recover what this executor left, then go on with what is due."""
        prepare_sqlite(self._url)
        config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_url": self._url,
            "application_version": VERSION,
            "executor_id": self._executor,
            "log_level": "ERROR",
            "console_log_level": "ERROR",
            "serializer": DBOSPortableJSONSerializer(),
            "enable_otlp": False,
            "use_listen_notify": False,
            "notification_listener_polling_interval_sec": 0.2,
            "max_executor_threads": 16,
            "sys_db_pool_size": 8,
        }
        DBOS(config=config)
        _current.append(self)
        DBOS.launch()
        DBOS.register_queue(STAGES, polling_interval_sec=POLL_SECONDS, worker_concurrency=4)
        DBOS.register_queue(
            POSTINGS, polling_interval_sec=POLL_SECONDS, partition_concurrency=1, worker_concurrency=8
        )
        self._take_up_stranded()
        self._sweeper.start()

    def stop(self) -> None:
        """Take up nothing more; stages in flight are given ten seconds to end, and are recovered at the next
        start if they do not.
        """
        self._stop.set()
        self._sweeper.join(timeout=5)
        until = time.monotonic() + FINISH_SECONDS
        while self._active and time.monotonic() < until:
            time.sleep(POLL_SECONDS)
        DBOS.destroy()
        _current.clear()

    def enqueue(self, ticket: Ticket) -> None:
        """Ask for the stage, once."""
        partition = self._partition(ticket)
        with (
            SetWorkflowID(ticket.name),
            SetEnqueueOptions(queue_partition_key=partition) if partition else nullcontext(),
        ):
            DBOS.enqueue_workflow(
                POSTINGS if partition else STAGES, _stage, ticket.run, ticket.stage, ticket.attempt
            )

    def perform(self, ticket: Ticket) -> str:
        """One stage, inside its workflow; returns a word for the workflow list."""
        self._active.append(ticket)
        try:
            with self._scope():
                following = carry_out(ticket, self._workshop, _durable)
                if following is not None:
                    self.enqueue(following)
                return "next" if following else "rest"
        finally:
            self._active.remove(ticket)

    def _take_up_stranded(self) -> None:
        """Let go on what runs by its row and by no workflow: the engine's database was lost, or a stage ended
        on the database's own error.
        """
        with self._scope():
            for row in self._workshop.runs.running():
                status = DBOS.get_workflow_status(Ticket(row.id, row.stage, row.attempt).name)
                if status is None or status.status not in ("PENDING", "ENQUEUED", "DELAYED"):
                    log.warning("run.stranded", run=row.id, stage=row.stage)
                    self._workshop.runs.move(row, state=RunState.READY, attempt=row.attempt + 1)

    def _sweep(self) -> None:
        """Enqueue runs that are ready or due: the one that misses nothing, whoever died between a row and its
        workflow.
        """
        rounds = 0
        while not self._stop.wait(SWEEP_SECONDS):
            rounds += 1
            try:
                if rounds % STRANDED_EVERY == 0:
                    self._take_up_stranded()
                with self._scope():
                    for row in self._workshop.runs.to_enqueue(self._workshop.clock.now()):
                        ticket = wake(row, self._workshop.runs)
                        if ticket is not None:
                            self.enqueue(ticket)
            except Exception:
                log.exception("sweep.failed")


_current: list[Engine] = []


@DBOS.workflow(name="stage")
def _stage(run: str, stage: str, attempt: int) -> str:
    return _current[0].perform(Ticket(run, stage, attempt))


def _durable(name: str, perform: Callable[[], str]) -> str:
    return DBOS.run_step({"name": name}, perform)


class Recoverer:
    """Takes over the work of an executor that is proved dead: the caller holds its lock."""

    def __init__(self, url: str) -> None:
        self._client = DBOSClient(
            system_database_url=url, serializer=DBOSPortableJSONSerializer(), application_name=APPLICATION
        )

    def take_over(self, executor: str) -> int:
        """Put every pending workflow of the executor back on its own queue; returns how many."""
        pending = self._client.list_workflows(status="PENDING", executor_id=executor)
        by_queue: dict[str, list[str]] = {}
        for workflow in pending:
            by_queue.setdefault(workflow.queue_name or STAGES, []).append(workflow.workflow_id)
        for queue, ids in by_queue.items():
            self._client.resume_workflows(ids, queue_name=queue)
        return len(pending)

    def forget(self, before_ms: int) -> int:
        """Delete finished workflow rows older than the moment: DBOS keeps them for ever, our commit keys
        remember what matters.
        """
        done = self._client.list_workflows(
            status=["SUCCESS", "ERROR", "CANCELLED"], end_time=_iso(before_ms), limit=10_000
        )
        self._client.delete_workflows([workflow.workflow_id for workflow in done])
        return len(done)

    def close(self) -> None:
        self._client.destroy()


def _iso(milliseconds: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat()


@event.listens_for(SqlEngine, "connect")
def _teach_old_sqlite(connection: Any, _record: object) -> None:
    """DBOS asks for `unixepoch('subsec')` by the version of Python, and a SQLite before 3.42 does not know
    it: the time would be empty.
    """
    if isinstance(connection, sqlite3.Connection) and sqlite3.sqlite_version_info < (3, 42):
        connection.create_function("unixepoch", -1, lambda *_: time.time())


def prepare_sqlite(url: str) -> None:
    """Write-ahead log on DBOS's own file; it does not set it itself, and `synchronous` stays FULL."""
    if url.startswith("sqlite:///"):
        with suppress(sqlite3.OperationalError):
            connection = sqlite3.connect(url.removeprefix("sqlite:///"))
            connection.execute("PRAGMA journal_mode=WAL")
            connection.close()


def end_process(why: str) -> None:
    """End this process at once: it may no longer send. Nothing is cleaned up, as after a kill, because
    nothing may be sent on the way out.
    """
    log.error("process.ended", why=why)
    os._exit(70)
