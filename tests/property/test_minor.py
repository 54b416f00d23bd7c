"""Minor units taken the short way are those of `Money`, or refused as it refuses."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st

from ml_connector.domain.money import AmountError, Money, minor_of

texts = st.one_of(
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.from_regex(r"-?[0-9]{1,24}(\.[0-9]{0,40})?([eE][+-]?[0-9]{1,6})?", fullmatch=True),
)


def asked(way: object, text: str, currency: str) -> tuple[str, int | str]:
    try:
        return "minor", way(Decimal(text), currency)  # type: ignore[operator]
    except AmountError as error:
        return "refused", str(error)


@given(texts, st.sampled_from(["EUR", "JPY", "KWD", "XXX"]))
@example("9999999999999999.99", "EUR")
@example("10000000000000000", "EUR")
@example("1.0000000000000000000000000000000000001", "EUR")
@example("0.1000000000000000000000", "EUR")
@example("1e999999", "EUR")
@example("-0.00", "EUR")
@example("sNaN", "EUR")
def test_as_money_has_them(text: str, currency: str) -> None:
    assert asked(lambda *of: Money(*of).minor, text, currency) == asked(minor_of, text, currency)
