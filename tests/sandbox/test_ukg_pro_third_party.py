"""Third-Party Pay: records of pay from elsewhere, and the shape a tenant would need for posting."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import quote

import pytest
from tests.sandbox.ukg_pro_world import UkgWorld

PATH = "/services/payroll/v1/third-party-pay"
RECORD = {"EmployeeIdentifierType": "EmployeeNumber", "EmployeeIdentifierValue": "000000001"}


def test_records_come_with_children_only_when_expanded():
    """No account, debit or credit among their fields."""
    world = UkgWorld()
    bare, whole = world.rows(PATH), world.rows(f"{PATH}?$expand=Earnings,Deductions")

    assert len(bare) == 24
    assert not {"Earnings", "Deductions", "DebitAmount", "AccountSegment1"} & set(bare[0])
    assert {"Earnings", "Deductions"} <= set(whole[0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "PayDate ge datetime'2026-07-03T00:00:00.000Z' and PayDate le datetime'2026-07-03T00:00:00.000Z'",
            24,
        ),
        ("PayDate gt datetime'2026-07-03T00:00:00'", 0),
        ("EmployeeNumber eq '000000011'", 1),
        ("EmployeeNumber eq '000000011' or EmployeeNumber eq '000000021'", 2),
        ("not (IsVoided eq 'N')", 0),
        ("OrgLevel3 eq null", 24),
    ],
)
def test_filters_speak_odata_2_and_3(text, expected):
    """Dates are literals of the old kind."""
    assert expected == len(UkgWorld().rows(f"{PATH}?$filter={quote(text)}"))


@pytest.mark.parametrize(
    "query", ["$filter=PayDate%20ge", "$filter=PayDate%20like%20'x'", "$top=many", "$skip=-1"]
)
def test_a_query_nobody_can_read_is_refused(query):
    """400 with the option's name."""
    answer = UkgWorld(workers=1).get(f"{PATH}?{query}")

    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.json()["errors"]["modelstate"]


def test_skip_and_top_cut_the_list():
    """In the order of the list."""
    world = UkgWorld()

    assert [row["Id"] for row in world.rows(PATH)][5:8] == [
        row["Id"] for row in world.rows(f"{PATH}?$skip=5&$top=3")
    ]


@pytest.mark.parametrize(
    ("envelope", "unwrap"),
    [("array", lambda x: x), ("d.results", lambda x: x["d"]["results"]), ("value", lambda x: x["value"])],
)
def test_the_envelope_is_a_switch(envelope, unwrap):
    """Public material does not say which."""
    assert len(unwrap(UkgWorld(third_party_envelope=envelope).rows(PATH))) == 24


def test_records_are_added_replaced_and_deleted():
    """The id is the vendor's; amounts come back as they were sent."""
    world = UkgWorld(workers=1)
    record = {
        "EmployeeIdentifierType": "EmployeeNumber",
        "EmployeeIdentifierValue": "000000001",
        "Id": "mine",
        "Earnings": [{"EarningCode": "REG", "EarningCurrentAmount": 2400.10}],
    }
    made = world.call("POST", PATH, body=record)
    item = f"{PATH}/{made.json()['Id']}"

    assert made.status_code == 201
    assert made.json()["Id"] != "mine"
    assert Decimal("2400.1") == world.rows(item)["Earnings"][0]["EarningCurrentAmount"]
    assert world.call("PUT", item, body={**record, "IsVoided": "Y"}).json()["IsVoided"] == "Y"
    assert world.call("DELETE", item).status_code == 204
    assert 404 == world.get(item).status_code == world.call("DELETE", item).status_code
    assert world.call("POST", PATH, body={"EmployeeIdentifierType": "Ssn"}).status_code == 400


def test_by_switch_the_rows_are_posting_lines_that_tie_to_the_run():
    """Account segments, debit, credit and cost center; the path is a switch too."""
    world = UkgWorld(workers=9, third_party_gl=True, third_party_path="/tpp")
    rows, ledger = world.rows("/tpp"), world.rows("/payroll/v2/general-ledger")

    assert [(row["baseSegment"], row["orgLevel1"], row["debitAmt"], row["creditAmt"]) for row in ledger] == [
        (row["AccountSegment2"], row["CostCenter"], row["DebitAmount"], row["CreditAmount"]) for row in rows
    ]
    assert {"2026-07-03T00:00:00Z"} == {row["PayDate"] for row in rows}
    large = world.rows(f"/tpp?$filter={quote('DebitAmount gt 1000.5')}")
    assert len(large) == sum(row["debitAmt"] > Decimal("1000.5") for row in ledger)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("AddressLine1", "x" * 256),
        ("NameFirst", "x" * 101),
        ("OrgLevel4", "x" * 51),
        ("DocumentNumber", "x" * 26),
        ("EmployeeNumber", ""),
        ("EmployeeIdentifierValue", "x" * 13),
        ("CompanyIdentifierValue", "x" * 6),
        ("CountryCode", "US"),
        ("CheckAddModeCode", "AB"),
        ("IsVoided", "maybe"),
        ("IsVoided", True),
        ("EmployeeIdentifierType", "Shoe size"),
        ("CompanyIdentifierType", "Building"),
        ("PayDate", "soon"),
        ("PayDate", 20260703),
        ("NameLast", ["x"]),
        ("Earnings", {"EarningCode": "REG"}),
        ("Earnings", [{"EarningCurrentAmount": "2400"}]),
        ("Deductions", ["MED"]),
    ],
)
def test_what_does_not_fit_the_record_is_refused_by_name(field, value):
    """Lengths, lists of values, dates, children: 400, and nothing is stored."""
    world = UkgWorld(workers=1)
    before = len(world.rows(PATH))
    answer = world.call("POST", PATH, body={**RECORD, field: value})

    assert answer.status_code == 400
    assert field in answer.json()["errors"]["modelstate"]
    assert before == len(world.rows(PATH))


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("AddressLine1", "x" * 255, "x" * 255),
        ("IsVoided", "Y", "Y"),
        ("CompanyIdentifierType", "CompanyCode", "CompanyCode"),
        ("EmployeeIdentifierType", "employee number", "employee number"),
        ("DocumentNumber", 55012, "55012"),
        ("OrgLevel3", None, None),
        ("PayDate", "2026-07-03", "2026-07-03"),
        ("Whatever", "x", "x"),
    ],
)
def test_what_fits_is_kept_as_it_was_sent(field, value, kept):
    """Names that the public table does not reach are kept."""
    assert kept == UkgWorld(workers=1).call("POST", PATH, body={**RECORD, field: value}).json()[field]


def test_a_record_says_when_it_was_made_and_when_it_was_changed():
    """Both are the server's: what a caller sends for them is dropped."""
    world = UkgWorld(workers=1)
    assert {"DateTimeCreated", "DateTimeChanged"} <= set(world.rows(PATH)[0])
    made = world.call("POST", PATH, body={**RECORD, "DateTimeCreated": "2001-01-01T00:00:00Z"}).json()
    world.clock.advance(3600)
    changed = world.call("PUT", f"{PATH}/{made['Id']}", body=RECORD).json()

    assert made["DateTimeCreated"] == made["DateTimeChanged"] == "2026-07-10T16:00:00Z"
    assert (changed["DateTimeCreated"], changed["DateTimeChanged"]) == (
        "2026-07-10T16:00:00Z",
        "2026-07-10T17:00:00Z",
    )
    assert {"DateTimeCreated", "DateTimeChanged"} <= set(
        UkgWorld(workers=1, third_party_gl=True).rows(PATH)[0]
    )
