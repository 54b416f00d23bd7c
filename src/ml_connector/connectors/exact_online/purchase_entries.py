"""Exact Online as the place of purchase entries.

locate     PurchaseEntries ⌈entries/20⌉
prepare    PurchaseEntries 1; before the first of a connection GLAccounts, VATCodes, VatPercentages as in
           `purchases`
read_back  PurchaseEntries 1, TransactionLines 1 in bulk, Payments 1
near       PurchaseEntries ⌈n/60⌉, TransactionLines and Payments ⌈n/20⌉ each
look_alikes  PurchaseEntries ⌈entries of the supplier in the time/60⌉; as `near` for those that are alike
is_ended   PurchaseEntries 1
end        PurchaseEntries 1, Payments 1, and 1 for the deletion

An entry is deleted while it is open and nothing was matched with it. What a person did to it in between
counts: it is looked at just before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TypeVar

from ml_connector.connectors.exact_online import purchase_translate, purchase_wire, translate, wire
from ml_connector.connectors.exact_online.client import ExactClient, fields
from ml_connector.connectors.exact_online.divisions import Divisions
from ml_connector.connectors.exact_online.ledger import ExactLedger
from ml_connector.connectors.exact_online.purchases import VatCodes
from ml_connector.connectors.exact_online.settings import BY_TYPE, Options
from ml_connector.connectors.exact_online.suppliers import Suppliers
from ml_connector.connectors.exact_online.writes import gone, posting, remove
from ml_connector.domain import purchase_checks
from ml_connector.domain.checks import REMEDY
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.invoice_number import fitted, normal
from ml_connector.domain.limits import check_limits
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.purchase import BookedPurchase, PurchaseEntry
from ml_connector.domain.vat import VatCode
from ml_connector.errors import Inexpressible, Refused
from ml_connector.ports.purchases import PurchaseLimits, PurchaseSink
from ml_connector.ports.sinks import NONE_KNOWN, Ending, Send
from ml_connector.transport import odata
from ml_connector.transport.answer import Answer
from ml_connector.transport.exchange import encode

ENTRIES, PAYMENTS = "purchaseentry/PurchaseEntries", "cashflow/Payments"
ASKED = 20
"""Entries that one question looks for."""
OPEN = 20
"""The status of an entry, and of a part of what is owed, that nobody went on with."""
ROWS = fields(purchase_wire.PurchaseRow, leave_out=("Type", "Notes"))
Head = purchase_wire.PurchaseEntry
T = TypeVar("T")


class ExactPurchases(PurchaseSink):
    """A `PurchaseSink`."""

    ends = Ending.WITHDRAW

    def __init__(
        self,
        options: Options,
        client: ExactClient,
        divisions: Divisions,
        ledger: ExactLedger,
        suppliers: Suppliers,
        vat: VatCodes,
    ) -> None:
        self._options, self._client, self._divisions = options, client, divisions
        self._ledger, self._suppliers, self._vat = ledger, suppliers, vat
        self.limits = PurchaseLimits(
            lines_max=options.lines_max,
            number_max=purchase_translate.NUMBER_MAX,
            text_max=translate.TEXT_MAX,
            line_text_max=translate.DESCRIPTION_MAX,
            decimals=2,
            axes=translate.AXES,
            deadline_seconds=options.deadline_seconds,
            settle_seconds=options.settle_seconds,
            visible_seconds=options.visible_seconds,
        )

    def check(self, document: PurchaseEntry) -> tuple[Problem, ...]:
        """What Exact cannot hold of the entry: net and VAT of each line are amounts of their own."""
        found = [] if document.lines else [Problem("entry.empty", "lines", "The entry has no lines.")]
        pinned, digits = self._options.divisions, translate.DIGITS_MAX
        found += check_limits(document, self.limits, entities=pinned, digits_max=digits)
        if len(document.refers) > 1:
            text = (
                f"The entry names {len(document.refers)} documents, and Exact links one. Put the files into"
            )
            found.append(Problem("document.several", "files", f"{text} one.", Owner.SUPPORT))
        return tuple(found)

    # --- finding --------------------------------------------------------------------------------------------

    def locate(
        self, wanted: Sequence[tuple[PurchaseEntry, Marker]], since: datetime | None
    ) -> Mapping[str, tuple[Receipt, ...]]:
        """By key every entry whose description ends with the token, oldest number first, in a search for
        twenty entries of a division: also where a person gave it another number or supplier. All of the time
        is searched, without `since`. Should Exact refuse to search in descriptions, entries of the supplier
        with the number are looked through instead.
        """
        found: dict[str, dict[str, Receipt]] = {entry.key: {} for entry, _ in wanted}
        for entity in dict.fromkeys(entry.entity for entry, _ in wanted):
            ours = [(entry, marker) for entry, marker in wanted if entry.entity == entity]
            for start in range(0, len(ours), ASKED):
                some = ours[start : start + ASKED]
                for row in self._candidates(entity, some):
                    for entry, marker in some:
                        if purchase_translate.token_in(row.Description) == marker.token:
                            found[entry.key][row.EntryID] = self._receipt(entity, row)
        return {
            key: tuple(sorted(receipts.values(), key=lambda one: (one.number, one.reference)))
            for key, receipts in found.items()
        }

    def _candidates(self, entity: str, some: Sequence[tuple[PurchaseEntry, Marker]]) -> list[Head]:
        """Entries among which every one with one of the markers is."""
        tokens = odata.holds_any("Description", [marker.token for _, marker in some])
        found = self._ledger.try_search("purchase entries by token", lambda: self._heads(entity, tokens))
        if found is not None:
            return found
        ids = self._suppliers.ids(entity, [entry.supplier for entry, _ in some])
        numbers = [
            f"(Supplier eq {odata.guid(ids[entry.supplier])} and YourRef eq {odata.text(_number(entry))})"
            for entry, _ in some
            if entry.supplier in ids
        ]
        return self._heads(entity, f"({' or '.join(numbers)})") if numbers else []

    def _heads(self, entity: str, where: str) -> list[Head]:
        return list(self._client.rows(entity, ENTRIES, Head, select=fields(Head), where=where))

    # --- writing --------------------------------------------------------------------------------------------

    @contextmanager
    def prepare(
        self,
        document: PurchaseEntry,
        marker: Marker,
        so_far: Receipt | None = None,
        known: Mapping[str, Receipt] = NONE_KNOWN,
    ) -> Iterator[Send]:
        """Everything but the send. Raises `Inexpressible` for what `check` would have said and for VAT that a
        code does not take, `CodeUnknown` for a supplier, account or project that is not there.
        """
        if problems := self.check(document):
            raise Inexpressible.of(problems)
        entity = document.entity
        codes = self._codes_for(document)
        supplier = self._suppliers.id_of(entity, document.supplier)
        accounts, projects = self._ledger.ids_of(document)
        self._refuse_payables(document)
        body = purchase_translate.to_wire(
            document,
            marker,
            supplier=supplier,
            accounts=accounts,
            projects=projects,
            codes=codes,
            document=next((known[key].reference for key in document.refers), None),
            by_type=self._options.credit_notes == BY_TYPE,
        )
        with posting(self._client, entity, ENTRIES, encode(body), lambda a: self._created(entity, a)) as send:
            yield send

    def _codes_for(self, document: PurchaseEntry) -> Mapping[str, VatCode]:
        """The VAT codes; read anew where those that are known do not take the entry."""
        codes = self._vat.codes(document.entity)
        if not all(code in codes for code in document.vat_by_code()):
            codes = self._vat.codes(document.entity, afresh=True)
        if problems := tuple(purchase_checks.check_vat(document, codes)):
            raise Inexpressible.of(problems)
        return codes

    def _refuse_payables(self, document: PurchaseEntry) -> None:
        """A cost on such an account could not be told from what the supplier is owed."""
        used = {line.account for line in document.lines}
        if codes := self._ledger.of_type(document.entity, used, purchase_translate.PAYABLES):
            text = (
                f"Suppliers are owed on account {min(codes)} in Exact, so no cost is booked there. Map the"
                " cost to another account."
            )
            raise Inexpressible(text, where=f"account {min(codes)}", code="account.payables")

    def _created(self, entity: str, answer: Answer) -> Receipt:
        return self._receipt(entity, answer.decode(wire.One[purchase_wire.Linked]).d)

    def release(self, receipt: Receipt) -> Receipt:
        """Exact books on create."""
        return receipt

    def abandon(self, receipt: Receipt) -> None:
        """Exact books an entry completely or not at all, so there is nothing to remove."""

    # --- reading --------------------------------------------------------------------------------------------

    def read_back(self, receipt: Receipt) -> BookedPurchase:
        """The entry by its head and ledger lines, and what is owed for it now."""
        heads = self._heads(receipt.entity, f"EntryID eq {odata.guid(receipt.reference)}")
        if not heads:
            raise gone("Entry", receipt)
        (found,) = self._booked(receipt.entity, heads)
        return replace(found, receipt=receipt)

    def near(self, document: PurchaseEntry, last: date | None = None) -> tuple[BookedPurchase, ...]:
        """Every entry of the supplier from the date of the invoice until `last`, whatever its number and
        journal; none where Exact has no such supplier.
        """
        supplier = self._suppliers.ids(document.entity, [document.supplier]).get(document.supplier)
        if supplier is None:
            return ()
        first, last = document.invoice_date, max(document.invoice_date, last or document.invoice_date)
        where = f"Supplier eq {odata.guid(supplier)} and EntryDate ge {odata.moment(first)}"
        where += f" and EntryDate le {odata.moment(last)}"
        return self._booked(document.entity, self._heads(document.entity, where))

    def look_alikes(self, document: PurchaseEntry, days: timedelta) -> tuple[BookedPurchase, ...]:
        """As the port says. Exact compares `YourRef` letter by letter, so the heads of the supplier's entries
        of those days are read and their numbers compared here; only entries that are alike are read whole.
        """
        supplier = self._suppliers.ids(document.entity, [document.supplier]).get(document.supplier)
        if supplier is None:
            return ()
        number, day = _number(document), document.invoice_date
        dated = f"EntryDate ge {odata.moment(day - days)} and EntryDate le {odata.moment(day + days)}"
        where = f"Supplier eq {odata.guid(supplier)} and (YourRef eq {odata.text(number)} or ({dated}))"
        alike = [
            head
            for head in self._heads(document.entity, where)
            if normal(head.YourRef or "") == normal(number) != ""
            or (head.EntryDate and translate.day_of(head.EntryDate) == day)
        ]
        return self._booked(document.entity, alike)

    def _booked(self, entity: str, heads: Sequence[Head]) -> tuple[BookedPurchase, ...]:
        """In the order of their numbers."""
        found = []
        for start in range(0, len(heads), ASKED):
            some = heads[start : start + ASKED]
            ids = [odata.guid(head.EntryID) for head in some]
            rows = _by_entry(
                self._ledger.lines_as(purchase_wire.PurchaseRow, entity, odata.any_of("EntryID", ids), ROWS),
                lambda row: row.EntryID,
            )
            payments = _by_entry(self._payments(entity, ids), lambda row: row.TransactionEntryID)
            suppliers = self._suppliers.codes(entity, {head.Supplier for head in some})
            for head in some:
                its = rows.get(head.EntryID.lower(), [])
                accounts = {(row.GLAccountCode or "").strip() for row in its} - {""}
                found.append(
                    purchase_translate.booked(
                        self._receipt(entity, head),
                        head,
                        its,
                        supplier=suppliers.get(head.Supplier, ""),
                        own=self._divisions.currency_of(entity),
                        payables=self._ledger.of_type(entity, accounts, purchase_translate.PAYABLES),
                        taxes=self._ledger.of_type(entity, accounts, purchase_translate.TAXES),
                        codes=self._vat_rows(entity, its),
                        payments=payments.get(head.EntryID.lower(), []),
                    )
                )
        return tuple(sorted(found, key=lambda one: (one.receipt.number, one.receipt.reference)))

    def _vat_rows(
        self, entity: str, rows: Sequence[purchase_wire.PurchaseRow]
    ) -> Mapping[str, purchase_wire.VatCode]:
        known = self._vat.rows(entity)
        used = {(row.VATCode or "").strip() for row in rows} - {""}
        return known if used <= known.keys() else self._vat.rows(entity, afresh=True)

    def _payments(self, entity: str, ids: list[str]) -> list[purchase_wire.Payment]:
        """The parts of what is owed for these entries."""
        where, select = odata.any_of("TransactionEntryID", ids), fields(purchase_wire.Payment)
        return list(self._client.rows(entity, PAYMENTS, purchase_wire.Payment, select=select, where=where))

    def compare(self, document: PurchaseEntry, booked: BookedPurchase) -> tuple[Problem, ...]:
        """See `purchase_checks.compare`; the number as it fits, and a rate that the entry brought."""
        ours = replace(document, number=_number(document))
        found = list(purchase_checks.compare(ours, booked))
        if document.rate and (booked.rate is None or booked.rate.rate != document.rate.rate):
            theirs = booked.rate.rate if booked.rate else "none"
            text = f"The exchange rate is {theirs} in the ledger and was written as {document.rate.rate}."
            where = f"document {booked.receipt.number}"
            found.append(Problem("read_back.header", where, f"{text} {REMEDY}", Owner.CONTROLLER))
        return tuple(found)

    def takes_back(self, booked: BookedPurchase, document: PurchaseEntry) -> bool:
        """See `purchase_checks.takes_back`."""
        return purchase_checks.takes_back(booked, document)

    def cancels(self, booked: BookedPurchase, other: BookedPurchase) -> bool:
        """See `purchase_checks.cancels`."""
        return purchase_checks.cancels(booked, other)

    # --- ending ---------------------------------------------------------------------------------------------

    def is_ended(self, receipt: Receipt) -> bool:
        """Whether the entry is gone."""
        return not self._heads(receipt.entity, f"EntryID eq {odata.guid(receipt.reference)}")

    def end(self, receipt: Receipt) -> None:
        """Delete the entry while it is open and no part of it was paid, selected for payment or matched."""
        heads = self._heads(receipt.entity, f"EntryID eq {odata.guid(receipt.reference)}")
        if not heads:
            return
        where = f"document {receipt.number}"
        if heads[0].Status != OPEN:
            text = f"Entry {receipt.number} is processed in Exact, so it is not deleted. Reverse it."
            raise Refused(text, where=where, code="document.processed")
        parts = self._payments(receipt.entity, [odata.guid(receipt.reference)])
        if any(part.Status != OPEN for part in parts):
            text = (
                f"Entry {receipt.number} is paid, in a payment run or matched in Exact, at least in part, so"
                " it is not deleted. Undo that in Exact, or reverse the entry."
            )
            raise Refused(text, where=where, code="document.paid")
        remove(self._client, ENTRIES, receipt)

    # --- inside ---------------------------------------------------------------------------------------------

    def _receipt(self, entity: str, row: Head | purchase_wire.Linked) -> Receipt:
        base = self._options.base_url
        return Receipt(
            reference=row.EntryID,
            number=str(row.EntryNumber or ""),
            entity=entity,
            posted=True,
            link=f"{base}/api/v1/{entity}/{ENTRIES}(guid'{row.EntryID}')",
        )


def _number(entry: PurchaseEntry) -> str:
    return fitted(entry.number, purchase_translate.NUMBER_MAX)


def _by_entry(rows: Iterable[T], entry_of: Callable[[T], str]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = {}
    for row in rows:
        found.setdefault(entry_of(row).lower(), []).append(row)
    return found
