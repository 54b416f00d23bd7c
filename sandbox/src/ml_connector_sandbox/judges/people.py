"""Counts people and members from the simulators' books and the scenario alone, and knows nothing of the
product.

    payroll's people on a day ─ scenario's MEMBER_OF ─► who has to be a member, of which entity, by which name
    ledger's members ─────────────────────────────────► who is one, open or closed

A worker is found among members by number, whatever noughts it begins with. On the last day of an employment
the member may still be open and has to be; on the day after it is closed, and still there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from ml_connector_sandbox.core.vendor import Json

GONE = "T"
"""The status of an employment that ended; the day on which it begins is the last one."""
Key = tuple[str, str]
"""Entity, and number of the worker without the noughts that it begins with."""


@dataclass(frozen=True, slots=True)
class Wished:
    """How a member has to be: its name, and whether it can be booked on."""

    name: str
    open: bool


@dataclass(frozen=True, slots=True)
class Looked:
    """One look: members that there were before, by entity, and those that had to be made, named anew, closed
    or opened.
    """

    there: Counter[str]
    changed: tuple[Key, ...]

    @property
    def changes(self) -> Counter[str]:
        """How many, by entity."""
        return Counter(entity for entity, _ in self.changed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the books say. `members` are open ones; `overwritten` are those that a person had edited. What
    somebody edited stays as it is, open or closed.
    """

    workers: int
    members: int
    missing: int
    duplicate: int
    extra: int
    overwritten: tuple[Key, ...]
    differences: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing at all is wrong."""
        return not self.differences


class PeopleJudge:
    """Judges one ledger over a month. `scenario` is the module, `seeded` are the ledger's members at the
    start.
    """

    def __init__(self, scenario: Any, seeded: Iterable[Json] = ()) -> None:
        self.scenario = scenario
        self.looks: list[Looked] = []
        self._wished: dict[Key, Wished] = {}
        self._strangers = {str(row["id"]) for row in seeded}

    def look(self, people: Iterable[Json], day: date) -> Looked:
        """Take what payroll says on this day as what the ledger has to say. Somebody who came and went
        between two looks needs no member; one whose hire is withdrawn is closed.
        """
        before = self._wished
        now = {
            key: wished
            for key, wished in wished_of(self.scenario, people, day).items()
            if wished.open or key in before
        }
        gone = {key: Wished(before[key].name, False) for key in before.keys() - now.keys()}
        self._wished = now | gone
        changed = tuple(key for key, wished in self._wished.items() if before.get(key) != wished)
        looked = Looked(Counter(entity for entity, _ in before), changed)
        self.looks.append(looked)
        return looked

    @property
    def changes(self) -> int:
        """Of all looks."""
        return sum(len(looked.changed) for looked in self.looks)

    @property
    def wished(self) -> Mapping[Key, Wished]:
        """How members had to be at the last look."""
        return self._wished

    def verdict(self, members: Iterable[Json], edits: Mapping[Key, str] | None = None) -> Verdict:
        """What the ledger's members say; `edits` are names that people gave members at the ledger's screen,
        which nobody may overwrite.
        """
        rows: dict[Key, list[Json]] = defaultdict(list)
        for row in members:
            if row["axis"] == self.scenario.MEMBER_AXIS and str(row["id"]) not in self._strangers:
                rows[row["entity"], _bare(row["code"])].append(row)
        wrong, missing, extra, overwritten = list[str](), 0, 0, list[Key]()
        for key, wished in sorted(self._wished.items()):
            held, name = rows.get(key, []), (edits or {}).get(key)
            opened = [row for row in held if row["open"]]
            if not held or (wished.open and not opened and name is None):
                missing += 1
                wrong.append(f"{_text(key)}: {wished.name} has no {'open ' * wished.open}member")
            if opened and not wished.open and name is None:
                extra += 1
                wrong.append(f"{_text(key)}: {wished.name} left, and the member is open")
            names = {_named(row) for row in held} - {name or " ".join(wished.name.split())}
            overwritten += [key] if names and name is not None else []
            wrong += [
                f"{_text(key)}: is named {each!r}, not {name or wished.name!r}" for each in sorted(names)
            ]
        for key in sorted(rows.keys() - self._wished.keys()):
            opened = [row for row in rows[key] if row["open"]]
            extra += len(opened)
            wrong += [f"{_text(key)}: {_named(row)} is a member, and nobody's worker" for row in opened]
        doubled = {key: len(held) - 1 for key, held in rows.items() if len(held) > 1}
        wrong += [f"{_text(key)}: is there {more + 1} times" for key, more in sorted(doubled.items())]
        return Verdict(
            workers=len({number for (_, number), wished in self._wished.items() if wished.open}),
            members=sum(row["open"] for held in rows.values() for row in held),
            missing=missing,
            duplicate=sum(doubled.values()),
            extra=extra,
            overwritten=tuple(overwritten),
            differences=tuple(wrong),
        )


def wished_of(scenario: Any, people: Iterable[Json], day: date) -> dict[Key, Wished]:
    """Every member that somebody who ever began by that day has to be, or to have been."""
    wished: dict[Key, Wished] = {}
    for row in people:
        entity = scenario.MEMBER_OF.get(row["entity"])
        is_there = status_on(row, day)
        if entity is None or is_there is None:
            continue
        key = entity, _bare(row["number"])
        also = wished.get(key)
        wished[key] = Wished(row["name"], is_there or (also is not None and also.open))
    return wished


def employed(people: Iterable[Json], day: date) -> dict[str, frozenset[str]]:
    """Who is employed on the day, by company: the ids of the people."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in people:
        if status_on(row, day):
            found[row["entity"]].add(row["person"])
    return {company: frozenset(who) for company, who in found.items()}


def status_on(row: Json, day: date) -> bool | None:
    """Whether the employment lasts on the day, its last one included; None before its first."""
    begun = [status for status in row["statuses"] if date.fromisoformat(status["from"]) <= day]
    if not begun:
        return None
    last = begun[-1]
    return last["status"] != GONE or date.fromisoformat(last["from"]) == day


def _bare(code: str) -> str:
    return code.strip().lstrip("0") or code.strip()


def _named(row: Json) -> str:
    return " ".join(str(row["name"]).split())


def _text(key: Key) -> str:
    return f"{key[0] or 'shared'}/{key[1]}"
