"""The reference payments keep every claim of their suites."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from ml_connector.contract.payments import ENTRY, PaymentSinkContract, PaymentSourceContract
from ml_connector.contract.reference_payments import (
    Debts,
    Invoices,
    Match,
    ReferencePayable,
    ReferencePayments,
    ReferenceSettlements,
)
from ml_connector.contract.reference_purchases import ENTITY, Row
from ml_connector.domain.document import Receipt
from ml_connector.domain.journal import ExchangeRate
from ml_connector.domain.money import Money
from ml_connector.domain.payment import BookedPayment, PayableInvoice, Payment

DAY = date(2026, 7, 1)


class Ledger:
    """The reference ledger in the words of the suite."""

    entity = ENTITY

    def __init__(self) -> None:
        self.debts = Debts(rate=ExchangeRate(currency="EUR", rate=Decimal("0.92"), source="the bank"))
        self.source = self.reopen()

    def reopen(self) -> ReferenceSettlements:
        return ReferenceSettlements(self.debts)

    def owe(self, amount: str = ENTRY, *, foreign: bool = False) -> str:
        entry = f"e{self.debts.number()}"
        self.debts.totals[entry] = Money.parse(amount, "USD" if foreign else "EUR")
        return entry

    def pay(self, *of: tuple[str, str], discount: str = "", charges: str = "") -> str:
        payment = self.debts.number()
        for place, (entry, amount) in enumerate(of, 1):
            currency = self.debts.totals[entry].currency
            kept = Money.parse(discount, currency) if discount and place == len(of) else None
            whole = Money.parse(amount, currency)
            whole = whole + kept if kept else whole
            self.debts.matches.append(Match(f"p{self.debts.number()}", payment, entry, whole, DAY, kept))
        return payment

    def unmatch(self, payment: str) -> None:
        self.debts.matches = [match for match in self.debts.matches if match.payment != payment]

    reverse = unmatch

    def set_off(self, invoice: str, note: str) -> None:
        amount = -self.debts.totals[note].amount
        self.pay((invoice, str(amount)), (note, str(-amount)))

    def send_to_bank(self, entry: str) -> None:
        self.debts.in_transit.add(entry)

    def delete(self, entry: str) -> None:
        del self.debts.totals[entry]

    def many(self) -> int:
        return 3


class Source:
    """The reference source of invoices in the words of the suite."""

    def __init__(self) -> None:
        self.held = Invoices()
        self.sink, self.invoices = self.reopen(), ReferencePayable(self.held)
        self.ours = self.invoice(entry="guid-of-ours")

    def reopen(self) -> ReferencePayments:
        return ReferencePayments(self.held)

    def known(self, document: Payment) -> Mapping[str, Receipt]:
        return {}

    def document(self, key: str = "bought:acme:1:0:1") -> Payment:
        ten = Money.parse("10.00", "EUR")
        return Payment(
            key=key,
            entity=ENTITY,
            invoice=self.ours,
            number=self.ours,
            entry="guid-of-ours",
            part="p1",
            amount=ten,
            settles=ten,
            paid_on=DAY,
        )

    def invoice(self, amount: str = ENTRY, *, entry: str = "", credit: bool = False) -> str:
        identity, whole = f"i{len(self.held.held)}", Money.parse(amount, "EUR")
        self.held.held[identity] = PayableInvoice(
            invoice=identity,
            number=identity,
            company="",
            entry=entry,
            payable=whole,
            paid=whole - whole,
            takes_payments=not credit,
        )
        return identity

    def enter(self, invoice: str, amount: str) -> None:
        receipt = Receipt(reference="", number="", entity=ENTITY, posted=True)
        paid = Decimal(amount)
        self.sink.keep(Row(BookedPayment(receipt=receipt, invoice=invoice, amount=paid, paid_on=DAY)))

    def pages(self) -> int:
        return 3

    def references(self) -> list[str]:
        return [reference for reference in self.sink.rows() if reference not in self.held.cancelled]

    def by_hand(self) -> str:
        self.enter(self.ours, "3.00")
        return self.references()[-1]

    def double(self, reference: str) -> str:
        return self.sink.keep(replace(self.sink.rows()[reference])).reference

    def delete(self, reference: str) -> None:
        self.held.cancelled.add(reference)

    def fail_next(self, fault: str) -> None:
        self.held.books.faults.append(fault)

    def advance(self, seconds: float) -> None:
        self.held.books.clock.advance(seconds)
        self.held.books.catch_up()

    def said(self) -> str:
        return repr(self.held.books.said)

    def secrets(self) -> tuple[str, ...]:
        return ()


class TestSettlements(PaymentSourceContract):
    """The reference ledger."""

    @pytest.fixture
    def world(self) -> Ledger:
        """Nobody is owed anything."""
        return Ledger()


class TestPayments(PaymentSinkContract):
    """The reference source of invoices."""

    @pytest.fixture
    def world(self) -> Source:
        """One invoice that is open."""
        return Source()
