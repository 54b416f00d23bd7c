"""Checks of purchase entries: each returns every problem it finds, none raises. Look before writing, compare
to the cent after.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from ml_connector.domain.checks import REMEDY, head_problems, place_problems
from ml_connector.domain.dimension import Dimensions
from ml_connector.domain.mapping import describe
from ml_connector.domain.money import Money
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.purchase import (
    BookedPurchase,
    LedgerSupplier,
    PurchaseChart,
    PurchaseEntry,
    PurchaseLine,
    by_code,
)
from ml_connector.domain.vat import VatCode


def check_purchase(
    entry: PurchaseEntry, books: PurchaseChart, supplier: LedgerSupplier, today: date
) -> Iterator[Problem]:
    """Everything that the ledger would refuse of the entry, and what it would take and should not: journal,
    currency, accounts, codes, VAT codes, payment term and supplier, who is active or not `today`.
    """
    yield from head_problems(entry, books.chart)
    places = {(line.account, line.dimensions) for line in entry.lines}
    for account, codes in sorted(places, key=repr):
        values = [(value.axis, value.code) for value in codes]
        yield from place_problems(entry.entity, account, values, books.chart)
        if account in (books.creditor, supplier.creditor):
            text = f"Suppliers are owed on account {account}, so no cost is booked there. Choose another one."
            yield Problem("account.creditors", f"account {account}", text, Owner.CONTROLLER)
        elif account in books.no_costs:
            text = (
                f"GL account {account} in {entry.entity} is for {books.no_costs[account]}, and no cost of a"
                " purchase is booked on it. Map to another account, or choose another one in procurement."
            )
            yield Problem("account.no_cost", f"account {account}", text, Owner.CONTROLLER)
    yield from check_vat(entry, books.vat_codes)
    if entry.term and (entry.term not in books.terms or not books.terms[entry.term].open):
        state = "closed" if entry.term in books.terms else "not there"
        text = f"Payment term {entry.term} is {state} in {entry.entity}. Open it there, or name another one."
        yield Problem("term.not_there", f"term {entry.term}", text, Owner.CONTROLLER)
    yield from _supplier_problems(entry, books, supplier, today)


def _supplier_problems(
    entry: PurchaseEntry, books: PurchaseChart, supplier: LedgerSupplier, today: date
) -> Iterator[Problem]:
    where = f"supplier {supplier.code}"
    named = f"{supplier.code} {supplier.name}".strip()
    if not supplier.is_supplier:
        text = f"{named} is no supplier in {entry.entity}. Make it one there."
        yield Problem("supplier.kind", where, text, Owner.CONTROLLER)
    if supplier.blocked:
        text = f"Supplier {named} is blocked in {entry.entity}. It is not unblocked from here: do so there."
        yield Problem("supplier.blocked", where, text, Owner.CONTROLLER)
    if (supplier.start and today < supplier.start) or (supplier.end and today > supplier.end):
        span = f"from {supplier.start or '…'} to {supplier.end or '…'}"
        text = (
            f"Supplier {named} is active {span} in {entry.entity}, so not today. Change the days there, or"
            " book the invoice by hand."
        )
        yield Problem("supplier.dates", where, text, Owner.CONTROLLER)
    if supplier.creditor and books.creditor and supplier.creditor != books.creditor:
        text = (
            f"Supplier {named} is owed on account {supplier.creditor}, and journal {entry.journal} on"
            f" {books.creditor}. Change one of the two in {entry.entity}: the supplier's account, or the"
            " journal."
        )
        yield Problem("supplier.creditor", where, text, Owner.CONTROLLER)


def check_vat(entry: PurchaseEntry, codes: Mapping[str, VatCode]) -> Iterator[Problem]:
    """What a ledger with these VAT codes cannot book of the entry: see `VatCode`."""
    for number, line in enumerate(entry.lines, 1):
        code = codes.get(line.vat_code)
        where = f"line {number}"
        if code is None:
            text = f"The ledger has no VAT code {line.vat_code!r}. Map the tax to one that it has."
            yield Problem("vat.unknown", where, text, Owner.CONTROLLER)
        elif code.blocked:
            text = f"VAT code {code.code} is blocked. Map the tax to another one."
            yield Problem("vat.blocked", where, text, Owner.CONTROLLER)
        elif not code.purchases:
            text = f"VAT code {code.code} is for sales only. Map the tax to one for purchases."
            yield Problem("vat.sales", where, text, Owner.CONTROLLER)
        elif line.vat and not code.takes_vat(entry.invoice_date):
            text = f"{line.vat} VAT is stated, and VAT code {code.code} ({code.title}) takes none."
            yield Problem(
                "vat.none", where, f"{text} Map the tax to one that does, or correct it.", Owner.CONTROLLER
            )


def doubtful(entry: PurchaseEntry, codes: Mapping[str, VatCode]) -> Iterator[str]:
    """For each VAT code what is stated and what its percentage comes to, where they differ by more than a
    unit for each line: a reason to look, and never a reason to book another amount.
    """
    for code, stated in entry.vat_by_code().items():
        known = codes.get(code)
        percentage = known.percentage(entry.invoice_date) if known else None
        if known is None or percentage is None or not known.takes_vat(entry.invoice_date):
            continue
        lines = [line for line in entry.lines if line.vat_code == code]
        expected = sum(line.net.minor for line in lines) * percentage / Decimal(100)
        if abs(stated.minor - expected) > len(lines):
            computed = Money.from_minor(round(expected), entry.currency)
            yield f"{stated} VAT of code {code} is stated; {percentage} % come to {computed}"


def compare(entry: PurchaseEntry, booked: BookedPurchase) -> Iterator[Problem]:
    """Differences between what was written and what the ledger shows, to the cent, by account, codes and VAT
    code; the order of lines and their texts do not count.
    """
    where = f"document {booked.receipt.number}"
    if entry.currency != booked.currency:
        text = (
            f"The currency is {booked.currency} in the ledger and was written as {entry.currency}. {REMEDY}"
        )
        yield Problem("read_back.header", where, text, Owner.CONTROLLER)
        return
    for name, ours, theirs in (
        ("entity", entry.entity, booked.receipt.entity),
        ("journal", entry.journal, booked.journal),
        ("supplier", entry.supplier, booked.supplier),
        ("number of the invoice", entry.number, booked.number),
        ("date of the invoice", entry.invoice_date, booked.invoice_date),
        ("due date", entry.due_date or booked.due_date, booked.due_date),
        ("amount owed", entry.payable, booked.payable),
        ("fiscal period", entry.period, (entry.period and booked.period) or entry.period),
        ("kind", _kind(entry.payable.minor < 0), _kind(_credit_note(entry, booked))),
    ):
        if ours != theirs:
            text = f"The {name} is {theirs} in the ledger and was written as {ours}. {REMEDY}"
            yield Problem("read_back.header", where, text, Owner.CONTROLLER)
    nothing = Money.from_minor(0, entry.currency)
    wished, held = entry.vat_by_code(), by_code(booked.lines, booked.currency)
    for code in sorted(wished.keys() | held.keys()):
        ours, theirs = wished.get(code, nothing), held.get(code, nothing)
        if ours != theirs:
            text = f"VAT of code {code} is {theirs} in the ledger and was written as {ours}. {REMEDY}"
            yield Problem("read_back.vat", where, text, Owner.CONTROLLER)
    ours_by, theirs_by = _nets(entry.lines), _nets(booked.lines)
    for key in sorted(ours_by.keys() | theirs_by.keys(), key=repr):
        mine, there = ours_by.get(key, []), theirs_by.get(key, [])
        if mine != there:
            account, codes, vat_code = key
            text = (
                f"Account {account} {describe(codes)} with VAT code {vat_code}: written {_shown(mine)},"
                f" in the ledger {_shown(there)}. {REMEDY}"
            )
            yield Problem("read_back.line", where, text, Owner.CONTROLLER)


def takes_back(booked: BookedPurchase, entry: PurchaseEntry) -> bool:
    """Whether what is booked is the entry with every amount turned round, for the same supplier."""
    same = (booked.receipt.entity, booked.supplier, booked.currency)
    return same == (entry.entity, entry.supplier, entry.currency) and _turned(booked.lines, entry.lines)


def cancels(booked: BookedPurchase, other: BookedPurchase) -> bool:
    """Whether what is booked is the other one with every amount turned round, as both are booked now."""
    same = (booked.receipt.entity, booked.supplier, booked.currency)
    named = (other.receipt.entity, other.supplier, other.currency)
    return same == named and _turned(booked.lines, other.lines)


def _turned(lines: Sequence[PurchaseLine], others: Sequence[PurchaseLine]) -> bool:
    """By account and VAT code; the VAT of each code as a whole."""
    if not lines or not others:
        return False
    nets = Counter((line.account, line.vat_code, -line.net.minor) for line in lines)
    if nets != Counter((line.account, line.vat_code, line.net.minor) for line in others):
        return False
    currency = others[0].net.currency
    vat, there = by_code(lines, currency), by_code(others, currency)
    return {code: -amount for code, amount in vat.items()} == there


def _credit_note(entry: PurchaseEntry, booked: BookedPurchase) -> bool:
    """What the ledger calls it; what it was written as where the ledger does not say."""
    return entry.payable.minor < 0 if booked.credit_note is None else booked.credit_note


def _kind(credit_note: bool) -> str:
    return "a credit note" if credit_note else "an invoice"


_Place = tuple[str, Dimensions, str]


def _nets(lines: Iterable[PurchaseLine]) -> dict[_Place, list[Money]]:
    found: dict[_Place, list[Money]] = {}
    for line in lines:
        found.setdefault((line.account, line.dimensions, line.vat_code), []).append(line.net)
    for nets in found.values():
        nets.sort(key=lambda net: net.minor)
    return found


def _shown(nets: list[Money]) -> str:
    return " + ".join(str(net) for net in nets[:5]) + (" + …" if len(nets) > 5 else "") or "nothing"
