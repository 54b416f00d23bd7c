"""What a report says, and what a rate makes of an amount."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from tests.unit.domain.expenses import drive, line, money, report, tax

from ml_connector.domain import codec
from ml_connector.domain.expense import PerDiem, converted, explains, rounded
from ml_connector.domain.journal import ExchangeRate


def rate(value: str, currency: str = "EUR") -> ExchangeRate:
    return ExchangeRate(currency=currency, rate=Decimal(value), source="the report")


def test_a_report_comes_back_from_storage_as_it_was() -> None:
    of = report(
        line("121.00", tax("high", "21.00", "100.00"), original=money("130.00", "USD"), rate=rate("0.9308")),
        drive("92.00", "400", "0.23"),
        line("60.00", per_diem=PerDiem(days=Decimal(2), rate=Decimal(30)), files=()),
    )
    assert of == codec.decode(codec.encode(of))


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("0.005", "EUR", "0.01"),
        ("0.00499", "EUR", "0.00"),
        ("-0.005", "EUR", "-0.01"),
        ("2.5", "JPY", "3"),
        ("1.0005", "KWD", "1.001"),
    ],
)
def test_half_a_unit_goes_away_from_nought(amount: str, currency: str, expected: str) -> None:
    assert money(expected, currency) == rounded(Fraction(amount), currency)


def test_an_amount_at_the_rate_of_its_day() -> None:
    assert money("90.00") == converted(money("100.00", "USD"), rate("0.90"))


def test_a_rate_explains_an_amount_as_exactly_as_it_is_written() -> None:
    """Four decimals of a rate are good for so much, and no more."""
    assert explains(money("100.00", "USD"), rate("0.9437"), money("94.37"))
    assert explains(money("10000.00", "USD"), rate("0.9437"), money("9437.45"))
    assert not explains(money("10000.00", "USD"), rate("0.9437"), money("9438.00"))
    assert not explains(money("100.00", "USD"), rate("0.90"), money("94.37"))
    assert not explains(money("100.00", "USD"), rate("0.9437", "SEK"), money("94.37"))
