"""What a company accepts, read from the environment: its ledger, journal names, accounts, codes, periods, and
the dimension format.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from ml_connector.connectors.dynamics_fo import chart as chart_of
from ml_connector.connectors.dynamics_fo import segments, wire
from ml_connector.connectors.dynamics_fo.client import DynamicsClient
from ml_connector.connectors.dynamics_fo.segments import DimensionFormat
from ml_connector.connectors.dynamics_fo.settings import Options
from ml_connector.domain.journal import Chart
from ml_connector.domain.period import FiscalPeriod, period_of
from ml_connector.domain.spelling import vendor_spelling
from ml_connector.errors import NotFound, PeriodClosed
from ml_connector.ports.storage import Clock
from ml_connector.transport import odata

UNITS = {"CostCenter": "CostCenters", "Department": "DepartmentsV2", "BusinessUnit": "BusinessUnits"}
"""Sets of organisation units, for dimensions whose values are in no list of their own."""
FORMAT_SECONDS = 600.0
"""How long the dimension format is used without reading it again while an entry is written. It is one for the
environment, and any user with the right may change it.
"""


class DynamicsFacts:
    """Reads of the companies' master data. Remembers the dimension format for a while, and what never changes
    of a company: its ledger, and which days a period has. `axes` are those of the connection, with the names
    of dimensions as the format writes them; `known_dimension_format` is the format as last read.
    """

    def __init__(self, options: Options, client: DynamicsClient, clock: Clock) -> None:
        self._options, self._client, self._clock = options, client, clock
        self.axes: dict[str, str] = options.dimensions
        self.known_dimension_format: DimensionFormat | None = None
        self._format_read_at = 0.0
        self._delimiter = ""
        self._periods: dict[str, list[wire.FiscalPeriod]] = {}
        self._ledgers: dict[str, wire.Ledger] = {}

    def journals(self, entity: str) -> tuple[tuple[str, str], ...]:
        """Daily journal names that keep an entry as it is written, by code."""
        rows = self.journal_names(entity)
        return tuple(
            sorted(
                (row.Name, row.Description)
                for row in rows
                if chart_of.journal_problem(entity, row.Name, row) is None
            )
        )

    def journal_names(self, entity: str) -> list[wire.JournalName]:
        """Daily journal names of the company, usable or not; only those of the connection where it names
        some.
        """
        daily = f"Type eq Microsoft.Dynamics.DataEntities.LedgerJournalType'{chart_of.DAILY}'"
        rows = self._client.rows(
            "JournalNames", wire.JournalName, f"dataAreaId eq {odata.text(entity)} and {daily}", scope=entity
        )
        named = {row.Name: row for row in rows}
        wanted = [vendor_spelling(name, named, what="journal name") for name in self._options.journals]
        return [named[name] for name in wanted or named if isinstance(name, str) and name in named]

    def calendar(self, entity: str, around: date) -> tuple[FiscalPeriod, ...]:
        """Operating periods from a year before the date to a year after it."""
        where = f"Calendar eq {odata.text(self.ledger_of(entity).FiscalCalendar)}"
        self._periods[entity] = list(
            self._client.rows("FiscalPeriods", wire.FiscalPeriod, where, scope=entity)
        )
        year = timedelta(days=366)
        return tuple(
            period
            for period in self.states_now(entity)
            if period.end >= around - year and period.start <= around + year
        )

    def period_now(self, entity: str, day: date) -> FiscalPeriod | None:
        """The period of a day, open or not at this moment."""
        period = period_of(day, self.states_now(entity)) if entity in self._periods else None
        return period or period_of(day, self.calendar(entity, day))

    def check_period(self, entity: str, day: date) -> None:
        """Raises `PeriodClosed` for a day that is in no open period at this moment."""
        period = self.period_now(entity, day)
        if period is None or not period.open:
            what = (
                "is in no period of the calendar"
                if period is None
                else f"is in period {period.name}, which is not open"
            )
            text = (
                f"{day} {what} in company {entity}. Open the period for this ledger, or"
                " choose another posting date."
            )
            raise PeriodClosed(text, where="posting_date")

    def states_now(self, entity: str) -> tuple[FiscalPeriod, ...]:
        """The periods as last read, open or closed as the ledger has them now."""
        states = self._client.rows(
            "LedgerFiscalPeriods", wire.LedgerPeriod, f"LegalEntityId eq {odata.text(entity)}", scope=entity
        )
        calendar = self.ledger_of(entity).FiscalCalendar
        return chart_of.calendar(self._periods[entity], (row for row in states if row.Calendar == calendar))

    def chart(self, entity: str, journal: str, axes: frozenset[str]) -> Chart:
        """The chart of accounts, the journal name, currencies, and the values of the axes."""
        dimension_format = self.dimension_format()
        problem = self.journal_problem(entity, journal) or (
            dimension_format.problem.text if dimension_format.problem else None
        )
        chart = odata.text(self.ledger_of(entity).ChartOfAccounts)
        accounts = list(
            self._client.rows("MainAccounts", wire.MainAccount, f"ChartOfAccounts eq {chart}", scope=entity)
        )
        where = f"ChartOfAccounts eq {chart} and LegalEntityId eq {odata.text(entity)}"
        overrides = self._client.rows("MainAccountLegalEntities", wire.AccountState, where, scope=entity)
        currencies = self._client.rows("Currencies", wire.Currency, scope=entity)
        values = self._values(entity, axes & self.axes.keys())
        own = self.ledger_of(entity).AccountingCurrency
        return chart_of.chart(
            entity, journal, problem, own, accounts, overrides, currencies, values, self._clock.now().date()
        )

    def ledger_of(self, entity: str) -> wire.Ledger:
        """The company's ledger. Raises `NotFound` for a company without one, or that the user may not see."""
        spelled = vendor_spelling(entity, self._options.companies, what="company")
        if isinstance(spelled, str) and spelled != entity:
            text = f"This connection writes company {entity} as {spelled}. Write it the same way."
            raise NotFound(text, where=f"company {entity}", code="company.spelling")
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

    def journal_problem(self, entity: str, journal: str) -> str | None:
        where = f"dataAreaId eq {odata.text(entity)} and Name eq {odata.text(journal)}"
        rows = self._client.rows("JournalNames", wire.JournalName, where, scope=entity)
        named = {row.Name: row for row in rows}
        spelled = vendor_spelling(journal, named, what="journal name")
        found = named[spelled] if isinstance(spelled, str) else None
        return chart_of.journal_problem(entity, journal, found)

    def dimension_format(self) -> DimensionFormat:
        """The dimension format that is active now.

        The delimiter is read once: formats are written with it, so a format that cannot be understood shows
        that it was changed.
        """
        formats = list(self._client.rows("DimensionIntegrationFormats", wire.IntegrationFormat))
        found = segments.active_format(formats, self._delimiter) if self._delimiter else None
        if found is None or found.problem is not None or "" in found.names:
            self._delimiter = self.read_delimiter()
            found = segments.active_format(formats, self._delimiter)
        self.known_dimension_format, self._format_read_at = found, self._clock.monotonic()
        self.axes = segments.spelled(self._options.dimensions, found)
        return found

    def recent_dimension_format(self) -> DimensionFormat:
        """The format as it was read up to ten minutes ago. One that cannot be used is read again, because
        somebody may have corrected it.
        """
        age, known = self._clock.monotonic() - self._format_read_at, self.known_dimension_format
        return self.dimension_format() if known is None or known.problem or age > FORMAT_SECONDS else known

    def read_delimiter(self) -> str:
        """The name of the delimiter of display values."""
        row = next(iter(self._client.rows("DimensionParameters", wire.DimensionParameters)), None)
        if row is None:
            raise NotFound(
                "The user reaches no dimension parameters. Give the user a role that reads them.",
                where="DimensionParameters",
            )
        return row.DimensionSegmentDelimiter

    def _values(self, entity: str, axes: Iterable[str]) -> dict[str, list[wire.DimensionValue]]:
        names = {self.axes[axis]: axis for axis in sorted(axes)}
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
