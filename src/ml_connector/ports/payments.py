"""Where payments of supplier invoices are read, and where they are written back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Protocol

from ml_connector.domain.payment import BookedPayment, PayableInvoice, Payment, Settlement
from ml_connector.ports.sinks import Sink


class PaymentSource(Protocol):
    """Where a ledger says what it has settled of purchase entries. Nothing here writes."""

    def settlements(self, entity: str, entries: Collection[str]) -> Mapping[str, Settlement]:
        """By the ledger's own id what is settled of each entry of the legal entity, read afresh: all of them
        whole, or an error. An entry that is not there, or of which nothing is owed, is left out. Raises
        `VendorChanged` where the parts of an entry do not come to its total.
        """
        ...


class PayableInvoices(Protocol):
    """Invoices with an id in a ledger, at the source that payments are written back to."""

    def payable(self) -> Iterator[PayableInvoice]:
        """Every approved invoice that has an id in a ledger and is not paid whole: all of them, or an
        error.
        """
        ...

    def now(self, invoices: Collection[str]) -> Mapping[str, PayableInvoice]:
        """By the source's id these invoices as they are now, whatever their state; one that is gone, or has
        no id in a ledger any more, is left out.
        """
        ...


class PaymentSink(Sink[Payment, BookedPayment], Protocol):
    """Where payments are written. They end by the vendor's verb that cancels one; one that was cancelled is
    still found by its marker, so that nothing is paid twice under one key, but it cannot be read back.

    A send raises `Refused` with code `payment.exceeds` where less is left to pay than its amount, nothing
    among it.
    """
