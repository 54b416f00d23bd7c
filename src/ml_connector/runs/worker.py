"""A worker: the one process that runs stages under an executor id, for as long as it holds that id's lock.

seize the lock ─ free ─ launch the engine ─ watch the lock ─ lost: end the process at once
               └ held: somebody alive works under this id; leave it to them
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Protocol

from ml_connector.runs.durable import Worker, end_process

WATCH_SECONDS = 1.0


class Watch(Protocol):
    """Asks whether a seized lock is still held."""

    def held(self) -> bool: ...


M_ARENA_MAX = -8
"""The name of a setting in glibc's malloc.h."""
Seize = Callable[[str], AbstractContextManager[Watch | None]]


def lock_name(executor: str) -> str:
    """The lock of an executor id."""
    return f"executor:{executor}"


def share_one_heap() -> None:
    """Let the threads of this process share one heap, where the C library is glibc's: what a thread frees in
    one of its own is of no use to the others, and threads of Python take turns anyhow. Has no effect with
    another library.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


@contextmanager
def working(
    engine: Callable[[Callable[[], None]], Worker], seize: Seize, executor: str
) -> Iterator[Worker | None]:
    """Run the engine under the executor's lock; yields `None` when somebody alive holds it.

    `engine` builds it, given a function that ends the process when the lock is gone: asked before every send.
    """
    share_one_heap()
    with seize(lock_name(executor)) as watch:
        if watch is None:
            yield None
            return

        def alive() -> None:
            if not watch.held():
                end_process(f"the lock of executor {executor} was lost")

        running = engine(alive)
        stop = threading.Event()

        def look() -> None:
            while not stop.wait(WATCH_SECONDS):
                alive()

        threading.Thread(target=look, name="lock watch", daemon=True).start()
        try:
            running.start()
        except BaseException:
            # The lock is let go of next, which is no loss.
            stop.set()
            raise
        try:
            yield running
        finally:
            stop.set()
            if not running.stop():
                end_process("what was under way did not end in time; it is recovered at the next start")
