"""Invoices and credit notes; orders, receipts and expenses beside them."""

from __future__ import annotations

from decimal import Decimal

from ml_connector_sandbox.core.vendor import Response
from ml_connector_sandbox.systems.precoro.answers import invalid, json_answer
from ml_connector_sandbox.systems.precoro.body import as_text, read_object
from ml_connector_sandbox.systems.precoro.endpoint import Answer, Call, Endpoint
from ml_connector_sandbox.systems.precoro.invoices import APPROVED, PENDING, STEPS, step
from ml_connector_sandbox.systems.precoro.masters import moment, set_external_id


def listing(table: str) -> Answer:
    """A list of documents."""
    return lambda call: call.listing(table)


def detail(table: str) -> Answer:
    """One document, whole; somebody may have changed it since it was listed."""

    def answer(call: Call) -> Response:
        row = call.found(table)
        if table == "invoices":
            call.tenant.before_detail(row)
        return call.detail(table, call.allowed(table, row))

    return answer


def marked(table: str) -> Answer:
    """PATCH of a document: the id of its counterpart, and what is shown to users about it."""

    def answer(call: Call) -> Response:
        row = call.found(table)
        call.may_write(table)
        switches = call.tenant.switches
        if set_external_id(call.book, switches, table, row, call.form()) and switches["patch_notifies"]:
            call.tell(table, row)
        return call.detail(table, row)

    return answer


def stepped(name: str) -> Answer:
    """A step of an invoice's approval."""

    def answer(call: Call) -> Response:
        row = call.found("invoices")
        call.may_write("invoices")
        step(call.book, call.tenant.switches, row, name, call.user["id"])
        for told in (row, *call.book.children(row)):
            call.tell("invoices", told)
        return call.detail("invoices", row)

    return answer


def _order_step(status: int) -> Answer:
    def answer(call: Call) -> Response:
        row = call.found("purchaseorders")
        call.may_write("purchaseorders")
        if row["status"] != PENDING:
            raise invalid(status="The Purchase Order is not pending.")
        row.update(status=status, updateDate=call.book.now())
        if status == APPROVED:
            row["approvalDate"] = call.book.now()
        call.tell("purchaseorders", row)
        return call.detail("purchaseorders", row)

    return answer


def _receive(call: Call) -> Response:
    """POST `/receipts/{poIdn}`, in JSON: what of an order has arrived."""
    order = call.found("purchaseorders")
    call.may_write("receipts")
    given = read_object(call.request)
    sent = given.get("items")
    if not isinstance(sent, list) or not sent:
        raise invalid(items="This value should not be blank.")
    ordered = {held["id"]: held for held in order["lines"]}
    lines = []
    for held in sent:
        text = as_text(held.get("quantity")) if isinstance(held, dict) else None
        known = (
            ordered.get(held.get("itemId"))
            if isinstance(held, dict) and type(held.get("itemId")) is int
            else None
        )
        if known is None or text is None or not text.isascii() or not text.isdigit() or len(text) > 9:
            raise invalid(items="This value is not valid.")
        lines.append(
            {
                "id": call.book.new_id("lines"),
                "orderLine": known["id"],
                "name": known["name"],
                "quantity": Decimal(text),
            }
        )
    try:
        required = moment(as_text(given.get("requiredDate")) or call.book.now().isoformat())
    except ValueError as error:
        raise invalid(requiredDate="This value is not valid.") from error
    row = call.book.add(
        "receipts",
        {
            "purchaseOrder": order["id"],
            "requiredDate": required,
            "note": as_text(given.get("note")),
            "receiptNumber": as_text(given.get("receiptNumber")),
            "status": APPROVED,
            "approvalDate": call.book.now(),
            "currency": order["currency"],
            "location": order["location"],
            "legalEntity": order["legalEntity"],
            "warehouse": None,
            "lines": lines,
            "attachments": [],
            "values": {},
            "creator": call.user["id"],
            "lastEditor": call.user["id"],
        },
    )
    call.tell("receipts", row, created=True)
    return json_answer(call.view.row("receipts", row, detail=True), 201)


def endpoints() -> list[Endpoint]:
    """Every path of documents."""
    found = [
        Endpoint(method="GET", path=f"/{table}{tail}", answer=answer)
        for table in ("invoices", "purchaseorders", "receipts", "expenses")
        for tail, answer in (("", listing(table)), ("/{key}", detail(table)))
    ]
    found += [
        Endpoint(method="PATCH", path=f"/{table}/{{key}}", answer=marked(table))
        for table in ("invoices", "purchaseorders")
    ]
    found += [
        Endpoint(method="POST", path=f"/invoices/{{key}}/{name}", answer=stepped(name)) for name in STEPS
    ]
    return [
        *found,
        Endpoint(method="POST", path="/purchaseorders/{key}/approve", answer=_order_step(APPROVED)),
        Endpoint(method="POST", path="/purchaseorders/{key}/reject", answer=_order_step(3)),
        Endpoint(method="POST", path="/receipts/{key}", answer=_receive),
    ]
