"""Purchase entries: VAT as the division computes it, the line that is owed, what is refused, what changes."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.sandbox.exact_online_purchases import ENTRIES, LINES

ORDERS: dict[str, str] = json.loads(
    Path(__file__).with_name("exact_online_recorded.json").read_text(encoding="utf-8")
)["posted"]
NO_AMOUNT = "A VAT amount is not allowed if you use a VAT code of type 'No VAT' or 'VAT 0%'"
NO_YEAR = "Unknown: Financial year (Period-date table)"


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        ([(100, "21", None)], {"4000": "100.00", "1520": "21.00", "1600": "-121.00"}),
        ([("37.50", "21", None), ("12.50", "21", None)], {"1520": "10.51", "1600": "-60.51"}),
        ([("37.50", "21", "7.88"), ("12.50", "21", "2.62")], {"1520": "10.50", "1600": "-60.50"}),
        ([(100, "21", "21.01"), (100, "9", "9.00")], {"1520": "30.01", "1600": "-230.01"}),
        ([(121, "I", None)], {"4000": "100.00", "1520": "21.00", "1600": "-121.00"}),
        ([(121, "I", "21.01")], {"4000": "99.99", "1520": "21.01", "1600": "-121.00"}),
        ([(100, "N", None)], {"4000": "100.00", "1600": "-100.00"}),
        ([(100, "B", None)], {"4000": "100.00", "1600": "-100.00"}),
        ([(100, "0", None)], {"4000": "100.00", "1600": "-100.00"}),
        ([(100, None, None)], {"4000": "100.00", "1600": "-100.00"}),
        ([(1000, "R", None)], {"4000": "1000.00", "1520": "210.00", "1530": "-210.00", "1600": "-1000.00"}),
        ([(1000, "R", None), (50, "21", None)], {"1520": "220.50", "1530": "-210.00", "1600": "-1060.50"}),
        ([(-100, "21", None)], {"4000": "-100.00", "1520": "-21.00", "1600": "121.00"}),
    ],
)
def test_what_an_invoice_comes_to(
    office: Any, costs: list[tuple[Any, Any, Any]], expected: dict[str, str]
) -> None:
    """Cost, VAT by code and what is owed come to nothing, in every read of the ledger."""
    lines = [
        office.cost(amount, code, **({} if vat is None else {"VATAmountFC": vat}))
        for amount, code, vat in costs
    ]
    made = office.buy(*lines)

    sums: dict[str, Decimal] = {}
    for account, amount in office.booked(made["EntryID"]):
        sums[account] = sums.get(account, Decimal(0)) + Decimal(amount)
    assert expected == {account: f"{sums[account]:.2f}" for account in expected}
    assert {"4000", *expected} == set(sums)
    assert 0 == sum(sums.values())
    assert f"{made['AmountFC']:.2f}" == f"{-sums['1600']:.2f}"
    assert (30 if made["AmountFC"] > 0 else 31) == made["Type"]
    balance = office.every_row("financial/ReportingBalance?$select=GLAccountCode,Amount,Type")
    assert sums == {
        code: sum(Decimal(str(row["Amount"])) for row in balance if row["GLAccountCode"] == code)
        for code in sums
    }


def test_the_default_code_of_the_account_holds(office: Any) -> None:
    """Where no code is sent; a code for no VAT is another thing."""
    assert 24.2 == office.buy(office.cost(20, None, "4200"))["AmountFC"]
    assert 20 == office.buy(office.cost(20, "N", "4200"))["AmountFC"]


@pytest.mark.parametrize(("rule", "vat"), [("line", "1.52"), ("code", "1.51")])
def test_vat_is_rounded_for_each_line_or_code(make_office: Any, rule: str, vat: str) -> None:
    """Nobody has published which: 10.10 at 15 % is 1.515, and three of them are 4.545."""
    office = make_office(vat_rounding=rule)
    made = office.buy(*(office.cost("10.10", "15") for _ in range(3)))
    claimed = dict(office.booked(made["EntryID"]))["1520"]
    assert {"line": "4.56", "code": "4.55"}[rule] == claimed
    assert office.is_balanced()


@pytest.mark.parametrize(("day", "amount"), [("2025-11-30", 109), ("2026-01-01", 121)])
def test_the_percentage_is_that_of_the_day(office: Any, day: str, amount: int) -> None:
    """By the dated rows of the code."""
    assert amount == office.buy(office.cost(100, "L"), EntryDate=day)["AmountFC"]


def test_a_percentage_changes_at_the_screen(office: Any) -> None:
    """From a day on; invoices from before keep the old one."""
    office.control("set_vat_percentage", code="9", percentage="0.21", date="2026-07-10")
    amounts = [
        office.buy(office.cost(100, "9"), EntryDate=day)["AmountFC"] for day in ("2026-07-09", "2026-07-10")
    ]
    assert [109, 121] == amounts
    [row] = office.rows("vat/VATCodes?$filter=trim(Code) eq '9'&$expand=VATPercentages")
    dated = [(row["Percentage"], row["EndDate"] is None) for row in row["VATPercentages"]["results"]]
    assert [(0.09, False), (0.21, True)] == dated


def test_vat_that_is_not_deductible_is_cost(office: Any) -> None:
    """On the account of the line."""
    made = office.buy(office.cost(100, VATNonDeductiblePercentage=0.5))
    assert [("4000", "110.50"), ("1520", "10.50"), ("1600", "-121.00")] == office.booked(made["EntryID"])


@pytest.mark.parametrize(
    ("line", "header", "message"),
    [
        ({}, {"Journal": None}, "Mandatory: Journal"),
        ({}, {"Journal": "90"}, "Invalid journal. The journal must be a purchase journal."),
        ({}, {"Supplier": None}, "Mandatory: Supplier"),
        ({}, {"Supplier": "00000000-0000-0000-0000-000000000001"}, "Invalid reference: Supplier"),
        ({}, {"EntryDate": "2030-01-01"}, NO_YEAR),
        ({}, {"EntryDate": "2025-12-29"}, "Period is closed"),
        ({}, {"PaymentCondition": "XX"}, "Invalid reference: Payment condition"),
        ({}, {"Currency": "XXX"}, "Invalid reference: Currency"),
        ({}, {"Journal": "61", "Currency": "USD"}, "Not allowed: Currency"),
        ({}, {"Rate": 1.1}, "Not allowed: Exchange rate"),
        ({}, {"Currency": "USD", "Rate": 0}, "Invalid: Exchange rate"),
        ({}, {"Document": "00000000-0000-0000-0000-000000000001"}, "Invalid reference: Document"),
        ({}, {"YourRef": "x" * 31}, "YourRef is too long. Maximum: 30"),
        ({}, {"Description": "x" * 61}, "Description is too long. Maximum: 60"),
        ({"GLAccount": None}, {}, "Mandatory: G/L account"),
        ({"account": "1600"}, {}, "Invalid: G/L account type"),
        ({"account": "4400"}, {}, "Mandatory: Cost center"),
        ({"CostCenter": "NONE"}, {}, "Invalid reference: Cost center"),
        ({"VATCode": "ZZ"}, {}, "Invalid reference: VAT code"),
        ({"VATCode": "S"}, {}, "Not allowed: VAT code"),
        ({"VATCode": "OLD"}, {}, "Blocked: VAT code: OLD"),
        ({"VATCode": "I0"}, {}, "Invalid: VAT percentage []"),
        ({"VATPercentage": 0.2}, {}, "Invalid: VAT percentage []"),
        ({"VATCode": "N", "VATAmountFC": 0.01}, {}, NO_AMOUNT),
        ({"VATCode": "0", "VATAmountFC": 21}, {}, NO_AMOUNT),
        ({"VATCode": None, "VATAmountFC": 21}, {}, "Mandatory: VAT code"),
        ({"From": "2026-07-01"}, {}, "Mandatory: From and To"),
        ({"From": "2026-11-01", "To": "2028-10-31"}, {}, NO_YEAR),
        (
            {"VATCode": "I", "VATAmountFC": 21},
            {},
            "The amount of the VAT line with VAT code I differs from the total of the VAT amounts in the base"
            " lines",
        ),
    ],
)
def test_what_is_refused(office: Any, line: dict[str, Any], header: dict[str, Any], message: str) -> None:
    """As a business error, with the books left alone."""
    account = line.pop("account", "4000")
    assert message == office.refused(office.cost(100, account=account) | line, **header)
    assert [] == office.rows("documents/Documents")


def test_every_fault_is_named_at_once(office: Any) -> None:
    """Joined by line breaks."""
    text = office.refused(office.cost(100, "ZZ"), Journal=None, Supplier=None)
    assert {"Mandatory: Journal", "Mandatory: Supplier", "Invalid reference: VAT code"} == set(
        text.split("\n")
    )
    assert 500 == office.post(ENTRIES, {**office.invoice(), "PurchaseEntryLines": []}).status_code


def test_a_closed_period_is_met_by_moving_the_period(office: Any) -> None:
    """The date of the invoice, and with it the due date, stays."""
    made = office.buy(EntryDate="2025-12-29", ReportingYear=2026, ReportingPeriod=1)
    row = office.one(ENTRIES, made["EntryID"])
    assert (2026, 1, "/Date(1766966400000)/") == (
        row["ReportingYear"],
        row["ReportingPeriod"],
        row["EntryDate"],
    )
    [document] = office.documents()
    assert ("2025-12-29", "2026-01", "2026-01-28") == (
        document["date"],
        document["period"],
        document["invoice"]["due"],
    )


@pytest.mark.parametrize(
    ("header", "due"),
    [
        ({}, "2026-02-16"),
        ({"PaymentCondition": "ME"}, "2026-04-15"),
        ({"PaymentCondition": "ME", "DueDate": "2026-05-05"}, "2026-05-05"),
    ],
)
def test_the_due_date_follows_the_terms(office: Any, header: dict[str, Any], due: str) -> None:
    """The month's end so many months on, and then days; a stated one wins."""
    office.buy(EntryDate="2026-01-17", **header)
    assert due == office.documents()[0]["invoice"]["due"]


def test_terms_are_the_suppliers_then_the_companys(office: Any) -> None:
    assert "ME" == office.buy(Supplier=office.supplier("30"))["PaymentCondition"]
    assert "30" == office.buy()["PaymentCondition"]
    office.control("default_payment_condition", code=None)
    assert None is office.buy(YourRef="x")["PaymentCondition"]


def test_terms_are_demanded_in_germany(office: Any) -> None:
    office.control("default_payment_condition", entity="1305", code=None)
    accounts = office.vendor.books_by_division[1305]["accounts"]
    supplier = office.vendor.books_by_division[1305]["relations"].first("Code", "2".rjust(18))
    line = {"GLAccount": accounts.first("Code", "4000")["ID"], "AmountFC": 1}
    body = {"Journal": "60", "Supplier": supplier["ID"], "PurchaseEntryLines": [line]}
    answer = office.client.post(f"/api/v1/1305/{ENTRIES}", json=body)
    assert "Mandatory: Payment condition" in answer.text


@pytest.mark.parametrize(
    ("second", "is_same"),
    [
        ({}, True),
        ({"EntryDate": "2026-07-02"}, False),
        ({"YourRef": "B"}, False),
        ({"amount": 101}, False),
        ({"supplier": "30"}, False),
    ],
)
@pytest.mark.parametrize("ref", ["A", None])
def test_repetitions_by_the_published_matrix(
    office: Any, second: dict[str, Any], is_same: bool, ref: str | None
) -> None:
    """The same supplier, reference, date and amount: an error; two without a reference are alike as well."""
    office.buy(YourRef=ref)
    header = {"YourRef": ref, **second}
    lines = office.cost(header.pop("amount", 100))
    header["Supplier"] = office.supplier(header.pop("supplier", "2"))
    if is_same:
        assert "Already exists: Your ref." == office.refused(lines, **header)
    else:
        office.buy(lines, **header)


def test_repetitions_by_other_rules(make_office: Any) -> None:
    """On the reference of the supplier alone, or not at all; a person passes over the warning."""
    office = make_office(duplicate_check="your_ref")
    office.buy(YourRef="A")
    assert "Already exists: Your ref." == office.refused(office.cost(7), YourRef="A", EntryDate="2026-03-01")
    office.buy(YourRef="")
    office.buy(YourRef="")
    line = {"account": "4000", "amount": "100.00", "vat_code": "21"}
    typed = office.control("book_purchase", supplier="2", date="2026-07-01", your_ref="A", lines=[line])
    assert "121.00" == typed["amount"]
    office.vendor.switches.set({"duplicate_check": "off"})
    office.buy(YourRef="A")


def test_credit_notes_come_negative(office: Any) -> None:
    """`Type` cannot be set: a positive body with it is a cost."""
    made = office.buy(office.cost(100), Type=31)
    assert (30, 121) == (made["Type"], made["AmountFC"])
    credit = office.buy(office.cost(-100))
    assert (31, -121) == (credit["Type"], credit["AmountFC"])


def test_credit_notes_are_turned_by_switch(make_office: Any) -> None:
    """Sent positive with type 31, as one client says; changed lines are turned too."""
    office = make_office(credit_notes="type_31")
    made = office.buy(office.cost(100, VATAmountFC="21.01"), Type=31)
    assert (31, -121.01) == (made["Type"], made["AmountFC"])
    [line] = office.every_row(f"{LINES}?$filter=EntryID eq guid'{made['EntryID']}'")
    assert 204 == office.put(LINES, line["ID"], AmountFC=200).status_code
    assert -221.01 == office.one(ENTRIES, made["EntryID"])["AmountFC"]


@pytest.mark.parametrize(
    ("switches", "header", "own"),
    [
        ({}, {"Rate": 0.92}, "920.00"),
        ({"purchase_rate": "fc_per_dc"}, {"Rate": 1.0870}, "919.96"),
        ({}, {}, "900.00"),
        ({"exchange_rates_are": "fc_per_dc"}, {}, "1111.11"),
    ],
)
def test_rates_and_their_direction(
    make_office: Any, switches: dict[str, Any], header: dict[str, Any], own: str
) -> None:
    """A sent rate, or the table's; what it means is a switch."""
    office = make_office(**switches)
    made = office.buy(office.cost(1000, "N"), Currency="USD", **header)
    assert (1000, own) == (made["AmountFC"], f"{made['AmountDC']:.2f}")
    [item] = office.rows("cashflow/Payments")
    assert (1000, own) == (item["AmountFC"], f"{item['AmountDC']:.2f}")
    assert abs(Decimal(str(item["RateFC"])) * 1000 - Decimal(own)) < Decimal("0.01")
    assert office.is_balanced()


def test_rounding_to_the_own_currency_leaves_a_balanced_entry(office: Any) -> None:
    """Three lines of 33.33 at 0.9 are 90.00 or 89.99."""
    made = office.buy(*(office.cost("33.33", "N") for _ in range(3)), Currency="USD", Rate="0.9")
    assert (99.99, 90) == (made["AmountFC"], made["AmountDC"])
    assert office.is_balanced()


def test_vat_in_another_currency_may_leave_a_cent(make_office: Any) -> None:
    office = make_office(foreign_vat_unbalances=True)
    text = "This entry is not balanced on: 2026 / 7 (Type: Purchase entry) - Difference: USD -0,01"
    assert text == office.refused(Currency="USD")
    office.buy(office.cost(100, "N"), Currency="USD")


def test_what_comes_back_is_what_was_recorded(office: Any) -> None:
    """Every recorded field in its order; the header keeps silent about VAT."""
    made = office.buy(Description="Paper")
    assert ["__metadata", *ORDERS[ENTRIES].split()] == list(made)
    assert (None, None, 0) == (made["VATAmountDC"], made["VATAmountFC"], made["ProcessNumber"])
    assert (made["EntryNumber"], "Paper") == (made["InvoiceNumber"], made["DocumentSubject"])
    assert 26600001 == made["EntryNumber"]


def test_the_header_tells_vat_by_switch(make_office: Any) -> None:
    office = make_office(header_vat="total", auto_document=False)
    made = office.buy()
    assert (21, 21, None) == (made["VATAmountDC"], made["VATAmountFC"], made["Document"])


def test_lines_tell_their_vat(office: Any) -> None:
    """Base, amount and percentage; an amount of its own currency is dropped, and zero booked."""
    made = office.buy(office.cost(100, CostCenter="SALES", Description="Pens", Notes="long"))
    [row] = office.get(f"{ENTRIES}(guid'{made['EntryID']}')/PurchaseEntryLines").json()["d"]["results"]
    shown = [row[name] for name in ("AmountFC", "VATAmountFC", "VATBaseAmountFC", "VATPercentage", "VATCode")]
    assert [100, 21, 100, 0.21, "21 "] == shown
    assert ("SALES", "Sales", "Pens") == (row["CostCenter"], row["CostCenterDescription"], row["Description"])
    wrong = office.post(ENTRIES, office.invoice({"GLAccount": office.account("4000"), "AmountDC": 100}))
    assert (201, 0) == (wrong.status_code, wrong.json()["d"]["AmountFC"])


def test_changes_of_the_header(office: Any) -> None:
    """Only what was sent; the year stays; what is owed and the ledger follow."""
    made = office.buy(YourRef="A")
    assert 204 == office.put(ENTRIES, made["EntryID"], YourRef="B", EntryDate="2026-07-03").status_code
    row = office.one(ENTRIES, made["EntryID"])
    assert ("B", 121, made["EntryNumber"]) == (row["YourRef"], row["AmountFC"], row["EntryNumber"])
    assert (
        "The financial year cannot be changed."
        in office.put(ENTRIES, made["EntryID"], ReportingYear=2025).text
    )
    [item] = office.rows("cashflow/Payments")
    assert ("B", row["DueDate"]) == (item["YourRef"], item["DueDate"])
    assert {"B"} == {line["YourRef"] for line in office.rows("financialtransaction/TransactionLines")}
    refused = office.put(ENTRIES, made["EntryID"], PurchaseEntryLines=[office.cost(1)])
    assert (400, True) == (refused.status_code, "Binding to new entities" in refused.text)


def test_lines_are_added_changed_and_taken_away(office: Any) -> None:
    """One by one; the entry is balanced after each step, and what is owed is one item still."""
    made = office.buy()
    key = made["EntryID"]
    item = office.rows("cashflow/Payments")[0]["ID"]
    added = office.post(LINES, {"EntryID": key, **office.cost(50, "9")})
    assert 201 == added.status_code
    assert [("175.50", 20)] == office.items(key)
    assert 204 == office.put(LINES, added.json()["d"]["ID"], AmountFC=60, VATCode="N").status_code
    assert [("181.00", 20)] == office.items(key)
    deferred = {"From": "2026-07-01", "To": "2026-12-31", "CostCenter": "SALES"}
    assert 204 == office.put(LINES, added.json()["d"]["ID"], **deferred).status_code
    assert 204 == office.put(LINES, added.json()["d"]["ID"], **dict.fromkeys(deferred)).status_code
    row = office.one(LINES, added.json()["d"]["ID"])
    assert [None, None, None] == [row[name] for name in deferred]
    assert office.is_balanced()
    assert 204 == office.remove(LINES, added.json()["d"]["ID"]).status_code
    assert [("4000", "100.00"), ("1520", "21.00"), ("1600", "-121.00")] == office.booked(key)
    assert item == office.rows("cashflow/Payments")[0]["ID"]
    [last] = office.every_row(LINES)
    assert "Mandatory: Purchase entry lines" in office.remove(LINES, last["ID"]).text


def test_an_open_entry_is_deleted_with_all_that_hangs_on_it(office: Any) -> None:
    """And is among the deleted ones: lines and payables."""
    made = office.buy()
    assert 204 == office.remove(ENTRIES, made["EntryID"]).status_code
    assert [[], [], []] == [
        office.rows(path) for path in (ENTRIES, "cashflow/Payments", "financialtransaction/Transactions")
    ]
    kinds = [row["EntityType"] for row in office.every_row("sync/Deleted")]
    assert (10 in kinds, kinds.count(1)) == (True, 4)
    assert 404 == office.remove(ENTRIES, made["EntryID"]).status_code


def test_a_processed_entry_stays(office: Any) -> None:
    made = office.buy()
    office.control("process", id=made["EntryID"])
    row = office.one(ENTRIES, made["EntryID"])
    assert (50, "Processed") == (row["Status"], row["StatusDescription"])
    assert "Not allowed: Status" in office.put(ENTRIES, made["EntryID"], YourRef="x").text
    assert "Not allowed: Delete" in office.remove(ENTRIES, made["EntryID"]).text
    assert 50 == office.rows("cashflow/Payments")[0]["TransactionStatus"]


def test_entry_numbers_and_ids(make_office: Any) -> None:
    """A repeated number is refused; an id that was sent is kept by switch."""
    office = make_office()
    office.buy(EntryNumber=26609999, YourRef="a")
    assert "In use: Entry number" == office.refused(EntryNumber=26609999, YourRef="b")
    key = "11111111-2222-4333-8444-555555555555"
    assert key != office.buy(EntryID=key, YourRef="c")["EntryID"]
    office.vendor.switches.set({"keeps_entry_id": True})
    assert key == office.buy(office.cost(1, ID=key.replace("1", "a")), EntryID=key, YourRef="d")["EntryID"]
    assert "Data already exists" == office.refused(EntryID=key, YourRef="e")
    twice = office.cost(1, ID=key.replace("1", "b"))
    assert "Data already exists" == office.refused(twice, twice, YourRef="f")


def _general(office: Any, *lines: tuple[str, Any, str | None, Any]) -> Any:
    rows = []
    for account, amount, code, vat in lines:
        more = {"VATCode": code} if code else {}
        rows.append(office.line(account, amount, **more, **({} if vat is None else {"AmountVATFC": vat})))
    return office.book(office.entry(*rows, JournalCode="91"))


def test_general_journals_with_vat_make_its_lines(office: Any) -> None:
    """Computed or as sent, from the account's code too; the entry comes to nothing with them."""
    made = _general(
        office, ("4000", 100, "21", None), ("4200", 50, None, "10.49"), ("4300", "-181.49", None, None)
    )
    assert 201 == made.status_code, made.text
    key = made.json()["d"]["EntryID"]
    expected = [("4000", "100.00"), ("4200", "50.00"), ("4300", "-181.49"), ("1520", "31.49")]
    assert expected == office.booked(key)
    rows = office.rows(f"generaljournalentry/GeneralJournalEntryLines?$filter=EntryID eq guid'{key}'")
    assert {(21, 100, 0.21), (10.49, 50, 0.21)} == {
        (row["AmountVATFC"], row["VATBaseAmountFC"], row["VATPercentage"])
        for row in rows
        if row["AmountVATFC"]
    }
    assert office.is_balanced()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([("4000", 100, "21", None), ("4300", -100, None, None)], "not balanced on: 2026 / 7"),
        ([("4000", 100, "N", 21), ("4300", -100, None, None)], NO_AMOUNT),
        ([("4000", 100, None, 21), ("4300", -121, None, None)], "Mandatory: VAT code"),
        ([("4000", 100, "OLD", None), ("4300", -119, None, None)], "Blocked: VAT code: OLD"),
    ],
)
def test_general_journals_with_vat_refuse(office: Any, lines: Any, message: str) -> None:
    answer = _general(office, *lines)
    assert (500, True) == (answer.status_code, message in answer.text)


def test_reverse_charge_in_a_general_journal(office: Any) -> None:
    """Claimed and owed at once; VAT of a sale is owed."""
    made = _general(office, ("4000", 100, "R", None), ("4300", -100, None, None)).json()["d"]
    assert [("1520", "21.00"), ("1530", "-21.00")] == office.booked(made["EntryID"])[2:]
    sold = _general(office, ("4300", -100, "S", None), ("1300", 121, None, None))
    assert "Mandatory: Account" in sold.text
    sold = _general(office, ("4300", -100, "S", None), ("1100", 121, None, None)).json()["d"]
    assert ("1530", "-21.00") == office.booked(sold["EntryID"])[-1]


def test_sets_of_journals_do_not_show_purchases(office: Any) -> None:
    """A purchase is no general journal entry, read in a list or by its key; the ledger has both."""
    made = office.buy()
    assert [] == office.rows("generaljournalentry/GeneralJournalEntries?$select=EntryID")
    assert [] == office.rows("generaljournalentry/GeneralJournalEntryLines")
    assert (
        404 == office.get(f"generaljournalentry/GeneralJournalEntries(guid'{made['EntryID']}')").status_code
    )
    [entry] = office.rows("financialtransaction/Transactions")
    assert (30, "30", made["Document"]) == (entry["Type"], entry["PaymentConditionCode"], entry["Document"])
    of_entry = f"$filter=EntryID eq guid'{made['EntryID']}'"
    lines = office.every_row(f"financialtransaction/TransactionLines?{of_entry}&$orderby=LineNumber")
    assert [0, 1, 2] == [row["LineType"] for row in lines]
    assert {office.supplier()} == {row["Account"] for row in lines}
    assert (21, 100) == (lines[0]["AmountVATFC"], lines[0]["AmountVATBaseFC"])


def test_lists_are_read_as_others_read_them(office: Any) -> None:
    """130 rows in pages, by token, filtered, chosen, counted."""
    for number in range(130):
        office.buy(office.cost(number + 1, "N"), YourRef=f"R{number:03d}")
    rows = office.every_row(f"{ENTRIES}?$select=YourRef,AmountDC&$orderby=YourRef")
    assert [f"R{number:03d}" for number in range(130)] == [row["YourRef"] for row in rows]
    assert {"__metadata", "YourRef", "AmountDC"} == set(rows[0])
    asked = f"{ENTRIES}?$filter=Supplier eq guid'{office.supplier()}' and YourRef eq 'R007'&$select=EntryID"
    assert 1 == len(office.every_row(asked))
    assert "130" == office.get(f"{ENTRIES}/$count", Accept="*/*").text
    terms = office.every_row(
        "sync/Cashflow/PaymentTerms?$filter=Timestamp gt 1L&$select=ID,YourRef,Timestamp"
    )
    assert 130 == len({row["ID"] for row in terms})
    assert 400 == office.get("sync/Cashflow/PaymentTerms?$filter=LineType eq 22").status_code


def test_the_permission_is_a_switch(make_office: Any) -> None:
    """Two are named by different sources."""
    office = make_office(purchase_entries_scope="Purchase invoices")
    office.vendor.rights.scopes["Purchase invoices"] = "read"
    assert [200, 403] == [office.get(ENTRIES).status_code, office.post(ENTRIES, office.invoice()).status_code]
    assert 403 == office.get("purchase/PurchaseInvoices").status_code


def test_the_screen_does_what_it_does_to_any_entry(office: Any) -> None:
    """Doubled, edited by the rules and against them, deleted."""
    made = office.buy(YourRef="A")
    office.control("double", id=made["EntryID"])
    assert 2 == len(office.rows(f"{ENTRIES}?$filter=YourRef eq 'A'"))
    changed = office.control("edit_purchase", id=made["EntryID"], line=1, line_set={"AmountFC": 90})
    assert ("108.90", [("108.90", 20)]) == (changed["amount"], office.items(made["EntryID"]))
    office.control("edit", id=made["EntryID"], line=1, text="Other")
    [line] = office.every_row(f"{LINES}?$filter=EntryID eq guid'{made['EntryID']}'")
    assert "Other" == line["Description"]
    office.control("delete", id=made["EntryID"])
    assert 404 == office.get(f"{ENTRIES}(guid'{made['EntryID']}')").status_code
    assert 1 == len(office.rows("cashflow/Payments"))
