"""Where it is read what a source plans to have."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from ml_connector.domain.expected import Expected


class Calendar(Protocol):
    """The plan of a source. Nothing is ever written to it."""

    def planned(self, since: date, until: date) -> tuple[Expected, ...]:
        """Everything that is due from one day to the other, both inclusive: all of it, or an error."""
        ...
