"""Invoices of Precoro that have an id in a ledger, and what is left to pay of them.

payable  invoices ⌈n/page⌉, and 1 more to see that nothing changed where there are several pages
now      invoices ⌈entries/20⌉

A list is asked for what changed since a day long ago, each time another second of it: nothing is left out by
that, and the same question would be refused for a minute.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import msgspec

from ml_connector.connectors.precoro import wire
from ml_connector.connectors.precoro.client import Query, anew
from ml_connector.connectors.precoro.invoices import PrecoroInvoices
from ml_connector.connectors.precoro.reading import Reading
from ml_connector.connectors.precoro.translate import KINDS
from ml_connector.domain.invoice import InvoiceKind
from ml_connector.domain.payment import PayableInvoice
from ml_connector.errors import VendorChanged
from ml_connector.ports.storage import Clock

ASKED = 20
"""Ids that one question looks for."""
APPROVED, PART_PAID, PAID = 2, 4, 5
STATUSES: Query = (("status[]", str(APPROVED)), ("status[]", str(PART_PAID)))


class PrecoroPayable:
    """As `ports.payments.PayableInvoices`."""

    def __init__(self, invoices: PrecoroInvoices, clock: Clock) -> None:
        self._invoices, self._clock = invoices, clock

    def payable(self) -> Iterator[PayableInvoice]:
        """A share of the costs of another invoice has no id in a ledger, so none is among them."""
        for found in self._read(STATUSES):
            if found.takes_payments and found.left.minor:
                yield found

    def now(self, entries: Collection[str]) -> Mapping[str, PayableInvoice]:
        """By Precoro's id of the invoice."""
        wanted = sorted(set(entries))
        found: dict[str, PayableInvoice] = {}
        for start in range(0, len(wanted), ASKED):
            some = wanted[start : start + ASKED]
            rows = self._read(tuple(("external_id[]", entry) for entry in some))
            found.update((row.invoice, row) for row in rows if row.entry in some)
        return found

    def _read(self, query: Query) -> Iterator[PayableInvoice]:
        for row, raw in self._invoices.crawled((*query, anew(self._clock.now()))):
            if row.external and not row.parent:
                yield _payable(msgspec.json.decode(raw, type=wire.Invoice))


def _payable(row: wire.Invoice) -> PayableInvoice:
    """Raises `Refused` with the name of a field that cannot be read."""
    reading = Reading(idn=str(row.idn))
    currency = reading.needed("currency", row.currency, wire.text)
    reading = Reading(idn=str(row.idn), currency=currency)
    if wire.is_absent(row.sumPaid):
        text = (
            "Precoro's list of invoices does not say any more what was paid of each, so nothing was paid."
            " Report it to our support."
        )
        raise VendorChanged(text, where=f"invoice {row.idn}")
    total = reading.money_needed("sum", row.sum)
    withheld = reading.money("withholdingTaxSum", row.withholdingTaxSum)
    kind = KINDS.get(reading.read("logicType", row.logicType, wire.whole) or 0)
    return PayableInvoice(
        invoice=str(row.id),
        number=str(row.idn),
        company=reading.ref("legalEntity", row.legalEntity)[0],
        entry=reading.read("externalId", row.externalId, wire.text),
        payable=total if withheld is None else total - withheld,
        paid=reading.money("sumPaid", row.sumPaid) or total - total,
        takes_payments=kind is InvoiceKind.INVOICE
        and reading.read("status", row.status, wire.whole) in (APPROVED, PART_PAID, PAID)
        and total.minor > 0,
    )
