"""The taxes of an invoice: what its lines and its head state of each, and nothing computed.

The head states what the document says. Precoro's lines have a tax of their own, rounded line by line, so that
together they may be some cents off; where they are no further off than that, the head counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from ml_connector.connectors.precoro import wire
from ml_connector.connectors.precoro.reading import Reading
from ml_connector.domain.invoice import InvoiceLine, StatedVat
from ml_connector.domain.journal import total
from ml_connector.domain.money import Money


def line_vat(
    reading: Reading, where: str, taxes: Sequence[wire.Tax], stated: Money | None
) -> tuple[StatedVat, ...]:
    """Each tax of a line with its amount, where `stated` is what the line says of all of them. The amounts
    are what `taxAmount` says, else `value`; of one tax what is stated. They are nought where only the head
    has amounts.
    """
    if not taxes:
        if stated:
            raise reading.refused("invoice.tax", f"{where}: {stated} is stated of no tax")
        return ()
    amounts = _amounts(reading, where, taxes)
    if amounts is None and len(taxes) == 1 and stated is not None:
        amounts = [stated]
    if amounts is None and stated:
        why = f"{where}: {stated} is stated of several taxes, and not how much of each"
        raise reading.refused("invoice.tax", why)
    if amounts is not None and stated is not None and (said := total(amounts, reading.currency)) != stated:
        why = f"{where}: {stated} is stated of all of them, and they come to {said}"
        raise reading.refused("invoice.tax", why)
    none = Money(Decimal(0), reading.currency)
    return _stated(reading, where, taxes, amounts or [none] * len(taxes))


def head_vat(reading: Reading, taxes: Sequence[wire.Tax], difference: Money) -> tuple[StatedVat, ...]:
    """Each tax of the head with its amount; of one tax the difference of the totals. Nothing where it says
    only which taxes there are: the lines have the amounts then, or the figures do not agree.
    """
    amounts = _amounts(reading, "taxes", taxes)
    if amounts is None and len(taxes) == 1:
        amounts = [difference]
    return _stated(reading, "taxes", taxes, amounts) if amounts else ()


def settled(lines: tuple[InvoiceLine, ...], head: tuple[StatedVat, ...]) -> tuple[InvoiceLine, ...]:
    """The lines, without amounts of tax where the head has the same taxes and the lines come to as much but
    for a minor unit for each of them.
    """
    by_tax: dict[str, int] = {}
    for stated in head:
        by_tax[stated.tax] = by_tax.get(stated.tax, 0) + stated.amount.minor
    count = dict.fromkeys(by_tax, 0)
    for stated in (each for line in lines for each in line.taxes):
        if stated.tax not in by_tax:
            return lines
        by_tax[stated.tax] -= stated.amount.minor
        count[stated.tax] += 1
    if any(abs(rest) > count[tax] for tax, rest in by_tax.items()):
        return lines
    return tuple(
        replace(line, taxes=tuple(replace(each, amount=each.amount - each.amount) for each in line.taxes))
        for line in lines
    )


def _amounts(reading: Reading, where: str, taxes: Sequence[wire.Tax]) -> list[Money] | None:
    """The amount of every tax; `None` where one has none. A `value` that is the percentage of its tax in each
    of them, or may be, is no amount.
    """
    found = [reading.money(f"{where}.taxAmount", tax.taxAmount) for tax in taxes]
    if None in found:
        read = [(each, reading.read(f"{where}.value", each.value, wire.number)) for each in taxes]
        if all(_percentage(reading, where, tax) in (None, value) for tax, value in read):
            return None
        found = [reading.money(f"{where}.value", tax.value) for tax in taxes]
    return None if None in found else [amount for amount in found if amount is not None]


def _percentage(reading: Reading, where: str, tax: wire.Tax) -> Decimal | None:
    return reading.read(f"{where}.percent", tax.percent, wire.number)


def _stated(
    reading: Reading, where: str, taxes: Sequence[wire.Tax], amounts: Sequence[Money]
) -> tuple[StatedVat, ...]:
    return tuple(
        StatedVat(
            tax=reading.needed(f"{where}.id", tax.id, wire.text),
            amount=amount,
            percentage=_percentage(reading, where, tax),
        )
        for tax, amount in zip(taxes, amounts, strict=True)
    )
