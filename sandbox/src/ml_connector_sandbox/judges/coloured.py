"""Coloured money: the balance of an account says how often each pay stands in it.

    pay with colour c, paid f times its unit      f · unit · 100^c cents on each account
    balance of the account                        Σ over colours  count · unit · 100^c cents

So the balance is a number in base 100 whose digit at place c is the count of colour c. Digits are signed,
from -49 to 50, because a reversal takes away and a rerun may pay less. Nobody has to read a marker, a key
or a text to know how often a pay was booked.
"""

from __future__ import annotations

from collections.abc import Mapping

BASE = 100
COLOURS_MAX = 7
"""Beyond this a ledger that keeps amounts in fifteen digits could not hold the money."""
UNITS = {"wages": 8, "employer cost": 1, "taxes": -2, "deductions": -1, "employer liability": -1, "net": -5}
"""Cents that one part of colour 0 books on each kind of account, debit positive; together they balance."""

Counts = Mapping[int, int]
"""Colour → how many parts of it stand."""


class Torn(ValueError):
    """The accounts disagree about how often a pay was booked, or hold money of no pay."""


def amount(kind: str, colour: int, parts: int) -> int:
    """Cents on the accounts of that kind for so many parts of a colour, debit positive."""
    return int(UNITS[kind] * parts * BASE**colour)


def digits(cents: int, unit: int) -> dict[int, int]:
    """The counts in one balance, without those that are zero. Raises `Torn` for money of no pay."""
    rest, odd = divmod(cents, unit)
    if odd:
        raise Torn(f"{cents} cents are no multiple of {unit}")
    counts: dict[int, int] = {}
    colour = 0
    while rest:
        rest, digit = divmod(rest, BASE)
        if digit > BASE // 2:
            rest, digit = rest + 1, digit - BASE
        if digit:
            counts[colour] = digit
        colour += 1
    return counts


def counted(balances: Mapping[str, int]) -> dict[int, int]:
    """The counts that the balances by kind of account agree on. Raises `Torn` when they do not."""
    found = {kind: digits(balances.get(kind, 0), unit) for kind, unit in UNITS.items()}
    wages = found["wages"]
    for kind, counts in found.items():
        if counts != wages:
            raise Torn(f"{kind} holds {counts} and wages hold {wages}")
    return wages
