"""Payments of the reference system, in memory: a ledger that settles entries, and a source of invoices that
takes payments of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from ml_connector.contract.reference_purchases import ENTITY, Books, ReferenceSink, Row
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.journal import ExchangeRate
from ml_connector.domain.money import Money
from ml_connector.domain.payment import BookedPayment, PayableInvoice, Payment, SettledPart, Settlement
from ml_connector.domain.problem import Problem
from ml_connector.errors import NotFound, Refused
from ml_connector.ports.payments import PayableInvoices, PaymentSink, PaymentSource
from ml_connector.ports.sinks import Ending, SinkLimits


@dataclass(slots=True)
class Match:
    """What one payment settles of an entry. `key` is the ledger's id of the part."""

    key: str
    payment: str
    entry: str
    amount: Money
    on: date
    discount: Money | None = None


@dataclass(slots=True)
class Debts:
    """The ledger's side: what is owed for each entry, what is matched, and what is on its way to a bank."""

    totals: dict[str, Money] = field(default_factory=dict)
    matches: list[Match] = field(default_factory=list)
    in_transit: set[str] = field(default_factory=set)
    rate: ExchangeRate | None = None
    own: str = "EUR"
    unfit: dict[str, str] = field(default_factory=dict)
    last: int = 0

    def number(self) -> str:
        """The next one."""
        self.last += 1
        return str(self.last)

    def left(self, entry: str) -> Money:
        """What is open of an entry."""
        total = self.totals[entry]
        settled = (match.amount for match in self.matches if match.entry == entry)
        return total - sum(settled, total - total)


class ReferenceSettlements(PaymentSource):
    """A `PaymentSource`."""

    def __init__(self, debts: Debts) -> None:
        self._debts = debts

    def settlements(self, entity: str, entries: Collection[str]) -> Mapping[str, Settlement]:
        """As they are now."""
        known = self._debts.totals.keys()
        return {entry: self._of(entity, entry) for entry in entries if entry in known}

    def _of(self, entity: str, entry: str) -> Settlement:
        total, left = self._debts.totals[entry], self._debts.left(entry)
        return Settlement(
            entity=entity,
            entry=entry,
            number=entry,
            total=total,
            open=left,
            in_transit=left if entry in self._debts.in_transit else total - total,
            parts=tuple(
                SettledPart(key=match.key, amount=match.amount, on=match.on, discount=match.discount)
                for match in self._debts.matches
                if match.entry == entry
            ),
            rate=self._debts.rate if total.currency != self._debts.own else None,
            unfit=self._debts.unfit.get(entry, ""),
        )


@dataclass(slots=True)
class Invoices:
    """The other side: invoices, in the books that hold their payments."""

    books: Books = field(default_factory=Books)
    held: dict[str, PayableInvoice] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)

    def payments(self, invoice: str) -> list[BookedPayment]:
        """Those that stand."""
        self.books.catch_up()
        return [
            row.booked
            for reference, row in self.books.of(Payment).items()
            if row.booked.invoice == invoice and reference not in self.cancelled
        ]

    def shown(self, invoice: str) -> PayableInvoice:
        """With what is paid of it."""
        held = self.held[invoice]
        paid = sum((one.amount for one in self.payments(invoice)), Decimal(0))
        return replace(held, paid=Money(paid, held.payable.currency))


class ReferencePayable(PayableInvoices):
    """As `PayableInvoices`."""

    def __init__(self, invoices: Invoices) -> None:
        self._invoices = invoices

    def payable(self) -> Iterator[PayableInvoice]:
        """In no order."""
        for shown in map(self._invoices.shown, self._invoices.held):
            if shown.entry and shown.takes_payments and shown.left:
                yield shown

    def now(self, entries: Collection[str]) -> Mapping[str, PayableInvoice]:
        """By the id of the invoice."""
        held = self._invoices.held
        return {key: self._invoices.shown(key) for key, row in held.items() if row.entry in entries}


class ReferencePayments(ReferenceSink, PaymentSink):
    """A `PaymentSink`."""

    kind, ends = Payment, Ending.CANCEL
    limits = SinkLimits(settle_seconds=10, visible_seconds=0)

    def __init__(self, invoices: Invoices) -> None:
        super().__init__(invoices.books)
        self._invoices = invoices

    def check(self, document: Payment) -> tuple[Problem, ...]:
        """More than nothing."""
        nothing = Problem("payment.amount", "amount", f"Nothing is paid by {document.amount}.")
        return () if document.amount.minor > 0 else (nothing,)

    def made(self, document: Payment, marker: Marker) -> Row:
        """As it is shown."""
        return Row(
            booked=BookedPayment(
                receipt=Receipt(reference="", number="", entity=ENTITY, posted=True),
                invoice=document.invoice,
                amount=document.amount.amount,
                paid_on=document.paid_on,
                marker=marker.token,
            )
        )

    def keep(self, row: Row) -> Receipt:
        """Where so much is left."""
        left = self._invoices.shown(row.booked.invoice).left
        if row.booked.amount > left.amount:
            raise Refused(f"Only {left} is left to pay.", where="amount", code="payment.exceeds")
        return super().keep(row)

    def read_back(self, receipt: Receipt) -> BookedPayment:
        """Where it stands."""
        if self.is_ended(receipt):
            raise NotFound(f"Payment {receipt.number} was cancelled.")
        booked: BookedPayment = super().read_back(receipt)
        return booked

    def near(self, document: Payment, last: date | None = None) -> tuple[BookedPayment, ...]:
        """Of the same invoice."""
        return tuple(self._invoices.payments(document.invoice))

    def compare(self, document: Payment, booked: BookedPayment) -> tuple[Problem, ...]:
        """Amount and day."""
        ours, theirs = (document.amount.amount, document.paid_on), (booked.amount, booked.paid_on)
        text = f"It is {theirs} and was written as {ours}."
        return () if ours == theirs else (Problem("read_back.header", booked.receipt.number, text),)

    def is_ended(self, receipt: Receipt) -> bool:
        """Whether it was cancelled."""
        self.books.catch_up()
        return receipt.reference in self._invoices.cancelled

    def end(self, receipt: Receipt) -> None:
        """Cancel it."""
        if not self.is_ended(receipt):
            self.books.write(lambda: self._invoices.cancelled.add(receipt.reference))
