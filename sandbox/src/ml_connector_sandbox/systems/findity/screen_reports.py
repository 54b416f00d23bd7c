"""What people do with reports: write, hand in, approve, send, open again and correct them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, Protocol

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json, Row
from ml_connector_sandbox.systems.findity import exporting
from ml_connector_sandbox.systems.findity.book import Book
from ml_connector_sandbox.systems.findity.documents import amount
from ml_connector_sandbox.systems.findity.expenses import (
    FILE_MAX,
    attach,
    attach_typed,
    enter,
    file_content,
    read,
)


class Keeper(Protocol):
    """Who has the books."""

    book: Book


class Tenant(Keeper, Protocol):
    """What these actions work on."""

    switches: Switches

    def export(self, organization: Row, reports: list[Row], grouping: str | None) -> Row:
        """Send reports together, and tell of it."""


Action = Callable[[Any, Json], Json]


def organization_of(tenant: Keeper, typed: Json) -> Row:
    """By `organization`, its name or id; the first one unless said."""
    rows = list(tenant.book.rows("organizations"))
    if "organization" not in typed:
        return rows[0]
    wanted = str(typed["organization"])
    found = [row for row in rows if wanted in (row["id"], row["name"], row["external_id"])]
    if not found:
        raise KeyError(f"organization {wanted}")
    return found[0]


def report_of(tenant: Tenant, typed: Json, name: str = "report") -> Row:
    """By `report`, its number, title or id; the last one unless said."""
    rows = list(tenant.book.rows("reports"))
    if name in typed:
        wanted = str(typed[name])
        rows = [row for row in rows if wanted in (row["id"], row["number"], row["title"])]
    if not rows:
        raise KeyError(f"report {typed.get(name, '')}")
    return rows[-1]


def _expense_of(tenant: Tenant, typed: Json) -> tuple[Row, Row]:
    """By `expense`, its id or its place in the report from 1; the last one unless said. With its report."""
    book = tenant.book
    wanted = typed.get("expense")
    if isinstance(wanted, str) and wanted in book.tables["expenses"]:
        expense = book.tables["expenses"][wanted]
        report = book.first("reports", lambda row: wanted in row["expenses"])
        if report is None:
            raise KeyError(f"expense {wanted}")
        return report, expense
    report = report_of(tenant, typed)
    if not report["expenses"]:
        raise KeyError(f"expense of report {report['number']}")
    place = len(report["expenses"]) if wanted is None else int(wanted)
    if not 1 <= place <= len(report["expenses"]):
        raise KeyError(f"expense {place} of report {report['number']}")
    return report, book.tables["expenses"][report["expenses"][place - 1]]


def add_report(book: Book, organization: Row, typed: Json) -> Row:
    """A report with its expenses and receipts, a draft; nothing is kept of one that cannot be."""
    named = str(typed["user"])
    user = book.first(
        "users",
        lambda row: (
            row["organization"] == organization["id"] and named in (row["name"], row["email"], row["id"])
        ),
    )
    if user is None:
        raise KeyError(f"user {named}")
    for expense in typed.get("expenses", ()):
        read(book, organization, expense)
    report = book.add(
        "reports",
        {
            "organization": organization["id"],
            "user": user["id"],
            "title": str(typed.get("title", "Expenses"))[:255],
            "status": exporting.DRAFT,
            "revision": 1,
            "approved_at": None,
            "approved_by": None,
            "message": None,
            "returns": 0,
            "booked": {},
            "sent_at": None,
            "expenses": [],
        },
    )
    for expense in typed.get("expenses", ()):
        _put(book, organization, report, expense)
    return report


def _put(book: Book, organization: Row, report: Row, typed: Json) -> Row:
    made = enter(book, organization, {name: value for name, value in typed.items() if name != "files"})
    attach_typed(book, made, typed.get("files", ()))
    report["expenses"].append(made["id"])
    return made


def _shown(tenant: Tenant, report: Row) -> Json:
    total = sum((expense["gross"] for expense in tenant.book.expenses_of(report)), 0)
    return {
        "id": report["id"],
        "number": report["number"],
        "status": report["status"],
        "revision": report["revision"],
        "expenses": list(report["expenses"]),
        "gross": amount(total) if total else "0.00",
    }


def _add_report(tenant: Tenant, typed: Json) -> Json:
    report = add_report(tenant.book, organization_of(tenant, typed), typed)
    if typed.get("approved"):
        exporting.step(tenant.book, report, "approve")
    return _shown(tenant, report)


def _add_expense(tenant: Tenant, typed: Json) -> Json:
    report = exporting.editable(report_of(tenant, typed))
    held = tenant.book.tables["organizations"][report["organization"]]
    _put(tenant.book, held, report, dict(typed["set"]))
    return _shown(tenant, report)


def _edit_expense(tenant: Tenant, typed: Json) -> Json:
    """What was typed before holds where nothing is typed now."""
    report, expense = _expense_of(tenant, typed)
    exporting.editable(report)
    held = tenant.book.tables["organizations"][report["organization"]]
    expense.update(read(tenant.book, held, {**expense["typed"], **dict(typed["set"])}))
    return _shown(tenant, report)


def _remove_expense(tenant: Tenant, typed: Json) -> Json:
    report, expense = _expense_of(tenant, typed)
    exporting.editable(report)["expenses"].remove(expense["id"])
    return _shown(tenant, report)


def _edit_report(tenant: Tenant, typed: Json) -> Json:
    report = exporting.editable(report_of(tenant, typed))
    report["title"] = str(dict(typed["set"])["title"])[:255]
    return _shown(tenant, report)


def _step(name: str) -> Action:
    def action(tenant: Tenant, typed: Json) -> Json:
        report = report_of(tenant, typed)
        exporting.step(tenant.book, report, name)
        return _shown(tenant, report)

    return action


def _attach(tenant: Tenant, typed: Json) -> Json:
    """A file of some bytes, or with this content in base64."""
    report, expense = _expense_of(tenant, typed)
    exporting.editable(report)
    name, size = str(typed.get("name", "receipt.pdf"))[:200], int(typed.get("bytes", 3_000))
    if not 0 <= size <= FILE_MAX:
        raise ValueError(f"bytes: 0 to {FILE_MAX}")
    given = typed.get("content")
    content = file_content(name, size) if given is None else base64.b64decode(str(given), validate=True)
    return {"attachment": attach(tenant.book, expense, name, content)["id"], "bytes": len(content)}


def _detach(tenant: Tenant, typed: Json) -> Json:
    report, expense = _expense_of(tenant, typed)
    exporting.editable(report)
    if not expense["receipts"]:
        raise KeyError("receipt")
    return {"attachment": expense["receipts"].pop()}


def _make_export(tenant: Tenant, typed: Json) -> Json:
    """The reports that are named, or all of the organization that are ready."""
    held = organization_of(tenant, typed)
    if "reports" in typed:
        reports = [report_of(tenant, {"report": name}) for name in typed["reports"]]
        if any(report["organization"] != held["id"] for report in reports):
            raise ValueError("reports: all of one organization")
        reports = list({report["id"]: report for report in reports}.values())
    else:
        reports = list(tenant.book.rows("reports", organization=held["id"], status=exporting.READY))
    grouping = None if typed.get("grouping") is None else str(typed["grouping"])
    made = tenant.export(held, reports, grouping)
    return {
        "id": made["id"],
        "number": made["number"],
        "status": made["status"],
        "grouping": made["grouping"],
        "reports": [report["number"] for report in reports],
        "vouchers": list(made["vouchers"]),
    }


ACTIONS: dict[str, Action] = {
    "add_report": _add_report,
    "edit_report": _edit_report,
    "add_expense": _add_expense,
    "edit_expense": _edit_expense,
    "remove_expense": _remove_expense,
    **{name: _step(name) for name in ("submit", "approve", "reject", "take_back", "reopen")},
    "attach": _attach,
    "detach": _detach,
    "make_export": _make_export,
}
