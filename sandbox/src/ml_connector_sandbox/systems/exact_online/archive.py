"""Documents and the files attached to them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Broken, Row
from ml_connector_sandbox.systems.exact_online.book import DivisionBook
from ml_connector_sandbox.systems.exact_online.dimensions import amount_of

SALES_INVOICE, PURCHASE_INVOICE, SCANNED = 10, 20, 183
TYPES = (
    (SALES_INVOICE, "Sales invoice", True),
    (PURCHASE_INVOICE, "Purchase invoice", True),
    (55, "Miscellaneous", True),
    (SCANNED, "Scanned document", False),
)
"""Number, description, and whether a client may make one; only the first two numbers are known."""
LIMIT_MB, LIMIT_MB_OF = 7, {"NL": 25, "BE": 25}
PICTURES_AND_PDF = {".pdf", ".jpg", ".jpeg", ".png", ".gif", ".bmp"}
_CATEGORY = "3b6d3833-b31b-423d-bc3c-39c62b8f2b12"
_STAMP = "SB001"
_REFERENCES = (
    ("Account", "relations", "Account", (("AccountCode", "Code"), ("AccountName", "Name"))),
    ("Project", "projects", "Project", (("ProjectCode", "Code"), ("ProjectDescription", "Description"))),
)


def create(book: DivisionBook, switches: Switches, values: Mapping[str, Any]) -> Row:
    """Add a document, or raise `Broken` with every message."""
    problems = [
        f"Mandatory: {name}" for name in ("Subject", "Type") if not str(values.get(name) or "").strip()
    ]
    if switches["portal_user"]:
        problems.append("Document Type not allowed")
    row = {name: value for name, value in values.items() if value is not None and name != "ID"}
    problems += _problems(book, row, None)
    if problems:
        raise Broken(*problems)
    row.setdefault("Currency", book.currency)
    row.setdefault("DocumentDate", _today(book))
    made = _add(book, row)
    _link(book, made)
    return made


def change(book: DivisionBook, row: Row, values: Mapping[str, Any]) -> None:
    """Change the fields that were sent, or raise `Broken`."""
    changes = {name: value for name, value in values.items() if name != "ID"}
    emptied = [name for name in ("Subject", "Type", "HID") if name in changes and not changes[name]]
    problems = [f"Mandatory: {name}" for name in emptied] + _problems(book, changes, row)
    if problems:
        raise Broken(*problems)
    if "Body" in changes:
        changes["HasEmptyBody"] = not changes["Body"]
    book.change("documents", row, changes)
    _link(book, row)


def delete(book: DivisionBook, row: Row) -> None:
    """Remove a document with its files; raises `Broken` for one that an entry names."""
    if any(row["ID"] == held.get("Document") for table in ("purchases", "lines") for held in book[table]):
        raise Broken("Not allowed: Delete - Already in use")
    for file in book["attachments"].all("Document", row["ID"]):
        book.remove("attachments", file)
    book.remove("documents", row)


def attach(book: DivisionBook, switches: Switches, values: Mapping[str, Any]) -> Row:
    """Attach a file to a document, or raise `Broken` with every message."""
    name, content = str(values.get("FileName") or ""), values.get("Attachment")
    problems = [
        f"Mandatory: {label}"
        for label, value in (("Document", values.get("Document")), ("File name", name.strip()))
        if not value
    ]
    if content is None:
        problems.append("Mandatory: Attachment")
    if values.get("Document") and values["Document"] not in book["documents"]:
        problems.append("Invalid reference: Document")
    most = int(switches["attachment_limit_mb"]) or LIMIT_MB_OF.get(book.country, LIMIT_MB)
    if content is not None and len(content) > most * 1024 * 1024:
        problems.append(f"Attachment is too large. Maximum: {most} MB")
    if switches["attachment_types"] == "listed" and PurePath(name).suffix.lower() not in PICTURES_AND_PDF:
        problems.append("Invalid: File name - Type is not allowed")
    if problems:
        raise Broken(*problems)
    assert content is not None
    made = book.new_id("attachments")
    return book.add(
        "attachments",
        {
            "ID": made,
            "Document": values["Document"],
            "FileName": name,
            "FileSize": len(content),
            "Url": f"/docs/SysAttachment.aspx?ID={quote(made)}&_Division_={book.code}&Stamp={_STAMP}",
            "_content": content,
        },
    )


def of_entry(book: DivisionBook, head: Row) -> Row:
    """The document that comes with a purchase entry without one, as the entry names it."""
    made = _add(
        book,
        {
            "Subject": head.get("Description") or f"Purchase entry {head['EntryNumber']}",
            "Type": PURCHASE_INVOICE,
            "TypeDescription": _type(book, PURCHASE_INVOICE)["Description"],
            "Account": head["Supplier"],
            "AccountCode": head["_supplier_code"],
            "AccountName": head["SupplierName"],
            "Currency": head["Currency"],
            "AmountFC": head["AmountFC"],
            "DocumentDate": head["EntryDate"],
            "FinancialTransactionEntryID": head["EntryID"],
            "_of_entry": head["EntryID"],
        },
    )
    return {"Document": made["ID"], "DocumentNumber": made["HID"], "DocumentSubject": made["Subject"]}


def seed(book: DivisionBook) -> None:
    """The types there are."""
    for number, text, creatable in TYPES:
        flags = {
            "DocumentIsDeletable": creatable,
            "DocumentIsUpdatable": creatable,
            "DocumentIsViewable": True,
        }
        kind = {"ID": number, "Description": text, "DocumentIsCreatable": creatable, "TypeCategory": 1}
        book.add("document_types", {**kind, **flags})


def _add(book: DivisionBook, row: Row) -> Row:
    made, number = book.new_id("documents"), row.get("HID")
    while number is None or (row.get("HID") is None and book["documents"].first("HID", number)):
        number = book.next_hid("documents")
    return book.add(
        "documents",
        {
            **row,
            "ID": made,
            "HID": number,
            "Category": row.get("Category") or _CATEGORY,
            "CategoryDescription": row.get("CategoryDescription") or "General",
            "HasEmptyBody": not row.get("Body"),
            "InheritShare": bool(row.get("InheritShare")),
            "SendMethod": 0,
            "DocumentViewUrl": f"/docs/DocViewContent.aspx?ID={made}&_Division_={book.code}&Stamp={_STAMP}",
        },
    )


def _problems(book: DivisionBook, row: Row, old: Row | None) -> list[str]:
    """What stands against a document; adds the texts of what it refers to."""
    problems: list[str] = []
    if row.get("Type") is not None:
        kind = _type(book, row["Type"])
        row["TypeDescription"] = kind.get("Description")
        if not kind:
            problems.append("Invalid reference: Type")
        elif not kind["DocumentIsCreatable"]:
            problems.append("Not allowed: Type")
    number = row.get("HID")
    if number is not None:
        held = book["documents"].first("HID", number)
        if number <= 0:
            problems.append("Invalid: Number")
        elif held is not None and held is not old:
            problems.append("Data already exists")
    if row.get("AmountFC") is not None:
        row["AmountFC"] = amount_of(row["AmountFC"], problems)
    if row.get("Currency") and row["Currency"] not in book["currencies"]:
        problems.append("Invalid reference: Currency")
    for name, table, label, texts in _REFERENCES:
        if name in row:
            found = book[table].get(row[name]) if row[name] else None
            row |= {shown: (found or {}).get(field) for shown, field in texts}
            if row[name] and found is None:
                problems.append(f"Invalid reference: {label}")
    entry = row.get("FinancialTransactionEntryID")
    if entry and entry not in book["entries"]:
        problems.append("Invalid reference: Entry")
    return problems


def _link(book: DivisionBook, document: Row) -> None:
    """A purchase entry that a document names, and that has none, names the document."""
    purchase = book["purchases"].get(document.get("FinancialTransactionEntryID"))
    if purchase is not None and not purchase.get("Document"):
        named = {
            "Document": document["ID"],
            "DocumentNumber": document["HID"],
            "DocumentSubject": document["Subject"],
        }
        book.change("purchases", purchase, named)


def _type(book: DivisionBook, number: int) -> Row:
    return book["document_types"].get(number) or {}


def _today(book: DivisionBook) -> datetime:
    return datetime.combine(book.now().date(), time())
