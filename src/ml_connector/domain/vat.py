"""Value added tax: as a supplier states it, and as a ledger keeps its codes.

What the supplier states is booked to the cent. It is spread over the lines, and never computed anew: rounding
by line and rounding by rate both are lawful, and only the document says which was done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from math import floor


class VatKind(StrEnum):
    """What the amount of a line with a code is, and what VAT it takes: `EXCLUDING` the net amount, with VAT
    on top; `INCLUDING` the gross one; `BASE_ONLY` and `NONE` the net one, without any.
    """

    EXCLUDING = "excluding"
    INCLUDING = "including"
    BASE_ONLY = "base_only"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class VatRate:
    """A percentage, such as 21, from a day until a last day; both count, and `None` is no end."""

    percentage: Decimal
    start: date | None = None
    end: date | None = None

    def on(self, day: date) -> bool:
        """Whether it holds on the day."""
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class VatCode:
    """A VAT code of a legal entity's ledger.

    `charged`: the ledger books VAT to pay and VAT to claim by itself and the supplier is owed the net amount,
    as with reverse charge. `purchases`: it may be used there. `blocked`: it may not be used any more.
    """

    code: str
    title: str
    kind: VatKind
    rates: tuple[VatRate, ...] = ()
    charged: bool = False
    purchases: bool = True
    blocked: bool = False

    def percentage(self, day: date) -> Decimal | None:
        """The percentage that holds on the day, of several the one that began last; `None` without one."""
        rates = [rate for rate in self.rates if rate.on(day)]
        return max(rates, key=lambda rate: rate.start or date.min).percentage if rates else None

    def takes_vat(self, day: date) -> bool:
        """Whether a line with this code may state VAT that the supplier is owed."""
        stated = self.kind in (VatKind.EXCLUDING, VatKind.INCLUDING) and not self.charged
        return stated and self.percentage(day) != 0


def apportion(minor: int, weights: Sequence[int]) -> list[int]:
    """Minor units divided in proportion to the weights, to the last unit; in the order of the weights.

    Weights of both signs that come to less than what is divided count by their size alone, and weights of
    nought alike: no part is larger than all of it, or than its weight. Each part is cut to the unit below;
    the units left over go one each to the parts with the largest cut-off fraction, ties to the earlier one.
    What is divided with the other sign is divided alike. Raises `ValueError` where there is something to
    divide and nothing to divide it by.
    """
    if not weights:
        if minor:
            raise ValueError(f"{minor} minor units have no line to stand on")
        return []
    sign, amount = (-1 if minor < 0 else 1), abs(minor)
    if min(weights) < 0 < max(weights) and abs(sum(weights)) < amount:
        weights = [abs(weight) for weight in weights]
    whole = sum(weights)
    counted = weights if whole else [1] * len(weights)
    exact = [Fraction(amount * weight, whole or len(weights)) for weight in counted]
    parts = [floor(part) for part in exact]
    order = sorted(range(len(parts)), key=lambda index: (parts[index] - exact[index], index))
    for index in order[: amount - sum(parts)]:
        parts[index] += 1
    return [sign * part for part in parts]
