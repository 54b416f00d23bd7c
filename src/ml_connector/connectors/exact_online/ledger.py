"""Exact Online as a ledger: general journal entries.

chart     Journals 1, Divisions 1 for the life of the connection, GLAccounts ⌈n/1000⌉ in bulk,
          cost codes and Projects ⌈n/60⌉ each where asked
calendar  FinancialPeriods 1, JournalStatusList 1
tenant    0, once the division is known as for the chart
documents, document: see `documents`
locate    GeneralJournalEntryLines ⌈entries/20⌉
prepare   GeneralJournalEntries 1
read_back TransactionLines ⌈lines/1000⌉ in bulk
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Protocol, TypeVar

import structlog

from ml_connector.connectors.exact_online import faults, translate, wire
from ml_connector.connectors.exact_online.client import (
    EVERY,
    WRITE,
    ExactClient,
    address,
    document_address,
    fields,
)
from ml_connector.connectors.exact_online.divisions import Divisions
from ml_connector.connectors.exact_online.documents import SELECT, ExactDocuments
from ml_connector.connectors.exact_online.settings import Options
from ml_connector.domain.dimension import Dimensions
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.journal import BookedEntry, Chart, JournalEntry
from ml_connector.domain.period import FiscalPeriod
from ml_connector.domain.problem import Problem
from ml_connector.domain.spelling import vendor_spelling
from ml_connector.errors import Inexpressible, NotFound, OutcomeUnknown, Refused, VendorChanged
from ml_connector.ports.ledger import Ledger, LedgerLimits
from ml_connector.ports.sinks import NONE_KNOWN, Gate, Send
from ml_connector.ports.storage import Clock
from ml_connector.transport import odata
from ml_connector.transport.answer import Answer
from ml_connector.transport.exchange import encode

_log = structlog.get_logger("exact_online")
T = TypeVar("T")
Line = TypeVar("Line", bound=wire.TransactionLine)

ENTRIES = "generaljournalentry/GeneralJournalEntries"
ENTRY_LINES = "generaljournalentry/GeneralJournalEntryLines"
LEDGER_BULK, LEDGER, LEDGER_SYNC = (
    "bulk/Financial/TransactionLines",
    "financialtransaction/TransactionLines",
    "sync/Financial/TransactionLines",
)
JOURNALS, ACCOUNTS = "financial/Journals", "bulk/Financial/GLAccounts"
PERIODS, JOURNAL_STATES = "financial/FinancialPeriods", "read/financial/JournalStatusList"
AXES = {
    "cost_center": ("hrm/Costcenters", "Code,Active,EndDate"),
    "cost_unit": ("hrm/Costunits", "Code,EndDate"),
    "project": ("project/Projects", "ID,Code,BlockEntry,BlockPurchasing,EndDate"),
}
ENTRIES_ASKED = 20
"""Entries that one question looks for."""
YEAR = timedelta(days=366)
CLOCK_MARGIN = timedelta(hours=26)
"""Exact's times look like UTC and have been reported as local to the division: a look-up by time starts so
much earlier.
"""


class Lined(Protocol):
    """An entry of any kind, by its lines."""

    @property
    def entity(self) -> str: ...

    @property
    def lines(self) -> Sequence[HasAccount]: ...


class HasAccount(Protocol):
    """A line on an account."""

    @property
    def account(self) -> str: ...

    @property
    def dimensions(self) -> Dimensions: ...


class ExactLedger(Ledger):
    """A `Ledger`. Remembers the GUIDs of accounts and projects for as long as it lives, and which
    searches Exact refused.
    """

    def __init__(self, options: Options, client: ExactClient, clock: Clock, divisions: Divisions) -> None:
        self._options, self._client, self._clock, self._divisions = options, client, clock, divisions
        self._documents = ExactDocuments(self.lines, self._periods_of, self._receipt, divisions.currency_of)
        self._periods: dict[str, tuple[FiscalPeriod, ...]] = {}
        self._accounts: dict[str, dict[str, str]] = {}
        self._types: dict[str, dict[str, int | None]] = {}
        self._projects: dict[str, dict[str, str]] = {}
        self._refused_searches: set[str] = set()
        self.limits = LedgerLimits(
            lines_max=options.lines_max,
            text_max=translate.TEXT_MAX,
            line_text_max=translate.DESCRIPTION_MAX,
            decimals=2,
            deadline_seconds=options.deadline_seconds,
            settle_seconds=options.settle_seconds,
            visible_seconds=options.visible_seconds,
            axes=translate.AXES,
        )

    # --- facts ----------------------------------------------------------------------------------------------

    def journals(self, entity: str) -> tuple[tuple[str, str], ...]:
        """General journals that are not blocked and allow no VAT, by code."""
        found = self._client.rows(
            entity, JOURNALS, wire.Journal, select=fields(wire.Journal), where=f"Type eq {translate.GENERAL}"
        )
        usable = (row for row in found if translate.journal_problem(entity, row.Code.strip(), row) is None)
        return tuple(sorted((row.Code.strip(), row.Description or "") for row in usable))

    def calendar(self, entity: str, journal: str, around: date) -> tuple[FiscalPeriod, ...]:
        """Periods from a year before the date to a year after it."""
        periods = self._read_periods(entity, around - YEAR, around + YEAR)
        if not periods:
            return ()
        years = [row.FinYear for row in periods]
        where = f"Journal eq {odata.text(journal)} and Year ge {min(years)} and Year le {max(years)}"
        states = self._client.rows(
            entity, JOURNAL_STATES, wire.JournalStatus, select=fields(wire.JournalStatus), where=where
        )
        return translate.calendar(journal, periods, states)

    def _read_periods(self, entity: str, start: date, end: date) -> list[wire.FinancialPeriod]:
        """The periods with a day in these; which days a period has is remembered."""
        where = f"EndDate ge {odata.moment(start)} and StartDate le {odata.moment(end)}"
        select = fields(wire.FinancialPeriod)
        rows = list(self._client.rows(entity, PERIODS, wire.FinancialPeriod, select=select, where=where))
        self._periods[entity] = translate.calendar("", rows, ())
        return rows

    def _periods_of(self, entity: str, start: date, end: date) -> list[FiscalPeriod]:
        """The periods that hold these days."""
        known = self._periods.get(entity, ())
        if not known or start < known[0].start or end > known[-1].end:
            self._read_periods(entity, start - YEAR, end + YEAR)
        return [period for period in self._periods[entity] if period.start <= end and start <= period.end]

    def chart(self, entity: str, journal: str, axes: frozenset[str]) -> Chart:
        """The chart of accounts, the journal, and the codes of the axes."""
        found = self._journal(entity, journal)
        accounts = self.read_accounts(entity)
        codes: dict[str, list[wire.CostCode]] = {}
        for axis in sorted(axes & AXES.keys()):
            codes.update(self.read_codes(entity, axis))
        own, today = self._divisions.currency_of(entity), self._clock.now().date()
        return translate.chart(entity, journal, found, own, accounts, codes, today)

    def check(self, document: JournalEntry) -> tuple[Problem, ...]:
        """What Exact cannot hold of the entry."""
        return tuple(translate.preflight(document, self.limits, self._options.divisions))

    def tenant(self, entity: str) -> str:
        """Whose books the division holds; see `Divisions.tenant_of`."""
        return self._divisions.tenant_of(entity)

    def documents(self, entity: str, journal: str, start: date, end: date) -> tuple[BookedEntry, ...]:
        """Every entry in the journal of these days, however it was entered."""
        return self._documents.of_days(entity, journal, start, end)

    def document(self, entity: str, journal: str, number: str) -> BookedEntry:
        """The entry with this number, in a journal of any kind."""
        return self._documents.numbered(entity, journal, number)

    # --- finding --------------------------------------------------------------------------------------------

    def locate(
        self, wanted: Sequence[tuple[JournalEntry, Marker]], since: datetime | None
    ) -> Mapping[str, tuple[Receipt, ...]]:
        """By key every entry with the marker, oldest number first, in a search for twenty entries of a
        division. The number finds it, the token or the key proves it.

        The search covers all time and does not use `since`. Should Exact refuse to filter by `OurRef`, the
        ledger's change feed is read from the time of `since` less 26 hours, and from its beginning without
        `since`.
        """
        found: dict[str, dict[str, Receipt]] = {entry.key: {} for entry, _ in wanted}
        for entity in dict.fromkeys(entry.entity for entry, _ in wanted):
            ours = [(entry, marker) for entry, marker in wanted if entry.entity == entity]
            for start in range(0, len(ours), ENTRIES_ASKED):
                some = ours[start : start + ENTRIES_ASKED]
                for row in self._rows_of(entity, [marker for _, marker in some], since):
                    for entry, marker in some:
                        if translate.carries(marker, row.Description, row.Notes):
                            receipt = self._receipt(entity, row.EntryID, row.EntryNumber)
                            found[entry.key].setdefault(row.EntryID, receipt)
        return {
            key: tuple(sorted(receipts.values(), key=lambda one: (one.number, one.reference)))
            for key, receipts in found.items()
        }

    def _rows_of(
        self, entity: str, markers: Sequence[Marker], since: datetime | None
    ) -> Iterable[wire.EntryLine | wire.TransactionLine]:
        """Lines among which every one with one of the markers is."""
        where = odata.any_of("OurRef", [str(marker.number) for marker in markers])

        def search() -> list[wire.EntryLine]:
            select = fields(wire.EntryLine)
            return list(self._client.rows(entity, ENTRY_LINES, wire.EntryLine, select=select, where=where))

        rows = self.try_search("locate by OurRef", search)
        return self._change_feed(entity, since) if rows is None else rows

    def _change_feed(self, entity: str, since: datetime | None) -> Iterator[wire.TransactionLine]:
        start = 1
        if since is not None:
            query = {
                "modified": odata.moment(since.astimezone(UTC) - CLOCK_MARGIN),
                "endPoint": "'FinancialTransactionLines'",
            }
            start = int(
                self._client.one(
                    entity, "read/sync/Sync/SyncTimestamp", wire.SyncTimestamp, query
                ).TimeStampAsBigInt
            )
        select = "Timestamp,EntryID,EntryNumber,LineNumber,Description,Notes"
        return self._client.rows(
            entity, LEDGER_SYNC, wire.TransactionLine, select=select, where=f"Timestamp gt {start}L"
        )

    # --- writing --------------------------------------------------------------------------------------------

    @contextmanager
    def prepare(
        self,
        document: JournalEntry,
        marker: Marker,
        so_far: Receipt | None = None,
        known: Mapping[str, Receipt] = NONE_KNOWN,
    ) -> Iterator[Send]:
        """Everything but the send. Raises `Inexpressible` for what `check` would have said, `CodeUnknown`
        for an account that is not there.
        """
        if problems := self.check(document):
            raise Inexpressible.of(problems)
        body = encode(translate.to_wire(document, marker, *self.ids_of(document)))
        with self._client.http.prepare(
            "POST", address(document.entity, ENTRIES, {}), scope=document.entity, headers=WRITE, content=body
        ) as post:
            yield lambda gate: self._send(document.entity, post, gate)

    def _send(self, entity: str, post: Callable[[Gate], Answer], gate: Gate) -> Receipt:
        answer = post(gate)
        try:
            created = answer.decode(wire.One[wire.CreatedEntry]).d
        except VendorChanged as error:
            raise faults.unreadable(error) from error
        if not created.EntryID:
            raise OutcomeUnknown(
                "Exact answered the posting without an entry id, so the ledger is searched for it.",
                where=ENTRIES,
            )
        return self._receipt(entity, created.EntryID, created.EntryNumber)

    def release(self, receipt: Receipt) -> Receipt:
        """Exact books on create."""
        return receipt

    def abandon(self, receipt: Receipt) -> None:
        """Exact books an entry completely or not at all, so there is nothing to remove."""

    def read_back(self, receipt: Receipt) -> BookedEntry:
        """Every line of the entry as the ledger shows it."""
        where = f"EntryID eq {odata.guid(receipt.reference)}"
        rows = list(self.lines(receipt.entity, where, SELECT))
        if not rows:
            text = (
                f"Entry {receipt.number} is not in division {receipt.entity} any more. Somebody deleted it,"
                " or it cannot be seen yet."
            )
            raise NotFound(text, where=f"entry {receipt.number}")
        return translate.booked_entry(receipt, rows, self._divisions.currency_of(receipt.entity))

    # --- inside ---------------------------------------------------------------------------------------------

    def _receipt(self, entity: str, reference: str, number: int | None) -> Receipt:
        link = document_address(self._options, entity, reference)
        return Receipt(reference=reference, number=str(number or ""), entity=entity, posted=True, link=link)

    def _journal(self, entity: str, code: str) -> wire.Journal | None:
        rows = self._client.rows(
            entity, JOURNALS, wire.Journal, select=fields(wire.Journal), where=f"Code eq {odata.text(code)}"
        )
        by_code = {row.Code.strip(): row for row in rows}
        spelled = vendor_spelling(code, by_code, what="journal")
        return by_code[spelled] if isinstance(spelled, str) else None

    # --- for the purchase side too --------------------------------------------------------------------------

    def read_accounts(self, entity: str) -> list[wire.GLAccount]:
        """The chart of accounts, asked afresh."""
        rows = list(
            self._client.rows(entity, ACCOUNTS, wire.GLAccount, select=fields(wire.GLAccount), where=EVERY)
        )
        self._accounts[entity] = {row.Code.strip(): row.ID for row in rows}
        self._types[entity] = {row.Code.strip(): row.Type for row in rows}
        return rows

    def read_codes(self, entity: str, axis: str) -> dict[str, list[wire.CostCode]]:
        """The codes of the axis; nothing where the division does not keep it, which Exact answers with
        404.
        """
        path, select = AXES[axis]
        try:
            rows = list(self._client.rows(entity, path, wire.CostCode, select=select))
        except NotFound:
            return {}
        if axis == "project":
            self._projects[entity] = {row.Code.strip(): row.ID for row in rows if row.ID}
        return {axis: rows}

    def account_ids(self, entity: str, codes: Collection[str]) -> dict[str, str]:
        """Code → GUID of the accounts, read anew where one of the codes is not known."""
        if not set(codes) <= self._accounts.get(entity, {}).keys():
            self.read_accounts(entity)
        return self._accounts[entity]

    def account_codes(self, entity: str, identities: Collection[str]) -> dict[str, str]:
        """GUID → code of the accounts, read anew where one of the GUIDs is not known."""
        if not set(identities) <= set(self._accounts.get(entity, {}).values()):
            self.read_accounts(entity)
        return {identity: code for code, identity in self._accounts[entity].items()}

    def of_type(self, entity: str, codes: Collection[str], kind: int) -> frozenset[str]:
        """Those of the accounts that are of the type."""
        self.account_ids(entity, codes)
        return frozenset(code for code in codes if self._types[entity].get(code) == kind)

    def ids_of(self, entry: Lined) -> tuple[dict[str, str], dict[str, str]]:
        """Code → GUID of the accounts and projects of an entry, read anew where one is not known."""
        codes = {value.code for line in entry.lines for value in line.dimensions if value.axis == "project"}
        accounts = self.account_ids(entry.entity, {line.account for line in entry.lines})
        if codes - self._projects.get(entry.entity, {}).keys():
            self.read_codes(entry.entity, "project")
        return accounts, self._projects.get(entry.entity, {})

    def lines(self, entity: str, where: str, select: str) -> Iterator[wire.TransactionLine]:
        """Ledger lines by filter and field names."""
        return self.lines_as(wire.TransactionLine, entity, where, select)

    def lines_as(self, row: type[Line], entity: str, where: str, select: str) -> Iterator[Line]:
        """Ledger lines in pages of 1000; in pages of 60 where the bulk address refuses the filter."""

        def bulk() -> list[Line]:
            return wire.sharing_texts(self._client.rows(entity, LEDGER_BULK, row, select=select, where=where))

        rows = self.try_search(f"bulk by {where.partition(' ')[0]}", bulk)
        if rows is not None:
            return iter(rows)
        return self._client.rows(entity, LEDGER, row, select=select, where=where)

    def try_search(self, what: str, search: Callable[[], T]) -> T | None:
        """The result, or `None` where Exact does not understand the search; asked once, because ten such
        refusals an hour block the app.
        """
        if what in self._refused_searches:
            return None
        try:
            return search()
        except Refused as error:
            if error.problem.code != "request.refused":
                raise
            _log.warning("search.refused", search=what, why=error.problem.text)
            self._refused_searches.add(what)
            return None
