"""What stands in the books, for whoever counts: every batch of every company as a document."""

from __future__ import annotations

from collections.abc import Iterable

from ml_connector_sandbox.core.vendor import Json, Row
from ml_connector_sandbox.systems.visma_net.book import UNRELEASED, Company


def documents(books: Iterable[Company]) -> list[Json]:
    """Every batch, in the order of companies and batches."""
    return [_document(book, row) for book in books for row in book.batches.values()]


def members(books: Iterable[Company]) -> Json:
    """What can be booked on, and who is employed, as of now: nothing here has a date."""
    books = list(books)
    return {
        "members": [
            *(
                _member(
                    book, segment["axis"], row["publicId"], row["valueId"], row["description"], row["active"]
                )
                for book in books
                for segment in book.segments()
                for row in segment["values"].values()
            ),
            *(
                _member(book, "department", row["publicId"], row["departmentId"], row["description"], True)
                for book in books
                for row in book.departments.values()
            ),
        ],
        "people": [_person(book, row) for book in books for row in book.employees.values()],
    }


def _member(book: Company, axis: str, key: str, code: str, name: str, is_open: bool) -> Json:
    return {
        "entity": book.code,
        "axis": axis,
        "id": key,
        "code": code,
        "name": name,
        "open": is_open,
        "from": None,
        "to": None,
    }


def _person(book: Company, row: Row) -> Json:
    return {
        "entity": book.code,
        "number": row["employeeNumber"],
        "name": " ".join(part for part in (row["firstName"], row["lastName"]) if part),
        "active": row["status"] != "Inactive",
        "from": None,
        "to": None,
        "dimensions": {"department": row["department"]} if row["department"] else {},
    }


def _document(book: Company, row: Row) -> Json:
    return {
        "id": row["batchNumber"],
        "number": row["batchNumber"],
        "entity": book.code,
        "journal": "GL",
        "date": row["date"].date().isoformat(),
        "period": f"{row['period'][:4]}-{row['period'][4:]}",
        "status": "draft" if row["status"] in UNRELEASED else "posted",
        "vendor_status": row["status"],
        "currency": row["currencyId"],
        "text": row["description"],
        "lines": [_booked_line(book, line) for line in row["lines"]],
    }


def _booked_line(book: Company, line: Row) -> Json:
    known = book.subaccounts.get(line["subaccount"] or "")
    values = known["values"] if known else (line["subaccount"] or "").split("-")
    dimensions = {
        segment["axis"]: value for segment, value in zip(book.segments(), values, strict=False) if value
    }
    dimensions["branch"] = line["branch"]
    if line["project"]:
        dimensions["project"] = line["project"]
    if line["task"]:
        dimensions["project_task"] = line["task"]
    return {
        "account": line["account"],
        "amount": format(line["debit"] - line["credit"], "f"),
        "dimensions": dimensions,
        "text": line["text"],
        "reference": line["reference"],
    }
