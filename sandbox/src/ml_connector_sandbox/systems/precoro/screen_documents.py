"""What people do with invoices at the vendor's screens: approve, revise, cancel, pay, split, attach."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json, Row
from ml_connector_sandbox.systems.precoro.attachment_endpoints import add_file
from ml_connector_sandbox.systems.precoro.book import Book
from ml_connector_sandbox.systems.precoro.entering import (
    amount,
    change_lines,
    enter_invoice,
    one,
    split,
    text,
    when,
)
from ml_connector_sandbox.systems.precoro.invoices import (
    APPROVED,
    CANCELED,
    CLOSED,
    CREDITS,
    PENDING,
    PENDING_RECEIPT,
    STATUSES,
    cancel_payment,
    move,
    pay,
    remaining,
    settle,
    step,
)
from ml_connector_sandbox.systems.precoro.seed import file_content
from ml_connector_sandbox.systems.precoro.webhooks import CREATED, UPDATED, Webhooks

FILE_MAX = 64 * 1024 * 1024


class Tenant(Protocol):
    """What these actions work on."""

    book: Book
    switches: Switches
    webhooks: Webhooks


Action = Callable[[Any, Json], Json]


def invoice_of(tenant: Tenant, typed: Json) -> Row:
    """By `idn`, by `id`, by the supplier's `number`, or, with none, the last one; `KeyError` for none."""
    fields = {"idn": "idn", "id": "id", "number": "invoiceNumber"}
    wanted = next((name for name in fields if name in typed), None)
    rows = list(tenant.book.rows("invoices"))
    if wanted is not None:
        rows = [row for row in rows if str(row[fields[wanted]]) == str(typed[wanted])]
    if not rows:
        raise KeyError(f"invoice {typed.get(wanted or '')}")
    return rows[-1]


def clerk(tenant: Tenant) -> int:
    """The person at the screen: the last user who is active."""
    found: int = [user["id"] for user in tenant.book.rows("users") if user["active"]][-1]
    return found


def _shown(tenant: Tenant, invoice: Row) -> Json:
    return {
        "id": invoice["id"],
        "idn": invoice["idn"],
        "number": invoice["invoiceNumber"],
        "status": STATUSES[invoice["status"]],
        "left": str(remaining(tenant.book, invoice)),
    }


def _told(tenant: Tenant, invoice: Row, action: int = UPDATED) -> Json:
    tenant.webhooks.tell(tenant.book, "invoices", invoice, action)
    return _shown(tenant, invoice)


def _add(tenant: Tenant, typed: Json) -> Json:
    """Entered now, whenever it was issued."""
    now = tenant.book.now().isoformat()
    status = str(typed.get("status", "pending"))
    approved = {} if status in ("pending", "open", "awaiting_confirmation") else {"approved": now}
    invoice = enter_invoice(tenant.book, {"created": now, **approved, **typed}, clerk(tenant))
    return _told(tenant, invoice, CREATED)


def _stepped(name: str) -> Action:
    def action(tenant: Tenant, typed: Json) -> Json:
        invoice = invoice_of(tenant, typed)
        step(tenant.book, tenant.switches, invoice, name, clerk(tenant))
        for child in tenant.book.children(invoice):
            _told(tenant, child)
        return _told(tenant, invoice)

    return action


def _moved(status: int) -> Action:
    def action(tenant: Tenant, typed: Json) -> Json:
        invoice = invoice_of(tenant, typed)
        for row in (*tenant.book.children(invoice), invoice):
            move(tenant.book, tenant.switches, row, status, clerk(tenant))
            _told(tenant, row)
        return _shown(tenant, invoice)

    return action


def _receive(tenant: Tenant, typed: Json) -> Json:
    """What the invoice waited for has come."""
    invoice = invoice_of(tenant, typed)
    if invoice["status"] != PENDING_RECEIPT:
        raise ValueError("the invoice does not wait for a receipt")
    move(tenant.book, tenant.switches, invoice, APPROVED, clerk(tenant))
    return _told(tenant, invoice)


def _edit(tenant: Tenant, typed: Json) -> Json:
    """Header fields, lines, codes; a plain edit, whatever state the invoice is in."""
    invoice, book = invoice_of(tenant, typed), tenant.book
    facts = typed["set"]
    values: Row = {}
    for name, field in (("number", "invoiceNumber"), ("note", "note")):
        if name in facts:
            values[field] = text(facts[name])
    for name, field in (("issued", "issueDate"), ("due", "requiredDate")):
        if name in facts:
            values[field] = when(facts[name])
    if "supplier" in facts:
        values["supplier"] = one(book, "suppliers", "uniqueCode", facts["supplier"])["id"]
    if "currency" in facts:
        values["currency"] = str(facts["currency"])
    if "entity" in facts:
        values["legalEntity"] = one(book, "legalentities", "name", facts["entity"])["id"]
    change_lines(book, invoice, facts)
    invoice.update(values, updateDate=book.now(), lastEditor=clerk(tenant))
    settle(book, invoice)
    return _told(tenant, invoice)


def _pay(tenant: Tenant, typed: Json) -> Json:
    """Paid whole unless an amount is typed: by a person, or by a company card."""
    invoice, book = invoice_of(tenant, typed), tenant.book
    value = amount(typed["amount"]) if "amount" in typed else remaining(book, invoice)
    values = {
        "payDate": when(typed.get("date")) or book.now(),
        "logicType": 0,
        "creator": clerk(tenant),
        "means": text(typed.get("means")) or "screen",
    }
    payment = pay(book, tenant.switches, invoice, value, values)
    return {**_told(tenant, invoice), "payment": payment["idn"]}


def _cancel_payment(tenant: Tenant, typed: Json) -> Json:
    """By the payment's number, or the last payment that stands."""
    standing = [row for row in tenant.book.rows("payments") if not row["cancelled"]]
    if "payment" in typed:
        standing = [row for row in standing if row["idn"] == str(typed["payment"])]
    if not standing:
        raise KeyError(f"payment {typed.get('payment', '(none stands)')}")
    cancel_payment(tenant.book, standing[-1])
    invoice = tenant.book.get("invoices", standing[-1]["invoice"])
    told = _told(tenant, invoice) if invoice is not None else {}
    return {**told, "payment": standing[-1]["idn"]}


def _split(tenant: Tenant, typed: Json) -> Json:
    invoice = invoice_of(tenant, typed)
    if invoice["parent"] is not None or tenant.book.children(invoice):
        raise ValueError("the invoice is split already")
    made = split(tenant.book, invoice, typed["parts"])
    invoice["updateDate"] = tenant.book.now()
    for child in made:
        _told(tenant, child, CREATED)
    return {**_told(tenant, invoice), "children": [child["idn"] for child in made]}


def _attach(tenant: Tenant, typed: Json) -> Json:
    """A file of `bytes` made-up bytes, or of `content` (base64)."""
    invoice = invoice_of(tenant, typed)
    name = text(typed.get("name")) or "invoice.pdf"
    size = int(typed.get("bytes", 3_000))
    if not 0 <= size <= FILE_MAX:
        raise ValueError(f"bytes: 0 to {FILE_MAX}")
    if "content" in typed:
        content = base64.b64decode(str(typed["content"]), validate=True)
    else:
        content = file_content(f"{invoice['idn']} {name} {len(invoice['attachments'])}", size)
    row = add_file(tenant.book, "invoices", invoice, name, content, text(typed.get("comment")), clerk(tenant))
    if typed.get("scan"):
        invoice["ocr"] = row["id"]
    invoice["updateDate"] = tenant.book.now()
    return {**_told(tenant, invoice), "attachment": row["id"]}


def _detach(tenant: Tenant, typed: Json) -> Json:
    """A file by its id, or the last one."""
    invoice = invoice_of(tenant, typed)
    held = invoice["attachments"]
    key = int(typed["attachment"]) if "attachment" in typed else (held[-1] if held else 0)
    if key not in held:
        raise KeyError(f"attachment {key}")
    held.remove(key)
    tenant.book.tables["attachments"].pop(key)
    invoice["ocr"] = None if invoice["ocr"] == key else invoice["ocr"]
    invoice["updateDate"] = tenant.book.now()
    return {**_told(tenant, invoice), "attachment": key}


def _comment(tenant: Tenant, typed: Json) -> Json:
    """Nothing that matters has changed, and still the invoice is updated."""
    invoice = invoice_of(tenant, typed)
    invoice.setdefault("comments", []).append(text(typed.get("text")) or "Seen")
    invoice["updateDate"] = tenant.book.now()
    return _told(tenant, invoice)


def _allocate(tenant: Tenant, typed: Json) -> Json:
    """A credit note is for that invoice."""
    credit = invoice_of(tenant, typed)
    original = invoice_of(tenant, {"idn": typed["to"]})
    if credit["logicType"] not in CREDITS or original["logicType"] in CREDITS:
        raise ValueError("a credit note is allocated to an invoice")
    credit.update(allocated=original["id"], updateDate=tenant.book.now())
    return _told(tenant, credit)


def _hold_back(tenant: Tenant, typed: Json) -> Json:
    """It waits for the connector of the vendor's own, or no longer."""
    invoice = invoice_of(tenant, typed)
    invoice["integrationStatus"] = 8 if typed.get("waits", True) else None
    invoice["updateDate"] = tenant.book.now()
    return _told(tenant, invoice)


def _crowd(tenant: Tenant, typed: Json) -> Json:
    """Many invoices change in one second, as by an import of somebody else's."""
    at = tenant.book.now() - timedelta(seconds=int(typed.get("seconds_ago", 0)))
    rows = list(tenant.book.rows("invoices"))
    for row in rows:
        row["updateDate"] = at
    return {"changed": len(rows), "at": at.isoformat()}


ACTIONS: dict[str, Action] = {
    "add_invoice": _add,
    "approve": _stepped("approve"),
    "deny": _stepped("reject"),
    "revise": _stepped("revision"),
    "confirm_revision": _stepped("confirm_revise"),
    "confirm": _stepped("confirm"),
    "cancel": _moved(CANCELED),
    "close": _moved(CLOSED),
    "wait_for_receipt": _moved(PENDING_RECEIPT),
    "back_to_approval": _moved(PENDING),
    "receive": _receive,
    "edit_invoice": _edit,
    "pay": _pay,
    "cancel_payment": _cancel_payment,
    "split": _split,
    "attach": _attach,
    "detach": _detach,
    "comment": _comment,
    "allocate": _allocate,
    "hold_back": _hold_back,
    "change_all": _crowd,
}
