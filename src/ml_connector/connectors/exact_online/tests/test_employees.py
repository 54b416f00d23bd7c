"""Employees of Exact's HR as a register, written by the interface of partners, on the simulator."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import httpx2
import pytest

from ml_connector.connectors.exact_online.tests.kept_world import KeptWorld
from ml_connector.contract.registers import RegisterContract, put
from ml_connector.domain.changes import Act, Change
from ml_connector.domain.dimension import DimensionValue
from ml_connector.errors import OutcomeUnknown, Refused, RightMissing
from ml_connector.ports.registers import NotTaken, Register, Stale, Written

EMPLOYEES, EMPLOYMENTS = "payroll/Employees", "payroll/Employments"
SEEDED = "000000"
"""What the numbers of those begin with whom the scenario has."""
FIRST, TODAY, YESTERDAY = date(2025, 1, 1), date(2026, 7, 1), date(2026, 6, 30)


class EmployeeWorld(KeptWorld):
    """A division whose employees are kept; those who write to it may."""

    axis, path = "employee", "payroll/Employ"

    def __init__(self, exact: Any, *, open_to_us: bool = True) -> None:
        super().__init__(exact)
        self.exact.post("switches", {"hr_writes": open_to_us})

    def employee(
        self, code: str, title: str = "Anna Berg", since: date = FIRST, **more: Any
    ) -> DimensionValue:
        return self.value(code, title, since=since, **more)

    def people(self) -> list[tuple[str, str, str, str | None]]:
        """Number, name, first and last day of each employment that the scenario did not have."""
        found = self.exact.control("members")["people"]
        return sorted(
            (row["number"], row["name"], row["from"], row["to"])
            for row in found
            if not row["number"].startswith(SEEDED)
        )

    # --- the suite ------------------------------------------------------------------------------------------

    def record(self, number: int, *, again: bool = False) -> DimensionValue:
        return self.employee(f"W{number:03}", f"{'Other' if again else 'Worker'} {number}")

    def within(self) -> tuple[str, str]:
        return f"{self.exact.division}/employee/", f"{self.exact.division}/cost_unit/"

    def unfit(self) -> DimensionValue:
        return self.value("W001")

    def edit(self, record: DimensionValue) -> None:
        first, _, last = record.title.rpartition(" ")
        self.exact.control(
            "put_employee", code=record.code, first_name=first, last_name=last, start=str(record.since)
        )


@pytest.fixture
def make_kept(make_world: Callable[..., Any]) -> Callable[..., EmployeeWorld]:
    """A division without a limit of calls, whose HR records are kept as a setting says."""

    def make(*, open_to_us: bool = True, **settings: str) -> EmployeeWorld:
        settings = {"employees": "api", "calls_per_minute": "0", "calls_per_day": "0", **settings}
        return EmployeeWorld(make_world(profile="fast", **settings), open_to_us=open_to_us)

    return make


@pytest.fixture
def world(make_kept: Callable[..., EmployeeWorld]) -> EmployeeWorld:
    return make_kept()


@pytest.fixture
def register(world: EmployeeWorld) -> Register[DimensionValue]:
    return world.register


class TestEmployees(RegisterContract):
    """Employees at Exact, by the interface of partners."""


# --- hire, leaving, rehire ----------------------------------------------------------------------------------


def test_a_hire_is_an_employee_with_an_employment(world: EmployeeWorld) -> None:
    """Number, name and days, and nothing else about the person."""
    assert world.wish(world.employee("0042", "Anna de Vries")) == (Written(),)

    assert world.people() == [("0042", "Anna de Vries", "2025-01-01", None)]
    (_, _, person), (_, _, employment) = world.on_wire()
    assert person == {"Code": "0042", "FirstName": "Anna de", "MiddleName": None, "LastName": "Vries"}
    assert set(employment) == {"Employee", "StartDate", "EndDate"}


def test_the_last_name_is_that_of_payroll(world: EmployeeWorld) -> None:
    """Where it is known; compared is the whole name."""
    wished = world.employee("0042", "Anna de Vries", family="de Vries")
    world.wish(wished)

    (_, _, person), _ = world.on_wire()
    assert ("Anna", "de Vries") == (person["FirstName"], person["LastName"])
    assert world.kept("0042") == wished
    assert world.register.limits.named == {"employee"}


def test_nothing_personal_is_asked_for(world: EmployeeWorld) -> None:
    """No birth date, no address, no private mail: each read names its fields."""
    world.wish(world.employee("W1"))
    list(world.register.rows(world.within()[:1]))

    asked = {
        name
        for request in world.exact.wire.requests
        if request.method == "GET" and "/payroll/" in request.url.path
        for name in str(request.url.params["$select"]).split(",")
    }
    assert asked == {"ID", "Code", "FullName", "Employee", "StartDate", "EndDate"}


def test_leaving_and_coming_back(world: EmployeeWorld) -> None:
    """One employee: the employment ends on its last day, and a rehire is another."""
    world.wish(world.employee("W1"))
    world.wish(world.employee("W1", open=False, until=YESTERDAY))
    assert not world.kept("W1").open
    world.wish(world.employee("W1", since=TODAY))

    assert world.people() == [
        ("W1", "Anna Berg", "2025-01-01", "2026-06-30"),
        ("W1", "Anna Berg", "2026-07-01", None),
    ]
    assert world.kept("W1") == world.employee("W1", since=TODAY)


def test_a_leaving_that_is_withdrawn_opens_the_same_employment(world: EmployeeWorld) -> None:
    world.wish(world.employee("W1"))
    world.wish(world.employee("W1", open=False, until=YESTERDAY))
    world.wish(world.employee("W1"))

    assert world.people() == [("W1", "Anna Berg", "2025-01-01", None)]


def test_another_name_touches_no_employment(world: EmployeeWorld) -> None:
    world.wish(world.employee("W1"))
    before = world.writes()

    world.wish(world.employee("W1", "O'Brien"))
    assert world.people() == [("W1", "O'Brien", "2025-01-01", None)]
    assert world.writes() == before + 1


def test_an_earlier_first_day_is_corrected(world: EmployeeWorld) -> None:
    world.wish(world.employee("W1"))
    world.wish(world.employee("W1", since=date(2024, 12, 1)))

    assert world.people() == [("W1", "Anna Berg", "2024-12-01", None)]


def test_a_later_first_day_is_a_question_for_people(world: EmployeeWorld) -> None:
    """It may be a rehire whose leaving was missed: an employment is not written over on a guess."""
    world.wish(world.employee("W1"))

    (answer,) = world.wish(world.employee("W1", since=TODAY))
    assert isinstance(answer, NotTaken)
    assert "2026-07-01 in payroll and on 2025-01-01 in Exact" in answer.problem.text
    assert world.people() == [("W1", "Anna Berg", "2025-01-01", None)]


def test_an_employment_is_not_ended_without_a_day(world: EmployeeWorld) -> None:
    world.wish(world.employee("W1"))

    (answer,) = world.wish(world.employee("W1", open=False))
    assert isinstance(answer, NotTaken)
    assert world.people() == [("W1", "Anna Berg", "2025-01-01", None)]


def test_a_worker_needs_a_first_day(world: EmployeeWorld) -> None:
    (problem,) = world.register.check(world.value("W1"))
    assert "has no first day" in problem.text


# --- nothing twice ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["lost_before_commit", "lost_after_commit"])
@pytest.mark.parametrize("path", [EMPLOYEES, EMPLOYMENTS])
def test_what_a_lost_answer_left_is_gone_on_with(world: EmployeeWorld, kind: str, path: str) -> None:
    """An employee without an employment is none yet: the plan still holds, and nobody is made twice."""
    fault = {"kind": kind, "match": {"method": "POST", "path": f"/{path}"}, "times": 1}
    world.exact.post("faults", fault)
    wished = world.employee("W1")
    with pytest.raises(OutcomeUnknown):
        world.wish(wished)

    if wished.key not in world.register.read([wished.key]):
        assert world.wish(wished) == (Written(),)
    assert world.people() == [("W1", "Anna Berg", "2025-01-01", None)]
    employees = world.exact.host.vendor.books_by_division[int(world.exact.division)]["employees"]
    assert [row["Code"] for row in employees if not row["Code"].startswith(SEEDED)] == ["W1"]


def test_an_employee_is_looked_up_before_made(world: EmployeeWorld) -> None:
    """A plan that says nobody is there, while HR entered them: nothing is sent."""
    wished = world.employee("W1")
    world.edit(wished)

    change = Change(key=wished.key, act=Act.CREATE, after=wished)
    assert (world.register.put([change], {}), world.writes()) == ((Stale(),), 0)


def test_two_employees_with_one_code_stop_the_reading(world: EmployeeWorld) -> None:
    world.wish(world.employee("W1"), world.employee("W2"))
    books = world.exact.host.vendor.books_by_division[int(world.exact.division)]
    books["employees"].first("Code", "W2")["Code"] = "W1"

    with pytest.raises(Refused, match="two employees with the code W1"):
        list(world.register.rows(world.within()[:1]))


# --- rights -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["interface", "scope", "role"])
def test_without_the_right_nothing_is_sent(make_kept: Callable[..., EmployeeWorld], missing: str) -> None:
    """The register of rights is asked first, each time: no write is refused, and it is said who grants it."""
    world = make_kept(open_to_us=missing != "interface")
    if missing == "scope":
        world.exact.control("scope", scope="Hrm payroll", level="read")
    if missing == "role":
        world.exact.control("role", role="Manage employees", granted=False)

    for _ in range(2):
        with pytest.raises(RightMissing, match=r"partner team .* the role Manage employees"):
            world.wish(world.employee("W1"))
    assert world.writes() == 0


def test_a_refusal_against_the_register_of_rights_says_who_opens_it(world: EmployeeWorld) -> None:
    """405: it stops the batch behind the first call."""
    refusal = httpx2.Response(405, json={"error": {"message": {"value": "Not here."}}})
    world.answer(
        lambda request: refusal if request.method == "POST" and "/payroll/" in str(request.url) else None
    )

    with pytest.raises(RightMissing, match=r"Exact takes no POST at .*Exact's partner team can"):
        put(world.register, world.employee("W1"), world.employee("W2"))
    assert world.writes() == 1


def test_ping_names_the_rights_as_optional(make_kept: Callable[..., EmployeeWorld]) -> None:
    """Posting needs none of them; they are asked for only where HR records are kept."""
    kept = make_kept(open_to_us=False)
    missing = [right for right in kept.exact.system.check() if not right.granted]
    assert [(right.name, right.optional) for right in missing] == [
        ("write employees 1204", True),
        ("write employments 1204", True),
    ]
    assert "partner team" in missing[0].text

    other = make_kept(open_to_us=False, employees="no")
    assert not [right for right in other.exact.system.check() if "employ" in right.name]


def test_employees_are_kept_only_where_a_setting_says_so(make_kept: Callable[..., EmployeeWorld]) -> None:
    world = make_kept(employees="no")

    assert world.register.limits.axes == {"cost_center", "cost_unit", "project", "payee"}
    with pytest.raises(Refused, match="Its setting employees says"):
        list(world.register.rows(world.within()[:1]))


def test_calls(world: EmployeeWorld) -> None:
    """⌈n/60⌉ twice for all of them, 2 for each twenty codes, the rights once."""
    values = [world.record(number) for number in range(40)]
    assert world.calls(lambda: world.wish(*values[:20])).count("POST") == 40
    world.wish(*values[20:])
    keys = [value.key for value in values]

    assert len(list(world.register.rows(world.within()[:1]))) == 280
    assert ["GET"] * 10 == world.calls(lambda: list(world.register.rows(world.within()[:1])))
    assert ["GET"] * 4 == world.calls(lambda: world.register.read(keys))
    change = Change(key=keys[0], act=Act.CHANGE, before=values[0], after=world.record(0, again=True))
    assert ["PUT"] == world.calls(lambda: world.register.put([change], {}))
