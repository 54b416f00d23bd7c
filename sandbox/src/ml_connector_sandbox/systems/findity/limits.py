"""How often a client may call, and how the vendor answers one call too many. No limit is published."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from math import ceil

from ml_connector_sandbox.core.ratelimit import FixedWindow
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Response
from ml_connector_sandbox.systems.findity.answers import Refused, error_answer

_CLIENT = "client"
_FORCED_MAX = 1_000


@dataclass(slots=True)
class Limits:
    """Calls in a minute, and calls that are refused because somebody asked for that."""

    switches: Switches
    limited: bool
    minute: FixedWindow = field(default_factory=lambda: FixedWindow(0, 60))
    forced: int = 0
    refused: int = 0

    def clear(self) -> None:
        """No call was made yet."""
        self.minute.clear()
        self.forced = self.refused = 0

    def force(self, calls: int) -> None:
        """Refuse the next calls, whatever they are."""
        self.forced = max(0, min(calls, _FORCED_MAX))

    def take(self, now: datetime) -> Response | None:
        """Count a call; the 429 when it is one too many."""
        if self.forced:
            self.forced -= 1
            return self._answer(1)
        if not self.limited or self.switches["calls_per_minute"] <= 0:
            return None
        self.minute.limit = int(self.switches["calls_per_minute"])
        standing = self.minute.take(_CLIENT, now)
        return self._answer(ceil((standing.resets_at - now).total_seconds())) if standing.refused else None

    def _answer(self, seconds: int) -> Response:
        self.refused += 1
        headers = {"Retry-After": str(max(1, seconds))}
        return error_answer(Refused(429, "Too many requests"), self.switches, headers)
