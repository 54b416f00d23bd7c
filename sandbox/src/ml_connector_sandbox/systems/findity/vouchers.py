"""What an export consists of: vouchers, grouped as the recipient is set.

                        ┌ EXPENSE              one voucher per expense
receipt ─► debit net    ├ REPORT_PER_EXPENSE   one per report,  its rows as they are
           VAT          ├ REPORT_PER_ACCOUNT   one per report,  rows of one account and code added up
           credit gross ├ USER_PER_…           likewise per user
                        └ …_PAID               what is to be paid back only, without accounts of costs
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Row
from ml_connector_sandbox.systems.findity.book import Book
from ml_connector_sandbox.systems.findity.expenses import CENT

ACCOUNTING = (
    *("REPORT_PER_EXPENSE", "REPORT_PER_ACCOUNT", "USER_PER_EXPENSE", "USER_PER_ACCOUNT", "EXPENSE"),
)
PAYMENT_ONLY = ("REPORT_PER_REPORT_PAID", "USER_PER_REPORT_PAID", "REPORT_PER_EXPENSE_PAID")
GROUPINGS = (*ACCOUNTING, *PAYMENT_ONLY)
DEBIT, CREDIT, VAT = "DEBIT", "CREDIT", "VAT"
PENDING, BOOKED, FAILED = "PENDING", "BOOKED", "FAILED"
Pair = tuple[Row, Row]
"""A report and one of its expenses."""


def make(book: Book, switches: Switches, export: Row, reports: Sequence[Row]) -> None:
    """The vouchers of an export; one without a row is not made."""
    grouping: str = export["grouping"]
    groups: dict[str, list[Pair]] = {}
    for report in reports:
        for expense in book.expenses_of(report):
            owner = expense["id"] if grouping == "EXPENSE" else report["id"]
            owner = report["user"] if grouping.startswith("USER_") else owner
            groups.setdefault(owner, []).append((report, expense))
    organization = book.tables["organizations"][export["organization"]]
    for pairs in groups.values():
        rows = list(_grouped(book, organization, grouping, pairs))
        if not rows:
            continue
        if switches["voucher_off_by_cent"]:
            rows[0]["amount"] += CENT
        for row in rows:
            row["id"] = book.new_id()
        reported = list({report["id"]: report for report, _ in pairs}.values())
        made = book.add(
            "vouchers",
            {
                "organization": export["organization"],
                "export": export["id"],
                "grouping": grouping,
                "user": reported[0]["user"],
                "reports": [_as_approved(report) for report in reported],
                "expenses": [resolved(book, expense) for _, expense in pairs],
                "rows": rows,
                "status": PENDING,
                "message": None,
                "reference": None,
                "answers": 0,
            },
        )
        export["vouchers"].append(made["id"])
        for report in reported:
            export["of_report"].setdefault(report["id"], []).append(made["id"])
    export["pending"] = len(export["vouchers"])


def resolved(book: Book, expense: Row) -> Row:
    """An expense with the accounts and codes that hold now, whatever becomes of it."""
    method = book.tables["payment_methods"][expense["paid_by"]]
    lines = []
    for line in expense["lines"]:
        category, code = book.tables["categories"][line["category"]], book.get("vat_codes", line["vat_code"])
        named = {
            "category_name": category["name"],
            "account": category["account"],
            "code": code["code"] if code else None,
            "percent": code["percentage"] if code else None,
            "vat_account": code["account"] if code else None,
        }
        lines.append({**line, **named})
    return {
        **expense,
        "receipts": list(expense["receipts"]),
        "lines": lines,
        "method": method["name"],
        "reimbursable": method["reimbursable"],
        "credit_account": method["account"],
    }


def _as_approved(report: Row) -> Row:
    """What of a report a voucher keeps, whatever becomes of it."""
    return {
        name: report[name] for name in ("id", "number", "title", "approved_at", "approved_by", "revision")
    }


def _grouped(book: Book, organization: Row, grouping: str, pairs: Sequence[Pair]) -> Iterator[Row]:
    if grouping in PAYMENT_ONLY:
        yield from _paid_back(book, pairs, by_expense="PER_EXPENSE" in grouping)
        return
    rows = [
        row
        for report, expense in pairs
        for row in rows_of(book, organization, report, expense)
        if row["amount"]
    ]
    yield from _by_account(rows) if grouping.endswith("_PER_ACCOUNT") else rows


def rows_of(book: Book, organization: Row, report: Row, expense: Row) -> Iterator[Row]:
    """The rows of one expense: debits, VAT, and the credit if bookkeeping is on."""
    for line in expense["lines"]:
        category = book.tables["categories"][line["category"]]
        code = book.get("vat_codes", line["vat_code"])
        base: Row = {
            "vat_code": code["code"] if code else None,
            "percent": code["percentage"] if code else None,
            "codes": line["codes"],
            "salary_code": expense["salary_code"],
            "text": expense["text"],
            "report": report["id"],
            "expenses": [expense["id"]],
        }
        yield {**base, "type": DEBIT, "account": category["account"], "amount": line["net"]}
        if code:
            yield {**base, "type": VAT, "account": code["account"], "amount": line["vat"], "codes": {}}
    if organization["bookkeeping"]:
        yield _credit(book, report, expense)


def _credit(book: Book, report: Row, expense: Row) -> Row:
    method = book.tables["payment_methods"][expense["paid_by"]]
    return {
        "type": CREDIT,
        "account": method["account"],
        "amount": expense["gross"],
        "vat_code": None,
        "percent": None,
        "codes": {},
        "salary_code": expense["salary_code"],
        "text": expense["text"],
        "report": report["id"],
        "expenses": [expense["id"]],
    }


def _paid_back(book: Book, pairs: Sequence[Pair], *, by_expense: bool) -> Iterator[Row]:
    """What the employee gets, of each report or of each expense."""
    owed = [
        (report, _credit(book, report, expense))
        for report, expense in pairs
        if book.tables["payment_methods"][expense["paid_by"]]["reimbursable"] and expense["gross"]
    ]
    if by_expense:
        yield from (row for _, row in owed)
        return
    sums: dict[str, Row] = {}
    for report, row in owed:
        held = sums.setdefault(
            report["id"], {**row, "amount": Decimal(0), "expenses": [], "text": report["title"]}
        )
        held["amount"] += row["amount"]
        held["expenses"] += row["expenses"]
    yield from (row for row in sums.values() if row["amount"])


def _by_account(rows: Iterable[Row]) -> Iterator[Row]:
    """Rows of one type, account, VAT code, pay code and dimensions as one; none that comes to nothing."""
    sums: dict[object, Row] = {}
    for row in rows:
        key = (
            *(row[name] for name in ("type", "account", "vat_code", "salary_code")),
            *sorted(row["codes"].items()),
        )
        first = {**row, "amount": Decimal(0), "expenses": [], "report": None, "text": ""}
        held = sums.setdefault(key, first)
        held["amount"] += row["amount"]
        held["expenses"] += [name for name in row["expenses"] if name not in held["expenses"]]
    yield from (row for row in sums.values() if row["amount"])
