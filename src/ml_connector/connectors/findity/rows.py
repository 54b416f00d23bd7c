"""The rows of a voucher: debits with the VAT that falls on each, and the check that the voucher balances."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from ml_connector.connectors.findity import names as vendor
from ml_connector.connectors.findity.settings import CENTS, Options
from ml_connector.connectors.findity.wire import Record
from ml_connector.domain.expense import rounded
from ml_connector.domain.journal import total
from ml_connector.domain.money import Money

Group = tuple[tuple[str, ...], str]
"""The expenses behind rows, and their VAT code: VAT rows are of the debit rows of the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Debit:
    """A debit row with its VAT. `expenses` are the ids of those that may be behind it: one where the row
    names it.
    """

    account: str
    net: Money
    vat: Money
    tax: str
    percentage: Decimal | None
    dimensions: tuple[tuple[str, str], ...]
    payroll_code: str
    text: str
    expenses: tuple[str, ...]

    @property
    def gross(self) -> Money:
        """What was spent."""
        return self.net + self.vat

    @property
    def group(self) -> Group:
        """What its VAT rows have in common with it."""
        return self.expenses, self.tax


def grouping_problem(voucher: Record) -> str:
    """Why vouchers that are grouped so cannot be booked; empty for ones that can."""
    return of_grouping(voucher.known(vendor.GROUPING))


def of_grouping(grouping: str) -> str:
    """The same, by the name of the grouping."""
    usable = (*vendor.PER_EXPENSE, *vendor.PER_ACCOUNT)
    if grouping in usable:
        return ""
    what = f"grouped by {grouping or '(nothing)'}, which is not known"
    if grouping in vendor.PAYMENT_ONLY:
        what = f"grouped by {grouping}, which holds payments only: no account, no VAT"
    return (
        f"vouchers are {what}. Choose a grouping with accounts for the recipient in Findity, best"
        f" {vendor.PER_EXPENSE[0]}, and send it again. Possible are {', '.join(usable)}."
    )


def money(record: Record, name: str, currency: str, options: Options) -> Money:
    """An amount that must be there. Raises `ValueError`."""
    found = record.some_number(name)
    if options["amounts"] != CENTS:
        return Money(found, currency)
    if found != found.to_integral_value():
        raise ValueError(f"{record.names[name]} is no number of cents")
    return Money.from_minor(int(found), currency)


def debits(voucher: Record, options: Options, expenses: Collection[str]) -> list[Debit]:
    """The debit rows in order. Raises `ValueError` for a voucher that does not balance, or whose VAT belongs
    to no debit row.
    """
    currency, names = voucher.needed("currency"), voucher.names
    kinds = {names[f"value_{name}"]: name for name in ("debit", "credit", "vat")}
    found: dict[str, list[Debit]] = {"debit": [], "credit": [], "vat": []}
    for row in voucher.parts("rows"):
        kind = row.needed("row_type")
        if kind not in kinds:
            raise ValueError(f"a row is of the type {kind}, which is none of {', '.join(kinds)}")
        found[kinds[kind]].append(_row(row, currency, options, expenses))
    _balanced(found, currency)
    vat: dict[Group, Money] = {}
    for each in found["vat"]:
        vat[each.group] = vat.get(each.group, Money.from_minor(0, currency)) + each.net
    return [*_with_vat(found["debit"], vat)]


def _row(row: Record, currency: str, options: Options, expenses: Collection[str]) -> Debit:
    named = [row.text("expense_id")] if row.text("expense_id") else row.texts("expense_ids")
    if unknown := [identity for identity in named if identity not in expenses]:
        raise ValueError(f"a row is of expense {unknown[0]}, which its voucher does not hold")
    return Debit(
        account=row.text("account_number"),
        net=money(row, "amount", currency, options),
        vat=Money.from_minor(0, currency),
        tax=row.text("tax_code"),
        percentage=row.number("tax_percentage"),
        dimensions=tuple((each.needed("dimension"), each.needed("code")) for each in row.parts("dimensions")),
        payroll_code=row.text("salary_code"),
        text=row.text("description"),
        expenses=tuple(named or expenses),
    )


def _balanced(found: dict[str, list[Debit]], currency: str) -> None:
    """A credit is written with either sign. Without any the recipient has no bookkeeping, and nothing can be
    compared.
    """
    if not found["credit"]:
        return
    debit = total((row.net for row in (*found["debit"], *found["vat"])), currency)
    credit = total((row.net for row in found["credit"]), currency)
    if credit not in (debit, -debit):
        raise ValueError(f"its rows of costs and VAT come to {debit}, and those against to {credit}")


def _with_vat(rows: list[Debit], vat: dict[Group, Money]) -> Iterator[Debit]:
    """Each debit row with its part of the VAT: by its net amount, to the cent, and all of it in the end."""
    if lost := vat.keys() - {row.group for row in rows}:
        raise ValueError(f"VAT of code {sorted(tax for _, tax in lost)[0] or '(none)'} belongs to no cost")
    wholes: dict[Group, int] = {}
    for row in rows:
        wholes[row.group] = wholes.get(row.group, 0) + row.net.minor
    so_far: dict[Group, tuple[int, Money]] = {}
    for row in rows:
        whole = vat.get(row.group)
        if whole is None:
            yield row
            continue
        if not wholes[row.group]:
            raise ValueError(f"VAT of code {row.tax} is on a net amount of nought")
        net, given = so_far.get(row.group, (0, Money.from_minor(0, whole.currency)))
        net += row.net.minor
        until = rounded(Fraction(whole.amount) * net / wholes[row.group], whole.currency)
        so_far[row.group] = net, until
        yield replace(row, vat=until - given)
