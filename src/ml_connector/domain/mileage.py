"""What may be paid for a drive without tax: rates by country, vehicle and day of travel, and what is above.

    distance in km  ×  largest amount for each km  →  rounded once  →  the part without tax, and the rest

What was paid is the truth and is divided, never computed anew: both parts come to it. A rate is that of the
day of travel, and a day without a row has none.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from ml_connector.domain.expense import DistanceUnit, Mileage, Vehicle, rounded
from ml_connector.domain.money import Money

KM: Mapping[DistanceUnit, Fraction] = {
    DistanceUnit.KM: Fraction(1),
    DistanceUnit.MIL: Fraction(10),
    DistanceUnit.MILE: Fraction("1.609344"),
}
"""Kilometers of a unit, exactly."""
OFF_MAX = 1
"""Minor units by which a stated amount may differ from distance and rate: one, for another rounding."""
_FILE = Path(__file__).with_name("mileage_rates.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class MileageRate:
    """The largest amount without tax for each unit, for these vehicles, from a day until a last day; both
    count. `agreed` is what a collective agreement pays. `confirmed` tells whether the source is good enough
    to rely on; `checked` is the day of the last look at it.
    """

    vehicles: frozenset[str]
    maximum: Decimal
    start: date
    end: date
    source: str
    checked: date
    confirmed: bool = True
    agreed: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryRates:
    """The rates of a country, in its currency for its unit of distance. `extras_inside`: tolls and parking
    lie inside of the maximum for a vehicle of one's own.
    """

    country: str
    currency: str
    unit: DistanceUnit
    extras_inside: bool
    source: str
    rates: tuple[MileageRate, ...]

    def on(self, day: date, vehicle: Vehicle) -> MileageRate | None:
        """The rate of the day of travel; `None` where no row has it."""
        return next((rate for rate in self.rates if _holds(rate, day, vehicle)), None)

    def per_km(self, rate: MileageRate) -> Fraction:
        """The largest amount without tax for a kilometer."""
        return Fraction(rate.maximum) / KM[self.unit]


def kilometers(mileage: Mileage) -> Fraction:
    """The distance in kilometers, exactly."""
    return Fraction(mileage.distance) * KM[mileage.unit]


def stated_amount(mileage: Mileage, currency: str) -> Money:
    """What distance, rate and supplement come to, rounded once."""
    found = rounded(Fraction(mileage.distance) * Fraction(mileage.rate), currency)
    return found if mileage.supplement is None else found + mileage.supplement


def largest(mileage: Mileage, currency: str, per_km: Fraction) -> Money:
    """The largest amount without tax for the drive, rounded once, and what was added to it."""
    found = rounded(kilometers(mileage) * per_km, currency)
    return found if mileage.supplement is None else found + mileage.supplement


def without_tax(mileage: Mileage, gross: Money, per_km: Fraction) -> Money:
    """How much of what was paid for the drive is without tax: the largest amount, and no more than was paid.
    For an amount that is taken back it is so much of it.
    """
    most = largest(mileage, gross.currency, per_km)
    if gross.minor < 0:
        return gross if -gross.minor <= most.minor else -most
    return gross if gross.minor <= most.minor else most


@cache
def known_rates() -> Mapping[str, CountryRates]:
    """Country, as two letters → its rates, as they are delivered in `mileage_rates.toml`."""
    return read_rates(_FILE.read_text(encoding="utf-8"))


def read_rates(text: str) -> dict[str, CountryRates]:
    """The rates of a file in the form of `mileage_rates.toml`. Raises `ValueError` for one that is not, and
    for two rows that hold for one vehicle on one day.
    """
    try:
        found = {country: _country(country, given) for country, given in tomllib.loads(text).items()}
    except (KeyError, TypeError, AttributeError, ArithmeticError) as error:
        raise ValueError(f"not a table of mileage rates: {error!r}") from error
    for country in found.values():
        _check_rows(country)
    return found


def _country(country: str, given: Mapping[str, Any]) -> CountryRates:
    return CountryRates(
        country=country,
        currency=given["currency"],
        unit=DistanceUnit(given["unit"]),
        extras_inside=given["extras_inside"],
        source=given["source"],
        rates=tuple(map(_rate, given["rates"])),
    )


def _rate(given: Mapping[str, Any]) -> MileageRate:
    """Amounts are text, so that none is read as a binary number."""
    return MileageRate(
        vehicles=frozenset(Vehicle(name).value for name in given["vehicles"]),
        maximum=_amount(given["maximum"]),
        start=given["start"],
        end=given["end"],
        source=given["source"],
        checked=given["checked"],
        confirmed=given["confirmed"],
        agreed=_amount(given["agreed"]) if "agreed" in given else None,
    )


def _amount(text: object) -> Decimal:
    if not isinstance(text, str):
        raise TypeError(f"{text!r} is no text")
    return Decimal(text)


def _check_rows(country: CountryRates) -> None:
    for number, rate in enumerate(country.rates):
        if rate.start > rate.end:
            raise ValueError(f"{country.country}: a row ends on {rate.end}, before it begins")
        for other in country.rates[:number]:
            if rate.vehicles & other.vehicles and rate.start <= other.end and other.start <= rate.end:
                raise ValueError(f"{country.country}: two rows hold for one vehicle from {rate.start}")


def _holds(rate: MileageRate, day: date, vehicle: Vehicle) -> bool:
    return vehicle.value in rate.vehicles and rate.start <= day <= rate.end


def kilometers_by_day(drives: Iterable[tuple[date, Mileage]]) -> dict[date, Fraction]:
    """Day of travel → all kilometers of it."""
    found: dict[date, Fraction] = {}
    for day, mileage in drives:
        found[day] = found.get(day, Fraction(0)) + kilometers(mileage)
    return found
