"""The time of the world, and the clock of the machine that the product runs on, which may be wrong.

Vendors live in the true time. The product sees the clock of its host: people and time servers set it
forward and back, while its monotonic clock runs on until the machine starts again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

START = datetime(2026, 7, 1, 9, 0, tzinfo=UTC)


class TrueClock:
    """Time as it is; moves only when told to."""

    def __init__(self) -> None:
        self._now = START

    def now(self) -> datetime:
        """The present, UTC."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Time goes by."""
        self._now += timedelta(seconds=seconds)

    @contextmanager
    def pinned(self, moment: datetime) -> Iterator[None]:
        """Within the block it is that earlier moment."""
        present, self._now = self._now, moment
        try:
            yield
        finally:
            self._now = present


class HostClock:
    """The clock of the product's machine. `sleeper` lets a task wait for so many seconds."""

    def __init__(self, true: TrueClock, sleeper: Callable[[float], None]) -> None:
        self._true, self._sleeper = true, sleeper
        self.offset = timedelta(0)
        self._booted = true.now() - timedelta(seconds=1000)
        self._starts = 1

    def now(self) -> datetime:
        """What the host thinks it is, UTC."""
        return self._true.now() + self.offset

    def monotonic(self) -> float:
        """Seconds since the machine started."""
        return (self._true.now() - self._booted).total_seconds()

    def machine(self) -> str:
        """This start of the machine."""
        return f"start-{self._starts}"

    def sleep(self, seconds: float) -> None:
        """Wait, while others go on."""
        self._sleeper(seconds)

    def true(self, moment: datetime) -> datetime:
        """The true time of a moment of this clock."""
        return moment - self.offset

    def step(self, seconds: float) -> None:
        """Somebody sets the clock."""
        self.offset += timedelta(seconds=seconds)

    def restart(self) -> None:
        """The machine starts anew."""
        self._booted = self._true.now() - timedelta(seconds=30)
        self._starts += 1
