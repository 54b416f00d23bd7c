"""An installation with the flow of supplier invoices between a procurement system and books in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any, BinaryIO

from tests.payday import SOURCE, TARGET, World
from tests.unit.domain.invoices import eur, invoice, line

from ml_connector.contract.reference_filing import ReferenceAttachments, ReferenceDossiers
from ml_connector.contract.reference_purchases import Books, ReferencePurchaseFacts, ReferencePurchases
from ml_connector.domain.dimension import dimensions
from ml_connector.domain.invoice import InvoiceFile, InvoiceState, SupplierInvoice
from ml_connector.domain.purchase import (
    Attachment,
    BookedAttachment,
    BookedPurchase,
    Dossier,
    LedgerSupplier,
    PurchaseChart,
    PurchaseEntry,
)
from ml_connector.errors import NotSent, OutcomeUnknown, Refused
from ml_connector.flows.flow import Mode
from ml_connector.ports.invoices import MOVED, ChangedInvoices, InvoiceRef
from ml_connector.ports.runs import RunRow
from ml_connector.ports.systems import System

OPTIONS = {
    "journal": "P",
    "entities": "NL01=10",
    "vat_codes": "high=E,none=N",
    "no_vat": "N",
    "axes": "cost_center",
    "terms": "30=30",
}
PDF = b"%PDF-1.4 "
BEGAN = datetime(2026, 3, 20, 9, tzinfo=UTC)


class Bought:
    """The procurement system: invoices by id, the bytes of their files, and their marks."""

    def __init__(self) -> None:
        self.held: dict[str, SupplierInvoice] = {}
        self.content: dict[str, bytes] = {}
        self.external: dict[str, str] = {}
        self.notes: dict[str, str] = {}
        self.changes = 0
        self.reads = 0
        self.fail_mark: list[Exception] = []
        self.marks = self

    # a person

    def approve(self, identity: str, **more: Any) -> str:
        """Enter an invoice and approve it, or approve it anew with something changed; its reference."""
        known = self.held.get(identity)
        self.changes += 1
        at = BEGAN + timedelta(minutes=self.changes)
        base = known or replace(
            invoice(coded("100.00", "21.01"), coded("50.00", "10.50"), net="150.00", gross="181.51"),
            supplier="S1",
            supplier_external="id-1",
            number=f"F-{identity}",
            title=f"Invoice {identity}",
        )
        state = {"state": InvoiceState.APPROVED, "approved_at": at, **more}
        self.held[identity] = replace(base, identity=identity, reference=f"{identity}/{at:%H%M}", **state)
        return self.held[identity].reference

    def cancel(self, identity: str) -> str:
        return self.approve(identity, state=InvoiceState.CANCELED, approved_at=None)

    def attach(self, identity: str, name: str = "invoice.pdf", content: bytes = PDF) -> None:
        held = self.held[identity]
        key = f"{identity}-{len(held.files)}"
        self.content[key] = content
        self.held[identity] = replace(held, files=(*held.files, InvoiceFile(key=key, name=name)))

    def edit(self, identity: str, **more: Any) -> None:
        """Edited without a new approval."""
        self.held[identity] = replace(self.held[identity], **more)

    # the port

    def tenant(self, entity: str = "") -> str:
        return "procurement"

    def changed(self, cursor: str, since: datetime) -> ChangedInvoices:
        known = int(cursor or 0)
        found = tuple(self._ref(one) for one in self.held.values() if self._at(one) > known)
        return ChangedInvoices(found=found, cursor=str(self.changes))

    def unmarked(self, since: datetime) -> Iterator[InvoiceRef]:
        return (self._ref(one) for one in self.held.values() if one.identity not in self.external)

    def _at(self, one: SupplierInvoice) -> int:
        return int(one.reference.rpartition("/")[2][-2:])

    def _ref(self, one: SupplierInvoice) -> InvoiceRef:
        return InvoiceRef(
            reference=one.reference,
            invoice=one.identity,
            state=one.state,
            changed_at=BEGAN + timedelta(minutes=self._at(one)),
            external=self.external.get(one.identity, ""),
        )

    def invoice(self, reference: str) -> SupplierInvoice:
        self.reads += 1
        held = self.held[reference.partition("/")[0]]
        if held.reference != reference:
            raise Refused("It was approved again.", where=reference, code=MOVED)
        return replace(held, external=self.external.get(held.identity, ""))

    @contextmanager
    def file(self, file: InvoiceFile) -> Iterator[BinaryIO]:
        yield BytesIO(self.content[file.key])

    def assigned(self, reference: str) -> str:
        return self.external.get(reference, "")

    def assign(self, reference: str, value: str, text: str = "", expected: str = "") -> None:
        if self.fail_mark:
            raise self.fail_mark.pop(0)
        assert self.external.get(reference, "") in ("", value, expected)
        self.external[reference], self.notes[reference] = value, text

    def note(self, invoice: str, text: str) -> None:
        self.notes[invoice] = text


def coded(net: str, vat: str, account: str = "4000") -> Any:
    codes = dimensions({"account": account, "cost_center": "SALES"})
    return replace(line(net, "high", vat), codes=codes, text="Goods")


class Invoices(World):
    """An installation with this flow beside the others."""

    def __init__(self, *, mode: Mode = Mode.AUTOMATIC, **options: str) -> None:
        self.bought, self.purchases = Bought(), Books()
        self.purchases.suppliers["id-1"] = LedgerSupplier(identity="id-1", code="S1", name="Paper")
        self.kept: dict[str, bytes] = {}
        self.sinks: Mapping[type[Any], Any] = {
            PurchaseEntry: ReferencePurchases(self.purchases),
            Dossier: ReferenceDossiers(self.purchases),
            Attachment: ReferenceAttachments(self.purchases, self),  # type: ignore[arg-type]
        }
        self.facts = ReferencePurchaseFacts(self.purchases)
        super().__init__()
        self.purchases.clock = self.clock
        self.access.set_flow(
            kind="supplier_invoices",
            source=self.access.connection(SOURCE),
            target=self.access.connection(TARGET),
            mode=mode,
            starts_on=date(2026, 1, 1),
            mapping="",
            options={**OPTIONS, **options},
        )

    def __getitem__(self, sha256: str) -> bytes:
        """The bytes that the product kept, as the sink reads them."""
        with self._assembly.files().open(sha256) as content:
            found: bytes = content.read()
        assert hashlib.sha256(found).hexdigest() == sha256
        return found

    def system(self, name: str) -> System:
        inner = super().system(name)
        if name == SOURCE:
            sources = {**inner.sources, SupplierInvoice: self.bought}
            return replace(inner, sources=sources, tenant=self.bought.tenant)
        sinks = {**inner.sinks, **self.sinks}
        return replace(
            inner, sinks=sinks, sources={PurchaseChart: self.facts}, tenant=lambda entity: f"books {entity}"
        )

    # what people do

    @property
    def _settings(self) -> Any:
        return self.access.flow("supplier_invoices", SOURCE, TARGET)

    def option(self, **options: str) -> None:
        flow = self._settings
        flow.options = {**flow.options, **options}
        flow.save()

    def begin(self, reference: str) -> str:
        return str(self.operations.start("supplier_invoices", SOURCE, TARGET, reference).id)

    def book(self, reference: str) -> RunRow:
        """A run of the invoice, as far as it goes by itself."""
        run = self.begin(reference)
        self.run_to_rest()
        return self.at(run)

    def look(self) -> list[RunRow]:
        """New invoices of the source, each as far as it goes."""
        offered, _ = self.operations.new("supplier_invoices", SOURCE, TARGET, None)
        return [self.book(reference) for reference in offered]

    def consent(self, at: RunRow) -> RunRow:
        self.operations.approve(at.id, self.operations.records.fingerprint(at.id))
        self.run_to_rest()
        return self.at(at.id)

    def answered(self, at: RunRow, option: str, value: str = "") -> RunRow:
        self.operations.answer(at.id, option, value)
        self.run_to_rest()
        return self.at(at.id)

    # what is in the books

    @property
    def entries(self) -> list[BookedPurchase]:
        return [row.booked for row in self.purchases.of(PurchaseEntry).values()]

    @property
    def files(self) -> list[BookedAttachment]:
        return [row.booked for row in self.purchases.of(Attachment).values()]

    @property
    def owed(self) -> str:
        """What all entries come to."""
        return str(sum((one.payable.amount for one in self.entries), eur("0.00").amount))

    def paid(self, number: str) -> None:
        """Somebody paid an entry in the ledger."""
        for row in self.purchases.of(PurchaseEntry).values():
            if row.booked.receipt.number == number:
                row.booked = replace(row.booked, open=eur("0.00"))

    def fail(self, fault: str, after: int = 0) -> None:
        self.purchases.faults += [""] * after + [fault]


__all__ = ["PDF", "Bought", "Invoices", "NotSent", "OutcomeUnknown", "coded"]
