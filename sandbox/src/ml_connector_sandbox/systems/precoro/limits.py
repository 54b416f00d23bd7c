"""How many calls a key may make, and how the vendor refuses one too many: the retry time is in the body."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil

from ml_connector_sandbox.core.ratelimit import FixedWindow
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Request, Response
from ml_connector_sandbox.systems.precoro.answers import json_answer

SAME_GET, HOURLY, DAILY = "Route based limiter by minute", "Hourly limiter", "Daily limiter"
KINDS = ("second", "same_get", "hour", "day")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Limits:
    """Pace, identical GETs, hour and day, for each key by itself. A refused call counts nowhere."""

    switches: Switches
    limited: bool
    hours: FixedWindow = field(default_factory=lambda: FixedWindow(0, 3_600))
    days: FixedWindow = field(default_factory=lambda: FixedWindow(0, 86_400))
    same: FixedWindow = field(default_factory=lambda: FixedWindow(0, 3_600))
    refused: Counter[str] = field(default_factory=Counter)
    """Calls that were refused, by kind."""
    forced: list[str] = field(default_factory=list)
    """The kinds by which the next calls are refused, whatever they are."""
    _last: dict[str, datetime] = field(default_factory=dict)
    _asked: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def clear(self) -> None:
        """No call was made yet."""
        for window in (self.hours, self.days, self.same):
            window.clear()
        self._last.clear()
        self._asked.clear()
        self.forced.clear()
        self.refused.clear()

    def take(self, key: str, request: Request, now: datetime, known: frozenset[str]) -> Response | None:
        """Count a call; the 429 when it is one too many."""
        if self.forced:
            return self._answer(self.forced.pop(0), now + timedelta(seconds=1), now)
        if not self.limited:
            return None
        same = self._same(key, request, known)
        found = self._refusal(key, same, now)
        if found is not None:
            return self._answer(*found, now)
        for _, window, counted in self._windows(key, same):
            window.take(counted, now)
        self._last[key] = now
        if same is not None:
            self._asked[same] = now
        return None

    def standing(self, key: str, now: datetime) -> dict[str, int]:
        """What is left of the hour and of the day."""
        self._measure()
        return {"hour": self.hours.peek(key, now).remaining, "day": self.days.peek(key, now).remaining}

    def use_up(self, key: str, kind: str, now: datetime) -> None:
        """Spend what is left of a window, or let the next call be refused for its pace or sameness."""
        if kind not in KINDS:
            raise ValueError(f"what: one of {', '.join(KINDS)}")
        if kind in ("second", "same_get"):
            self.forced.append(kind)
            return
        self._measure()
        window = self.hours if kind == "hour" else self.days
        window.use_up(key, now)

    def _measure(self) -> None:
        self.hours.limit = int(self.switches["calls_per_hour"])
        self.days.limit = int(self.switches["calls_per_day"])
        self.same.limit = int(self.switches["same_get_per_hour"])

    def _windows(self, key: str, same: tuple[str, str] | None) -> list[tuple[str, FixedWindow, Hashable]]:
        """Kind, window, and what is counted in it."""
        self._measure()
        found: list[tuple[str, FixedWindow, Hashable]] = [("hour", self.hours, key), ("day", self.days, key)]
        repeats = same is not None and self.same.limit > 0
        return [("same_get", self.same, same), *found] if repeats else found

    def _refusal(self, key: str, same: tuple[str, str] | None, now: datetime) -> tuple[str, datetime] | None:
        """By what a call is refused, and when it may come again."""
        pace = self._last.get(key, _EPOCH) + timedelta(milliseconds=int(self.switches["pace_milliseconds"]))
        if now < pace:
            return "second", pace
        if same is not None:
            again = self._asked.get(same, _EPOCH) + timedelta(seconds=int(self.switches["same_get_seconds"]))
            if now < again:
                return "same_get", again
        for kind, window, counted in self._windows(key, same):
            standing = window.peek(counted, now)
            if standing.refused:
                return kind, standing.resets_at
        return None

    def _same(self, key: str, request: Request, known: frozenset[str]) -> tuple[str, str] | None:
        """What makes a GET the same one: its path and parameters, in any order."""
        if request.method != "GET":
            return None
        counted = sorted(
            pair
            for pair in request.query
            if self.switches["any_parameter_differs"] or pair[0].partition("[")[0] in known
        )
        return key, f"{request.path} {counted}"

    def _answer(self, kind: str, again: datetime, now: datetime) -> Response:
        self.refused[kind] += 1
        limits = {
            "second": (self.switches["pace_limit_type"], 1),
            "same_get": (SAME_GET, 1),
            "hour": (HOURLY, int(self.switches["calls_per_hour"])),
            "day": (DAILY, int(self.switches["calls_per_day"])),
        }
        name, limit = limits[kind]
        whole = again.replace(microsecond=0) + timedelta(seconds=1 if again.microsecond else 0)
        said = {
            "RateLimit-Type": str(name),
            "RateLimit-Retry-After": whole.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
            "RateLimit-Limit": limit,
        }
        headers = {
            "none": {},
            "rate_limit": {header: str(value) for header, value in said.items()},
            "retry_after": {"Retry-After": str(max(1, ceil((again - now).total_seconds())))},
        }[str(self.switches["limit_headers"])]
        return json_answer({"error": "Too Many Requests", **said}, 429, headers)
