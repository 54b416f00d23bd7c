"""What stands in the books, for whoever counts: every entry of every division as a document."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from ml_connector_sandbox.core.vendor import Json, Row
from ml_connector_sandbox.systems.exact_online.book import STATUS_TEXT, DivisionBook, as_amount
from ml_connector_sandbox.systems.exact_online.vat import percentage_on

_MEMBERS = (("cost_center", "cost_centers"), ("cost_unit", "cost_units"), ("payee", "relations"))
_CREDITORS = 22
_CHART: tuple[tuple[str, str, Callable[[Row], bool]], ...] = (
    ("account", "accounts", lambda row: not row.get("IsBlocked")),
    ("vat_code", "vat_codes", lambda row: not row.get("IsBlocked")),
    ("journal", "journals", lambda row: not row.get("IsBlocked")),
    ("supplier", "relations", lambda row: not row.get("Blocked")),
    ("cost_center", "cost_centers", lambda row: row.get("Active") is not False),
    ("cost_unit", "cost_units", lambda row: True),
    ("project", "projects", lambda row: not row.get("BlockEntry")),
)
"""Kinds of what an entry is coded with, the table of each, and whether a row of it can be chosen."""
_NAMED = (("relation", "AccountCode"), ("vat_code", "VATCode"))
"""What only some lines have: the relation that is owed to, and the VAT code."""
_AXES = (("cost_center", "CostCenter"), ("cost_unit", "CostUnit"), ("project", "ProjectCode"))


def documents(books: Iterable[DivisionBook]) -> list[Json]:
    """Every entry, in the order of divisions and entries."""
    return [_document(book, entry) for book in books for entry in book["entries"]]


def members(books: Iterable[DivisionBook], *, last_day_counts: bool) -> Json:
    """What can be booked on, and who is employed, as of today."""
    books = list(books)
    return {
        "members": [
            _member(book, axis, row, last_day_counts)
            for book in books
            for axis, table in _MEMBERS
            for row in book[table]
        ],
        "people": [_person(book, row) for book in books for row in book["employments"]],
    }


def chart(books: Iterable[DivisionBook]) -> Json:
    """What an entry can be coded with, as of today: accounts, VAT codes with the percentage that holds,
    journals, suppliers, and the codes of dimensions.
    """
    return {"entries": [row for book in books for row in _chart(book)]}


def _chart(book: DivisionBook) -> Iterable[Json]:
    now = book.now()
    for kind, table, is_open in _CHART:
        for row in book[table]:
            if kind == "supplier" and not row.get("IsSupplier"):
                continue
            ends = row.get("EndDate")
            told = {
                "entity": str(book.code),
                "kind": kind,
                "code": row["Code"].strip(),
                "name": row.get("Description") or row.get("Name") or "",
                "open": is_open(row) and not (ends is not None and ends.date() < now.date()),
            }
            if kind == "account":
                told["class"] = _class(row)
            if kind == "vat_code":
                told["percentage"] = format((percentage_on(book, row, now) * 100).normalize(), "f")
            yield told


def _class(account: Row) -> str:
    """What an account is in a chart of accounts."""
    if account["Type"] == _CREDITORS:
        return "creditor"
    return "balance sheet" if account["BalanceType"] == "B" else "profit and loss"


def _member(book: DivisionBook, axis: str, row: Row, last_day_counts: bool) -> Json:
    ends, today = row.get("EndDate"), book.now().date()
    is_over = ends is not None and (ends.date() < today or (ends.date() == today and not last_day_counts))
    return {
        "entity": str(book.code),
        "axis": axis,
        "id": row["ID"],
        "code": row["Code"].strip(),
        "name": row.get("Description") or row.get("Name") or "",
        "open": row.get("Active") is not False and not row.get("Blocked") and not is_over,
        "from": None,
        "to": None if ends is None else ends.date().isoformat(),
    }


def _person(book: DivisionBook, employment: Row) -> Json:
    employee = book["employees"].get(employment["Employee"]) or {}
    places = book["organizations"].all("Employment", employment["ID"])
    today, ends = book.now().date(), employment.get("EndDate")
    at = next((row for row in reversed(places) if row["StartDate"].date() <= today), {})
    return {
        "entity": str(book.code),
        "number": employee["Code"],
        "name": employee["FullName"],
        "active": employment["StartDate"].date() <= today and (ends is None or today <= ends.date()),
        "from": employment["StartDate"].date().isoformat(),
        "to": None if ends is None else ends.date().isoformat(),
        "dimensions": {axis: at[name] for axis, name in _AXES if at.get(name)},
    }


def _document(book: DivisionBook, entry: Row) -> Json:
    return {
        "id": entry["EntryID"],
        "number": str(entry["EntryNumber"]),
        "entity": str(book.code),
        "journal": entry["JournalCode"],
        "date": entry["Date"].date().isoformat(),
        "period": f"{entry['FinancialYear']}-{entry['FinancialPeriod']:02d}",
        "status": STATUS_TEXT[entry["Status"]].lower(),
        "currency": entry["Currency"],
        "lines": [_booked_line(line) for line in book.entry_lines(entry)],
        **_bought(book, entry),
    }


def _bought(book: DivisionBook, entry: Row) -> Json:
    """What a purchase entry says besides, as the invoice it is of."""
    row = book["purchases"].get(entry["EntryID"])
    if row is None:
        return {}
    lines = book["purchase_lines"].all("EntryID", entry["EntryID"])
    return {
        "invoice": {
            "kind": "credit note" if entry["Type"] == 31 else "invoice",
            "supplier": row["_supplier_code"].strip(),
            "reference": row.get("YourRef") or "",
            "text": row.get("Description") or "",
            "due": row["DueDate"].date().isoformat(),
            "payment_condition": row.get("PaymentCondition"),
            "amount": as_amount(row["AmountFC"]),
            "vat": as_amount(row["_tax"]),
            "document": row.get("Document"),
            "lines": [_line_of_invoice(line) for line in lines],
        }
    }


def _line_of_invoice(line: Row) -> Json:
    return {
        **_booked_line(line),
        "vat_code": (line.get("VATCode") or "").strip(),
        "vat": as_amount(line.get("VATAmountFC") or Decimal(0)),
    }


def _booked_line(line: Row) -> Json:
    return {
        "account": line["GLAccountCode"],
        "amount": as_amount(line["AmountFC"]),
        "dimensions": {axis: line[name] for axis, name in _AXES if line.get(name)},
        "text": line.get("Description") or "",
        "reference": str(line["OurRef"]) if line.get("OurRef") is not None else "",
        "notes": line.get("Notes") or "",
        **{name: line[field].strip() for name, field in _NAMED if line.get(field)},
    }
