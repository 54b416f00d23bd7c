"""Moves of workers that are dated back into a pay that is booked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from ml_connector.domain.dimension import Dimensions
from ml_connector.domain.journal import JournalLine
from ml_connector.domain.money import Money
from ml_connector.domain.worker import Employment


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedPay:
    """A pay of a company that is booked, by the name that its source gives it. `first` and `last` are the
    days of its period; the first is not known of the oldest one. `documents` are names in ledgers, `lines`
    what is booked.
    """

    name: str
    company: str
    first: date | None
    last: date
    documents: tuple[str, ...] = ()
    lines: tuple[JournalLine, ...] = ()

    def meets(self, move: Move) -> bool:
        """Whether the move is about a day of the period."""
        if move.since > self.last:
            return False
        return move.until is None or self.first is None or move.until >= self.first


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A worker is not placed as was known from a day on: up to `until`, where that is over."""

    since: date
    until: date | None
    before: Dimensions
    after: Dimensions


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedBack:
    """Moves of a worker that a booked pay knows nothing of, in the order of their days. `amount` is the sum
    of its debits that name the worker; `None` where no line does.
    """

    key: str
    worker: str
    company: str
    pay: str
    moves: tuple[Move, ...]
    documents: tuple[str, ...] = ()
    amount: Money | None = None


def moves_between(before: Employment, now: Employment, seen: date, today: date) -> Iterator[Move]:
    """Where the worker is placed otherwise, up to today, than was known on the day `seen`. What held before
    the first day of which that is known is what held on it.
    """
    known = min((row.since for row in before.placements), default=seen)
    known = min(known, seen)
    begins = {row.since for row in (*before.placements, *now.placements)}
    days = [known, *sorted(day for day in begins if known < day <= today)]
    for day, following in zip(days, [*days[1:], None], strict=True):
        old, new = before.codes_on(day), now.codes_on(day)
        if old == new:
            continue
        since = day
        if day == known:
            since = max((row.since for row in now.placements if row.since <= day), default=day)
        until = following - timedelta(days=1) if following else None
        yield Move(since=since, until=until, before=old, after=new)
