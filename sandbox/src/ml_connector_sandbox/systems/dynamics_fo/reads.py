"""Reading sets: which rows a caller sees, in what order, page by page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json, Request, Response
from ml_connector_sandbox.systems.dynamics_fo import dimensions
from ml_connector_sandbox.systems.dynamics_fo.book import Book
from ml_connector_sandbox.systems.dynamics_fo.entities import Entity, entities
from ml_connector_sandbox.systems.dynamics_fo.odata import Query, fold, parse_query, reader
from ml_connector_sandbox.systems.dynamics_fo.render import Row, json_response, row_json

_PAYMENT_LINES = ("vendor_payment_lines", "customer_payment_lines")
_RENAMED = {"TransDate": "TransactionDate", "Text": "TransactionText", "ExchRate": "ExchangeRate", "PaymentMethod": "PaymentMethodName"}
"""How the fields of a general journal line are called in a payment journal."""


def is_cross_company(request: Request) -> bool:
    """Whether the call asks for the rows of all companies."""
    return any(name == "cross-company" and value.lower() == "true" for name, value in request.query)


def sees(book: Book, entity: Entity, row: Row, *, cross: bool) -> bool:
    """Whether a row is shown to this caller."""
    if row.get("_hidden") and entity.table == "lines":
        return False
    return cross or not entity.per_company or fold(row["dataAreaId"]) == fold(book.default_company)


def rows_of(book: Book, entity: Entity, query: Query, *, cross: bool) -> list[Row]:
    """Every row of the answer, in order, before paging."""
    equal = query.where.equal if query.where else {}
    found: Iterable[Row] = book[entity.table].candidates(equal)
    if entity.name == "LedgerJournalLines":
        found = [*found, *_payment_lines(book, equal)]
    rows = [row for row in found if sees(book, entity, row, cross=cross) and (query.where is None or query.where.matches(row))]
    for name, descending in reversed(query.order):
        read = reader(entity.properties[name])
        rows.sort(key=lambda row: (read(row) is not None, read(row)), reverse=descending)
    return rows


def find(book: Book, entity: Entity, key: Mapping[str, Any], *, cross: bool) -> Row | None:
    """The row of that key, if this caller sees it."""
    table = book[entity.table]
    row = table.get(*(key[name] for name in table.key)) if set(table.key) <= set(key) else None
    if row is None and not set(table.key) <= set(key):
        readers = {name: reader(entity.properties[name]) for name in key}
        row = next((held for held in table if all(readers[name](held) == fold(value) for name, value in key.items())), None)
    return row if row is not None and sees(book, entity, row, cross=cross) else None


def shown(book: Book, switches: Switches, entity: Entity, row: Row) -> Row:
    """The row as it is read now: a ledger account in whatever format is active at the moment; vendors name their company in capitals."""
    if entity.name == "VendorsV2":
        return {**row, "dataAreaId": str(row["dataAreaId"]).upper()}
    if entity.table == "lines" and row.get("AccountType") == "Ledger" and "_account" in row:
        return {**row, "AccountDisplayValue": dimensions.show_account(book, row["_account"], row["_dimensions"], switches)}
    return row


def list_response(book: Book, switches: Switches, entity: Entity, request: Request) -> Response:
    """One page of a set."""
    query = parse_query(entity, request.query, functions=switches["substring_functions"])
    rows = rows_of(book, entity, query, cross=is_cross_company(request))
    until = len(rows) if query.top is None else query.skip + query.top
    wanted = rows[query.skip : until]
    page_max = max(1, int(switches["page_rows_max"]))
    page = wanted[:page_max]
    columns = f"({','.join(query.select)})" if query.select else ""
    body: Json = {"@odata.context": f"{request.base_url}/data/$metadata#{entity.name}{columns}"}
    if query.count:
        body["@odata.count"] = len(rows)
    body["value"] = [_object(book, switches, entity, row, query) for row in page]
    if len(wanted) > len(page):
        body["@odata.nextLink"] = _next_link(switches, request, query, page_max)
    return json_response(200, body)


def one_response(book: Book, switches: Switches, entity: Entity, row: Row, request: Request) -> Response:
    """One row."""
    query = parse_query(entity, request.query)
    columns = f"({','.join(query.select)})" if query.select else ""
    context = f"{request.base_url}/data/$metadata#{entity.name}{columns}/$entity"
    return json_response(200, {"@odata.context": context, **_object(book, switches, entity, row, query)})


def _object(book: Book, switches: Switches, entity: Entity, row: Row, query: Query) -> Json:
    made = row_json(entity, shown(book, switches, entity, row), query.select)
    for name, select in query.expand.items():
        child = entities()[name]
        lines = (line for line in book.journal_lines(row) if not line.get("_hidden"))
        made[name] = [row_json(child, shown(book, switches, child, line), select) for line in lines]
    return made


def _next_link(switches: Switches, request: Request, query: Query, page_max: int) -> str:
    kept = [(name, value) for name, value in request.query if name not in ("$skip", "$skiptoken", "$top", "$count")]
    if query.top is not None:
        kept.append(("$top", str(query.top - page_max)))
    kept.append((f"${switches['next_link']}", str(query.skip + page_max)))
    root = str(switches["next_link_host"] or request.base_url).rstrip("/")
    return f"{root}{request.raw_path}?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in kept)


def _payment_lines(book: Book, equal: Mapping[str, Any]) -> list[Row]:
    """The lines of payment journals as general journal lines: the set shows every journal's."""
    found = [row for table in _PAYMENT_LINES for row in book[table].candidates(equal) if fold(equal.get("Document", "")) == ""]
    return [
        {**row, **{name: row[old] for name, old in _RENAMED.items() if old in row}, "LineNumber": Decimal(row["LineNumber"])}
        for row in found
    ]
