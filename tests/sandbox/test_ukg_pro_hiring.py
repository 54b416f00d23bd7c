"""Hires, rehires, transfers and second employments, today and on other days."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sandbox.ukg_pro_office import PEOPLE, Office, kinds
from tests.sandbox.ukg_pro_world import UkgWorld

TWO = "two_divisions"


def test_a_hire_is_a_person_everywhere():
    """Two events: the new hire, and the name, which is inserted then."""
    office = Office()
    made = office.do("hire", department="BOSFIN", first_name="Ida", last_name="Moss", location="LOC2")
    (row,) = office.employments(made["employee_id"])
    (person,) = office.world.rows(f"{PEOPLE}/person-details/{made['employee_id']}")
    (held,) = office.history(made["employee_id"])
    (change,) = office.changes("2026-07-10")

    assert ["EmployeeNewHireEvent", "EmployeePersonNameChangeEvent"] == kinds(made)
    assert {"Insert"} == {event["Operation"] for event in made["events"]}
    assert ("A", "BOSFIN", "LOC2", "HTC01") == tuple(
        row[name]
        for name in ("employeeStatusCode", "orgLevel1Code", "primaryWorkLocationCode", "companyCode")
    )
    assert row["originalHireDate"] == row["lastHireDate"] == "2026-07-10T00:00:00"
    assert row["isHomeCompany"]
    assert 12 == len(made["employee_id"])
    assert ("Ida", "Moss") == (person["firstName"], person["lastName"])
    assert ("100", "BOSFIN", True) == (held["reasonCode"], held["orgLevel1Code"], held["isSystem"])
    assert (made["employee_id"], "LOC2") == (change["employeeId"], change["workLocation"])


def test_a_hire_for_a_later_day_is_a_row_with_that_day():
    """Entered today, it is in today's delta; on the day itself there is none."""
    office = Office()
    made = office.do("hire", department="BOSFIN", date="2026-07-20")
    (row,) = office.employments(made["employee_id"])
    assert ("2026-07-20T00:00:00", "2026-07-10T12:00:00") == (row["lastHireDate"], row["dateTimeChanged"])
    assert 1 == len(office.changes("2026-07-10"))

    office.days(10)
    assert [] == office.changes("2026-07-20")


def test_a_hire_for_a_later_day_can_be_hidden_until_then():
    """It comes without a delta: only a full read finds it."""
    office = Office(future_hire="hidden")
    made = office.do("hire", department="BOSFIN", date="2026-07-20")
    assert [] == office.employments(made["employee_id"]) == office.changes("2026-07-10")

    office.days(9)
    assert [] == office.employments(made["employee_id"])
    office.days(1)
    assert 1 == len(office.employments(made["employee_id"]))
    assert [] == office.changes("2026-07-20")


def test_a_hire_is_moved_and_withdrawn():
    """Each step is audited and told; in the end nobody was ever hired."""
    office = Office()
    made = office.do("hire", department="BOSFIN", date="2026-07-20")
    moved = office.do("redate_change", employee=made["worker"], date="2026-08-01")
    assert ["EmployeeHireDateChangeEvent"] == kinds(moved)
    assert "2026-08-01T00:00:00" == office.employments(made["employee_id"])[0]["lastHireDate"]

    gone = office.do("withdraw_change", employee=made["worker"])
    assert ["Delete"] == [event["Operation"] for event in gone["events"]]
    assert [] == office.employments(made["employee_id"]) == office.history(made["employee_id"])
    since = "startDateTime=2026-07-01T00:00:00&endDateTime=2026-08-01T00:00:00"
    audit = office.world.rows(f"{PEOPLE}/audit-details?{since}&tableName=EmpHJob&fieldName=jobEffectiveDate")
    assert [("U", "2026-08-01"), ("D", None)] == [(row["audAction"], row["audNewValue"]) for row in audit]


def test_a_rehire_is_a_second_snapshot_and_a_third():
    """One row in employment-details, one for each time in the changes."""
    office = Office()
    for left, back in (("2026-05-31", "2026-06-08"), ("2026-06-30", "2026-07-09")):
        office.do("change_employee", employee="W00002", status="T", date=left)
        made = office.do("rehire", employee="W00002", date=back, department="BOSFIN")
    (row,) = office.employments(made["employee_id"])
    rows = office.world.rows(f"{PEOPLE}/employee-changes/{made['employee_id']}")

    assert ["EmployeeRehireEvent"] == kinds(made)
    assert ("A", "BOSFIN", "2026-07-09T00:00:00") == (
        row["employeeStatusCode"],
        row["orgLevel1Code"],
        row["lastHireDate"],
    )
    assert [("T", "5/31/2026"), ("T", "6/30/2026"), ("A", "")] == [
        (row["employeeStatus"], row["terminationDate"].removesuffix(" 12:00:00 AM")) for row in rows
    ]
    assert ["6/8/2026", "7/9/2026"] == [row["dateOfLastHire"].split(" ")[0] for row in rows][1:]


def test_a_rehire_can_be_another_id_under_the_same_number():
    """An employee who comes back as a contractor, at some tenants."""
    office = Office()
    office.do("change_employee", employee="W00002", status="T", date="2026-06-30")
    made = office.do("rehire", employee="W00002", new_id=True, employee_type="CON")
    rows = office.world.rows(f"{PEOPLE}/employment-details?employeeNumber={made['number']}")

    assert [("T", "REG"), ("A", "CON")] == [
        (row["employeeStatusCode"], row["employeeTypeCode"]) for row in rows
    ]
    assert 2 == len({row["employeeID"] for row in rows})


def test_a_rehire_in_another_company_has_a_row_of_its_own_there():
    """The home company moves with it."""
    office = Office(TWO)
    first, second = office.companies
    worker = office.worker(first)
    made = office.do("change_employee", employee=worker, status="T", date="2026-06-30")
    office.do("rehire", employee=worker, company=second, department=office.department(second))

    assert [(first, "T", False), (second, "A", True)] == [
        (row["companyCode"], row["employeeStatusCode"], row["isHomeCompany"])
        for row in office.employments(made["employee_id"])
    ]


def test_a_transfer_ends_one_row_and_begins_another_of_the_same_person():
    """The day before and the day; the reasons are the vendor's, the home company moves on the day."""
    office = Office(TWO)
    first, second = office.companies
    worker = office.worker(first)
    made = office.do(
        "transfer", employee=worker, to=second, department=office.department(second), date="2026-08-01"
    )
    employee = made["employee_id"]
    assert ["EmployeeTerminationEvent", "EmployeeTransferEvent"] == kinds(made)
    assert [(first, "A", True), (second, "A", False)] == [
        (row["companyCode"], row["employeeStatusCode"], row["isHomeCompany"])
        for row in office.employments(employee)
    ]

    office.days(22)
    old, new = office.employments(employee)
    assert ("T", "TRO", "2026-07-31T00:00:00", False) == tuple(
        old[name] for name in ("employeeStatusCode", "termReason", "dateOfTermination", "isHomeCompany")
    )
    assert ("A", "2026-08-01T00:00:00", True) == tuple(
        new[name] for name in ("employeeStatusCode", "lastHireDate", "isHomeCompany")
    )
    assert [("100", False), ("TRO", True), ("TRI", True)] == [
        (row["reasonCode"], row["isTransfer"]) for row in office.history(employee)
    ]
    person = office.world.rows(f"{PEOPLE}/person-details/{employee}")
    assert 1 == len({row["personId"] for row in person})


def test_a_transfer_that_is_to_come_is_withdrawn_as_one_act():
    """Both rows go; the person is where they were."""
    office = Office(TWO)
    first, second = office.companies
    worker, department = office.worker(first), office.department(second)
    made = office.do("transfer", employee=worker, to=second, department=department, date="2026-08-01")
    moved = office.do("redate_change", employee=worker, date="2026-09-01")
    assert ["2026-08-31", "2026-09-01"] == [
        row["jobEffectiveDate"][:10] for row in office.history(made["employee_id"])[1:]
    ]
    assert 2 == len(moved["events"])

    office.do("withdraw_change", employee=worker)
    office.days(90)
    assert [(first, "A", True)] == [
        (row["companyCode"], row["employeeStatusCode"], row["isHomeCompany"])
        for row in office.employments(made["employee_id"])
    ]


def test_a_transfer_back_is_refused_unless_a_switch_allows_it():
    """Twice in a day: each row begins and ends on that day."""
    office = Office(TWO)
    first, second = office.companies
    worker = office.worker(first)
    office.do("transfer", employee=worker, to=second, department=office.department(second))
    back = {"employee": worker, "to": first, "department": office.department(first)}
    with pytest.raises(ValueError, match="carries a transfer already"):
        office.do("transfer", **back)

    office.world.vendor.switches.set({"transfer_back": True})
    made = office.do("transfer", **back)
    assert [(first, "A", True), (second, "T", False)] == [
        (row["companyCode"], row["employeeStatusCode"], row["isHomeCompany"])
        for row in office.employments(made["employee_id"])
    ]


def test_a_second_employment_in_another_company_ends_alone():
    """The home company stays; a transfer is not for somebody active in two."""
    office = Office(TWO)
    first, second = office.companies
    worker = office.worker(first)
    made = office.do("hire", same_person_as=worker, company=second, department=office.department(second))
    with pytest.raises(ValueError, match="active in 2 companies"):
        office.do("transfer", employee=worker, to=second, department=office.department(second))

    office.do("change_employee", employee=worker, company=first, status="T", date="2026-06-30")
    assert [("T", True), ("A", False)] == [
        (row["employeeStatusCode"], row["isHomeCompany"]) for row in office.employments(made["employee_id"])
    ]


def test_somebody_who_leads_others_is_not_withdrawn():
    """Not before they report to somebody else, on every day."""
    office = Office()
    boss = office.do("hire", department="BOSFIN", date="2026-08-01")
    led = office.do("change_employee", employee="W00002", supervisor=boss["worker"], date="2026-08-02")
    with pytest.raises(ValueError, match="W00002 reports to"):
        office.do("withdraw_change", employee=boss["worker"])

    office.do("withdraw_change", employee="W00002", system_id=led["system_id"])
    office.do("withdraw_change", employee=boss["worker"])
    assert [] == office.employments(boss["employee_id"])


@pytest.mark.parametrize(
    ("action", "wish"),
    [
        ("hire", {}),
        ("hire", {"department": "NONE"}),
        ("hire", {"department": "BOSFIN", "company": "NONE"}),
        ("hire", {"department": "BOSFIN", "date": "soon"}),
        ("hire", {"department": "BOSFIN", "date": "9999-12-31"}),
        ("hire", {"department": "BOSFIN", "first_name": 7}),
        ("hire", {"department": "BOSFIN", "number": "000000001"}),
        ("hire", {"department": "BOSFIN", "annual_salary": "much"}),
        ("hire", {"department": "BOSFIN", "employee_type": "regular"}),
        ("hire", {"department": "BOSFIN", "pay_group": "NONE"}),
        ("hire", {"department": "BOSFIN", "location": ["LOC1"]}),
        ("hire", {"department": "BOSFIN", "same_person_as": "W00001"}),
        ("rehire", {"employee": "W00001"}),
        ("rehire", {"employee": "W99999"}),
        ("transfer", {"employee": "W00001", "to": "HTC01"}),
        ("transfer", {"employee": "W00001", "to": "NONE"}),
        ("transfer", {"employee": "W00001"}),
        ("change_employee", {"employee": "W00001", "status": "gone"}),
        ("change_employee", {"employee": "W00001", "status": "T", "date": "1900-01-01"}),
        ("change_employee", {"employee": "W00001", "system_id": "H1", "location": "LOC1"}),
        ("change_employee", {"employee": "W00001", "job": "KING"}),
        ("redate_change", {"employee": "W00001", "date": "2026-08-01"}),
        ("redate_change", {"employee": "W00001", "system_id": "H00000001"}),
        ("withdraw_change", {"employee": "W00001", "system_id": "H00000001"}),
        ("withdraw_change", {"employee": []}),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(action: str, wish: dict[str, Any]):
    """With the reason; no answer of the vendor is another one."""
    world = UkgWorld()
    paths = [f"{PEOPLE}/employment-details", f"{PEOPLE}/employee-job-history-details"]
    before = [world.get(path).content for path in paths]
    answer = world.client.post(f"/__sandbox__/control/{action}", json=wish)

    assert answer.status_code in (400, 404), answer.text
    assert before == [world.get(path).content for path in paths]
    assert [] == world.vendor._webhooks.events


def test_everybody_is_shown_with_every_status_to_whoever_counts() -> None:
    """Also what was entered for a day still to come; the name is that of today."""
    office = Office(dual_company=True)
    made = office.do("hire", company="HTC02", department=office.department("HTC01"), last_name="Moss")
    office.do("change_employee", employee=made["worker"], status="T", date="2031-08-15")

    people = office.do("people")["people"]

    (shown,) = [row for row in people if row["person"] == made["employee_id"]]
    assert ("HTC02", made["number"]) == (shown["entity"], shown["number"])
    assert shown["name"].endswith(" Moss")
    assert [("A", made["effective"]), ("T", "2031-08-15")] == [
        (row["status"], row["from"]) for row in shown["statuses"]
    ]
    assert 2 == sum(row["number"] == "000000001" for row in people)
