"""Counts people and members from the simulators' books and the scenario alone, and knows nothing of the
product.

    payroll's people on a day ─ scenario's MEMBER_OF ─► who has to be a member, of which entity, by which name
    ledger's members ─────────────────────────────────► who is one, open or closed

A worker is found among members by number, whatever noughts it begins with. On the last day of an employment
the member may still be open and has to be; on the day after it is closed, and still there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ml_connector_sandbox.core.vendor import Json

GONE = "T"
"""The status of an employment that ended; the day on which it begins is the last one."""
Key = tuple[str, str]
"""Entity, and number of the worker without the noughts that it begins with; where somebody is there once for
each employment, the number with the first day of it behind `SINCE`.
"""
SINCE = " since "


@dataclass(frozen=True, slots=True)
class Wished:
    """How a member has to be: its name, whether it can be booked on, and the last day of one that cannot,
    where the ledger keeps days.
    """

    name: str
    open: bool
    until: str = ""


Wishes = Callable[[Any, Iterable[Json], date], Mapping[Key, Wished]]
"""Scenario, what payroll says, and a day → who has to be a member, or to have been one."""


@dataclass(frozen=True, slots=True)
class Looked:
    """One look: members that there were before, by entity, and those that had to be made, named anew, closed
    or opened. `people` are those who were there, and `newcomers` those of whom nothing was.
    """

    there: Counter[str]
    changed: tuple[Key, ...]
    people: Counter[str] = field(default_factory=Counter)
    newcomers: Counter[str] = field(default_factory=Counter)

    @property
    def changes(self) -> Counter[str]:
        """How many, by entity."""
        return Counter(entity for entity, _ in self.changed)

    @property
    def changed_people(self) -> Counter[str]:
        """How many people they are, by entity."""
        return _by_entity(self.changed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the books say. `members` are open ones; `wrong` are those with a name or a last day that payroll
    does not say, and `overwritten` those of them that a person had edited. What somebody edited stays as it
    is, open or closed.
    """

    workers: int
    members: int
    missing: int
    duplicate: int
    extra: int
    wrong: int
    overwritten: tuple[Key, ...]
    differences: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing at all is wrong."""
        return not self.differences


class PeopleJudge:
    """Judges one ledger over a month. `scenario` is the module, `seeded` are the ledger's members at the
    start that are nobody's worker, and `known` those that are. Members are those on the `axis`, as `wishes`
    says; with `closes` unset the ledger has no way to close one, and whoever goes leaves it as it is.
    """

    def __init__(
        self,
        scenario: Any,
        seeded: Iterable[Json] = (),
        *,
        axis: str = "",
        wishes: Wishes | None = None,
        known: Iterable[Json] = (),
        closes: bool = True,
    ) -> None:
        self.scenario, self.axis = scenario, axis or scenario.MEMBER_AXIS
        self.looks: list[Looked] = []
        self._wishes, self._closes = wishes or wished_of, closes
        self._wished = {key_of(row): _as_is(row) for row in known}
        self._strangers = {str(row["id"]) for row in seeded}

    def look(self, people: Iterable[Json], day: date) -> Looked:
        """Take what payroll says on this day as what the ledger has to say. Somebody who came and went
        between two looks needs no member; one whose hire is withdrawn is closed.
        """
        before = self._wished
        now = {
            key: wished
            for key, wished in self._wishes(self.scenario, people, day).items()
            if wished.open or key in before
        }
        gone = {
            key: Wished(before[key].name, before[key].open and not self._closes)
            for key in before.keys() - now.keys()
        }
        self._wished = now | gone
        changed = tuple(key for key, wished in self._wished.items() if before.get(key) != wished)
        known = {person_of(key) for key in before}
        looked = Looked(
            there=Counter(entity for entity, _ in before),
            changed=changed,
            people=_by_entity(before),
            newcomers=_by_entity(key for key in changed if person_of(key) not in known),
        )
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
        by entity and number, which nobody may overwrite.
        """
        rows: dict[Key, list[Json]] = defaultdict(list)
        for row in members:
            if row["axis"] == self.axis and str(row["id"]) not in self._strangers:
                rows[key_of(row)].append(row)
        wrong, missing, extra, overwritten = list[str](), 0, 0, list[Key]()
        otherwise = 0
        for key, wished in sorted(self._wished.items()):
            held, name = rows.get(key, []), (edits or {}).get(person_of(key))
            opened = [row for row in held if row["open"]]
            is_anew = name is not None and SINCE in key[1]
            if (not held and not is_anew) or (wished.open and not opened and name is None):
                missing += 1
                wrong.append(f"{_text(key)}: {wished.name} has no {'open ' * wished.open}member")
            if opened and not wished.open and name is None:
                extra += 1
                wrong.append(f"{_text(key)}: {wished.name} left, and the member is open")
            names = {_named(row) for row in held} - {name or " ".join(wished.name.split())}
            days = {str(row["to"] or "") for row in held if wished.until and name is None} - {wished.until}
            otherwise += bool(names or days)
            overwritten += [key] if names and name is not None else []
            wrong += [
                f"{_text(key)}: is named {each!r}, not {name or wished.name!r}" for each in sorted(names)
            ]
            wrong += [
                f"{_text(key)}: ends on {each or 'no day'}, not {wished.until}" for each in sorted(days)
            ]
        for key in sorted(rows.keys() - self._wished.keys()):
            opened = [row for row in rows[key] if row["open"]]
            extra += len(opened)
            wrong += [f"{_text(key)}: {_named(row)} is a member, and nobody's worker" for row in opened]
        doubled = {key: len(held) - 1 for key, held in rows.items() if len(held) > 1}
        wrong += [f"{_text(key)}: is there {more + 1} times" for key, more in sorted(doubled.items())]
        return Verdict(
            workers=len({person_of(key)[1] for key, wished in self._wished.items() if wished.open}),
            members=sum(row["open"] for held in rows.values() for row in held),
            missing=missing,
            duplicate=sum(doubled.values()),
            extra=extra,
            wrong=otherwise,
            overwritten=tuple(overwritten),
            differences=tuple(wrong),
        )


def key_of(row: Json) -> Key:
    """Of a member."""
    return str(row["entity"]), bare(str(row["code"]))


def wished_of(scenario: Any, people: Iterable[Json], day: date) -> dict[Key, Wished]:
    """Every member that somebody who ever began by that day has to be, or to have been."""
    wished: dict[Key, Wished] = {}
    for row in people:
        entity = scenario.MEMBER_OF.get(row["entity"])
        is_there = status_on(row, day)
        if entity is None or is_there is None:
            continue
        key = entity, bare(row["number"])
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


def bare(code: str) -> str:
    """A number without the noughts that it begins with."""
    return code.strip().lstrip("0") or code.strip()


def person_of(key: Key) -> Key:
    """The same for all employments of somebody."""
    return key[0], key[1].partition(SINCE)[0]


def _by_entity(keys: Iterable[Key]) -> Counter[str]:
    return Counter(entity for entity, _ in {person_of(key) for key in keys})


def _as_is(row: Json) -> Wished:
    return Wished(_named(row), bool(row["open"]), "" if row["open"] else str(row["to"] or ""))


def _named(row: Json) -> str:
    return " ".join(str(row["name"]).split())


def _text(key: Key) -> str:
    return f"{key[0] or 'shared'}/{key[1]}"
