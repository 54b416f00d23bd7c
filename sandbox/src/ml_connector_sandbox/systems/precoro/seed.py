"""Fills the company from a scenario's data: plain data in, tables out."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Clock, Json, Row
from ml_connector_sandbox.systems.precoro.attachment_endpoints import add_file
from ml_connector_sandbox.systems.precoro.book import Book
from ml_connector_sandbox.systems.precoro.custom_field_endpoints import TYPE_NAMES
from ml_connector_sandbox.systems.precoro.entering import (
    amount,
    enter_document,
    enter_invoice,
    one,
    split,
    when,
)
from ml_connector_sandbox.systems.precoro.invoices import settle
from ml_connector_sandbox.systems.precoro.masters import add_supplier, fresh
from ml_connector_sandbox.systems.precoro.signin import key_of

BEGAN = "2026-01-05T08:00:00"
"""When the company was set up."""
MORE_MAX, SUPPLIERS_INVOICED = 1_000_000, 500
_ENTITY_FIELDS = (
    *("legalAddress", "accountNumber", "accountHolderName", "bankName", "bankAddress", "sortCode", "phone"),
    *("businessRegistrationNumber", "taxPayerType", "taxPayerNumber", "keyExecutive", "swiftCode"),
    *("permanentAccountNumber", "internationalBankAccountNumber", "americanBankersAssociationNumber"),
    "indianFinancialSystemCode",
)


def seeded(data: Json, clock: Clock, seed: int, switches: Switches) -> Book:
    """The company as the scenario begins with it, with as many more records as the switches say."""
    book = Book(clock)
    at = when(BEGAN)
    dates = {"createDate": at, "updateDate": at}
    for row in data.get("legal_entities", ()):
        book.add("legalentities", {**dict.fromkeys(_ENTITY_FIELDS), "fullName": row["name"], **row, **dates})
    for row in data.get("locations", ()):
        book.add("locations", {**fresh("locations"), **row, **dates})
    for row in data["users"]:
        _user(book, row, seed, dates)
    for row in data.get("taxes", ()):
        percent = amount(row["percent"])
        book.add("taxes", {**fresh("taxes"), **row, "percent": percent, "value": percent, **dates})
    for row in data.get("payment_terms", ()):
        book.add("paymentterms", {**fresh("paymentterms"), **row, **dates})
    for row in data.get("fields", ()):
        _field(book, row, dates)
    for row in data.get("suppliers", ()):
        _supplier(book, row, dates)
    for row in data.get("items", ()):
        supplier = one(book, "suppliers", "uniqueCode", row["supplier"])["id"]
        book.add(
            "items", {**fresh("items"), **row, "price": amount(row["price"]), "supplier": supplier, **dates}
        )
    _documents(book, data)
    _more(book, data, seed, switches, dates)
    return book


def _documents(book: Book, data: Json) -> None:
    user = next(book.rows("users"))["id"]
    for row in data.get("orders", ()):
        enter_document(book, "purchaseorders", row, user)
    for row in data.get("expenses", ()):
        enter_document(book, "expenses", row, user)
    for row in data.get("contracts", ()):
        supplier = one(book, "suppliers", "uniqueCode", row["supplier"])["id"]
        dates = {name: when(row.get(name)) for name in ("beginDate", "endDate")}
        values = {**fresh("contracts"), "legalEntity": None, "number": row["number"]}
        book.add("contracts", {**values, "supplier": supplier, **dates, "createDate": when(BEGAN)})
    for row in data.get("invoices", ()):
        seed_invoice(book, row, user)
    for table in ("units", "warehouses", "budgets"):
        for row in data.get(table, ()):
            book.add(table, {**row, "enable": True})


def seed_invoice(book: Book, typed: Json, user: int) -> Row:
    """An invoice with its files, payments and shares."""
    invoice = enter_invoice(book, typed, user)
    for name, size in typed.get("files", ()):
        row = add_file(
            book, "invoices", invoice, name, file_content(f"{invoice['idn']} {name}", size), None, user
        )
        row["uploadDate"] = invoice["createDate"]
        if name.startswith("scan"):
            invoice["ocr"] = row["id"]
            _scanned(book, invoice, row)
    for text, day, means in typed.get("payments", ()):
        paid_at = when(day)
        assert paid_at is not None
        book.add(
            "payments",
            {
                "invoice": invoice["id"],
                "purchaseOrder": None,
                "sumPaid": amount(text),
                "payDate": paid_at,
                "logicType": 0,
                "cancelled": False,
                "creator": user,
                "means": means,
                "createDate": paid_at,
                "updateDate": paid_at,
            },
        )
        invoice["updateDate"] = max(invoice["updateDate"], paid_at)
    settle(book, invoice)
    if typed.get("split"):
        split(book, invoice, typed["split"])
    return invoice


def _scanned(book: Book, invoice: Row, file: Row) -> None:
    """The invoice came in as a scan."""
    supplier = book.get("suppliers", invoice["supplier"])
    book.add(
        "apdocuments",
        {
            "type": "invoice",
            "name": file["name"],
            "supplierName": supplier["name"] if supplier else None,
            "grossTotal": invoice["sum"],
            "currency": invoice["currency"],
            "status": 1,
            "uploadDate": file["uploadDate"],
            "attachmentOrigin": "email",
            "invoice": invoice["id"],
            "supplier": invoice["supplier"],
            "user": invoice["creator"],
        },
    )


def file_content(text: str, size: int) -> bytes:
    """A file of about that many bytes, its own for each text."""
    head = f"%PDF-1.4\n% {text}\n".encode("utf-8", "replace")
    block = hashlib.sha256(head).hexdigest().encode() + b"\n"
    return (head + block * (size // len(block) + 1))[: max(size, len(head))]


def _user(book: Book, row: Json, seed: int, dates: Row) -> None:
    places = row.get("locations")
    entities = row.get("legal_entities")
    book.add(
        "users",
        {
            "locale": "en",
            "phone": None,
            "position": None,
            "roles": [],
            "active": True,
            "location": None,
            **row,
            "options": None,
            "locations": None if places is None else _ids(book, "locations", "uniqueCode", places),
            "legalentities": None if entities is None else _ids(book, "legalentities", "name", entities),
            "withheld": set(),
            "edition": 1,
            "key": key_of(seed, row["email"], 1),
            **dates,
        },
    )


def _ids(book: Book, table: str, name: str, given: Iterable[Any]) -> set[int]:
    return {one(book, table, name, value)["id"] for value in given}


def _field(book: Book, row: Json, dates: Row) -> None:
    """A custom field with its options, parents before children."""
    family, kind = row["family"], int(row.get("type", 0))
    field = book.add(
        family,
        {
            "family": family,
            "axis": row["axis"],
            "name": row["name"],
            "description": None,
            "required": bool(row.get("required")),
            "enable": True,
            "type": kind,
            "typeString": TYPE_NAMES[kind],
            "position": len(book.tables[family]) + 1,
            **dates,
        },
    )
    by_code: dict[str, int] = {}
    for code, name, *more in row.get("options", ()):
        parent, enable = (*more, None)[0], (*more, None, True)[1] is not False
        values = {"code": code, "name": name, "enable": enable, "parent": by_code.get(parent or "")}
        made = book.add(
            f"{family}_options", {**values, "field": field["id"], "family": family, "entities": [], **dates}
        )
        by_code[code] = made["id"]


def _supplier(book: Book, row: Json, dates: Row) -> None:
    terms = [one(book, "paymentterms", "name", name)["id"] for name in row.get("terms", ())]
    entities = [one(book, "legalentities", "name", name)["id"] for name in row.get("entities", ())]
    state = row.get("approval", "approved")
    add_supplier(
        book,
        {
            **{name: value for name, value in row.items() if name not in ("terms", "entities", "approval")},
            "terms": terms,
            "legalEntities": entities,
            "approval": state,
            "approvalDate": dates["createDate"] if state == "approved" else None,
            "creator": next(book.rows("users"))["id"],
            **dates,
        },
    )


def _more(book: Book, data: Json, seed: int, switches: Switches, dates: Row) -> None:
    """Suppliers and approved invoices by the hundred, for whoever measures."""
    dice = random.Random(f"{seed} more")
    for number in range(min(int(switches["more_suppliers"]), MORE_MAX)):
        vat = f"NL{dice.randint(100_000_000, 999_999_999)}B01"
        named = {"uniqueCode": f"M{number:06d}", "name": f"Supplier {number:06d} B.V."}
        _supplier(book, {**named, "currency": "EUR", "country": "Netherlands", "taxPayerNumber": vat}, dates)
    if not data.get("invoices"):
        return
    user, sample = next(book.rows("users"))["id"], data["invoices"][0]
    began = when(sample["issued"])
    assert began is not None
    approved = (row["uniqueCode"] for row in book.rows("suppliers") if row["approval"] == "approved")
    suppliers = list(islice(approved, SUPPLIERS_INVOICED))
    for number in range(min(int(switches["more_invoices"]), MORE_MAX)):
        lines = [
            {**sample["lines"][0], "quantity": "1", "price": str(Decimal(dice.randint(100, 500_000)) / 100)}
            for _ in range(dice.randint(1, 4))
        ]
        day = began + timedelta(days=dice.randint(0, 27))
        typed = {
            **{
                name: value
                for name, value in sample.items()
                if name in ("entity", "location", "term", "codes")
            },
            "supplier": dice.choice(suppliers),
            "number": f"MORE-{number:06d}",
            "issued": day.date().isoformat(),
            "status": "approved",
            "lines": lines,
            "files": [("invoice.pdf", 3_000)],
        }
        seed_invoice(book, typed, user)
