"""A process that has no run to carry out does not load the durable engine, and misses none that comes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.payday import World, usual_balances
from tests.runs.test_killed import KILLED, balances, command, process

from ml_connector.contract.memory import VirtualClock
from ml_connector.ports.runs import RunState
from ml_connector.runs.changes import RUNS
from ml_connector.runs.durable import OnDemand

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60.0
ENDED_AT_ONCE = 70
AT_WORK = (RunState.READY, RunState.RUNNING)


@dataclass
class Rows:
    """Runs as the engine finds them."""

    ready: tuple[str, ...] = ()
    at_work: tuple[str, ...] = ()
    due: Any = None
    failing: int = 0
    looked: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def running(self) -> tuple[str, ...]:
        if self.failing:
            self.failing -= 1
            raise OSError("the database is away")
        return self.at_work

    def to_enqueue(self, now: Any, first: int = 0, most: int = 100) -> tuple[str, ...]:
        return self.ready

    def next_due(self) -> Any:
        self.looked.release()
        return self.due


@dataclass
class Recorded:
    """An engine that says when it starts and whether all ended in time."""

    started: threading.Event = field(default_factory=threading.Event)
    ends: bool = True
    stopped: int = 0

    def start(self) -> None:
        self.started.set()

    def stop(self) -> bool:
        self.stopped += 1
        return self.ends


class Stuck(Recorded):
    """Its start does not come to an end."""

    def start(self) -> None:
        self.started.set()
        threading.Event().wait()


class Broken(Recorded):
    """It cannot start."""

    def start(self) -> None:
        raise OSError("the engine's database is away")


def on_demand(runs: Any, engine: Recorded, *, at_once: bool = False, clock: Any = None) -> OnDemand:
    return OnDemand(
        lambda: engine,
        runs=runs,
        clock=clock or VirtualClock(),
        scope=nullcontext,
        finish_seconds=0.2,
        at_once=at_once,
    )


@contextmanager
def idle(rows: Rows, engine: Recorded) -> Iterator[OnDemand]:
    """One that has looked and found nothing to do."""
    waiting = on_demand(rows, engine)
    waiting.start()
    assert rows.looked.acquire(timeout=PATIENCE_SECONDS)
    assert not engine.started.is_set()
    try:
        yield waiting
    finally:
        waiting.stop()


@pytest.mark.parametrize("due", [None, -1.0, 0.0, 60.0])
@pytest.mark.parametrize("state", RunState)
def test_a_run_that_is_at_work_or_due_starts_the_engine_at_once(state: RunState, due: float | None) -> None:
    """Whatever a process that died has left is one of these; what waits for a person or for later is none."""
    world = World()
    row = world.at(world.start())
    at = None if due is None else world.clock.now() + timedelta(seconds=due)
    assert world.runs.move(row, state=state, due_at=at) is not None
    engine = Recorded()
    now = state in AT_WORK or (state is RunState.WAITING and at is not None and at <= world.clock.now())

    assert now == (on_demand(world.runs, engine, clock=world.clock)._look() is None)


@pytest.mark.parametrize("rows", [Rows(ready=("one",)), Rows(at_work=("one",))])
def test_the_engine_is_started_before_anything_else_goes_on(rows: Rows) -> None:
    engine = Recorded()
    waiting = on_demand(rows, engine)
    waiting.start()

    assert engine.started.is_set()
    assert (True, 1) == (waiting.stop(), engine.stopped)


def test_an_engine_whose_database_is_not_known_is_started_at_once() -> None:
    """So that what is wrong with it is said at the start, as ever."""
    with pytest.raises(OSError, match="away"):
        on_demand(Rows(), Broken(), at_once=True).start()


def test_a_run_that_is_made_here_starts_the_engine() -> None:
    rows, engine = Rows(), Recorded()
    with idle(rows, engine):
        rows.ready = ("one",)
        RUNS.note()
        assert engine.started.wait(PATIENCE_SECONDS)
    assert 1 == engine.stopped


def test_a_run_of_another_process_or_one_that_is_due_starts_the_engine() -> None:
    """No signal comes: it looks as often as the engine would."""
    rows, engine = Rows(), Recorded()
    with idle(rows, engine):
        rows.at_work = ("one",)
        assert engine.started.wait(PATIENCE_SECONDS)


def test_a_look_that_fails_is_taken_again() -> None:
    """The database was away for a moment."""
    rows, engine = Rows(), Recorded()
    with idle(rows, engine):
        rows.ready, rows.failing = ("one",), 1
        RUNS.note()
        assert engine.started.wait(PATIENCE_SECONDS)


def test_what_is_told_to_stop_while_it_is_idle_starts_no_engine() -> None:
    rows, engine = Rows(), Recorded()
    with idle(rows, engine) as waiting:
        assert waiting.stop()
        rows.ready = ("one",)
    assert (False, 0) == (engine.started.is_set(), engine.stopped)


@pytest.mark.parametrize("engine", [Stuck(), Recorded(ends=False)])
def test_what_does_not_end_in_time_is_said(engine: Recorded) -> None:
    """The process is ended then, and the next one recovers."""
    rows = Rows()
    with idle(rows, engine) as waiting:
        rows.ready = ("one",)
        RUNS.note()
        assert engine.started.wait(PATIENCE_SECONDS)
        assert not waiting.stop()


def test_an_engine_that_cannot_start_ends_the_process() -> None:
    """It must not stay alive and carry out nothing."""
    done = subprocess.run([sys.executable, "-m", __name__], cwd=ROOT, capture_output=True, check=False)

    assert (ENDED_AT_ONCE, True) == (done.returncode, b"database is away" in done.stdout), done


@pytest.mark.slow
def test_an_idle_worker_finishes_what_another_one_left(tmp_path: Path) -> None:
    """It has loaded no engine when the other is killed; it waits until that one is proved dead, and looks at
    nothing before: it could be the first to take the run up. Its ledger reads the file of its books once, so
    nothing is booked before.
    """
    from tests.stand import until

    from ml_connector.app.settings import Settings
    from ml_connector.runs.engine import Recoverer

    home = tmp_path / "home"
    environment = {**os.environ, "ML_CONNECTOR_EXECUTOR": "second"}
    idle = subprocess.Popen(
        command(home, "told"),
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert idle.stdout is not None
        assert "working\n" == idle.stdout.readline()
        assert KILLED == process(home, "post", "--die-at", "proposal: recorded").returncode
        recoverer = Recoverer(Settings(home=home).engine)
        recoverer.take_over("local")
        recoverer.close()
        assert idle.stdin is not None
        idle.stdin.write("look\n")
        idle.stdin.flush()
        until(lambda: (home.parent / "books").exists() and usual_balances() == balances(home), "booked")
    finally:
        idle.communicate("", timeout=PATIENCE_SECONDS)
    assert 0 == idle.returncode


def start_what_is_broken() -> None:
    """What the process of that test does."""
    rows = Rows()
    waiting = on_demand(rows, Broken())
    waiting.start()
    rows.looked.acquire(timeout=PATIENCE_SECONDS)
    rows.ready = ("one",)
    RUNS.note()
    waiting._looker.join(PATIENCE_SECONDS)


if __name__ == "__main__":
    start_what_is_broken()
