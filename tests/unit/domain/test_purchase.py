"""Purchase entries: VAT codes that take no VAT, due dates, and what is booked otherwise than written."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.domain.invoices import eur

from ml_connector.domain.dimension import dimensions
from ml_connector.domain.document import Receipt
from ml_connector.domain.purchase import BookedPurchase, PaymentTerm, PurchaseEntry, PurchaseLine
from ml_connector.domain.purchase_checks import cancels, check_vat, compare, doubtful, takes_back
from ml_connector.domain.vat import VatCode, VatKind, VatRate

RATES = (VatRate(percentage=Decimal(21)),)
CODES = {
    code.code: code
    for code in (
        VatCode(code="5", title="High", kind=VatKind.EXCLUDING, rates=RATES),
        VatCode(code="6", title="Low", kind=VatKind.EXCLUDING, rates=(VatRate(percentage=Decimal(9)),)),
        VatCode(code="0", title="Nought", kind=VatKind.EXCLUDING, rates=(VatRate(percentage=Decimal(0)),)),
        VatCode(code="N", title="No VAT", kind=VatKind.NONE),
        VatCode(code="B", title="Base only", kind=VatKind.BASE_ONLY, rates=RATES),
        VatCode(code="R", title="Reverse charge", kind=VatKind.EXCLUDING, rates=RATES, charged=True),
        VatCode(code="S", title="Sales", kind=VatKind.EXCLUDING, rates=RATES, purchases=False),
        VatCode(code="X", title="Old", kind=VatKind.EXCLUDING, rates=RATES, blocked=True),
    )
}


def cost(net: str, vat: str = "0.00", code: str = "5", account: str = "4500") -> PurchaseLine:
    codes = dimensions({"cost_center": "100"})
    return PurchaseLine(account=account, net=eur(net), vat=eur(vat), vat_code=code, dimensions=codes)


def entry(*lines: PurchaseLine, **more: Any) -> PurchaseEntry:
    given: dict[str, Any] = {
        "key": "k:0:1",
        "entity": "1204",
        "journal": "70",
        "supplier": "S1",
        "number": "F-1",
        "invoice_date": date(2026, 3, 14),
        "currency": "EUR",
        "text": "",
        "lines": lines,
    }
    return PurchaseEntry(**{**given, **more})


def booked(of: PurchaseEntry, **otherwise: Any) -> BookedPurchase:
    found = BookedPurchase(
        receipt=Receipt(reference="r", number="26700001", entity=of.entity, posted=True),
        journal=of.journal,
        supplier=of.supplier,
        number=of.number,
        invoice_date=of.invoice_date,
        currency=of.currency,
        payable=of.payable,
        lines=tuple(reversed(of.lines)),
        due_date=date(2026, 4, 13),
    )
    return replace(found, **otherwise)


TWO_RATES = entry(cost("100.00", "21.01"), cost("100.00", "9.00", "6"))


def test_what_is_owed_is_net_and_vat_and_of_a_credit_note_negative() -> None:
    assert eur("230.01") == TWO_RATES.payable
    assert {"5": eur("21.01"), "6": eur("9.00")} == TWO_RATES.vat_by_code()
    assert eur("-121.00") == entry(cost("-100.00", "-21.00")).payable


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (cost("100.00", "0.01", "N"), "vat.none"),
        (cost("100.00", "21.00", "B"), "vat.none"),
        (cost("100.00", "21.00", "0"), "vat.none"),
        (cost("100.00", "21.00", "R"), "vat.none"),
        (cost("100.00", "21.00", "S"), "vat.sales"),
        (cost("100.00", "21.00", "X"), "vat.blocked"),
        (cost("100.00", "21.00", ""), "vat.unknown"),
    ],
)
def test_a_vat_code_that_does_not_take_it_is_named(line: PurchaseLine, code: str) -> None:
    assert [code] == [problem.code for problem in check_vat(entry(cost("1.00", "0.21"), line), CODES)]


@pytest.mark.parametrize("code", ["N", "B", "0", "R"])
def test_a_code_without_vat_takes_a_net_amount(code: str) -> None:
    assert [] == [*check_vat(entry(cost("1000.00", "0.00", code)), CODES)]


def test_the_percentage_is_that_of_the_day() -> None:
    """Nineteen until 2012, twenty-one since; a code whose rates all ended has none."""
    rates = (
        VatRate(percentage=Decimal(19), end=date(2012, 9, 30)),
        VatRate(percentage=Decimal(21), start=date(2012, 10, 1), end=date(2026, 12, 31)),
    )
    code = VatCode(code="5", title="High", kind=VatKind.EXCLUDING, rates=rates)
    days = (date(2012, 9, 30), date(2012, 10, 1), date(2027, 1, 1))
    assert [Decimal(19), Decimal(21), None] == [code.percentage(day) for day in days]


def test_a_stated_amount_far_from_its_rate_is_a_doubt_and_a_rounding_none() -> None:
    assert [] == [*doubtful(TWO_RATES, CODES)]
    (doubt,) = doubtful(entry(cost("100.00", "20.00")), CODES)
    assert "20.00 EUR VAT of code 5 is stated; 21 % come to 21.00 EUR" == doubt


@pytest.mark.parametrize(
    ("otherwise", "codes"),
    [
        ({}, []),
        ({"payable": eur("230.00")}, ["read_back.header"]),
        ({"supplier": "S2"}, ["read_back.header"]),
        ({"number": "F-2"}, ["read_back.header"]),
        ({"invoice_date": date(2026, 3, 15)}, ["read_back.header"]),
        ({"currency": "USD"}, ["read_back.header"]),
        (
            {"lines": (cost("100.00", "21.00"), cost("100.00", "9.01", "6"))},
            ["read_back.vat", "read_back.vat"],
        ),
        (
            {"lines": (cost("100.00", "21.01", account="4501"), cost("100.00", "9.00", "6"))},
            ["read_back.line", "read_back.line"],
        ),
    ],
)
def test_what_is_booked_otherwise(otherwise: dict[str, Any], codes: list[str]) -> None:
    """The sum fits where a cent lies on the other rate, and it is seen all the same."""
    assert codes == [problem.code for problem in compare(TWO_RATES, booked(TWO_RATES, **otherwise))]


def test_a_due_date_counts_where_one_was_written() -> None:
    of = replace(TWO_RATES, due_date=date(2026, 4, 30))
    (problem,) = compare(of, booked(of))
    assert "due date is 2026-04-13" in problem.text


@pytest.mark.parametrize(
    ("term", "invoice_date", "due"),
    [
        ((2, 15), date(2026, 1, 17), date(2026, 4, 15)),
        ((0, 30), date(2026, 1, 31), date(2026, 3, 2)),
        ((1, 0), date(2026, 12, 5), date(2027, 1, 31)),
        ((1, 0), date(2028, 1, 31), date(2028, 2, 29)),
        ((12, 0), date(2026, 6, 1), date(2027, 6, 30)),
    ],
)
def test_when_it_is_due(term: tuple[int, int], invoice_date: date, due: date) -> None:
    """The end of the month so many months on, then the days."""
    month_ends, days = term
    assert due == PaymentTerm(code="", title="", days=days, month_ends=month_ends).due(invoice_date)


def credit_of(of: PurchaseEntry) -> PurchaseEntry:
    lines = tuple(replace(line, net=-line.net, vat=-line.vat) for line in of.lines)
    return replace(of, lines=lines, number="C-1")


def test_fiscal_period_is_compared_where_one_was_chosen() -> None:
    """Without one the ledger takes that of the date; where it does not say, there is nothing to compare."""
    chosen = replace(TWO_RATES, period=(2026, 4))

    assert list(compare(TWO_RATES, booked(TWO_RATES, period=(2026, 3)))) == []
    assert list(compare(chosen, booked(chosen, period=(2026, 4)))) == []
    assert list(compare(chosen, booked(chosen, period=None))) == []
    (problem,) = compare(chosen, booked(chosen, period=(2026, 3)))
    assert "The fiscal period is (2026, 3) in the ledger and was written as (2026, 4)." in problem.text


@pytest.mark.parametrize("credit", [True, False])
def test_credit_note_that_the_ledger_calls_an_invoice_is_a_difference(credit: bool) -> None:
    """Type and sign are compared, whatever the amounts say."""
    document = credit_of(TWO_RATES) if credit else TWO_RATES

    assert list(compare(document, booked(document, credit_note=credit))) == []
    (problem,) = compare(document, booked(document, credit_note=not credit))
    kinds = ["a credit note", "an invoice"]
    assert (
        f"The kind is {kinds[credit]} in the ledger and was written as {kinds[not credit]}." in problem.text
    )


def test_credit_note_takes_its_invoice_back() -> None:
    """Every net amount and the VAT of every code turned round, for the same supplier and in one currency."""
    credit = booked(credit_of(TWO_RATES))

    assert takes_back(credit, TWO_RATES)
    assert cancels(credit, booked(TWO_RATES))
    assert not takes_back(booked(TWO_RATES), TWO_RATES)
    assert not cancels(booked(TWO_RATES), booked(TWO_RATES))
    for wrong in (
        replace(credit, supplier="S2"),
        replace(credit, currency="USD"),
        replace(credit, lines=credit.lines[:1]),
        replace(credit, lines=(replace(credit.lines[0], vat=eur("-9.01")), *credit.lines[1:])),
        replace(credit, lines=()),
    ):
        assert not takes_back(wrong, TWO_RATES)
        assert not cancels(wrong, booked(TWO_RATES))
