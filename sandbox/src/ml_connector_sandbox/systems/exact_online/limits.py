"""Quotas per division, their six headers, and the block after too many client errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ml_connector_sandbox.core.ratelimit import ErrorVelocity, FixedWindow, Standing

PER_MINUTE = 60
PER_DAY = 5_000
COUNTED_ERRORS = frozenset({400, 401, 403, 404})


@dataclass(slots=True, kw_only=True)
class Limits:
    """All limits of one app; with `limited` false there are none, and no headers."""

    limited: bool
    minute: FixedWindow = field(default_factory=lambda: FixedWindow(PER_MINUTE, 60))
    day: FixedWindow = field(default_factory=lambda: FixedWindow(PER_DAY, 86_400))
    errors: ErrorVelocity = field(default_factory=ErrorVelocity)

    def take(self, division: str, now: datetime) -> tuple[bool, Mapping[str, str]]:
        """Count a call: whether it is refused, and the headers its answer carries (only the family that was
        hit).
        """
        if not self.limited:
            return False, {}
        daily, minutely = self.day.peek(division, now), self.minute.peek(division, now)
        if daily.refused:
            return True, _headers("X-RateLimit-", daily)
        if minutely.refused:
            return True, _headers("X-RateLimit-Minutely-", minutely)
        daily, minutely = self.day.take(division, now), self.minute.take(division, now)
        return False, {**_headers("X-RateLimit-", daily), **_headers("X-RateLimit-Minutely-", minutely)}

    def blocked(self, division: str, now: datetime) -> bool:
        """Whether the app is blocked in that division for its errors."""
        return self.limited and self.errors.blocked_until(division, now) is not None

    def note(self, division: str, endpoint: str, status: int, now: datetime) -> None:
        """Count a client error; ten on one endpoint within an hour block the app in that division."""
        if self.limited and status in COUNTED_ERRORS:
            self.errors.error((division, endpoint), now)
            until = self.errors.blocked_until((division, endpoint), now)
            if until is not None:
                self.errors.block(division, until)

    def clear(self) -> None:
        """Forget all calls and errors."""
        self.minute.clear()
        self.day.clear()
        self.errors.clear()


def _headers(prefix: str, standing: Standing) -> dict[str, str]:
    return {
        prefix + "Limit": str(standing.limit),
        prefix + "Remaining": str(standing.remaining),
        prefix + "Reset": str(standing.resets_at_ms),
    }
