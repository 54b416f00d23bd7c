"""Judges members once everything has come to rest, by what payroll and ledger hold alone.

    employed today in a company   one open member there, by the right name
    left, or never came           no open member
    a clerk's own member          as the clerk left it
    a member that a clerk edited  as the clerk left it, or as payroll says where that has changed since
    any member there ever was     still there

Whoever decides about the ledger may have been shown a member that a clerk touched, and have left that open:
of it only the last three are asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.judges.people import Key, Wished, key_of, wished_of


@dataclass(frozen=True, slots=True)
class Held:
    """One member as the ledger has it."""

    name: str
    open: bool

    @classmethod
    def of(cls, row: Json) -> Held:
        """From a row of the ledger's members."""
        return cls(" ".join(str(row["name"]).split()), bool(row["open"]))


@dataclass(frozen=True, slots=True)
class Edit:
    """What a clerk found and left on a day, and what payroll said of that member then; `None` for nobody.
    `busy`: a pass was under way, which may have read the member before.
    """

    day: date
    found: Held | None
    left: Held
    wished: Wished | None
    busy: bool


@dataclass(slots=True)
class RestJudge:
    """One ledger. `scenario` is the module; what is there before anything happens is nobody's worker."""

    scenario: Any
    strangers: frozenset[str] = frozenset()
    edits: dict[Key, Edit] = field(default_factory=dict)
    own: set[Key] = field(default_factory=set)
    touched: set[Key] = field(default_factory=set)
    _last: dict[Key, Held] = field(default_factory=dict)
    _ever: set[tuple[Key, str]] = field(default_factory=set)

    def edited(self, row: Json, people: Iterable[Json], day: date, *, busy: bool, own: bool = False) -> None:
        """A clerk left the member like this; `own`: made it, and it is no worker's. One that is left as it
        was before any clerk came was not edited.
        """
        key, left = key_of(row), Held.of(row)
        before = self.edits.get(key)
        found = (
            before.found if before is not None and before.left == self._last.get(key) else self._last.get(key)
        )
        self.edits[key] = Edit(day, found, left, self.wished(people, day).get(key), busy)
        self.touched.add(key)
        if own:
            self.own.add(key)

    def saw(self, members: Iterable[Json]) -> None:
        """These members are there now."""
        mine = self.mine(members)
        self._ever |= {(key_of(row), str(row["id"])) for row in mine}
        self._last = {key_of(row): Held.of(row) for row in mine}

    def wished(self, people: Iterable[Json], day: date) -> dict[Key, Wished]:
        """Who has to be a member, or to have been one."""
        return wished_of(self.scenario, people, day)

    def mine(self, members: Iterable[Json]) -> list[Json]:
        """Those on the axis of workers that were not there from the start."""
        axis = self.scenario.MEMBER_AXIS
        return [row for row in members if row["axis"] == axis and str(row["id"]) not in self.strangers]

    def at_rest(
        self, people: Iterable[Json], day: date, members: Iterable[Json], shown: Collection[Key]
    ) -> list[tuple[str, str]]:
        """What is wrong: a code, and a sentence. `shown` are members that stand open before people."""
        rows: dict[Key, list[Json]] = defaultdict(list)
        for row in self.mine(members):
            rows[key_of(row)].append(row)
        wished = self.wished(people, day)
        wrong = [
            ("deleted", f"{_text(key)} was there, and is not any more")
            for key, identity in sorted(self._ever)
            if identity not in {str(row["id"]) for row in rows.get(key, ())}
        ]
        for key in sorted(wished.keys() | rows.keys() | self.edits.keys()):
            held = [Held.of(row) for row in rows.get(key, ())]
            if len(held) > 1:
                wrong.append(("twice", f"{_text(key)} is there {len(held)} times"))
            if key in self.own:
                wrong += _of_own(key, held, self.edits[key])
                continue
            edit = self.edits.get(key)
            if edit is not None and self._says_nothing_new(key, edit, people, day):
                wrong += _overwritten(key, held, edit)
            if key not in shown:
                wrong += _of_worker(key, held, wished.get(key))
            elif key not in self.touched:
                wrong.append(("asked for nothing", f"{_text(key)} stands open, and no clerk ever touched it"))
        return wrong

    def _says_nothing_new(self, key: Key, edit: Edit, people: Iterable[Json], day: date) -> bool:
        """Whether payroll says on each day since the edit what it said then."""
        days = [edit.day + timedelta(days=number) for number in range((day - edit.day).days + 1)]
        return all(self.wished(people, each).get(key) == edit.wished for each in days)


def _of_worker(key: Key, held: list[Held], wished: Wished | None) -> list[tuple[str, str]]:
    opened = [one for one in held if one.open]
    if wished is None or not wished.open:
        return [("extra", f"{_text(key)} is open, and nobody of it is employed")] if opened else []
    name = " ".join(wished.name.split())
    if not opened:
        return [("missing", f"{_text(key)}: {name} is employed, and no open member")]
    return [
        ("name", f"{_text(key)} is named {one.name!r}, not {name!r}") for one in opened if one.name != name
    ]


def _of_own(key: Key, held: list[Held], edit: Edit) -> list[tuple[str, str]]:
    if held == [edit.left]:
        return []
    return [("clerk", f"{_text(key)} is a clerk's own, left as {edit.left}, and is {held}")]


def _overwritten(key: Key, held: list[Held], edit: Edit) -> list[tuple[str, str]]:
    """An edit that payroll said nothing new against is still there."""
    if edit.busy or edit.left == edit.found or edit.left in held or not held:
        return []
    return [("overwritten", f"{_text(key)} was left as {edit.left} by a clerk, and is {held}")]


def _text(key: Key) -> str:
    return f"{key[0] or 'shared'}/{key[1]}"
