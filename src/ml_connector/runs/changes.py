"""A signal inside this process that a run was made or moved, so that nobody has to look every moment whether
one was; and looking for runs to carry out: at the signal, when the next one is due, and now and then for what
other processes did.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from ml_connector.ports.runs import Runs
from ml_connector.ports.storage import Clock

LOOK_SECONDS = 2.0
"""How often to look for what another process made ready; what this one does is seen at once."""
SWEEP_SECONDS = 1.0
SWEEP_MAX_SECONDS = 60.0
log = structlog.get_logger("engine")


class Changes:
    """Counts changes; a waiter that says how many it has seen misses none."""

    def __init__(self) -> None:
        self._condition, self._count = threading.Condition(), 0

    @property
    def seen(self) -> int:
        """How many there were so far."""
        return self._count

    def note(self) -> None:
        """One more: everybody who waits goes on."""
        with self._condition:
            self._count += 1
            self._condition.notify_all()

    def wait(self, seen: int, timeout_seconds: float) -> int:
        """Return when there were more than `seen`, or when the time is over; how many there were."""
        with self._condition:
            self._condition.wait_for(lambda: self._count != seen, timeout_seconds)
            return self._count


RUNS = Changes()
"""Of the runs of this process's database."""


def keep_looking(stop: threading.Event, look: Callable[[], float | None], failed: str) -> None:
    """Look until told to stop, or until `look` says no more by `None`; it returns for how many seconds to
    wait. An error, a full disk for one, makes it look less often until it is over.
    """
    pause: float | None = 0.0
    while True:
        # Before it is asked whether to stop: who says so notes a change then, and it is not missed.
        seen = RUNS.seen
        if stop.is_set():
            return
        try:
            pause = look()
        except Exception as error:
            pause = min(max(2 * (pause or 0.0), SWEEP_SECONDS), SWEEP_MAX_SECONDS)
            log.error(failed, error=repr(error), again_in_seconds=pause)
            stop.wait(pause)
        else:
            if pause is None:
                return
            RUNS.wait(seen, pause)


def until_due(runs: Runs, clock: Clock) -> float:
    """Seconds until the next look."""
    due = runs.next_due()
    wait = (due - clock.now()).total_seconds() if due is not None else LOOK_SECONDS
    return min(wait, LOOK_SECONDS) if wait > 0 else SWEEP_SECONDS
