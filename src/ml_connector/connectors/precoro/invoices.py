"""Where supplier invoices are read.

A look reads what changed since the last one, with an overlap; every look asks another question, because
Precoro refuses the same one for a minute. A list of one page is whole. A longer one can shift between two
pages, and then lacks a row that nobody changed; so it is used only where nothing changed while it was read:

    page 1 … page n ─ anything changed since page 1 was answered?  no: whole
                                                                   yes: again, at most three times
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import BinaryIO

import msgspec

from ml_connector.connectors.precoro import wire
from ml_connector.connectors.precoro.client import INVOICES, PrecoroClient, Query, invoice_path, written
from ml_connector.connectors.precoro.events import TOPICS
from ml_connector.connectors.precoro.field_options import FieldOptions
from ml_connector.connectors.precoro.files import opened
from ml_connector.connectors.precoro.marks import PrecoroMarks
from ml_connector.connectors.precoro.settings import DOTTED
from ml_connector.connectors.precoro.translate import (
    BOOKABLE,
    TAKEN_BACK,
    Listing,
    Translator,
    listing,
    reference_of,
    says_parent,
)
from ml_connector.domain.invoice import InvoiceFile, InvoiceState, SupplierInvoice
from ml_connector.errors import NotFound, OutcomeUnknown, Refused, VendorChanged
from ml_connector.ports.invoices import ChangedInvoices, InvoiceRef
from ml_connector.ports.systems import Wiring
from ml_connector.transport.answer import Answer

CRAWLS = 3
"""How often a list that changes while it is read is begun again."""
FEW = "10"
"""Rows of a page of which only a look is taken."""
UNKNOWN_OPTION = "invoice.option"


class PrecoroInvoices:
    """As `ports.invoices.InvoiceSource`."""

    def __init__(self, precoro: PrecoroClient, wiring: Wiring) -> None:
        self._precoro, self._wiring, self._options = precoro, wiring, precoro.options
        self.marks = PrecoroMarks(precoro, wiring.clock)
        self._fields = FieldOptions(precoro, wiring.clock)

    def tenant(self) -> str:
        """The name given, or that of host and key; in a sandbox the installation."""
        return self._precoro.installation() or self._options.tenant(self._wiring.vault)

    # --- lists ----------------------------------------------------------------------------------------------

    def changed(self, cursor: str, since: datetime) -> ChangedInvoices:
        """What changed; the cursor is when the look began, by our clock. Within the time between looks the
        list is read only where a notification came since.
        """
        now = self._wiring.clock.now().replace(microsecond=0)
        query: Query = self._approved_since(since)
        if cursor:
            before = datetime.fromisoformat(cursor)
            early = timedelta(0) <= now - before < timedelta(seconds=self._options.numbers["poll_seconds"])
            if early and not self._wiring.heard(TOPICS[SupplierInvoice], before):
                return ChangedInvoices(found=(), cursor=cursor)
            overlap = timedelta(seconds=self._options.numbers["overlap_seconds"])
            query = (("modifiedSince", written(before - overlap)),)
        found = tuple(row.ref for row in self._every(query) if _is_wanted(row, since))
        return ChangedInvoices(found=found, cursor=now.isoformat())

    def unmarked(self, since: datetime) -> Iterator[InvoiceRef]:
        """Every page is read before the first invoice is given: marking one takes it out of the list, and
        what is behind it would move up past the page that comes next.
        """
        rows = self._every((*self._approved_since(since), ("sent_to_external", "0")))
        for row in rows:
            wanted = row.approved_at is not None and row.state in (*BOOKABLE, InvoiceState.UNKNOWN)
            if wanted and not row.external and _is_wanted(row, since):
                yield row.ref

    def _every(self, query: Query) -> list[Listing]:
        """Every row, each once, as its last mention has it."""
        return [row for row, _ in self.crawled(query)]

    def crawled(self, query: Query) -> list[tuple[Listing, msgspec.Raw]]:
        """The same, with what was read of each."""
        kinds = tuple(("logicType[]", kind) for kind in self._options.logic_types)
        for _ in range(CRAWLS):
            found: dict[int, tuple[Listing, msgspec.Raw]] = {}
            pages, began = 0, datetime.min.replace(tzinfo=UTC)
            for page in self._precoro.pages(INVOICES, (*query, *kinds)):
                pages += 1
                if pages == 1:
                    began = self._answered_at(page.answer)
                found.update((row.id, (row, raw)) for raw in page.rows for row in (self._row(raw),))
            if pages == 1 or not self._changed_since(began):
                self.marks.saw(row for row, _ in found.values())
                return list(found.values())
        text = "The list of invoices kept changing while it was read, so it was not used. It is read later."
        raise OutcomeUnknown(text, where=INVOICES)

    def _changed_since(self, moment: datetime) -> bool:
        """Whether any invoice at all changed since then: also what left the list did."""
        page = self._precoro.page(INVOICES, (("modifiedSince", written(moment)),), rows=FEW)
        return page.more is True or any(self._row(row).changed_at >= moment for row in page.rows)

    def _answered_at(self, answer: Answer) -> datetime:
        """When the vendor answered by its own clock; by ours where it does not say."""
        try:
            return parsedate_to_datetime(answer.headers.get("date", "")).astimezone(UTC)
        except (ValueError, TypeError, OverflowError):
            return self._wiring.clock.now().replace(microsecond=0)

    def _row(self, raw: msgspec.Raw) -> Listing:
        try:
            return listing(msgspec.json.decode(raw, type=wire.Row))
        except msgspec.DecodeError as error:
            text = f"A row of Precoro's list of invoices cannot be read: {error}. Report it to our support."
            raise VendorChanged(text, where=INVOICES) from error

    def _approved_since(self, since: datetime) -> Query:
        """Wider than asked for, because the zone of filters is not published, nor whether their ends count;
        what comes is looked at.
        """
        wide = since.astimezone(UTC) - timedelta(days=1)
        if self._options["date_filters"] == DOTTED:
            return (("approvalDate[left_date]", f"{wide:%d.%m.%Y}"),)
        return (("approvalLeftDate", written(wide)),)

    # --- one ------------------------------------------------------------------------------------------------

    def invoice(self, reference: str) -> SupplierInvoice:
        """The invoice as it is now."""
        identity, _, rest = reference.partition("/")
        idn = rest.rpartition("/")[0]  # which may hold a slash itself
        found = self._precoro.get(invoice_path(idn)).decode(wire.Invoice)
        if str(found.id) != identity:
            text = f"Precoro has another invoice under {idn} than before. Cancel this run."
            raise NotFound(text, where=f"invoice {idn}")
        if not says_parent(found):
            text = (
                "Precoro does not say any more whether an invoice is a share of the costs of another one. It"
                " was not used, because it could be booked twice. Report it to our support."
            )
            raise VendorChanged(text, where=f"invoice {idn}")
        translator = Translator(found, self._options)
        self.marks.saw((translator.listing,))
        if (now := reference_of(translator.listing)) != reference:
            text = (
                f"Invoice {idn} was approved again, taken back or canceled since it was listed. It is listed"
                " again as it is now."
            )
            raise Refused(text, where=f"invoice {idn}", code="invoice.moved", support=now)
        if translator.listing.waiting:
            text = (
                f"Invoice {idn} waits for another connector in Precoro, and would be booked twice. Switch"
                " that connector off, or let it take the invoice."
            )
            raise Refused(text, where=f"invoice {idn}", code="invoice.waiting")
        return self._coded(translator)

    def _coded(self, translator: Translator) -> SupplierInvoice:
        """The invoice; an option that is not among those that are kept may be newer than they are."""
        needed = translator.unresolved()
        try:
            return translator.invoice(self._fields.of(needed))
        except Refused as error:
            if error.problem.code != UNKNOWN_OPTION or not self._fields.outgrown(needed):
                raise
        return translator.invoice(self._fields.of(needed))

    def file(self, file: InvoiceFile) -> AbstractContextManager[BinaryIO]:
        """The bytes of a file."""
        return opened(self._precoro, self._wiring, file)


def _is_wanted(row: Listing, since: datetime) -> bool:
    """Selected by approval, and not by one state: what was paid or closed meanwhile is not lost. What was
    taken back, or is marked and waits for approval again, may have lost its approval. A share of costs is no
    invoice, and what waits for another connector is that one's.
    """
    if row.parent or row.waiting:
        return False
    if row.approved_at is None:
        return row.state in TAKEN_BACK or bool(row.external)
    return row.approved_at >= since
