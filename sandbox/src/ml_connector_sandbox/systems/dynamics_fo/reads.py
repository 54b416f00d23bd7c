"""Reading sets: which rows a caller sees, in what order, page by page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json, Request, Response, Row
from ml_connector_sandbox.systems.dynamics_fo import dimensions
from ml_connector_sandbox.systems.dynamics_fo.annotations import (
    bare,
    content_type,
    dressed,
    level_of,
    page_rows,
)
from ml_connector_sandbox.systems.dynamics_fo.book import Book
from ml_connector_sandbox.systems.dynamics_fo.masters import is_custom, text_of, worker_status
from ml_connector_sandbox.systems.dynamics_fo.odata import Query, fold, parse_query, reader
from ml_connector_sandbox.systems.dynamics_fo.render import etag, json_response, row_json
from ml_connector_sandbox.systems.dynamics_fo.schema import (
    BLANK_DATE,
    NAVIGATION,
    Entity,
    Navigation,
    Property,
    entities,
)

_PAYMENT_LINES = ("vendor_payment_lines", "customer_payment_lines")
_RENAMED = {
    "TransDate": "TransactionDate",
    "Text": "TransactionText",
    "ExchRate": "ExchangeRate",
    "PaymentMethod": "PaymentMethodName",
}
"""How the fields of a general journal line are called in a payment journal."""


def is_cross_company(request: Request) -> bool:
    """Whether the call asks for the rows of all companies."""
    return any(name.lower() == "cross-company" and value.lower() == "true" for name, value in request.query)


def sees(book: Book, entity: Entity, row: Row, *, cross: bool) -> bool:
    """Whether a row is shown to this caller."""
    if row.get("_hidden") and entity.table == "lines":
        return False
    if entity.table == "dimension_values" and is_out_of_sight(book, row):
        return False
    owner = entity.company_field
    return cross or not owner or fold(row[owner]) == fold(book.default_company)


def is_out_of_sight(book: Book, row: Row) -> bool:
    """Whether a dimension value is hidden by a role; or, by switch, not listed yet, since it stands for
    another record and was never used nor given a property of its own.
    """
    own = row["LegalEntityId"] or "Yes" in (row["IsSuspended"], row["IsBlockedForManualEntry"])
    own = own or (row["ActiveFrom"], row["ActiveTo"]) != (BLANK_DATE, BLANK_DATE)
    unlisted = book.switches["unused_backed_values"] == "hide" and not own and not book.is_used(row)
    return bool(row.get("_concealed")) or (unlisted and not is_custom(book, row))


def rows_of(book: Book, entity: Entity, query: Query, *, cross: bool) -> list[Row]:
    """Every row of the answer, in order, before paging."""
    equal = query.where.equal if query.where else {}
    found: Iterable[Row] = (derived(book, entity, row) for row in book[entity.table].candidates(equal))
    if entity.name == "LedgerJournalLines":
        found = [*found, *_payment_lines(book, equal)]
    rows = [
        row
        for row in found
        if sees(book, entity, row, cross=cross) and (query.where is None or query.where.matches(row))
    ]
    return sorted_rows(entity, query, rows)


def sorted_rows(entity: Entity, query: Query, rows: list[Row]) -> list[Row]:
    """The same rows in the order asked for."""
    for name, descending in reversed(query.order):
        read = reader(entity.properties[name])
        rows.sort(key=lambda row: (read(row) is not None, read(row)), reverse=descending)
    return rows


def find(
    book: Book, entity: Entity, key: Mapping[str, Any], *, cross: bool, to_read: bool = False
) -> Row | None:
    """The row of that key, if this caller sees it; lines of payment journals only `to_read`."""
    table = book[entity.table]
    wanted = {name: _key_part(entity.properties[name], value) for name, value in key.items()}
    rows: Iterable[Row] = table
    if set(table.key) <= set(key):
        direct = table.get(*(_stored(entity.properties[name], wanted[name]) for name in table.key))
        rows = [] if direct is None else [direct]
    if entity.name == "LedgerJournalLines" and to_read:
        rows = [*rows, *_payment_lines(book, {"JournalBatchNumber": key["JournalBatchNumber"]})]
    readers = {name: reader(entity.properties[name]) for name in key}
    row = next(
        (held for held in rows if all(readers[name](held) == value for name, value in wanted.items())), None
    )
    return row if row is not None and sees(book, entity, row, cross=cross) else None


def _stored(known: Property, value: Any) -> Any:
    """A key part as tables hold it: a day without its hour."""
    return value.date() if known.type == "Date" and isinstance(value, datetime) else value


def _key_part(known: Property, value: Any) -> Any:
    """A key part as rows are compared by it; a day is meant whatever its hour."""
    if known.type == "Date" and isinstance(value, datetime):
        return value.replace(hour=12, minute=0, second=0)
    return fold(value) if known.type == "String" else value


def derived(book: Book, entity: Entity, row: Row) -> Row:
    """The row with what follows from others and from the time: whether a worker is employed now."""
    if entity.table == "dimension_values" and "_next_text" in row:
        return {**row, "Description": text_of(book, row)}
    if "WorkerStatus" not in entity.properties:
        return row
    return {**row, "WorkerStatus": worker_status(book, row["PersonnelNumber"])}


def shown(book: Book, switches: Switches, entity: Entity, row: Row) -> Row:
    """The row as it is read now: a ledger account in whatever format is active at the moment; vendors name
    their company in capitals.
    """
    row = derived(book, entity, row)
    if entity.name == "VendorsV2":
        return {**row, "dataAreaId": str(row["dataAreaId"]).upper()}
    if entity.table == "lines" and row.get("AccountType") == "Ledger" and "_account" in row:
        return {
            **row,
            "AccountDisplayValue": dimensions.show_account(
                book, row["_account"], row["_dimensions"], switches
            ),
        }
    return row


def list_response(book: Book, switches: Switches, entity: Entity, request: Request) -> Response:
    """One page of a set."""
    query = parse_query(entity, request.query, functions=switches["substring_functions"])
    rows = rows_of(book, entity, query, cross=is_cross_company(request))
    until = len(rows) if query.top is None else query.skip + query.top
    wanted = rows[query.skip : until]
    page_max, granted = page_rows(request, switches)
    page = wanted[:page_max]
    level = level_of(request, switches)
    body: Json = {"@odata.context": f"{request.base_url}/data/$metadata#{entity.name}{_columns(query)}"}
    if query.count:
        body["@odata.count"] = len(rows)
    show = Shower(book, switches, request.base_url, level)
    body["value"] = [show.row(entity, row, query) for row in page]
    if len(wanted) > len(page):
        body["@odata.nextLink"] = _next_link(switches, request, query, page_max)
    return json_response(200, bare(body) if level == "none" else body, {**content_type(level), **granted})


def one_response(book: Book, switches: Switches, entity: Entity, row: Row, request: Request) -> Response:
    """One row."""
    query = parse_query(entity, request.query)
    level = level_of(request, switches)
    body = {
        "@odata.context": f"{request.base_url}/data/$metadata#{entity.name}{_columns(query)}/$entity",
        **Shower(book, switches, request.base_url, level).row(entity, row, query),
    }
    return json_response(
        200, bare(body) if level == "none" else body, {**content_type(level), "ETag": etag(row)}
    )


def _columns(query: Query) -> str:
    """The columns of an answer as its context names them."""
    names = [
        *(query.select or ()),
        *(f"{name}({','.join(inner.select)})" for name, inner in query.expand.items() if inner.select),
    ]
    return f"({','.join(names)})" if names else ""


@dataclass(frozen=True, slots=True)
class Shower:
    """Turns rows into the objects of one answer."""

    book: Book
    switches: Switches
    base_url: str
    level: str

    def row(self, entity: Entity, row: Row, query: Query) -> Json:
        """A row with what was expanded in it."""
        made = row_json(entity, shown(self.book, self.switches, entity, row), query.select)
        for navigation in NAVIGATION.get(entity.name, ()):
            if navigation.name in query.expand:
                made[navigation.name] = self._expanded(navigation, row, query.expand[navigation.name])
        return dressed(entity, row, made, self.base_url, self.level)

    def _expanded(self, navigation: Navigation, row: Row, query: Query) -> Any:
        child = entities()[navigation.target]
        if not navigation.many:
            found = self.book["companies"].get(row["dataAreaId"])
            return None if found is None else self.row(child, found, query)
        lines = (line for line in self.book.journal_lines(row) if not line.get("_hidden"))
        kept = sorted_rows(
            child, query, [line for line in lines if query.where is None or query.where.matches(line)]
        )
        until = len(kept) if query.top is None else query.skip + query.top
        return [self.row(child, line, query) for line in kept[query.skip : until]]


def _next_link(switches: Switches, request: Request, query: Query, page_max: int) -> str:
    kept = [
        (name, value)
        for name, value in request.query
        if name not in ("$skip", "$skiptoken", "$top", "$count")
    ]
    if query.top is not None:
        kept.append(("$top", str(query.top - page_max)))
    kept.append((f"${switches['next_link']}", str(query.skip + page_max)))
    root = str(switches["next_link_host"] or request.base_url).rstrip("/")
    return f"{root}{request.raw_path}?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in kept)


def _payment_lines(book: Book, equal: Mapping[str, Any]) -> list[Row]:
    """The lines of payment journals as general journal lines: the set shows every journal's."""
    found = [
        row
        for table in _PAYMENT_LINES
        for row in book[table].candidates(equal)
        if fold(equal.get("Document", "")) == ""
    ]
    return [
        {
            **row,
            **{name: row[old] for name, old in _RENAMED.items() if old in row},
            "LineNumber": Decimal(row["LineNumber"]),
        }
        for row in found
    ]
