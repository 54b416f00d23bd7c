"""Dimension values and people at Dynamics 365: what may be written, in which company, and who is told."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.sandbox.dynamics_fo_world import CROSS, DynamicsWorld

from ml_connector_sandbox.core.registry import load_scenario, open_system

VALUES = "FinancialDimensionValues"


@pytest.fixture
def world() -> DynamicsWorld:
    return DynamicsWorld()


def key(code: str, dimension: str = "Project", company: str = "") -> str:
    return f"{VALUES}(FinancialDimension='{dimension}',LegalEntityId='{company}',DimensionValue='{code}')"


def new(world: DynamicsWorld, code: str = "W1", **fields: Any) -> Any:
    body = {"FinancialDimension": "Project", "DimensionValue": code, "Description": "Kari Lund", **fields}
    return world.post(VALUES, body)


def line(world: DynamicsWorld, project: str, company: str = "usmf") -> Any:
    """A line on that project; it is not posted."""
    made = world.post("LedgerJournalHeaders", {"dataAreaId": company, "JournalName": "PAYROLL"}).json()
    fields = {"dataAreaId": company, "TransDate": "2026-07-10"}
    return world.add(made["JournalBatchNumber"], f"601100--AKRASM--{project}", "1.00", **fields)


def test_a_value_is_made_changed_closed_and_opened_under_its_etag(world: DynamicsWorld) -> None:
    """Its code stays; a stale tag is refused, and the tag of a fresh read is not."""
    made = new(world, ActiveFrom="2026-07-01T12:00:00Z")
    assert (201, "No") == (made.status_code, made.json()["IsSuspended"])
    etag = world.get(key("W1")).json()["@odata.etag"]
    assert 204 == world.patch(key("W1"), {"Description": "Kari Moe"}, **{"If-Match": etag}).status_code
    late = world.patch(key("W1"), {"ActiveTo": "2026-07-31T12:00:00Z"}, **{"If-Match": etag})
    assert 412 == late.status_code
    fresh = world.get(key("W1")).json()["@odata.etag"]
    body = {"ActiveTo": "2026-07-09T12:00:00Z", "IsSuspended": "No"}
    assert 204 == world.patch(key("W1"), body, **{"If-Match": fresh}).status_code
    assert "W1 isn't active" in world.refusal(line(world, "W1"))
    assert 204 == world.patch(key("W1"), {"ActiveTo": "1900-01-01T00:00:00Z"}).status_code
    assert line(world, "W1").is_success
    assert 403 == world.patch(key("W1"), {"DimensionValue": "W2"}).status_code
    assert "Kari Moe" == world.get(key("W1")).json()["Description"]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"DimensionValue": "P0001"}, "already exists"),
        ({"DimensionValue": "p0001"}, "already exists"),
        ({"FinancialDimension": "CostCenter"}, "come from CostCenters"),
        ({"FinancialDimension": "Moon"}, "not found"),
        ({"LegalEntityId": "none"}, "not found"),
        ({"ActiveFrom": "2026-08-01T12:00:00Z", "ActiveTo": "2026-07-01T12:00:00Z"}, "before"),
    ],
)
def test_what_a_value_must_be(world: DynamicsWorld, fields: dict[str, Any], text: str) -> None:
    assert text in world.refusal(new(world, **fields))


def test_a_mask_is_kept(world: DynamicsWorld) -> None:
    """Digits, letters and itself; an administrator may set another at any time."""
    world.control("set_dimension_mask", dimension="Project", mask="&-##")
    assert [201, 400, 400, 400] == [new(world, code).status_code for code in ("W-01", "1-01", "W-1", "W.01")]
    world.control("set_dimension_mask", dimension="Project", mask="")
    assert 201 == new(world, "W-1").status_code


def test_a_value_is_suspended_in_one_company_alone(world: DynamicsWorld) -> None:
    """By a row of that company, or at the screen by naming it; days of its own replace the shared ones."""
    new(world).raise_for_status()
    new(world, LegalEntityId="dat", IsSuspended="Yes").raise_for_status()
    assert line(world, "W1").is_success
    assert "W1 is suspended" in world.refusal(line(world, "W1", "dat"))
    world.control("activate_dimension_value", dimension="Project", code="W1", company="dat")
    assert line(world, "W1", "dat").is_success
    world.control("date_dimension_value", dimension="Project", code="W1", company="dat", to="2026-06-30")
    assert (True, False) == (line(world, "W1").is_success, line(world, "W1", "dat").is_success)
    world.control("suspend_dimension_value", dimension="Project", code="W1")
    assert "W1 is suspended" in world.refusal(line(world, "W1"))
    rows = world.rows(f"{VALUES}?$filter=DimensionValue eq 'W1'")
    assert ["", "dat"] == sorted(row["LegalEntityId"] for row in rows)


def test_a_used_value_cannot_be_deleted_whatever_became_of_the_line(world: DynamicsWorld) -> None:
    """One in a draft that is gone counts; one that was never used goes, and can be made again."""
    for code in ("W1", "W2"):
        new(world, code).raise_for_status()
    line(world, "W1").raise_for_status()
    world.control("delete")
    assert "used in a dimension combination" in world.refusal(world.client.delete(f"/data/{key('W1')}"))
    refused = {"dimension": "Project", "code": "W1"}
    assert 400 == world.client.post("/__sandbox__/control/remove_dimension_value", json=refused).status_code
    assert 204 == world.client.delete(f"/data/{key('W2')}").status_code
    assert (404, 201) == (world.get(key("W2")).status_code, new(world, "W2").status_code)
    world.control("remove_dimension_value", force=True, **refused)
    assert 404 == world.get(key("W1")).status_code


def test_a_value_that_stands_for_another_record_is_renamed_there(world: DynamicsWorld) -> None:
    """It can be suspended as a value, not renamed or deleted; the screen renames both."""
    center = key("AKRASM", "CostCenter")
    assert "come from CostCenters" in world.refusal(world.patch(center, {"Description": "x"}))
    assert "come from CostCenters" in world.refusal(world.client.delete(f"/data/{center}"))
    assert 204 == world.patch(center, {"IsSuspended": "Yes"}).status_code
    world.control("rename_dimension_value", dimension="CostCenter", code="AKRASM", name="Assembly Akron")
    assert "Assembly Akron" == world.get(center).json()["Description"]
    assert ["Assembly Akron"] == [
        row["Name"] for row in world.rows("CostCenters?$filter=OperatingUnitNumber eq 'AKRASM'")
    ]


def test_a_new_text_shows_when_the_job_is_done() -> None:
    """Until then the old one is read; the last of two renamings wins."""
    world = DynamicsWorld(rename_seconds=600)
    world.patch(key("P0001"), {"Description": "First"}).raise_for_status()
    world.patch(key("P0001"), {"Description": "Second"}).raise_for_status()
    old = world.get(key("P0001")).json()["Description"]
    world.clock.advance(600)
    assert ("Project 1", "Second") == (old, world.get(key("P0001")).json()["Description"])
    assert [] == world.rows(f"{VALUES}?$filter=Description eq 'Project 1'")


def test_a_value_is_recoded_by_hand(world: DynamicsWorld) -> None:
    """The old code is unknown from then on; what was booked on it shows the new one."""
    made = line(world, "P0001").json()
    world.control("rename_dimension_value", dimension="Project", code="P0001", to="P1001")
    [row] = world.lines(made["JournalBatchNumber"])
    assert row["AccountDisplayValue"].endswith("-P1001")
    assert "no record exists" in world.refusal(line(world, "P0001"))
    assert (404, 200) == (world.get(key("P0001")).status_code, world.get(key("P1001")).status_code)
    assert 400 == world.client.delete(f"/data/{key('P1001')}").status_code


def test_what_is_out_of_sight_is_there_all_the_same() -> None:
    """A role hides a value; one that stands for another record is listed once it is used."""
    world = DynamicsWorld(unused_backed_values="hide")
    world.control("conceal_dimension_value", dimension="Project", code="P0001")
    assert (404, True) == (world.get(key("P0001")).status_code, line(world, "P0001").is_success)
    assert "already exists" in world.refusal(new(world, "P0001"))
    world.control("reveal_dimension_value", dimension="Project", code="P0001")
    assert 200 == world.get(key("P0001")).status_code

    listed = {row["DimensionValue"] for row in world.rows(VALUES)}
    assert ("AKRASM" in listed, "HOLEG" in listed, "P0002" in listed) == (True, False, True)


@pytest.mark.parametrize(("switch", "status"), [("refuse", 400), ("accept", 201)])
def test_dimensions_of_people_are_judged_in_their_company(switch: str, status: int) -> None:
    """Good in the old company, refused in the new one; without them the move is done."""
    world = DynamicsWorld(default_dimension_check=switch)
    world.control("suspend_dimension_value", dimension="CostCenter", code="AKRASM", company="dat")
    body = {
        "PersonnelNumber": "W00001",
        "LegalEntityId": "dat",
        "EmploymentStartDate": "2026-08-01T04:00:00Z",
    }
    assert status == world.post("EmploymentsV2", {**body, "DimensionDisplayValue": "-AKRASM"}).status_code
    if switch == "accept":
        return
    moved = world.post("EmploymentsV2", body).raise_for_status().json()
    row = (
        f"EmploymentsV2(PersonnelNumber='W00001',LegalEntityId='dat',EmploymentId='{moved['EmploymentId']}')"
    )
    assert "AKRASM is suspended" in world.refusal(
        world.patch(f"{row}?{CROSS}", {"DimensionDisplayValue": "-AKRASM"})
    )
    assert 204 == world.patch(f"{row}?{CROSS}", {"DimensionDisplayValue": "-HOLEG"}).status_code


def test_an_employment_is_ended_opened_and_never_overlaps(world: DynamicsWorld) -> None:
    """By its id; the older sets have the end in their key and follow."""
    [held] = world.rows(f"EmploymentsV2?{CROSS}&$filter=PersonnelNumber eq 'W00001'")
    row = (
        f"EmploymentsV2(PersonnelNumber='W00001',LegalEntityId='{held['LegalEntityId']}',"
        f"EmploymentId='{held['EmploymentId']}')?{CROSS}"
    )
    etag = world.get(row).json()["@odata.etag"]
    body = {"EmploymentEndDate": "2026-06-30T03:59:59Z"}
    assert [204, 412] == [world.patch(row, body, **{"If-Match": etag}).status_code for _ in range(2)]
    assert {"2026-06-30T03:59:59Z"} == {
        rows["EmploymentEndDate"]
        for name in ("Employments", "EmploymentDetails", "Employees")
        for rows in world.rows(f"{name}?{CROSS}&$filter=PersonnelNumber eq 'W00001'")
    }
    assert "before" in world.refusal(world.patch(row, {"EmploymentEndDate": "1999-01-01T00:00:00Z"}))
    again = {"PersonnelNumber": "W00001", "LegalEntityId": held["LegalEntityId"]}
    world.post("EmploymentsV2", {**again, "EmploymentStartDate": "2026-07-01T04:00:00Z"}).raise_for_status()
    opened = world.patch(row, {"EmploymentEndDate": "2154-12-31T23:59:59Z"})
    assert "overlaps" in world.refusal(opened)


def test_people_are_entered_by_hand(world: DynamicsWorld) -> None:
    """Hire, change, end, rehire, a second company; what stands against it is said."""
    world.control(
        "put_worker",
        number="W9",
        first_name="Ada",
        last_name="Moss",
        company="usmf",
        start="2026-01-01T05:00:00Z",
        dimensions="-AKRASM",
    )
    world.control("put_worker", number="W9", company="usmf", last_name="Berg", dimensions="-HOLEG")
    world.control("put_worker", number="W9", company="usmf", end="2026-06-30T03:59:59Z")
    world.control("put_worker", number="W9", company="usmf", start="2026-07-01T04:00:00Z")
    world.control("put_worker", number="W9", company="dat", start="2026-07-01T04:00:00Z")
    rows = world.rows(f"Employees?{CROSS}&$filter=PersonnelNumber eq 'W9'")
    assert [("usmf", "Ada Berg"), ("usmf", "Ada Berg"), ("dat", "Ada Berg")] == [
        (row["EmploymentLegalEntityId"], row["Name"]) for row in rows
    ]
    for wrong in (
        {"number": "W9", "company": "usmf", "start": "2026-07-02T04:00:00Z"},
        {"number": "W10"},
        {"number": "W9", "company": "none"},
        {"number": "W9", "start": "some day"},
    ):
        answer = world.client.post("/__sandbox__/control/put_worker", json=wrong)
        assert answer.status_code in {400, 404}, wrong
    assert len(rows) == len(world.rows(f"Employees?{CROSS}&$filter=PersonnelNumber eq 'W9'"))


def test_a_change_of_a_row_raises_a_data_event_whoever_makes_it(world: DynamicsWorld) -> None:
    """By the API and at the screen; not for what was refused, nor for a row that reads as before."""
    arrived: list[dict[str, Any]] = []
    world.vendor.webhooks.outbox.background = False
    world.vendor.webhooks.outbox.send = lambda url, body, headers: arrived.append(json.loads(body)) or 200
    world.control("activate_data_event", set=VALUES, url="http://127.0.0.1:9/")
    arrived.clear()

    new(world).raise_for_status()
    assert new(world).status_code == 400
    world.patch(key("W1"), {"Description": "Kari Moe"}).raise_for_status()
    world.patch(key("W1"), {"Description": "Kari Moe"}).raise_for_status()
    world.control("suspend_dimension_value", dimension="Project", code="W1")
    world.client.delete(f"/data/{key('W1')}").raise_for_status()
    line(world, "P0001").raise_for_status()

    assert ["Create", "Update", "Update", "Delete"] == [event["MessageName"] for event in arrived]
    assert {"mserp_financialdimensionvalueentity"} == {event["PrimaryEntityName"] for event in arrived}
    assert 1 == len({event["PrimaryEntityId"] for event in arrived})
    images = [
        {pair["key"]: pair["value"] for pair in event["PreEntityImages"][0]["value"]["Attributes"]}
        for event in arrived[1:]
    ]
    assert ["Kari Lund", "Kari Moe", "Kari Moe"] == [image["mserp_description"] for image in images]
    assert "mserp_activefrom" not in images[0]
    assert 4 == len([sent for sent in world.control("events")["sent"] if sent["status"] == 200])
    world.client.post("/__sandbox__/reset")
    assert [] == world.control("events")["data_endpoints"]


@pytest.mark.parametrize(
    ("switch", "shown"),
    [("none", []), ("bi", ["GeneralJournalAccountEntryBiEntities", "GeneralJournalEntryBiEntities"])],
)
def test_posted_entries_are_published_as_the_switch_says(switch: str, shown: list[str]) -> None:
    """Listed, described and read, or none of it; an extension publishes a third set beside the two."""
    names = (
        "GeneralJournalAccountEntries",
        "GeneralJournalAccountEntryBiEntities",
        "GeneralJournalEntryBiEntities",
    )
    for chosen, expected in ((switch, shown), ("published", list(names))):
        world = DynamicsWorld(gl_sets=chosen)
        listed = [row["name"] for row in world.client.get("/data").json()["value"]]
        described = world.client.get("/data/$metadata").text
        assert expected == [name for name in names if name in listed]
        assert expected == [name for name in names if f'EntitySet Name="{name}"' in described]
        assert expected == [name for name in names if world.get(f"{name}?$top=1").status_code == 200]


def test_where_workers_are_a_dimension_they_are_booked_on_and_kept_as_default() -> None:
    """The list is empty at the start; everybody on the payroll has an employment from the day of the hire."""
    world = DynamicsWorld(scenario="worker_dimension")
    assert [] == world.rows(f"{VALUES}?$filter=FinancialDimension eq 'Worker'")
    [row] = world.rows(f"EmploymentsV2?{CROSS}&$filter=PersonnelNumber eq '000000001'")
    person = open_system("ukg_pro", scenario="worker_dimension").vendor._tenant.book.people[0]
    start = datetime.fromisoformat(row["EmploymentStartDate"]).astimezone(ZoneInfo("America/New_York"))
    assert (person.hired, 0, f"-{person.department}") == (
        start.date(),
        start.hour,
        row["DimensionDisplayValue"],
    )
    assert 600 == world.get(f"Workers/$count?{CROSS}").json()

    body = {"FinancialDimension": "Worker", "DimensionValue": "000000001", "Description": "x"}
    world.post(VALUES, body).raise_for_status()
    default = f"-{person.department}---000000001"
    at = (
        f"EmploymentsV2(PersonnelNumber='000000001',LegalEntityId='{row['LegalEntityId']}',"
        f"EmploymentId='{row['EmploymentId']}')?{CROSS}"
    )
    assert 204 == world.patch(at, {"DimensionDisplayValue": default}).status_code
    assert default == world.get(at).json()["DimensionDisplayValue"]
    made = world.journal()
    assert world.add(made, f"601100--{person.department}---000000001", "1.00").is_success
    world.client.patch(f"/data/{key('000000001', 'Worker')}", json={"IsSuspended": "Yes"}).raise_for_status()
    refused = world.add(made, f"601100--{person.department}---000000001", "1.00")
    assert "000000001 is suspended" in world.refusal(refused)


def test_a_dimension_of_workers_follows_the_workers() -> None:
    """Where it stands for the workers there are: made by a hire, renamed with the worker, not by itself."""
    data = load_scenario("worker_dimension").ledger_dynamics_fo(None, 1)
    data["dimensions"][-1]["values_from"] = "Workers"
    data["workers"] = data["workers"][:2]
    world = DynamicsWorld(scenario=data)
    assert "come from Workers" in world.refusal(new(world, FinancialDimension="Worker"))
    hired = {"PersonnelNumber": "W9", "FirstName": "Ada", "LastName": "Moss"}
    world.post("EmployeesV2", hired).raise_for_status()
    world.patch("Workers('W9')", {"LastName": "Berg"}).raise_for_status()
    rows = world.rows(f"{VALUES}?$filter=FinancialDimension eq 'Worker'")
    assert [("000000001",), ("000000002",), ("W9",)] == [(row["DimensionValue"],) for row in rows]
    assert "Ada Berg" == rows[-1]["Description"]


def test_nobody_is_told_any_more_once_events_are_taken_back(world: DynamicsWorld) -> None:
    arrived: list[bytes] = []
    world.vendor.webhooks.outbox.background = False
    world.vendor.webhooks.outbox.send = lambda url, body, headers: arrived.append(body) or 200
    world.control("activate_data_event", set=VALUES, url="http://127.0.0.1:9/")
    world.control("deactivate_events", url="http://127.0.0.1:9/")
    new(world).raise_for_status()
    gone = world.client.post("/__sandbox__/control/deactivate_events", json={"url": "http://127.0.0.1:9/"})
    assert (1, 404) == (len(arrived), gone.status_code)


def test_a_total_takes_no_posting(world: DynamicsWorld) -> None:
    """It looks like a code; neither a line nor a default of people can be on it."""
    new(world, IsTotal="Yes").raise_for_status()
    assert "W1 is a total" in world.refusal(line(world, "W1"))


@pytest.mark.parametrize(
    ("switch", "expected"), [("keep", " Müller  GmbH "), ("trim", "Müller  GmbH"), ("fold", "Müller GmbH")]
)
def test_blanks_of_a_text_are_kept_or_not(switch: str, expected: str) -> None:
    """When it is made and when it is changed."""
    world = DynamicsWorld(text_spaces=switch)
    assert expected == new(world, Description=" Müller  GmbH ").json()["Description"]
    world.patch(key("P0001"), {"Description": " Müller  GmbH "}).raise_for_status()
    assert expected == world.get(key("P0001")).json()["Description"]
