"""Where supplier invoices are read, and where what became of them is said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol

from ml_connector.domain.invoice import InvoiceFile, InvoiceState, SupplierInvoice
from ml_connector.ports.sinks import Assignable


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceRef:
    """An invoice as a list shows it. `invoice` is the source's own id of it and never changes. `reference` is
    what `invoice` takes: the id and how it was approved, so that a revision that was approved again, and an
    invoice that was canceled, have another one. `external` is what the source keeps as its id in a ledger.
    """

    reference: str
    invoice: str
    state: InvoiceState
    changed_at: datetime
    external: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedInvoices:
    """Invoices that were approved once and may have changed since a cursor, in any order, some that did not
    among them; a share of the costs of another one is none. `cursor` is where to go on once they are stored;
    reading again from it misses nothing and may repeat.
    """

    found: tuple[InvoiceRef, ...]
    cursor: str


MOVED = "invoice.moved"
"""Code of the refusal of a reference: its invoice is not approved as that says any more."""


class InvoiceSource(Protocol):
    """Where supplier invoices are read."""

    marks: InvoiceMarks

    def tenant(self) -> str:
        """What the source says it is: the vendor's own id where there is one, else host and company; in a
        sandbox the installation id of the simulator. It asks the vendor only where nothing was asked yet.
        """
        ...

    def changed(self, cursor: str, since: datetime) -> ChangedInvoices:
        """Invoices that changed since the cursor, read with an overlap; without a cursor every one that was
        approved since a time. That time is where the connection begins, and stays the same: one that was
        approved before is never among them, also where it is edited later. Selected by approval and not by
        one state, so that one which is paid between two reads is not lost. Asks no more often than the vendor
        allows: where it is too early they are those that notifications named since.
        """
        ...

    def unmarked(self, since: datetime) -> Iterator[InvoiceRef]:
        """Every invoice that was approved since the time and carries no id of a ledger, whatever the cursor
        says: all of them, or an error. For the look once a day.
        """
        ...

    def invoice(self, reference: str) -> SupplierInvoice:
        """The invoice as it is now, with its lines and files. Raises `NotFound` for no such one, `Refused`
        with code `invoice.moved` where it is not approved as the reference says any more, and `Refused` where
        its figures cannot be understood.
        """
        ...

    def file(self, file: InvoiceFile) -> AbstractContextManager[BinaryIO]:
        """The bytes of a file, as they come; nothing is held in memory whole. Raises `NotFound`, and
        `Refused` for one that is larger than the connection takes.
        """
        ...


class InvoiceMarks(Assignable, Protocol):
    """What the source keeps of an invoice's way into a ledger: the ledger's id of it, by the id of the
    invoice, and beside it a text for people.
    """

    def assign(self, reference: str, value: str, text: str = "", expected: str = "") -> None:
        """As `Assignable.assign`; a text goes along as by `note`, in the same call where the source can.
        Raises `Refused` with code `invoice.external` where another id stands there than this or the one that
        is expected.
        """
        ...

    def note(self, invoice: str, text: str) -> None:
        """What people at the source read of it: where it is booked, or why it is not. Saying it again does no
        harm. Raises `NotSent`, `Refused` or `OutcomeUnknown`.
        """
        ...
