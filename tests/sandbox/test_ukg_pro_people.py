"""People and configuration: spellings, filters, the delta endpoint and its limits."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from tests.sandbox.ukg_pro_world import UkgWorld

PEOPLE = "/personnel/v1"


def test_the_same_ids_are_spelled_differently_per_endpoint():
    """Typos are part of the contract."""
    world = UkgWorld(workers=3)
    employment, person = (
        world.rows(f"{PEOPLE}/employment-details")[0],
        world.rows(f"{PEOPLE}/person-details")[0],
    )
    pay = world.rows(f"{PEOPLE}/compensation-details")[0]
    history = world.rows(f"{PEOPLE}/employee-job-history-details")[0]

    assert employment["employeeID"] == person["employeeId"] == pay["employeeID"] == history["employeeId"]
    assert len(employment["employeeID"]) == 12
    assert {"nameSufixCode", "datetimeChanged"} <= set(person)
    assert "dateOfNextSalayrReview" in pay
    assert "isOrgchange" in history
    assert (employment["employeeNumber"], pay["currencyCode"]) == ("000000001", "USD")


def test_the_forms_by_company_and_employee():
    """A list of one company, and one employment as an object; 404 for nobody."""
    world = UkgWorld(workers=3)
    one = world.rows(f"{PEOPLE}/employment-details")[1]
    by_company = f"{PEOPLE}/companies/{one['companyID']}"

    assert len(world.rows(f"{by_company}/employment-details")) == 3
    assert world.rows(f"{PEOPLE}/companies/XXXXX/employment-details") == []
    assert one == world.rows(f"{by_company}/employees/{one['employeeID']}/employment-details")
    assert world.get(f"{by_company}/employees/NOBODY/employment-details").status_code == 404
    assert [one["employeeID"]] == [
        row["employeeId"] for row in world.rows(f"{PEOPLE}/person-details/{one['employeeID']}")
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("%3E05-20-2026", 7),
        (">05-20-2026", 7),
        ("=%3E05-20-2026", 8),
        ("%3C05-20-2026", 2),
        ("05-20-2026", 1),
        ("%7B05-18-2026,05-20-2026%7D", 3),
        ("={05-18-2026,05-20-2026}", 3),
    ],
)
def test_the_operator_of_a_date_stands_inside_the_value(value, expected):
    """Raw or encoded; one person changed on each of the ten days from 18 to 27 May."""
    world = UkgWorld(workers=10)
    days = [row["dateTimeChanged"][:10] for row in world.rows(f"{PEOPLE}/employment-details")]
    assert (min(days), max(days)) == ("2026-05-18", "2026-05-27")

    assert expected == len(world.rows(f"{PEOPLE}/employment-details?dateTimeChanged={value}"))


def test_a_date_nobody_can_read_is_refused():
    """MM-DD-YYYY, says the answer."""
    answer = UkgWorld(workers=1).get(f"{PEOPLE}/employment-details?dateTimeChanged=%3E31-31-2026")

    assert answer.status_code == 400
    assert "dateTimeChanged" in answer.json()["errors"]["modelstate"]


def test_filters_compare_and_take_lists_and_the_unknown_is_ignored():
    """A field's name in any case; brackets or not."""
    world = UkgWorld(workers=5)
    rows = world.rows(f"{PEOPLE}/employment-details")
    two = f"{rows[0]['employeeID']},{rows[1]['employeeID']}"

    assert len(world.rows(f"{PEOPLE}/employment-details?EMPLOYEEID={two}")) == 2
    assert len(world.rows(f"{PEOPLE}/employment-details?start_date=2026-01-01")) == 5
    assert len(world.rows(f"{PEOPLE}/employment-details?isHomeCompany=true")) == 5


def test_a_second_employment_and_a_rehire_are_switched_on():
    """Two rows for one person in two companies; two snapshots for one who came back."""
    world = UkgWorld(workers=3, dual_company=True, rehired=True)
    rows = world.rows(f"{PEOPLE}/employment-details")
    changes = world.rows(f"{PEOPLE}/employee-changes")

    assert [row["isHomeCompany"] for row in rows] == [True, True, True, False]
    assert rows[0]["employeeID"] == rows[3]["employeeID"]
    assert [row["employeeStatus"] for row in changes if row["employeeNumber"] == "000000002"] == ["T", "A"]
    assert len(world.rows("/configuration/v1/company-details")) == 2


def test_changes_come_200_a_page_with_us_dates_and_empty_text():
    """Nothing is null there, whatever is asked for."""
    world = UkgWorld()
    rows = world.rows(f"{PEOPLE}/employee-changes?per_page=10000")

    assert len(rows) == 200
    assert len(world.rows(f"{PEOPLE}/employee-changes?page=2")) == 40
    assert None not in rows[0].values()
    assert rows[0]["terminationDate"] == ""
    assert rows[0]["hireDate"].endswith(" 12:00:00 AM")


def test_a_change_is_found_in_its_window_and_in_the_audit():
    """Windows are three hours; the person's own address looks back one of them."""
    world = UkgWorld(workers=3)
    world.vendor.control("change_employee", {"employee": "W00002", "last_name": "Moss"})
    span = "startDate=2026-07-10T12:30:00&endDate=2026-07-10T13:00:00"
    found = world.rows(f"{PEOPLE}/employee-changes?{span}")

    assert [row["lastName"] for row in found] == ["Moss"]
    assert (
        world.rows(f"{PEOPLE}/employee-changes?startDate=2026-07-09T00:00:00&endDate=2026-07-09T03:00:00")
        == []
    )
    assert len(world.rows(f"{PEOPLE}/employee-changes/{found[0]['employeeId']}")) == 1
    audit = world.rows(
        f"{PEOPLE}/audit-details?startDateTime=2026-07-01T00:00:00&endDateTime=2026-08-01T00:00:00&tableName=EmpPers&fieldName=nameLast"
    )
    assert [row["audNewValue"] for row in audit] == ["Moss"]
    assert world.get(f"{PEOPLE}/audit-details?tableName=EmpPers").status_code == 400
    assert world.get(f"{PEOPLE}/employee-changes?startDate=2026-07-09T00:00:00").status_code == 400
    assert world.get(f"{PEOPLE}/employee-changes?startDate=soon&endDate=later").status_code == 400


def test_a_moved_employee_shows_in_the_business_structure():
    """Ids only."""
    world = UkgWorld()
    made = world.vendor.control("change_employee", {"employee": "W00002", "department": "BOSFIN"})
    path = f"{PEOPLE}/integration/kronos/business-structure-status"
    since = f"{path}?modifiedAfterDateTime=2026-07-01T00:00:00"

    assert [made["employee_id"]] == world.rows(f"{since}&companyId=6Y4NV")
    assert [made["employee_id"]] == world.rows(f"{since}&companyId=*&effectiveDate=2026-07-10")
    assert world.rows(f"{since}&companyId=8K2PD") == []
    assert world.rows(f"{since}&companyId=6Y4NV&employeeId=NOBODY") == []
    assert world.rows(f"{since}&companyId=6Y4NV&effectiveDate=2026-07-09") == []
    assert world.rows(f"{path}?modifiedAfterDateTime=2026-08-01T00:00:00&companyId=6Y4NV") == []
    assert [world.get(since).status_code, world.get(f"{path}?companyId=6Y4NV").status_code] == [400, 400]


def test_a_rehire_moves_the_last_hire_and_leaves_two_snapshots():
    """The first hire stays; the employment that ended is a row of its own in the changes."""
    world = UkgWorld(workers=3)
    world.vendor.control("change_employee", {"employee": "W00002", "status": "T", "date": "2026-06-30"})
    gone = world.rows(f"{PEOPLE}/employment-details")[1]
    world.vendor.control("change_employee", {"employee": "W00002", "status": "A"})
    back = world.rows(f"{PEOPLE}/employment-details")[1]
    rows = world.rows(f"{PEOPLE}/employee-changes/{back['employeeID']}")

    assert (gone["employeeStatusCode"], gone["dateOfTermination"]) == ("T", "2026-06-30T00:00:00")
    assert (back["employeeStatusCode"], back["dateOfTermination"]) == ("A", None)
    assert back["lastHireDate"] == back["statusStartDate"] == "2026-07-10T00:00:00"
    assert back["originalHireDate"] == gone["originalHireDate"] == gone["lastHireDate"]
    assert [(row["employeeStatus"], row["terminationDate"]) for row in rows] == [
        ("T", "6/30/2026 12:00:00 AM"),
        ("A", ""),
    ]
    assert [row["dateOfLastHire"] for row in rows][1] == "7/10/2026 12:00:00 AM"


def test_job_history_tells_the_placement_of_a_day():
    """Each change begins a row; the row before keeps the old department."""
    world = UkgWorld(workers=240)
    number = world.rows(f"{PEOPLE}/employment-details")[1]
    before = number["orgLevel1Code"]
    wish = {"employee": "W00002", "department": "BOSFIN", "date": "2026-07-01"}
    world.vendor.control("change_employee", wish)
    rows = world.rows(f"{PEOPLE}/employee-job-history-details?employeeId={number['employeeID']}")

    assert [(row["orgLevel1Code"], row["isOrgchange"]) for row in rows] == [(before, False), ("BOSFIN", True)]
    assert [row["jobEffectiveDate"] for row in rows] == [number["originalHireDate"], "2026-07-01T00:00:00"]
    assert len({row["systemId"] for row in rows}) == 2
    assert rows[1] == world.rows(f"{PEOPLE}/employee-job-history-details/{rows[1]['systemId']}")
    later = f"{PEOPLE}/employee-job-history-details?jobEffectiveDate=%3E06-30-2026"
    assert [row["orgLevel1Code"] for row in world.rows(later)] == ["BOSFIN"]


def test_a_change_tomorrow_is_not_made_today():
    """The screen dates changes; one for a day that has not come waits for it."""
    world = UkgWorld(workers=3)
    world.vendor.control("change_employee", {"employee": "W00002", "status": "T", "date": "2026-07-11"})
    assert "A" == world.rows(f"{PEOPLE}/employment-details")[1]["employeeStatusCode"]

    world.clock.advance(timedelta(days=1).total_seconds())
    assert "T" == world.rows(f"{PEOPLE}/employment-details")[1]["employeeStatusCode"]


def test_a_new_name_is_the_persons_in_every_company():
    """A department and a status are of one employment, a name is not."""
    world = UkgWorld(workers=3, dual_company=True)
    world.vendor.control("change_employee", {"employee": "W00001", "last_name": "Moss"})
    world.vendor.control("change_employee", {"employee": "W00001", "company": "HTC02", "status": "L"})
    people = [row for row in world.rows(f"{PEOPLE}/person-details") if row["lastName"] == "Moss"]
    rows = world.rows(f"{PEOPLE}/employment-details?employeeId={people[0]['employeeId']}")

    assert len(people) == 2
    assert people[0]["emailAddress"] == people[1]["emailAddress"]
    assert [row["employeeStatusCode"] for row in rows] == ["A", "L"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"department": "BOSFIN"}, ["EmployeeOrgLevelChangeEvent"]),
        ({"last_name": "Moss"}, ["EmployeePersonNameChangeEvent"]),
        ({"status": "T"}, ["EmployeeTerminationEvent"]),
        ({"status": "L"}, ["EmployeeStatusChangeEvent"]),
        (
            {"status": "L", "department": "BOSFIN"},
            ["EmployeeStatusChangeEvent", "EmployeeOrgLevelChangeEvent"],
        ),
    ],
)
def test_each_kind_of_change_is_an_event_of_its_own(change, expected):
    """Names that no public material confirms are switches."""
    world = UkgWorld()
    made = world.vendor.control("change_employee", {"employee": "W00002", **change})
    assert [event["EventType"] for event in made["events"]] == expected

    world.vendor.switches.set({"event_rehire": "Back"})
    world.vendor.control("change_employee", {"employee": "W00003", "status": "T"})
    back = world.vendor.control("change_employee", {"employee": "W00003", "status": "A"})
    assert back["event"]["EventType"] == "Back"


def test_a_second_sweep_within_three_hours_is_429():
    """The pages of one sweep are free; profile `fast` has no guard."""
    world = UkgWorld(profile="vendor", workers=3)
    path = f"{PEOPLE}/employee-changes"

    assert [world.get(f"{path}?page={page}").status_code for page in (1, 2, 1)] == [200, 200, 429]
    world.clock.advance(timedelta(hours=3).total_seconds())
    assert world.get(path).status_code == 200


def test_the_delta_endpoint_can_stand_elsewhere():
    """A path of the brief's, by switch, also while it runs."""
    world = UkgWorld(workers=3)
    world.vendor.switches.set({"changes_path": "/personnel/v1/employees/changed"})

    assert len(world.rows("/personnel/v1/employees/changed")) == 3
    assert world.get(f"{PEOPLE}/employee-changes").status_code == 404


def test_ids_are_looked_up_in_the_order_asked():
    """207 with one answer each; the home company comes first."""
    world = UkgWorld(workers=3, dual_company=True)
    email = world.rows(f"{PEOPLE}/person-details")[0]["emailAddress"]
    asked = [
        {"employeeIdentifierType": "EmailAddress", "employeeIdentifierValue": email},
        {"employeeIdentifierType": "EmployeeNumber", "employeeIdentifierValue": "999"},
    ]
    answer = world.call("POST", f"{PEOPLE}/employee-ids", body=asked)

    assert answer.status_code == 207
    assert answer.json()[0]["multistatus"][0]["body"]["coid"] == ["6Y4NV", "8K2PD"]
    assert [item["errorCount"] for item in answer.json()] == [0, 1]
    assert world.call("POST", f"{PEOPLE}/employee-ids", body={"no": "list"}).status_code == 400


def test_org_levels_are_unpaged_and_cover_every_department_of_a_run():
    """Level and code are the key; names are cut at 25 characters."""
    world = UkgWorld()
    levels = world.rows("/configuration/v1/org-levels?per_page=1")
    departments = {row["code"] for row in levels if row["level"] == 1}

    assert departments == {row["orgLevel1"] for row in world.rows("/payroll/v2/general-ledger")}
    assert max(len(row["description"]) for row in levels) <= 25
    assert world.rows("/configuration/v1/org-levels/1/BOSFIN")["code"] == "BOSFIN"
    assert world.get("/configuration/v1/org-levels/2/BOSFIN").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "v1/locations",
        "v1/jobs",
        "v2/jobs",
        "v2/jobs/CLERK",
        "v1/positions",
        "v1/earnings",
        "v1/earnings/OT",
        "v1/tax-groups",
        "v1/code-tables/project",
    ],
)
def test_configuration_answers(path):
    """Each has rows."""
    assert UkgWorld(workers=3).rows(f"/configuration/{path}")


def test_the_register_ties_to_earnings_and_deductions():
    """Check by check; amounts are exact."""
    world = UkgWorld(workers=20)
    checks = {row["checkId"]: row for row in world.rows("/payroll/v1/pay-register")}
    earned: dict[str, Decimal] = dict.fromkeys(checks, Decimal(0))
    for row in world.rows("/payroll/v1/earnings-history-base-elements"):
        earned[row["genNumber"]] += row["currentAmount"]
    deducted = {
        row["checkId"]: row["employeeCurrentAmount"]
        for row in world.rows("/payroll/v1/payroll-deductions-history")
    }

    assert {name: row["totalEarningsAmount"] for name, row in checks.items()} == earned
    assert {name: row["totalDeductionAmount"] for name, row in checks.items()} == deducted
    for row in checks.values():
        assert (
            row["netAmount"]
            == row["totalEarningsAmount"] - row["totalDeductionAmount"] - row["totalTaxAmount"]
        )


def test_checks_are_found_by_period_and_pay_date():
    """An ISO date is an equality; a range of period controls is a range."""
    world = UkgWorld(workers=2, runs=3)
    path = "/payroll/v1/pay-register"

    assert len(world.rows(path)) == 6
    assert len(world.rows(f"{path}?payDate=2026-07-03T00:00:00")) == 2
    assert len(world.rows(f"{path}?periodEndDate=2026-06-12")) == 2
    assert len(world.rows(f"{path}?periodControl=202606191")) == 2
    assert len(world.rows("/payroll/v1/payroll-deductions-history?startPerControl=202606191")) == 4
    assert (
        len(world.rows("/payroll/v1/paygroup-payperiods?periodEndDate=2026-06-26T00:00:00&payGroup=BIWEEK"))
        == 1
    )


def test_pay_statements_take_their_page_in_the_body():
    """Names run together in lower case; private data is there to be dropped."""
    world = UkgWorld(workers=3)
    wish = {
        "companyId": "6Y4NV",
        "startDate": "2026-07-01",
        "endDate": "2026-07-31",
        "page": 2,
        "per_Page": 2,
    }
    answer = world.call("POST", "/payroll/v1/companies/pay-statements-summary", body=wish)

    assert len(answer.json()) == 1
    assert {"grosswagescurrent", "netpaycurrent", "ssn"} <= set(answer.json()[0])
    assert world.call("POST", "/payroll/v1/companies/pay-statements-summary", body={}).status_code == 400
