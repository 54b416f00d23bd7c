"""Departments as a register, on the simulator."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import httpx2
import pytest

from ml_connector.connectors.visma_net.tests.kept_world import KeptWorld
from ml_connector.contract.registers import RegisterContract
from ml_connector.domain.changes import Act, Change
from ml_connector.domain.dimension import DimensionValue
from ml_connector.errors import Refused, VendorChanged
from ml_connector.ports.registers import NotTaken, Register, Stale, Written


class DepartmentWorld(KeptWorld):
    """A company whose departments are kept."""

    # --- the suite ------------------------------------------------------------------------------------------

    def record(self, number: int, *, again: bool = False) -> DimensionValue:
        return self.value(f"D{number:03}", f"{'Annen' if again else 'Avdeling'} {number}")

    def within(self) -> tuple[str, str]:
        return f"{self.visma.company}/department/", f"{self.visma.company}/plant/"

    def unfit(self) -> DimensionValue:
        return self.value("ELEVENCHARS")

    def edit(self, record: DimensionValue) -> None:
        self.visma.control("put_department", code=record.code, description=record.title)


@pytest.fixture
def world(make_world: Callable[..., Any]) -> DepartmentWorld:
    return DepartmentWorld(make_world())


@pytest.fixture
def register(world: DepartmentWorld) -> Register[DimensionValue]:
    return world.register


class TestDepartments(RegisterContract):
    """Departments at Visma."""


def test_a_department_is_made_and_renamed(world: DepartmentWorld) -> None:
    """Only code and description are written: the account of a department stays its controller's."""
    assert world.wish(world.value("HR", "Personal")) == (Written(),)
    world.visma.screen("PUT", "/v1/department/HR", {"expenseAccount": {"value": "5000"}})
    assert world.wish(world.value("HR", "Folk  og  kultur")) == (Written(),)

    assert [set(body) for body in world.bodies()] == [{"departmentId", "description"}, {"description"}]
    row = world.shown("HR")
    assert ("Folk og kultur", "5000") == (row["description"], row["expenseAccount"]["number"])
    assert world.kept("HR") == world.value("HR", "Folk og kultur")


def test_a_department_cannot_be_closed(world: DepartmentWorld) -> None:
    """Visma has neither a state nor a way to delete one: it is said, and nothing is sent."""
    world.wish(world.value("HR"))
    before = world.writes()

    (answer,) = world.wish(world.value("HR", open=False, until=date(2026, 7, 1)))
    assert isinstance(answer, NotTaken)
    assert "no way to close a department, so HR stays as it is" in answer.problem.text
    assert (world.writes(), world.kept("HR").open) == (before, True)
    assert world.register.limits.never_closed == {"department"}


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("ELEVENCHARS", "has 11 characters, and a department of Visma takes 10"),
        (" ", "The code is empty"),
        ("A\u200b1", "a sign that cannot be seen"),
        ("osladm", "has OSLADM, and osladm differs only in leading zeros or case"),
        ("0OSLADM", "differs only in leading zeros or case"),
    ],
)
def test_what_is_no_code_of_a_department(world: DepartmentWorld, code: str, why: str) -> None:
    problems = world.register.check(world.value(code))

    assert {problem.where for problem in problems} == {world.value(code).key}
    assert re.search(why, " ".join(problem.text for problem in problems))


@pytest.mark.parametrize("code", ["A/B", "R&D", "Å 1", "A+", "1.10", "%41"])
def test_a_code_that_an_address_cannot_hold(world: DepartmentWorld, code: str) -> None:
    """It goes out in base64, and back comes the same record."""
    assert world.wish(world.value(code, "Første")) == world.wish(world.value(code, "Annen")) == (Written(),)

    assert world.kept(code) == world.value(code, "Annen")
    assert "/v1/department/b64(" in world.sent()[-1].url.path


def test_a_long_title_is_cut_once_and_for_all(world: DepartmentWorld) -> None:
    wished = world.value("LONG", "Müller  GmbH " + "x" * 80)
    world.wish(wished)

    assert world.kept("LONG") == world.register.normal(wished)
    assert len(world.kept("LONG").title) == 60


def test_every_change_has_the_version_of_its_record(world: DepartmentWorld) -> None:
    """An edit of another department is no obstacle."""
    world.wish(world.value("HR"), world.value("IT"))
    keys = [world.value(code).key for code in ("HR", "IT")]
    fresh = world.register.read(keys)
    world.edit(world.value("IT", "Theirs"))
    changes = [
        Change(key=key, act=Act.CHANGE, before=fresh[key].record, after=world.value(code, "Ours"))
        for key, code in zip(keys, ("HR", "IT"), strict=True)
    ]

    answers = world.register.put(changes, {key: row.version for key, row in fresh.items()})
    assert answers == (Written(), Stale())
    assert (world.kept("HR").title, world.kept("IT").title) == ("Ours", "Theirs")


def test_one_that_is_always_saved_by_somebody_is_left(world: DepartmentWorld) -> None:
    """Stale whenever it is tried; then it is written."""
    world.wish(world.value("HR"))
    world.visma.control("update_conflict", times=2)

    wished = world.value("HR", "Ours")
    assert [world.wish(wished) for _ in range(3)] == [(Stale(),), (Stale(),), (Written(),)]


def test_one_that_somebody_made_or_took_out_meanwhile_is_read_again(world: DepartmentWorld) -> None:
    made, gone = world.value("NEW"), world.value("OLD")
    world.wish(gone)
    fresh = world.register.read([made.key, gone.key])
    world.edit(world.value("NEW", "Theirs"))
    world.visma.control("remove_department", code="OLD")
    changes = [
        Change(key=made.key, act=Act.CREATE, after=made),
        Change(key=gone.key, act=Act.CHANGE, before=gone, after=world.value("OLD", "Ours")),
    ]

    refused, stale = world.register.put(changes, {key: row.version for key, row in fresh.items()})
    assert isinstance(refused, NotTaken)
    assert "already exists" in refused.problem.text
    assert stale == Stale()
    assert world.register.put(changes[:1], {}) != (Written(),)
    assert world.kept("NEW").title == "Theirs"


def test_a_bad_one_does_not_stop_the_others(world: DepartmentWorld) -> None:
    answers = world.wish(world.value("A1"), world.value("ELEVENCHARS"), world.value("A2"))

    assert [type(answer) for answer in answers] == [Written, NotTaken, Written]


def test_a_limit_behind_the_first_leaves_the_others_unwritten(world: DepartmentWorld) -> None:
    """Values of segments that come later in the batch too."""
    limit = httpx2.Response(429, headers=world.visma.throttled())
    world.answer(lambda request: limit if request.method == "POST" and b'"A2"' in request.content else None)
    segment = DimensionValue(entity=world.visma.company, axis="plant", code="P1", title="Anlegg")

    assert world.wish(world.value("A1"), world.value("A2"), segment) == (Written(), Stale(), Stale())


def test_all_axes_are_one_register(world: DepartmentWorld) -> None:
    """In the order of keys; a change of each goes to its place."""
    segment = DimensionValue(entity=world.visma.company, axis="plant", code="P1", title="Anlegg")
    assert world.wish(segment, world.value("HR"), segment)[:2] == (Written(), Written())

    keys = [row.key for row in world.register.rows()]
    assert keys == sorted(keys)
    assert {segment.key, world.value("HR").key} <= set(keys)
    assert world.register.read([segment.key])[segment.key].record == segment
    assert world.register.limits.axes == {"cost_center", "plant", "department"}


def test_a_segment_with_that_axis_is_meant(make_world: Callable[..., Any]) -> None:
    """As posting means it: departments of Visma are not touched then."""
    world = DepartmentWorld(
        make_world(segments="department=1, plant=2", segment_defaults="department=OSLADM, plant=OSL")
    )
    assert world.wish(world.value("NEW")) == (Written(),)

    assert world.writes() == 0
    assert world.register.limits.axes == {"department", "plant"}
    assert world.register.limits.never_closed == set()


def test_an_axis_that_is_not_kept(world: DepartmentWorld) -> None:
    """Nobody is asked."""

    def ask() -> None:
        for within in ("FJORD/project/", "FJORD/employee/"):
            with pytest.raises(
                Refused, match="are not kept in Visma by this connection, only on cost_center"
            ):
                list(world.register.rows((within,)))
        with pytest.raises(Refused, match="VERFT is not one of this connection's"):
            list(world.register.rows(("VERFT/department/",)))

    assert world.calls(ask) == []


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([{"departmentId": "A", "timeStamp": ""}], "has no version"),
        ([{"departmentId": "A", "timeStamp": "AAA="}, {"departmentId": "A ", "timeStamp": "AAB="}], "twice"),
    ],
)
def test_a_list_that_cannot_be_relied_on(world: DepartmentWorld, rows: list[Any], why: str) -> None:
    world.answer(
        lambda request: httpx2.Response(200, json=rows) if request.url.path == "/v1/department" else None
    )

    with pytest.raises(VendorChanged, match=why):
        list(world.register.rows(world.within()[:1]))


def test_calls(world: DepartmentWorld) -> None:
    """One for the list, one for each change; the company once."""
    values = [world.record(number) for number in range(20)]
    keys = [value.key for value in values]

    assert ["GET"] * 2 == world.calls(lambda: list(world.register.rows(world.within()[:1])))
    assert ["GET", *["POST"] * 20] == world.calls(lambda: world.wish(*values))
    assert ["GET"] == world.calls(lambda: world.register.read(keys))
    assert [] == world.calls(lambda: world.register.check(values[0]))


def test_a_token_of_another_company_changes_nothing(make_world: Callable[..., Any]) -> None:
    """Nothing of it is read either."""
    visma = make_world(company="VERFT")
    visma.company = "VERFT"
    world = DepartmentWorld(visma)
    value = world.value("A1")

    for ask in (
        lambda: world.register.put([Change(key=value.key, act=Act.CREATE, after=value)], {}),
        lambda: world.register.read([value.key]),
    ):
        with pytest.raises(Refused, match="leads to FJORD, not to VERFT"):
            ask()
    assert (world.writes(), [call for call in visma.calls() if "department" in call]) == (0, [])
