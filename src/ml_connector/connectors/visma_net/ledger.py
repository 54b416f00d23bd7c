"""Visma as a ledger: a batch is written on hold in one request, read back, and released.

Each company has a client, facts and a memory of its batches of its own: numbers begin again in each. Before a
company's calendar and chart are used, and before its batches are searched or changed, the company that its
token opens is compared with its code.

facts     organization 1 for the life of the connection
chart     branch, dimension, account, currency, ledger 1 each; project ⌈n/500⌉ where asked for
calendar  financialPeriod 1
tenant    0; in a sandbox organization 1, where nothing was asked yet
documents journaltransaction ⌈lines of the period/1000⌉ for each period of the days; financialPeriod 1, where
          the calendar was not read yet
document  1
locate    journaltransaction ⌈lines of the period/1000⌉; after a send, those changed since a day before it
look      journaltransaction ⌈lines of the period/1000⌉, for entries and documents together
prepare   subaccount ⌈inactive/1000⌉; chart and calendar, where they were not read within a minute; then 1
read_back 1
release   hold 1, release 1, read 1, which counts as the next read-back; a read before, where the batch was
          not read back within seconds; once it is queued 1 a time
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import unquote, urlsplit

from ml_connector.connectors.visma_net import client as calls
from ml_connector.connectors.visma_net import translate, wire
from ml_connector.connectors.visma_net.client import VismaClient
from ml_connector.connectors.visma_net.facts import Facts
from ml_connector.connectors.visma_net.release import JOURNALS, POSTED, Releases, batch_path
from ml_connector.connectors.visma_net.settings import Options
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.journal import BookedEntry, Chart, JournalEntry
from ml_connector.domain.period import FiscalPeriod, period_of
from ml_connector.domain.problem import Owner, Problem
from ml_connector.errors import CodeUnknown, Inexpressible, NotFound, OutcomeUnknown, PeriodClosed, Refused
from ml_connector.ports.ledger import Ledger, LedgerLimits, Look, Place
from ml_connector.ports.sinks import NONE_KNOWN, Gate, Send
from ml_connector.ports.storage import Clock
from ml_connector.ports.systems import Wiring
from ml_connector.transport.answer import Answer

MODULE = "GL"
CLOCK_MARGIN = timedelta(hours=26)
"""Visma's time stamps name no zone: their clock may differ from ours by up to 14 hours, either way."""
Read = dict[tuple[str, str, str], list[wire.Batch]]
"""What one look has read: by company, and the name and value of a filter."""
_LOCATION = re.compile(r"/journaltransaction/([^/?#]+)/?$", re.IGNORECASE)


class Books:
    """One company's side of the ledger."""

    def __init__(self, options: Options, client: VismaClient, clock: Clock) -> None:
        self.client, self.facts, self.releases = (
            client,
            Facts(options, client, clock),
            Releases(client, clock),
        )


class VismaLedger(Ledger):
    """A `Ledger` of the connection's companies."""

    def __init__(self, options: Options, wiring: Wiring) -> None:
        self._options, self._sandbox = options, wiring.sandbox
        self._books = {
            company: Books(options, VismaClient(options, wiring, company), wiring.clock)
            for company in options.companies
        }
        self.limits = LedgerLimits(
            lines_max=options.lines_max,
            text_max=translate.TEXT_MAX,
            line_text_max=translate.LINE_TEXT_MAX,
            decimals=3,
            deadline_seconds=options.deadline_seconds,
            settle_seconds=options.settle_seconds,
            visible_seconds=options.visible_seconds,
            posting_seconds=options.posting_seconds,
            axes=options.axes,
        )

    def books(self, entity: str) -> Books:
        """The company's side. Raises `Refused` for a company that is not in the connection."""
        if entity not in self._books:
            problem = translate.not_pinned(entity, self._options)
            raise Refused(problem.text, where=problem.where, code=problem.code)
        return self._books[entity]

    def _proven(self, entity: str) -> Books:
        """The company's side, its token proven to lead there."""
        books = self.books(entity)
        books.facts.organization()
        return books

    # --- facts ----------------------------------------------------------------------------------------------

    def journals(self, entity: str) -> tuple[tuple[str, str], ...]:
        """Ledgers that take our entries, by number; only those of the connection where it names some."""
        facts = self.books(entity).facts
        rows = facts.ledgers()
        usable = (row for row in rows if facts.ledger_problem(row.number.strip(), rows) is None)
        wanted = self._options.ledgers
        return tuple(
            sorted(
                (row.number.strip(), row.description or "")
                for row in usable
                if not wanted or row.number.strip() in wanted
            )
        )

    def calendar(self, entity: str, journal: str, around: date) -> tuple[FiscalPeriod, ...]:
        """Periods from a year before the date to a year after it; open for general ledger batches, or not."""
        year = timedelta(days=366)
        periods = self._proven(entity).facts.periods()
        return tuple(
            period for period in periods if period.end >= around - year and period.start <= around + year
        )

    def chart(self, entity: str, journal: str, axes: frozenset[str]) -> Chart:
        """Accounts, the ledger, currencies, and the codes of the axes; a code on `project` is project and
        task with a slash between.
        """
        return self.books(entity).facts.read(journal, axes).chart

    def check(self, document: JournalEntry) -> tuple[Problem, ...]:
        """What a batch cannot hold of the entry."""
        return tuple(translate.preflight(document, self.limits, self._options))

    def tenant(self, entity: str) -> str:
        """The company's tenant id. In a sandbox it is the installation that the simulator names, if it names
        one, for which the company is read where nothing was asked yet.
        """
        books = self.books(entity)
        if self._sandbox and not books.client.http.installation:
            books.facts.organization()
        installation = books.client.http.installation if self._sandbox else ""
        return installation or self._options.companies[entity].lower()

    def documents(self, entity: str, journal: str, start: date, end: date) -> tuple[BookedEntry, ...]:
        """General ledger batches in the ledger of these days, drafts too: of the periods that hold the days,
        those dated in them, or put into a period from outside of it.
        """
        return self._documents(Place(entity=entity, journal=journal, start=start, end=end), {})

    def look(self, wanted: Sequence[tuple[JournalEntry, Marker]], places: Sequence[Place]) -> Look:
        """As `locate` and `documents`; the batches of a period are read once for both."""
        read: Read = {}
        return Look(
            found=self._found(wanted, None, read),
            documents={place: self._documents(place, read) for place in dict.fromkeys(places)},
        )

    def _documents(self, place: Place, read: Read) -> tuple[BookedEntry, ...]:
        entity, journal, start, end = place.entity, place.journal, place.start, place.end
        books = self.books(entity)
        found: dict[str, tuple[wire.Batch, bool]] = {}
        for period in books.facts.periods_of(start, end):
            for batch in self._read(read, entity, "periodId", _period_id(period)):
                day = translate.day_of(batch)
                in_period = batch.financialPeriod == _period_id(period) and _is_of(batch, journal)
                moved = not period.start <= day <= period.end
                if in_period and (moved or start <= day <= end):
                    found[batch.batchNumber] = batch, moved
        numbers = sorted(found, key=lambda number: (len(number), number))
        return tuple(self._document(entity, *found[number]) for number in numbers)

    def document(self, entity: str, journal: str, number: str) -> BookedEntry:
        """The general ledger batch with this number, in whatever period; in any ledger where none is named.
        Visma's journal transactions are read by the number alone, which batches of other modules have too.
        """
        where = f"batch {number}"
        within = f" in ledger {journal}" if journal else ""
        text = f"There is no batch {number}{within} of company {entity}. Check the number."
        try:
            batch = self._proven(entity).client.get(batch_path(number)).decode(wire.Batch)
        except NotFound as error:
            raise NotFound(text, where=where, support=error.support) from error
        if not _is_of(batch, journal or batch.ledger.strip()):
            raise NotFound(text, where=where)
        return self._document(entity, batch)

    def _document(self, entity: str, batch: wire.Batch, moved: bool = False) -> BookedEntry:
        """The batch; `moved` tells that it stands in another period than that of its date."""
        receipt = self._receipt(entity, batch.batchNumber, batch.status)
        shown = translate.document(receipt, batch, self._options, self.books(entity).facts.currency)
        return replace(shown, irregular=moved or None)

    # --- finding --------------------------------------------------------------------------------------------

    def locate(
        self, wanted: Sequence[tuple[JournalEntry, Marker]], since: datetime | None
    ) -> Mapping[str, tuple[Receipt, ...]]:
        """By key every batch that carries the marker, in any state. No filter of Visma's knows a marker, so
        lines are read and looked at: once for all entries of a company and period.

        Before a first send these are the lines of the posting date's period, over all time: a batch that a
        person has moved to another period is not found by it. After a send they are all that changed since 26
        hours before it, in whatever period.
        """
        return self._found(wanted, since, {})

    def _found(
        self, wanted: Sequence[tuple[JournalEntry, Marker]], since: datetime | None, read: Read
    ) -> dict[str, tuple[Receipt, ...]]:
        found: dict[str, tuple[Receipt, ...]] = {}
        for entry, marker in wanted:
            batches = self._read(read, entry.entity, *self._searched(entry, since))
            marked = [batch for batch in batches if translate.carries(marker, batch)]
            found[entry.key] = tuple(
                self._receipt(entry.entity, batch.batchNumber, batch.status)
                for batch in sorted(marked, key=lambda batch: batch.batchNumber)
            )
        return found

    def _searched(self, entry: JournalEntry, since: datetime | None) -> tuple[str, str]:
        """The filter that every batch with the entry's marker passes: its name and value."""
        if since is None:
            period = self._proven(entry.entity).facts.period(entry.posting_date)
            return "periodId", _period_id(period)
        earliest = (since.astimezone(UTC) - CLOCK_MARGIN).replace(tzinfo=None)
        return "lastModifiedDateTime", earliest.isoformat(timespec="seconds")

    def _read(self, read: Read, entity: str, name: str, value: str) -> list[wire.Batch]:
        """The batches that pass the filter, read once in one look."""
        if (entity, name, value) not in read:
            read[entity, name, value] = self._batches(entity, **{name: value})
        return read[entity, name, value]

    def _batches(self, entity: str, **query: str) -> list[wire.Batch]:
        """Batches of the company with all the lines that the pages had of them."""
        merged: dict[tuple[str, str], wire.Batch] = {}
        for row in self._proven(entity).client.pages(JOURNALS, wire.Batch, _lines_of, module=MODULE, **query):
            batch = merged.setdefault((row.module, row.batchNumber), row)
            if batch is not row:
                batch.journalTransactionLines = [*batch.lines, *row.lines]
        return list(merged.values())

    # --- writing --------------------------------------------------------------------------------------------

    @contextmanager
    def prepare(
        self,
        document: JournalEntry,
        marker: Marker,
        so_far: Receipt | None = None,
        known: Mapping[str, Receipt] = NONE_KNOWN,
    ) -> Iterator[Send]:
        """Everything but the send. The entry is compared with the company's facts first, so that what Visma
        would refuse is reported by field and value.

        Raises `Inexpressible` for what `check` finds; `PeriodClosed`, `CodeUnknown` and other `Refused` for
        what the facts show. They are read again once Visma has refused, because its text often names no
        value; what they show then is raised when the preparation ends.
        """
        if problems := self.check(document):
            raise Inexpressible.of(problems)
        books = self._proven(document.entity)
        reading = books.facts.proven_reading(document)
        period = period_of(document.posting_date, reading.periods)
        assert period is not None  # refused above
        body = translate.new_batch(
            document, marker, _period_id(period), reading.layout, self._options.defaults
        )
        refused: list[Refused] = []
        with books.client.prepare("POST", JOURNALS, body) as post:
            yield lambda gate: self._send(document.entity, post, gate, refused)
        if refused:
            books.facts.explain_refusal(document)

    def _send(
        self, entity: str, post: Callable[[Gate], Answer], gate: Gate, refused: list[Refused]
    ) -> Receipt:
        try:
            answer = post(gate)
        except (CodeUnknown, PeriodClosed) as error:
            refused.append(error)
            raise
        found = _LOCATION.search(urlsplit(answer.headers.get("location", "")).path)
        if answer.status != 201 or found is None:
            text = (
                f"Visma answered the batch with {answer.status} and without its number, so the ledger"
                " is searched for it."
            )
            raise OutcomeUnknown(text, where=JOURNALS, support=answer.said(500))
        number = unquote(found[1])
        self.books(entity).releases.remember_version(number, calls.version(answer))
        return self._receipt(entity, number, "")

    def release(self, receipt: Receipt) -> Receipt:
        """Take the batch off hold and release it, if it is as it was compared. Not posted while Visma's queue
        or its posting job has it.
        """
        return self._proven(receipt.entity).releases.release(receipt)

    def abandon(self, receipt: Receipt) -> None:
        """A batch is written completely or not at all, so there is nothing to remove; and Visma deletes no
        batch through its interface.
        """

    def read_back(self, receipt: Receipt) -> BookedEntry:
        """Every line of the batch. Raises `Refused` when it is in another period than that of its date,
        `NotFound` when it is gone.
        """
        books = self._proven(receipt.entity)
        batch = books.releases.read_back(receipt)
        booked = translate.booked_entry(receipt, batch, self._options, books.facts.currency)
        period = _period_id(books.facts.period(booked.posting_date))
        if batch.financialPeriod != period:
            text = (
                f"Batch {receipt.number} of {booked.posting_date} is in period {batch.financialPeriod}, and"
                f" its date belongs to {period}. "
            )
            text += "Correct the period in Visma, and resume the run."
            raise Refused(
                text, where=f"batch {receipt.number} period", code="document.period", owner=Owner.CONTROLLER
            )
        books.releases.remember_content(batch)
        return booked

    def _receipt(self, entity: str, number: str, status: str) -> Receipt:
        link = self._options.base_url + batch_path(number)
        return Receipt(reference=number, number=number, entity=entity, posted=status in POSTED, link=link)


def _period_id(period: FiscalPeriod) -> str:
    return f"{period.year}{period.number:02}"


def _is_of(batch: wire.Batch, journal: str) -> bool:
    return batch.ledger.strip() == journal and batch.module.upper().endswith(MODULE)


def _lines_of(batch: wire.Batch) -> Iterable[tuple[str, str, int]]:
    return [(batch.module, batch.batchNumber, line.lineNumber) for line in batch.lines]
