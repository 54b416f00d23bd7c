"""Money as a value: an exact decimal with its currency.

An amount is quantised to the minor unit of its currency when it is made, and never rounded afterwards: a
number with more decimals than its currency has is refused, because rounding it would invent or lose money.
Debit is positive, credit negative, here and everywhere. Storage keeps whole minor units (`minor`), never a
decimal column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow
from fractions import Fraction
from functools import lru_cache
from typing import Self

# ISO 4217, active codes of money one can be paid in, by number of decimals. Source: ISO 4217 list one, 2026.
_DECIMALS_0 = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_DECIMALS_2 = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY"
    " COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR"
    " ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK"
    " MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP"
    " SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER"
    " ZAR ZMW ZWG"
)
_DECIMALS_3 = "BHD IQD JOD KWD LYD OMR TND"
DECIMALS: dict[str, int] = {
    **dict.fromkeys(_DECIMALS_0.split(), 0),
    **dict.fromkeys(_DECIMALS_2.split(), 2),
    **dict.fromkeys(_DECIMALS_3.split(), 3),
}
"""Currency code → number of decimals of its minor unit."""

MINOR_DIGITS_MAX = 18
"""Largest number of digits of an amount in minor units; what 64-bit integers of every database hold without a
second thought.
"""


_MINOR_BOUND = 10**MINOR_DIGITS_MAX


class AmountError(ValueError):
    """The amount is not exact money in its currency."""


def decimals(currency: str) -> int:
    """Number of decimals of the currency. Raises `AmountError` for a code that ISO 4217 does not list."""
    try:
        return DECIMALS[currency]
    except KeyError:
        raise AmountError(f"unknown currency {currency!r}; expected an ISO 4217 code such as EUR") from None


@lru_cache(maxsize=512)
def _quantum(currency: str) -> tuple[Decimal, Decimal]:
    places = decimals(currency)
    return Decimal(1).scaleb(-places), Decimal(10) ** (MINOR_DIGITS_MAX - places)


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An exact amount in one currency; debit positive, credit negative.

    Raises `AmountError` for a number that is not finite, has more decimals than the currency, or more than 18
    digits in minor units.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        quantum, bound = _quantum(self.currency)
        if not self.amount.is_finite():
            raise AmountError(f"{self.amount} is not an amount of money")
        if abs(self.amount) >= bound:
            raise AmountError(
                f"{self.amount:.20} is beyond the largest amount kept, {MINOR_DIGITS_MAX} digits in minor"
                " units"
            )
        exact = self.amount.quantize(quantum, rounding=ROUND_DOWN)
        if exact != self.amount:
            raise AmountError(f"{self.amount} has more decimals than {self.currency} has")
        object.__setattr__(self, "amount", exact if exact else abs(exact))

    @classmethod
    def parse(cls, text: str, currency: str) -> Self:
        """Money from decimal text such as `-12.50`; raises `AmountError`."""
        try:
            return cls(Decimal(text), currency)
        except InvalidOperation:
            raise AmountError(f"{text!r} is not a decimal number") from None

    @classmethod
    def from_minor(cls, minor: int, currency: str) -> Self:
        """Money from whole minor units (cents), which are exact by nature and so not quantised again. Raises
        `AmountError`.
        """
        places = decimals(currency)
        if not -_MINOR_BOUND < minor < _MINOR_BOUND:
            raise AmountError(
                f"{minor} is beyond the largest amount kept, {MINOR_DIGITS_MAX} digits in minor units"
            )
        money = object.__new__(cls)
        object.__setattr__(money, "amount", Decimal(minor).scaleb(-places))
        object.__setattr__(money, "currency", currency)
        return money

    @property
    def minor(self) -> int:
        """The amount in whole minor units (cents), signed."""
        return int(self.amount.scaleb(decimals(self.currency)))

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __bool__(self) -> bool:
        return bool(self.amount)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise AmountError(f"{self} and {other} are in different currencies and are never added")


_EXACT = Context(
    prec=MINOR_DIGITS_MAX + 1, Emax=MINOR_DIGITS_MAX + 1, traps=[Inexact, Overflow, InvalidOperation]
)


def minor_of(amount: Decimal, currency: str) -> int:
    """The amount in whole minor units of the currency: `Money(amount, currency).minor`, at a fifth of its
    cost. Raises `AmountError` for what is not exact money.
    """
    try:
        scaled = _EXACT.scaleb(amount, DECIMALS[currency])
        minor = int(scaled)
        if minor == scaled and -_MINOR_BOUND < minor < _MINOR_BOUND:
            return minor
    except (KeyError, DecimalException, ValueError, OverflowError):
        pass
    return Money(amount, currency).minor


def split_minor(minor: int, shares: Sequence[Decimal]) -> list[int]:
    """Minor units divided by percentage shares, to the last unit; same order as the shares, which sum to 100.

    Each part is cut towards zero; the units left over go one each to the parts with the largest cut-off
    fraction, ties to the earlier share. Whoever needs the result independent of the order of the shares sorts
    them first (`mapping` does).
    """
    sign, whole = (-1 if minor < 0 else 1), abs(minor)
    exact = [Fraction(whole) * Fraction(share) / 100 for share in shares]
    parts = [int(value) for value in exact]
    order = sorted(range(len(parts)), key=lambda index: (parts[index] - exact[index], index))
    for index in order[: whole - sum(parts)]:
        parts[index] += 1
    return [sign * part for part in parts]
