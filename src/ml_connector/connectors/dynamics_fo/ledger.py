"""Dynamics as a ledger: a general journal is created, filled in changesets, and posted by the environment's
own job.

facts     Ledgers, DimensionParameters, DimensionIntegrationFormats 1 each
chart     JournalNames, MainAccounts ⌈n/10,000⌉, MainAccountLegalEntities, Currencies,
          FinancialDimensionValues 1 where axes are asked for
calendar  FiscalPeriods 1, LedgerFiscalPeriods 1
locate    LedgerJournalHeaders 1, LedgerJournalLines 1 for a journal that is not posted
prepare   JournalNames 1, LedgerJournalHeaders 1, then $batch ⌈lines/100⌉
release   1
read_back ⌈lines/10,000⌉
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta

from ml_connector.connectors.dynamics_fo import batch, faults, segments, translate, wire
from ml_connector.connectors.dynamics_fo.client import WRITE, DynamicsClient, address, keyed
from ml_connector.connectors.dynamics_fo.segments import Format
from ml_connector.connectors.dynamics_fo.settings import Options
from ml_connector.domain.journal import BookedEntry, Chart, JournalEntry, Marker, Receipt
from ml_connector.domain.period import FiscalPeriod, period_of
from ml_connector.domain.problem import Owner, Problem
from ml_connector.errors import Inexpressible, NotFound, OutcomeUnknown, PeriodClosed, Refused, VendorChanged
from ml_connector.ports.storage import Clock
from ml_connector.ports.systems import Gate, LedgerLimits, Send
from ml_connector.transport import odata
from ml_connector.transport.http import Answer

HEADERS, LINES, BATCH = "LedgerJournalHeaders", "LedgerJournalLines", "$batch"
UNITS = {"CostCenter": "CostCenters", "Department": "DepartmentsV2", "BusinessUnit": "BusinessUnits"}
"""Sets of organisation units, for dimensions whose values are not kept as a list of their own."""
FORMAT_SECONDS = 600.0
"""How long the dimension format is believed while an entry is written: it is one for the environment, and
anybody may change it.
"""
NUMBERS_ASKED = 20


class DynamicsLedger:
    """A `LedgerSink`. Remembers the dimension format for a while, and names that never change: a ledger's
    chart, a journal's name.
    """

    def __init__(self, options: Options, client: DynamicsClient, clock: Clock) -> None:
        self._options, self._client, self._clock, self._axes = options, client, clock, options.dimensions
        self._format: Format | None = None
        self._format_read_at = 0.0
        self._delimiter = ""
        self._periods: dict[str, list[wire.FiscalPeriod]] = {}
        self._ledgers: dict[str, wire.Ledger] = {}
        self._names: dict[tuple[str, str], str] = {}
        self.limits = LedgerLimits(
            lines_max=options.lines_max,
            text_max=translate.TEXT_MAX,
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
        rows = self.journal_names(entity)
        return tuple(
            sorted(
                (row.Name, row.Description)
                for row in rows
                if translate.journal_problem(entity, row.Name, row) is None
            )
        )

    def journal_names(self, entity: str) -> list[wire.JournalName]:
        """Daily journal names of the company, usable or not; only those of the connection where it names
        some.
        """
        daily = f"Type eq Microsoft.Dynamics.DataEntities.LedgerJournalType'{translate.DAILY}'"
        rows = self._client.rows(
            "JournalNames", wire.JournalName, f"dataAreaId eq {odata.text(entity)} and {daily}", scope=entity
        )
        return [row for row in rows if row.Name in self._options.journals or not self._options.journals]

    def calendar(self, entity: str, journal: str, around: date) -> tuple[FiscalPeriod, ...]:
        """Operating periods from a year before the date to a year after it."""
        where = f"Calendar eq {odata.text(self.ledger_of(entity).FiscalCalendar)}"
        self._periods[entity] = list(
            self._client.rows("FiscalPeriods", wire.FiscalPeriod, where, scope=entity)
        )
        year = timedelta(days=366)
        return tuple(
            period
            for period in self._states_now(entity)
            if period.end >= around - year and period.start <= around + year
        )

    def _states_now(self, entity: str) -> tuple[FiscalPeriod, ...]:
        """The periods as last read, open or not as the ledger says now."""
        states = self._client.rows(
            "LedgerFiscalPeriods", wire.LedgerPeriod, f"LegalEntityId eq {odata.text(entity)}", scope=entity
        )
        calendar = self.ledger_of(entity).FiscalCalendar
        return translate.calendar(self._periods[entity], (row for row in states if row.Calendar == calendar))

    def chart(self, entity: str, journal: str, axes: frozenset[str]) -> Chart:
        """The chart of accounts, the journal name, currencies, and the values of the axes."""
        form = self.form()
        problem = self._journal_problem(entity, journal) or (form.problem.text if form.problem else None)
        chart = odata.text(self.ledger_of(entity).ChartOfAccounts)
        accounts = list(
            self._client.rows("MainAccounts", wire.MainAccount, f"ChartOfAccounts eq {chart}", scope=entity)
        )
        where = f"ChartOfAccounts eq {chart} and LegalEntityId eq {odata.text(entity)}"
        overrides = self._client.rows("MainAccountLegalEntities", wire.AccountState, where, scope=entity)
        currencies = self._client.rows("Currencies", wire.Currency, scope=entity)
        values = self._values(entity, axes & self._axes.keys())
        own = self.ledger_of(entity).AccountingCurrency
        return translate.chart(
            entity, journal, problem, own, accounts, overrides, currencies, values, self._clock.now().date()
        )

    def preflight(self, entry: JournalEntry, marker: Marker) -> tuple[Problem, ...]:
        """What a journal cannot hold of the entry; what the dimension format cannot, once it is known."""
        options = self._options
        return tuple(
            translate.preflight(
                entry, self.limits, options.companies, options.journals, self._axes, self._format
            )
        )

    def foreign(
        self, entity: str, journal: str, period: FiscalPeriod, known: frozenset[str]
    ) -> tuple[str, ...]:
        """Journals of others under the journal name with a line in the period, drafts too, as `journal
        000123: text`.

        Journals have no date, so lines of those that are not ours are asked for it.
        """
        where = f"dataAreaId eq {odata.text(entity)} and JournalName eq {odata.text(journal)}"
        headers = {
            row.JournalBatchNumber: row
            for row in self._client.rows(HEADERS, wire.Header, where, scope=entity)
        }
        others = [
            number
            for number, row in sorted(headers.items())
            if number not in known and row.Description.rpartition("#")[2].strip() not in known
        ]
        days = (
            f"TransDate ge {period.start}T00:00:00Z and TransDate lt"
            f" {period.end + timedelta(days=1)}T00:00:00Z"
        )
        found: set[str] = set()
        for start in range(0, len(others), NUMBERS_ASKED):
            numbers = odata.any_of(
                "JournalBatchNumber", [odata.text(number) for number in others[start : start + NUMBERS_ASKED]]
            )
            rows = self._client.rows(
                LINES, wire.Line, f"dataAreaId eq {odata.text(entity)} and {numbers} and {days}", scope=entity
            )
            found.update(row.JournalBatchNumber for row in rows)
        return tuple(
            f"journal {number}: {headers[number].Description or 'no text'}"
            for number in others
            if number in found
        )

    # --- finding --------------------------------------------------------------------------------------------

    def locate(self, entry: JournalEntry, marker: Marker, since: datetime | None) -> tuple[Receipt, ...]:
        """Every journal whose description holds the marker, over all time, with what stands of it. A posted
        one takes nothing more: it is whole.

        Raises `Refused` for one that is not posted and holds lines of somebody else.
        """
        texts = [odata.text(translate.description(entry, marker)), odata.text(f"*{marker.token}*")]
        where = f"dataAreaId eq {odata.text(entry.entity)} and {odata.any_of('Description', texts)}"
        headers = [
            row
            for row in self._client.rows(HEADERS, wire.Header, where, scope=entry.entity)
            if marker.token in row.Description
        ]
        return tuple(
            self._standing(entry, marker, row)
            for row in sorted(headers, key=lambda row: row.JournalBatchNumber)
        )

    def _standing(self, entry: JournalEntry, marker: Marker, row: wire.Header) -> Receipt:
        if row.IsPosted == wire.YES:
            return self._receipt(entry.entity, row, translate.writes(len(entry.lines)), complete=True)
        lines = self._lines(entry.entity, row.JournalBatchNumber)
        if text := translate.strange_lines(row.JournalBatchNumber, marker, lines):
            raise Refused(
                text,
                where=f"journal {row.JournalBatchNumber}",
                code="journal.changed",
                owner=Owner.CONTROLLER,
            )
        parts, complete = translate.standing(entry, marker, lines)
        return self._receipt(entry.entity, row, parts, complete=complete)

    # --- writing --------------------------------------------------------------------------------------------

    @contextmanager
    def prepare(self, entry: JournalEntry, marker: Marker, so_far: Receipt | None = None) -> Iterator[Send]:
        """Everything but the send: of the journal first, then of one changeset of lines at a time.

        The vendor looks at the period when it posts, and a journal that cannot be posted would stay behind,
        so the period is looked at here. So is the journal name, because one that deletes lines after posting
        leaves nothing to compare. Raises `Inexpressible` for what preflight says, `PeriodClosed`, `Refused`
        for a journal name that takes no entries any more.
        """
        form = self.form() if so_far is None else self._form()
        if problems := self.preflight(entry, marker):
            raise Inexpressible(
                " ".join(problem.text for problem in problems[:5]),
                where=problems[0].where,
                code=problems[0].code,
            )
        if so_far is None:
            self._open_period(entry)
            if problem := self._journal_problem(entry.entity, entry.journal):
                raise Refused(problem, where=f"journal {entry.journal}", code="journal.unusable")
            body = wire.encode(translate.new_header(entry, marker))
            with self._client.http.prepare(
                "POST", address(HEADERS), scope=entry.entity, headers=WRITE, content=body
            ) as post:
                yield lambda gate: self._create(entry, post, gate)
            return
        lines = translate.new_lines(entry, marker, so_far.reference, so_far.parts - 1, self._axes, form)
        kind, body = batch.body(
            f"{marker.token}_{so_far.parts}",
            [self._operation("POST", LINES, wire.encode(line)) for line in lines],
        )
        with self._client.http.prepare(
            "POST", address(BATCH), scope=entry.entity, headers={"Content-Type": kind}, content=body
        ) as post:
            yield lambda gate: self._add(entry, so_far, len(lines), post, gate)

    def _create(self, entry: JournalEntry, post: Callable[[Gate], Answer], gate: Gate) -> Receipt:
        answer = post(gate)
        try:
            created = answer.decode(wire.Header)
        except VendorChanged as error:
            text = (
                "The journal was answered with something that cannot be read, so it is looked up."
                f" {error.problem.text}"
            )
            raise OutcomeUnknown(text, where=HEADERS, support=error.support) from error
        if not created.JournalBatchNumber:
            raise OutcomeUnknown(
                "The journal was answered without its number, so it is looked up.", where=HEADERS
            )
        return self._receipt(entry.entity, created, parts=1, complete=False)

    def _add(
        self, entry: JournalEntry, so_far: Receipt, lines: int, post: Callable[[Gate], Answer], gate: Gate
    ) -> Receipt:
        batch.judge(post(gate), lines, faults.classify)
        parts = so_far.parts + 1
        return replace(so_far, parts=parts, complete=parts == translate.writes(len(entry.lines)))

    def _open_period(self, entry: JournalEntry) -> None:
        period = (
            period_of(entry.posting_date, self._states_now(entry.entity))
            if entry.entity in self._periods
            else None
        )
        if period is None:
            period = period_of(
                entry.posting_date, self.calendar(entry.entity, entry.journal, entry.posting_date)
            )
        if period is None or not period.open:
            what = (
                "lies in no period of the calendar"
                if period is None
                else f"lies in period {period.name}, which is not open"
            )
            text = (
                f"{entry.posting_date} {what} in company {entry.entity}. Open the period for this ledger, or"
                " choose another posting date."
            )
            raise PeriodClosed(text, where="posting_date")

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
        for start in range(0, len(rows), batch.CHANGESET_LINES):
            some = rows[start : start + batch.CHANGESET_LINES]
            deletes = [
                self._operation(
                    "DELETE", keyed(LINES, receipt.entity, receipt.reference, f"{row.LineNumber:f}")
                )
                for row in some
            ]
            kind, body = batch.body(f"abandon_{receipt.reference}_{start}".replace(" ", "_"), deletes)
            with self._client.http.prepare(
                "POST", address(BATCH), scope=receipt.entity, headers={"Content-Type": kind}, content=body
            ) as post:
                batch.judge(post(_unguarded), len(some), faults.classify)
        try:
            path = address(keyed(HEADERS, receipt.entity, receipt.reference))
            with self._client.http.prepare("DELETE", path, scope=receipt.entity) as post:
                post(_unguarded)
        except NotFound:
            return

    def read_back(self, receipt: Receipt) -> BookedEntry:
        """Every line of the journal, posted or not. Raises `NotFound` when it is gone, `Refused` when it
        stands without lines.

        The vendor shows accounts in the format that is active now, and so did it read ours: with a format
        remembered from before, a line booked on wrong dimensions would look right.
        """
        form, key = self.form(), (receipt.entity, receipt.reference)
        if key not in self._names:
            self._header(receipt)
        rows = self._lines(*key)
        if not rows:
            text = translate.no_lines(self._header(receipt))
            raise Refused(
                text, where=f"journal {receipt.number}", code="journal.lines_deleted", owner=Owner.CONTROLLER
            )
        return translate.booked_entry(
            receipt, self._names[key], rows, self._axes, form, self.ledger_of(key[0]).AccountingCurrency
        )

    # --- inside ---------------------------------------------------------------------------------------------

    def ledger_of(self, entity: str) -> wire.Ledger:
        """The company's ledger. Raises `NotFound` for a company without one, or that the user may not see."""
        if entity not in self._ledgers:
            rows = self._client.rows(
                "Ledgers", wire.Ledger, f"LegalEntityId eq {odata.text(entity)}", scope=entity
            )
            found = next((row for row in rows if row.LegalEntityId.lower() == entity), None)
            if found is None:
                text = (
                    f"The user reaches no ledger of company {entity}. Check the company, and the roles of the"
                    " app's user."
                )
                raise NotFound(text, where=f"company {entity}")
            self._ledgers[entity] = found
        return self._ledgers[entity]

    def _journal_problem(self, entity: str, journal: str) -> str | None:
        where = f"dataAreaId eq {odata.text(entity)} and Name eq {odata.text(journal)}"
        rows = self._client.rows("JournalNames", wire.JournalName, where, scope=entity)
        return translate.journal_problem(
            entity, journal, next((row for row in rows if row.Name == journal), None)
        )

    def form(self) -> Format:
        """The dimension format that is active now.

        The delimiter is read once: formats are written with it, so a format that cannot be understood shows
        that it was changed.
        """
        formats = list(self._client.rows("DimensionIntegrationFormats", wire.IntegrationFormat))
        found = segments.active_format(formats, self._delimiter) if self._delimiter else None
        if found is None or found.problem is not None or "" in found.names:
            self._delimiter = self._read_delimiter()
            found = segments.active_format(formats, self._delimiter)
        self._format, self._format_read_at = found, self._clock.monotonic()
        return found

    def _form(self) -> Format:
        age = self._clock.monotonic() - self._format_read_at
        return self.form() if self._format is None or age > FORMAT_SECONDS else self._format

    def _read_delimiter(self) -> str:
        row = next(iter(self._client.rows("DimensionParameters", wire.DimensionParameters)), None)
        if row is None:
            raise NotFound(
                "The user reaches no dimension parameters. Give the user a role that reads them.",
                where="DimensionParameters",
            )
        return row.DimensionSegmentDelimiter

    def _values(self, entity: str, axes: Iterable[str]) -> dict[str, list[wire.DimensionValue]]:
        names = {self._axes[axis]: axis for axis in sorted(axes)}
        values: dict[str, list[wire.DimensionValue]] = {axis: [] for axis in names.values()}
        if not names:
            return values
        where = odata.any_of("FinancialDimension", [odata.text(name) for name in names])
        for row in self._client.rows("FinancialDimensionValues", wire.DimensionValue, where, scope=entity):
            if row.FinancialDimension in names and row.LegalEntityId.lower() in ("", entity):
                values[names[row.FinancialDimension]].append(row)
        for name, axis in names.items():
            if not values[axis] and name in UNITS:
                units = self._client.rows(UNITS[name], wire.OperatingUnit, scope=entity)
                values[axis] = [
                    wire.DimensionValue(FinancialDimension=name, DimensionValue=row.OperatingUnitNumber)
                    for row in units
                ]
        return values

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

    def _receipt(self, entity: str, row: wire.Header, parts: int, *, complete: bool) -> Receipt:
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
            parts=parts,
        )

    def _operation(self, method: str, path: str, content: bytes = b"") -> batch.Operation:
        return batch.Operation(method=method, url=self._options.base_url + address(path), content=content)


def _unguarded() -> None:
    """The gate of a deletion: repeating one does no harm."""
