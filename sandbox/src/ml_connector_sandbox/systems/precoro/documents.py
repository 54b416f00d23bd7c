"""What the company's books hold, in words that a judge understands without knowing the vendor."""

from __future__ import annotations

import hashlib
from datetime import datetime
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json, Row
from ml_connector_sandbox.systems.precoro.book import Book
from ml_connector_sandbox.systems.precoro.invoices import CREDITS, STATUSES, approved_at, paid


def company_books(book: Book, switches: Switches, company: Json) -> Json:
    """Invoices, payments, suppliers, options, taxes and terms; amounts are texts of two decimals."""
    return {
        "currency": company["currency"],
        "invoices": [_invoice(book, switches, row) for row in book.rows("invoices")],
        "payments": [_payment(book, row) for row in book.rows("payments")],
        "suppliers": [_supplier(row) for row in book.rows("suppliers")],
        "options": [
            _option(book, family, row)
            for family in ("itemcustomfields", "documentcustomfields")
            for row in book.rows(f"{family}_options")
        ],
        "taxes": [
            {
                "id": row["id"],
                "name": row["name"],
                "percent": str(row["percent"]),
                "withheld": row["isWithholdingTax"],
                "external_id": row["externalId"],
            }
            for row in book.rows("taxes")
        ],
        "terms": [
            {
                "id": row["id"],
                "name": row["name"],
                "days": row["creditPeriodDays"],
                "open": row["enable"],
                "external_id": row["externalId"],
            }
            for row in book.rows("paymentterms")
        ],
        "entities": [
            {"id": row["id"], "name": row["name"], "external_id": row["externalId"]}
            for row in book.rows("legalentities")
        ],
    }


def _invoice(book: Book, switches: Switches, row: Row) -> Json:
    parent, original = book.get("invoices", row["parent"]), book.get("invoices", row["allocated"])
    supplier, term = book.get("suppliers", row["supplier"]), book.get("paymentterms", row["paymentTerm"])
    entity = book.get("legalentities", row["legalEntity"])
    scan = book.get("attachments", row["ocr"])
    return {
        "id": row["id"],
        "idn": row["idn"],
        "kind": "credit_note" if row["logicType"] in CREDITS else "invoice",
        "entity": None if entity is None else str(entity["id"]),
        "status": STATUSES[row["status"]],
        "approved_at": _moment(approved_at(row, switches)),
        "number": row["invoiceNumber"],
        "supplier": supplier["id"] if supplier else None,
        "issued": _moment(row["issueDate"]),
        "due": _moment(row["requiredDate"]),
        "currency": row["currency"],
        "rate": str(row["rate"]),
        "net": _amount(row["netSum"]),
        "vat": _amount(sum((held["amount"] for held in row["taxes"] if not held["withheld"]), Decimal(0))),
        "gross": _amount(row["sum"]),
        "withheld": _amount(row["withholdingTaxSum"]),
        "paid": _amount(paid(book, row)),
        "term": term["name"] if term else None,
        "codes": _codes(book, "documentcustomfields", row),
        "taxes": [
            {"name": book.tables["taxes"][held["tax"]]["name"], "amount": _amount(held["amount"])}
            for held in row["taxes"]
        ],
        "lines": [_line(book, held) for held in row["lines"]],
        "attachments": [_file(book, key) for key in row["attachments"]],
        "scan": scan["id"] if scan else None,
        "parent": parent["idn"] if parent else None,
        "allocated": original["idn"] if original else None,
        "waits": row["integrationStatus"] == 8,
        "external_id": row["externalId"],
        "log": row["externalIntegrationLog"],
        "marks": row.get("marks", 0),
    }


def _line(book: Book, held: Row) -> Json:
    return {
        "text": held["name"],
        "net": _amount(held["netSum"]),
        "vat": _amount(held["taxSum"]),
        "taxes": [book.tables["taxes"][key]["name"] for key in held["taxes"]],
        "codes": _codes(book, "itemcustomfields", held),
    }


def _codes(book: Book, family: str, row: Row) -> Json:
    """Codes by axis; a text stands for itself."""
    found = {}
    for field, value in row["values"].items():
        axis = book.tables[family][field]["axis"]
        option = book.get(f"{family}_options", value) if isinstance(value, int) else None
        found[axis] = option["code"] if option else value
    return found


def _file(book: Book, key: int) -> Json:
    row = book.tables["attachments"][key]
    content: bytes = row["content"]
    digest = hashlib.sha256(content).hexdigest()
    return {"id": row["id"], "name": row["name"], "bytes": len(content), "sha256": digest}


def _payment(book: Book, row: Row) -> Json:
    invoice = book.get("invoices", row["invoice"])
    return {
        "id": row["id"],
        "idn": row["idn"],
        "invoice": invoice["idn"] if invoice else None,
        "order": row["purchaseOrder"],
        "amount": _amount(row["sumPaid"]),
        "date": _moment(row["payDate"]),
        "cancelled": row["cancelled"],
        "means": row["means"],
        "external_id": row["externalId"],
    }


def _supplier(row: Row) -> Json:
    return {
        "id": row["id"],
        "code": row["uniqueCode"],
        "name": row["name"],
        "vat_number": row["taxPayerNumber"],
        "chamber_number": row["businessRegistrationNumber"],
        "iban": row["internationalBankAccountNumber"],
        "country": row["country"],
        "currencies": list(row["currencies"]),
        "open": row["enable"],
        "approval": row["approval"],
        "entities": [str(key) for key in row["legalEntities"]],
        "merged_into": row.get("merged_into"),
        "external_id": row["externalId"],
    }


def _option(book: Book, family: str, row: Row) -> Json:
    parent = book.get(f"{family}_options", row["parent"])
    return {
        "id": row["id"],
        "axis": book.tables[family][row["field"]]["axis"],
        "family": family,
        "code": row["code"],
        "name": row["name"],
        "open": row["enable"],
        "parent": parent["id"] if parent else None,
        "entities": list(row["entities"]),
        "external_id": row["externalId"],
    }


def _amount(value: Decimal) -> str:
    return format(value.quantize(Decimal("0.01")), "f")


def _moment(value: Any) -> str | None:
    return value.isoformat() if isinstance(value, datetime) else None
