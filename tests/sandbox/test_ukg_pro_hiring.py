"""Hires, rehires, transfers and ends, today and on other days, and what every endpoint says of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.sandbox.ukg_pro_world import UkgWorld

PEOPLE = "/personnel/v1"
TWO = "two_divisions"
DAY = timedelta(days=1).total_seconds()


class Office:
    """A tenant and what one of its people looks like there."""

    def __init__(self, scenario: str = "trading_company", **switches: Any) -> None:
        self.world = UkgWorld(scenario=scenario, **switches)
        self.companies = [company.code for company in self.world.vendor._tenant.book.companies]

    def do(self, action: str, **wish: Any) -> Any:
        return self.world.vendor.control(action, wish)

    def days(self, days: float) -> None:
        self.world.clock.advance(days * DAY)

    def department(self, company: str) -> str:
        held = self.world.vendor._tenant.book.company_of
        return next(code for code in held if held[code].code == company)

    def worker(self, company: str) -> str:
        people = self.world.vendor._tenant.book.people
        return str(next(person.worker for person in people if person.company_code == company))

    def employments(self, employee_id: str) -> list[dict[str, Any]]:
        return list(self.world.rows(f"{PEOPLE}/employment-details?employeeId={employee_id}"))

    def history(self, employee_id: str) -> list[dict[str, Any]]:
        return list(self.world.rows(f"{PEOPLE}/employee-job-history-details?employeeId={employee_id}"))

    def changes(self, day: str) -> list[dict[str, Any]]:
        span = f"startDate={day}T00:00:00&endDate={day}T23:00:00"
        return list(self.world.rows(f"{PEOPLE}/employee-changes?{span}"))


def kinds(made: Any) -> list[str]:
    return [event["EventType"] for event in made["events"]]


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


def test_an_end_that_is_to_come_takes_effect_on_its_day_without_a_delta():
    """Until then it is in the job history alone."""
    office = Office()
    made = office.do("change_employee", employee="W00002", status="T", date="2026-07-31")
    employee = made["employee_id"]
    before = office.employments(employee)[0]
    assert ("A", None) == (before["employeeStatusCode"], before["dateOfTermination"])
    assert [("A", False), ("T", False)] == [
        (row["employeeStatus"], row["isTransfer"]) for row in office.history(employee)
    ]
    assert ["A"] == [row["employeeStatus"] for row in office.changes("2026-07-10")]

    office.days(20)
    assert "A" == office.employments(employee)[0]["employeeStatusCode"]
    office.days(1)
    after = office.employments(employee)[0]
    assert ("T", "2026-07-31T00:00:00") == (after["employeeStatusCode"], after["dateOfTermination"])
    assert before["dateTimeChanged"] == after["dateTimeChanged"]
    assert [] == office.changes("2026-07-31")


def test_an_end_that_is_to_come_can_be_shown_ahead():
    """By switch: its date in details and changes, or the whole of it in the snapshots of changes."""
    office = Office(future_termination="ahead")
    made = office.do("change_employee", employee="W00002", status="T", date="2026-07-31")
    row, (change,) = office.employments(made["employee_id"])[0], office.changes("2026-07-10")
    assert ("A", "2026-07-31T00:00:00") == (row["employeeStatusCode"], row["dateOfTermination"])
    assert ("A", True, "7/31/2026 12:00:00 AM") == (
        change["employeeStatus"],
        change["isActive"],
        change["terminationDate"],
    )

    office.world.vendor.switches.set({"changes_show": "entered"})
    (change,) = office.changes("2026-07-10")
    assert ("T", False) == (change["employeeStatus"], change["isActive"])
    assert "A" == office.employments(made["employee_id"])[0]["employeeStatusCode"]


def test_an_end_is_withdrawn_or_entered_for_another_day():
    """Entering it twice moves it; there is one end."""
    office = Office()
    made = office.do("change_employee", employee="W00002", status="T", date="2026-07-31")
    again = office.do("change_employee", employee="W00002", status="T", date="2026-08-31", reason="202")
    assert ["EmployeeTerminationChangeEvent"] == kinds(again)
    assert ["2026-08-31T00:00:00"] == [
        row["jobEffectiveDate"] for row in office.history(made["employee_id"])[1:]
    ]

    office.do("withdraw_change", employee="W00002")
    office.days(60)
    assert "A" == office.employments(made["employee_id"])[0]["employeeStatusCode"]
    assert 1 == len(office.history(made["employee_id"]))


def test_the_day_begins_when_it_does_in_the_company():
    """At midnight in New York; in Sydney it is the next day already."""
    office = Office()
    made = office.do("change_employee", employee="W00002", status="T", date="2026-07-11")
    office.world.clock.advance(12 * 3_600 - 1)
    assert "A" == office.employments(made["employee_id"])[0]["employeeStatusCode"]
    office.world.clock.advance(1)
    assert "T" == office.employments(made["employee_id"])[0]["employeeStatusCode"]

    office = Office(company_zones="HTC01=Australia/Sydney")
    office.do("change_employee", employee="W00002", status="T", date="2026-07-11")
    assert "T" == office.employments(made["employee_id"])[0]["employeeStatusCode"]


def test_last_day_worked_and_reason_can_differ_from_the_end():
    """Left out, the last day worked is the end."""
    office = Office()
    made = office.do(
        "change_employee",
        employee="W00002",
        status="T",
        date="2026-07-08",
        last_worked="2026-05-10",
        paid_through="2026-08-31",
        reason="202",
    )
    row = office.employments(made["employee_id"])[0]

    assert ("2026-07-08T00:00:00", "2026-05-10T00:00:00", "2026-08-31T00:00:00", "202") == tuple(
        row[name] for name in ("dateOfTermination", "dateLastWorked", "datePaidThru", "termReason")
    )


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


@pytest.mark.parametrize("letter", ["L", "S", "O", "R", "X"])
def test_a_status_is_any_letter(letter: str):
    """Leave, suspension, strike, laid off, and one that nobody knows."""
    office = Office()
    made = office.do("change_employee", employee="W00002", status=letter, date="2026-07-01", reason="800")
    row = office.employments(made["employee_id"])[0]

    assert (letter, "2026-07-01T00:00:00", "800") == (
        row["employeeStatusCode"],
        row["statusStartDate"],
        row["leaveReasonCode"],
    )
    assert ("2026-07-01T00:00:00" if letter == "S" else None) == row["dateOfSuspension"]
    assert ["EmployeeStatusChangeEvent"] == kinds(made)


def test_a_type_changes_from_a_day_on():
    """REG, CON, or TES for people who test."""
    office = Office()
    made = office.do("change_employee", employee="W00002", employee_type="CON", date="2026-07-20")
    assert ["EmployeeJobChangeEvent"] == kinds(made)
    assert ["REG", "CON"] == [row["employeeType"] for row in office.history(made["employee_id"])]
    assert "REG" == office.employments(made["employee_id"])[0]["employeeTypeCode"]

    office.days(10)
    assert "CON" == office.employments(made["employee_id"])[0]["employeeTypeCode"]


def test_a_change_dated_back_shows_in_the_rows_after_it():
    """And one of its own day still wins from that day on."""
    office = Office()
    codes = sorted(office.world.vendor._tenant.book.department_names)[:2]
    office.do("change_employee", employee="W00002", status="L", date="2026-07-01")
    made = office.do("change_employee", employee="W00002", department=codes[0], date="2026-06-01")
    rows = office.history(made["employee_id"])[1:]
    assert [("A", codes[0]), ("L", codes[0])] == [
        (row["employeeStatus"], row["orgLevel1Code"]) for row in rows
    ]

    office.do("change_employee", employee="W00002", department=codes[1], date="2026-05-01")
    assert codes[0] == office.employments(made["employee_id"])[0]["orgLevel1Code"]


def test_a_row_is_corrected_in_place():
    """No new row; the row says it as if it always had."""
    office = Office()
    codes = sorted(office.world.vendor._tenant.book.department_names)[:2]
    made = office.do("change_employee", employee="W00002", department=codes[0], date="2026-06-01")
    office.do(
        "change_employee",
        employee="W00002",
        system_id=made["system_id"],
        department=codes[1],
        location="LOC2",
    )
    rows = office.history(made["employee_id"])

    assert 2 == len(rows)
    assert (codes[1], "LOC2") == (rows[1]["orgLevel1Code"], rows[1]["locationCode"])
    assert codes[1] == office.employments(made["employee_id"])[0]["orgLevel1Code"]


def test_a_field_can_be_blank_for_everybody():
    """Null in the details, empty text in the changes; nothing is stamped."""
    office = Office()
    before = office.world.rows(f"{PEOPLE}/employment-details")
    office.world.vendor.switches.set({"blank_fields": "orgLevel1Code, lastName"})
    after = office.world.rows(f"{PEOPLE}/employment-details")

    assert {None} == {row["orgLevel1Code"] for row in after}
    assert [{**row, "orgLevel1Code": None} for row in before] == after
    assert {("", "")} == {
        (row["orgLevel1Code"], row["lastName"]) for row in office.world.rows(f"{PEOPLE}/employee-changes")
    }


@pytest.mark.parametrize(("hidden", "shown"), [(0, 240), (120, 120), (240, 0), (999, 0)])
def test_a_list_can_be_short(hidden: int, shown: int):
    """200 OK all the same."""
    world = UkgWorld(people_hidden=hidden)
    assert shown == len(world.rows(f"{PEOPLE}/employment-details"))


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
