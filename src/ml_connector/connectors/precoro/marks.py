"""What Precoro keeps of an invoice's way into a ledger: `externalId`, and beside it a text for people."""

from __future__ import annotations

from collections.abc import Iterable

from ml_connector.connectors.precoro import wire
from ml_connector.connectors.precoro.client import INVOICES, PrecoroClient, Query, invoice_path
from ml_connector.connectors.precoro.translate import Listing
from ml_connector.errors import NotFound, Refused, VendorChanged
from ml_connector.ports.storage import Clock

EXTERNAL_ID, LOG = "externalId", "externalIntegrationLog"
LOOK_SECONDS = 60
"""For so long what `assigned` read is good for the conflict check of `assign`: the same question would be
refused."""
KNOWN_MAX = 20_000


class PrecoroMarks:
    """As `ports.invoices.InvoiceMarks`. An invoice is written by `idn`, which is looked up by `id` where no
    list or record has shown it yet.
    """

    def __init__(self, precoro: PrecoroClient, clock: Clock) -> None:
        self._precoro, self._clock = precoro, clock
        self._idns: dict[str, str] = {}
        self._looked: dict[str, tuple[float, str]] = {}

    def saw(self, rows: Iterable[Listing]) -> None:
        """Rows that were read: what they are addressed by."""
        if len(self._idns) > KNOWN_MAX:
            self._idns.clear()
        self._idns.update((str(row.id), row.idn) for row in rows)

    def assigned(self, reference: str) -> str:
        """The id in the ledger that Precoro holds now, read afresh."""
        idn, row = self._look_up(reference)
        if wire.is_absent(row.externalId):  # a list may show less than the record
            row = self._precoro.get(invoice_path(idn)).decode(wire.Row)
        try:
            held = wire.text(row.externalId)
        except ValueError as error:
            text = f"The externalId of invoice {idn} cannot be read: {error}. Report it to our support."
            raise VendorChanged(text, where=f"invoice {idn}") from error
        self._looked[reference] = self._clock.monotonic(), held
        return held

    def assign(self, reference: str, value: str, text: str = "", expected: str = "") -> None:
        """Set the id in the ledger, and the text in the same call. Raises `Refused` with code
        `invoice.external` where Precoro holds another one than this or the one that is expected.
        """
        looked = self._looked.pop(reference, None)
        if looked is not None and self._clock.monotonic() - looked[0] < LOOK_SECONDS:
            held = looked[1]
        else:
            held = self.assigned(reference)
            self._looked.pop(reference)
        if held and held not in (value, expected):
            why = (
                f"Invoice {self._idn(reference)} already has {held} as its id in a ledger in Precoro, so"
                f" {value} was not written. Find out whether it was booked twice."
            )
            raise Refused(why, where=f"invoice {self._idn(reference)}", code="invoice.external")
        note = ((LOG, text),) if text else ()
        if held == value and not note:
            return
        self._write(reference, ((EXTERNAL_ID, value), *note))

    def note(self, invoice: str, text: str) -> None:
        """Show people a text at the invoice."""
        self._write(invoice, ((LOG, text),))

    def _write(self, reference: str, fields: Query) -> None:
        self._precoro.patch(invoice_path(self._idn(reference)), fields)

    def _idn(self, reference: str) -> str:
        return self._idns.get(reference) or self._look_up(reference)[0]

    def _look_up(self, reference: str) -> tuple[str, wire.Row]:
        """The row with this id. Raises `NotFound`."""
        page = self._precoro.page(INVOICES, (("id", reference),), rows="10")
        for raw in page.rows:
            row = wire.ref(raw, wire.Row)
            if row is not None and str(row.id) == reference:  # a filter that is not known is not applied
                self._idns[reference] = str(row.idn)
                return str(row.idn), row
        raise NotFound(f"Precoro has no invoice with the id {reference}.", where=f"invoice {reference}")
