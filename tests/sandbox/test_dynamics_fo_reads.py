"""What the simulated Dynamics 365 shows: companies, filters, pages, dates, its own description, dimensions
and people.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from tests.sandbox.dynamics_fo_world import CROSS, ENUM, HOST, DynamicsWorld

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.systems import dynamics_fo
from ml_connector_sandbox.systems.dynamics_fo.dimensions import join, split
from ml_connector_sandbox.systems.dynamics_fo.schema import entities
from ml_connector_sandbox.systems.dynamics_fo.screen import ACTIONS
from ml_connector_sandbox.systems.dynamics_fo.switches import SWITCHES

README = (Path(str(dynamics_fo.__file__)).parent / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def world() -> DynamicsWorld:
    return DynamicsWorld()


def test_without_cross_company_another_company_is_not_there(world: DynamicsWorld):
    """The user's own company is `dat`: lists are empty, keys unknown, changes find nothing to change."""
    journal = world.wages()

    assert world.rows("LedgerJournalHeaders") == []
    assert world.get(world.key(journal)).status_code == 404
    assert "No resources were found when selecting for update." in world.refusal(
        world.patch(world.key(journal), {"Description": "x"})
    )
    assert len(world.rows(f"LedgerJournalHeaders?{CROSS}&$filter=dataAreaId eq 'USMF'")) == 1
    assert len(DynamicsWorld(default_company="usmf").rows("JournalNames?$filter=Name eq 'PAYROLL'")) == 1


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        (f"Type eq {ENUM}LedgerJournalType'Payment'", ["VendPay"]),
        (
            f"IsWorkflowApprovalActive eq {ENUM}NoYes'Yes' and Type eq {ENUM}LedgerJournalType'Daily'",
            ["APPROVE"],
        ),
        ("Name eq 'GENJRN'", ["GenJrn"]),
        ("Name eq '*Pay'", ["CustPay", "VendPay"]),
        ("not (Name ne 'MANUAL')", ["MANUAL"]),
        ("contains(Description,'approval') or startswith(Description,'Periodic')", ["APPROVE", "PERIODIC"]),
        ("PostingLineLimit gt 0", []),
    ],
)
def test_filters_are_understood(world: DynamicsWorld, condition: str, names: list[str]):
    """Enum literals, wildcards, and text without regard to case."""
    rows = world.rows(f"JournalNames?{CROSS}&$filter=dataAreaId eq 'usmf' and ({condition})&$orderby=Name")
    assert [row["Name"] for row in rows] == names


@pytest.mark.parametrize(
    "query",
    [
        "$filter=Type eq 'Daily'",
        "$filter=Type eq Microsoft.Dynamics.DataEntities.LedgerJournalType'Nothing'",
        f"$filter=Type gt {ENUM}LedgerJournalType'Daily'",
        "$filter=Nothing eq 'x'",
        "$filter=Name in ('a')",
        "$filter=Name",
        "$filter=((((",
        "$filter=" + "(" * 3_000,
        "$apply=x",
        "$top=-1",
        "$select=Nothing",
        "$orderby=Nothing",
        "$expand=Nothing",
        "$filter=contains(Name,5)",
    ],
)
def test_what_the_dialect_does_not_know_is_a_400(world: DynamicsWorld, query: str):
    """In the vendor's error body: no code, the text inside."""
    answer = world.get(f"JournalNames?{CROSS}&{query}")
    assert answer.status_code == 400
    assert (answer.json()["error"]["code"], answer.json()["error"]["message"]) == (
        "",
        "An error has occurred.",
    )


def test_substring_functions_can_be_missing():
    """On some sets they give a bare 400."""
    assert (
        DynamicsWorld(substring_functions=False).get("Currencies?$filter=contains(Name,'x')").status_code
        == 400
    )


def test_days_stand_at_noon(world: DynamicsWorld):
    """Midnight finds nothing; a range does. What was never set is a day in 1900."""
    journal = world.wages()
    base = f"LedgerJournalLines?{CROSS}&$filter=JournalBatchNumber eq '{journal}' and "

    assert world.rows(base + "TransDate eq 2026-07-10T00:00:00Z") == []
    assert (
        len(world.rows(base + "TransDate ge 2026-07-10T00:00:00Z and TransDate lt 2026-07-11T00:00:00Z")) == 2
    )
    assert len(world.rows(base + "TransDate eq 2026-07-10T12:00:00Z")) == 2
    assert {row["DueDate"] for row in world.lines(journal)} == {"1900-01-01T12:00:00Z"}


def test_pages_follow_links_until_the_end():
    """The link may name another host, and says where to go on in one of two ways."""
    world = DynamicsWorld(page_rows_max=50, next_link="skip", next_link_host="http://internal.test")
    path, numbers = (
        f"MainAccounts?$filter=ChartOfAccounts eq 'Shared'&$select=MainAccountId&{CROSS}&$count=true",
        [],
    )
    first = world.get(path).json()
    page = first
    while True:
        numbers += [row["MainAccountId"] for row in page["value"]]
        if "@odata.nextLink" not in page:
            break
        assert page["@odata.nextLink"].startswith("http://internal.test/data/MainAccounts?")
        page = world.get(page["@odata.nextLink"].partition("/data/")[2]).json()

    assert first["@odata.count"] == len(numbers) == len(set(numbers)) > 100
    assert first["@odata.context"] == f"{HOST}/data/$metadata#MainAccounts(MainAccountId)"
    assert world.get("MainAccounts/$count").text == str(len(numbers))
    assert "@odata.nextLink" not in DynamicsWorld().get("MainAccounts?$top=3").json()


def test_rows_begin_with_etag_and_key(world: DynamicsWorld):
    """In the set's own order."""
    row = world.get("MainAccounts?$top=1").json()["value"][0]
    assert list(row)[:3] == ["@odata.etag", "ChartOfAccounts", "MainAccountId"]
    assert re.fullmatch(r'W/"[A-Za-z0-9+/=]+"', row["@odata.etag"])


def test_a_key_names_all_its_parts(world: DynamicsWorld):
    """Quotes are doubled; one part too few is an error, and so is a wrong one."""
    format_type = f"DimensionFormatType={ENUM}DimensionHierarchyType'DataEntityLedgerDimensionFormat'"
    found = world.get(f"DimensionIntegrationFormats(DimensionFormatName='Integration',{format_type})").json()

    assert found["FinancialDimensionFormat"] == "MainAccount-Department-CostCenter-BusinessUnit-Project"
    assert world.get("MainAccounts(MainAccountId='601100')").status_code == 400
    assert world.get("MainAccounts(ChartOfAccounts='O''Neill',MainAccountId='1')").status_code == 404
    assert world.get("Currencies('USD')").json()["Name"] == "US Dollar"


def test_the_lines_of_a_journal_can_be_expanded(world: DynamicsWorld):
    """With the chosen fields only."""
    world.wages()
    rows = world.rows(
        f"LedgerJournalHeaders?{CROSS}&$expand=LedgerJournalLines($select=LineNumber,Voucher)&$select=JournalBatchNumber"
    )
    assert [line["LineNumber"] for line in rows[0]["LedgerJournalLines"]] == [1, 2]


def test_the_set_of_lines_shows_every_kind_of_journal(world: DynamicsWorld):
    """Payment journals too, whose headers stand elsewhere."""
    headers = {row["JournalBatchNumber"] for row in world.rows(f"LedgerJournalHeaders?{CROSS}")}
    lines = {row["JournalBatchNumber"] for row in world.rows(f"LedgerJournalLines?{CROSS}")}
    payments = {row["JournalBatchNumber"] for row in world.rows(f"VendorPaymentJournalHeaders?{CROSS}")}
    assert headers == set()
    assert payments < lines


def test_the_service_describes_itself(world: DynamicsWorld):
    """Every set of the list is in the CSDL with its key; hidden sets are in neither."""
    names = {row["name"] for row in world.rows("")}
    document = ElementTree.fromstring(world.get("$metadata").text)
    space = "{http://docs.oasis-open.org/odata/ns/edm}"
    sets = {item.get("Name") for item in document.iter(f"{space}EntitySet")}
    keys = {
        item.get("Name"): [ref.get("Name") for ref in item.iter(f"{space}PropertyRef")]
        for item in document.iter(f"{space}EntityType")
    }

    assert names == sets == set(entities()) - {"GeneralJournalAccountEntries"}
    assert keys["LedgerJournalLine"] == ["dataAreaId", "JournalBatchNumber", "LineNumber"]
    assert world.get("GeneralJournalAccountEntries").status_code == 404
    public = world.client.get("/metadata/PublicEntities('LedgerJournalHeader')").json()
    assert {row["Name"]: row["AllowEdit"] for row in public["Properties"]}["IsPosted"] is False
    assert DynamicsWorld(gl_sets="published").get("GeneralJournalAccountEntries").status_code == 200
    assert DynamicsWorld(gl_sets="none").get("GeneralJournalEntryBiEntities").status_code == 404


def test_every_set_can_be_read(world: DynamicsWorld):
    """Seeded or empty, each row has all its properties."""
    for name, entity in entities().items():
        if name != "GeneralJournalAccountEntries":
            for row in world.rows(f"{name}?{CROSS}&$top=2"):
                assert set(row) == {"@odata.etag", *entity.properties}, name


def test_posted_entries_are_read_only(world: DynamicsWorld):
    """And so is what has no write path."""
    for name in ("GeneralJournalEntryBiEntities", "MainAccounts", "JournalNames"):
        assert world.post(name, {}).status_code == 405


@pytest.mark.parametrize("text", ["a-b", "a\\b", "-", "\\", "a\\-b--", "", "plain"])
def test_escaped_values_come_back_as_they_were(text: str):
    """Whatever stands in them."""
    for between in ("-", "~", "|"):
        assert split(join([text, "x", text], between, trim=False), between) == [text, "x", text]


def test_a_dimension_value_with_the_delimiter_is_escaped(world: DynamicsWorld):
    """With a backslash in, and with a backslash out."""
    journal = world.journal()
    world.add(journal, "601100--LINE\\-7", "1").raise_for_status()
    assert world.lines(journal)[0]["AccountDisplayValue"] == "601100--LINE\\-7"
    assert world.documents()[0]["lines"][0]["dimensions"] == {"cost_center": "LINE-7"}


def test_surplus_segments_are_dropped_without_a_word(world: DynamicsWorld):
    """Missing ones are blank; four dimensions have their canonical names in the books."""
    journal = world.journal()
    for account in ("601100-010-AKRASM-001-P0001-NOBODY", "601100--AKRASM---"):
        world.add(journal, account, "1").raise_for_status()

    first, second = world.documents()[0]["lines"]
    assert first["dimensions"] == {
        "department": "010",
        "cost_center": "AKRASM",
        "business_unit": "001",
        "project": "P0001",
    }
    assert second["dimensions"] == {"cost_center": "AKRASM"}
    assert world.lines(journal)[1]["AccountDisplayValue"] == "601100--AKRASM"


def test_somebody_changes_the_format(world: DynamicsWorld):
    """What was right is read in another order now; without any format nothing can be entered."""
    journal = world.wages()
    world.control("set_dimension_format", format="MainAccount-CostCenter", name="Other")
    active = world.rows(f"DimensionIntegrationFormats?$filter=IsActive eq {ENUM}NoYes'Yes'")

    assert "MainAccount-CostCenter" in {row["FinancialDimensionFormat"] for row in active}
    assert world.lines(journal)[0]["AccountDisplayValue"] == "601100-AKRASM"
    assert "NOWHERE" in world.refusal(world.add(journal, "601100-NOWHERE-AKRASM", "1"))
    world.control("deactivate_format")
    assert "No active dimension format" in world.refusal(world.add(journal, "601100-AKRASM", "1"))


def test_another_delimiter_changes_formats_and_accounts(world: DynamicsWorld):
    """The parameter says which."""
    world.control("set_delimiter", delimiter="DoubleTilde")
    journal = world.journal()
    world.add(journal, "601100~~~~LINE-7", "1").raise_for_status()

    assert world.lines(journal)[0]["AccountDisplayValue"] == "601100~~~~LINE-7"
    assert world.rows("DimensionParameters")[0]["DimensionSegmentDelimiter"] == "DoubleTilde"


def test_the_server_builds_display_values(world: DynamicsWorld):
    """Unconfigured dimensions are skipped, values escaped."""
    body = {"_attributeNames": ["CostCenter", "Nothing"], "_attributeValues": ["LINE-7", "x"]}
    answer = world.post(f"DimensionSets/{ENUM}getSetDisplayValue", body)
    assert answer.json()["value"] == "-LINE\\-7"


def test_dimension_values_come_and_go(world: DynamicsWorld):
    """Custom lists are written over the API; those of operating units at the screen."""
    made = world.post(
        "FinancialDimensionValues",
        {"FinancialDimension": "Project", "DimensionValue": "P0100", "Description": "New"},
    )
    again = world.post(
        "FinancialDimensionValues", {"FinancialDimension": "Project", "DimensionValue": "P0100"}
    )

    assert made.status_code == 201
    assert "The record already exists" in world.refusal(again)
    assert "come from CostCenters" in world.refusal(
        world.post("FinancialDimensionValues", {"FinancialDimension": "CostCenter", "DimensionValue": "NEW"})
    )
    world.control("add_dimension_value", dimension="CostCenter", code="NEW")
    assert world.get("CostCenters('NEW')").status_code == 200
    world.control("remove_dimension_value", dimension="CostCenter", code="NEW")
    assert "no record exists" in world.refusal(world.add(world.journal(), "601100--NEW", "1"))


def test_a_worker_is_hired_moved_and_ended(world: DynamicsWorld):
    """Status follows the employments; the cost center stands in the default format."""
    body = {
        "PersonnelNumber": "W9",
        "FirstName": "Ada",
        "LastName": "Dahl",
        "EmploymentLegalEntityId": "usmf",
    }
    world.post(
        "Employees", {**body, "EmploymentStartDate": "2026-07-01", "DimensionDisplayValue": "-AKRASM"}
    ).raise_for_status()
    row = world.rows("EmploymentsV2?$filter=PersonnelNumber eq 'W9'")[0]
    path = f"EmploymentsV2(PersonnelNumber='W9',LegalEntityId='usmf',EmploymentId='{row['EmploymentId']}')"

    assert (row["DimensionDisplayValue"], row["EmploymentEndDate"]) == ("-AKRASM", "2154-12-31T23:59:59Z")
    assert "no record exists" in world.refusal(world.patch(path, {"DimensionDisplayValue": "-NOWHERE"}))
    assert world.patch(path, {"EmploymentEndDate": "2026-07-10T23:59:59Z"}).status_code == 204
    assert world.get("Workers('W9')").json()["WorkerStatus"] == "Terminated"
    refusal = world.refusal(DynamicsWorld(hr_writable=False).post("Employees", body))
    assert "read-only" in refusal


def test_a_vendor_gets_its_number_from_the_server(world: DynamicsWorld):
    """With the delimiter in it; the set names the company in capitals, others do not."""
    assert {row["dataAreaId"] for row in world.rows(f"VendorsV2?{CROSS}&$filter=dataAreaId eq 'usmf'")} == {
        "USMF"
    }
    made = world.post(
        "VendorsV2", {"dataAreaId": "usmf", "VendorOrganizationName": "Paper Ltd", "VendorGroupId": "30"}
    ).json()
    assert made["VendorAccountNumber"].startswith("USMF-")
    assert "must be filled in" in world.refusal(world.post("VendorsV2", {"dataAreaId": "usmf"}))


def test_business_events_are_sent_and_sent_again(world: DynamicsWorld):
    """A test message first; three retries; control numbers grow, with gaps; nothing leaves this machine."""
    received: list[tuple[str, dict[str, Any]]] = []
    answers = iter([200, 200, 500, 500, 200])

    def receive(url: str, body: bytes, headers: Any) -> int:
        received.append((url, json.loads(body)))
        return next(answers)

    events = world.vendor.webhooks.outbox
    assert world.client.post(
        "/__sandbox__/control/activate_event",
        json={"event": "VendorPaymentPostedBusinessEvent", "url": "http://192.0.2.1/"},
    ).status_code in (400, 404)
    events.send, events.wait, events.background = receive, lambda _: None, False
    world.control(
        "activate_event", event="VendorPaymentPostedBusinessEvent", url="http://hook.test/", entity="usmf"
    )
    for number in ("USMF-000001", "USMF-000002"):
        world.control("post_payment_journal", id=number)

    bodies = [body for _, body in received]
    assert [record["attempts"] for record in world.control("events")["sent"]] == [1, 3]
    assert bodies[1]["BusinessEventLegalEntity"] == "usmf"
    assert list(bodies[1]) == sorted(bodies[1])
    assert bodies[1]["ControlNumber"] < bodies[2]["ControlNumber"]
    assert bodies[2] == bodies[3] == bodies[4]
    assert re.fullmatch(r"/Date\(\d+\)/", bodies[1]["EventTime"])


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/data/",
        "/data/Nothing",
        "/data/LedgerJournalHeaders(",
        "/data/%ff%00",
        "/data/Currencies('USD')/x",
        "/nowhere",
        "/data/$batch",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE", "HEAD", "BREW"])
def test_odd_addresses_get_an_answer(world: DynamicsWorld, method: str, target: str):
    """Never a crash, never a 5xx."""
    assert world.client.request(method, target).status_code < 500


@pytest.mark.parametrize(
    "fields",
    [
        '{"DebitAmount": "1"}',
        '{"DebitAmount": 1e400}',
        '{"DebitAmount": true}',
        '{"DebitAmount": NaN}',
        '{"TransDate": "yesterday"}',
        '{"TransDate": 5}',
        '{"AccountType": "Nobody"}',
        '{"Text": "\\ud800"}',
        '{"Nothing": 1}',
        "[]",
        "x",
        "[" * 100_000,
    ],
)
def test_bodies_that_cannot_be_read_are_a_400(world: DynamicsWorld, fields: str):
    """Amounts are numbers, not text."""
    assert world.client.post("/data/LedgerJournalLines", content=fields).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "5",
        '{"line":"x"}',
        '{"amount":"x"}',
        '{"period":"x"}',
        '{"lines":[{"account":"1"}]}',
        '{"set":1}',
    ],
)
def test_control_calls_survive_nonsense(world: DynamicsWorld, body: str):
    """A wrong control call is told so."""
    world.wages()
    for action in sorted(ACTIONS):
        assert world.client.post(f"/__sandbox__/control/{action}", content=body).status_code in {
            200,
            400,
            404,
        }, action


def test_the_readme_lists_switches_and_actions_as_they_are():
    """Nothing more and nothing less."""
    assert Switches(SWITCHES).as_markdown() in README
    table = README.partition("## What a person could do")[2].partition("\n## ")[0]
    assert set(re.findall(r"`([a-z_]+)`(?=[,| ]+[`|])", table)) >= set(ACTIONS) - {"body"}
