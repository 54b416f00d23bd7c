"""A signal inside this process that a run was made or moved, so that nobody has to look every moment whether
one was. What another process moves is seen by whoever looks now and then besides.
"""

from __future__ import annotations

import threading


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
