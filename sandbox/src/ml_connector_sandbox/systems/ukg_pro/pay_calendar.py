"""Pay groups and their calendars: the periods that are over, the open one, and those still to come.

A period of a group begins the day after the one before it ended. Two days after its last day it is closed, a
day later somebody runs the general-ledger step.

    weekly, biweekly   counted from the scenario's PERIOD_END
    its own group      every PERIOD_DAYS up to there, or by its PAY_FREQUENCY
    semimonthly        1st to 15th, 16th to the last day
    monthly            the month
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from ml_connector_sandbox.systems.ukg_pro.payroll import PayPeriod

FREQUENCIES = "WBSM"
AHEAD_MAX = 1_000
_GROUP = re.compile(r"([A-Z0-9]{1,6})=([WBSM])(?::([^,:=]+))?")


class PayGroup(NamedTuple):
    """A pay group beside the scenario's own: its code, how often it is paid, and whom it pays, by codes of
    companies and departments.
    """

    code: str
    frequency: str
    members: tuple[str, ...]


def pay_groups(scenario: Any, text: str) -> list[PayGroup]:
    """The groups that the switch names as `MONTH=M:FJV02+BERSKR,WEEK=W`, or the scenario's `PAY_GROUPS`,
    which are rows of code, frequency and members. ValueError for what is no such list.
    """
    groups = []
    for part in [part.strip() for part in text.split(",") if part.strip()]:
        found = _GROUP.fullmatch(part)
        if found is None:
            raise ValueError(f"pay_groups: {part!r} does not look like MONTH=M:HTC02+BOSFIN")
        members = tuple((found[3] or "").split("+")) if found[3] else ()
        groups.append(PayGroup(found[1], found[2], members))
    groups = groups or [PayGroup(*row) for row in getattr(scenario, "PAY_GROUPS", ())]
    codes = [scenario.PAY_GROUP, *(group.code for group in groups)]
    if len(set(codes)) < len(codes):
        raise ValueError(f"pay_groups: {', '.join(codes)} are not all different")
    return groups


def calendar(
    scenario: Any, runs: int, *, group: PayGroup | None = None, ahead: int = 1, runs_ahead: int = 0
) -> list[PayPeriod]:
    """`runs` closed periods, oldest first, the newest ending on the scenario's date or last before it,
    and those after it: `ahead` of them, at least those that will be closed and run, which are
    `runs_ahead`.
    """
    last = max(ahead, runs_ahead)
    periods = []
    for position in range(runs - 1, -1 - last, -1):
        start, end = _span(scenario, group.frequency if group else own_frequency(scenario), position)
        will_run = -runs_ahead <= position < 0
        periods.append(
            PayPeriod(
                group=group.code if group else "",
                position=position,
                start=start,
                end=end,
                pay_date=end + timedelta(days=scenario.PAY_DATE_DAYS_AFTER),
                sequence=1,
                extra=0,
                closed_at=_closing(end) if position >= 0 else None,
                closes_at=_closing(end) if will_run else None,
                runs_at=ran_at(end) if will_run else None,
            )
        )
    return periods


def own_frequency(scenario: Any) -> str:
    """How often the scenario's own group is paid; empty for every `PERIOD_DAYS`."""
    return str(getattr(scenario, "PAY_FREQUENCY", ""))


def ran_at(end: date) -> datetime:
    """When somebody runs the general-ledger step for a period: three days after its last day."""
    return datetime.combine(end, time(14, 2, 11, 420_000)) + timedelta(days=3)


def _closing(end: date) -> datetime:
    return datetime.combine(end, time(17, 31, 5, 113_000)) + timedelta(days=2)


def off_cycle_period(periods: Sequence[PayPeriod], like: PayPeriod) -> PayPeriod:
    """Another payroll of the same days, with the next sequence number."""
    days = (like.group, like.position)
    extras = [held.extra or 0 for held in periods if (held.group, held.position) == days]
    same = [held.sequence for held in periods if (held.group, held.pay_date) == (like.group, like.pay_date)]
    return PayPeriod(
        group=like.group,
        position=like.position,
        start=like.start,
        end=like.end,
        pay_date=like.pay_date,
        sequence=max(same, default=0) + 1,
        closed_at=like.closed_at,
        kind="off_cycle",
        extra=max(extras, default=0) + 1,
    )


def insert_extra(periods: list[PayPeriod], like: PayPeriod, extra: PayPeriod) -> None:
    """Another payroll stands after the ones that are over, or after that of the same days still to come."""
    for place, held in enumerate(periods):
        is_behind = held.position < 0 if like.position >= 0 else held.position < like.position
        if held.group == like.group and is_behind:
            periods.insert(place, extra)
            return
    periods.append(extra)


def _span(scenario: Any, frequency: str, position: int) -> tuple[date, date]:
    """First and last day of the period so many before the newest; of one still to come, where negative."""
    if frequency in ("", "B", "W"):
        days = {"": int(scenario.PERIOD_DAYS), "B": 14, "W": 7}[frequency]
        end = scenario.PERIOD_END - timedelta(days=days * position)
        return end - timedelta(days=days - 1), end
    newest = next(number for number in _parts(scenario.PERIOD_END, frequency))
    return _part(newest - position, frequency)


def _parts(day: date, frequency: str) -> Iterator[int]:
    """The months or half months that end on the day or before, newest first."""
    a_month = 2 if frequency == "S" else 1
    number = (day.year * 12 + day.month) * a_month
    while True:
        if _part(number, frequency)[1] <= day:
            yield number
        number -= 1


def _part(number: int, frequency: str) -> tuple[date, date]:
    """First and last day of a month or half month, counted from the year 0."""
    a_month = 2 if frequency == "S" else 1
    month, half = divmod(number, a_month)
    first = date((month - 1) // 12, (month - 1) % 12 + 1, 1)
    following = date(month // 12, month % 12 + 1, 1)
    middle = first + timedelta(days=15)
    if a_month == 1:
        return first, following - timedelta(days=1)
    return (middle, following - timedelta(days=1)) if half else (first, middle - timedelta(days=1))
