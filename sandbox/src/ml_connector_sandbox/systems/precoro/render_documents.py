"""Invoices, orders, receipts, expenses and payments as they stand on the wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.vendor import Json, Row
from ml_connector_sandbox.systems.precoro.invoices import CREDITS, STATUSES, approved_at, remaining, rounded
from ml_connector_sandbox.systems.precoro.render_lines import document_fields, line, tax_rows
from ml_connector_sandbox.systems.precoro.render_masters import attachment, user
from ml_connector_sandbox.systems.precoro.render_view import View

ABSENT = object()
"""The value of a field that is left out."""


def _document(view: View, row: Row) -> Json:
    """What invoices, orders and expenses have in common."""
    sign = -1 if row.get("logicType") in CREDITS and view.switches["credit_note_sums"] == "negative" else 1
    amounts = {
        name: row[name] * sign
        for name in ("sum", "netSum", "sumPaid", "withholdingTaxSum")
        if row.get(name) is not None
    }
    rate: Decimal = row["rate"]
    own = {f"{name}InCompanyCurrency": rounded(amount * rate) for name, amount in amounts.items()}
    options = sorted(value for value in row["values"].values() if isinstance(value, int))
    return {
        **amounts,
        **own,
        "exchangeRate": _rate(view, row),
        "statusString": f"status.{STATUSES[row['status']]}",
        "allDocumentCustomFieldOptionsIds": (
            ",".join(map(str, options)) if view.switches["option_ids_as"] == "text" else options
        ),
        "supplier": view.ref("suppliers", row.get("supplier"), "name", "uniqueCode", "externalId"),
        "legalEntity": view.ref("legalentities", row["legalEntity"], "name", "externalId"),
        "location": view.ref("locations", row["location"], "name", "uniqueCode"),
        "company": {"id": view.company["id"], "name": view.company["name"]},
        "precisionData": {"price": 4, "sum": 2},
        "creator": user(view, row["creator"]),
        "lastEditor": user(view, row["lastEditor"]),
        "items": [line(view, held, sign) for held in row["lines"]],
        "taxes": tax_rows(view, row["taxes"], sign),
        "dataDocumentCustomFields": document_fields(view, row),
        "attachments": [attachment(view, key) for key in row["attachments"]],
        "comments": [{"id": at, "text": text} for at, text in enumerate(row.get("comments", ()), 1)],
        **_terms(view, row.get("paymentTerm")),
    }


def _invoice(view: View, row: Row) -> Mapping[str, Any]:
    book, parent = view.book, view.book.get("invoices", row["parent"])
    as_data = view.switches["parent_as"] == "parentData"
    allocated = book.get("invoices", row["allocated"])
    scan = book.get("attachments", row["ocr"])
    supplier = book.get("suppliers", row["supplier"])
    return {
        **_document(view, row),
        "approvalDate": approved_at(row, view.switches),
        "modifyDate": row["updateDate"],
        "vendorName": supplier["name"] if supplier else None,
        "totalAmount": row["sum"],
        "purchaseOrder": view.ref("purchaseorders", row["purchaseOrder"], "idn", "externalId"),
        "contracts": [view.ref("contracts", key, "number") for key in row["contracts"]],
        "payments": [view.row("payments", held) for held in book.payments(row)],
        "relatedOcrAttachment": attachment(view, scan["id"]) if scan else None,
        "allocatedInvoice": {"id": allocated["id"], "idn": allocated["idn"]} if allocated else None,
        "parentData": ({"idn": parent["idn"]} if parent else None) if as_data else ABSENT,
        "lastApprover": user(view, row["lastApprover"]),
        "approvalSteps": [
            {"id": at, "name": name, "approved": row["approvalDate"] is not None}
            for at, name in enumerate(("Budget holder", "Finance"), 1)
        ],
        "+": {} if as_data else {"parentIdn": parent["idn"] if parent else None},
    }


def _order(view: View, row: Row) -> Mapping[str, Any]:
    billed = [held for held in view.book.rows("invoices") if held["purchaseOrder"] == row["id"]]
    receipts = [held for held in view.book.rows("receipts") if held["purchaseOrder"] == row["id"]]
    return {
        **_document(view, row),
        "invoicedSum": sum((held["sum"] for held in billed), Decimal(0)),
        "netInvoicedSum": sum((held["netSum"] for held in billed), Decimal(0)),
        "relatedReceipts": [{"id": held["id"], "idn": held["idn"]} for held in receipts],
    }


def _receipt(view: View, row: Row) -> Mapping[str, Any]:
    return {
        "purchaseOrder": view.ref("purchaseorders", row["purchaseOrder"], "idn", "externalId"),
        "location": view.ref("locations", row["location"], "name", "uniqueCode"),
        "warehouse": view.ref("warehouses", row["warehouse"], "name"),
        "creator": user(view, row["creator"]),
        "lastEditor": user(view, row["lastEditor"]),
        "items": [
            {
                "id": held["id"],
                "quantity": held["quantity"],
                "itemId": held.get("orderLine"),
                "name": held.get("name"),
            }
            for held in row["lines"]
        ],
        "attachments": [attachment(view, key) for key in row["attachments"]],
    }


def _expense(view: View, row: Row) -> Mapping[str, Any]:
    paid = [held for held in view.book.rows("expensepayments") if held["expense"] == row["id"]]
    return {**_document(view, row), "expensePayments": [view.row("expensepayments", held) for held in paid]}


def _payment(view: View, row: Row) -> Mapping[str, Any]:
    invoice = view.book.get("invoices", row["invoice"])
    status = "payment_status_cancelled" if row["cancelled"] else "payment_status_active"
    return {
        "status": view.switches[status],
        "balance": remaining(view.book, invoice) if invoice else Decimal(0),
        "invoice": {"id": invoice["id"], "idn": invoice["idn"]} if invoice else None,
        "purchaseOrder": view.ref("purchaseorders", row["purchaseOrder"], "idn"),
        "prepayment": row["logicType"] == 1,
        "creator": user(view, row["creator"]),
    }


def _expense_payment(view: View, row: Row) -> Mapping[str, Any]:
    return {
        "status": view.switches["payment_status_active"],
        "expense": view.ref("expenses", row["expense"], "idn"),
        "creator": user(view, row["creator"]),
    }


def _rate(view: View, row: Row) -> Any:
    """What the company pays for one unit of the document's currency, or the other way round."""
    rate: Decimal = row["rate"]
    is_foreign = row["currency"] != view.company["currency"]
    if view.switches["exchange_rate_direction"] == "document_per_company" and is_foreign:
        rate = (1 / rate).quantize(Decimal("0.000001"))
    if view.switches["exchange_rate_as"] == "number":
        return rate
    return {"currency": row["currency"], "rate": rate} if is_foreign else view.unset()


def _terms(view: View, key: int | None) -> Json:
    """The payment term of a document, and its numbers beside it."""
    term = view.book.get("paymentterms", key)
    if term is None:
        return {"paymentTerm": view.unset()}
    numbers = ("prepaymentPercent", "postpaymentPercent", "creditPeriodDays")
    return {
        "paymentTerm": view.ref("paymentterms", key, "name", "creditPeriodDays", "externalId"),
        **{name: term[name] for name in numbers},
    }


DERIVED: Mapping[str, Callable[[View, Row], Mapping[str, Any]]] = {
    "invoices": _invoice,
    "purchaseorders": _order,
    "receipts": _receipt,
    "expenses": _expense,
    "payments": _payment,
    "expensepayments": _expense_payment,
}
