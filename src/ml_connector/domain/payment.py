"""Payments of supplier invoices: what a ledger has settled of an entry, and what the source of the invoice is
told of it.

    ledger    entry 1,000.00 ─ matched 400.00, matched 600.00        a `Settlement` with two parts
    source    invoice 1,000.00 ─ payment 400.00, payment 600.00      a `Payment` for each part, once
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ml_connector.domain.document import Receipt
from ml_connector.domain.journal import ExchangeRate
from ml_connector.domain.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledPart:
    """A part of what is owed for an entry that the ledger has matched: with a payment, or with anything else
    that takes it away, such as a credit note. `key` is the ledger's id of the part and stays as long as it is
    matched. `amount` has the sign of the entry's total, `discount` is how much of it was kept as a discount,
    and `on` the day it was settled.
    """

    key: str
    amount: Money
    on: date
    discount: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What is owed for one purchase entry, in the currency of the entry: `total` is positive for an invoice
    and negative for a credit note; `parts` and `open` come to it. Of `open`, `in_transit` was given to the
    bank, which proves nothing yet. `rate` is the ledger's for an entry in another currency than its own.
    `reversed`: the entry was taken back, and so was never paid. `unfit` says which matched amounts in the
    ledger's own currency are not the amount times the rate; empty where all are.
    """

    entity: str
    entry: str
    number: str
    total: Money
    open: Money
    in_transit: Money
    parts: tuple[SettledPart, ...] = ()
    rate: ExchangeRate | None = None
    reversed: bool = False
    unfit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PayableInvoice:
    """An invoice at its source that has an id in a ledger: `entry`. `invoice` is the source's id of it, which
    a payment names, and `number` what people know it by. `payable` is what is owed for it and `paid` what of
    that has been paid there, by whomever. `takes_payments`: it is approved, and is no credit note.
    """

    invoice: str
    number: str
    company: str
    entry: str
    payable: Money
    paid: Money
    takes_payments: bool

    @property
    def left(self) -> Money:
        """What can still be paid."""
        return self.payable - self.paid


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment of an invoice at its source, under one commit key. `entity` is the source's legal entity,
    `amount` is positive and in the invoice's currency. `settles` is what the ledger has settled, which
    differs from the amount by a rounding at the most; of that `discount` was kept. `part` is the ledger's id
    of what was settled, and `entry` that of the entry.
    """

    key: str
    entity: str
    invoice: str
    number: str
    entry: str
    part: str
    amount: Money
    settles: Money
    paid_on: date
    discount: Money | None = None
    rate: ExchangeRate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedPayment:
    """A payment as the source of the invoice shows it. The amount is in the currency of the invoice, which is
    not said. `marker` is empty for one that is not ours.
    """

    receipt: Receipt
    invoice: str
    amount: Decimal
    paid_on: date
    marker: str = ""
