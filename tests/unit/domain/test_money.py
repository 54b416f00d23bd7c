"""What is not money is refused with its reason."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ml_connector.domain.money import AmountError, Money, decimals


@pytest.mark.parametrize(
    ("text", "currency", "reason"),
    [
        ("NaN", "EUR", "NaN is not an amount of money"),
        ("Infinity", "EUR", "Infinity is not an amount of money"),
        ("1e400", "EUR", "beyond the largest amount kept, 18 digits in minor units"),
        ("10000000000000000.00", "EUR", "beyond the largest amount kept"),
        ("1000000000000000000", "JPY", "beyond the largest amount kept"),
        ("12.345", "EUR", "12.345 has more decimals than EUR has"),
        ("1e-400", "EUR", "has more decimals than EUR has"),
        ("0.5", "JPY", "0.5 has more decimals than JPY has"),
        ("12,50", "EUR", "'12,50' is not a decimal number"),
        ("", "EUR", "'' is not a decimal number"),
        ("1.00", "EUX", "unknown currency 'EUX'; expected an ISO 4217 code such as EUR"),
        ("1.00", "eur", "unknown currency 'eur'"),
    ],
)
def test_what_is_not_exact_money_is_refused(text: str, currency: str, reason: str) -> None:
    """Not finite, too large, too fine, not a number, not a currency."""
    with pytest.raises(AmountError) as error:
        Money.parse(text, currency)
    assert reason in str(error.value)


def test_the_largest_amounts_are_kept_exactly() -> None:
    """Eighteen digits in minor units."""
    assert 999_999_999_999_999_999 == Money.parse("9999999999999999.99", "EUR").minor
    assert -999_999_999_999_999_999 == Money.parse("-999999999999999.999", "KWD").minor


def test_writing_an_amount_otherwise_makes_no_difference() -> None:
    """Equal amounts are equal values with one text."""
    assert {"12.50 EUR"} == {
        str(Money.parse(text, "EUR")) for text in ("12.5", "12.50", "12.500", "1.25e1", "+12.5")
    }
    assert "0.00 EUR" == str(Money.parse("-0", "EUR"))


def test_the_other_side_is_the_same_amount() -> None:
    """To the cent and in the same currency; nothing has no side."""
    debit = Money.parse("12.50", "EUR")

    assert (Money.parse("-12.50", "EUR"), debit) == (-debit, -Money.parse("-12.50", "EUR"))
    assert "0.00 EUR" == str(-Money.parse("0", "EUR"))


def test_currencies_are_never_mixed() -> None:
    """Nor compared by adding."""
    with pytest.raises(
        AmountError, match=r"1.00 EUR and 1.00 USD are in different currencies and are never added"
    ):
        Money(Decimal(1), "EUR") + Money(Decimal(1), "USD")


@pytest.mark.parametrize(
    ("currency", "places"), [("JPY", 0), ("EUR", 2), ("USD", 2), ("NOK", 2), ("KWD", 3), ("ISK", 0)]
)
def test_currencies_have_their_decimals(currency: str, places: int) -> None:
    """As ISO 4217 lists them."""
    assert places == decimals(currency)
