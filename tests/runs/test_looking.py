"""Nobody looks every moment whether a run was made or moved: a signal of this process says so, and what other
processes do is looked for now and then. How often is counted, by nobody's clock.
"""

from __future__ import annotations

import threading
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from tests.payday import World
from tests.runs.test_outages import process

from ml_connector.contract.memory import VirtualClock
from ml_connector.ports.runs import RunState
from ml_connector.runs.changes import LOOK_SECONDS, RUNS, SWEEP_SECONDS, Changes, keep_looking
from ml_connector.runs.durable import Pace
from ml_connector.runs.engine import AT_ONCE, Engine, config

PATIENCE_SECONDS = 60.0


@dataclass
class Rows:
    """No run that could be taken up; counts who looks."""

    due: Any = None
    asked: int = 0
    looked: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def to_enqueue(self, now: Any, first: int = 0, most: int = 100) -> tuple[()]:
        self.asked += 1
        return ()

    def next_due(self) -> Any:
        self.looked.release()
        return self.due


@dataclass
class Shop:
    """A workshop with nothing to do."""

    runs: Rows = field(default_factory=Rows)
    clock: VirtualClock = field(default_factory=VirtualClock)


class ToldLate(threading.Event):
    """Says that it is not set, and is set the moment after."""

    def is_set(self) -> bool:
        was = super().is_set()
        self.set()
        RUNS.note()
        return was


def test_whoever_looks_misses_no_word_to_stop() -> None:
    """It does not wait until its next look."""
    looker = threading.Thread(
        target=keep_looking, args=[ToldLate(), lambda: 10 * PATIENCE_SECONDS, "failed"], daemon=True
    )
    looker.start()
    looker.join(PATIENCE_SECONDS)

    assert not looker.is_alive()


def an_engine(shop: Shop) -> Engine:
    """One that is not started."""
    return Engine(
        url="",
        executor="one",
        installation="here",
        workshop=shop,
        scope=nullcontext,
        pace=Pace(),  # type: ignore[arg-type]
    )


def test_a_waiter_misses_no_change() -> None:
    """Also one that came before it began to wait; and it goes on where none comes."""
    changes = Changes()
    seen = changes.seen
    changes.note()

    assert 1 == changes.wait(seen, PATIENCE_SECONDS)
    assert 1 == changes.wait(1, 0.0)


def test_a_waiter_is_woken_by_a_change() -> None:
    """At once, not when its time is over."""
    changes = Changes()
    threading.Timer(0.0, changes.note).start()

    assert 1 == changes.wait(0, PATIENCE_SECONDS)


def test_an_engine_with_nothing_to_do_looks_only_when_something_moved() -> None:
    """Once when it starts, and once for each change."""
    shop = Shop()
    engine = an_engine(shop)
    engine._sweeper.start()
    for _ in range(3):
        assert shop.runs.looked.acquire(timeout=PATIENCE_SECONDS)
        RUNS.note()
    assert shop.runs.looked.acquire(timeout=PATIENCE_SECONDS)
    engine._stop.set()
    RUNS.note()
    engine._sweeper.join(PATIENCE_SECONDS)

    assert shop.runs.asked <= 5
    assert LOOK_SECONDS >= 2.0


@pytest.mark.parametrize(
    ("due", "wait"),
    [(None, LOOK_SECONDS), (0.25, 0.25), (3600.0, LOOK_SECONDS), (0.0, SWEEP_SECONDS), (-5.0, SWEEP_SECONDS)],
)
def test_an_engine_looks_again_when_the_next_run_is_due(due: float | None, wait: float) -> None:
    """One that is due and cannot be taken up does not make it look all the time."""
    shop = Shop()
    shop.runs.due = None if due is None else shop.clock.now() + timedelta(seconds=due)

    assert wait == an_engine(shop)._until_next_look()


def test_a_run_that_is_made_or_moved_is_a_change_when_it_is_stored() -> None:
    """Not before: whoever looks then must see it."""
    world = World()
    began = RUNS.seen
    with transaction.atomic():
        run = world.start()
        assert began == RUNS.seen
    made = RUNS.seen
    assert made > began
    row = world.at(run)
    assert world.runs.move(row, state=RunState.RUNNING) is not None
    assert made + 1 == RUNS.seen
    assert world.runs.move(row, state=RunState.RUNNING) is None
    assert made + 1 == RUNS.seen


def test_a_command_that_is_done_does_not_wait_for_a_thread_that_sleeps() -> None:
    """The one that looks for notifications sleeps between its looks, and is waited for when DBOS stops."""
    assert config("sqlite:///x", "one")["notification_listener_polling_interval_sec"] <= 1.0


@pytest.mark.slow
def test_as_many_runs_are_carried_out_as_may_be_and_no_more(tmp_path: Path) -> None:
    """Twice as many are ready; each that ends lets another one in."""
    done = process(tmp_path / "home", "many")

    assert 0 == done.returncode, done.stdout + done.stderr[-5000:]
    assert f"{AT_ONCE} at once" in done.stdout
