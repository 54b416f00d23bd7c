"""A drive is paid out whole, whatever its distance, unit and rate."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from ml_connector.domain.expense import DistanceUnit, Mileage, Vehicle, rounded
from ml_connector.domain.mileage import KM, kilometers, stated_amount, without_tax
from ml_connector.domain.money import Money

distances = st.decimals(0, 5000, places=2, allow_nan=False)
per_unit = st.decimals(0, 100, places=4, allow_nan=False)
units = st.sampled_from(DistanceUnit)


def drive(distance: Decimal, rate: Decimal, unit: DistanceUnit) -> Mileage:
    return Mileage(distance=distance, unit=unit, rate=rate, vehicle=Vehicle.PRIVATE_CAR)


@given(distances, per_unit, units, st.integers(-(10**9), 10**9), per_unit)
@example(Decimal(100), Decimal("0.30"), DistanceUnit.KM, 3000, Decimal("0.23"))
def test_both_parts_have_one_sign_and_come_to_the_whole(
    distance: Decimal, rate: Decimal, unit: DistanceUnit, minor: int, most: Decimal
) -> None:
    gross = Money.from_minor(minor, "EUR")
    free = without_tax(drive(distance, rate, unit), gross, Fraction(most))
    rest = gross - free
    assert free + rest == gross
    assert free.minor * minor >= 0
    assert rest.minor * minor >= 0
    assert abs(free.minor) <= kilometers(drive(distance, rate, unit)) * Fraction(most) * 100 + Fraction(1, 2)


@given(distances, per_unit)
def test_one_distance_in_two_units_is_one_amount(distance: Decimal, rate: Decimal) -> None:
    """So many km at a rate are a tenth of them in mil at ten times the rate."""
    km, mil = drive(distance, rate, DistanceUnit.KM), drive(distance / 10, rate * 10, DistanceUnit.MIL)
    assert kilometers(km) == kilometers(mil)
    assert stated_amount(km, "SEK") == stated_amount(mil, "SEK")


@given(distances, per_unit, units, st.sampled_from(["EUR", "JPY", "KWD"]))
def test_an_amount_is_within_half_a_unit_of_what_it_comes_to(
    distance: Decimal, rate: Decimal, unit: DistanceUnit, currency: str
) -> None:
    exact = Fraction(distance) * Fraction(rate)
    found = stated_amount(drive(distance, rate, unit), currency)
    one = Fraction(Money.from_minor(1, currency).amount)
    assert abs(Fraction(found.amount) - exact) <= one / 2
    assert rounded(-exact, currency) == -found
    assert set(KM) == set(DistanceUnit)
