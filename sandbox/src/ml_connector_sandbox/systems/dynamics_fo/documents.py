"""What stands in the books, for whoever counts: general journals as documents, payments beside them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.vendor import Broken, Json, Row
from ml_connector_sandbox.systems.dynamics_fo.book import Book
from ml_connector_sandbox.systems.dynamics_fo.dimensions import (
    DEFAULT_FORMAT,
    active_format,
    delimiter,
    split,
    unusable_values,
    value_in,
)
from ml_connector_sandbox.systems.dynamics_fo.masters import text_of
from ml_connector_sandbox.systems.dynamics_fo.schema import BLANK_DATE, LAST_MOMENT


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


def members(book: Book) -> Json:
    """What can be booked on, and who is employed, as of now. A value without a company is shared; what a
    company overrides of it is a member of that company.
    """
    return {
        "members": [_member(book, row) for row in book["dimension_values"]],
        "people": [_person(book, row) for row in book["employments"]],
    }


def _member(book: Book, row: Row) -> Json:
    name, code, company = row["FinancialDimension"], row["DimensionValue"], row["LegalEntityId"]
    seen = value_in(book, company, name, code)
    return {
        "entity": company,
        "axis": book.axes.get(name, name),
        "id": str(row["RecId"]),
        "code": code,
        "name": text_of(book, row),
        "open": not unusable_values(book, company, {name: code}, book.today()),
        "from": _day(seen["ActiveFrom"]),
        "to": _day(seen["ActiveTo"]),
    }


def _person(book: Book, row: Row) -> Json:
    start, end = row["EmploymentStartDate"], row["EmploymentEndDate"]
    return {
        "entity": row["LegalEntityId"],
        "number": row["PersonnelNumber"],
        "name": row["Name"],
        "active": start <= book.now() <= end,
        "from": f"{start.isoformat()}Z",
        "to": None if end == LAST_MOMENT else f"{end.isoformat()}Z",
        "dimensions": _defaults(book, row["DimensionDisplayValue"]),
    }


def _defaults(book: Book, text: str) -> Json:
    """Default dimensions by axis; none while no format is active."""
    try:
        names = active_format(book, DEFAULT_FORMAT)
    except Broken:
        return {}
    values = zip(names, split(text, delimiter(book)), strict=False)
    return {book.axes.get(name, name): value for name, value in values if value}


def _day(day: date) -> str | None:
    return None if day == BLANK_DATE else day.isoformat()


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
