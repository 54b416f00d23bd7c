"""What a ledger keeps of people beside members, on a stage for people: HR records, departments, and the
default dimensions of employments. Passes are made by command behind those of members, as by a schedule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from people_stage import PeopleStage
from stage import SOURCE, TARGET, CommandFailed

from ml_connector_sandbox.judges.people import Looked
from ml_connector_sandbox.judges.people_kept import KEPT, spells

APART = "hr"
"""The connection of what has settings of its own."""
Place = tuple[str, str, date]
"""Entity, number and first day of an employment."""
NOT_YET = 10
"""One of so many is not entered at Exact."""


class KeptStage:
    """One of the kinds of records of a stage's ledger. `calls` are those of its passes; with `dated` each
    employment has its days.
    """

    def __init__(self, stage: PeopleStage, name: str) -> None:
        self.stage, self.name, self.scene = stage, name, stage.scene.kept[name]
        self.writes, self.calls = self.scene.writes, 0
        self._counted = KEPT[self.scene.counted]
        self.dated = self.scene.counted == "employments"
        self.target = APART if self.scene.settings else TARGET
        self.command = ("run", self.scene.kind, "--from", SOURCE, "--to", self.target, "--json")
        self.judge = self._counted.judge(stage.judge.scenario, self._shown(), self._payroll(), stage.today)

    def connect(self) -> None:
        """The flow, with its connection where it has one."""
        stage, scene = self.stage, self.scene
        if scene.settings:
            stage.product.connect_apart(self.target, stage.sandbox, stage.scene, scene.settings)
        entities = ",".join(f"{a}={b}" for a, b in stage.scene.entities(stage.sandbox.systems).items())
        options = {**scene.options, "entities": entities}
        given = [part for name, value in options.items() for part in ("--option", f"{name}={value}")]
        flow = ("--from", SOURCE, "--to", self.target, "--kind", scene.kind, "--mode", "automatic")
        stage.product.run("flows", "set", *flow, "--starts-on", "2026-01-01", "--wake", "", *given, "--json")

    def look(self) -> Looked:
        """The judge takes what payroll says now as what the ledger has to say."""
        return self.judge.look(self._payroll(), self.stage.today)

    def members(self) -> list[Any]:
        """What the ledger has of it."""
        return self._counted.rows(self._shown())

    def run(self, expect: Sequence[int] = (0,)) -> None:
        """A pass to its end. Raises `CommandFailed` where none is made."""
        with self.stage.counted(self):
            done = self.stage.product.run(*self.command, expect=expect)
        if "plan" not in done:
            raise CommandFailed(f"no pass was made: {done}")

    def finish(self, expect: Sequence[int] = (0,)) -> None:
        """Bring the pass that is under way to its end, however long a write may still happen."""
        self.stage.finish(expect, self)

    def _payroll(self) -> list[Any]:
        found: list[Any] = self.stage.at_payroll(self._counted.of, {})[self._counted.of]
        return found

    def _shown(self) -> Any:
        return self.stage.at_ledger("members", {})


class HumanResources:
    """HR at the ledger's screen, who enters employments. At Dynamics nobody else does; at Exact it has
    entered everybody but a few before the product comes, which makes the others.
    """

    def __init__(self, stage: PeopleStage) -> None:
        self._stage, self._entities = stage, stage.scene.entities(stage.sandbox.systems)
        self._known: dict[Place, date | None] = {}

    def begin(self) -> None:
        """What there is before anything is connected."""
        if self._stage.scene.ledger == "exact_online":
            for row, (entity, number, first), _ in self._said():
                if int(number) % NOT_YET:
                    wish = {"entity": entity, "code": number, "start": first.isoformat()}
                    self._stage.at_ledger("put_employee", {**wish, **_names(row)})
        self.day()

    def day(self) -> None:
        """Who begins, and of whom the last day is known; instants at Dynamics, at midnight of the company."""
        if self._stage.scene.ledger != "dynamics_fo":
            return
        for row, place, last in self._said():
            entity, number, first = place
            wish: dict[str, Any] = {"number": number, "company": entity}
            if place not in self._known:
                start = {"start": self._midnight(first)}
                wish |= {**_names(row), **start, "dimensions": self._stage.judge.scenario.EMPLOYED_AS}
            if last is not None:
                wish["end"] = self._midnight(last + timedelta(days=1))
            if self._known.get(place, date.min) != last:
                self._stage.at_ledger("put_worker", wish)
                self._known[place] = last

    def _said(self) -> Iterator[tuple[Mapping[str, Any], Place, date | None]]:
        """Each time that somebody is or was employed by today, oldest first of each, with its last day."""
        for row in self._stage.people():
            for first, last in spells(row) if row["entity"] in self._entities else ():
                if first <= self._stage.today:
                    yield row, (self._entities[row["entity"]], row["number"], first), last

    def _midnight(self, day: date) -> str:
        return datetime.combine(day, time(), self._stage.zone).isoformat()


def _names(row: Mapping[str, Any]) -> dict[str, str]:
    first, _, last = row["name"].rpartition(" ")
    return {"first_name": first, "last_name": last}
