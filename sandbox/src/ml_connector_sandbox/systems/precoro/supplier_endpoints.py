"""Suppliers and their contracts."""

from __future__ import annotations

from ml_connector_sandbox.core.vendor import Json, Response, Row
from ml_connector_sandbox.systems.precoro.answers import invalid, json_answer
from ml_connector_sandbox.systems.precoro.body import as_text, read_object
from ml_connector_sandbox.systems.precoro.endpoint import Answer, Call, Endpoint
from ml_connector_sandbox.systems.precoro.masters import (
    BLANK,
    add_supplier,
    fresh,
    lists_of,
    set_external_id,
    unique,
    values_of,
)


def new_supplier(call: Call, form: Json) -> Row:
    """A supplier as it was sent; its code is made unless it was."""
    book, switches = call.book, call.tenant.switches
    values = {**values_of("suppliers", form, whole=True), **lists_of(book, form, whole=False)}
    unique(book, switches, "suppliers", "uniqueCode", values.get("uniqueCode"))
    is_approved = switches["new_supplier"] == "approved"
    return add_supplier(
        call.book,
        {
            **values,
            "approval": "approved" if is_approved else "pending",
            "approvalDate": book.now() if is_approved else None,
            "creator": call.user["id"],
        },
    )


def _create(call: Call) -> Response:
    call.may_write("suppliers")
    row = new_supplier(call, call.form())
    call.tell("suppliers", row, created=True)
    return call.detail("suppliers", row, 201)


def _replace(call: Call) -> Response:
    """PUT: lists are replaced whole, and one that is left out is empty."""
    row = call.found("suppliers")
    call.may_write("suppliers")
    form, book, switches = call.form(), call.book, call.tenant.switches
    values = {**values_of("suppliers", form, whole=True), **lists_of(book, form, whole=True)}
    unique(book, switches, "suppliers", "uniqueCode", values.get("uniqueCode"), row)
    if switches["put_clears_missing"]:
        kept = (
            "uniqueCode",
            "approvalDate",
            "attachments",
            "values",
            "enable",
            "taxPayer",
            "integrationStatus",
        )
        row.update({name: value for name, value in fresh("suppliers").items() if name not in kept})
    row.update(values, updateDate=book.now())
    call.tell("suppliers", row)
    return call.detail("suppliers", row)


def _mark(call: Call) -> Response:
    row = call.found("suppliers")
    call.may_write("suppliers")
    switches = call.tenant.switches
    if set_external_id(call.book, switches, "suppliers", row, call.form()) and switches["patch_notifies"]:
        call.tell("suppliers", row)
    return call.detail("suppliers", row)


def _custom_fields(call: Call) -> Response:
    """PATCH in JSON: `{"dataSupplierCustomFields": [{"supplierCustomField": {"id": 1}, "value": "…"}]}`."""
    row = call.found("suppliers")
    call.may_write("suppliers")
    given = read_object(call.request).get("dataSupplierCustomFields")
    given = given.get("data") if isinstance(given, dict) else given
    if not isinstance(given, list):
        raise invalid(dataSupplierCustomFields=BLANK)
    values = {}
    for held in given:
        field = held.get("supplierCustomField") if isinstance(held, dict) else None
        key = field.get("id") if isinstance(field, dict) else None
        if type(key) is not int or call.book.get("suppliercustomfields", key) is None:
            raise invalid(dataSupplierCustomFields="This value is not valid.")
        values[key] = as_text(held.get("value"))
    row["values"].update(values)
    row["updateDate"] = call.book.now()
    call.tell("suppliers", row)
    return call.detail("suppliers", row)


def _judged(state: str) -> Answer:
    def answer(call: Call) -> Response:
        row = call.found("suppliers")
        call.may_write("suppliers")
        if row["approval"] != "pending":
            raise invalid(status="The Supplier is not in approval.")
        now = call.book.now()
        row.update(approval=state, updateDate=now, approvalDate=now if state == "approved" else None)
        call.tell("suppliers", row)
        return call.detail("suppliers", row)

    return answer


def _contract(call: Call) -> Response:
    """POST `/contract` in JSON; `id` is the supplier's."""
    given = read_object(call.request)
    call.may_write("contracts")
    form = {
        name: ("1" if value else "0") if isinstance(value, bool) else as_text(value)
        for name, value in given.items()
    }
    values = values_of("contracts", form, whole=True)
    key = given.get("id")
    supplier = call.book.get("suppliers", key) if type(key) is int else None
    if supplier is None:
        raise invalid(id="The selected choice is invalid.")
    call.allowed("suppliers", supplier)
    values = {name: value for name, value in values.items() if value is not None}
    row = call.book.add(
        "contracts", {**fresh("contracts"), "legalEntity": None, **values, "supplier": supplier["id"]}
    )
    return json_answer(call.view.row("contracts", row, detail=True), 201)


def endpoints() -> list[Endpoint]:
    """Every path of suppliers and contracts."""
    return [
        Endpoint(method="GET", path="/suppliers", answer=lambda call: call.listing("suppliers")),
        Endpoint(method="POST", path="/suppliers", answer=_create),
        Endpoint(
            method="GET",
            path="/suppliers/{key}",
            answer=lambda call: call.detail("suppliers", call.found("suppliers")),
        ),
        Endpoint(method="PUT", path="/suppliers/{key}", answer=_replace),
        Endpoint(method="PATCH", path="/suppliers/{key}", answer=_mark),
        Endpoint(method="PATCH", path="/suppliers/{key}/customfields", answer=_custom_fields),
        Endpoint(method="POST", path="/suppliers/{key}/approve", answer=_judged("approved")),
        Endpoint(method="POST", path="/suppliers/{key}/reject", answer=_judged("rejected")),
        Endpoint(method="GET", path="/contracts", answer=lambda call: call.listing("contracts")),
        Endpoint(
            method="GET",
            path="/contracts/{key}",
            answer=lambda call: call.detail("contracts", call.found("contracts")),
        ),
        Endpoint(method="POST", path="/contract", answer=_contract),
    ]
