"""Master data, in and out: accounts, VAT codes, journals, suppliers, dimensions, and what accounts are
attached to.
"""

from __future__ import annotations

from collections.abc import Callable

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Response, Row
from ml_connector_sandbox.systems.findity.answers import Refused
from ml_connector_sandbox.systems.findity.endpoint import Call, Endpoint
from ml_connector_sandbox.systems.findity.masters import RESOURCES, create, update, written
from ml_connector_sandbox.systems.findity.paging import listed, page_of
from ml_connector_sandbox.systems.findity.switches import path_of

Answer = Callable[[Call], Response]


def _owner(call: Call, table: str) -> Row:
    """What a record of the table belongs to."""
    held: Row = {"organization": call.organization()["id"]}
    if table == "dimension_values":
        held["dimension"] = call.found("dimensions", "dimension")["id"]
    return held


def _row(call: Call, table: str) -> Row:
    row = call.found(table, "key")
    owner = _owner(call, table)
    if any(row[name] != value for name, value in owner.items()):
        raise Refused(404, "Not found")
    return row


def _list(table: str) -> Answer:
    def answer(call: Call) -> Response:
        rows = [
            row
            for row in call.book.rows(table, **_owner(call, table))
            if row["active"] or not call.switches["disabled_hidden"]
        ]
        shown = page_of(rows, call.request, call.switches)
        return listed([written(table, row, call.switches) for row in shown], len(rows), call.switches)

    return answer


def _one(table: str) -> Answer:
    def answer(call: Call) -> Response:
        return call.answer(written(table, _row(call, table), call.switches))

    return answer


def _create(table: str) -> Answer:
    def answer(call: Call) -> Response:
        row, is_new = create(call.book, call.switches, table, _owner(call, table), call.body())
        status = int(call.switches["created_status"]) if is_new else 200
        return call.answer(written(table, row, call.switches), status if status in (200, 201) else 201)

    return answer


def _update(table: str) -> Answer:
    def answer(call: Call) -> Response:
        row = _row(call, table)
        update(call.book, call.switches, table, row, call.body())
        return call.answer(written(table, row, call.switches))

    return answer


def _delete(table: str) -> Answer:
    def answer(call: Call) -> Response:
        row = _row(call, table)
        if is_used(call, row):
            raise Refused(409, "It is in use")
        del call.book.tables[table][row["id"]]
        return Response(status=204)

    return answer


def is_used(call: Call, row: Row) -> bool:
    """Whether something hangs on a record."""
    book = call.book
    attached = any(
        held["account"] == row.get("number", "") and held["organization"] == row["organization"]
        for table in ("categories", "payment_methods", "vat_codes")
        for held in book.rows(table)
    )
    lines = (line for expense in book.rows("expenses") for line in expense["lines"])
    return (
        ("class" in row and attached)
        or any(
            row["id"] == line["vat_code"] or row["id"] in {*line["codes"], *line["codes"].values()}
            for line in lines
        )
        or any(True for _ in book.rows("dimension_values", dimension=row["id"]))
    )


def endpoints(switches: Switches) -> list[Endpoint]:
    """Every path of master data."""
    found: list[Endpoint] = []
    for table, resource in RESOURCES.items():
        path = path_of(switches, table)
        one = path + "/{key}"
        verb = str(switches["update_method"])
        made = [
            Endpoint(method="GET", path=path, answer=_list(table)),
            Endpoint(method="GET", path=one, answer=_one(table)),
            Endpoint(method=verb, path=one, answer=_update(table)),
        ]
        if resource.made_by_client:
            made.append(Endpoint(method="POST", path=path, answer=_create(table)))
        if resource.made_by_client and switches["master_delete"]:
            made.append(Endpoint(method="DELETE", path=one, answer=_delete(table)))
        found += made
    return found
