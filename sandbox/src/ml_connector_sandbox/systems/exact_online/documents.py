"""What stands in the books, for whoever counts: every entry of every division as a document."""

from __future__ import annotations

from collections.abc import Iterable

from ml_connector_sandbox.core.vendor import Json, Row
from ml_connector_sandbox.systems.exact_online.book import STATUS_TEXT, DivisionBook, as_amount

_AXES = (("cost_center", "CostCenter"), ("cost_unit", "CostUnit"), ("project", "ProjectCode"))


def documents(books: Iterable[DivisionBook]) -> list[Json]:
    """Every entry, in the order of divisions and entries."""
    return [_document(book, entry) for book in books for entry in book["entries"]]


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
    }


def _booked_line(line: Row) -> Json:
    return {
        "account": line["GLAccountCode"],
        "amount": as_amount(line["AmountFC"]),
        "dimensions": {axis: line[name] for axis, name in _AXES if line.get(name)},
        "text": line.get("Description") or "",
        "reference": str(line["OurRef"]) if line.get("OurRef") is not None else "",
        "notes": line.get("Notes") or "",
    }
