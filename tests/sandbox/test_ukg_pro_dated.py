"""What changes on a day, past or still to come: ends, statuses, types, departments; and what is put right."""

from __future__ import annotations

import pytest
from tests.sandbox.ukg_pro_office import PEOPLE, Office, kinds
from tests.sandbox.ukg_pro_world import UkgWorld


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


def test_a_database_is_restored_without_a_word():
    """Stamps go back; the ids that were given out are given out again; the backup can be used twice."""
    office = Office()
    people = [f"{PEOPLE}/{name}" for name in ("employment-details", "employee-job-history-details")]
    paths = [*people, "/payroll/v2/general-ledger"]
    with pytest.raises(KeyError, match="none was made"):
        office.do("restore")
    office.do("change_employee", employee="W00002", status="T", date="2026-07-20")
    office.do("back_up")
    before = [office.world.get(path).content for path in paths]
    for _ in range(2):
        made = office.do("hire", department="BOSFIN")
        office.do("change_employee", employee="W00003", status="T")
        office.do("rerun", changes={"W00001": "10.00"})
        events = len(office.world.vendor._webhooks.events)
        office.do("restore")
        assert before == [office.world.get(path).content for path in paths]
        assert events == len(office.world.vendor._webhooks.events)
        assert made["worker"] == "W00241"
    office.days(10)
    assert "T" == office.world.rows(f"{PEOPLE}/employment-details")[1]["employeeStatusCode"]
