"""Employees as a register, on the simulator."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import httpx2
import pytest

from ml_connector.connectors.visma_net.tests.kept_world import DEFAULTS, EmployeeWorld
from ml_connector.contract.registers import RegisterContract
from ml_connector.domain.changes import Act, Change
from ml_connector.domain.dimension import DimensionValue
from ml_connector.errors import OutcomeUnknown, VendorChanged
from ml_connector.ports.registers import NotTaken, Register, Stale, Written

CANARY = "01019912345 born 1999-01-01"
YESTERDAY = date(2026, 6, 30)


@pytest.fixture
def make_kept(make_world: Callable[..., Any]) -> Callable[..., EmployeeWorld]:
    """A company whose employees are kept as a setting says."""
    return lambda **settings: EmployeeWorld(make_world(**{"employee_defaults": DEFAULTS, **settings}))


@pytest.fixture
def world(make_kept: Callable[..., EmployeeWorld]) -> EmployeeWorld:
    return make_kept()


@pytest.fixture
def register(world: EmployeeWorld) -> Register[DimensionValue]:
    return world.register


class TestEmployees(RegisterContract):
    """Employees at Visma."""


# --- hire, another name, leaving, coming back ---------------------------------------------------------------


def test_a_hire_is_an_employee_with_what_the_connection_gives(world: EmployeeWorld) -> None:
    """Number and name are the worker's; nothing else about the person is sent."""
    assert world.wish(world.value("0042", "Anna de Vries", family="de Vries")) == (Written(),)

    row = world.shown("0042")
    assert ("Anna", "de Vries") == (row["contact"]["firstName"], row["contact"]["lastName"])
    assert ("0042@lonn.example", "Active") == (row["contact"]["email"], row["status"])
    assert ("OSLADM", "EMPSTAND", "1", "NO") == (
        row["department"],
        row["employeeClass"]["id"],
        row["branch"]["number"],
        row["calendarID"],
    )
    assert world.kept("0042") == world.value("0042", "Anna de Vries")
    (body,) = world.bodies()
    assert set(body) - {"contact"} == {
        "employeeCd",
        "employeeClass",
        "branch",
        "calendar",
        "department",
        "status",
    }
    assert set(body["contact"]) == {"firstName", "lastName", "email"}


@pytest.mark.parametrize(
    ("title", "family", "first", "last"),
    [
        ("Anna de Vries", "de Vries", "Anna", "de Vries"),
        ("Anna  de  Vries", "de  Vries", "Anna", "de Vries"),
        ("Anna de Vries", None, "Anna de", "Vries"),
        ("Anna Vries", "Berg", "Anna", "Vries"),
        ("Sukarno", "Sukarno", None, "Sukarno"),
        ("Sukarno", None, None, "Sukarno"),
    ],
)
def test_a_name_in_two_parts(
    world: EmployeeWorld, title: str, family: str | None, first: str | None, last: str
) -> None:
    """By the last name of the payroll; else the last word is it. Read is the whole, and is as wished."""
    wished = world.value("0042", title, family=family)
    world.wish(wished)

    contact = world.shown("0042")["contact"]
    assert (first, last) == (contact["firstName"] or None, contact["lastName"])
    assert world.kept("0042") == world.register.normal(wished)


def test_another_name_leaves_everything_else(world: EmployeeWorld) -> None:
    """A middle name that somebody entered is part of the name, and goes with it."""
    world.wish(world.value("0042"))
    entered = {"department": {"value": "OSLHR"}, "contact": {"middleName": {"value": "Maria"}}}
    world.visma.screen("PUT", "/v1/employee/0042", entered | {"status": {"value": "Hold"}})
    world.wish(world.value("0042", "Anna Berg"))

    row = world.shown("0042")
    assert ("Anna", "Berg", "") == tuple(
        row["contact"][name] or "" for name in ("firstName", "lastName", "midName")
    )
    assert ("OSLHR", "OnHold") == (row["department"], row["status"])
    assert "status" not in world.bodies()[-1]
    assert world.kept("0042") == world.value("0042", "Anna Berg")


def test_leaving_and_coming_back(world: EmployeeWorld) -> None:
    """One employee, whose status changes; nothing else of it is sent, and it is never deleted."""
    world.wish(world.value("0042", "Anna de Vries", family="de Vries"))
    before = world.shown("0042")
    world.wish(world.value("0042", "Anna de Vries", open=False, until=YESTERDAY))
    assert ("Inactive", False, None) == (
        world.shown("0042")["status"],
        world.kept("0042").open,
        world.kept("0042").until,
    )
    world.wish(world.value("0042", "Anna de Vries"))

    after = world.shown("0042")
    assert before["employeeId"] == after["employeeId"]
    assert before["contact"] == after["contact"]
    assert ["POST", "PUT", "PUT"] == [request.method for request in world.sent()]
    assert world.bodies()[1] == {
        "contact": {"lastName": {"value": "de Vries"}},
        "status": {"value": "Inactive"},
    }


@pytest.mark.parametrize("status", ["Active", "Hold", "HoldPayments", "OneTime"])
def test_a_status_that_people_set_is_open_and_stays(world: EmployeeWorld, status: str) -> None:
    """It is about payments. Only who left is inactive."""
    world.wish(world.value("0042"))
    world.visma.control("put_employee", code="0042", status=status)
    shown = world.shown("0042")["status"]

    assert world.kept("0042").open
    world.wish(world.value("0042", "Anna Berg"))
    assert shown == world.shown("0042")["status"]


# --- numbers ------------------------------------------------------------------------------------------------


def test_a_number_of_a_customer_is_refused_with_what_to_do(world: EmployeeWorld) -> None:
    """No list of employees shows it; the others are made."""
    world.visma.control("add_business_account", code="0042")

    refused, made = world.wish(world.value("0042", "Anna Berg"), world.value("0043"))
    assert isinstance(refused, NotTaken)
    assert "already exists" in refused.problem.text
    assert (
        "If 0042 is a customer's or supplier's, give the worker or that one another" in refused.problem.text
    )
    assert (made, refused.problem.where) == (Written(), world.value("0042").key)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("ELEVENCHARS", "has 11 characters, and an employee of Visma takes 10"),
        ("", "The code is empty"),
        ("e0001", "has E0001, and e0001 differs only in leading zeros or case"),
    ],
)
def test_what_is_no_number_of_an_employee(world: EmployeeWorld, code: str, why: str) -> None:
    """By the form of business accounts, as it is now."""
    texts = [problem.text for problem in world.register.check(world.value(code))]
    assert why in " ".join(texts)


def test_the_form_of_numbers_is_read_with_every_plan(world: EmployeeWorld) -> None:
    form: dict[str, Any] = {"id": "BIZACCT", "length": 3, "segments": []}
    assert not world.register.check(world.value("0042"))
    world.answer(
        lambda request: httpx2.Response(200, json=form) if request.url.path.endswith("/BIZACCT") else None
    )
    list(world.register.rows(world.within()[:1]))
    (problem,) = world.register.check(world.value("0042"))
    assert "takes 3" in problem.text

    form |= {"length": 10, "segments": [{"segmentId": 1, "isAutoNumber": True}]}
    list(world.register.rows(world.within()[:1]))
    (problem,) = world.register.check(world.value("0042"))
    assert "is numbered by Visma, so 0042 cannot be given" in problem.text
    assert not world.register.check(world.value("E0001", "Kari Dahl")), "who is there has a number"


def test_a_number_that_visma_draws_itself_stops_the_work(world: EmployeeWorld) -> None:
    """Else one more would be made for each worker, and in each pass."""
    world.visma.wire.after = lambda request, response: (
        httpx2.Response(201, headers={"Location": "http://127.0.0.1:9104/v1/employee/E0099"})
        if request.method == "POST" and response.status_code == 201
        else response
    )

    with pytest.raises(VendorChanged, match="under the number E0099"):
        world.wish(world.value("0042"), world.value("0043"))
    assert world.writes() == 1


def test_a_worker_without_a_name(world: EmployeeWorld) -> None:
    (problem,) = world.register.check(world.value("0042", " "))
    assert "Employee 0042 has no name" in problem.text


# --- nothing twice, nothing overwritten ---------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["lost before commit", "lost after commit"])
def test_who_was_made_by_a_lost_call_is_found(world: EmployeeWorld, fault: str) -> None:
    wished = world.value("0042")
    world.fail_next(fault)
    with pytest.raises(OutcomeUnknown):
        world.wish(wished, world.value("0043"))
    assert world.writes() == 1

    if wished.key not in world.register.read([wished.key]):
        assert world.wish(wished) == (Written(),)
    assert world.kept("0042") == wished


def test_an_employee_is_looked_up_before_made(world: EmployeeWorld) -> None:
    """A plan that says nobody is there, while HR entered them: nothing is sent."""
    wished = world.value("0042")
    world.edit(wished)

    change = Change(key=wished.key, act=Act.CREATE, after=wished)
    assert (world.register.put([change], {}), world.writes()) == ((Stale(),), 0)


def test_one_that_is_always_saved_by_somebody_is_left(world: EmployeeWorld) -> None:
    world.wish(world.value("0042"))
    world.visma.control("update_conflict", times=2)

    wished = world.value("0042", open=False)
    assert [world.wish(wished) for _ in range(3)] == [(Stale(),), (Stale(),), (Written(),)]
    assert all(request.headers["if-match"] for request in world.sent()[1:])


def test_one_that_somebody_took_out_is_read_again(world: EmployeeWorld) -> None:
    wished = world.value("0042")
    world.wish(wished)
    fresh = world.register.read([wished.key])
    world.visma.control("remove_employee", code="0042")
    change = Change(key=wished.key, act=Act.CHANGE, before=wished, after=world.value("0042", "Anna Berg"))

    assert world.register.put([change], {wished.key: fresh[wished.key].version}) == (Stale(),)


def test_without_a_version_the_row_has_to_be_as_it_was(world: EmployeeWorld) -> None:
    """What is known of it is read, and its version goes out."""
    world.edit(world.value("0042", "Hers Entirely"))
    change = Change(
        key=world.value("0042").key,
        act=Act.CHANGE,
        before=world.value("0042", "Anna Berg"),
        after=world.value("0042", "Anna Moen"),
    )
    assert (world.register.put([change], {}), world.writes()) == ((Stale(),), 0)


def test_a_list_of_many_pages_is_whole(world: EmployeeWorld) -> None:
    world.wish(*(world.record(number) for number in range(45)))
    world.visma.post("switches", {"page_lines_max": 20})

    found = [row.record.code for row in world.register.rows(world.within()[:1])]
    assert (61, sorted(found)) == (len(set(found)), found)
    assert ["GET"] * 4 == world.calls(lambda: world.register.read([world.record(1).key]))


def test_calls(world: EmployeeWorld) -> None:
    """⌈n/1000⌉ for the list and 1 for the form of numbers, one for each change; the company once."""
    values = [world.record(number) for number in range(20)]
    keys = [value.key for value in values]

    assert ["GET"] * 3 == world.calls(lambda: list(world.register.rows(world.within()[:1])))
    assert ["GET", *["POST"] * 20] == world.calls(lambda: world.wish(*values))
    assert ["GET"] == world.calls(lambda: world.register.read(keys))
    assert [] == world.calls(lambda: world.register.check(values[0]))


# --- people -------------------------------------------------------------------------------------------------


def test_nothing_of_people_is_kept_of_calls(world: EmployeeWorld) -> None:
    """Neither of a list that shows more than is taken, nor of a write, nor of the words of a refusal."""
    world.visma.control("put_employee", code="E0001", email="private@home.example")
    list(world.register.rows(world.within()[:1]))
    world.wish(world.value("0042", "Anna Geheim"))
    said = (
        "VismaId: 7b1d4f3e-0000-4000-8000-000000000000. Error inserting the employee. Error: Employee"
        f" 'Ole O'Geheim' with {CANARY} has private@home.example."
    )
    world.answer(
        lambda request: httpx2.Response(400, json={"message": said}) if request.method == "POST" else None
    )
    (answer,) = world.wish(world.value("0043", "Kari Geheim"))

    assert isinstance(answer, NotTaken)
    assert "Visma refused: Employee ••• with ••• born ••• has •••" in answer.problem.text
    told = answer.problem.text + repr(world.visma.wiring.exchanges.all)
    for secret in ("Geheim", "01019912345", "1999", "private", "home.example"):
        assert secret not in told
