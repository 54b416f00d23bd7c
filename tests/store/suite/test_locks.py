"""Locks: waited for a while only, named by who holds them, gone with their holder, and never thought to be
held when they are not.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from tests.store.suite.conftest import DATABASE, HOME

from ml_connector.errors import Busy, Throttled
from ml_connector.store.database import Locks, lock_path

WAIT = 0.3
ON_FILES = not DATABASE.startswith("postgres")


@pytest.fixture
def impatient(storage: Any) -> Locks:
    """Locks of another worker, which waits for a moment only."""
    return Locks(storage.home / "locks", executor="w8", wait_seconds=WAIT)


@contextmanager
def holding(name: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.store.suite.holder", name],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": "."},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert "held\n" == process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_holder_that_hangs_is_named(impatient: Locks) -> None:
    """Stopped in mid-call, it keeps its lock; who waits for it says for whom, and comes again later."""
    with holding("lane:hangs") as process:
        os.kill(process.pid, signal.SIGSTOP)

        with pytest.raises(Busy) as caught, impatient.hold("lane:hangs"):
            pass

        text = caught.value.problem.text
        assert "The lock lane:hangs is held for more than 0 seconds by " in text
        assert f"process {process.pid} on {socket.gethostname()} (worker w7), since 20" in text
        assert isinstance(caught.value, Throttled)
        assert None is caught.value.retry_after_seconds


def test_a_lock_ends_with_its_holder(impatient: Locks) -> None:
    """Killed, it holds nothing any more; the next holder is named, not the dead one."""
    with holding("lane:dies") as process:
        pass

    with impatient.hold("lane:dies"):
        named = impatient.holder("lane:dies")

    assert f"process {os.getpid()} on {socket.gethostname()} (worker w8), since 20" in named
    assert str(process.pid) not in named


def test_a_holder_in_this_process_is_named_too(storage: Any, impatient: Locks) -> None:
    """Another thread of ours."""
    inside, over = threading.Event(), threading.Event()

    def hold() -> None:
        with storage.locks.hold("lane:thread"):
            inside.set()
            over.wait(30)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert inside.wait(30)
    try:
        with pytest.raises(Busy, match=f"process {os.getpid()} on"), impatient.hold("lane:thread"):
            pass
    finally:
        over.set()
        thread.join()
    with impatient.hold("lane:thread"):
        pass


def test_a_worker_is_named_with_its_locks(storage: Any) -> None:
    """Whoever holds the lock of an executor is that worker; a command is none."""
    locks = Locks(storage.home / "locks")
    with locks.hold("lane:command"):
        assert "worker" not in locks.holder("lane:command")

    with locks.seize("executor:w9"), locks.hold("lane:worker"):
        assert f"process {os.getpid()} on {socket.gethostname()} (worker w9)" in locks.holder("lane:worker")


def test_a_thread_that_asks_for_its_own_lock_is_told(storage: Any) -> None:
    """It would wait for itself."""
    with storage.locks.hold("lane:own"):
        with pytest.raises(RuntimeError, match="held by this thread already"), storage.locks.hold("lane:own"):
            pass
        with storage.locks.hold("lane:other"):
            pass
    with storage.locks.hold("lane:own"):
        pass


@pytest.fixture
def take_away(storage: Any) -> Callable[[str], None]:
    """What ends a lock under its holder: the files are deleted, or the server ends the connection."""

    def files(name: str) -> None:
        for path in (storage.home / "locks").iterdir():
            path.unlink()

    def connections(name: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE %s",
                [f"process {os.getpid()} on %"],
            )

    return files if ON_FILES else connections


def test_a_lock_that_was_taken_away_is_lost(storage: Any, take_away: Callable[[str], None]) -> None:
    """The watch says so, also when somebody else has it by then."""
    with suppress(Exception), storage.locks.seize("executor:lost") as watch:
        assert watch.held()
        take_away("executor:lost")

        lost = not watch.held()
        with storage.locks.seize("executor:lost") as other:
            taken = other.held()
            still_lost = not watch.held()

    assert (True, True, True) == (lost, taken, still_lost)


def test_a_lock_is_ours_for_as_long_as_it_is_held(storage: Any) -> None:
    """The watch of a lock that was given back says so."""
    with storage.locks.seize("executor:ours") as watch:
        assert [True] * 3 == [watch.held() for _ in range(3)]

    assert not watch.held()


def test_nobody_else_reads_the_locks(storage: Any) -> None:
    """They name companies."""
    with storage.locks.hold("lane:private"):
        path = lock_path(HOME / "locks", "lane:private")
        modes = [path.stat().st_mode & 0o777] if path.exists() else []

    assert modes == ([0o600] if ON_FILES else [])
