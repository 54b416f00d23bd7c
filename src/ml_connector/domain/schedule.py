"""When a flow looks for new work: on a fixed grid, so that a look that takes long moves no other.

    every 3h          0:00, 3:00, 6:00 … UTC; minutes (m) and hours (h) that divide a day
    daily 03:00 Europe/Oslo, 15:30       each day at these times, in one time zone; UTC where none is named

A time that a clock change leaves out is the first moment behind the gap; of one that comes twice, the first
counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAY = timedelta(days=1)
SHORTEST = timedelta(minutes=5)
JITTER_MAX = timedelta(minutes=5)
UTC_ZONE = ZoneInfo("UTC")
_EVERY = re.compile(r"every (\d{1,4}) ?([mh])")
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?: (\S+))?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ScheduleError(ValueError):
    """The text is no schedule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Either a distance between times, or times of the day in a time zone."""

    every: timedelta | None = None
    times: tuple[time, ...] = ()
    zone: ZoneInfo = UTC_ZONE

    def next(self, after: datetime) -> datetime:
        """The first time of the grid that is later, in UTC."""
        if self.every is not None:
            passed = (after - _EPOCH) // self.every
            return _EPOCH + (passed + 1) * self.every
        first = after.astimezone(self.zone).date() - DAY
        for number in range(4):
            day = first + number * DAY
            found = sorted(_instant(datetime.combine(day, at), self.zone) for at in self.times)
            for instant in found:
                if instant > after:
                    return instant
        raise AssertionError("each day has its times")

    def between(self, first: datetime, last: datetime) -> Iterator[datetime]:
        """The times from the first, which is one, to the last moment, which need not be."""
        at = first
        while at <= last:
            yield at
            at = self.next(at)

    def jitter(self, seed: int) -> timedelta:
        """How long after its times something with this number begins: spread, always the same, and a twelfth
        of the distance at the most.
        """
        most = min(JITTER_MAX, (self.every or DAY) / 12)
        return timedelta(seconds=seed * 37 % max(1, int(most.total_seconds())))


def read_schedule(text: str) -> Schedule:
    """The schedule that a text names. Raises `ScheduleError`."""
    text = " ".join(text.split())
    if found := _EVERY.fullmatch(text):
        every = timedelta(minutes=int(found[1])) * (60 if found[2] == "h" else 1)
        if not SHORTEST <= every <= DAY or DAY % every:
            raise ScheduleError(f"{text!r}: the distance divides a day, and is {SHORTEST} at the least")
        return Schedule(every=every)
    if not text.startswith("daily "):
        raise ScheduleError(f"{text!r} is no schedule; expected 'every 3h' or 'daily 03:00 Europe/Oslo'")
    times, zones = [], []
    for part in text.removeprefix("daily ").split(","):
        found = _TIME.fullmatch(part.strip())
        if found is None:
            raise ScheduleError(f"{part.strip()!r} is no time of a day; expected 03:00, or 03:00 Europe/Oslo")
        times.append(time(int(found[1]), int(found[2])))
        zones += [found[3]] if found[3] else []
    if len(set(zones)) > 1:
        raise ScheduleError(f"{text!r} names several time zones; one counts for all of its times")
    return Schedule(times=tuple(sorted(set(times))), zone=read_zone(zones[0] if zones else "UTC"))


def read_zone(name: str) -> ZoneInfo:
    """The time zone of that name. Raises `ScheduleError`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ScheduleError(f"{name!r} is no time zone; expected a name such as Europe/Oslo") from None


def _instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The moment of a local time; the first one behind the gap for a time that a clock change leaves out."""
    at = local.replace(tzinfo=zone)
    instant = at.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == local:
        return instant
    before, behind = at.utcoffset(), at.replace(fold=1).utcoffset()
    gap = abs((behind or timedelta()) - (before or timedelta()))
    low = (local - gap).replace(tzinfo=zone).astimezone(UTC)
    high = (local + gap).replace(tzinfo=zone).astimezone(UTC)
    start = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == start else (low, middle)
    return high.replace(microsecond=0)
