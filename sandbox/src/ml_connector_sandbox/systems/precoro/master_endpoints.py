"""Taxes, payment terms, locations, items, legal entities, users, and what can only be read."""

from __future__ import annotations

from ml_connector_sandbox.core.vendor import Response, Row
from ml_connector_sandbox.systems.precoro.endpoint import Answer, Call, Endpoint
from ml_connector_sandbox.systems.precoro.masters import (
    check_length,
    check_term,
    fresh,
    named,
    set_external_id,
    unique,
    values_of,
)

CODES = {"locations": "uniqueCode", "items": "sku"}
WRITABLE = ("taxes", "paymentterms", "locations", "items")
READ_ONLY = ("users", "units", "warehouses", "budgets", "suppliercustomfields")
WITH_DETAIL = ("locations", "items", "suppliercustomfields")
RESOURCES = {"suppliercustomfields": "customfields"}


def _list(table: str) -> Answer:
    return lambda call: call.listing(RESOURCES.get(table, table), table=table)


def _detail(table: str) -> Answer:
    return lambda call: call.detail(RESOURCES.get(table, table), call.found(table))


def _create(table: str) -> Answer:
    def answer(call: Call) -> Response:
        call.may_write(table)
        values = _checked(call, table, None, whole=True)
        row = call.book.add(table, {**fresh(table), **values})
        return call.detail(table, row, 201)

    return answer


def _replace(table: str) -> Answer:
    def answer(call: Call) -> Response:
        row = call.found(table)
        call.may_write(table)
        row.update(_checked(call, table, row, whole=True), updateDate=call.book.now())
        return call.detail(table, row)

    return answer


def _checked(call: Call, table: str, row: Row | None, *, whole: bool) -> Row:
    form = call.form()
    values = values_of(table, form, whole=whole)
    check_length(call.tenant.switches, values)
    code = CODES.get(table)
    if code:
        unique(call.book, call.tenant.switches, table, code, values.get(code), row)
    if table == "items" and "supplier" in form:
        values["supplier"] = named(call.book, form, "supplier", "suppliers")
    if table == "paymentterms":
        values = {name: value for name, value in values.items() if value is not None}
        check_term(values)
    if table == "taxes" and values.get("value") is None:
        values["value"] = values["percent"]
    return values


def _mark(table: str) -> Answer:
    """PATCH: the id of its counterpart."""

    def answer(call: Call) -> Response:
        row = call.found(table)
        call.may_write(table)
        set_external_id(call.book, call.tenant.switches, table, row, call.form())
        return call.detail(table, row)

    return answer


def _legal_entities(call: Call) -> Response:
    """The one list without `meta`."""
    whole = call.listing("legalentities")
    body = whole.body[: whole.body.rindex(b',"meta"')] + b"}"
    return Response(status=whole.status, headers=whole.headers, body=body)


def endpoints() -> list[Endpoint]:
    """Every path of master data but suppliers and custom fields."""
    found = [
        Endpoint(method="GET", path=f"/{table}", answer=_list(table)) for table in (*WRITABLE, *READ_ONLY)
    ]
    found += [
        Endpoint(method="GET", path=f"/{table}/{{key}}", answer=_detail(table)) for table in WITH_DETAIL
    ]
    found += [
        Endpoint(method=method, path=f"/{table}{tail}", answer=make(table))
        for table in WRITABLE
        for method, tail, make in (
            ("POST", "", _create),
            ("PUT", "/{key}", _replace),
            ("PATCH", "/{key}", _mark),
        )
    ]
    return [
        *found,
        Endpoint(method="GET", path="/legalentities", answer=_legal_entities),
        Endpoint(method="PATCH", path="/legalentities/{key}", answer=_mark("legalentities")),
        Endpoint(
            method="GET",
            path="/ap/documents",
            answer=lambda call: call.listing("ap_documents", table="apdocuments"),
        ),
    ]
