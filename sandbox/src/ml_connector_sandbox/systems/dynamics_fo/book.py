"""The tenant's tables: rows by key, RecIds and versions, number sequences, and a transaction that can be
taken back.

Nothing here knows HTTP. Numbers drawn in a transaction that failed are not given back: sequences have gaps.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Broken, Clock, Row
from ml_connector_sandbox.systems.dynamics_fo.odata import fold
from ml_connector_sandbox.systems.dynamics_fo.tables import Notice, Table, Undo

FIRST_REC_ID = 5_637_144_576

_TABLES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # name: key, indexed fields
    "headers": (("dataAreaId", "JournalBatchNumber"), ("Description",)),
    "lines": (("dataAreaId", "JournalBatchNumber", "LineNumber"), ("JournalBatchNumber", "Document")),
    "journal_names": (("dataAreaId", "Name"), ()),
    "accounts": (("ChartOfAccounts", "MainAccountId"), ()),
    "account_overrides": (("MainAccountId", "ChartOfAccounts", "LegalEntityId"), ()),
    "charts": (("ChartOfAccounts",), ()),
    "ledgers": (("LegalEntityId",), ()),
    "dimensions": (("DimensionName",), ()),
    "dimension_values": (("FinancialDimension", "LegalEntityId", "DimensionValue"), ("DimensionValue",)),
    "dimension_sets": (("Name",), ()),
    "dimension_parameters": (("Key",), ()),
    "formats": (("DimensionFormatName", "DimensionFormatType"), ()),
    "companies": (("LegalEntityId",), ()),
    "company_infos": (("DataArea",), ()),
    "currencies": (("CurrencyCode",), ()),
    "exchange_rates": (("RateTypeName", "FromCurrency", "ToCurrency", "StartDate"), ()),
    "fiscal_periods": (("Calendar", "FiscalYear", "PeriodName"), ()),
    "fiscal_years": (("LegalEntityId", "Calendar", "FiscalYear"), ()),
    "period_statuses": (("LedgerName", "Calendar", "YearName", "PeriodName"), ()),
    "gl_entries": (("SourceKey",), ("JournalNumber", "SubledgerVoucher")),
    "gl_lines": (("SourceKey",), ("GeneralJournalEntry", "Voucher", "JournalNumber", "DocumentNumber")),
    "cost_centers": (("OperatingUnitNumber",), ()),
    "business_units": (("OperatingUnitNumber",), ()),
    "departments": (("OperatingUnitNumber",), ()),
    "operating_units": (("OperatingUnitNumber",), ()),
    "vendors": (("dataAreaId", "VendorAccountNumber"), ()),
    "vendor_payments": (("dataAreaId", "JournalBatchNumber"), ()),
    "vendor_payment_lines": (("dataAreaId", "JournalBatchNumber", "LineNumber"), ("JournalBatchNumber",)),
    "customer_payments": (("dataAreaId", "JournalBatchNumber"), ()),
    "customer_payment_lines": (("dataAreaId", "JournalBatchNumber", "LineNumber"), ("JournalBatchNumber",)),
    "workers": (("PersonnelNumber",), ()),
    "employments": (("PersonnelNumber", "LegalEntityId", "EmploymentId"), ("PersonnelNumber",)),
    "position_assignments": (("PositionId", "ValidFrom"), ()),
    "position_dimensions": (("dataAreaId", "PositionId", "LegalEntityDataArea"), ()),
    "dimension_code_sets": (("RecordId",), ()),
    "dimension_combinations": (("RecordId",), ()),
    "aad_clients": (("AADClientId",), ()),
}


class Book:
    """All tables of one environment. RecIds and versions come from the seed, so two sandboxes hold the
    same.
    """

    def __init__(self, *, clock: Clock, seed: int, switches: Switches) -> None:
        self.clock = clock
        self.switches = switches
        self.axes: dict[str, str] = {}
        self.demands: dict[str, tuple[str, ...]] = {}
        self.rates: dict[str, str] = {}
        self.default_company = ""
        self.used: set[tuple[str, str]] = set()
        self.listener: Notice | None = None
        self.watched: set[str] = set()
        self._random = random.Random(f"dynamics {seed}")
        self._rec_ids: Counter[str] = Counter()
        self._numbers: Counter[str] = Counter()
        self._undo: list[Undo] | None = None
        self._changes: list[tuple[str, str, Row, Row]] = []
        self.tables = {
            name: Table(name, key, indexed, self._noted, self._noticed)
            for name, (key, indexed) in _TABLES.items()
        }

    def __getitem__(self, name: str) -> Table:
        return self.tables[name]

    def now(self) -> datetime:
        """The present as rows hold it: naive, UTC, whole seconds."""
        return self.clock.now().astimezone(UTC).replace(tzinfo=None, microsecond=0)

    def today(self) -> date:
        """The session date."""
        return self.now().date()

    def add(self, table: str, values: Mapping[str, Any]) -> Row:
        """Put a new row into a table, with RecId and version 1."""
        row: Row = {**values, "RecId": self.next_rec_id(table), "RecVersion": 1}
        self.tables[table].put(row)
        return row

    def change(self, table: str, row: Row, values: Mapping[str, Any]) -> None:
        """Change a row and give it a new version."""
        self.tables[table].change(row, {**values, "RecVersion": self._random.randrange(2, 2**31)})

    def next_rec_id(self, table: str) -> int:
        """The next RecId of a table."""
        self._rec_ids[table] += 1
        return FIRST_REC_ID - 1 + self._rec_ids[table]

    def next_number(self, sequence: str, form: str) -> str:
        """The next number of a sequence; `#` in the form are its digits."""
        self._numbers[sequence] += 1
        digits = form.count("#")
        return form.replace("#" * digits, f"{self._numbers[sequence]:0{digits}d}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything in the block, or nothing; blocks inside it belong to the outer one."""
        if self._undo is not None:
            yield
            return
        self._undo, self._changes = [], []
        try:
            yield
        except BaseException:
            self._changes = []
            undo, self._undo = self._undo, None
            for step in reversed(undo):
                step()
            raise
        finally:
            self._undo = None
            changes, self._changes = self._changes, []
        for change in changes:
            if self.listener is not None:
                self.listener(*change)

    def _noted(self, undo: Undo) -> None:
        if self._undo is not None:
            self._undo.append(undo)

    def _noticed(self, table: str, action: str, row: Row, old: Row) -> None:
        """Told of once the transaction stands, of a table somebody watches; the row is kept as it is now."""
        if self._undo is not None and table in self.watched:
            self._changes.append((table, action, dict(row), old))

    def use(self, dimensions: Mapping[str, str]) -> None:
        """These values occur in a combination from now on, whatever becomes of what it was made for."""
        self.used.update((fold(name), fold(value)) for name, value in dimensions.items() if value)

    def is_used(self, value: Row) -> bool:
        """Whether a dimension value occurs in any combination."""
        return (fold(value["FinancialDimension"]), fold(value["DimensionValue"])) in self.used

    def company(self, code: str) -> Row:
        """A company's ledger; `Broken` for an unknown company."""
        ledger = self.tables["ledgers"].get(code)
        if ledger is None:
            raise Broken(
                f"The value '{code}' in field 'Company' is not found in the related table 'Legal entities'"
            )
        return ledger

    def period_of(self, company: str, day: date) -> Row | None:
        """The status row of the period that day falls in, for that company's ledger; None outside the
        calendar.
        """
        ledger = self.company(company)
        for period in self.tables["fiscal_periods"]:
            if (
                period["Calendar"] == ledger["FiscalCalendar"]
                and period["StartDate"] <= day <= period["EndDate"]
            ):
                return self.tables["period_statuses"].get(
                    company, period["Calendar"], period["FiscalYear"], period["PeriodName"]
                )
        return None

    def journal_lines(self, header: Row) -> list[Row]:
        """The lines of a journal by number, also those hidden since posting."""
        rows = (row for row in self.tables["lines"].all("JournalBatchNumber", header["JournalBatchNumber"]))
        return sorted(
            (row for row in rows if row["dataAreaId"] == header["dataAreaId"]),
            key=lambda row: row["LineNumber"],
        )
