"""What is paid at the screen and what the API says of it: parts, several, too much, discount, returned."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.sandbox.exact_online_purchases import ENTRIES

PAYMENTS = "cashflow/Payments"


def _of(office: Any, made: dict[str, Any]) -> list[dict[str, Any]]:
    asked = f"{PAYMENTS}?$filter=TransactionEntryID eq guid'{made['EntryID']}'"
    rows: list[dict[str, Any]] = office.every_row(asked)
    return rows


def test_an_open_invoice_is_a_payable(office: Any) -> None:
    """One row with the whole invoice, linked by its entry; also in the list of what is open."""
    made = office.buy(YourRef="A")
    [row] = _of(office, made)
    shown = [
        row[name] for name in ("AmountFC", "AmountDC", "TransactionAmountFC", "Status", "YourRef", "Journal")
    ]
    assert [121, 121, 121, 20, "A", "60"] == shown
    assert (made["DueDate"], made["EntryDate"]) == (row["DueDate"], row["InvoiceDate"])
    assert (None, None, None, "B") == tuple(
        row[name] for name in ("EndDate", "EndYear", "EntryDate", "PaymentMethod")
    )
    [listed] = office.every_row("read/financial/PayablesList")
    assert (121, 0, "A", made["EntryNumber"]) == (
        listed["Amount"],
        listed["AmountInTransit"],
        listed["YourRef"],
        listed["EntryNumber"],
    )
    [total] = office.every_row("read/financial/OutstandingInvoicesOverview")
    assert (121, 1) == (total["OutstandingPayableInvoiceAmount"], total["OutstandingPayableInvoiceCount"])


def test_paid_in_full(office: Any) -> None:
    """Matched, with the highest date of the invoices and not the day of payment; no more in the list."""
    made = office.buy(YourRef="A")
    paid = office.control("pay", pays=[{"entry": made["EntryNumber"]}], date="2026-07-10")
    [row] = _of(office, made)
    assert (50, made["EntryDate"], 2026, 7) == tuple(
        row[name] for name in ("Status", "EndDate", "EndYear", "EndPeriod")
    )
    assert "0.00" == paid["unmatched"]
    assert [] == office.every_row("read/financial/PayablesList")
    terms = office.every_row("sync/Cashflow/PaymentTerms")
    assert [(22, True, "A"), (22, True, "A")] == [
        (term["LineType"], term["IsFullyPaid"], term["YourRef"]) for term in terms
    ]
    assert {"/Date(1783641600000)/"} == {term["LastPaymentDate"] for term in terms}
    assert office.is_balanced()


def test_switches_of_what_nobody_has_published(make_office: Any) -> None:
    """Signs, the date of a match, whether full payment is kept, and which part keeps its row."""
    office = make_office(
        payables_sign="negative", end_date_from="all", fully_paid_on_payables=False, split_row_keeps="paid"
    )
    made = office.buy()
    first = _of(office, made)[0]["ID"]
    office.control("pay", pays=[{"entry": made["EntryID"], "amount": "21.00"}], date="2026-07-10")
    by_id = {row["ID"]: row for row in _of(office, made)}
    paid = by_id.pop(first)
    assert (-21, 50, "/Date(1783641600000)/") == (paid["AmountFC"], paid["Status"], paid["EndDate"])
    assert [-100] == [row["AmountFC"] for row in by_id.values()]
    office.control("pay", pays=[{"entry": made["EntryID"]}])
    assert {False} == {row["IsFullyPaid"] for row in office.every_row("sync/Cashflow/PaymentTerms")}


def test_two_payments_of_one_invoice(office: Any) -> None:
    """The row is split: a new set, the same transaction; both parts make up the invoice."""
    made = office.buy(office.cost(100, "N"))
    office.control("pay", pays=[{"entry": made["EntryNumber"], "amount": "40.00"}])
    rows = _of(office, made)
    assert {("60.0", 20), ("40.0", 50)} == {(f"{row['AmountFC']:.1f}", row["Status"]) for row in rows}
    assert (1, 2) == (len({row["TransactionID"] for row in rows}), len({row["EntryID"] for row in rows}))
    assert {100} == {row["TransactionAmountFC"] for row in rows}
    assert {False} == {
        row["IsFullyPaid"]
        for row in office.every_row("sync/Cashflow/PaymentTerms")
        if row["TransactionEntryID"] == made["EntryID"]
    }
    office.control("pay", pays=[{"entry": made["EntryNumber"]}])
    assert [("60.00", 50), ("40.00", 50)] == office.items(made["EntryID"])
    assert 2 == len(office.rows("financialtransaction/BankEntries"))


def test_terms_in_parts_are_several_rows(office: Any) -> None:
    """Of one transaction, each due on its own day; together they are the invoice, also after a change."""
    made = office.buy(office.cost("100.01", "N"), PaymentCondition="P")
    rows = sorted(_of(office, made), key=lambda row: row["AmountFC"])
    shown = [(row["AmountFC"], row["TransactionAmountFC"], row["DueDate"]) for row in rows]
    expected = [(30, 100.01, "/Date(1782864000000)/"), (70.01, 100.01, "/Date(1788048000000)/")]
    assert (expected, 1) == (shown, len({row["TransactionID"] for row in rows}))
    ids = {row["ID"] for row in rows}
    assert 204 == office.put(ENTRIES, made["EntryID"], YourRef="x").status_code
    assert ids == {row["ID"] for row in _of(office, made)}
    office.control("pay", pays=[{"entry": made["EntryNumber"]}])
    assert [("70.01", 50), ("30.00", 50)] == office.items(made["EntryID"])


def test_one_payment_of_two_invoices(office: Any) -> None:
    """One bank line for both; its own row names no invoice, since it matches two."""
    first, second = office.buy(office.cost(300, "N")), office.buy(office.cost(250, "N"), YourRef="B")
    paid = office.control(
        "pay", pays=[{"entry": first["EntryNumber"]}, {"entry": second["EntryNumber"], "amount": "200.00"}]
    )
    assert [("300.00", 50)] == office.items(first["EntryID"])
    assert [("200.00", 50), ("50.00", 20)] == office.items(second["EntryID"])
    [line] = office.rows(f"financialtransaction/BankEntryLines?$filter=EntryID eq guid'{paid['id']}'")
    assert (-500, first["Supplier"]) == (line["AmountFC"], line["Account"])
    [own] = office.every_row(f"{PAYMENTS}?$filter=TransactionEntryID eq guid'{paid['id']}'")
    assert (-500, 50, None) == (own["AmountFC"], own["Status"], own["YourRef"])


def test_suppliers_are_paid_by_lines_of_their_own(office: Any) -> None:
    """One entry of the bank, a line for each."""
    made = [office.buy(), office.buy(Supplier=office.supplier("30"))]
    paid = office.control("pay", pays=[{"entry": row["EntryNumber"]} for row in made])
    lines = office.rows(f"financialtransaction/BankEntryLines?$filter=EntryID eq guid'{paid['id']}'")
    assert [-121, -121] == [line["AmountFC"] for line in lines]
    assert [[("121.00", 50)]] * 2 == [office.items(row["EntryID"]) for row in made]


def test_too_much_and_twice(office: Any) -> None:
    """What is left over is an open item that the supplier owes; so is a second payment."""
    made = office.buy(office.cost(100, "N"))
    paid = office.control("pay", pays=[{"entry": made["EntryNumber"], "amount": "110.00"}])
    assert [("100.00", 50)] == office.items(made["EntryID"])
    assert ("10.00", [("-10.00", 20), ("-100.00", 50)]) == (paid["unmatched"], office.items(paid["id"]))
    again = office.control("pay", pays=[{"entry": made["EntryNumber"], "amount": "100.00"}])
    assert [("-100.00", 20)] == office.items(again["id"])
    assert [-10, -100] == [row["Amount"] for row in office.every_row("read/financial/PayablesList")]


def test_paid_before_the_invoice(office: Any) -> None:
    """A payment without an invoice is open until somebody matches it."""
    paid = office.control("pay", supplier="2", amount="121.00", text="Prepaid")
    made = office.buy()
    office.control("match", entries=[made["EntryID"], paid["id"]])
    assert ([("121.00", 50)], [("-121.00", 50)]) == (office.items(made["EntryID"]), office.items(paid["id"]))


def test_credit_notes_are_matched_with_invoices(office: Any) -> None:
    made, credit = office.buy(office.cost(100, "N")), office.buy(office.cost(-30, "N"))
    assert "30.00" == office.control("match", entries=[credit["EntryID"], made["EntryID"]])["matched"]
    assert [("70.00", 20), ("30.00", 50)] == office.items(made["EntryID"])
    assert [("-30.00", 50)] == office.items(credit["EntryID"])
    assert [] == office.rows("financialtransaction/BankEntries")


def test_discount_for_early_payment(office: Any) -> None:
    """Offered on the net amount by the terms; what was kept is a figure of its own, and settles."""
    made = office.buy(office.cost(1000), PaymentCondition="D")
    [row] = _of(office, made)
    assert (20, 0.02, "/Date(1783555200000)/") == tuple(
        row[name] for name in ("AmountDiscountFC", "PaymentDiscountPercentage", "DiscountDueDate")
    )
    pays = [{"entry": made["EntryNumber"], "discount": "20.00"}]
    paid = office.control("pay", pays=pays, discount_account="4300")
    [row] = _of(office, made)
    assert (1210, 20, 50) == (row["AmountFC"], row["AmountDiscountFC"], row["Status"])
    assert [("1600", "1210.00"), ("4300", "-20.00"), ("1100", "-1190.00")] == office.booked(paid["id"])


def test_a_discount_that_was_not_taken_is_none(office: Any) -> None:
    made = office.buy(office.cost(1000), PaymentCondition="D")
    office.control("pay", pays=[{"entry": made["EntryNumber"]}])
    assert [0] == [row["AmountDiscountFC"] for row in _of(office, made)]


def test_charges_stand_beside_the_payment(office: Any) -> None:
    """The bank takes 1,015.00, the supplier gets 1,000.00."""
    made = office.buy(office.cost(1000, "N"))
    paid = office.control(
        "pay", pays=[{"entry": made["EntryNumber"]}], extra=[{"account": "4100", "amount": "15.00"}]
    )
    assert [("1600", "1000.00"), ("4100", "15.00"), ("1100", "-1015.00")] == office.booked(paid["id"])
    assert [("1000.00", 50)] == office.items(made["EntryID"])


def test_unmatched_and_matched_again(office: Any) -> None:
    """400 + 600 of 1,000; the 600 are taken back, and stay a part of their own."""
    made = office.buy(office.cost(1000, "N"), YourRef="A")
    office.control("pay", pays=[{"entry": made["EntryNumber"], "amount": "400.00"}])
    second = office.control("pay", pays=[{"entry": made["EntryNumber"]}])
    of_payment = f"{PAYMENTS}?$filter=TransactionEntryID eq guid'{second['id']}'"
    assert ["A"] == [row["YourRef"] for row in office.rows(of_payment)]
    office.control("unmatch", payment=second["id"])
    assert [None] == [row["YourRef"] for row in office.rows(of_payment)]
    assert [("600.00", 20), ("400.00", 50)] == office.items(made["EntryID"])
    assert [(None, None)] == [
        (row["EndDate"], row["EndPeriod"]) for row in _of(office, made) if row["Status"] == 20
    ]
    office.control("match", entries=[made["EntryID"], second["id"]])
    assert [("600.00", 50), ("400.00", 50)] == office.items(made["EntryID"])


def test_the_bank_sends_it_back(office: Any) -> None:
    """The invoice is open again; the two bank lines come to nothing together."""
    made = office.buy()
    paid = office.control("pay", pays=[{"entry": made["EntryNumber"]}])
    back = office.control("reverse_payment", payment=paid["number"], date="2026-07-20")
    assert [("121.00", 20)] == office.items(made["EntryID"])
    assert [("-121.00", 50), ("121.00", 50)] == [*office.items(paid["id"]), *office.items(back["id"])]
    assert 121 == office.every_row("read/financial/PayablesList")[0]["Amount"]
    assert office.is_balanced()


def test_deleting_a_payment_opens_the_invoice(office: Any) -> None:
    """Also through the screen; the API refuses while it is matched."""
    made = office.buy()
    paid = office.control("pay", pays=[{"entry": made["EntryNumber"]}])
    for path, key in ((ENTRIES, made["EntryID"]), ("financialtransaction/BankEntries", paid["id"])):
        assert "Already matched" in office.remove(path, key).text
    assert "Already matched" in office.put(ENTRIES, made["EntryID"], YourRef="x").text
    office.control("delete", id=paid["id"])
    assert [("121.00", 20)] == office.items(made["EntryID"])
    assert [False] == [row["IsFullyPaid"] for row in office.every_row("sync/Cashflow/PaymentTerms")]
    assert 204 == office.remove(ENTRIES, made["EntryID"]).status_code


def test_in_a_bank_file_is_not_paid(office: Any) -> None:
    """Status 40: in transit, and out again."""
    made = office.buy()
    sent = office.control("set_payment_status", entries=[made["EntryNumber"]], status="processed")
    [row] = _of(office, made)
    assert (40, sent["batch"], None) == (row["Status"], row["PaymentBatchNumber"], row["EndDate"])
    assert 121 == office.every_row("read/financial/PayablesList")[0]["AmountInTransit"]
    assert "Already matched" in office.put(ENTRIES, made["EntryID"], YourRef="x").text
    office.control("set_payment_status", entries=[made["EntryNumber"]], status="open")
    assert [("121.00", 20)] == office.items(made["EntryID"])


def test_a_payment_service_has_no_bank_entry(office: Any) -> None:
    """Settled all the same; the ledger has the entry."""
    made = office.buy()
    office.control("pay", pays=[{"entry": made["EntryNumber"]}], journal="25")
    assert [("121.00", 50)] == office.items(made["EntryID"])
    assert [] == office.rows("financialtransaction/BankEntries")
    assert {"25", "60"} == {row["JournalCode"] for row in office.rows("financialtransaction/Transactions")}


def test_payments_in_another_currency(office: Any) -> None:
    """At the rate of the invoice."""
    made = office.buy(office.cost(1000, "N"), Currency="USD", Rate="0.92")
    paid = office.control("pay", pays=[{"entry": made["EntryNumber"], "amount": "250.00"}])
    assert [("750.00", 20), ("250.00", 50)] == office.items(made["EntryID"])
    assert {690, 230} == {row["AmountDC"] for row in _of(office, made)}
    [line] = office.rows(f"financialtransaction/BankEntryLines?$filter=EntryID eq guid'{paid['id']}'")
    assert (-250, -230, 0.92) == (line["AmountFC"], line["AmountDC"], line["ExchangeRate"])
    booked = office.rows(f"financialtransaction/TransactionLines?$filter=EntryID eq guid'{paid['id']}'")
    assert {("1600", 230), ("1100", -230)} == {(row["GLAccountCode"], row["AmountDC"]) for row in booked}
    assert office.is_balanced()


def test_creditor_lines_of_other_journals_are_payables_too(office: Any) -> None:
    """An expense report by general journal is owed to the employee's relation."""
    owed = {**office.line("1600", -50), "Account": office.supplier("30")}
    made = office.book(office.entry(office.line("4100", 50), owed)).json()["d"]
    assert [("50.00", 20)] == office.items(made["EntryID"])
    office.control("pay", pays=[{"entry": made["EntryNumber"]}])
    assert [("50.00", 50)] == office.items(made["EntryID"])


def test_receivables_stand_beside_payables(office: Any) -> None:
    """In the sync set together, told apart by `LineType` alone, which cannot be filtered on."""
    owing = {**office.line("1300", 80), "Account": office.supplier("30")}
    office.book(office.entry(office.line("4100", -80), owing)).raise_for_status()
    made = office.buy()
    terms = office.every_row("sync/Cashflow/PaymentTerms")
    assert {(22, 121), (20, -80)} == {(row["LineType"], row["AmountDC"]) for row in terms}
    assert [121] == [row["AmountDC"] for row in office.rows(PAYMENTS)]
    [row] = office.rows("cashflow/Receivables")
    assert (-80, 404) == (row["AmountDC"], office.get(f"{PAYMENTS}(guid'{row['ID']}')").status_code)
    assert [made["EntryNumber"]] == [
        listed["EntryNumber"] for listed in office.every_row("read/financial/PayablesList")
    ]
    [total] = office.every_row("read/financial/OutstandingInvoicesOverview")
    assert (80, 121, 1) == (
        total["OutstandingReceivableInvoiceAmount"],
        total["OutstandingPayableInvoiceAmount"],
        total["OverdueReceivableInvoiceCount"],
    )


def test_bank_entries_through_the_api(office: Any) -> None:
    """Opening and lines make the closing balance; a line without a relation can never be matched."""
    path = "financialtransaction/BankEntries"
    loose = {"GLAccount": office.account("1600"), "AmountFC": -10}
    line = {**loose, "Account": office.supplier(), "Date": "2026-07-02", "Description": "Paid"}
    body = {"JournalCode": "20", "BankEntryLines": [line, loose]}
    made = office.post(path, body).json()["d"]
    assert (0, -20, 20) == (made["OpeningBalanceFC"], made["ClosingBalanceFC"], made["Status"])
    assert [("-10.00", 20)] == office.items(made["EntryID"])
    wrong = office.post(path, {**body, "OpeningBalanceFC": -20, "ClosingBalanceFC": 5})
    assert "Opening balance plus all bank entry lines should result in the closing balance" in wrong.text
    added = office.post("financialtransaction/BankEntryLines", {**loose, "EntryID": made["EntryID"]})
    assert 201 == added.status_code
    assert -30 == office.one(path, made["EntryID"])["ClosingBalanceFC"]
    assert -30 == office.post(path, body).json()["d"]["OpeningBalanceFC"]
    assert office.is_balanced()
    keys = [row["EntryID"] for row in office.rows(path)]
    assert [204, 204] == [office.remove(path, key).status_code for key in keys]
    assert [] == office.rows(PAYMENTS)
    assert "must be a bank journal" in office.post(path, {**body, "JournalCode": "25"}).text


def test_where_a_payment_goes(office: Any) -> None:
    """The main account; changed for one item; a new main account takes the others along."""
    first, second = office.buy(), office.buy(YourRef="B")
    assert ["NL91ABNA0417164300"] == [row["AccountBankAccountNumber"] for row in _of(office, first)]
    other = office.control("put_bank_account", code="2", iban="NL20INGB0001234567")
    [item] = _of(office, first)
    answer = office.put(PAYMENTS, item["ID"], AccountBankAccountID=other["id"], PaymentMethod="K")
    assert 204 == answer.status_code
    third = office.control("put_bank_account", code="2", iban="NL02ABNA0123456789", main=True)
    shown = [row["AccountBankAccountID"] for made in (first, second) for row in _of(office, made)]
    assert [other["id"], third["id"]] == shown
    assert 500 == office.put(PAYMENTS, item["ID"], PaymentMethod="X").status_code
    assert 500 == office.put(PAYMENTS, item["ID"], AccountBankAccountID=first["EntryID"]).status_code
    assert 405 == office.post(PAYMENTS, {"PaymentMethod": "K"}).status_code


def test_open_payments_may_keep_the_old_account(make_office: Any) -> None:
    office = make_office(open_payments_follow_main=False)
    made = office.buy()
    office.control("put_bank_account", code="2", iban="NL02ABNA0123456789", main=True)
    assert "NL91ABNA0417164300" == _of(office, made)[0]["AccountBankAccountNumber"]


def test_what_a_judge_counts(office: Any) -> None:
    """Every item, to pay positive whatever the API shows, as text."""
    office.vendor.switches.set({"payables_sign": "negative"})
    made = office.buy(YourRef="A")
    office.control("pay", pays=[{"entry": made["EntryNumber"], "amount": "0.01"}])
    held = office.control("payables")["payables"]
    paid = [(row["amount"], row["status"], row["is_payment"]) for row in held]
    assert [("-0.01", 50, True), ("0.01", 50, False), ("120.99", 20, False)] == sorted(paid)
    assert 0 == sum(Decimal(row["amount"]) for row in held if row["match"])


@pytest.mark.parametrize(
    "typed",
    [
        {"pays": []},
        {"pays": [{"entry": "x"}]},
        {"pays": [{}]},
        {"supplier": "99", "amount": "1"},
        {"supplier": "2", "amount": "NaN"},
        {"supplier": "2", "amount": "1", "journal": "60"},
    ],
)
def test_nonsense_is_told_so(office: Any, typed: dict[str, Any]) -> None:
    """And nothing is booked."""
    office.buy()
    answer = office.client.post("/__sandbox__/control/pay", json=typed)
    assert answer.status_code in (400, 404)
    assert (1, 0) == (len(office.documents()), office.host.wire.failures.count)
