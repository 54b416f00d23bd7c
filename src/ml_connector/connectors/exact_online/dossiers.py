"""Exact Online as the place of the documents that hold the files of an entry.

locate     Documents ⌈n/20⌉
prepare    1
read_back  1
near       Documents ⌈n/60⌉
end        3: the document, the entries that have it, the deletion; 4 for one that names its entry

A document's subject ends with `#` and the marker's token.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime

from ml_connector.connectors.exact_online import purchase_translate, purchase_wire, wire
from ml_connector.connectors.exact_online.client import ExactClient, fields
from ml_connector.connectors.exact_online.purchase_entries import ASKED, ENTRIES
from ml_connector.connectors.exact_online.settings import Options
from ml_connector.connectors.exact_online.suppliers import Suppliers
from ml_connector.connectors.exact_online.translate import TEXT_MAX
from ml_connector.connectors.exact_online.writes import differs, gone, posting, remove, waits
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.limits import foreign_entity
from ml_connector.domain.problem import Problem
from ml_connector.domain.purchase import BookedDossier, Dossier
from ml_connector.errors import Inexpressible, Refused
from ml_connector.ports.purchases import DossierSink
from ml_connector.ports.sinks import NONE_KNOWN, Ending, Send
from ml_connector.transport import odata
from ml_connector.transport.answer import Answer
from ml_connector.transport.exchange import encode

DOCUMENTS = "documents/Documents"
JOURNAL = "generaljournalentry/GeneralJournalEntries"


class Documents:
    """Exact's documents by the tokens of their subjects."""

    def __init__(self, options: Options, client: ExactClient) -> None:
        self._options, self.client = options, client

    def with_tokens(self, entity: str, markers: Sequence[Marker]) -> dict[str, list[purchase_wire.Document]]:
        """Key → documents with the marker."""
        found: dict[str, list[purchase_wire.Document]] = {marker.key: [] for marker in markers}
        for start in range(0, len(markers), ASKED):
            some = markers[start : start + ASKED]
            tokens = [marker.token for marker in some]
            for row in self.rows(entity, odata.holds_any("Subject", tokens)):
                for marker in some:
                    if purchase_translate.token_in(row.Subject) == marker.token:
                        found[marker.key].append(row)
        return found

    def rows(self, entity: str, where: str) -> list[purchase_wire.Document]:
        """Those that a filter finds."""
        select = fields(purchase_wire.Document)
        return list(self.client.rows(entity, DOCUMENTS, purchase_wire.Document, select=select, where=where))

    def receipt(
        self, entity: str, reference: str, number: int | str | None, path: str = DOCUMENTS
    ) -> Receipt:
        """What is known of a row."""
        return Receipt(
            reference=reference,
            number=str(number or ""),
            entity=entity,
            posted=True,
            link=f"{self._options.base_url}/api/v1/{entity}/{path}(guid'{reference}')",
        )


class ExactDossiers(DossierSink):
    """A `DossierSink`: documents of one type, of the supplier."""

    ends = Ending.WITHDRAW

    def __init__(self, options: Options, documents: Documents, suppliers: Suppliers) -> None:
        self._options, self._documents, self._suppliers = options, documents, suppliers
        self.limits = waits(options)

    def check(self, document: Dossier) -> tuple[Problem, ...]:
        """A title that does not fit beside the token, and a division that is not the connection's."""
        found = []
        if document.entity not in self._options.divisions:
            found.append(foreign_entity(document.entity, self._options.divisions))
        if len(document.title) > TEXT_MAX:
            text = f"The title {document.title!r} has {len(document.title)} characters, and {TEXT_MAX} fit."
            found.append(Problem("text.too_long", "title", f"{text} Shorten it; it is never cut."))
        return tuple(found)

    def locate(
        self, wanted: Sequence[tuple[Dossier, Marker]], since: datetime | None
    ) -> Mapping[str, tuple[Receipt, ...]]:
        """By key every document whose subject ends with the token, over all time."""
        found: dict[str, tuple[Receipt, ...]] = {}
        for entity in dict.fromkeys(dossier.entity for dossier, _ in wanted):
            markers = [marker for dossier, marker in wanted if dossier.entity == entity]
            for key, rows in self._documents.with_tokens(entity, markers).items():
                receipts = (self._documents.receipt(entity, row.ID, row.HID) for row in rows)
                found[key] = tuple(sorted(receipts, key=lambda one: (one.number, one.reference)))
        return found

    @contextmanager
    def prepare(
        self,
        document: Dossier,
        marker: Marker,
        so_far: Receipt | None = None,
        known: Mapping[str, Receipt] = NONE_KNOWN,
    ) -> Iterator[Send]:
        """Everything but the send. Raises `Inexpressible` for what `check` would have said, `CodeUnknown` for
        a supplier that is not there.
        """
        if problems := self.check(document):
            raise Inexpressible.of(problems)
        supplier = document.supplier
        body = purchase_wire.NewDocument(
            Subject=purchase_translate.described(document.title, marker),
            Type=self._options.document_type,
            Account=self._suppliers.id_of(document.entity, supplier) if supplier else None,
            DocumentDate=document.date.isoformat(),
            FinancialTransactionEntryID=known[document.entry].reference if document.entry else None,
        )

        def receipt_of(answer: Answer) -> Receipt:
            row = answer.decode(wire.One[purchase_wire.CreatedDocument]).d
            return self._documents.receipt(document.entity, row.ID, row.HID)

        client = self._documents.client
        with posting(client, document.entity, DOCUMENTS, encode(body), receipt_of) as send:
            yield send

    def release(self, receipt: Receipt) -> Receipt:
        """A document is there as soon as it is made."""
        return receipt

    def abandon(self, receipt: Receipt) -> None:
        """A document is made completely or not at all."""

    def read_back(self, receipt: Receipt) -> BookedDossier:
        """Its subject and whose it is."""
        rows = self._documents.rows(receipt.entity, f"ID eq {odata.guid(receipt.reference)}")
        if not rows:
            raise gone("Document", receipt)
        return self._booked(receipt.entity, rows)[0]

    def near(self, document: Dossier, last: date | None = None) -> tuple[BookedDossier, ...]:
        """Every document of the supplier from its date until `last`, of any type; of everybody for one that
        is nobody's.
        """
        last = max(document.date, last or document.date)
        where = f"DocumentDate ge {odata.moment(document.date)} and DocumentDate le {odata.moment(last)}"
        if document.supplier:
            supplier = self._suppliers.ids(document.entity, [document.supplier]).get(document.supplier)
            if supplier is None:
                return ()
            where = f"Account eq {odata.guid(supplier)} and {where}"
        return self._booked(document.entity, self._documents.rows(document.entity, where))

    def _booked(self, entity: str, rows: Sequence[purchase_wire.Document]) -> tuple[BookedDossier, ...]:
        codes = self._suppliers.codes(entity, {row.Account for row in rows if row.Account})
        found = []
        for row in rows:
            subject, token = row.Subject or "", purchase_translate.token_in(row.Subject)
            title = subject.rstrip()[: -len(token) - 1].rstrip() if token else subject
            found.append(
                BookedDossier(
                    receipt=self._documents.receipt(entity, row.ID, row.HID),
                    title=title,
                    supplier=codes.get(row.Account or "", ""),
                    marker=token,
                    entry=row.FinancialTransactionEntryID,
                )
            )
        return tuple(sorted(found, key=lambda one: (one.receipt.number, one.receipt.reference)))

    def compare(self, document: Dossier, booked: BookedDossier) -> tuple[Problem, ...]:
        """Title and supplier, and whether it names an entry where it was written with one."""
        pairs = (
            ("title", document.title.strip(), booked.title),
            ("supplier", document.supplier, booked.supplier),
            ("entry", document.entry, document.entry if booked.entry else None),
        )
        return tuple(differs(booked.receipt, *pair) for pair in pairs if pair[1] != pair[2])

    def takes_back(self, booked: BookedDossier, document: Dossier) -> bool:
        """No document takes another one back."""
        return False

    def cancels(self, booked: BookedDossier, other: BookedDossier) -> bool:
        """No document cancels another one."""
        return False

    def is_ended(self, receipt: Receipt) -> bool:
        """Whether the document is gone."""
        return not self._documents.rows(receipt.entity, f"ID eq {odata.guid(receipt.reference)}")

    def end(self, receipt: Receipt) -> None:
        """Delete the document and the files in it, unless an entry has it: a booking keeps its papers."""
        rows = self._documents.rows(receipt.entity, f"ID eq {odata.guid(receipt.reference)}")
        if not rows:
            return
        where, linked = f"Document eq {odata.guid(receipt.reference)}", purchase_wire.Linked
        client = self._documents.client
        entries = list(client.rows(receipt.entity, ENTRIES, linked, select=fields(linked), where=where))
        if not entries and (named := rows[0].FinancialTransactionEntryID):
            where = f"EntryID eq {odata.guid(named)}"
            entries = list(client.rows(receipt.entity, JOURNAL, linked, select=fields(linked), where=where))
        if entries:
            text = f"Entry {entries[0].EntryNumber} has document {receipt.number}, so it is not deleted."
            text += " Withdraw the entry first."
            raise Refused(text, where=f"document {receipt.number}", code="document.in_use")
        remove(client, DOCUMENTS, receipt)
