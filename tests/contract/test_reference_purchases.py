"""The reference purchase side keeps every claim of its suites."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.contract.filing import AttachmentSinkContract, DossierSinkContract
from ml_connector.contract.purchases import PurchaseSinkContract
from ml_connector.contract.reference_filing import ReferenceAttachments, ReferenceDossiers
from ml_connector.contract.reference_purchases import (
    CURRENCY,
    ENTITY,
    JOURNAL,
    Books,
    ReferencePurchaseFacts,
    ReferencePurchases,
)
from ml_connector.contract.sinks import send
from ml_connector.domain.dimension import dimensions
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.journal import ExchangeRate
from ml_connector.domain.money import Money
from ml_connector.domain.purchase import Attachment, Dossier, LedgerSupplier, PurchaseEntry, PurchaseLine
from ml_connector.domain.vat import VatKind

DAY = date(2026, 6, 15)
KINDS = {VatKind.EXCLUDING: "E", VatKind.INCLUDING: "I", VatKind.NONE: "N", VatKind.BASE_ONLY: "B"}


class World(ABC):
    """The reference books in the words of the suites."""

    sink: Any

    def __init__(self) -> None:
        self.books = Books()
        self.books.suppliers["id-1"] = LedgerSupplier(identity="id-1", code="S1", name="Paper")

    def known(self, document: Any) -> Mapping[str, Receipt]:
        return {}

    def reopen(self) -> Any:
        return type(self.sink)(self.books)

    def references(self) -> list[str]:
        return list(self.sink.rows())

    def double(self, reference: str) -> str:
        row = self.sink.rows()[reference]
        copy: Receipt = self.sink.keep(replace(row))
        return copy.reference

    def by_hand(self) -> str:
        receipt = send(self, self.document("by hand:0:1"))
        self.change(receipt.reference, marker="")
        return receipt.reference

    def change(self, reference: str, **fields: Any) -> None:
        row = self.sink.rows()[reference]
        row.booked = replace(row.booked, **fields)

    def delete(self, reference: str) -> None:
        del self.sink.rows()[reference]

    def fail_next(self, fault: str) -> None:
        self.books.faults.append(fault)

    def advance(self, seconds: float) -> None:
        self.books.clock.advance(seconds)
        self.books.catch_up()

    def said(self) -> str:
        return repr(self.books.said)

    def secrets(self) -> tuple[str, ...]:
        return ()

    @abstractmethod
    def document(self, key: str = "bought:acme:1:0:1") -> Any:
        """One that the books take."""


class Purchases(World):
    """Of purchase entries."""

    def __init__(self) -> None:
        super().__init__()
        self.sink, self.facts = ReferencePurchases(self.books), ReferencePurchaseFacts(self.books)

    def document(self, key: str = "bought:acme:1:0:1") -> PurchaseEntry:
        lines = tuple(
            PurchaseLine(
                account="4000",
                net=Money.parse(net, CURRENCY),
                vat=Money.parse(vat, CURRENCY),
                vat_code="E",
                dimensions=dimensions({"cost_center": "SALES"}),
            )
            for net, vat in (("100.00", "21.01"), ("50.00", "10.50"))
        )
        return PurchaseEntry(
            key=key,
            entity=ENTITY,
            journal=JOURNAL,
            supplier="S1",
            number=Marker.of(key).token,
            invoice_date=DAY,
            currency=CURRENCY,
            text="Paper",
            lines=lines,
        )

    def code(self, kind: VatKind, *, charged: bool = False) -> str:
        return "R" if charged else KINDS[kind]

    def supplier(self) -> tuple[str, str]:
        return "id-1", "S1"

    def block_supplier(self, code: str) -> None:
        self.books.suppliers["id-1"] = replace(self.books.suppliers["id-1"], blocked=True)

    def foreign(self) -> ExchangeRate:
        return ExchangeRate(currency=CURRENCY, rate=Decimal("0.92"), source="the bank")

    def foreign_currency(self) -> str:
        return "USD"

    def edit(self, reference: str) -> None:
        first, *rest = self.sink.rows()[reference].booked.lines
        one = Money.parse("1.00", CURRENCY)
        self.change(reference, lines=(replace(first, net=first.net + one), *rest))

    def pay(self, reference: str, minor: int | None = None) -> None:
        open_ = self.sink.rows()[reference].booked.open
        paid = open_ if minor is None else Money.from_minor(minor, CURRENCY)
        self.change(reference, open=open_ - paid)

    def process(self, reference: str) -> None:
        self.sink.rows()[reference].final = True

    def close_period(self, day: date) -> None:
        self.books.closed.add((day.year, day.month))


class Dossiers(World):
    """Of documents."""

    def __init__(self) -> None:
        super().__init__()
        self.sink = ReferenceDossiers(self.books)

    def document(self, key: str = "bought:acme:1:0:1") -> Dossier:
        return Dossier(key=key, entity=ENTITY, title="Invoice 77", supplier="S1", date=DAY)

    def edit(self, reference: str) -> None:
        self.change(reference, title="Invoice 78")


class Attachments(World):
    """Of files."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, bytes] = {}
        self.sink = ReferenceAttachments(self.books, self.files)

    def reopen(self) -> ReferenceAttachments:
        return ReferenceAttachments(self.books, self.files)

    def file(self, name: str, content: bytes, key: str = "bought:acme:1:0:1") -> Attachment:
        sha256 = hashlib.sha256(content).hexdigest()
        self.files[sha256] = content
        return Attachment(
            key=key, entity=ENTITY, name=name, sha256=sha256, size=len(content), refers=("d:0:1",)
        )

    def document(self, key: str = "bought:acme:1:0:1") -> Attachment:
        return self.file("invoice.pdf", b"%PDF " + key.encode(), key)

    def content(self, reference: str) -> bytes:
        return bytes(self.sink.rows()[reference].content)

    def lose(self, attachment: Attachment) -> None:
        self.files[attachment.sha256] = b"other"


class TestPurchases(PurchaseSinkContract):
    """The reference purchase entries."""

    @pytest.fixture
    def world(self) -> Purchases:
        """Empty books."""
        return Purchases()


class TestDossiers(DossierSinkContract):
    """The reference documents."""

    @pytest.fixture
    def world(self) -> Dossiers:
        """Empty books."""
        return Dossiers()


class TestAttachments(AttachmentSinkContract):
    """The reference files."""

    @pytest.fixture
    def world(self) -> Attachments:
        """Empty books."""
        return Attachments()
