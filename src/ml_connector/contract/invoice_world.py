"""What the contract of an `InvoiceSource` asks of the world around a connector, and the steps that its claims
have in common.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from ml_connector.domain.invoice import InvoiceFile, InvoiceState, SupplierInvoice
from ml_connector.ports.invoices import InvoiceRef, InvoiceSource

APPROVED = (InvoiceState.APPROVED, InvoiceState.PART_PAID, InvoiceState.PAID)
BOOKED = "b1d2c3e4-0000-4000-8000-000000000001"
OTHER = "b1d2c3e4-0000-4000-8000-000000000002"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """A line: its net amount, the percentage of its tax and the tax on it, and its code on each axis of the
    world, in the order of `InvoiceWorld.axes`.
    """

    net: str
    percentage: str
    vat: str
    codes: tuple[str, ...] = ()


COSTS = (Cost(net="37.50", percentage="21", vat="7.88"), Cost(net="12.50", percentage="21", vat="2.62"))
"""The tax of two lines, rounded by the supplier so that it is 10.50 in all."""


class InvoiceWorld(Protocol):
    """The vendor's side: a company whose people enter and approve invoices in euro of one supplier, with
    codes on the axes. What a person does happens at the present of the clock.
    """

    @property
    def source(self) -> InvoiceSource:
        """The connection's source, which remembers nothing of another one asked for before."""
        ...

    @property
    def axes(self) -> Sequence[str]:
        """Axes that lines are coded on."""
        ...

    def codes(self, axis: str) -> Sequence[str]:
        """Two codes or more that may be used on the axis."""
        ...

    def enter(
        self,
        number: str,
        costs: Sequence[Cost] = COSTS,
        *,
        credit: bool = False,
        issued: date = date(2026, 6, 20),
        due: date = date(2026, 7, 20),
    ) -> str:
        """A person enters an invoice, which waits for approval; the source's own id of it."""
        ...

    def approve(self, invoice: str) -> None:
        """It is approved, for the first time or again."""
        ...

    def pay(self, invoice: str, amount: str) -> None:
        """So much of an approved one is paid."""
        ...

    def revise(self, invoice: str, costs: Sequence[Cost]) -> None:
        """An approved one is taken back and changed; it waits for approval."""
        ...

    def cancel(self, invoice: str) -> None:
        """It is canceled."""
        ...

    def split(self, invoice: str) -> None:
        """The costs of an approved one are shared: the source makes a document for each share."""
        ...

    def attach(self, invoice: str, name: str, content: bytes) -> None:
        """A file is put to it."""
        ...

    def unknown(self) -> tuple[str, str]:
        """Reference and id of an invoice that was never entered."""
        ...

    def mark_by_hand(self, invoice: str, value: str) -> None:
        """Another program sets its id in a ledger."""
        ...

    def marked(self, invoice: str) -> str:
        """Its id in a ledger, as the source has it."""
        ...

    def noted(self, invoice: str) -> str:
        """The text for people at it, as the source has it."""
        ...

    def many(self) -> int:
        """More invoices than the source shows on two pages."""
        ...

    def edit_while_read(self, invoice: str) -> None:
        """The next time that a page behind the first of a list is asked for, this one is edited just
        before.
        """
        ...

    def fail_next(self, fault: str) -> None:
        """What happens to the next write."""
        ...

    def break_lists(self) -> None:
        """From now on a list fails behind its first page."""
        ...

    def now(self) -> datetime: ...

    def advance(self, seconds: float) -> None:
        """Time passes for both sides."""
        ...

    def writes(self) -> int:
        """How many calls the vendor has received that would change something."""
        ...


def approve(world: InvoiceWorld, number: str, costs: Sequence[Cost] = COSTS, *, credit: bool = False) -> str:
    """An invoice that is approved."""
    invoice = world.enter(number, costs, credit=credit)
    world.approve(invoice)
    return invoice


def read(world: InvoiceWorld, invoice: str) -> SupplierInvoice:
    """The invoice by its reference, read afresh."""
    refs = by_id(world.source.changed("", world.now() - timedelta(days=1)).found)
    world.advance(120)
    return world.source.invoice(refs[invoice].reference)


def ids(found: Iterable[InvoiceRef]) -> set[str]:
    """The ids of these."""
    return {each.invoice for each in found}


def by_id(found: Iterable[InvoiceRef]) -> dict[str, InvoiceRef]:
    """These by their ids."""
    return {each.invoice: each for each in found}


def codes_of(world: InvoiceWorld, number: int) -> tuple[str, ...]:
    """A code on every axis, others for another line."""
    return tuple(world.codes(axis)[number % 2] for axis in world.axes)


def content_of(source: InvoiceSource, file: InvoiceFile) -> bytes:
    """The bytes of the file."""
    with source.file(file) as content:
        return content.read()
