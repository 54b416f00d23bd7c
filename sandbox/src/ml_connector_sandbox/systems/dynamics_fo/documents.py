"""What stands in the books, for whoever counts: general journals as documents, payments beside them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.vendor import Json, Row
from ml_connector_sandbox.systems.dynamics_fo.book import Book


def documents(book: Book) -> list[Json]:
    """Every general journal, draft or posted, also those whose lines were deleted after posting."""
    return [_document(book, header) for header in book["headers"]]


def payments(book: Book) -> list[Json]:
    """Every line of a vendor payment journal."""
    out = []
    for line in book["vendor_payment_lines"]:
        header = book["vendor_payments"].get(line["dataAreaId"], line["JournalBatchNumber"]) or {}
        out.append(
            {
                "id": f"{line['JournalBatchNumber']}/{line['LineNumber']}",
                "entity": line["dataAreaId"],
                "account": line["AccountDisplayValue"],
                "invoice": line["MarkedInvoice"],
                "amount": amount_text(line["DebitAmount"] - line["CreditAmount"]),
                "date": line["TransactionDate"].isoformat(),
                "status": "posted" if header.get("IsPosted") == "Yes" else "draft",
            }
        )
    return out


def amount_text(value: Decimal) -> str:
    """An amount for the books: two decimals at least, no exponent."""
    return format(value.quantize(Decimal("0.01")) if value == value.quantize(Decimal("0.01")) else value, "f")


def _document(book: Book, header: Row) -> Json:
    lines = book.journal_lines(header)
    day = lines[0]["TransDate"] if lines else header["_created"].date()
    status = book.period_of(header["dataAreaId"], day)
    return {
        "id": header["JournalBatchNumber"],
        "number": header["JournalBatchNumber"],
        "entity": header["dataAreaId"],
        "journal": header["JournalName"],
        "date": day.isoformat(),
        "period": f"{status['_start']:%Y-%m}" if status else "",
        "status": "posted" if header["IsPosted"] == "Yes" else "draft",
        "currency": lines[0]["CurrencyCode"] if lines else header["AccountingCurrency"],
        "text": header["Description"],
        "vouchers": sorted({line["Voucher"] for line in lines}),
        "lines": [_line(book, line) for line in lines],
        **({"seeded": True} if header.get("_seeded") else {}),
    }


def _line(book: Book, line: Row) -> Json:
    held: dict[str, Any] = {book.axes.get(name, name): value for name, value in line["_dimensions"].items()}
    return {
        "account": line["_account"],
        "amount": amount_text(line["DebitAmount"] - line["CreditAmount"]),
        "dimensions": held,
        "text": line.get("Text", ""),
        "reference": line.get("Document", ""),
        "currency": line["CurrencyCode"],
        "voucher": line["Voucher"],
        "date": line["TransDate"].isoformat(),
    }
