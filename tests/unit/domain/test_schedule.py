"""When a flow looks for new work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.domain.schedule import JITTER_MAX, ScheduleError, read_schedule

ZONES = (
    "Europe/Oslo",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Kolkata",
    "Africa/Cairo",
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "after", "then"),
    [
        ("every 3h", "2026-07-01T00:00", "2026-07-01T03:00"),
        ("every 3h", "2026-07-01T02:59", "2026-07-01T03:00"),
        ("every 5m", "2026-07-01T02:59", "2026-07-01T03:00"),
        ("daily 03:00", "2026-07-01T03:00", "2026-07-02T03:00"),
        ("daily 15:30, 3:00 Europe/Oslo", "2026-07-01T01:00", "2026-07-01T13:30"),
        ("daily 03:00 Europe/Oslo", "2026-01-01T02:00", "2026-01-02T02:00"),
        # left out on 29 March, and twice on 25 October
        ("daily 02:30 Europe/Oslo", "2026-03-28T12:00", "2026-03-29T01:00"),
        ("daily 02:30 Europe/Oslo", "2026-10-24T12:00", "2026-10-25T00:30"),
        ("daily 02:30 Europe/Oslo", "2026-10-25T00:30", "2026-10-26T01:30"),
        ("daily 02:15 Australia/Lord_Howe", "2026-10-03T00:00", "2026-10-03T15:30"),
    ],
)
def test_the_next_time(schedule: str, after: str, then: str) -> None:
    assert at(then) == read_schedule(schedule).next(at(after))


@pytest.mark.parametrize("zone", ZONES)
def test_ten_years_have_each_day_once(zone: str) -> None:
    """Over every change of the clocks, at the hours in which they happen."""
    for hour in ("00:30", "02:30", "12:00"):
        schedule = read_schedule(f"daily {hour} {zone}")
        first = schedule.next(at("2026-01-01T00:00"))
        found = list(schedule.between(first, at("2036-01-01T00:00")))

        days = [moment.astimezone(schedule.zone).date() for moment in found]
        assert len(days) == len(set(days))
        assert (days[-1] - days[0]).days + 1 == len(days) >= 3_650
        assert all(timedelta(hours=22) < two - one < timedelta(hours=26) for one, two in pairwise(found))


@settings(max_examples=300)
@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2036, 1, 1)),
    st.sampled_from(["every 5m", "every 3h", *(f"daily 00:00, 2:30, 23:59 {zone}" for zone in ZONES)]),
)
def test_the_next_time_is_later_and_none_lies_between(moment: datetime, text: str) -> None:
    schedule, after = read_schedule(text), moment.replace(tzinfo=UTC)
    then = schedule.next(after)

    assert after < then <= after + timedelta(hours=26)
    assert then == schedule.next(then - timedelta(seconds=1))


@pytest.mark.parametrize("text", ["every 3h", "every 5m", "daily 03:00"])
def test_what_begins_after_its_time_does_so_by_little_and_always_alike(text: str) -> None:
    schedule = read_schedule(text)
    spread = [schedule.jitter(number) for number in range(100)]

    assert spread == [schedule.jitter(number) for number in range(100)]
    assert timedelta(0) <= min(spread)
    assert max(spread) <= min(JITTER_MAX, (schedule.every or JITTER_MAX * 12) / 12)
    assert 20 < len(set(spread))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hourly",
        "every 0h",
        "every 7h",
        "every 1m",
        "every 48h",
        "daily",
        "daily 24:00",
        "daily 3",
        "daily 03:00 Mars/Base",
        "daily 03:00 Europe/Oslo, 04:00 Asia/Kolkata",
    ],
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ScheduleError):
        read_schedule(text)
