"""Reading entity sets: which rows a set shows, which filters it accepts, in what order, page by page."""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Row
from ml_connector_sandbox.systems.exact_online import employees, payables, reports
from ml_connector_sandbox.systems.exact_online.book import TYPE_GENERAL_JOURNAL, DivisionBook
from ml_connector_sandbox.systems.exact_online.odata import (
    SYNTAX,
    UNSUPPORTED,
    BadQuery,
    Query,
    parse_literal,
)
from ml_connector_sandbox.systems.exact_online.render import Page, literal_text
from ml_connector_sandbox.systems.exact_online.schema import Entity

BARE_LIST_MAX = 60
_CACHED_LISTS_MAX = 8
_TABLES = {
    "GLAccounts": "accounts",
    "Journals": "journals",
    "Costcenters": "cost_centers",
    "Costunits": "cost_units",
    "FinancialPeriods": "periods",
    "GeneralJournalEntries": "entries",
    "Transactions": "entries",
    "GeneralJournalEntryLines": "lines",
    "TransactionLines": "lines",
    "Deleted": "deleted",
    "VATCodes": "vat_codes",
    "VatPercentages": "vat_percentages",
    "Accounts": "relations",
    "Projects": "projects",
    "Currencies": "currencies",
    "WebhookSubscriptions": "subscriptions",
    "Departments": "departments",
    "Employees": "employees",
    "Employments": "employments",
    "EmploymentOrganizations": "organizations",
    "PurchaseEntries": "purchases",
    "PurchaseEntryLines": "purchase_lines",
    "Payments": "payments",
    "Receivables": "payments",
    "PaymentTerms": "payments",
    "PaymentConditions": "conditions",
    "BankEntries": "bank_entries",
    "BankEntryLines": "bank_lines",
    "crm/BankAccounts": "bank_accounts",
    "Contacts": "contacts",
    "ExchangeRates": "rates",
    "Documents": "documents",
    "DocumentAttachments": "attachments",
    "DocumentTypes": "document_types",
}
"""The table of a set, by its path or its name."""
_LAGGING = ("lines", "entries", "purchases", "purchase_lines", "payments", "bank_entries", "bank_lines")
"""Tables whose new rows are missing from lists for a while, by switch."""
_OF_TODAY = ("Employees", "ActiveEmployments")
"""Sets that change with the day although nobody writes."""
_MANDATORY = {
    "Accounts": ("ID", "Code", "Modified", "Name", "Email", "VATNumber", "ChamberOfCommerce"),
    "GLAccounts": ("ID", "Code", "Modified", "Type"),
    "Contacts": ("ID", "Account", "Modified", "Email"),
    "TransactionLines": ("ID", "EntryID", "EntryNumber", "Date", "Modified"),
}
"""One of these must be in the filter of a single or bulk read, since these sets have a sync twin."""
_BULK = {
    "Accounts": ("ID", "Code", "Modified", "Created", "Name"),
    "GLAccounts": ("ID", "Code", "Modified", "Created", "Type"),
    "TransactionLines": (
        *(
            "ID",
            "EntryID",
            "EntryNumber",
            "JournalCode",
            "FinancialYear",
            "FinancialPeriod",
            "Date",
            "Modified",
            "Created",
        ),
        *("GLAccount", "GLAccountCode", "Status", "Type"),
    ),
    "Payments": (
        *("ID", "Account", "AccountCode", "EntryID", "EntryNumber", "TransactionEntryID", "TransactionID"),
        *("Status", "Modified", "Created", "DueDate", "InvoiceDate", "InvoiceNumber", "Journal", "YourRef"),
    ),
    "Contacts": ("ID", "Account", "Modified", "Created", "Email"),
    "Documents": ("ID", "HID", "Modified", "Created", "Type", "Account", "Subject"),
    "DocumentAttachments": ("ID", "Document"),
}


@dataclass(slots=True)
class Sets:
    """Reads of all divisions; keeps the last few sorted lists, so that paging does not sort again."""

    switches: Switches
    divisions: Callable[[DivisionBook, Entity], Iterable[Row]]
    _lists: OrderedDict[tuple[Any, ...], list[Row]] = field(default_factory=OrderedDict)

    def forget(self) -> None:
        """Drop what was kept; needed when the books are replaced."""
        self._lists.clear()

    def check(self, entity: Entity, query: Query) -> None:
        """Refuse what this set does not accept; raises `BadQuery`."""
        names = query.where.names if query.where else frozenset()
        if entity.service == "sync":
            if names - {"Timestamp"}:
                raise BadQuery(
                    "Filtering on these fields is not supported: " + ",".join(sorted(names - {"Timestamp"}))
                )
            return
        if entity.service == "bulk":
            if query.skip:
                raise BadQuery(UNSUPPORTED.replace("$filter", "$skip"))
            if query.select is None:
                raise BadQuery("Please add a $select statement to the query string.")
            refused = names - set(_BULK.get(entity.name, ()))
            if refused and self.switches["bulk_filter_fields"] == "limited":
                raise BadQuery("Filtering on these fields is not supported: " + ",".join(sorted(refused)))
        wanted = _MANDATORY.get(entity.name, ())
        if wanted and self.switches["mandatory_filtering"] and not names & set(wanted):
            raise BadQuery(
                "This endpoint has mandatory filtering applied. A GET request for this endpoint must have a"
                f" $filter parameter with one of the following fields in the url:{','.join(wanted)}"
            )
        if (
            entity.name == "GeneralJournalEntries"
            and self.switches["select_required"]
            and query.select is None
            and query.top != 1
        ):
            raise BadQuery("Please add a $select or a $top=1 statement to the query string.")
        if "OurRef" in names and not self.switches["our_ref_filter"]:
            raise BadQuery(UNSUPPORTED)

    def page(
        self,
        book: DivisionBook,
        entity: Entity,
        query: Query,
        url: str,
        parameters: Sequence[tuple[str, str]],
    ) -> Page:
        """One page of a list. `url` is its address without the query, for the link to the next page."""
        return self.page_of(self.rows(book, entity, query), entity, query, url, parameters)

    @staticmethod
    def page_of(
        rows: Sequence[Row], entity: Entity, query: Query, url: str, parameters: Sequence[tuple[str, str]]
    ) -> Page:
        """One page of rows that are already chosen and in order."""
        count = len(rows) if query.count else None
        start = query.skip
        if query.token is not None:
            start = _after(rows, _order(entity, query), query.token)
        size = entity.page or len(rows)
        wanted = len(rows) - start if query.top is None else min(query.top, len(rows) - start)
        taken = rows[start : start + max(0, min(wanted, size))]
        bare = (
            query.top is not None and query.top <= BARE_LIST_MAX and query.token is None and not query.count
        )
        bare = bare and entity.name not in ("Divisions", "AllDivisions", "Me")
        if wanted <= size or not taken:
            return Page(rows=taken, count=count, bare=bare)
        return Page(
            rows=taken, count=count, next_url=_next_url(entity, query, url, parameters, taken[-1], size)
        )

    def rows(self, book: DivisionBook, entity: Entity, query: Query) -> list[Row]:
        """Every row the query asks for, in its order."""
        if entity.name == "Deleted":
            book.forget_old_deletions()
        table = book.tables.get(_table_of(entity) or "nothing")
        lag = self.switches["visibility_lag_seconds"]
        cacheable = _table_of(entity) is not None and entity.name not in _OF_TODAY and not lag
        key = (
            book.code,
            entity.path,
            query.filter_text,
            query.order,
            table.version if table is not None else 0,
        )
        if cacheable and key in self._lists:
            return self._lists[key]
        rows = self.arrange(self._source(book, entity, query), entity, query)
        if cacheable:
            self._lists[key] = rows
            while len(self._lists) > _CACHED_LISTS_MAX:
                self._lists.popitem(last=False)
        return rows

    @staticmethod
    def arrange(rows: Iterable[Row], entity: Entity, query: Query) -> list[Row]:
        """The rows that match, in the order asked for."""
        chosen = [row for row in rows if query.where is None or query.where.matches(row)]
        for name, descending in reversed(_order(entity, query)):
            chosen.sort(key=lambda row: _sortable(row.get(name)), reverse=descending)
        return chosen

    def one(self, book: DivisionBook, entity: Entity, key: dict[str, Any]) -> Row | None:
        """The row with that key, visible or not yet."""
        table = book.tables.get(_table_of(entity) or "")
        if table is not None and list(key) == [table.key]:
            row = table.get(key[table.key])
            if row is not None and entity.name == "Employees":
                return employees.shown(book, row)
            return row if row is not None and _shows(entity, row) else None
        rows = self._source(book, entity, Query())
        return next((row for row in rows if all(row.get(name) == value for name, value in key.items())), None)

    def _source(self, book: DivisionBook, entity: Entity, query: Query) -> Iterable[Row]:
        name = _table_of(entity)
        if entity.name in ("Divisions", "AllDivisions"):
            return self.divisions(book, entity)
        if entity.name == "JournalStatusList":
            return reports.journal_statuses(book, query)
        if entity.name == "ReportingBalance":
            return reports.balances(book)
        if entity.name == "PayablesList":
            return payables.listed(book)
        if entity.name == "OutstandingInvoicesOverview":
            return payables.overview(book)
        if entity.name == "ActiveEmployments":
            return employees.active_employments(book)
        if name is None:
            return ()
        where = query.where
        rows = book[name].candidates(where.equal if where else {}, where.above if where else {})
        if name in ("lines", "entries", "payments"):
            rows = [row for row in rows if _shows(entity, row)]
        if name == "employees":
            rows = [employees.shown(book, row) for row in rows]
        lag = self.switches["visibility_lag_seconds"]
        if lag and name in _LAGGING:
            horizon = book.now() - timedelta(seconds=lag)
            rows = [row for row in rows if row["Created"] <= horizon]
        return rows


def _table_of(entity: Entity) -> str | None:
    return _TABLES.get(entity.path) or _TABLES.get(entity.name)


def _shows(entity: Entity, row: Row) -> bool:
    """Whether the set has that row of its table: line 0 is in the sync set only, entries of general journals
    have sets of their own, and only the sync set holds payables and receivables together.
    """
    if entity.name in ("Payments", "Receivables"):
        return bool((row["LineType"] == payables.PAYABLE) is (entity.name == "Payments"))
    if entity.service == "generaljournalentry" and row.get("Type") != TYPE_GENERAL_JOURNAL:
        return False
    return entity.service == "sync" or row.get("LineNumber") != 0


def sync_timestamp(book: DivisionBook, parameters: Sequence[tuple[str, str]]) -> Row:
    """The row version to begin a sync with that wants what changed from a moment on."""
    asked = {name.lower(): value for name, value in parameters}
    moment = parse_literal(asked.get("modified", ""))
    if not isinstance(moment, datetime):
        raise BadQuery(SYNTAX)
    return {
        "Modified": moment.isoformat(),
        "API": asked.get("endpoint", "").strip("'"),
        "TimeStampAsBigInt": str(book.stamp_before(moment)),
    }


def _order(entity: Entity, query: Query) -> tuple[tuple[str, bool], ...]:
    """The asked-for order, then the key, so that every row has its place."""
    return (*query.order, *((name, False) for name in entity.keys if name not in dict(query.order)))


def _sortable(value: Any) -> tuple[bool, Any]:
    return value is not None, value


def _after(rows: Sequence[Row], order: Sequence[tuple[str, bool]], token: Sequence[Any]) -> int:
    """The position of the first row behind the one the token names."""
    if len(token) != len(order):
        raise BadQuery("Bad Request - Error in query syntax.")

    def behind(row: Row) -> bool:
        for (name, descending), value in zip(order, token, strict=True):
            here, there = _sortable(row.get(name)), _sortable(value)
            if here != there:
                return (here < there) if descending else (here > there)
        return False

    try:
        return bisect_left(rows, True, key=behind)
    except TypeError as error:
        raise BadQuery("Bad Request - Error in query syntax.") from error


def _next_url(
    entity: Entity, query: Query, url: str, parameters: Sequence[tuple[str, str]], last: Row, size: int
) -> str:
    """The next page's address; the token comes last, some clients rely on that."""
    kept = [(name, value) for name, value in parameters if name not in ("$skip", "$top", "$skiptoken")]
    if query.top is not None:
        kept.append(("$top", str(query.top - size)))
    token = ",".join(
        literal_text(entity.properties[name], last.get(name)) for name, _ in _order(entity, query)
    )
    return (
        url
        + "?"
        + "&".join(
            f"{name}={quote(value, safe=chr(39) + ',()$*')}" for name, value in [*kept, ("$skiptoken", token)]
        )
    )
