"""An installation that pays invoices at their source as a ledger has settled them, the vendors in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from tests.payday import SOURCE, TARGET, World

from ml_connector.contract.reference_payments import (
    Debts,
    Invoices,
    Match,
    ReferencePayable,
    ReferencePayments,
    ReferenceSettlements,
)
from ml_connector.contract.reference_purchases import ENTITY, Books, Row
from ml_connector.domain.document import Receipt
from ml_connector.domain.money import Money
from ml_connector.domain.payment import BookedPayment, PayableInvoice, Payment, Settlement
from ml_connector.flows.flow import Mode
from ml_connector.ports.runs import RunRow
from ml_connector.ports.systems import System

DAY = date(2026, 7, 1)


class Paying(World):
    """Entries in the ledger, invoices at their source, and the flow between them."""

    def __init__(self, *, mode: Mode = Mode.AUTOMATIC, **options: str) -> None:
        self.debts = Debts()
        super().__init__()
        self.invoices = Invoices(books=Books(clock=self.clock))
        self.sink, self.payable = ReferencePayments(self.invoices), ReferencePayable(self.invoices)
        self.access.set_flow(
            kind="payments",
            source=self.access.connection(SOURCE),
            target=self.access.connection(TARGET),
            mode=mode,
            starts_on=date(2026, 1, 1),
            mapping="",
            options={"entities": f"*={ENTITY}", **options},
        )

    def system(self, name: str) -> System:
        inner = super().system(name)
        if name == SOURCE:
            return replace(inner, sources={**inner.sources, Settlement: ReferenceSettlements(self.debts)})
        return replace(inner, sinks={Payment: self.sink}, sources={PayableInvoice: self.payable})

    # --- people ---------------------------------------------------------------------------------------------

    def owe(self, amount: str, *, invoice: str = "", currency: str = "EUR", **more: Any) -> str:
        """An invoice at its source and its entry in the ledger; its id, which is that of the entry too. What
        is owed in the ledger may be `invoice` at the source.
        """
        identity, whole = f"i{len(self.debts.totals)}", Money.parse(amount, "EUR")
        self.debts.totals[identity] = Money.parse(amount, currency)
        there = Money.parse(invoice or amount, "EUR")
        held = PayableInvoice(
            invoice=identity,
            number=f"F-{identity}",
            company="",
            entry=identity,
            payable=there,
            paid=whole - whole,
            takes_payments=whole.minor > 0,
        )
        self.invoices.held[identity] = replace(held, **more)
        return identity

    def settle(self, *of: tuple[str, str], on: date = DAY) -> str:
        """The ledger's payment of these."""
        payment = self.debts.number()
        for entry, amount in of:
            money = Money.parse(amount, self.debts.totals[entry].currency)
            self.debts.matches.append(Match(f"p{self.debts.number()}", payment, entry, money, on))
        return payment

    def unmatch(self, payment: str) -> None:
        self.debts.matches = [match for match in self.debts.matches if match.payment != payment]

    def enter(self, invoice: str, amount: str) -> None:
        """A person enters a payment at the source."""
        receipt = Receipt(reference="", number="", entity=ENTITY, posted=True)
        booked = BookedPayment(receipt=receipt, invoice=invoice, amount=Decimal(amount), paid_on=DAY)
        self.sink.keep(Row(booked))

    def refer(self, invoice: str, **fields: Any) -> None:
        """The invoice is another one at its source."""
        self.invoices.held[invoice] = replace(self.invoices.held[invoice], **fields)

    # --- the product ----------------------------------------------------------------------------------------

    def begin(self, **more: Any) -> str:
        """A pass that nobody has carried out yet."""
        self.clock.advance(60)
        references, _ = self.operations.new("payments", SOURCE, TARGET, None)
        return str(self.operations.start("payments", SOURCE, TARGET, references[0], **more).id)

    def align(self, **more: Any) -> RunRow:
        """The next pass, as far as it goes by itself."""
        run = self.begin(**more)
        self.run_to_rest()
        return self.at(run)

    def paid(self, *invoices: str) -> list[list[str]]:
        """What stands of each, in order."""
        return [
            sorted((str(one.amount) for one in self.invoices.payments(invoice)), key=Decimal)
            for invoice in invoices
        ]

    def made(self) -> tuple[int, int]:
        """How many payments were ever made, and cancelled."""
        return len(self.sink.rows()), len(self.invoices.cancelled)

    def told(self) -> list[str]:
        """Codes of what is open for people."""
        from ml_connector.store.models import WorkItem

        self._use()
        return sorted(WorkItem.objects.filter(over_at=None).values_list("code", flat=True))

    def texts(self) -> list[str]:
        """What people are told of it."""
        from ml_connector.store.models import WorkItem

        self._use()
        return list(WorkItem.objects.filter(over_at=None).order_by("code").values_list("text", flat=True))
