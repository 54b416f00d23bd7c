"""Employees at Exact Online: readable, writable by switch and right alone, and entered by HR staff."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.sandbox.conftest import LEDGER

from ml_connector_sandbox.core.registry import load_scenario, open_system

WRITES = ("payroll/Employees", "payroll/Employments")


def hire(world: Any, **more: Any) -> Any:
    return world.control(
        "put_employee",
        **{"code": "E1", "first_name": "Ada", "last_name": "Moss", "start": "2026-01-01", **more},
    )


def right(world: Any, path: str, method: str) -> bool:
    answer = world.get(f"users/UserHasRights?endpoint='{path}'&method={method}").json()
    return bool(answer["d"]["UserHasRights"])


def employed(world: Any, **fields: Any) -> Any:
    """An employee and an employment through the API."""
    made = world.post("payroll/Employees", {"Code": "E7", "FirstName": "Bo", "LastName": "Lund", **fields})
    key = made.raise_for_status().json()["d"]["ID"]
    body = {"Employee": key, "StartDate": "2026-08-01"}
    return key, world.post("payroll/Employments", body).raise_for_status().json()["d"]


def test_the_scenarios_workers_are_readable(make_world: Any) -> None:
    """With their employment and where they work; the sync twins say the same."""
    workers = [
        {
            "code": "000000001",
            "first_name": "Ada",
            "last_name": "Moss",
            "email": "ada@x.example",
            "start": "2020-03-01",
            "department": "SAL",
            "cost_unit": "U1",
        }
    ]
    departments = [{"code": "SAL", "description": "Sales", "cost_center": "SALES"}]
    world = make_world()
    data = {**LEDGER, "workers": workers, "departments": departments}
    world.vendor._data = data
    world.vendor.reset()
    world.sign_in()

    for root in ("payroll", "sync/Payroll"):
        [employee] = world.rows(f"{root}/Employees")
        assert ("000000001", "Ada Moss", 1, True) == tuple(
            employee[name] for name in ("Code", "FullName", "EmployeeHID", "IsActive")
        )
        [employment] = world.rows(f"{root}/Employments")
        assert (employee["ID"], 1, None) == tuple(
            employment[name] for name in ("Employee", "EmploymentNumber", "EndDate")
        )
        [place] = world.rows(f"{root}/EmploymentOrganizations")
        assert ("SAL", "SALES", "U1") == tuple(
            place[name] for name in ("DepartmentCode", "CostCenter", "CostUnit")
        )
    [running] = world.rows("payroll/ActiveEmployments")
    assert (employment["ID"], "SAL") == (running["ID"], running["DepartmentCode"])
    assert ["SALES"] == [row["Costcenter"] for row in world.rows("hrm/Departments")]
    assert {True} == {row["IsHRDivision"] for row in world.rows("system/Divisions") if row["Code"] == 1204}


def test_whether_somebody_is_active_follows_the_clock(world: Any) -> None:
    """Before the first day, on the last one, after it; nobody writes in between."""
    hire(world, start="2026-08-01", end="2026-08-31")
    [row] = world.rows("payroll/Employees")
    seen = []
    for day in ("2026-07-31", "2026-08-01", "2026-08-31", "2026-09-01"):
        world.clock.set(datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC))
        world.sign_in()
        one = world.get(f"payroll/Employees(guid'{row['ID']}')").json()["d"]
        listed = world.rows("payroll/Employees?$filter=IsActive eq true")
        seen.append((one["IsActive"], len(listed), len(world.rows("payroll/ActiveEmployments"))))
    assert [(False, 0, 0), (True, 1, 1), (True, 1, 1), (False, 0, 0)] == seen


@pytest.mark.parametrize("path", WRITES)
def test_writing_is_refused_unless_it_is_switched_on(world: Any, path: str) -> None:
    """405 in the shape of an error, and the right says so."""
    hire(world)
    [row] = world.rows(path)
    url = f"/api/v1/1204/{path}(guid'{row['ID']}')"
    answers = [world.post(path, {"LastName": "x"}), world.client.put(url, json={}), world.client.delete(url)]
    assert [405] * 3 == [answer.status_code for answer in answers]
    assert all("error" in answer.json() for answer in answers)
    assert [True, False, False] == [right(world, path, method) for method in ("GET", "POST", "PUT")]


def test_with_the_switch_a_worker_is_hired_changed_ended_and_rehired(make_world: Any) -> None:
    """One employee, two employments; what is not settable is dropped without a word."""
    world = make_world(hr_writes=True)
    key, first = employed(world, BusinessEmail="bo@x.example", SocialSecurityNumber="1")
    url = f"/api/v1/1204/payroll/Employments(guid'{first['ID']}')"
    assert 204 == world.client.put(url, json={"EndDate": "2026-09-30"}).status_code
    again = {"Employee": key, "StartDate": "2026-09-30"}
    assert "Overlaps" in world.post("payroll/Employments", again).text
    assert 201 == world.post("payroll/Employments", {**again, "StartDate": "2026-10-01"}).status_code
    person = f"/api/v1/1204/payroll/Employees(guid'{key}')"
    assert 204 == world.client.put(person, json={"LastName": "Lund-Berg"}).status_code

    row = world.client.get(person).json()["d"]
    assert ("Bo Lund-Berg", None, None, "bo@x.example") == tuple(
        row[name] for name in ("FullName", "EndDate", "SocialSecurityNumber", "BusinessEmail")
    )
    assert [(1, "Bo Lund-Berg"), (2, "Bo Lund-Berg")] == [
        (held["EmploymentNumber"], held["EmployeeFullName"])
        for held in world.rows("payroll/Employments?$orderby=EmploymentNumber")
    ]
    assert 405 == world.client.delete(person).status_code


def test_broken_rules_of_people_are_named(make_world: Any) -> None:
    """A name, a code of one's own, a person and a day."""
    world = make_world(hr_writes=True)
    employed(world)
    assert {"Mandatory: Last name", "Data already exists"} == set(
        world.post("payroll/Employees", {"Code": "E7"}).json()["error"]["message"]["value"].splitlines()
    )
    assert "Mandatory: Start date" in world.post("payroll/Employments", {}).text
    nobody = {"Employee": "00000000-0000-0000-0000-000000000000", "StartDate": "2026-08-01"}
    assert "Invalid reference: Employee" in world.post("payroll/Employments", nobody).text


@pytest.mark.parametrize(
    ("action", "arguments", "reason"),
    [
        ("role", {"role": "Manage employees", "granted": False}, "UserRights"),
        ("scope", {"scope": "Hrm payroll", "level": "read"}, "ApplicationScopeViolated"),
    ],
)
def test_without_the_right_nothing_is_written(
    make_world: Any, action: str, arguments: dict[str, Any], reason: str
) -> None:
    """Of the app or of its user; what is asked before says the same, and reading goes on."""
    world = make_world(hr_writes=True)
    assert right(world, "payroll/Employees", "POST")
    world.control(action, **arguments)
    answer = world.post("payroll/Employees", {"LastName": "Lund"})
    assert (403, reason) == (answer.status_code, answer.headers["Reason"])
    assert [True, False, False] == [
        right(world, "payroll/Employments", method) for method in ("GET", "POST", "PUT")
    ]
    assert [] == world.rows("payroll/Employees")


def test_hr_staff_hires_moves_ends_and_removes(world: Any) -> None:
    """A move is a row of its own day; who is removed stands among the deleted."""
    hire(world, cost_center="SALES")
    hire(world, start="2026-01-01", date="2026-08-01", cost_center="OLD", cost_unit="U1")
    world.control("put_employee", code="E1", end="2026-12-31")
    world.control("put_employee", code="E1", end=None)
    places = world.rows("payroll/EmploymentOrganizations?$orderby=StartDate")
    assert [("SALES", None), ("OLD", "U1")] == [(row["CostCenter"], row["CostUnit"]) for row in places]
    assert [None] == [row["EndDate"] for row in world.rows("payroll/Employments")]
    world.control("put_employee", code="E1", end="2026-06-30")
    assert not world.control("put_employee", code="E1", last_name="Moss-Berg")["active"]
    assert world.control("put_employee", code="E1", start="2026-07-10")["active"]
    assert 2 == len(world.rows("payroll/Employments"))
    world.control("remove_employee", code="E1")
    assert [] == world.rows("payroll/Employees")
    assert {42, 43, 45} == {row["EntityType"] for row in world.rows("sync/Deleted")}


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("put_employee", {"code": "E9"}),
        ("put_employee", {"code": "E1", "start": "some day"}),
        ("put_employee", {"code": "E9", "last_name": "Lund", "start": "some day"}),
        ("put_employee", {"code": "E9", "last_name": "Lund", "start": "2026-02-01", "end": "2026-01-01"}),
        ("put_employee", {"code": "E9", "last_name": "Lund", "start": "2026-02-01", "cost_unit": "none"}),
        ("put_employee", {"code": "E1", "last_name": "Lund", "department": "none"}),
        ("put_employee", {"code": "E1", "last_name": " ", "end": "2026-02-01"}),
        ("put_employee", {"code": "E1", "last_name": "Lund", "start": "2026-02-01"}),
        ("put_employee", {"code": "E1", "start": "2026-02-01"}),
        ("remove_employee", {"code": "none"}),
        ("role", {"role": "Emperor"}),
        ("put_employee", {"code": "E1", "entity": "x"}),
    ],
)
def test_what_hr_staff_cannot_do_is_said(world: Any, action: str, arguments: dict[str, Any]) -> None:
    hire(world)
    before = world.rows("payroll/Employees"), world.rows("payroll/Employments")
    answer = world.client.post(f"/__sandbox__/control/{action}", json=arguments)
    assert answer.status_code in {400, 404}
    assert before == (world.rows("payroll/Employees"), world.rows("payroll/Employments"))


@pytest.mark.parametrize("scenario", ["trading_company", "two_divisions"])
def test_a_ledger_knows_the_workers_of_its_payroll(scenario: str) -> None:
    """Number, name, first day and department are those of the payroll, in the division that pays them."""
    payroll = open_system("ukg_pro", scenario=scenario).vendor
    ledger = open_system("exact_online", scenario=scenario).vendor
    divisions = load_scenario(scenario).ENTITY_OF
    known = {
        (str(book.code), row["Code"], row["FullName"], row["StartDate"].date(), place["CostCenter"])
        for book in ledger.books_by_division.values()
        for row in book["employees"]
        for place in book["organizations"].all("Employee", row["ID"])
    }
    assert known == {
        (
            divisions[person.company_code],
            person.number,
            f"{person.first_name} {person.last_name}",
            person.hired,
            person.department,
        )
        for person in payroll._tenant.book.people
    }
    assert len(known) == len(payroll._tenant.book.people)
