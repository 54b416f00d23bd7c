"""The judge of people: what it accepts, and that each fault that is put into the books by hand is found."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from ml_connector_sandbox.judges.people import PeopleJudge, Verdict, employed, status_on

DAY = date(2026, 7, 10)
AXIS = "worker"
SCENARIO = SimpleNamespace(MEMBER_AXIS=AXIS, MEMBER_OF={"ONE": "e1", "TWO": "e2"})
SHARED = SimpleNamespace(MEMBER_AXIS=AXIS, MEMBER_OF={"ONE": "", "TWO": ""})


def row(number: str, *statuses: tuple[str, str], company: str = "ONE", name: str = "Ada Moss") -> Any:
    return {
        "person": f"P{number}",
        "number": f"{number:>09}",
        "name": name,
        "entity": company,
        "statuses": [{"status": status, "from": day} for status, day in statuses],
    }


def member(code: str, *, entity: str = "e1", axis: str = AXIS, name: str = "Ada Moss", **more: Any) -> Any:
    return {
        "entity": entity,
        "axis": axis,
        "id": f"{entity}-{code}",
        "code": code,
        "name": name,
        "open": True,
        **more,
    }


HIRED = ("A", "2020-01-01")
PEOPLE = [
    row("1", HIRED),
    row("2", HIRED),
    row("3", HIRED, ("T", "2026-07-09")),
    row("4", ("A", "2026-08-01")),
]
BEFORE = date(2026, 7, 1)
MEMBERS = [member("1"), member("000000002"), member("3", open=False)]


def judged(members: list[Any], people: list[Any] = PEOPLE, edits: Any = None) -> Verdict:
    judge = PeopleJudge(SCENARIO)
    judge.look(people, BEFORE)
    judge.look(people, DAY)
    return judge.verdict(members, edits)


def counts(verdict: Verdict) -> tuple[int, int, int]:
    return verdict.missing, verdict.duplicate, verdict.extra


def test_members_as_payroll_has_them_are_right_however_their_code_is_written() -> None:
    """Open ones for who is employed, a closed one for who left, none for who is to come, others' beside."""
    verdict = judged([*MEMBERS, member("U1", axis="project")])
    assert (True, 2, 2, (0, 0, 0)) == (verdict.ok, verdict.workers, verdict.members, counts(verdict))


@pytest.mark.parametrize(
    ("members", "found"),
    [
        (MEMBERS[1:], (1, 0, 0)),
        ([member("1", open=False), *MEMBERS[1:]], (1, 0, 0)),
        ([*MEMBERS, member("01")], (0, 1, 0)),
        ([*MEMBERS, member("4")], (0, 0, 1)),
        ([*MEMBERS, member("99")], (0, 0, 1)),
        ([*MEMBERS, member("1", entity="e2")], (0, 0, 1)),
        ([*MEMBERS[:2], member("3")], (0, 0, 1)),
        (MEMBERS[:2], (1, 0, 0)),
        ([member("1", name="Ada Reed"), *MEMBERS[1:]], (0, 0, 0)),
    ],
    ids=[
        "missing",
        "closed although employed",
        "twice",
        "before the first day",
        "of nobody",
        "in another entity",
        "open although left",
        "deleted",
        "another name",
    ],
)
def test_a_fault_in_the_books_is_found(members: list[Any], found: tuple[int, int, int]) -> None:
    verdict = judged(members)
    assert (False, found) == (verdict.ok, counts(verdict))


def test_the_last_day_is_a_day_of_the_employment() -> None:
    people = [row("1", HIRED, ("T", "2026-07-10"))]
    assert judged([member("1")], people).ok
    assert not judged([member("1", open=False)], people).ok
    assert [True, False, None] == [
        status_on(people[0], date.fromisoformat(day)) for day in ("2026-07-10", "2026-07-11", "2019-12-31")
    ]


def test_a_leave_is_no_end_and_a_rehire_opens_the_same_member() -> None:
    people = [row("1", HIRED, ("L", "2026-07-02")), row("2", HIRED, ("T", "2026-05-01"), ("A", "2026-07-10"))]
    assert judged([member("1"), member("2")], people).ok


def test_one_list_for_all_companies_has_one_member_for_a_worker_of_both() -> None:
    people = [row("1", HIRED, ("T", "2026-07-01")), row("1", ("A", "2026-07-02"), company="TWO")]
    judge = PeopleJudge(SHARED)
    looked = judge.look(people, DAY)
    assert {"": 1} == looked.changes
    assert judge.verdict([member("1", entity="")]).ok
    assert {"TWO": frozenset({"P1"})} == employed(people, DAY)


def test_an_edit_of_a_person_stays() -> None:
    edit = {("e1", "1"): "By hand"}
    kept = judged([member("1", name="By hand"), *MEMBERS[1:]], edits=edit)
    lost = judged(MEMBERS, edits=edit)
    assert (True, ()) == (kept.ok, kept.overwritten)
    assert (False, (("e1", "1"),)) == (lost.ok, lost.overwritten)


def test_changes_are_counted_look_by_look() -> None:
    """Made, named anew, closed, opened again; a hire that is withdrawn closes; who came and went is none."""
    judge = PeopleJudge(SCENARIO)
    first = [row("1", HIRED), row("2", HIRED), row("5", ("A", "2026-07-01"))]
    assert 3 == judge.look(first, date(2026, 7, 1)).changes.total()
    assert 0 == judge.look(first, date(2026, 7, 2)).changes.total()
    second = [
        row("1", HIRED, name="Ada Reed"),
        row("2", HIRED, ("T", "2026-07-03")),
        row("6", ("A", "2026-07-03"), ("T", "2026-07-03")),
    ]
    looked = judge.look(second, date(2026, 7, 4))
    assert ({"e1": 3}, {"e1": 3}) == (looked.changes, looked.there)
    back = [second[0], row("2", HIRED, ("T", "2026-07-03"), ("A", "2026-07-06"))]
    assert 1 == judge.look(back, date(2026, 7, 6)).changes.total()
    assert 7 == judge.changes
    closed = member("5", open=False)
    assert judge.verdict([member("1", name="Ada Reed"), member("2"), closed]).ok


def test_members_that_were_there_before_are_nobodys_fault() -> None:
    stranger = member("99")
    judge = PeopleJudge(SCENARIO, [stranger])
    judge.look([row("1", HIRED)], DAY)
    assert judge.verdict([member("1"), stranger]).ok
