"""What is sent of a report is what is made of it: every field, and a divided expense to the last cent."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tables import settings

from ml_connector.domain.expense import ExpenseReport, ReportState
from ml_connector.domain.journal import ExchangeRate
from ml_connector.domain.money import Money
from ml_connector.web.intake_schema import EXAMPLE, Report
from ml_connector.web.intake_translate import to_report

RECEIPT = {"part": "r1", "fileName": "hotel.pdf"}
CODES = {"costCenter": "100", "costUnit": "U1", "project": "P1"}
TAX = {"taxCode": "high", "taxRate": "21", "netAmount": "100.00", "taxAmount": "21.00"}
HOTEL = {
    "externalId": "x1",
    "type": "RECEIPT",
    "date": "2026-01-14",
    "description": "Hotel",
    "category": "Travel",
    "glAccount": "4350",
    "paymentMethod": "COMPANY_CARD",
    "payrollCode": "310",
    "supplier": {"name": "Hotel Zuid", "code": "S1"},
    "documentNumber": "F-1",
    "grossAmount": "121.00",
    "privateAmount": "10.00",
    "original": {"currency": "SEK", "grossAmount": "1300.00", "exchangeRate": "0.0931", "rateSource": "ECB"},
    "country": "SE",
    "deductiblePercentage": "50",
    "dimensions": CODES,
    "receipts": [RECEIPT],
    "missingReceiptReason": "Second page lost",
    "mileage": {
        "distance": "40",
        "unit": "MIL",
        "ratePerUnit": "25",
        "vehicleType": "MOTORCYCLE",
        "commuting": True,
        "passengers": 2,
        "taxFreePerUnit": "18.50",
        "supplement": "4.00",
        "route": "Lund - Malmö",
    },
    "perDiem": {"days": "2", "ratePerDay": "30", "deductions": "5.00"},
    "parts": [{"grossAmount": "60.50", "taxes": [TAX]}, {"grossAmount": "60.50", "description": "Rest"}],
}
FULL = {
    **EXAMPLE,
    "revision": 2,
    "company": "NL01",
    "booksRate": {"currency": "SEK", "exchangeRate": "10.74", "rateSource": "ECB"},
    "postingDate": "2026-02-28",
    "journalCode": "71",
    "dimensions": CODES,
    "expenses": [HOTEL],
    "advances": [{"externalId": "a1", "amount": "20.00", "description": "Cash"}],
    "receipts": [RECEIPT],
}


def made(sent: dict[str, Any]) -> ExpenseReport:
    """What is made of it; what a report cannot say at once is looked at elsewhere."""
    return to_report(Report.model_validate_json(json.dumps(sent)), {"r1": "5a" * 32})


def unset(record: Any, path: str = "") -> Iterator[str]:
    """Fields that hold what they hold when nothing is said."""
    for field in fields(record):
        value, place = getattr(record, field.name), f"{path}.{field.name}".lstrip(".")
        if field.default is not MISSING and value == field.default:
            yield place
        for each in value if isinstance(value, tuple) else (value,):
            if is_dataclass(each) and not isinstance(each, Money):
                yield from unset(each, place)


def test_every_field_of_a_report_is_said() -> None:
    """No field of ours is left as it is when nothing is said; a new one fails here until it is sent."""
    report = made(FULL)
    first = report.lines[0]

    assert set() == set(unset(report)) - {"lines.taxes"}
    assert ("", ReportState.APPROVED) == (report.reference, report.state)
    assert ExchangeRate(currency="SEK", rate=Decimal("10.74"), source="ECB") == report.rate
    assert first.mileage is not None
    assert Decimal("18.50") == first.mileage.tax_free
    assert {"x1"} == {line.expense for line in report.lines}
    assert [Money.parse("1300.00", "SEK")] * 2 == [line.original for line in report.lines]


@given(
    st.lists(st.integers(1, 100_000), min_size=2, max_size=8), st.integers(0, 100), st.sampled_from((1, -1))
)
def test_the_private_parts_of_a_divided_expense_come_to_it(grosses: list[int], share: int, sign: int) -> None:
    """To the cent, none is more than its part, and none has another sign; a refund alike."""
    private = sign * (sum(grosses) * share // 100)
    sent = copy.deepcopy(FULL)
    sent["expenses"][0]["privateAmount"] = str(Money.from_minor(private, "EUR").amount)
    parts = [{"grossAmount": str(Money.from_minor(sign * each, "EUR").amount)} for each in grosses]
    sent["expenses"][0]["parts"] = parts
    found = [(line.private.minor if line.private else 0) for line in made(sent).lines]

    assert private == sum(found)
    assert all(0 <= each * sign <= gross for each, gross in zip(found, grosses, strict=True))


@pytest.mark.parametrize(
    ("books", "code"),
    [
        ({"currency": "EUR", "exchangeRate": "1"}, "intake.books_rate"),
        ({"currency": "SEK", "exchangeRate": "0"}, "intake.books_rate"),
        ({"currency": "XXX", "exchangeRate": "2"}, "intake.amount"),
    ],
)
def test_a_rate_of_the_books_that_is_none_is_refused(books: dict[str, str], code: str) -> None:
    """For the report's own currency, of nought, or for a currency that is none."""
    settings()
    from ml_connector.web.intake_reading import Unreadable, read_report

    expense = {**EXAMPLE["expenses"][1]}  # type: ignore[index]
    totals = {"gross": "32.70", "tax": "0", "reimbursable": "0", "companyPaid": "32.70"}
    sent = {**EXAMPLE, "expenses": [expense], "totals": totals}
    assert read_report(json.dumps(sent), {}).report.rate is None
    with pytest.raises(Unreadable) as refused:
        read_report(json.dumps({**sent, "booksRate": books}), {})

    assert [code] == [problem.code for problem in refused.value.problems]


def test_a_divided_expense_in_another_currency_with_a_private_part_is_taken() -> None:
    """The rate gives the whole, and the private amount is taken off what is repaid once."""
    settings()
    from ml_connector.web.intake_reading import read_report

    expense = {
        "externalId": "x1",
        "type": "RECEIPT",
        "date": "2026-01-14",
        "paymentMethod": "OUT_OF_POCKET",
        "grossAmount": "100.00",
        "privateAmount": "0.05",
        "original": {"currency": "USD", "grossAmount": "200.00", "exchangeRate": "0.5", "rateSource": "ECB"},
        "missingReceiptReason": "Lost",
        "parts": [{"grossAmount": "33.33"}, {"grossAmount": "33.33"}, {"grossAmount": "33.34"}],
    }
    totals = {"gross": "100.00", "tax": "0", "reimbursable": "99.95", "companyPaid": "0"}
    lines = read_report(json.dumps({**EXAMPLE, "expenses": [expense], "totals": totals}), {}).report.lines

    assert [2, 1, 2] == [line.private.minor for line in lines if line.private]
