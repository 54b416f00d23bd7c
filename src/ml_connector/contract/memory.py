"""The storage ports that a `Wiring` needs, in memory and on a clock that stands still until it is moved.

For contract suites and for engines that run in one process. Threads may share them; processes cannot.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ml_connector.ports.storage import RESERVE_SHARE, Clock, Exchange, Priority, RateLimit, TokenState
from ml_connector.ports.systems import Wiring

START = datetime(2026, 7, 1, 9, 0, tzinfo=UTC)


class VirtualClock:
    """Time that moves only when told to, or when somebody sleeps."""

    def __init__(self, start: datetime = START) -> None:
        self._start = self._now = start
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The present, UTC."""
        return self._now

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return (self._now - self._start).total_seconds()

    def machine(self) -> str:
        """The machine is never started anew."""
        return "machine"

    def sleep(self, seconds: float) -> None:
        """Move the clock instead of waiting."""
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        with self._lock:
            self._now += timedelta(seconds=seconds)


class MemoryVault:
    """Secrets in a dict; nothing is encrypted."""

    def __init__(self, secrets: Mapping[str, str] | None = None) -> None:
        self._secrets = dict(secrets or {})

    def read(self, name: str) -> str:
        """The secret. Raises `KeyError` for a name never stored."""
        return self._secrets[name]

    def write(self, name: str, value: str) -> None:
        """Store or replace a secret."""
        self._secrets[name] = value

    def every(self) -> Mapping[str, str]:
        """All of them by name."""
        return dict(self._secrets)


class MemoryTokens:
    """The tokens of one connection, or of one tenant behind it. `history` holds every state written, oldest
    first.
    """

    def __init__(self, state: TokenState | None = None) -> None:
        self._state = state or TokenState()
        self._lock = threading.Lock()
        self._by_name = {"": self}
        self.history: list[TokenState] = []

    def of(self, name: str) -> MemoryTokens:
        """The tokens of one tenant."""
        found = self._by_name.setdefault(name, MemoryTokens())
        found._by_name = self._by_name
        return found

    def read(self) -> TokenState:
        """The state as last written."""
        return self._state

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """One renewer at a time."""
        with self._lock:
            yield

    def write(self, state: TokenState) -> None:
        """Replace the state."""
        self._state = state
        self.history.append(state)


@dataclass(slots=True)
class _Count:
    """Calls left in the window that ends at `resets_at`."""

    limit: int
    remaining: int
    resets_at: datetime


class MemoryBudget:
    """Fixed windows that start on whole minutes and days, corrected by what the vendor says. A reserve is
    kept for writes.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str], _Count] = {}

    def take(self, scope: str, windows: Sequence[RateLimit], priority: Priority) -> float:
        """Count one call in every window, or none and say how many seconds to wait."""
        with self._lock:
            now = self._clock.now()
            counts = [self._count(scope, window, now) for window in windows]
            if wait := self._wait(counts, now, priority):
                return wait
            for count in counts:
                count.remaining -= 1
            return 0.0

    def wait(self, scope: str, windows: Sequence[RateLimit], priority: Priority) -> float:
        """The seconds to wait before a call; counts nothing."""
        with self._lock:
            now = self._clock.now()
            return self._wait([self._count(scope, window, now) for window in windows], now, priority)

    def _wait(self, counts: Sequence[_Count], now: datetime, priority: Priority) -> float:
        return max(
            (
                (count.resets_at - now).total_seconds()
                for count in counts
                if count.remaining <= self._reserve(count, priority)
            ),
            default=0.0,
        )

    def learn(self, scope: str, windows: Sequence[RateLimit]) -> None:
        """Believe what the vendor's headers say of its windows."""
        with self._lock:
            now = self._clock.now()
            for window in windows:
                count = self._count(scope, window, now)
                used, count.limit = count.limit - count.remaining, window.limit
                if window.remaining is not None:
                    said = window.limit - window.remaining
                    # An answer that was overtaken by another gives no calls back.
                    used = max(used, said) if window.resets_at == count.resets_at else said
                count.remaining = window.limit - used
                count.resets_at = window.resets_at or count.resets_at

    def _count(self, scope: str, window: RateLimit, now: datetime) -> _Count:
        count = self._counts.get((scope, window.name))
        if count is None or now >= count.resets_at:
            since = int(now.timestamp()) // window.seconds * window.seconds
            ends = datetime.fromtimestamp(since + window.seconds, UTC)
            if window.rolling:
                ends = now + timedelta(seconds=window.seconds)
            count = self._counts[scope, window.name] = _Count(window.limit, window.limit, ends)
        return count

    @staticmethod
    def _reserve(count: _Count, priority: Priority) -> int:
        return 0 if priority is Priority.WRITE else count.limit // RESERVE_SHARE


class MemorySerialLocks:
    """One holder per name. A thread that asks for a lock it holds would wait for itself, so it is told
    instead.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._holders: dict[str, int] = {}

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Wait for the lock, and keep it for the block. Raises `RuntimeError` when this thread holds it
        already.
        """
        me = threading.get_ident()
        with self._lock:
            mine = self._locks.setdefault(name, threading.Lock())
            if self._holders.get(name) == me:
                raise RuntimeError(f"lock {name} is held by this thread already")
        with mine:
            self._holders[name] = me
            try:
                yield
            finally:
                del self._holders[name]


class MemoryExchanges:
    """What was said, in order."""

    def __init__(self) -> None:
        self.all: list[Exchange] = []

    def record(self, exchange: Exchange) -> None:
        """Keep the exchange."""
        self.all.append(exchange)

    def text(self) -> str:
        """Everything recorded, as one text to search for what must not be in it."""
        return "\n".join(map(repr, self.all))


def memory_wiring(
    connection: str = "test",
    *,
    clock: Clock | None = None,
    secrets: Mapping[str, str] | None = None,
    sandbox: bool = True,
    wire: Any = None,
) -> Wiring:
    """A wiring with every part in memory; the parts are reached through its fields."""
    clock = clock or VirtualClock()
    return Wiring(
        connection=connection,
        vault=MemoryVault(secrets),
        tokens=MemoryTokens(),
        budget=MemoryBudget(clock),
        serial_locks=MemorySerialLocks(),
        exchanges=MemoryExchanges(),
        clock=clock,
        sandbox=sandbox,
        wire=wire,
    )
