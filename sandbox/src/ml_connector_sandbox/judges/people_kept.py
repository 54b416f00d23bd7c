"""What ledgers keep of a payroll's people beside members, in the words of the judge of members. From the
simulators' books and the scenario alone.

    employees     one for each number: its name, and whether it is active
    employments   one for each time that somebody was employed: the employee's name, first and last day
    assignments   the employment that holds, its name being all codes that it gives by default: that of where
                  payroll places the worker, and those that HR entered there, untouched
    departments   one for each org level of payroll in each entity; one that payroll closes stays
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.judges.people import (
    GONE,
    SINCE,
    Key,
    PeopleJudge,
    Wished,
    Wishes,
    bare,
    key_of,
    status_on,
    wished_of,
)

PEOPLE, ORG_LEVELS = "people", "org_levels"
DEPARTMENT = 1
"""The org level of departments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """`rows` makes members of what the ledger shows, and `wishes` says who has to be one, by what payroll
    shows of its `of`.
    """

    axis: str
    rows: Callable[[Json], list[Json]]
    wishes: Wishes
    of: str = PEOPLE
    closes: bool = True

    def judge(self, scenario: Any, shown: Json, payroll: Iterable[Json], day: date) -> PeopleJudge:
        """A judge who takes what the ledger has of payroll's people from the start for known."""
        rows, wished = self.rows(shown), self.wishes(scenario, payroll, day)
        return PeopleJudge(
            scenario,
            (row for row in rows if key_of(row) not in wished),
            axis=self.axis,
            wishes=self.wishes,
            known=(row for row in rows if key_of(row) in wished),
            closes=self.closes,
        )


def spells(row: Json) -> list[tuple[date, date | None]]:
    """First and last day of each time that somebody was employed, oldest first; `None` for one that goes
    on.
    """
    found: list[tuple[date, date | None]] = []
    for status in row["statuses"]:
        day = date.fromisoformat(status["from"])
        is_over = not found or found[-1][1] is not None
        if status["status"] == GONE and not is_over:
            found[-1] = found[-1][0], day
        elif status["status"] != GONE and is_over:
            found.append((day, None))
    return found


def _employments_wished(scenario: Any, people: Iterable[Json], day: date) -> dict[Key, Wished]:
    wished: dict[Key, Wished] = {}
    for row in people:
        entity = scenario.ENTITY_OF.get(row["entity"])
        for first, last in spells(row) if entity is not None else ():
            if first <= day:
                is_open = last is None or day <= last
                until = "" if is_open or last is None else last.isoformat()
                key = entity, f"{bare(row['number'])}{SINCE}{first.isoformat()}"
                wished[key] = Wished(row["name"], is_open, until)
    return wished


def _assignments_wished(scenario: Any, people: Iterable[Json], day: date) -> dict[Key, Wished]:
    """Of everybody who is employed that day."""
    return {
        (scenario.ENTITY_OF[row["entity"]], bare(row["number"])): Wished(
            codes_text({**scenario.EMPLOYED_WITH, scenario.PLACED_ON: row["department"]}), True
        )
        for row in people
        if row["entity"] in scenario.ENTITY_OF and status_on(row, day)
    }


def _departments_wished(scenario: Any, levels: Iterable[Json], _: date) -> dict[Key, Wished]:
    entities = sorted(set(scenario.MEMBER_OF.values()))
    return {
        (entity, bare(row["code"])): Wished(row["name"], True)
        for row in levels
        if row["level"] == DEPARTMENT and row["active"]
        for entity in entities
    }


def codes_text(codes: Mapping[str, str]) -> str:
    """All codes of an employment, by axis."""
    return " ".join(f"{axis}={code}" for axis, code in sorted(codes.items()))


def _of_people(shown: Json, axis: str, part: Callable[[Json], Json]) -> list[Json]:
    """The rows of people as members; `part` is what of them is another."""
    return [
        {
            "entity": row["entity"],
            "axis": axis,
            "id": f"{row['entity']}/{row['number']}",
            "code": row["number"],
            "name": row["name"],
            "open": row["active"],
            "from": row["from"],
            "to": row["to"],
            **part(row),
        }
        for row in shown["people"]
    ]


def _employments(shown: Json) -> list[Json]:
    return _of_people(shown, "employee", lambda row: {"code": f"{row['number']}{SINCE}{row['from']}"})


def _assignments(shown: Json) -> list[Json]:
    """Of several employments in a company the one that holds, else the newest; its `id` is its own."""
    rows = _of_people(
        shown,
        "assignment",
        lambda row: {
            "name": codes_text(row["dimensions"]),
            "id": f"{row['entity']}/{row['number']}/{row['from']}",
        },
    )
    rows.sort(key=lambda row: (row["open"], row["from"]))
    return list({(row["entity"], row["code"]): row for row in rows}.values())


def _departments(shown: Json) -> list[Json]:
    return [row for row in shown["members"] if row["axis"] == "department"]


KEPT: Mapping[str, Kept] = {
    "employees": Kept(
        axis="employee", rows=lambda shown: _of_people(shown, "employee", lambda _: {}), wishes=wished_of
    ),
    "employments": Kept(axis="employee", rows=_employments, wishes=_employments_wished),
    "assignments": Kept(axis="assignment", rows=_assignments, wishes=_assignments_wished),
    "departments": Kept(
        axis="department", rows=_departments, wishes=_departments_wished, of=ORG_LEVELS, closes=False
    ),
}
