"""The clock of an installation that is tried out beside simulators: the machine's, ahead or behind by the
seconds that a file holds. Time passes as on the machine, and whoever writes the file makes it jump forward.

It is for sandboxes only: stamps that are made up have no place beside a real ledger.
"""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ml_connector.store.database import SystemClock, use_clock

LOOK_SECONDS = 0.05
"""How often a wait looks whether time has jumped."""


class ClockFileError(ValueError):
    """The file is not there, or holds no whole number."""


class FileClock(SystemClock):
    """As `ports.storage.Clock`. Never goes back: a number that is smaller than the one before is passed
    over, and so is a file that went away.
    """

    def __init__(self, file: Path) -> None:
        """Raises `ClockFileError`."""
        self._file = file
        self._ahead = self._read()

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._seconds())

    def monotonic(self) -> float:
        return super().monotonic() + self._seconds()

    def sleep(self, seconds: float) -> None:
        """Until so much time has passed or was jumped over."""
        until = self.monotonic() + seconds
        while (left := until - self.monotonic()) > 0:
            time.sleep(min(left, LOOK_SECONDS))

    def _seconds(self) -> int:
        with suppress(ClockFileError):
            self._ahead = max(self._ahead, self._read())
        return self._ahead

    def _read(self) -> int:
        try:
            return int(self._file.read_text(encoding="ascii"))
        except (OSError, ValueError) as error:
            raise ClockFileError(
                f"ML_CONNECTOR_CLOCK_FILE names {self._file}, which holds no number of seconds: {error}."
            ) from error


def use_clock_file(file: Path) -> None:
    """Take the database's time from it, too. Raises `ClockFileError`."""
    use_clock(FileClock(file))


def refusal(connection: str) -> str:
    """Why the clock may not be used, in a sentence."""
    return (
        f"ML_CONNECTOR_CLOCK_FILE is set, and {connection} is no connection to a sandbox. A clock that"
        " somebody sets is for trials beside simulators. Unset the variable."
    )
