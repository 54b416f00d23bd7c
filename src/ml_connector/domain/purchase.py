"""Purchase entries: what a supplier is owed, as it is approved, written to a ledger, and read back."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from ml_connector.domain.dimension import Dimensions
from ml_connector.domain.document import Receipt
from ml_connector.domain.journal import Chart, ExchangeRate, total
from ml_connector.domain.money import Money
from ml_connector.domain.vat import VatCode


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseLine:
    """A cost on a GL account: the net amount, and the VAT on it that the supplier is owed; costs are
    positive. A VAT code is always there, also where it means that there is no VAT, because a ledger takes the
    account's own one for a line without.
    """

    account: str
    net: Money
    vat: Money
    vat_code: str
    dimensions: Dimensions = ()
    text: str = ""

    @property
    def amounts(self) -> tuple[Money, ...]:
        """Every amount that it states."""
        return (self.net, self.vat)


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseEntry:
    """An invoice or credit note of one supplier in a legal entity and purchase journal, under one commit key.

    `number` is what the supplier printed, `invoice_date` stands on it. `period`, as (year, number), is there
    where it is booked in another fiscal period than that of its date. `supplier` is the ledger's code of it,
    `term` that of the payment term. A credit note has a negative total. `refers` are the commit keys of
    documents of ours that it names: its files.
    """

    key: str
    entity: str
    journal: str
    supplier: str
    number: str
    invoice_date: date
    currency: str
    text: str
    lines: tuple[PurchaseLine, ...]
    due_date: date | None = None
    period: tuple[int, int] | None = None
    term: str = ""
    rate: ExchangeRate | None = None
    refers: tuple[str, ...] = ()

    @property
    def payable(self) -> Money:
        """What the supplier is owed: net and VAT of all lines; negative for a credit note."""
        owed = total((line.net for line in self.lines), self.currency)
        return owed + total((line.vat for line in self.lines), self.currency)

    def vat_by_code(self) -> dict[str, Money]:
        """VAT code → the VAT of all lines with it, in the order of codes."""
        return by_code(self.lines, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedPurchase:
    """A purchase entry as the ledger shows it. `charged` is the VAT by code that it books to pay and to claim
    by itself. `reversed` tells whether it was cancelled there, and `open` what is still owed for it, where
    the ledger says so. `period`, as (year, number), is where it is booked, and `credit_note` tells what the
    ledger calls it; `None` where it does not say.
    """

    receipt: Receipt
    journal: str
    supplier: str
    number: str
    invoice_date: date
    currency: str
    payable: Money
    lines: tuple[PurchaseLine, ...]
    due_date: date | None = None
    text: str = ""
    marker: str = ""
    rate: ExchangeRate | None = None
    open: Money | None = None
    reversed: bool = False
    charged: tuple[tuple[str, Money], ...] = ()
    period: tuple[int, int] | None = None
    credit_note: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentTerm:
    """When an invoice is due, as a system keeps it: so many ends of months after the invoice's month, then so
    many days. Without ends of months the days count from the date of the invoice.
    """

    code: str
    title: str
    days: int = 0
    month_ends: int = 0
    open: bool = True

    def due(self, invoice_date: date) -> date:
        """The due date. Raises `OverflowError` beyond the year 9999."""
        if not self.month_ends:
            return invoice_date + timedelta(days=self.days)
        month = invoice_date.year * 12 + invoice_date.month - 1 + self.month_ends
        year, month = divmod(month, 12)
        if year > date.max.year:
            raise OverflowError(f"{self.month_ends} months after {invoice_date} is beyond the calendar")
        last = calendar.monthrange(year, month + 1)[1]
        return date(year, month + 1, last) + timedelta(days=self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """What holds the files of an entry in the ledger, under one commit key: a title, and whose files they
    are, where they are a supplier's. `entry` is the commit key of an entry that is written first, because it
    cannot name its dossier; every other entry refers to the dossier.
    """

    key: str
    entity: str
    title: str
    supplier: str
    date: date
    entry: str | None = None

    @property
    def refers(self) -> tuple[str, ...]:
        """The entry that is written before it."""
        return () if self.entry is None else (self.entry,)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedDossier:
    """A dossier as the ledger shows it. `entry` is the ledger's own id of the entry that it names."""

    receipt: Receipt
    title: str
    supplier: str
    marker: str = ""
    entry: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file in a dossier, under one commit key. Its bytes are known by `sha256`, in hex, and are `size`
    many; `refers` names the dossier.
    """

    key: str
    entity: str
    name: str
    sha256: str
    size: int
    refers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedAttachment:
    """A file as the ledger shows it; `size` in bytes."""

    receipt: Receipt
    name: str
    size: int
    marker: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSupplier:
    """A supplier as the ledger keeps it. `identity` is its own id of it, `code` what people know it by.
    `creditor` is the supplier's own account of payables; empty for that of the journal. It may be booked on
    where it is a supplier, not blocked, and today lies between `start` and `end`.
    """

    identity: str
    code: str
    name: str
    is_supplier: bool = True
    blocked: bool = False
    start: date | None = None
    end: date | None = None
    creditor: str = ""
    term: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseChart:
    """What one legal entity accepts in one purchase journal, as read before a proposal: its chart, VAT codes
    and payment terms by code, and `creditor`, the journal's account of payables. `no_costs` are accounts of a
    kind that no purchase is booked on, with what they are for.
    """

    chart: Chart
    vat_codes: dict[str, VatCode]
    terms: dict[str, PaymentTerm]
    creditor: str = ""
    no_costs: dict[str, str] = field(default_factory=dict)


def by_code(lines: Iterable[PurchaseLine], currency: str) -> dict[str, Money]:
    """VAT code → the VAT of the lines with it, in the order of codes."""
    lines = tuple(lines)
    codes = sorted({line.vat_code for line in lines})
    return {code: total((line.vat for line in lines if line.vat_code == code), currency) for code in codes}
