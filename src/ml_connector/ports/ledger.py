"""A general ledger: the facts that journal entries are checked with, apart from writing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from ml_connector.domain.checks import cancels, compare, takes_back
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.journal import BookedEntry, Chart, JournalEntry
from ml_connector.domain.period import FiscalPeriod
from ml_connector.domain.problem import Problem
from ml_connector.ports.sinks import Sink, SinkLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLimits(SinkLimits):
    """What a ledger can hold of a journal entry, beside what its sink says of every document; declared as
    data, so that a difference between ledgers is no special case.

    `text_max`: characters of an entry's text; `line_text_max`: of a line's own text, `None` for no limit.
    `decimals`: what an amount may have.
    """

    lines_max: int
    text_max: int
    line_text_max: int | None = None
    decimals: int = 2
    axes: frozenset[str] = frozenset({"cost_center"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A journal of a legal entity in some days."""

    entity: str
    journal: str
    start: date
    end: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look at a ledger showed: by commit key the documents that carry its marker, as `Sink.locate`
    gives them, and by place every document that stands there, as `LedgerFacts.documents` does; as people
    entered it where telling what is posted takes more calls.
    """

    found: Mapping[str, tuple[Receipt, ...]]
    documents: Mapping[Place, tuple[BookedEntry, ...]]


class LedgerFacts(Protocol):
    """What a general ledger says of itself. Nothing here writes."""

    def tenant(self, entity: str) -> str:
        """What the books behind the entity say they are: the vendor's own id where there is one, else host
        and database; in a sandbox the installation id of the simulator. It asks the vendor only where nothing
        was asked yet.
        """
        ...

    def journals(self, entity: str) -> tuple[tuple[str, str], ...]:
        """`(code, description)` of the journals that take our entries."""
        ...

    def calendar(self, entity: str, journal: str, around: date) -> tuple[FiscalPeriod, ...]:
        """Fiscal periods of the years around the date, in order, open or closed for this journal."""
        ...

    def chart(self, entity: str, journal: str, axes: frozenset[str]) -> Chart:
        """Accounts, journal, currencies and the codes of the axes named: the facts that checks compare an
        entry with.
        """
        ...

    def documents(self, entity: str, journal: str, start: date, end: date) -> tuple[BookedEntry, ...]:
        """Every document in the journal with a date in these days, drafts included, in the order of their
        numbers: ours, with the `marker` they carry, and those of others. Complete, or an error.
        """
        ...

    def document(self, entity: str, journal: str, number: str) -> BookedEntry:
        """The document that people know by this number in the journal, or in any journal of the legal entity
        where `journal` is empty. Raises `NotFound` where there is none, and `Refused` where there are
        several.
        """
        ...


Entries = Sink[JournalEntry, BookedEntry]
"""Where journal entries are written."""


class JournalSink(Sink[JournalEntry, BookedEntry], Protocol):
    """Where journal entries are posted. A ledger says how two entries compare in the same way as all."""

    limits: LedgerLimits

    def compare(self, document: JournalEntry, booked: BookedEntry) -> tuple[Problem, ...]:
        """What the ledger shows otherwise than the entry says: see `checks.compare`."""
        return tuple(compare(document, booked))

    def takes_back(self, booked: BookedEntry, document: JournalEntry) -> bool:
        """Whether the document is the mirror of the entry: see `checks.takes_back`."""
        return takes_back(booked, document)

    def cancels(self, booked: BookedEntry, other: BookedEntry) -> bool:
        """Whether the one document is the mirror of the other: see `checks.cancels`."""
        return cancels(booked, other)

    def near(self, document: JournalEntry, last: date | None = None) -> tuple[BookedEntry, ...]:
        """Every document in the journal of the entry, from its posting date until `last`."""
        day = document.posting_date
        return self.documents(document.entity, document.journal, day, max(day, last or day))

    def documents(self, entity: str, journal: str, start: date, end: date) -> tuple[BookedEntry, ...]:
        """See `LedgerFacts.documents`."""
        ...

    def look(self, wanted: Sequence[tuple[JournalEntry, Marker]], places: Sequence[Place]) -> Look:
        """Where the entries are, over all time, and what stands in the places, looked up afresh. A ledger
        that answers both in one question is asked once.
        """
        return Look(
            found=self.locate(wanted, None) if wanted else {},
            documents={
                place: self.documents(place.entity, place.journal, place.start, place.end)
                for place in dict.fromkeys(places)
            },
        )


class Ledger(LedgerFacts, JournalSink, Protocol):
    """A general ledger that takes journal entries: its facts and its sink in one object."""
