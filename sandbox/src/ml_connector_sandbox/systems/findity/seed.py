"""Fills the organizations from a scenario's data: plain data in, tables out."""

from __future__ import annotations

import random
from decimal import Decimal

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Clock, Json, Row
from ml_connector_sandbox.systems.findity import exporting
from ml_connector_sandbox.systems.findity.book import Book
from ml_connector_sandbox.systems.findity.expenses import amount, moment_of
from ml_connector_sandbox.systems.findity.screen import add_user
from ml_connector_sandbox.systems.findity.screen_reports import add_report

MORE_MAX = 100_000
_FROM = ("status", "approved_at", "approved_by")


def seeded(data: Json, clock: Clock, seed: int, switches: Switches) -> Book:
    """The organizations as the scenario begins with them, with as many more reports as a switch says."""
    book = Book(clock, seed)
    for organization in data["organizations"]:
        _organization(book, organization)
    for row in data.get("reports", ()):
        _report(book, row)
    for row in data.get("exports", ()):
        held = book.one("organizations", name=row["organization"])
        reports = [book.one("reports", title=title) for title in row["reports"]]
        exporting.export(book, switches, held, reports, row["grouping"])["made_at"] = moment_of(
            row.get("made_at"), book.now()
        )
    _more(book, data, seed, min(int(switches["more_reports"]), MORE_MAX))
    return book


def _organization(book: Book, row: Json) -> None:
    held = book.add(
        "organizations",
        {
            "name": row["name"],
            "external_id": row.get("external_id"),
            "currency": row.get("currency", "EUR"),
            "country": row.get("country", "NL"),
            "grouping": row.get("grouping", "REPORT_PER_EXPENSE"),
            "bookkeeping": row.get("bookkeeping", True),
            "journal": row.get("journal"),
            "api": row.get("api", True),
        },
    )
    held["recipient"] = book.new_id()
    owner: Row = {"organization": held["id"], "active": True}
    for account in row.get("accounts", ()):
        book.add("accounts", {**owner, "type": None, "class": None, **account})
    for code in row.get("vat_codes", ()):
        percentage = amount(code["percentage"])
        book.add("vat_codes", {**owner, "account": None, **code, "percentage": percentage})
    for journal in row.get("journals", ()):
        book.add("journals", {**owner, **journal})
    for supplier in row.get("suppliers", ()):
        book.add("suppliers", {**owner, "vat_number": None, **supplier})
    for category in row.get("categories", ()):
        book.add("categories", {**owner, "account": None, **category})
    for method in row.get("payment_methods", ()):
        book.add("payment_methods", {**owner, "account": None, "reimbursable": True, **method})
    for dimension in row.get("dimensions", ()):
        made = book.add("dimensions", {**owner, "name": dimension["name"], "axis": dimension.get("axis")})
        for value in dimension.get("values", ()):
            book.add("dimension_values", {**owner, "dimension": made["id"], **value})
    for user in row.get("users", ()):
        add_user(book, held, user)


def _report(book: Book, row: Json) -> Row:
    held = book.one("organizations", name=row["organization"])
    made = add_report(book, held, {name: value for name, value in row.items() if name not in _FROM})
    if row.get("status") == "submitted":
        exporting.step(book, made, "submit")
    elif row.get("status", "ready") == "ready":
        exporting.step(book, made, "approve")
        made["approved_at"] = moment_of(row.get("approved_at"), book.now())
        made["approved_by"] = row.get("approved_by", made["approved_by"])
    return made


def _more(book: Book, data: Json, seed: int, count: int) -> None:
    """Ready reports by the hundred, for whoever measures: two expenses each, one with VAT and a receipt."""
    if count <= 0 or not data.get("reports"):
        return
    dice = random.Random(f"{seed} more")
    held = next(book.rows("organizations"))
    users = [row["name"] for row in book.rows("users", organization=held["id"])]
    category = next(book.rows("categories", organization=held["id"]))["name"]
    code = next(
        (row["code"] for row in book.rows("vat_codes", organization=held["id"]) if row["percentage"]), None
    )
    for number in range(count):
        expenses = [
            {
                "text": f"Purchase {number}.{place}",
                "category": category,
                "date": "2026-06-15",
                "amount": str(Decimal(dice.randint(100, 50_000)) / 100),
                "vat": vat,
                "files": files,
            }
            for place, (vat, files) in enumerate([(code, [("receipt.pdf", 3_000)]), (None, [])], 1)
        ]
        typed = {"user": dice.choice(users), "title": f"More {number:06d}", "expenses": expenses}
        _report(book, {"organization": held["name"], **typed})
