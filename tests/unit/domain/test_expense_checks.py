"""A report whose figures do not agree is not booked, and it is said which ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.domain.expenses import DAY, RECEIPT, drive, line, money, report, tax

from ml_connector.domain.expense import (
    Advance,
    DistanceUnit,
    ExpenseReport,
    PaidWith,
    PerDiem,
    ReceiptFile,
    ReportState,
)
from ml_connector.domain.expense_checks import check_report, doubtful, may_be_same
from ml_connector.domain.invoice import StatedVat
from ml_connector.domain.journal import ExchangeRate
from ml_connector.domain.mileage import known_rates
from ml_connector.domain.problem import Owner

HOTEL = line("177.90", tax("high", "25.20", "120.00"), tax("low", "2.70", "30.00"))
CARD = line("25.00", paid_with=PaidWith.COMPANY_CARD, number="x2")


def codes(of: ExpenseReport) -> list[str]:
    found = [*check_report(of)]
    assert {Owner.EXPENSES} >= {problem.owner for problem in found}
    return [problem.code for problem in found]


def rate(value: str, currency: str = "EUR") -> ExchangeRate:
    return ExchangeRate(currency=currency, rate=Decimal(value), source="the report")


def allowance(gross: str, days: str, a_day: str, off: str = "", **more: Any) -> ExpenseReport:
    per_diem = PerDiem(days=Decimal(days), rate=Decimal(a_day), deductions=money(off) if off else None)
    return report(line(gross, per_diem=per_diem, files=(), **more))


@pytest.mark.parametrize(
    "of",
    [
        report(HOTEL, vat=money("27.90"), reimbursable=money("177.90"), company_paid=money("0.00")),
        report(line("121.00", tax("high", "21.00"))),
        report(line("-121.00", tax("high", "-21.00", "-100.00"))),
        report(line("9.99", files=(), missing_receipt="lost")),
        report(line("50.00"), CARD, reimbursable=money("50.00"), company_paid=money("25.00")),
        report(line("150.00"), advances=(Advance(reference="a", amount=money("120.00")),)),
        report(drive("92.00", "400", "0.23")),
        report(drive("2.42", "10.5", "0.2299")),
        allowance("507.20", "1", "634.00", "126.80"),
        report(line("94.37", original=money("100.00", "USD"), rate=rate("0.9437"))),
        report(replace(CARD, original=money("27.00", "USD"))),
        report(line("200.00", private=money("18.00"))),
        report(line("50.00", payroll_code="1234"), reimbursable=money("50.00")),
        report(line("50.00", payroll_code="1234"), reimbursable=money("0.00")),
        report(line("0.00")),
    ],
)
def test_nothing_is_found_in_a_report_that_agrees(of: ExpenseReport) -> None:
    assert [] == codes(of)


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (report(HOTEL, state=ReportState.TAKEN_BACK), ["expense.state"]),
        (report(), ["expense.lines"]),
        (report(HOTEL, HOTEL), ["expense.twice"]),
        (report(HOTEL, gross=money("177.91")), ["expense.totals"]),
        (report(HOTEL, vat=money("27.91")), ["expense.totals"]),
        (report(line("50.00"), CARD, reimbursable=money("75.00")), ["expense.totals"]),
        (report(line("50.00"), CARD, company_paid=money("0.00")), ["expense.totals"]),
        (report(line("50.00"), CARD, reimbursable=money("25.00")), ["expense.totals"]),
        (report(HOTEL, gross=money("177.90", "USD")), ["expense.currency"]),
        (report(line("50.00", currency="USD"), gross=money("50.00")), ["expense.currency"]),
        (
            report(line("50.00"), advances=(Advance(reference="a", amount=money("12.00", "USD")),)),
            ["expense.currency"],
        ),
        (report(drive("92.00", "400", "0.23", supplement=money("1.00", "NOK"))), ["expense.currency"]),
        (report(line("121.00", tax("high", "-21.00"))), ["expense.vat"]),
        (report(line("-121.00", tax("high", "21.00"))), ["expense.vat"]),
        (report(line("21.00", tax("high", "121.00"))), ["expense.vat"]),
        (report(line("79.00", tax("high", "0.00", "-79.00"))), ["expense.vat", "expense.gross"]),
        (report(line("121.00", tax("high", "21.00", "99.99"))), ["expense.gross"]),
        (report(line("150.00", tax("high", "20.00"), tax("low", "3.00"))), ["expense.vat_split"]),
        (report(line("150.00", tax("high", "20.00", "95.24"), tax("low", "3.00"))), ["expense.vat_split"]),
        (report(line("121.00", tax("high", "21.00"), deductible=Decimal(101))), ["expense.vat"]),
        (allowance("60.00", "2", "30.00", taxes=(tax("high", "10.41"),)), ["expense.vat"]),
        (allowance("60.02", "2", "30.00"), ["expense.per_diem"]),
        (report(drive("92.02", "400", "0.23")), ["expense.mileage"]),
        (
            report(drive("1175.00", "47", "25.00", DistanceUnit.MIL, private=money("1.00"))),
            ["expense.private"],
        ),
        (report(drive("1175.00", "47", "2.50")), ["expense.mileage"]),
        (report(drive("-92.00", "-400", "0.23")), ["expense.mileage"]),
        (
            report(replace(drive("60.00", "1", "60"), per_diem=PerDiem(days=Decimal(1), rate=Decimal(60)))),
            ["expense.kind"],
        ),
        (report(drive("92.00", "400", "0.23", taxes=(tax("none", "0.00"),))), ["expense.vat"]),
        (report(drive("230.23", "1001", "0.23")), ["expense.distance"]),
        (
            report(drive("138.00", "600", "0.23"), drive("92.23", "401", "0.23", number="x2")),
            ["expense.distance"],
        ),
        (report(line("9.99", files=())), ["expense.receipt"]),
        (report(line("9.99", private=money("10.00"))), ["expense.private"]),
        (report(line("9.99", private=money("-1.00"))), ["expense.private"]),
        (report(line("90.00", original=money("100.00", "USD"))), ["expense.rate"]),
        (report(line("95.00", original=money("100.00", "USD"), rate=rate("0.90"))), ["expense.rate"]),
        (report(line("90.00", original=money("100.00", "USD"), rate=rate("0.90", "SEK"))), ["expense.rate"]),
        (report(line("90.00", original=money("100.00", "USD"), rate=rate("0"))), ["expense.rate"]),
        (report(line("90.00", original=money("100.00"))), ["expense.rate"]),
        (
            report(
                line("50.00", paid_with=PaidWith.CASH_ADVANCE),
                line("90.00", number="x2"),
                advances=(Advance(reference="a", amount=money("50.00")),),
            ),
            ["expense.advance"],
        ),
        (
            report(line("50.00"), advances=(Advance(reference="a", amount=money("-5.00")),)),
            ["expense.advance"],
        ),
    ],
)
def test_what_does_not_agree_is_said(of: ExpenseReport, expected: list[str]) -> None:
    assert expected == codes(of)


def test_the_parts_of_an_expense_are_explained_together() -> None:
    """What was spent in another currency is that of the whole, also where its costs are divided."""
    of = {"expense": "x1", "original": money("100.00", "USD"), "rate": rate("0.9")}
    parts = (line("60.00", number="x1/1", **of), line("30.00", number="x1/2", **of))
    assert [] == codes(report(*parts))
    assert ["expense.rate"] * 2 == codes(report(parts[0], replace(parts[1], gross=money("20.00"))))


def test_a_report_is_told_by_its_number_and_the_remedy() -> None:
    (problem,) = check_report(report(HOTEL, gross=money("177.91")))
    assert (
        "Report ER-1 cannot be booked: its expenses come to 177.90 EUR gross, and its head says 177.91 EUR."
        " Correct it there, and approve it again. Where: report rep-1:1. Who can fix it: expenses."
        " [expense.totals]"
    ) == str(problem)


def test_forty_seven_km_are_not_forty_seven_mil() -> None:
    """A claim in the wrong unit does not come to what is claimed; or it is too far for a day."""
    assert ["expense.mileage"] == codes(report(drive("1175.00", "47", "2.50")))
    wrong_unit = report(drive("1175.00", "47", "25.00", DistanceUnit.MIL))
    assert ["expense.distance"] == [problem.code for problem in check_report(wrong_unit, Decimal(400))]


def test_a_receipt_and_its_card_line_are_a_question() -> None:
    own, card = line("18.40"), line("18.40", number="x2", paid_with=PaidWith.COMPANY_CARD, files=())
    assert may_be_same(own, replace(card, date=DAY + timedelta(days=1)))
    assert may_be_same(own, replace(card, date=DAY - timedelta(days=7)))
    assert not may_be_same(own, replace(card, date=DAY + timedelta(days=8)))
    assert not may_be_same(own, replace(card, gross=money("18.41")))
    assert not may_be_same(replace(own, expense="e"), replace(card, expense="e"))
    assert not may_be_same(drive("23.00", "100", "0.23"), drive("23.00", "100", "0.23", number="x2"))


def test_equal_bytes_are_a_question_whatever_the_amount() -> None:
    other = line("99.00", number="x2", date=DAY + timedelta(days=90))
    assert may_be_same(line("18.40"), other)
    assert not may_be_same(line("18.40"), replace(other, files=(ReceiptFile(key="f2", name=RECEIPT.name),)))


def test_one_amount_in_another_currency_is_a_question() -> None:
    own = line("90.00", original=money("100.00", "USD"), rate=rate("0.9"), files=())
    card = line("94.37", original=money("100.00", "USD"), paid_with=PaidWith.COMPANY_CARD, files=())
    assert may_be_same(own, card)


def test_a_rate_above_the_agreed_one_of_its_day_is_doubtful() -> None:
    """A trip of the last day of a year at the rate of the next."""
    rates = known_rates()["NO"]
    day = DAY.replace(year=2025, month=12, day=31)
    old, new = (
        drive(gross, "100", each, currency="NOK", date=day)
        for gross, each in (("500.00", "5.00"), ("530.00", "5.30"))
    )
    assert [] == [*doubtful(report(old, currency="NOK"), rates)]
    (text,) = doubtful(report(new, currency="NOK"), rates)
    assert "Expense x1: its rate of 5.30 is above the agreed 5.00." == text


def test_a_largest_rate_that_nobody_confirmed_is_doubtful() -> None:
    of = report(drive("92.00", "400", "0.23"))
    assert ["The largest rate without tax for NL 2026 is not confirmed."] == [
        *doubtful(of, known_rates()["NL"])
    ]
    assert [] == [*doubtful(of, None)]


def test_vat_that_is_not_its_percentage_is_doubtful_and_never_changed() -> None:
    def stated(amount: str) -> ExpenseReport:
        high = StatedVat(tax="high", amount=money(amount), percentage=Decimal(21))
        return report(line("121.00", high))

    assert [] == [*doubtful(stated("21.01"), None)]
    assert ["Expense x1 states 21.05 EUR VAT of high; 21 % come to 20.99 EUR."] == [
        *doubtful(stated("21.05"), None)
    ]
