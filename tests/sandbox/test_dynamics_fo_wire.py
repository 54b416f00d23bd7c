"""The simulated Dynamics 365 as an independent OData client meets it: recorded shapes, and everything another
library may send.
"""

from __future__ import annotations

import base64
import json
from typing import Any
from xml.etree import ElementTree

import pytest
from tests.sandbox.dynamics_fo_world import CROSS, ENUM, HOST, DynamicsWorld, statuses

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


@pytest.fixture
def world() -> DynamicsWorld:
    return DynamicsWorld()


@pytest.mark.parametrize(
    ("name", "count", "third", "last", "nulls"),
    [
        ("LedgerJournalHeaders", 10, "AccountingCurrency", "JournalTotalDebit", []),
        ("LedgerJournalLines", 120, "LineNumber", "OrigExchRate", []),
        ("VendorPaymentJournalHeaders", 10, "JournalName", "ServiceLevel", []),
        ("VendorPaymentJournalLines", 97, "LineNumber", "SettleVoucher", ["RemittanceAddressTimeZone"]),
        ("CustomerPaymentJournalHeaders", 6, "JournalName", "IsPosted", []),
        ("CustomerPaymentJournalLines", 69, "LineNumber", "PaymentNotes", []),
        ("MainAccounts", 39, "MainAccountRecId", "NatureCode_BR", []),
        ("ChartOfAccounts", 4, "ChartOfAccountsRecId", "Description", []),
        ("Currencies", 15, "RoundingMethodPrices", "DecimalsCount_MX", []),
        (
            "LegalEntities",
            100,
            "PrimaryContactLinkedInDescription",
            "ImportVATNum",
            ["AddressTimeZone", "LegalNature"],
        ),
        ("Workers", 45, "Name", "CitizenshipCountryRegion", []),
        (
            "VendorsV2",
            292,
            "CompanyChainName",
            "ShippingVendorAccountNumber",
            ["Tax1099Type", "AddressTimeZone"],
        ),
    ],
)
def test_rows_have_every_property_of_the_recorded_answers(
    world: DynamicsWorld, name: str, count: int, third: str, last: str, nulls: list[str]
):
    """Each name, in the order a live tenant gave them in July 2026; null only where an enum has no value
    (wire shapes, section 3.1).
    """
    world.wages()
    row = world.rows(f"{name}?{CROSS}&$top=1")[0]
    names = list(row)[1:]

    assert (len(names), names[2], names[-1]) == (count, third, last)
    assert [field for field, value in row.items() if value is None] == nulls


def test_every_answer_is_declared_in_the_metadata(world: DynamicsWorld):
    """Keys, enums, navigation, numbers with any scale, and both actions: what a generated client is made from
    (section 1).
    """
    document = ElementTree.fromstring(world.get("$metadata").text)
    enums = {item.get("Name") for item in document.iter(f"{EDM}EnumType")}
    types = {item.get("Name"): item for item in document.iter(f"{EDM}EntityType")}
    sets = {item.get("Name"): item for item in document.iter(f"{EDM}EntitySet")}

    for name, item in sets.items():
        declared = {
            part.get("Name"): part
            for part in types[str(item.get("EntityType")).rpartition(".")[2]].iter(f"{EDM}Property")
        }
        for row in world.rows(f"{name}?{CROSS}&$top=1"):
            assert list(row)[1:] == list(declared), name
        kinds = {str(part.get("Type")) for part in declared.values()}
        assert {kind.rpartition(".")[2] for kind in kinds if kind.startswith(ENUM)} <= enums
        assert {part.get("Scale") for part in declared.values() if part.get("Type") == "Edm.Decimal"} <= {
            "Variable"
        }
    paths = {
        part.get("Name"): part.get("Type")
        for part in types["LedgerJournalHeader"].iter(f"{EDM}NavigationProperty")
    }
    assert paths == {
        "LedgerJournalLines": f"Collection({ENUM}LedgerJournalLine)",
        "LegalEntities": f"{ENUM}LegalEntity",
    }
    assert {item.get("Name") for item in document.iter(f"{EDM}Action")} == {
        "getSetDisplayValue",
        "getCombinationDisplayValue",
    }


def test_the_company_of_a_journal_is_matched_whatever_its_case(world: DynamicsWorld):
    """One number sequence per company, however the caller spells it (sections 1 and 5.1): no number is drawn
    twice.
    """
    numbers = [
        world.post("LedgerJournalHeaders", {"dataAreaId": name, "JournalName": "PAYROLL"}).json()
        for name in ("usmf", "USMF", "Usmf")
    ]
    taken = {row["JournalBatchNumber"] for row in world.rows(f"VendorPaymentJournalHeaders?{CROSS}")}

    assert {row["dataAreaId"] for row in numbers} == {"usmf"}
    assert len({row["JournalBatchNumber"] for row in numbers} - taken) == 3


def test_a_changed_line_keeps_its_place(world: DynamicsWorld):
    """A list without an order comes as the rows were made."""
    journal = world.wages()
    world.patch(f"{world.key(journal, 1)}?{CROSS}", {"Text": "changed"})
    assert [row["LineNumber"] for row in world.lines(journal)] == [1, 2]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("'usmf' eq dataAreaId", 1),
        ("( ( dataAreaId  eq  'usmf' ) )", 1),
        ("JournalTotalDebit eq JournalTotalCredit", 1),
        ("JournalTotalDebit add 1 gt 101.25", 0),
        ("(JournalTotalDebit sub JournalTotalCredit) eq 0", 1),
        ("JournalTotalDebit mul 2 ge 200.50", 1),
        ("JournalTotalDebit div 0 gt 1", 0),
        ("JournalTotalDebit mod 100 eq 0.25", 1),
        ("200.5 divby 2 le JournalTotalDebit", 1),
        ("JournalTotalDebit eq 100.25M", 1),
        ("JournalTotalDebit eq 1.0025e2", 1),
        ("Description eq null", 0),
        ("not(Description eq null)", 1),
        ("startswith(Description,'Payroll') eq true", 1),
        ("startswith(Description,'Payroll') eq false", 0),
        ("Description eq '*roll*'", 1),
    ],
)
def test_conditions_as_other_libraries_write_them(world: DynamicsWorld, condition: str, found: int):
    """Literals on either side, arithmetic, blanks and parentheses (section 3.1)."""
    world.wages()
    assert len(world.rows(f"LedgerJournalHeaders?{CROSS}&$filter={condition}")) == found


@pytest.mark.parametrize(
    "condition",
    ["Name in ('a')", f"Type has {ENUM}LedgerJournalType'Daily'", "tolower(Name) eq 'x'", "Name add 1 eq 2"],
)
def test_operators_the_dialect_lacks_are_a_400(world: DynamicsWorld, condition: str):
    """`in` and `has` are unsupported, text cannot be added to (section 3.1)."""
    assert world.get(f"JournalNames?{CROSS}&$filter={condition}").status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        f"LedgerJournalHeaders/?{CROSS}",
        "LedgerJournalHeaders?Cross-Company=true",
        f"LedgerJournalHeaders?{CROSS}&$format=json",
        f"LedgerJournalHeaders?{CROSS}&%24top=1&$filter=dataAreaId+eq+%27usmf%27",
        f"LedgerJournalHeaders?{CROSS}&$select=%20JournalBatchNumber%20,%20Description",
        f"LedgerJournalHeaders?{CROSS}&$count=True",
    ],
)
def test_addresses_as_other_libraries_write_them(world: DynamicsWorld, path: str):
    """A slash at the end, encoded dollars, a plus for a blank, blanks in lists."""
    world.wages()
    assert len(world.rows(path)) == 1


def test_keys_as_other_libraries_write_them(world: DynamicsWorld):
    """With blanks, encoded, decimals with a fraction; a period needs all parts of its key, and right ones."""
    journal = world.wages()
    key = "LedgerJournalLines( dataAreaId = 'usmf' , JournalBatchNumber=%27" + journal + "%27,LineNumber="
    period = (
        "FiscalPeriods(Calendar='Fiscal',FiscalYear='FY2027',StartDate={},"
        "EndDate=2026-07-31T12:00:00Z,PeriodName='Period 1')"
    )

    assert [world.get(f"{key}{number})?{CROSS}").status_code for number in ("1", "1.0", "2m", "3")] == [
        200,
        200,
        200,
        404,
    ]
    assert [
        world.get(period.format(day)).status_code
        for day in ("2026-07-01T12:00:00Z", "2026-07-01", "2026-08-01")
    ] == [200, 200, 404]


def test_an_answer_says_as_much_about_itself_as_was_asked_for(world: DynamicsWorld):
    """Minimal is what was recorded (section 3.3); none and full follow the standard, unless a switch says
    they are not answered.
    """
    path = f"/data/{world.key(world.wages())}?{CROSS}"
    minimal, none, full = (
        world.client.get(path, headers={"Accept": f"application/json;odata.metadata={level}"})
        for level in ("minimal", "none", "full")
    )

    assert minimal.headers["Content-Type"] == "application/json; odata.metadata=minimal"
    assert list(minimal.json())[:3] == ["@odata.context", "@odata.etag", "dataAreaId"]
    assert minimal.headers["ETag"] == minimal.json()["@odata.etag"]
    assert [name for name in none.json() if "@" in name] == []
    assert full.json()["@odata.type"] == f"#{ENUM}LedgerJournalHeader"
    assert full.json()["JournalTotalDebit@odata.type"] == "#Decimal"
    only = DynamicsWorld(metadata_levels=False)
    assert (
        "@odata.context"
        in only.get("Currencies?$top=1", Accept="application/json;odata.metadata=none").json()
    )


def test_expanded_parts_take_options_of_their_own(world: DynamicsWorld):
    """One level deep, lines and company (section 5.1); a level below is a 400."""
    world.wages()
    inner = (
        "LegalEntities($select=LegalEntityId),LedgerJournalLines($select=LineNumber,Voucher;$orderby=LineNumber"
        " desc;$top=1)"
    )
    row = world.rows(f"LedgerJournalHeaders?{CROSS}&$expand={inner}&$select=JournalBatchNumber")[0]

    assert (
        row["LegalEntities"]["LegalEntityId"],
        [line["LineNumber"] for line in row["LedgerJournalLines"]],
    ) == ("usmf", [2])
    assert world.get(f"LedgerJournalHeaders?{CROSS}&$expand=LedgerJournalLines($expand=X)").status_code == 400


def test_what_a_set_cannot_do_is_told_with_what_it_can(world: DynamicsWorld):
    """405 with `Allow`, for every verb there is."""
    for verb in ("HEAD", "OPTIONS", "PUT", "MERGE", "DELETE"):
        answer = world.client.request(verb, "/data/MainAccounts")
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")


def test_a_key_in_a_change_is_refused_or_ignored():
    """Nobody has said which: some clients repeat the key in the body of a PATCH."""
    strict, loose = DynamicsWorld(), DynamicsWorld(key_in_update="ignore")
    body = {"dataAreaId": "usmf", "Description": "new"}

    assert strict.patch(f"{strict.key(strict.journal())}?{CROSS}", body).status_code == 403
    journal = loose.journal()
    assert loose.patch(f"{loose.key(journal)}?{CROSS}", body).status_code == 204
    assert loose.header(journal)["Description"] == "new"


def test_published_entries_belong_to_a_company():
    """Their company context is `DataArea` (section 5.8): without cross-company another company's are not
    there.
    """
    world = DynamicsWorld(gl_sets="published")
    world.wages()
    world.control("run_posting_job")

    assert world.rows("GeneralJournalAccountEntries") == []
    assert len(world.rows(f"GeneralJournalAccountEntries?{CROSS}")) == 2


def test_a_secret_may_stand_in_the_authorization_header(world: DynamicsWorld):
    """As the OAuth standard prefers and many libraries do."""
    keys = world.keys
    basic = base64.b64encode(f"{keys['client_id']}:{keys['client_secret']}".encode()).decode()
    form = {"grant_type": "client_credentials", "scope": keys["scope"]}
    answer = world.client.post(
        f"/{keys['tenant_id']}/oauth2/v2.0/token", data=form, headers={"Authorization": f"Basic {basic}"}
    )
    assert answer.status_code == 200


def _part(url: str, body: Any, *, mark: str = "--changeset_9", method: str = "POST") -> str:
    head = (
        f"{mark}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID:"
        " 1\r\n\r\n"
    )
    content = "" if body is None else json.dumps(body)
    return (
        f"{head}{method} {url} HTTP/1.1\r\nContent-Type: application/json\r\nAccept:"
        f" application/json\r\n\r\n{content}\r\n"
    )


@pytest.mark.parametrize(
    "url", ["/data/LedgerJournalLines", "LedgerJournalLines", f"{HOST}/data/LedgerJournalLines"]
)
@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("multipart/mixed; boundary=batch_1", lambda text: text),
        ("multipart/mixed; boundary=batch_1", lambda text: text.replace("\r\n", "\n")),
        ('Multipart/Mixed;Boundary="batch_1"; charset=utf-8', lambda text: text),
        ("multipart/mixed; boundary=batch_1", lambda text: text.replace("--batch_1\r\n", "--batch_1 \r\n")),
        (
            "multipart/mixed; boundary=batch_1",
            lambda text: f"To whom it may concern\r\n{text}\r\nEnd of message\r\n",
        ),
        ("multipart/mixed; boundary=batch_1", lambda text: text.rstrip()),
    ],
)
def test_batches_as_other_libraries_write_them(world: DynamicsWorld, url: str, kind: str, written: Any):
    """Line ends, quotes, a blank behind a boundary, text before and after, absolute, rooted and relative
    addresses (section 3.6).
    """
    journal = world.journal()
    inner = _part(url, world.line(journal, "230100", "1")) + "--changeset_9--\r\n"
    whole = f"--batch_1\r\nContent-Type: multipart/mixed; boundary=changeset_9\r\n\r\n{inner}--batch_1--\r\n"
    answer = world.client.post(
        "/data/$batch", content=written(whole).encode(), headers={"Content-Type": kind}
    )

    assert (answer.status_code, statuses(answer), len(world.lines(journal))) == (200, [201], 1)


def test_an_address_in_a_batch_may_hold_blanks_and_other_addresses(world: DynamicsWorld):
    """A filter nobody encoded is read to its end, also one that looks for a web address."""
    wanted = world.journal(Description="see http://intranet/x")
    world.journal()
    url = (
        f"LedgerJournalHeaders?{CROSS}&$filter=Description eq 'see"
        " http://intranet/x'&$select=JournalBatchNumber"
    )
    body = _part(url, None, mark="--batch_1", method="GET") + "--batch_1--\r\n"
    answer = world.client.post(
        "/data/$batch", content=body.encode(), headers={"Content-Type": "multipart/mixed; boundary=batch_1"}
    )

    assert (statuses(answer), answer.text.count("JournalBatchNumber")) == ([200], 2)
    assert wanted in answer.text


def test_positions_carry_the_dimensions_of_who_fills_them(world: DynamicsWorld):
    """Assignments by worker, default dimensions by position, in the default format (section 5.10)."""
    held = world.rows("PositionWorkerAssignmentsV2?$top=1")[0]
    place = world.rows(f"PositionDefaultDimensions?{CROSS}&$filter=PositionId eq '{held['PositionId']}'")[0]
    employment = world.rows(f"EmploymentsV2?$filter=PersonnelNumber eq '{held['PersonnelNumber']}'")[0]
    key = f"dataAreaId='{place['dataAreaId']}',PositionId='{held['PositionId']}'"
    path = f"PositionDefaultDimensions({key},LegalEntityDataArea='usmf')"

    assert place["DimensionDisplayValue"] == employment["DimensionDisplayValue"] != ""
    assert world.patch(f"{path}?{CROSS}", {"DimensionDisplayValue": "-AKRASM"}).status_code == 204
    assert "no record exists" in world.refusal(
        world.patch(f"{path}?{CROSS}", {"DimensionDisplayValue": "-NOWHERE"})
    )
    assert world.rows("EmployeesV2?$top=1")[0]["PersonnelNumber"] == held["PersonnelNumber"]


def test_an_offset_account_nobody_knows_is_refused_with_the_line():
    """It never reaches the posting job, which goes on when the account is suspended later (sections 5.2 and
    10).
    """
    world = DynamicsWorld(posting_job_seconds=60)
    journal = world.journal()
    refusal = world.refusal(world.add(journal, "601100--AKRASM", "1", OffsetAccountDisplayValue="999999"))
    world.add(journal, "601100--AKRASM", "1", OffsetAccountDisplayValue="230100").raise_for_status()
    world.control("suspend_account", account="230100")
    world.clock.advance(61)

    assert "Dimension MainAccount with value 999999 as no record exists" in refusal
    assert world.header(journal)["IsPosted"] == "No"
    world.control("activate_account", account="230100")
    world.clock.advance(61)
    assert world.header(journal)["IsPosted"] == "Yes"


def test_every_row_of_a_list_is_found_by_its_key(world: DynamicsWorld):
    """Also a rate by its day, and a payment line in the set of all lines; the latter is only read there."""
    world.wages()
    payment = world.rows(f"VendorPaymentJournalLines?{CROSS}&$top=1")[0]
    batch = f"dataAreaId='{payment['dataAreaId']}',JournalBatchNumber='{payment['JournalBatchNumber']}'"
    key = f"LedgerJournalLines({batch},LineNumber=1)"
    rate = world.rows("ExchangeRates?$top=1")[0]
    pair = f"FromCurrency='{rate['FromCurrency']}',ToCurrency='{rate['ToCurrency']}'"
    day = f"{pair},StartDate={rate['StartDate']}"

    assert world.get(f"{key}?{CROSS}").json()["AccountDisplayValue"] == payment["AccountDisplayValue"]
    assert "No resources were found" in world.refusal(world.patch(f"{key}?{CROSS}", {"Text": "x"}))
    assert world.get(f"ExchangeRates(RateTypeName='Default',{day})").status_code == 200


def test_a_wish_for_small_pages_is_ignored_or_granted():
    """Nobody has said which; granted, the answer says so."""
    wish = {"Prefer": "return=representation, odata.maxpagesize=2"}
    plain, granting = (
        DynamicsWorld().get("MainAccounts", **wish),
        DynamicsWorld(honours_page_size=True).get("MainAccounts", **wish),
    )

    assert ("@odata.nextLink" in plain.json(), plain.headers.get("Preference-Applied")) == (False, None)
    assert (len(granting.json()["value"]), granting.headers["Preference-Applied"]) == (
        2,
        "odata.maxpagesize=2",
    )
    assert "skiptoken=2" in granting.json()["@odata.nextLink"]


def test_what_stands_in_the_key_of_an_employment_cannot_be_changed(world: DynamicsWorld):
    """The end date of the first version is a key part; its dimensions are not, nor are the details (quirk 25,
    section 5.10).
    """
    row = world.rows("Employments?$top=1")[0]
    parts = f"PersonnelNumber='{row['PersonnelNumber']}',LegalEntityId='{row['LegalEntityId']}'"
    span = f"EmploymentStartDate={row['EmploymentStartDate']},EmploymentEndDate={row['EmploymentEndDate']}"
    path, details = f"Employments({parts},{span})", world.rows("EmploymentDetails?$top=1")[0]
    detail = (
        f"EmploymentDetails({parts},{span},ValidFrom={details['ValidFrom']},ValidTo={details['ValidTo']})"
    )

    assert world.patch(path, {"EmploymentEndDate": "2026-07-31T00:00:00Z"}).status_code == 403
    assert world.patch(path, {"DimensionDisplayValue": "-AKRASM"}).status_code == 204
    assert world.patch(detail, {"LastDateWorked": "2026-07-31T00:00:00Z"}).status_code == 204
    assert world.rows("Employments?$top=1")[0]["DimensionDisplayValue"] == "-AKRASM"


def test_events_can_come_twice_and_out_of_order():
    """At least once, without an order: only the event's id and control number tell (section 8)."""
    world = DynamicsWorld(events_twice=True, events_disorder=True)
    received: list[dict[str, Any]] = []

    def receive(url: str, body: bytes, headers: Any) -> int:
        received.append(json.loads(body))
        return 200

    events = world.vendor.webhooks.outbox
    events.send, events.background = receive, False
    world.control("activate_event", event="VendorPaymentPostedBusinessEvent", url="http://hook.test/")
    for row in world.rows(f"VendorPaymentJournalHeaders?{CROSS}")[:2]:
        world.control("post_payment_journal", id=row["JournalBatchNumber"])

    ids = [body["EventId"] for body in received[1:]]
    numbers = [body["ControlNumber"] for body in received[1::2]]
    assert ids[0::2] == ids[1::2]
    assert numbers != sorted(numbers)


def test_a_vendor_number_comes_back_escaped_however_it_went_in(world: DynamicsWorld):
    """Whoever does not escape is understood, and has to unescape what he reads (quirk 2, section 6)."""
    journal = world.journal()
    for text in ("US-0001", "US\\-0001"):
        world.add(journal, text, "-5", AccountType="Vend").raise_for_status()
    assert [row["AccountDisplayValue"] for row in world.lines(journal)] == ["US\\-0001"] * 2
