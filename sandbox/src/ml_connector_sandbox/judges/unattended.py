"""The judge of months that nobody watched: which pay runs the calendars planned, which of them came and were
booked once, and whether people were told what they had to know, in time and of nothing else.

It reads the payroll's books and the ledger's, and what really arrived at the mail server and at the receiver
of webhooks. Of the product it knows nothing but that it opens an alert once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import pairwise

from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.judges.books import Books
from ml_connector_sandbox.judges.pay_runs import expected
from ml_connector_sandbox.judges.payroll import judge

OPENED = "opened"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """What became of the pay that one calendar planned: how many pays, the runs that payroll made of them,
    how many of those stand in the ledger whole, and the pays that no run was made for, by period control.
    """

    planned: int
    came: tuple[str, ...]
    booked: int
    never_came: tuple[str, ...]
    duplicates: int
    problems: tuple[str, ...]

    @property
    def missed(self) -> int:
        """Runs that came and are not booked whole."""
        return len(self.came) - self.booked


def paid(payroll: Json, ledger: Json, *, since: date, until: date, slugs: tuple[str, str]) -> Paid:
    """Regular pays with a pay date from the one day to the other, and every document of the ledger."""
    planned = [
        row["period_control"]
        for row in payroll["calendar"]
        if row["kind"] == "regular" and since <= date.fromisoformat(row["pay_date"]) <= until
    ]
    made = {
        run["period_control"]: run["run_id"]
        for run in payroll["runs"]
        if run["status"] == "current" and run["kind"] == "regular"
    }
    came = tuple(made[control] for control in planned if control in made)
    wanted = expected(payroll, pay_runs=came) if came else ()
    verdict = judge(payroll, ledger, wanted, slugs=slugs)
    return Paid(
        planned=len(planned),
        came=came,
        booked=len(came) - verdict.lost,
        never_came=tuple(control for control in planned if control not in made),
        duplicates=verdict.duplicates,
        problems=verdict.differences,
    )


def documents(ledger: Json) -> int:
    """How many documents stand in a ledger that were not there from the start."""
    return len(Books.of(ledger).documents)


def longest_pause_days(payroll: Json, runs: Collection[str]) -> int:
    """Whole days between two of these runs that follow each other, at the most; 0 for fewer than two."""
    times = sorted(datetime.fromisoformat(run["ran_at"]) for run in payroll["runs"] if run["run_id"] in runs)
    return max(((later - earlier).days for earlier, later in pairwise(times)), default=0)


def youngest_days(payroll: Json, runs: Collection[str]) -> int:
    """How many whole days old a notification was when the next of these runs came, at the least; 0 where none
    was followed by any.
    """
    times = sorted(_utc(run["ran_at"]) for run in payroll["runs"] if run["run_id"] in runs)
    made = [_utc(text) for text in payroll["webhooks"]["made_at"]]
    return min(
        ((next(run for run in times if run > at) - at).days for at in made if times and at < times[-1]),
        default=0,
    )


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Something that people have to be told of: known by words that a message about it holds, all of them.
    It is opened from the first to the last moment, in each of the channels, once, or up to `most` times.
    """

    name: str
    words: tuple[str, ...]
    first: datetime
    last: datetime
    channels: tuple[str, ...]
    most: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message that arrived: where, when, and what it says happened to which alert."""

    channel: str
    at: datetime
    event: str
    text: str


@dataclass(frozen=True, slots=True)
class Alarms:
    """Causes that were told as they have to be, and what is wrong with the others."""

    rung: tuple[str, ...] = ()
    problems: tuple[str, ...] = field(default=())


def alarms(causes: Sequence[Cause], heard: Sequence[Heard]) -> Alarms:
    """Every cause is opened in time in each of its channels; nothing else is."""
    opened = [one for one in heard if one.event == OPENED]
    problems, rung, explained = list[str](), list[str](), set[Heard]()
    for cause in causes:
        about = [one for one in opened if all(word in one.text for word in cause.words)]
        explained |= {*about}
        wrong = [text for channel in cause.channels for text in _wrong(cause, channel, about)]
        wrong += [
            f"{cause.name}: told by {one.channel}" for one in about if one.channel not in cause.channels
        ]
        problems += wrong
        rung += [] if wrong else [cause.name]
    problems += [
        f"false alarm by {one.channel} at {one.at:%Y-%m-%d %H:%M}: {one.text.splitlines()[0][:100]}"
        for one in opened
        if one not in explained
    ]
    return Alarms(tuple(rung), tuple(problems))


def _wrong(cause: Cause, channel: str, about: Sequence[Heard]) -> list[str]:
    here = [one for one in about if one.channel == channel]
    if not here:
        return [f"{cause.name}: {channel} was never told"]
    wrong = [
        f"{cause.name}: {channel} was told at {one.at:%Y-%m-%d %H:%M}, not from"
        f" {cause.first:%Y-%m-%d %H:%M} to {cause.last:%Y-%m-%d %H:%M}"
        for one in here
        if not cause.first <= one.at <= cause.last
    ]
    return [
        *wrong,
        *([f"{cause.name}: {channel} was told {len(here)} times"] if len(here) > cause.most else []),
    ]
