"""What the vendor's books hold, in words that a judge understands without knowing the vendor."""

from __future__ import annotations

import hashlib
from decimal import Decimal

from ml_connector_sandbox.core.vendor import Json, Row
from ml_connector_sandbox.systems.findity.book import MASTERS, Book
from ml_connector_sandbox.systems.findity.expenses import TYPES
from ml_connector_sandbox.systems.findity.render import notice
from ml_connector_sandbox.systems.findity.vouchers import ACCOUNTING, resolved


def expense_books(book: Book, client_id: str) -> Json:
    """Organizations, reports, exports and master data; amounts are texts of two decimals."""
    codes = _codes(book)
    return {
        "organizations": [_organization(row) for row in book.rows("organizations")],
        "users": [_plain(row) for row in book.rows("users")],
        "reports": [_report(book, row, codes) for row in book.rows("reports")],
        "exports": [_export(book, row, client_id, codes) for row in book.rows("exports")],
        **{table: [_plain(row) for row in book.rows(table)] for table in MASTERS},
    }


def _plain(row: Row) -> Json:
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in row.items()}


def _organization(row: Row) -> Json:
    return {
        "id": row["id"],
        "external_id": row["external_id"],
        "name": row["name"],
        "currency": row["currency"],
        "grouping": row["grouping"],
        "bookkeeping": row["bookkeeping"],
        "journal": row["journal"],
        "api": row["api"],
    }


def _report(book: Book, row: Row, codes: Json) -> Json:
    return {
        "id": row["id"],
        "number": row["number"],
        "organization": row["organization"],
        "user": row["user"],
        "title": row["title"],
        "status": row["status"],
        "revision": row["revision"],
        "approved_at": row["approved_at"].isoformat() if row["approved_at"] else None,
        "message": row["message"],
        "returns": row["returns"],
        "expenses": [_expense(book, resolved(book, expense), codes) for expense in book.expenses_of(row)],
        "booked": [
            {
                **_expense(book, expense, codes),
                "export": expense["export"],
                "revision": expense["revision"],
                "accounting": book.tables["exports"][expense["export"]]["grouping"] in ACCOUNTING,
            }
            for expense in row["booked"].values()
        ],
    }


def _expense(book: Book, row: Row, codes: Json) -> Json:
    """What one expense comes to, in the organization's currency."""
    return {
        "id": row["id"],
        "type": TYPES[row["type"]],
        "date": row["date"].isoformat(),
        "text": row["text"],
        "merchant": row["merchant"],
        "paid_by": row["method"],
        "reimbursable": row["reimbursable"],
        "credit_account": row["credit_account"],
        "currency": row["currency"],
        "original": amount(row["original"]),
        "rate": str(row["rate"]),
        "gross": amount(row["gross"]),
        "net": amount(sum((line["net"] for line in row["lines"]), Decimal(0))),
        "vat": amount(sum((line["vat"] for line in row["lines"]), Decimal(0))),
        "salary_code": row["salary_code"],
        "distance": str(row["mileage"]["distance"]) if row["mileage"] else None,
        "lines": [
            {
                "category": line["category_name"],
                "account": line["account"],
                "net": amount(line["net"]),
                "vat": amount(line["vat"]),
                "vat_code": line["code"],
                "vat_account": line["vat_account"],
                "codes": _named(line["codes"], codes),
            }
            for line in row["lines"]
        ],
        "receipts": [_file(book.tables["receipts"][key]) for key in row["receipts"]],
        "missing_receipt": row["missing"],
    }


def _file(row: Row) -> Json:
    content: bytes = row["content"]
    digest = hashlib.sha256(content).hexdigest()
    return {"id": row["id"], "name": row["name"], "bytes": len(content), "sha256": digest}


def _export(book: Book, row: Row, client_id: str, codes: Json) -> Json:
    return {
        "id": row["id"],
        "number": row["number"],
        "organization": row["organization"],
        "grouping": row["grouping"],
        "status": row["status"],
        "made_at": row["made_at"].isoformat(),
        "reports": list(row["reports"]),
        "webhook": row["webhook"],
        "notice": notice(book, row, client_id),
        "vouchers": [_voucher(book.tables["vouchers"][key], codes) for key in row["vouchers"]],
    }


def _voucher(row: Row, codes: Json) -> Json:
    return {
        "id": row["id"],
        "number": row["number"],
        "user": row["user"],
        "reports": [report["id"] for report in row["reports"]],
        "status": row["status"],
        "message": row["message"],
        "reference": row["reference"],
        "answers": row["answers"],
        "rows": [
            {
                "type": held["type"],
                "account": held["account"],
                "amount": amount(held["amount"]),
                "vat_code": held["vat_code"],
                "codes": _named(held["codes"], codes),
                "salary_code": held["salary_code"],
            }
            for held in row["rows"]
        ],
    }


def _codes(book: Book) -> Json:
    """The axis of each dimension, and the code of each value, by their ids."""
    axes = {row["id"]: row.get("axis") or row["name"] for row in book.rows("dimensions")}
    return {**axes, **{row["id"]: row["code"] for row in book.rows("dimension_values")}}


def _named(held: Json, codes: Json) -> Json:
    return {codes.get(name, name): codes.get(value, value) for name, value in held.items()}


def amount(value: Decimal) -> str:
    """As text of two decimals."""
    return format(value.quantize(Decimal("0.01")), "f")
