"""The movements of a month: opening + hires + rehires + transfers in − leavers − transfers out = closing.

The last day of an employment counts, so that somebody leaves on the day after it: one whose last day is that
of the month is in its closing, and a leaver of the next. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from ml_connector.domain.headcount import CountedPerson, person_of
from ml_connector.domain.worker import Employment, Worker

LEAVES_AFTER = "The last day counts: who leaves on the last day of a month is a leaver of the next."
DAY = timedelta(days=1)
MOVE = timedelta(days=31)
"""A move ends one employment and starts the other no further apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movements:
    """A company in a month. `opening` and `closing` are the people employed on the day before it and on its
    last day; a move is out in one company and in in the other.
    """

    company: str
    first: date
    last: date
    opening: frozenset[str]
    closing: frozenset[str]
    hires: tuple[CountedPerson, ...]
    rehires: tuple[CountedPerson, ...]
    transfers_in: tuple[CountedPerson, ...]
    leavers: tuple[CountedPerson, ...]
    transfers_out: tuple[CountedPerson, ...]

    @property
    def adds_up(self) -> bool:
        """Whether opening and movements come to the closing."""
        came = len(self.hires) + len(self.rehires) + len(self.transfers_in)
        left = len(self.leavers) + len(self.transfers_out)
        return len(self.opening) + came - left == len(self.closing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restated:
    """How the closing of an earlier month differs now from what was reported: who is there since, and who is
    no more.
    """

    reported: int
    more: tuple[CountedPerson, ...]
    fewer: tuple[CountedPerson, ...]


@dataclass(frozen=True, slots=True)
class _Spell:
    """Days on which a worker is employed by one company without a break."""

    company: str
    start: date
    end: date | None
    moved: bool


def month_of(day: date) -> tuple[date, date]:
    """First and last day of the month."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - DAY


def movements(
    company: str, first: date, last: date, workers: Iterable[Worker], excluded: Collection[str] = ()
) -> Movements:
    """Of the company from the first to the last day; workers of an `excluded` kind are outside."""
    kinds = ("hires", "rehires", "transfers_in", "leavers", "transfers_out")
    found: dict[str, list[CountedPerson]] = {kind: [] for kind in kinds}
    opening: set[str] = set()
    closing: set[str] = set()
    for worker in workers:
        spells = _spells(worker, excluded)
        here = [spell for spell in spells if spell.company == company]
        if not here:
            continue
        opening.update(worker.key for spell in here if _on(spell, first - DAY))
        closing.update(worker.key for spell in here if _on(spell, last))
        for kind, day in _events(spells, here):
            if first <= day <= last:
                found[kind].append(person_of(worker))
    return Movements(
        company=company,
        first=first,
        last=last,
        opening=frozenset(opening),
        closing=frozenset(closing),
        **{kind: tuple(sorted(people, key=lambda one: one.number)) for kind, people in found.items()},
    )


def restated(reported: Collection[str], now: Collection[str], workers: Iterable[Worker]) -> Restated | None:
    """What changed since a closing was reported; `None` for nothing."""
    before, after = set(reported), set(now)
    if before == after:
        return None
    known = {worker.key: person_of(worker) for worker in workers if worker.key in before ^ after}

    def people(keys: set[str]) -> tuple[CountedPerson, ...]:
        return tuple(known.get(key) or CountedPerson(key=key, number="") for key in sorted(keys))

    return Restated(reported=len(before), more=people(after - before), fewer=people(before - after))


def _events(spells: list[_Spell], here: list[_Spell]) -> Iterator[tuple[str, date]]:
    """What a person does to one company, each with its day; a leaving is on the day after the last one."""
    arrivals = set(_moves(spells).values())
    for number, spell in enumerate(here):
        if spell in arrivals:
            yield "transfers_in", spell.start
        else:
            yield "rehires" if number else "hires", spell.start
        if spell.end is not None:
            yield "transfers_out" if spell.moved else "leavers", spell.end + DAY


def _moves(spells: list[_Spell]) -> dict[_Spell, _Spell]:
    """End of a move → the start in another company that belongs to it: the nearest, each once."""
    found: dict[_Spell, _Spell] = {}
    for spell in spells:
        if not spell.moved or spell.end is None:
            continue
        next_day = spell.end + DAY
        starts = [
            other
            for other in spells
            if other.company != spell.company
            and other not in found.values()
            and other.start > spell.start - DAY
            and abs(other.start - next_day) <= MOVE
        ]
        if starts:
            found[spell] = min(starts, key=lambda other: (abs(other.start - next_day), other.company))
    return found


def _spells(worker: Worker, excluded: Collection[str]) -> list[_Spell]:
    """Employments by company, those that touch or overlap as one, oldest first."""
    by_company: dict[str, list[Employment]] = {}
    for one in worker.employments:
        if one.kind not in excluded:
            by_company.setdefault(one.company, []).append(one)
    found: list[_Spell] = []
    for company, held in by_company.items():
        merged: list[_Spell] = []
        for one in sorted(held, key=lambda one: (one.start, one.end or date.max)):
            last = merged[-1] if merged else None
            if last is not None and (last.end is None or one.start <= last.end + DAY):
                merged[-1] = _joined(last, one)
            else:
                merged.append(_Spell(company, one.start, one.end, one.moved))
        found.extend(merged)
    return sorted(found, key=lambda spell: (spell.start, spell.company))


def _joined(spell: _Spell, one: Employment) -> _Spell:
    if spell.end is None or (one.end is not None and one.end <= spell.end):
        return spell
    return _Spell(spell.company, spell.start, one.end, one.moved)


def _on(spell: _Spell, day: date) -> bool:
    return spell.start <= day and (spell.end is None or day <= spell.end)
