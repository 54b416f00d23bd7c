"""Dynamics as a ledger: a general journal is created, filled in changesets, and posted by the environment's
own job.

facts     Ledgers, DimensionParameters, DimensionIntegrationFormats 1 each
tenant    0; in a sandbox Ledgers 1, where nothing was asked yet
documents, document: see `documents`
chart     JournalNames, MainAccounts ⌈n/10,000⌉, MainAccountLegalEntities, Currencies,
          FinancialDimensionValues 1 where axes are asked for
calendar  FiscalPeriods 1, LedgerFiscalPeriods 1
locate    LedgerJournalHeaders ⌈entries/10⌉, LedgerJournalLines 1 for a journal that is not posted
look      LedgerJournalHeaders ⌈entries/10⌉; then as `documents`, without posted entries
prepare   LedgerFiscalPeriods 1, JournalNames 1, DimensionIntegrationFormats 1, LedgerJournalHeaders 1, then
          $batch ⌈lines/changeset_lines⌉
release   1
read_back ⌈lines/10,000⌉, DimensionIntegrationFormats 1 where the journal was not read back within a minute;
          of a posted one its posted entries, see `posted`
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from ml_connector.connectors.dynamics_fo import batch, faults, translate, wire
from ml_connector.connectors.dynamics_fo.client import WRITE, DynamicsClient, address, keyed
from ml_connector.connectors.dynamics_fo.documents import HEADERS, LINES, DynamicsDocuments
from ml_connector.connectors.dynamics_fo.facts import DynamicsFacts
from ml_connector.connectors.dynamics_fo.settings import Options
from ml_connector.connectors.dynamics_fo.vouchers import BY_VOUCHER, Reading
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.journal import BookedEntry, Chart, JournalEntry
from ml_connector.domain.period import FiscalPeriod
from ml_connector.domain.problem import Owner, Problem
from ml_connector.errors import Inexpressible, NotFound, OutcomeUnknown, Refused, VendorChanged
from ml_connector.ports.ledger import Ledger, LedgerLimits, Look, Place
from ml_connector.ports.sinks import NONE_KNOWN, Gate, Send
from ml_connector.ports.storage import Clock
from ml_connector.transport import odata
from ml_connector.transport.answer import Answer
from ml_connector.transport.exchange import encode

ENTRIES_ASKED = 10
"""Entries that one question looks for, so that its address stays below two thousand characters."""
READ_SECONDS = 60.0
"""How long the dimension format is believed that a journal was read back with before."""


class DynamicsLedger(Ledger):
    """A `Ledger`. Remembers the journal names of journals, which never change."""

    def __init__(self, options: Options, client: DynamicsClient, clock: Clock) -> None:
        self._options, self._client, self._clock = options, client, clock
        self.facts = DynamicsFacts(options, client, clock)
        self._documents = DynamicsDocuments(
            client,
            clock,
            lambda now: (
                self.facts.dimension_format() if now else self.facts.recent_dimension_format(),
                self.facts.axes,
            ),
            lambda entity: self.facts.ledger_of(entity).AccountingCurrency,
            self._receipt_of_lines,
        )
        self._names: dict[tuple[str, str], str] = {}
        self._read_at: dict[tuple[str, str], float] = {}
        self.limits = LedgerLimits(
            lines_max=options.lines_max,
            text_max=translate.TEXT_MAX,
            line_text_max=translate.LINE_TEXT_MAX,
            decimals=2,
            deadline_seconds=options.deadline_seconds,
            settle_seconds=options.settle_seconds,
            visible_seconds=options.visible_seconds,
            posting_seconds=options.posting_seconds,
            posts_itself=True,
            axes=frozenset(options.dimensions),
        )

    # --- facts ----------------------------------------------------------------------------------------------

    def journals(self, entity: str) -> tuple[tuple[str, str], ...]:
        """Daily journal names that keep an entry as it is written, by code."""
        return self.facts.journals(entity)

    def calendar(self, entity: str, journal: str, around: date) -> tuple[FiscalPeriod, ...]:
        """Operating periods from a year before the date to a year after it."""
        return self.facts.calendar(entity, around)

    def chart(self, entity: str, journal: str, axes: frozenset[str]) -> Chart:
        """The chart of accounts, the journal name, currencies, and the values of the axes."""
        return self.facts.chart(entity, journal, axes)

    def check(self, document: JournalEntry) -> tuple[Problem, ...]:
        """What a journal cannot hold of the entry; what the dimension format cannot, once it is known."""
        options, facts = self._options, self.facts
        return tuple(
            translate.preflight(
                document,
                self.limits,
                options.companies,
                options.journals,
                facts.axes,
                facts.known_dimension_format,
            )
        )

    def tenant(self, entity: str) -> str:
        """The environment's host. In a sandbox it is the installation that the simulator names, if it names
        one, for which the company's ledger is read where nothing was asked yet.
        """
        if self._options.sandbox and not self._client.http.installation:
            self.facts.ledger_of(entity)
        installation = self._client.http.installation if self._options.sandbox else ""
        return installation or self._options.host

    def documents(self, entity: str, journal: str, start: date, end: date) -> tuple[BookedEntry, ...]:
        """Every journal under the journal name with a line in these days, drafts too."""
        return self._documents.of_days(entity, journal, start, end)

    def document(self, entity: str, journal: str, number: str) -> BookedEntry:
        """The journal with this number, which no other journal name of the company has."""
        return self._documents.numbered(entity, journal, number)

    # --- finding --------------------------------------------------------------------------------------------

    def locate(
        self, wanted: Sequence[tuple[JournalEntry, Marker]], since: datetime | None
    ) -> Mapping[str, tuple[Receipt, ...]]:
        """By key every journal whose description holds the marker, over all time, with what stands of it. A
        posted one takes nothing more: it is whole.

        Raises `Refused` for one that is not posted and holds lines of somebody else.
        """
        return dict(self.look(wanted, ()).found)

    def look(self, wanted: Sequence[tuple[JournalEntry, Marker]], places: Sequence[Place]) -> Look:
        """As `locate` and `documents`: journals are asked for by their descriptions and names in one question
        for each company, and shown as their lines say: a run reads back what it counts on.
        """
        entities = [*(entry.entity for entry, _ in wanted), *(place.entity for place in places)]
        headers = {
            entity: self._headers(
                entity,
                [(entry, marker) for entry, marker in wanted if entry.entity == entity],
                [place.journal for place in places if place.entity == entity],
            )
            for entity in dict.fromkeys(entities)
        }
        return Look(
            found={entry.key: self._marked(entry, marker, headers[entry.entity]) for entry, marker in wanted},
            documents={
                place: self._documents.among(headers[place.entity], place) for place in dict.fromkeys(places)
            },
        )

    def _headers(
        self, entity: str, wanted: Sequence[tuple[JournalEntry, Marker]], names: Sequence[str]
    ) -> list[wire.Header]:
        """Journals of the company with one of the markers, over all time, or under one of the names."""
        under = [f"JournalName eq {odata.text(name)}" for name in dict.fromkeys(names)]
        marked = [
            f"Description eq {odata.text(text)}"
            for entry, marker in wanted
            for text in (translate.description(entry, marker), f"*{marker.token}*")
        ]
        found: dict[str, wire.Header] = {}
        for start in range(0, max(len(marked), 1), 2 * ENTRIES_ASKED):
            either = " or ".join([*(under if not start else ()), *marked[start : start + 2 * ENTRIES_ASKED]])
            where = f"dataAreaId eq {odata.text(entity)} and ({either})"
            for row in self._client.rows(HEADERS, wire.Header, where, scope=entity):
                found[row.JournalBatchNumber] = row
        return list(found.values())

    def _marked(
        self, entry: JournalEntry, marker: Marker, headers: Sequence[wire.Header]
    ) -> tuple[Receipt, ...]:
        marked = (row for row in headers if marker.token in row.Description)
        return tuple(
            self._receipt_as_it_is(entry, marker, row)
            for row in sorted(marked, key=lambda row: row.JournalBatchNumber)
        )

    def _receipt_as_it_is(self, entry: JournalEntry, marker: Marker, row: wire.Header) -> Receipt:
        if row.IsPosted == wire.YES:
            return self._receipt(entry.entity, row, len(entry.lines), complete=True)
        lines = self._lines(entry.entity, row.JournalBatchNumber)
        if text := translate.foreign_lines(row.JournalBatchNumber, marker, lines):
            raise Refused(
                text,
                where=f"journal {row.JournalBatchNumber}",
                code="journal.changed",
                owner=Owner.CONTROLLER,
            )
        count, complete = translate.written_lines(entry, marker, lines)
        return self._receipt(entry.entity, row, count, complete=complete)

    # --- writing --------------------------------------------------------------------------------------------

    @contextmanager
    def prepare(
        self,
        document: JournalEntry,
        marker: Marker,
        so_far: Receipt | None = None,
        known: Mapping[str, Receipt] = NONE_KNOWN,
    ) -> Iterator[Send]:
        """Everything but the send: of the journal first, then of one changeset of lines at a time.

        The vendor checks the period when it posts, and a journal that cannot be posted would remain, so the
        period is checked here. The journal name is checked too, because one that deletes lines after posting
        leaves nothing to compare. Raises `Inexpressible` for what `check` finds, `PeriodClosed`, `Refused`
        for a journal name that takes no entries any more.
        """
        dimension_format = (
            self.facts.dimension_format() if so_far is None else self.facts.recent_dimension_format()
        )
        if problems := self.check(document):
            raise Inexpressible.of(problems)
        if so_far is None:
            self.facts.check_period(document.entity, document.posting_date)
            if problem := self.facts.journal_problem(document.entity, document.journal):
                raise Refused(problem, where=f"journal {document.journal}", code="journal.unusable")
            body = encode(translate.new_header(document, marker))
            with self._client.http.prepare(
                "POST", address(HEADERS), scope=document.entity, headers=WRITE, content=body
            ) as post:
                yield lambda gate: self._create(document, post, gate)
            return
        size = self._options.changeset_lines
        lines = translate.new_lines(document, marker, so_far, size, self.facts.axes, dimension_format)
        kind, body = batch.body(
            f"{marker.token}_{so_far.parts}", [self._operation("POST", LINES, encode(line)) for line in lines]
        )
        with self._client.http.prepare(
            "POST", address(batch.BATCH), scope=document.entity, headers={"Content-Type": kind}, content=body
        ) as post:
            yield lambda gate: self._add(document, so_far, len(lines), post, gate)

    def _create(self, entry: JournalEntry, post: Callable[[Gate], Answer], gate: Gate) -> Receipt:
        answer = post(gate)
        try:
            created = answer.decode(wire.Header)
        except VendorChanged as error:
            text = (
                "The journal was answered with something that cannot be read, so the ledger is searched"
                f" for it. {error.problem.text}"
            )
            raise OutcomeUnknown(text, where=HEADERS, support=error.support) from error
        if not created.JournalBatchNumber:
            raise OutcomeUnknown(
                "The journal was answered without its number, so the ledger is searched for it.",
                where=HEADERS,
            )
        return self._receipt(entry.entity, created, 0, complete=False)

    def _add(
        self, entry: JournalEntry, so_far: Receipt, lines: int, post: Callable[[Gate], Answer], gate: Gate
    ) -> Receipt:
        batch.successful_parts(post(gate), lines, faults.classify)
        count = translate.lines_of(so_far) + lines
        return replace(so_far, parts=self._parts_of(count), lines=count, complete=count == len(entry.lines))

    def release(self, receipt: Receipt) -> Receipt:
        """Whether the environment's job has posted the journal by now; nothing here can."""
        return replace(receipt, posted=self._header(receipt).IsPosted == wire.YES)

    def abandon(self, receipt: Receipt) -> None:
        """Delete the lines, then the journal. Raises `Refused` for one that is posted, or that holds lines
        which are not ours.
        """
        try:
            header = self._header(receipt)
        except NotFound:
            return
        if header.IsPosted == wire.YES:
            raise Refused(
                f"Journal {receipt.number} is posted, so it is not deleted. Reverse it.",
                where=receipt.number,
                code="journal.posted",
            )
        rows = self._lines(receipt.entity, receipt.reference)
        if any(not row.Document or row.Document not in header.Description for row in rows):
            text = (
                f"Journal {receipt.number} holds lines that somebody else wrote, so it is not deleted. Delete"
                " it in Dynamics."
            )
            raise Refused(text, where=receipt.number, code="journal.changed")
        size = self._options.changeset_lines
        for start in range(0, len(rows), size):
            some = rows[start : start + size]
            deletes = [
                self._operation(
                    "DELETE", keyed(LINES, receipt.entity, receipt.reference, f"{row.LineNumber:f}")
                )
                for row in some
            ]
            kind, body = batch.body(f"abandon_{receipt.reference}_{start}".replace(" ", "_"), deletes)
            with self._client.http.prepare(
                "POST",
                address(batch.BATCH),
                scope=receipt.entity,
                headers={"Content-Type": kind},
                content=body,
            ) as post:
                batch.successful_parts(post(_unguarded), len(some), faults.classify)
        try:
            path = address(keyed(HEADERS, receipt.entity, receipt.reference))
            with self._client.http.prepare("DELETE", path, scope=receipt.entity) as post:
                post(_unguarded)
        except NotFound:
            return

    def read_back(self, receipt: Receipt) -> BookedEntry:
        """Every line of the journal, and of a posted one what the ledger has of it. Raises `NotFound` when it
        is gone, `Refused` when it has no lines, or is posted and not in the ledger.

        The vendor shows accounts in the format that is active now, and it read our lines in that format too.
        With a format that was read before they were written, a line on wrong dimensions could look right. So
        it is read again, unless it was a moment ago, for this journal as a whole.
        """
        if receipt.reference.startswith(BY_VOUCHER):
            return self._documents.voucher(receipt)
        key, now = (receipt.entity, receipt.reference), self._clock.monotonic()
        if now - self._read_at.get(key, -READ_SECONDS) < READ_SECONDS:
            dimension_format = self.facts.recent_dimension_format()
        else:
            dimension_format = self.facts.dimension_format()
            self._read_at[key] = now
        if key not in self._names:
            self._header(receipt)
        rows = self._lines(*key)
        if not rows:
            text = translate.no_lines(self._header(receipt))
            raise Refused(
                text, where=f"journal {receipt.number}", code="journal.lines_deleted", owner=Owner.CONTROLLER
            )
        own = self.facts.ledger_of(receipt.entity).AccountingCurrency
        reading = Reading(axes=self.facts.axes, dimension_format=dimension_format, own=own)
        booked = translate.booked_entry(receipt, self._names[key], rows, reading.axes, dimension_format, own)
        return self._documents.as_posted(booked, rows, reading) if receipt.posted else booked

    # --- inside ---------------------------------------------------------------------------------------------

    def _header(self, receipt: Receipt) -> wire.Header:
        where = (
            f"dataAreaId eq {odata.text(receipt.entity)} and JournalBatchNumber eq"
            f" {odata.text(receipt.reference)}"
        )
        found = next(iter(self._client.rows(HEADERS, wire.Header, where, scope=receipt.entity)), None)
        if found is None:
            raise NotFound(
                f"Journal {receipt.number} is not in company {receipt.entity} any more.",
                where=f"journal {receipt.number}",
            )
        self._names[receipt.entity, receipt.reference] = found.JournalName
        return found

    def _lines(self, entity: str, number: str) -> list[wire.Line]:
        where = f"dataAreaId eq {odata.text(entity)} and JournalBatchNumber eq {odata.text(number)}"
        return list(self._client.rows(LINES, wire.Line, where, scope=entity))

    def _parts_of(self, lines: int) -> int:
        """The journal is one write, and each changeset is."""
        return 1 - (-lines // self._options.changeset_lines)

    def _receipt(self, entity: str, row: wire.Header, lines: int, *, complete: bool) -> Receipt:
        number = row.JournalBatchNumber
        if row.JournalName:
            self._names[entity, number] = row.JournalName
        link = self._options.base_url + address(keyed(HEADERS, entity, number))
        return Receipt(
            reference=number,
            number=number,
            entity=entity,
            posted=row.IsPosted == wire.YES,
            link=link,
            complete=complete,
            parts=self._parts_of(lines),
            lines=lines,
        )

    def _receipt_of_lines(self, entity: str, row: wire.Header, lines: Sequence[wire.Line]) -> Receipt:
        """What is known of a journal whose entry is not: no part of an entry balances. A line with an offset
        account does by itself.
        """
        single = (line for line in lines if not line.OffsetAccountDisplayValue)
        left = sum((line.DebitAmount - line.CreditAmount for line in single), Decimal(0))
        whole = row.IsPosted == wire.YES or not left
        return self._receipt(entity, row, len(lines), complete=whole)

    def _operation(self, method: str, path: str, content: bytes = b"") -> batch.Operation:
        return batch.Operation(method=method, url=self._options.base_url + address(path), content=content)


def _unguarded() -> None:
    """The gate of a deletion: repeating one does no harm."""
