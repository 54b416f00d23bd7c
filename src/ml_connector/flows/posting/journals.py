"""What stands in the journals of a flow beside what a run has booked: documents of others that may be its
pay, what people made of its own documents, and the pay of a company in another legal entity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from ml_connector.domain import codec
from ml_connector.domain.checks import compare
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.journal import BookedEntry, JournalEntry
from ml_connector.domain.period import FiscalPeriod
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.proposal import Basis, Proposal, Subject
from ml_connector.flows.flow import Policy
from ml_connector.flows.posting import already_booked, consent, look_alikes, tie_out
from ml_connector.flows.posting.taken_back import entry_of, reversing, standing
from ml_connector.ports.commits import CommitRow, Commits, CommitState
from ml_connector.ports.ledger import JournalSink, Look, Place
from ml_connector.ports.sinks import located
from ml_connector.ports.storage import Tenants
from ml_connector.ports.systems import System
from ml_connector.runs.run import Run

ASKED_DAYS = timedelta(days=45)
"""How long after a document was booked it is looked for what takes it back; before a reversal, also how far
back, because a difference to it may have been made and lost.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherDocuments:
    """Documents of others that may be a pay, or that people made of what was booked for it, and of which
    nobody has said that they are not; names of those of which somebody has, and of those that another
    installation wrote; and all documents that were `seen`, by legal entity and the ledger's reference.
    """

    asked: tuple[BookedEntry, ...]
    accepted: tuple[str, ...]
    unknown: tuple[str, ...]
    seen: Mapping[tuple[str, str], BookedEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Journals:
    """The journals that a flow posts to and posted to `before`, by legal entity. `books` are their names in
    keys; `restored_at` tells when this installation was restored from a backup.
    """

    target: System
    commits: Commits
    books: Tenants
    policy: Policy
    before: Mapping[str, Sequence[str]] = field(default_factory=dict)
    restored_at: Callable[[], datetime | None] = lambda: None

    def look(
        self,
        run: Run,
        proposal: Proposal,
        basis: Basis,
        rows: Iterable[CommitRow],
        wanted: Sequence[tuple[JournalEntry, Marker]] = (),
    ) -> Look:
        """Look at the journals, and for these entries besides. `rows` are the commits of the proposal's
        subjects.
        """
        booked = [row for row in rows if row.state is CommitState.CONFIRMED]
        places = [
            Place(entity=entity, journal=journal, start=period.start, end=period.end)
            for entity in dict.fromkeys(subject.entity for subject in proposal.subjects)
            for journal, period in self._places(run, entity, basis, booked)
        ]
        return self._sink.look(wanted, places)

    def others(self, run: Run, proposal: Proposal, rows: Iterable[CommitRow], look: Look) -> OtherDocuments:
        """What else is in the journals, by a look at them. `rows` are the commits of the proposal's subjects.
        Where this installation was restored, it may have written a document itself and lost it.
        """
        alike: list[BookedEntry] = []
        unknown: list[str] = []
        seen: dict[tuple[str, str], BookedEntry] = {}
        restored = self.restored_at() is not None
        booked = [row for row in rows if row.state is CommitState.CONFIRMED]
        counting = {row.key for row in standing(booked)}
        ours = {Marker.of(entry.key).token: entry for entry in proposal.entries if entry.key not in counting}
        for place, found in look.documents.items():
            tenant = self.books.confirm(place.entity, self.target.tenant(place.entity))
            known = self.commits.known_references(tenant, place.entity)
            others = look_alikes.of_others(found, known)
            others = tuple(d for d in others if not self._will_be_found(d, ours.get(d.marker)))
            strange = look_alikes.of_another_installation(others)
            lost = look_alikes.may_be_lost(others, proposal.in_full) if restored else ()
            made = look_alikes.made_of_ours(others, booked)
            alike.extend(dict.fromkeys((*made, *look_alikes.look_alikes(others, proposal.in_full), *lost)))
            unknown.extend(strange)
            seen |= {(place.entity, document.receipt.reference): document for document in found}
        answers = run.answers()
        named = {self._name_of(document): document for document in alike}
        return OtherDocuments(
            asked=tuple(document for name, document in named.items() if name not in answers),
            accepted=tuple(sorted(name for name in named if name in answers)),
            unknown=tuple(unknown),
            seen=seen,
        )

    def changed_since(
        self, run: Run, seen: Mapping[tuple[str, str], BookedEntry], rows: Iterable[CommitRow]
    ) -> Iterator[Problem]:
        """What is wrong now with the documents of this run: it may have waited for a person since they were
        proved. Only one that is not `seen` as it was written is read by itself.
        """
        for row in rows:
            if row.run != run.row.id or row.state is not CommitState.CONFIRMED or row.reversed_by:
                continue
            reference = cast(Receipt, codec.decode(row.receipt)).reference
            document = seen.get((row.entity, reference))
            if document is None or any(tie_out.changed_since(self._sink, row, run.row.id, document)):
                yield from tie_out.changed_since(self._sink, row, run.row.id)

    def in_another_entity(self, run: Run, subjects: Mapping[str, Subject]) -> Iterator[Problem]:
        """Companies whose pay is booked in another legal entity of the same ledger: the flow booked it there
        before its options were changed.
        """
        for company, subject in subjects.items():
            others = in_other_entities([subject], self.books.names())
            parts = already_booked.already_booked_parts(self.commits, others) if others else ()
            for entity in dict.fromkeys(part.row.entity for part in parts):
                there = [part for part in parts if part.row.entity == entity]
                if not already_booked.comes_to_nothing(there):
                    counting = already_booked.standing_parts(there)
                    numbers = consent.listed(part.number for part in counting)
                    back = reversing(part.row for part in counting)
                    text = (
                        f"The pay of {company} is booked in {entity} as {numbers}, and goes to"
                        f" {subject.entity} now, because the option entities of the flow was changed. Reverse"
                        f" it there first: {back}. Then: ml-connector runs resume {run.row.id}. What people"
                        f" reversed there is named: ml-connector runs mark-booked-elsewhere {run.row.id}"
                        f" --document {entity}/NUMBER --why '...'. Or set the option back."
                    )
                    yield Problem("pay.other_entity", company, text, Owner.CONTROLLER)

    # --- inside ---------------------------------------------------------------------------------------------

    @property
    def _sink(self) -> JournalSink:
        return cast(JournalSink, self.target.sink(JournalEntry))

    def _name_of(self, document: BookedEntry) -> str:
        return look_alikes.name_of(document, self.policy.journals[document.receipt.entity])

    def _will_be_found(self, document: BookedEntry, entry: JournalEntry | None) -> bool:
        """Whether the document carries the marker of an entry of this run, says what that says, and a search
        for the marker finds it, so that it is adopted. A ledger may drop what it is searched by, and still
        show the marker. One that is not whole is gone on with.
        """
        if entry is None:
            return False
        found = located(self._sink, entry, Marker.of(entry.key), None)
        return any(
            receipt.reference == document.receipt.reference
            and not (receipt.complete and compare(entry, document))
            for receipt in found
        )

    def _places(
        self, run: Run, entity: str, basis: Basis, rows: Iterable[CommitRow]
    ) -> tuple[tuple[str, FiscalPeriod], ...]:
        """Where a document of the pay may be: in the journals that the flow has and had, in the fiscal period
        of the posting date and of the day it was moved from. What other runs booked may have been taken back
        since, also on a later day; but for journals of others, which hold what is no pay at all.
        """
        posting, today = basis.posting, self.commits.now().date()
        journals = (self.policy.journals[entity], *self.before.get(entity, ()))
        days = [
            (journal, day, day) for journal in journals for day in (posting.day, posting.moved_from) if day
        ]
        for row in rows:
            if row.entity != entity or row.run == run.row.id:
                continue
            entry = entry_of(row)
            if entry.journal in journals:
                first = entry.posting_date
                days.append((entry.journal, first, max(first, min(today, first + ASKED_DAYS))))
        places = [
            (journal, period)
            for journal, first, last in days
            for period in basis.periods[entity]
            if period.start <= last and first <= period.end
        ]
        return tuple(dict.fromkeys(places))


def in_other_entities(subjects: Iterable[Subject], books: Mapping[str, str]) -> list[Subject]:
    """The same pays in the other legal entities of the ledger; `books` are tenants by legal entity."""
    return [
        Subject(tenant=tenant, entity=entity, text=subject.text)
        for subject in subjects
        for entity, tenant in books.items()
        if entity != subject.entity
    ]
