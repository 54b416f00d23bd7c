"""One process works under an executor id, for as long as it holds the lock of that id."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.tables import settings

from ml_connector.runs import worker
from ml_connector.runs.worker import working

ROOT = Path(__file__).parents[2]
ENDED_AT_ONCE = 70
PATIENCE_SECONDS = 5.0


class Idle:
    """An engine that carries out nothing."""

    def __init__(self, started: list[str]) -> None:
        self._started = started

    def start(self) -> None:
        self._started.append("started")

    def stop(self) -> bool:
        return True


class Broken:
    """An engine that cannot start."""

    def start(self) -> None:
        raise OSError("the engine's database is away")

    def stop(self) -> bool:
        raise AssertionError("it was never started")


class Gone:
    """A lock that was lost since."""

    def held(self) -> bool:
        return False


class Held:
    """A lock that is held while the block lasts."""

    def __init__(self) -> None:
        self._held = False

    @contextmanager
    def seize(self, _: str) -> Iterator[Held]:
        self._held = True
        try:
            yield self
        finally:
            self._held = False

    def held(self) -> bool:
        return self._held


@contextmanager
def lost(_: str) -> Iterator[Gone]:
    """Seizes a lock that does not last."""
    yield Gone()


def test_a_second_worker_under_a_held_executor_id_starts_no_engine(tmp_path: Path) -> None:
    """It is told so at once; under another id, and after the first has ended, it works."""
    settings()
    from ml_connector.store.database import Locks

    started: list[str] = []
    locks = Locks(tmp_path)

    def engine(_: Callable[[], None]) -> Any:
        return Idle(started)

    with working(engine, locks.seize, "local") as first, working(engine, locks.seize, "local") as second:
        assert (True, None, 1) == (first is not None, second, len(started))
        with working(engine, locks.seize, "another") as third:
            assert (True, 2) == (third is not None, len(started))
    with working(engine, locks.seize, "local") as next_one:
        assert (True, 3) == (next_one is not None, len(started))


def test_a_worker_whose_lock_is_gone_ends_at_once() -> None:
    """Asked before a send, it does not come back: nothing is sent, and nothing is cleaned up."""
    done = subprocess.run([sys.executable, "-m", __name__], cwd=ROOT, capture_output=True, check=False)

    assert ENDED_AT_ONCE == done.returncode, done.stderr


def test_a_worker_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """It lets its lock go: that is no loss, at which the process would end before it has said anything."""
    monkeypatch.setattr(worker, "WATCH_SECONDS", 0.01)
    ended: list[str] = []
    monkeypatch.setattr(worker, "end_process", ended.append)
    lock = Held()

    with pytest.raises(OSError, match="away"), worker.working(lambda _: Broken(), lock.seize, "local"):
        pass
    for watch in (thread for thread in threading.enumerate() if thread.name == "lock watch"):
        watch.join(PATIENCE_SECONDS)

    assert (False, []) == (lock.held(), ended)


def work_without_a_lock() -> None:
    """What the process of that test does."""
    asked: list[Callable[[], None]] = []

    def engine(alive: Callable[[], None]) -> Any:
        asked.append(alive)
        return Idle([])

    with working(engine, lost, "local"):
        asked[0]()


if __name__ == "__main__":
    work_without_a_lock()
