"""The judge of what ledgers keep of people beside members: what it accepts, and which faults it finds."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from ml_connector_sandbox.judges.people import Verdict
from ml_connector_sandbox.judges.people_kept import KEPT, spells

BEFORE, DAY = date(2026, 7, 1), date(2026, 7, 10)
OF = {"ONE": "e1", "TWO": "e2"}
SCENARIO = SimpleNamespace(
    MEMBER_AXIS="worker",
    MEMBER_OF=OF,
    ENTITY_OF=OF,
    PLACED_ON="cost_center",
    EMPLOYED_WITH={"department": "010"},
)
HIRED, LEFT, BACK = ("A", "2020-01-01"), ("T", "2026-07-04"), ("A", "2026-07-06")


def row(number: str, *statuses: tuple[str, str], company: str = "ONE", department: str = "BOS") -> Any:
    return {
        "person": f"P{number}",
        "number": f"{number:>09}",
        "name": "Ada Moss",
        "entity": company,
        "department": department,
        "statuses": [{"status": status, "from": day} for status, day in statuses],
    }


PEOPLE = [row("1", HIRED), row("2", HIRED, LEFT, BACK), row("3", HIRED, LEFT), row("4", ("A", "2026-08-01"))]


def person(number: str, first: str = "2020-01-01", last: str | None = None, **more: Any) -> Any:
    return {
        "entity": "e1",
        "number": f"{number:>09}",
        "name": "Ada Moss",
        "active": last is None,
        "from": first,
        "to": last,
        "dimensions": {},
        **more,
    }


def judged(name: str, people: list[Any], edits: Any = None) -> Verdict:
    """Everybody has been there since they were hired; then payroll says of two days who is."""
    start = {"people": [person("1"), person("2"), person("3")], "members": []}
    judge = KEPT[name].judge(SCENARIO, start, PEOPLE, date(2026, 6, 1))
    judge.look(PEOPLE, BEFORE)
    judge.look(PEOPLE, DAY)
    return judge.verdict(KEPT[name].rows({"people": people, "members": []}), edits)


def found(verdict: Verdict) -> tuple[int, int, int, int]:
    return verdict.missing, verdict.duplicate, verdict.extra, verdict.wrong


LAST = "2026-07-04"
EMPLOYMENTS = [person("1"), person("2", last=LAST), person("2", "2026-07-06"), person("3", last=LAST)]


def test_each_time_that_somebody_is_employed_is_an_employment() -> None:
    """With its first and last day; one who comes has none yet."""
    assert [(date(2020, 1, 1), date(2026, 7, 4)), (date(2026, 7, 6), None)] == spells(PEOPLE[1])
    assert (True, 2) == ((verdict := judged("employments", EMPLOYMENTS)).ok, verdict.members)


@pytest.mark.parametrize(
    ("people", "counts"),
    [
        (EMPLOYMENTS[1:], (1, 0, 0, 0)),
        ([*EMPLOYMENTS[:2], EMPLOYMENTS[3]], (1, 0, 0, 0)),
        ([*EMPLOYMENTS, person("1", "2026-07-07")], (0, 0, 1, 0)),
        ([*EMPLOYMENTS, person("4", "2026-08-01")], (0, 0, 1, 0)),
        ([*EMPLOYMENTS, EMPLOYMENTS[0]], (0, 1, 0, 0)),
        ([*EMPLOYMENTS[:3], person("3")], (0, 0, 1, 1)),
        ([*EMPLOYMENTS[:3], person("3", last="2026-07-05")], (0, 0, 0, 1)),
        ([person("1", name="Ada Reed"), *EMPLOYMENTS[1:]], (0, 0, 0, 1)),
    ],
    ids=["missing", "not back", "from a day more", "before it begins", "twice", "open", "last day", "name"],
)
def test_a_fault_in_employments_is_found(people: list[Any], counts: tuple[int, int, int, int]) -> None:
    verdict = judged("employments", people)
    assert (False, counts) == (verdict.ok, found(verdict))


def test_an_edit_of_somebody_holds_for_all_employments() -> None:
    """And whoever is edited may be left without the new one, which is for people."""
    edits = {("e1", "2"): "By hand"}
    by_hand = [{**one, "name": "By hand"} for one in EMPLOYMENTS[1:3]]
    assert judged("employments", [EMPLOYMENTS[0], *by_hand, EMPLOYMENTS[3]], edits).ok
    assert judged("employments", [EMPLOYMENTS[0], by_hand[0], EMPLOYMENTS[3]], edits).ok
    overwritten = judged("employments", EMPLOYMENTS, edits)
    assert {("e1", "2")} == {(entity, code.split()[0]) for entity, code in overwritten.overwritten}


def test_changes_of_employments_and_who_is_new() -> None:
    """One who left and came back is changed twice and new no time; a hire is."""
    start = {"people": [person("1"), person("2"), person("3")], "members": []}
    judge = KEPT["employments"].judge(SCENARIO, start, PEOPLE, date(2026, 6, 1))
    assert 0 == judge.look(PEOPLE, BEFORE).changes.total()
    looked = judge.look([*PEOPLE, row("5", BACK)], DAY)
    assert (4, 3, 1) == (looked.changes.total(), looked.changed_people.total(), looked.newcomers.total())
    assert ({"e1": 3}, {"e1": 3}) == (looked.there, looked.people)


PLACED = {"cost_center": "BOS", "department": "010"}
ASSIGNED = [
    person("1", dimensions=PLACED),
    person("2", last=LAST, dimensions={"department": "010"}),
    person("2", "2026-07-06", dimensions=PLACED),
    person("3", last=LAST, dimensions=PLACED),
]


@pytest.mark.parametrize(
    ("people", "counts"),
    [
        (ASSIGNED, (0, 0, 0, 0)),
        (ASSIGNED[1:], (1, 0, 0, 0)),
        ([*ASSIGNED[:2], person("2", "2026-07-06"), ASSIGNED[3]], (0, 0, 0, 1)),
        ([person("1", dimensions={**PLACED, "cost_center": "HOU"}), *ASSIGNED[1:]], (0, 0, 0, 1)),
        ([person("1", dimensions={"cost_center": "BOS"}), *ASSIGNED[1:]], (0, 0, 0, 1)),
        ([*ASSIGNED[:3], person("3", last=LAST, dimensions={"department": "010"})], (0, 0, 0, 1)),
    ],
    ids=["right", "no employment", "the one of before", "elsewhere", "another axis", "of one who left"],
)
def test_assignments_are_those_of_the_employment_that_holds(
    people: list[Any], counts: tuple[int, int, int, int]
) -> None:
    """Where payroll places the worker, beside what HR entered; what ended stays as it was."""
    verdict = judged("assignments", people)
    assert (counts == (0, 0, 0, 0), counts) == (verdict.ok, found(verdict))


def department(code: str, name: str, entity: str = "e1", axis: str = "department") -> Any:
    key = f"{entity}-{code}"
    return {"entity": entity, "axis": axis, "id": key, "code": code, "name": name, "open": True, "to": None}


def level(code: str, name: str, *, active: bool = True, number: int = 1) -> Any:
    return {"level": number, "code": code, "name": name, "active": active}


def test_departments_are_those_of_payroll_in_each_entity_and_closed_ones_stay() -> None:
    """By the name they had; the ledger's own are nobody's fault, and neither are other levels or axes."""
    own = department("OWN", "Its own")
    both = [department("BOS", "Boston", entity) for entity in ("e1", "e2")]
    kept = KEPT["departments"]
    first = [level("BOS", "Boston"), level("EAST", "East", number=2)]
    judge = kept.judge(SCENARIO, {"members": [own, *both]}, first, BEFORE)
    assert 0 == judge.look(first, BEFORE).changes.total()
    looked = judge.look([level("BOS", "Boston", active=False), level("NEW", "New")], DAY)
    assert {"e1": 1, "e2": 1} == looked.changes

    new = [department("NEW", "New", entity) for entity in ("e1", "e2")]
    shown = [own, *both, *new, department("EAST", "East", axis="plant")]
    assert judge.verdict(kept.rows({"members": shown})).ok
    for wrong, counts in (
        ([*both, new[0]], (1, 0, 0, 0)),
        ([*both[:1], *new], (1, 0, 0, 0)),
        ([*both, new[0], department("NEW", "Old", "e2")], (0, 0, 0, 1)),
        ([*both, *new, department("MORE", "More")], (0, 0, 1, 0)),
    ):
        assert counts == found(judge.verdict(kept.rows({"members": [own, *wrong]})))


def test_employees_are_one_for_each_number() -> None:
    """Active for whoever is employed, and inactive behind the last day."""
    there = [person("1"), person("2"), person("3", last=LAST)]
    assert judged("employees", there).ok
    assert (0, 0, 1, 0) == found(judged("employees", [*there[:2], person("3")]))
    assert (1, 0, 0, 0) == found(judged("employees", there[1:]))
