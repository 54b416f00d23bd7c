"""Precoro's invoices in our words. No call is made here, and nothing is guessed: what cannot be read, or can
be read in two ways, is refused with its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

import msgspec

from ml_connector.connectors.precoro import wire
from ml_connector.connectors.precoro.codes import Codes, FieldKey, Known, chosen_of
from ml_connector.connectors.precoro.reading import Reading
from ml_connector.connectors.precoro.settings import DOCUMENT, ITEM, Options
from ml_connector.connectors.precoro.taxes import head_vat, line_vat, settled
from ml_connector.domain.invoice import InvoiceFile, InvoiceKind, InvoiceLine, InvoiceState, SupplierInvoice
from ml_connector.domain.journal import ExchangeRate
from ml_connector.domain.money import Money
from ml_connector.errors import VendorChanged
from ml_connector.ports.invoices import InvoiceRef

T = TypeVar("T")
STATES = {
    0: InvoiceState.OPEN,
    1: InvoiceState.OPEN,
    2: InvoiceState.APPROVED,
    3: InvoiceState.CANCELED,  # denied
    4: InvoiceState.PART_PAID,
    5: InvoiceState.PAID,
    6: InvoiceState.OPEN,  # awaiting confirmation
    7: InvoiceState.ON_REVISE,
    8: InvoiceState.CANCELED,
    9: InvoiceState.OPEN,  # pending receipt
    10: InvoiceState.OPEN,  # approval review
    11: InvoiceState.APPROVED,  # closed: what was paid of it is in `paid`
}
"""By Precoro's number. Another number is `UNKNOWN`, never the nearest one."""
BOOKABLE = (InvoiceState.APPROVED, InvoiceState.PART_PAID, InvoiceState.PAID)
TAKEN_BACK = (InvoiceState.ON_REVISE, InvoiceState.CANCELED)
KINDS = {
    0: InvoiceKind.INVOICE,
    1: InvoiceKind.CREDIT_NOTE,
    2: InvoiceKind.INVOICE,  # from a purchase order
    5: InvoiceKind.CREDIT_NOTE,
}
WAITING = 8
"""`integrationStatus` of what another connector is about to take."""
CENT, RATE_DIGITS = Decimal("0.01"), Decimal("1e-8")
DOCUMENT_FIELDS, ITEM_FIELDS = "dataDocumentCustomFields", "dataItemCustomFields"
NONE_KNOWN: Known = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a row of a list says of an invoice. `parent` is the document of which it shares the costs."""

    id: int
    idn: str
    state: InvoiceState
    approved_at: datetime | None
    changed_at: datetime
    external: str
    parent: str
    waiting: bool

    @property
    def ref(self) -> InvoiceRef:
        """As the port has it."""
        return InvoiceRef(
            reference=reference_of(self),
            invoice=str(self.id),
            state=self.state,
            changed_at=self.changed_at,
            external=self.external,
        )


def listing(row: wire.Row) -> Listing:
    """What the row says. Raises `VendorChanged` where it cannot be understood: a list with a row left out
    would be no list.
    """
    try:
        approved_at = wire.moment(row.approvalDate)
        times = (row.updateDate, row.modifyDate, row.approvalDate, row.createDate)
        changed_at = next(filter(None, map(wire.moment, times)), None)
        if changed_at is None:
            raise ValueError("it has no updateDate")
        return Listing(
            id=row.id,
            idn=str(row.idn),
            state=STATES.get(-1 if (code := wire.whole(row.status)) is None else code, InvoiceState.UNKNOWN),
            approved_at=approved_at,
            changed_at=changed_at,
            external=wire.text(row.externalId),
            parent=parent(row),
            waiting=wire.whole(row.integrationStatus) == WAITING,
        )
    except ValueError as error:
        text = f"Precoro's row of invoice {row.idn} cannot be read: {error}. Report it to our support."
        raise VendorChanged(text, where=f"invoice {row.idn}") from error


def reference_of(found: Listing) -> str:
    """Id and idn, and how it was approved: paying it changes nothing of that; revising, canceling and
    approving it again do.
    """
    approved = f"{found.approved_at:%Y%m%dT%H%M%S}" if found.approved_at else ""
    state = "" if found.state in BOOKABLE else f"-{found.state}"
    return f"{found.id}/{found.idn}/{approved}{state}"


def parent(row: wire.Row) -> str:
    """The `idn` of the document of which this one is a share of the costs; empty for none. Named in two ways,
    the newer and the one before.
    """
    named = wire.ref(row.parentData, wire.Parent)
    found = wire.text(named.idn) if named else wire.text(row.parentIdn)
    if named and not found:
        raise ValueError("its parentData names no idn")
    return "" if found == "0" else found


def says_parent(row: wire.Row) -> bool:
    """Whether the record has a field for the parent at all, filled or not: without one a share of costs looks
    like an invoice, and would be booked beside it.
    """
    return not (wire.is_absent(row.parentData) and wire.is_absent(row.parentIdn))


class Translator:
    """One invoice as Precoro has it, into ours."""

    def __init__(self, found: wire.Invoice, options: Options) -> None:
        self._found, self._options = found, options
        self.listing = listing(found)
        plain = Reading(idn=self.listing.idn)
        currency = plain.needed("currency", found.currency, wire.text).upper()
        self._reading = reading = Reading(idn=self.listing.idn, currency=currency)
        chosen = chosen_of(found.allDocumentCustomFieldOptionsIds)
        self._codes = Codes(reading=reading, options=options, chosen=chosen)
        self._items = reading.read("items", found.items, lambda raw: wire.rows(raw, wire.Item))

    def unresolved(self) -> set[FieldKey]:
        """Custom fields whose options are needed for `invoice`."""
        found = self._codes.unresolved(DOCUMENT, DOCUMENT_FIELDS, self._found.dataDocumentCustomFields)
        for number, item in enumerate(self._items, 1):
            found |= self._codes.unresolved(ITEM, f"line {number}: {ITEM_FIELDS}", _fields_of(item))
        return found

    def invoice(self, known: Known = NONE_KNOWN) -> SupplierInvoice:
        """The invoice, with the options of the fields that are `unresolved`. Raises `Refused` for what cannot
        be read.
        """
        found, row, reading, zone = self._found, self.listing, self._reading, self._options.zone
        company = reading.ref("legalEntity", found.legalEntity)
        supplier = reading.ref("supplier", found.supplier)
        gross, net = reading.money_needed("sum", found.sum), reading.money_needed("netSum", found.netSum)
        if reading.read("withholdingTaxSum", found.withholdingTaxSum, wire.number):
            why = "it withholds tax, so what is owed is not its total, and that is not carried over"
            raise reading.refused("invoice.withholding", why, "Book it by hand.")
        heads = reading.read("taxes", found.taxes, lambda raw: wire.rows(raw, wire.Tax))
        vat = head_vat(reading, heads, gross - net)
        lines = tuple(self._line(number, item, known) for number, item in enumerate(self._items, 1))
        document = found.dataDocumentCustomFields
        return SupplierInvoice(
            identity=str(row.id),
            reference=reference_of(row),
            number=reading.read("invoiceNumber", found.invoiceNumber, wire.text),
            kind=self._kind(),
            state=row.state,
            company=company[0],
            supplier=supplier[0],
            supplier_external=supplier[1],
            currency=reading.currency,
            issued=reading.needed("issueDate", found.issueDate, lambda raw: wire.day(raw, zone)),
            due=reading.read("requiredDate", found.requiredDate, lambda raw: wire.day(raw, zone)),
            net=net,
            gross=gross,
            lines=settled(lines, vat),
            vat=vat,
            approved_at=row.approved_at,
            paid=reading.money("sumPaid", found.sumPaid),
            term=reading.ref("paymentTerm", found.paymentTerm)[0],
            codes=self._codes.of(DOCUMENT, DOCUMENT_FIELDS, document, known),
            rate=self._rate(company[0], gross),
            files=tuple(self._files()),
            title=reading.read("customName", found.customName, wire.text) or row.idn,
            parent=row.parent,
            external=row.external,
        )

    def _kind(self) -> InvoiceKind:
        code = self._reading.read("logicType", self._found.logicType, wire.whole)
        if code not in KINDS:
            why = f"its logicType is {code}, and whether that is an invoice or a credit note is not known"
            remedy = "Book it by hand, and report it to our support."
            raise self._reading.refused("invoice.kind", why, remedy)
        return KINDS[code]

    def _line(self, number: int, item: wire.Item, known: Known) -> InvoiceLine:
        at, reading = f"line {number}: ", self._reading
        taxes = reading.read(f"{at}taxes", item.taxes, lambda raw: wire.rows(raw, wire.Tax))
        texts = (
            reading.read(f"{at}description", item.description, wire.text),
            reading.read(f"{at}name", item.name, wire.text),
        )
        stated = reading.money(f"{at}taxSum", item.taxSum)
        return InvoiceLine(
            number=reading.read(f"{at}id", item.id, wire.text) or str(number),
            text=next(filter(None, texts), ""),
            net=reading.money_needed(f"{at}netSum", item.netSum),
            taxes=line_vat(reading, f"{at}taxes", taxes, stated),
            codes=self._codes.of(ITEM, f"{at}{ITEM_FIELDS}", _fields_of(item), known),
        )

    def _rate(self, company: str, gross: Money) -> ExchangeRate | None:
        """The rate, where the currency of the books is known and Precoro's own totals say which way round it
        is meant; the one that leads to those totals, where it is written in another form than a number.
        """
        books, found, reading = self._options.currency_of(company), self._found, self._reading
        there = reading.read("sumInCompanyCurrency", found.sumInCompanyCurrency, wire.number)
        if not books or books == reading.currency or not there or not gross:
            return None
        rate = reading.read("exchangeRate", found.exchangeRate, wire.rate)
        rate = rate or (there / gross.amount).quantize(RATE_DIGITS)
        for candidate in (rate, Decimal(1) / rate) if rate else ():
            # A rate is written with few digits, so a large total may differ by more than a cent.
            if abs(gross.amount * candidate - there) <= max(CENT, abs(there) / 1000):
                return ExchangeRate(currency=books, rate=candidate, source="Precoro")
        why = f"its exchange rate {rate} does not lead from {gross} to {there} {books}"
        raise reading.refused("invoice.rate", why)

    def _files(self) -> Iterator[InvoiceFile]:
        """The scanned original first, then the others; each once."""
        found, reading = self._found, self._reading
        scans = reading.read(
            "relatedOcrAttachment", found.relatedOcrAttachment, lambda raw: _one_or_many(raw, wire.Attachment)
        )
        others = reading.read("attachments", found.attachments, lambda raw: wire.rows(raw, wire.Attachment))
        seen: set[str] = set()
        for number, file in enumerate((*scans, *others)):
            key = reading.needed("attachments.id", file.id, wire.text)
            if key in seen:
                continue
            seen.add(key)
            kind = reading.read("attachments.formatType", file.formatType, wire.text)
            name = reading.read("attachments.name", file.name, wire.text) or f"{key}.{kind}".rstrip(".")
            yield InvoiceFile(key=key, name=name, original=number < len(scans))


def _fields_of(item: wire.Item) -> msgspec.Raw:
    """The custom fields of a line, which were called those of a product before."""
    fields = item.dataItemCustomFields
    return item.dataProductCustomFields if wire.is_unset(fields) else fields


def _one_or_many(raw: msgspec.Raw, shape: type[T]) -> list[T]:
    """A record, a collection of some, or none."""
    if not wire.is_unset(raw) and bytes(raw).strip()[:1] == b"{" and b'"id"' in bytes(raw):
        found = wire.ref(raw, shape) if b'"data"' not in bytes(raw) else None
        return [found] if found is not None else wire.rows(raw, shape)
    return wire.rows(raw, shape)
