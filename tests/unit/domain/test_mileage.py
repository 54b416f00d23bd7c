"""Rates are data with days; what is above the largest amount without tax is known to the cent."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from tests.unit.domain.expenses import money

from ml_connector.domain.expense import DistanceUnit, Mileage, Vehicle
from ml_connector.domain.mileage import known_rates, read_rates, stated_amount, without_tax

KM, MIL, MILE = DistanceUnit.KM, DistanceUnit.MIL, DistanceUnit.MILE


def drive(distance: str, rate: str, unit: DistanceUnit = KM, supplement: str = "") -> Mileage:
    return Mileage(
        distance=Decimal(distance),
        unit=unit,
        rate=Decimal(rate),
        vehicle=Vehicle.PRIVATE_CAR,
        supplement=money(supplement) if supplement else None,
    )


@pytest.mark.parametrize(
    ("country", "day", "vehicle", "maximum"),
    [
        ("NL", date(2022, 12, 31), Vehicle.PRIVATE_CAR, "0.19"),
        ("NL", date(2023, 1, 1), Vehicle.BICYCLE, "0.21"),
        ("NL", date(2024, 1, 1), Vehicle.PRIVATE_CAR, "0.23"),
        ("NL", date(2026, 12, 31), Vehicle.MOTORCYCLE, "0.23"),
        ("NO", date(2025, 12, 31), Vehicle.PRIVATE_CAR_ELECTRIC, "3.50"),
        ("SE", date(2022, 12, 31), Vehicle.PRIVATE_CAR, "18.50"),
        ("SE", date(2023, 1, 1), Vehicle.PRIVATE_CAR, "25.00"),
        ("SE", date(2024, 6, 1), Vehicle.COMPANY_CAR, "12.00"),
        ("SE", date(2024, 6, 1), Vehicle.COMPANY_CAR_ELECTRIC, "9.50"),
    ],
)
def test_the_rate_is_that_of_the_day_of_travel(
    country: str, day: date, vehicle: Vehicle, maximum: str
) -> None:
    found = known_rates()[country].on(day, vehicle)
    assert found is not None
    assert Decimal(maximum) == found.maximum
    assert found.source


@pytest.mark.parametrize(("year", "agreed"), [(2023, "4.48"), (2024, "4.90"), (2025, "5.00"), (2026, "5.30")])
def test_a_new_agreement_counts_from_its_first_day(year: int, agreed: str) -> None:
    """Norway, on the first and the last day of each year."""
    rates = known_rates()["NO"]
    for day in (date(year, 1, 1), date(year, 12, 31)):
        found = rates.on(day, Vehicle.PRIVATE_CAR)
        assert found is not None
        assert Decimal(agreed) == found.agreed


@pytest.mark.parametrize("country", ["NL", "NO", "SE"])
def test_every_day_of_five_years_has_a_rate_and_no_other_day_has(country: str) -> None:
    """A rate is never taken over into a year that nobody looked up."""
    rates = known_rates()[country]
    day, last = date(2022, 1, 1), date(2026, 12, 31)
    assert rates.on(day - timedelta(days=1), Vehicle.PRIVATE_CAR) is None
    while day <= last:
        assert rates.on(day, Vehicle.PRIVATE_CAR) is not None, day
        day += timedelta(days=1)
    assert rates.on(day, Vehicle.PRIVATE_CAR) is None


def test_what_no_good_source_says_is_not_confirmed() -> None:
    day = date(2026, 6, 1)
    found = {country: rates.on(day, Vehicle.PRIVATE_CAR) for country, rates in known_rates().items()}
    assert {"NL": False, "NO": True, "SE": False} == {
        country: rate is not None and rate.confirmed for country, rate in found.items()
    }


def test_a_vehicle_without_a_row_has_no_rate() -> None:
    assert known_rates()["NO"].on(date(2025, 6, 1), Vehicle.BICYCLE) is None
    assert known_rates()["NL"].on(date(2025, 6, 1), Vehicle.COMPANY_CAR) is None


@pytest.mark.parametrize(
    ("mileage", "currency", "amount"),
    [
        (drive("400", "0.23"), "EUR", "92.00"),
        (drive("47", "2.50"), "SEK", "117.50"),
        (drive("4.7", "25.00", MIL), "SEK", "117.50"),
        (drive("10.5", "0.2299"), "EUR", "2.41"),
        (drive("0.5", "0.23"), "EUR", "0.12"),
        (drive("100", "0.23", supplement="10.00"), "EUR", "33.00"),
    ],
)
def test_distance_and_rate_are_rounded_once(mileage: Mileage, currency: str, amount: str) -> None:
    """The middle of two cents goes up: 0.5 km at 0.23 are 0.115."""
    assert money(amount, currency) == stated_amount(mileage, currency)


@pytest.mark.parametrize(
    ("country", "day", "mileage", "gross", "free"),
    [
        ("NL", date(2025, 5, 1), drive("100", "0.30"), "30.00", "23.00"),
        ("NO", date(2026, 5, 1), drive("100", "5.30"), "530.00", "350.00"),
        ("SE", date(2025, 5, 1), drive("4.7", "30.00", MIL), "141.00", "117.50"),
        ("SE", date(2025, 5, 1), drive("47", "2.50"), "117.50", "117.50"),
        ("NL", date(2025, 5, 1), drive("100", "0.10"), "10.00", "10.00"),
        ("NL", date(2025, 5, 1), drive("10", "0.40", MILE), "4.00", "3.70"),
        ("NL", date(2025, 5, 1), drive("100", "0.30"), "-30.00", "-23.00"),
        ("NL", date(2025, 5, 1), drive("100", "0.30", supplement="5.00"), "35.00", "28.00"),
    ],
)
def test_what_is_above_the_largest_amount_without_tax_is_known(
    country: str, day: date, mileage: Mileage, gross: str, free: str
) -> None:
    """Units of distance and of rates differ, and are converted exactly."""
    rates = known_rates()[country]
    rate = rates.on(day, mileage.vehicle)
    assert rate is not None
    assert money(free) == without_tax(mileage, money(gross), rates.per_km(rate))


ROW = """
vehicles = ["private_car"]
maximum = "0.20"
start = 2023-01-01
end = 2023-12-31
confirmed = true
source = "s"
checked = 2026-01-01
"""
HEAD = 'XX.currency = "EUR"\nXX.unit = "km"\nXX.extras_inside = false\nXX.source = "s"\n'


TABLE = f"{HEAD}[[XX.rates]]{ROW}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"{TABLE}[[XX.rates]]{ROW}", "XX: two rows hold for one vehicle from 2023-01-01"),
        (TABLE.replace("2023-12-31", "2022-12-31"), "XX: a row ends on 2022-12-31, before it begins"),
        (TABLE.replace('"0.20"', "0.20"), "0.2 is no text"),
        (TABLE.replace("0.20", "a lot"), "not a table"),
        (TABLE.replace("private_car", "rocket"), "rocket"),
        (TABLE.replace("checked = 2026-01-01", ""), "checked"),
        (TABLE.replace('"km"', '"furlong"'), "furlong"),
        ("XX = 1", "not a table"),
        ("[", "Invalid"),
    ],
)
def test_a_table_that_can_be_read_in_two_ways_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_rates(text)
