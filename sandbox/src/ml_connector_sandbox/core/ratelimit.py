"""Quotas in fixed windows, and the block after too many client errors."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a caller stands in one window; `refused` when this very call was one too many."""

    limit: int
    remaining: int
    resets_at: datetime
    refused: bool

    @property
    def resets_at_ms(self) -> int:
        """The end of the window in milliseconds since 1970."""
        return (self.resets_at - _EPOCH) // timedelta(milliseconds=1)


@dataclass(slots=True)
class FixedWindow:
    """At most `limit` calls per key in each window of `seconds`; windows start at whole multiples since 1970
    (UTC).
    """

    limit: int
    seconds: int
    _used: dict[Hashable, tuple[int, int]] = field(default_factory=dict)

    def peek(self, key: Hashable, now: datetime) -> Standing:
        """Where the caller stands, without counting a call."""
        window = int((now - _EPOCH).total_seconds()) // self.seconds
        began, used = self._used.get(key, (window, 0))
        used = used if began == window else 0
        ends = _EPOCH + timedelta(seconds=(window + 1) * self.seconds)
        return Standing(
            limit=self.limit, remaining=max(0, self.limit - used), resets_at=ends, refused=used >= self.limit
        )

    def take(self, key: Hashable, now: datetime) -> Standing:
        """Count a call unless the window is used up; the standing is the one after it."""
        before = self.peek(key, now)
        if before.refused:
            return before
        window = int((now - _EPOCH).total_seconds()) // self.seconds
        self._used[key] = (window, self.limit - before.remaining + 1)
        return Standing(
            limit=self.limit, remaining=before.remaining - 1, resets_at=before.resets_at, refused=False
        )

    def use_up(self, key: Hashable, now: datetime) -> None:
        """As if the caller had made every call that is left in this window."""
        self._used[key] = (int((now - _EPOCH).total_seconds()) // self.seconds, self.limit)

    def clear(self) -> None:
        """Forget every call."""
        self._used.clear()


@dataclass(slots=True)
class ErrorVelocity:
    """Blocks a key after `limit` errors within `seconds`, for `block_seconds`, doubled each time it happens
    again.
    """

    limit: int = 10
    seconds: int = 3600
    block_seconds: int = 3600
    _errors: dict[Hashable, deque[datetime]] = field(default_factory=dict)
    _blocked: dict[Hashable, tuple[datetime, int]] = field(default_factory=dict)

    def blocked_until(self, key: Hashable, now: datetime) -> datetime | None:
        """Until when the key is blocked, or None."""
        until, _ = self._blocked.get(key, (_EPOCH, 0))
        return until if until > now else None

    def error(self, key: Hashable, now: datetime) -> None:
        """Count one client error."""
        recent = self._errors.setdefault(key, deque())
        recent.append(now)
        while recent[0] <= now - timedelta(seconds=self.seconds):
            recent.popleft()
        if len(recent) >= self.limit:
            _, times = self._blocked.get(key, (_EPOCH, 0))
            self._blocked[key] = (now + timedelta(seconds=self.block_seconds * 2**times), times + 1)
            recent.clear()

    def block(self, key: Hashable, until: datetime) -> None:
        """Block a key outright, for whoever draws wider conclusions from the errors of another."""
        self._blocked[key] = (until, 0)

    def clear(self) -> None:
        """Forget every error and lift every block."""
        self._errors.clear()
        self._blocked.clear()
