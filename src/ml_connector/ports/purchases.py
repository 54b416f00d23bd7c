"""Where purchase entries and their files are written, and the facts that they are checked with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from ml_connector.domain.period import FiscalPeriod
from ml_connector.domain.purchase import (
    Attachment,
    BookedAttachment,
    BookedDossier,
    BookedPurchase,
    Dossier,
    LedgerSupplier,
    PurchaseChart,
    PurchaseEntry,
)
from ml_connector.ports.sinks import Sink, SinkLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseLimits(SinkLimits):
    """What a ledger can hold of a purchase entry. `number_max`: characters of the supplier's number;
    `text_max` of the entry's text, `line_text_max` of a line's. `decimals`: what an amount may have.
    """

    lines_max: int
    number_max: int
    text_max: int
    line_text_max: int | None = None
    decimals: int = 2
    axes: frozenset[str] = frozenset({"cost_center"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentLimits(SinkLimits):
    """What a ledger can hold of a file. `bytes_max`: its size before any encoding. `types`: endings of names
    that are taken, in small letters and without a point; empty for all. `name_max`: characters of a name.
    """

    bytes_max: int
    types: frozenset[str] = frozenset()
    name_max: int = 200


class PurchaseFacts(Protocol):
    """What a ledger says of its purchase side. Nothing here writes."""

    def journals(self, entity: str) -> tuple[tuple[str, str], ...]:
        """`(code, description)` of the journals that take purchase entries."""
        ...

    def calendar(self, entity: str, journal: str, around: date) -> tuple[FiscalPeriod, ...]:
        """Fiscal periods of the years around the date, in order, open or closed for this journal."""
        ...

    def chart(self, entity: str, journal: str, axes: frozenset[str]) -> PurchaseChart:
        """Accounts, codes, VAT codes and payment terms: the facts that checks compare an entry with."""
        ...

    def suppliers(self, entity: str, identities: Collection[str]) -> Mapping[str, LedgerSupplier]:
        """Suppliers by the ledger's own id, asked afresh in as few calls as can be; those that are not there
        are left out.
        """
        ...

    def creditors(self, entity: str, codes: Collection[str]) -> Mapping[str, LedgerSupplier]:
        """Suppliers by the code that people know them by, asked afresh; those that are not there are left
        out.
        """
        ...


class PurchaseSink(Sink[PurchaseEntry, BookedPurchase], Protocol):
    """Where purchase entries are written. They end by withdrawal while they are open and unpaid; whoever ends
    one that is not reverses it.
    """

    limits: PurchaseLimits

    def look_alikes(self, document: PurchaseEntry, days: timedelta) -> tuple[BookedPurchase, ...]:
        """Every entry of the supplier, in any journal, that has the number of the document as it is written,
        whatever its date; or that number in another spelling, dated within so many days of the document; or
        its date. In the order of their numbers in the ledger; none where the ledger has no such supplier.
        """
        ...


class DossierSink(Sink[Dossier, BookedDossier], Protocol):
    """Where the documents are made that hold the files of an entry."""


class AttachmentSink(Sink[Attachment, BookedAttachment], Protocol):
    """Where files are written. `prepare` reads the bytes of an attachment by its hash."""

    limits: AttachmentLimits
