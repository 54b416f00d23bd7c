"""A supplier's invoice or credit note, as the source gives it, before anything is mapped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from ml_connector.domain.dimension import Dimensions
from ml_connector.domain.journal import ExchangeRate, total
from ml_connector.domain.money import Money
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.vat import apportion


class InvoiceKind(StrEnum):
    """What the supplier sent: a claim, or what takes a claim back."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class InvoiceState(StrEnum):
    """How far an invoice is at the source. `PAID` and `PART_PAID` were approved before; `ON_REVISE` was taken
    back to be changed, and `CANCELED` for good.
    """

    OPEN = "open"
    APPROVED = "approved"
    PART_PAID = "part_paid"
    PAID = "paid"
    ON_REVISE = "on_revise"
    CANCELED = "canceled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedVat:
    """VAT that the document states for one tax of the source: the amount, and the net amount it is on where
    that is stated too. `percentage`, such as 21, is what the source says of the tax.
    """

    tax: str
    amount: Money
    base: Money | None = None
    percentage: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceLine:
    """One line: a net amount and how it is coded. `number` is the source's for it. `taxes` are the source's
    taxes on it, each with its amount where the line states one. `codes` are the source's, on axes such as
    `account`, `cost_center` and `project`.
    """

    number: str
    text: str
    net: Money
    taxes: tuple[StatedVat, ...] = ()
    codes: Dimensions = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceFile:
    """A file of an invoice at the source: its key there, and its name, which may stand more than once."""

    key: str
    name: str
    original: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """A file of an invoice as it was read and kept: its bytes are known by `sha256`, in hex, and are `size`
    many. `is_named` tells whether they are what the ending of the name says, where that can be told.
    """

    key: str
    name: str
    sha256: str
    size: int
    is_named: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedInvoice:
    """An invoice that a list of the source showed: its reference there as `key`, and its id."""

    key: str
    invoice: str
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierInvoice:
    """An invoice or credit note of a supplier.

    `identity` is the source's own id of it, which never changes, and `reference` its key as it was approved
    last. `number` is what the supplier printed. `company` is the source's
    legal entity. `supplier` is the source's id of the supplier, and `supplier_external` what the source keeps
    as the supplier's id in a ledger. Amounts are in `currency`, with the sign that the source gives them: see
    `signed`. `vat` is what the document states beside its lines, by tax; empty where only lines state VAT.
    `prepaid` and `rounding` are there where the amount to pay is not the gross amount. `parent` names the
    invoice of which this one is a share of the costs.
    """

    identity: str
    reference: str
    number: str
    kind: InvoiceKind
    state: InvoiceState
    company: str
    supplier: str
    currency: str
    issued: date
    net: Money
    gross: Money
    lines: tuple[InvoiceLine, ...]
    vat: tuple[StatedVat, ...] = ()
    due: date | None = None
    approved_at: datetime | None = None
    paid: Money | None = None
    prepaid: Money | None = None
    rounding: Money | None = None
    term: str = ""
    codes: Dimensions = ()
    rate: ExchangeRate | None = None
    files: tuple[InvoiceFile, ...] = ()
    title: str = ""
    parent: str = ""
    external: str = ""
    supplier_external: str = ""

    @property
    def payable(self) -> Money:
        """What is owed for it: gross, less what was paid before, and with the rounding that it states."""
        owed = self.gross if self.prepaid is None else self.gross - self.prepaid
        return owed if self.rounding is None else owed + self.rounding


def signed(invoice: SupplierInvoice) -> SupplierInvoice | Problem:
    """The invoice with every amount as we book it: what we owe is positive, what a credit note takes back
    negative. Sources write a credit note as positive amounts of that kind, as negative ones, or as a negative
    invoice. Where kind and amounts contradict each other it is a question.
    """
    lines = total((line.net for line in invoice.lines), invoice.currency).amount
    head = invoice.gross.amount
    if head * lines < 0 or invoice.net.amount * head < 0:
        return _contradiction(invoice, "its lines and its total have different signs")
    credit = invoice.kind is InvoiceKind.CREDIT_NOTE
    if credit and head > 0:
        if any(line.net.amount < 0 for line in invoice.lines):
            text = "it is a credit note with a positive total and lines of both signs"
            return _contradiction(invoice, text)
        return _negated(invoice)
    return replace(invoice, kind=InvoiceKind.CREDIT_NOTE) if head < 0 and not credit else invoice


def _contradiction(invoice: SupplierInvoice, why: str) -> Problem:
    text = (
        f"Whether invoice {invoice.number} is owed or takes something back cannot be told: {why}. Nothing was"
        " booked. Correct it in procurement."
    )
    return Problem("invoice.sign", f"invoice {invoice.reference}", text, Owner.PROCUREMENT)


def _negated(invoice: SupplierInvoice) -> SupplierInvoice:
    def turned(stated: StatedVat) -> StatedVat:
        return replace(stated, amount=-stated.amount, base=None if stated.base is None else -stated.base)

    return replace(
        invoice,
        net=-invoice.net,
        gross=-invoice.gross,
        paid=None if invoice.paid is None else -invoice.paid,
        prepaid=None if invoice.prepaid is None else -invoice.prepaid,
        rounding=None if invoice.rounding is None else -invoice.rounding,
        vat=tuple(map(turned, invoice.vat)),
        lines=tuple(
            replace(line, net=-line.net, taxes=tuple(map(turned, line.taxes))) for line in invoice.lines
        ),
    )


def check_totals(invoice: SupplierInvoice) -> Iterator[Problem]:
    """What of an invoice's figures does not agree with its others, to the cent and for each tax: the head is
    never taken for what its lines do not come to.
    """
    currency = invoice.currency
    if invoice.net.currency != currency or invoice.gross.currency != currency:
        text = f"The invoice is in {currency}, and its totals are not."
        yield _mismatch(invoice, "invoice.currency", text)
        return
    lines = total((line.net for line in invoice.lines), currency)
    if lines != invoice.net:
        text = f"Its lines come to {lines} net, and its head says {invoice.net}."
        yield _mismatch(invoice, "invoice.net", text)
    of_lines, of_head = _by_tax(_of_lines(invoice), currency), _by_tax(invoice.vat, currency)
    stated = of_head or of_lines
    for tax in sorted(of_lines.keys() & of_head.keys()) if _lines_state_vat(invoice) else ():
        if of_lines[tax] != of_head[tax]:
            text = f"Its lines have {of_lines[tax]} VAT of {tax}, and its head says {of_head[tax]}."
            yield _mismatch(invoice, "invoice.vat", text)
    for tax in sorted(of_head.keys() - _taxes_of_lines(invoice)):
        if of_head[tax]:
            text = f"Its head has {of_head[tax]} VAT of {tax}, and no line is taxed with it."
            yield _mismatch(invoice, "invoice.vat", text)
    vat = total(stated.values(), currency)
    if invoice.net + vat != invoice.gross:
        text = f"{invoice.net} net and {vat} VAT are not the {invoice.gross} of its head."
        yield _mismatch(invoice, "invoice.gross", text)


def vat_of_lines(invoice: SupplierInvoice) -> tuple[tuple[StatedVat, ...], ...]:
    """The VAT of each line, in their order, so that each tax comes to what the document states of it. Where
    only the head states it, it is spread over the lines with that tax in proportion to their net amounts.

    For an invoice of which `check_totals` finds nothing.
    """
    if _lines_state_vat(invoice) or not invoice.vat:
        return tuple(line.taxes for line in invoice.lines)
    found: list[list[StatedVat]] = [[] for _ in invoice.lines]
    for tax, amount in sorted(_by_tax(invoice.vat, invoice.currency).items()):
        taxed = [
            (at, stated)
            for at, line in enumerate(invoice.lines)
            for stated in line.taxes
            if stated.tax == tax
        ]
        parts = apportion(amount.minor, [invoice.lines[at].net.minor for at, _ in taxed])
        for (at, stated), part in zip(taxed, parts, strict=True):
            found[at].append(replace(stated, amount=Money.from_minor(part, invoice.currency)))
    return tuple(tuple(stated) for stated in found)


def _of_lines(invoice: SupplierInvoice) -> Iterator[StatedVat]:
    for line in invoice.lines:
        yield from line.taxes


def _taxes_of_lines(invoice: SupplierInvoice) -> set[str]:
    return {stated.tax for stated in _of_lines(invoice)}


def _lines_state_vat(invoice: SupplierInvoice) -> bool:
    """Whether the lines have amounts of VAT, and not only taxes whose amounts the head states."""
    return any(stated.amount for stated in _of_lines(invoice))


def _by_tax(stated: Iterable[StatedVat], currency: str) -> dict[str, Money]:
    found: dict[str, Money] = {}
    for each in stated:
        found[each.tax] = found.get(each.tax, Money.from_minor(0, currency)) + each.amount
    return found


def _mismatch(invoice: SupplierInvoice, code: str, why: str) -> Problem:
    text = f"The figures of invoice {invoice.number} do not agree: {why} Correct it in procurement."
    return Problem(code, f"invoice {invoice.reference}", text, Owner.PROCUREMENT)
