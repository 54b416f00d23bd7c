"""The time the simulators live in: the machine's, shifted, or standing still.

A quota resets at midnight and a token dies after thirty days; nobody waits for that in a test. One clock
serves all systems of a sandbox, so two books never disagree about what day it is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from ml_connector_sandbox.core.vendor import Json

YEARS = range(1970, 9_000)


class SandboxClock:
    """Real time plus an offset; can be moved, stopped and started again. Safe to share between threads."""

    def __init__(self, *, start: datetime | None = None, frozen: bool = False) -> None:
        self._changed = threading.Condition()
        self._listeners: list[Callable[[], None]] = []
        self._pinned = threading.local()
        self._offset = timedelta(0) if start is None else _utc(start) - _machine_now()
        self._stopped_at: datetime | None = (start and _utc(start)) or _machine_now() if frozen else None

    def now(self) -> datetime:
        """The present, aware, UTC."""
        pinned: datetime | None = getattr(self._pinned, "moment", None)
        if pinned is not None:
            return pinned
        with self._changed:
            return self._present()

    @property
    def frozen(self) -> bool:
        """Whether time only moves when someone moves it."""
        return self._stopped_at is not None

    def advance(self, seconds: float) -> datetime:
        """Go forward (or back, when negative) and return the new present."""
        return self.set(self.now() + timedelta(seconds=seconds))

    def set(self, moment: datetime) -> datetime:
        """Make it that moment now; a moving clock goes on from there. A naive moment is read as UTC.
        `ValueError` for a year in which a day more or less could not be written down.
        """
        if moment.year not in YEARS:
            raise ValueError(f"clock: the year {moment.year} is not between {YEARS[0]} and {YEARS[-1]}")
        with self._changed:
            if self._stopped_at is not None:
                self._stopped_at = _utc(moment)
            else:
                self._offset = _utc(moment) - _machine_now()
            present = self._present()
        self._tell()
        return present

    def freeze(self) -> None:
        """Stop time where it is."""
        with self._changed:
            self._stopped_at = self._present()
        self._tell()

    def thaw(self) -> None:
        """Let time run again, from where it stood."""
        with self._changed:
            if self._stopped_at is not None:
                self._offset = self._stopped_at - _machine_now()
                self._stopped_at = None
        self._tell()

    def wait_until(self, moment: datetime, *, interrupt: threading.Event | None = None) -> None:
        """Sleep until it is that moment, however time is moved meanwhile; `interrupt` ends the wait early."""
        while interrupt is None or not interrupt.is_set():
            with self._changed:
                left = (_utc(moment) - self._present()).total_seconds()
                if left <= 0:
                    return
                self._changed.wait(0.2 if self._stopped_at is not None else min(left, 0.2))

    @contextmanager
    def pinned(self, moment: datetime) -> Iterator[None]:
        """Within the block, and for this thread only, it is that moment: work that was due earlier is dated
        earlier.
        """
        before: datetime | None = getattr(self._pinned, "moment", None)
        self._pinned.moment = _utc(moment)
        try:
            yield
        finally:
            self._pinned.moment = before

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever somebody moves, stops or starts the time."""
        self._listeners.append(listener)

    def describe(self) -> Json:
        """`{"now", "frozen"}` as the control API shows it."""
        return {"now": self.now().isoformat(), "frozen": self.frozen}

    def _present(self) -> datetime:
        return self._stopped_at if self._stopped_at is not None else _machine_now() + self._offset

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()
        for listener in self._listeners:
            listener()


def _machine_now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
