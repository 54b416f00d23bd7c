"""Expense reports in a table, a row for each expense: made into what a program would send, so that they are
looked at and stored in the same way.

    report  report_number  employee  …  report_total  expense  date  paid_with  gross  receipts
    rep-1   ER-1           emp-19       153.70        x1       …                121.00 hotel.pdf
    rep-1   ER-1           emp-19       153.70        x2       …                 32.70

What is said of a report is the same in each of its rows. `report_total` is stated, so that a row that was
lost is seen. Nothing is guessed: a number that can be read in two ways is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ml_connector.app.tables import Row, TableError, Titles, read_table
from ml_connector.domain.problem import Problem

REPORT = {
    "report": "externalId",
    "revision": "revision",
    "report_number": "reportNumber",
    "title": "title",
    "company": "company",
    "employee": "employee.externalId",
    "employee_number": "employee.employeeNumber",
    "employee_name": "employee.name",
    "creditor": "employee.creditorCode",
    "currency": "currency",
    "books_currency": "booksRate.currency",
    "books_rate": "booksRate.exchangeRate",
    "books_rate_source": "booksRate.rateSource",
    "approved_at": "approvedAt",
    "posting_date": "postingDate",
    "journal": "journalCode",
    "report_total": "totals.gross",
    "advance": "",
    "advance_reference": "",
}
"""Columns of a report, and where each stands in what is sent."""
EXPENSE = {
    "expense": "externalId",
    "date": "date",
    "description": "description",
    "category": "category",
    "account": "glAccount",
    "paid_with": "paymentMethod",
    "payroll_code": "payrollCode",
    "supplier": "supplier.name",
    "supplier_code": "supplier.code",
    "document": "documentNumber",
    "gross": "grossAmount",
    "private": "privateAmount",
    "original_currency": "original.currency",
    "original_amount": "original.grossAmount",
    "exchange_rate": "original.exchangeRate",
    "rate_source": "original.rateSource",
    "country": "country",
    "deductible_percentage": "deductiblePercentage",
    "cost_center": "dimensions.costCenter",
    "cost_unit": "dimensions.costUnit",
    "project": "dimensions.project",
    "receipts": "",
    "missing_receipt": "missingReceiptReason",
    "distance": "mileage.distance",
    "unit": "mileage.unit",
    "rate_per_unit": "mileage.ratePerUnit",
    "vehicle": "mileage.vehicleType",
    "tax_free_per_unit": "mileage.taxFreePerUnit",
    "supplement": "mileage.supplement",
    "route": "mileage.route",
    "days": "perDiem.days",
    "rate_per_day": "perDiem.ratePerDay",
    "deductions": "perDiem.deductions",
}
TAX = {"tax_code": "taxCode", "tax_rate": "taxRate", "net": "netAmount", "tax": "taxAmount"}
TAXES = tuple({f"{name}{end}": to for name, to in TAX.items()} for end in ("", "_2", "_3"))
COLUMNS = (*REPORT, *EXPENSE, *(name for tax in TAXES for name in tax))
NUMBERS = frozenset(
    {
        *("books_rate", "report_total", "advance", "gross", "private", "original_amount", "exchange_rate"),
        *("deductible_percentage", "distance", "rate_per_unit", "tax_free_per_unit", "supplement"),
        *("days", "rate_per_day", "deductions"),
        *(name for tax in TAXES for name in tax if not name.startswith("tax_code")),
    }
)
CHOICES = frozenset({"paid_with", "unit", "vehicle", "currency", "books_currency", "original_currency"})
_PLAIN = re.compile(r"-?[0-9]+(?:[.,][0-9]+)?")
_TWO_WAYS = re.compile(r"-?[1-9][0-9]{0,2}[.,][0-9]{3}")
_GROUPED = re.compile(r"-?[1-9][0-9]{0,2}(?:(?:\.[0-9]{3})+(?:,[0-9]+)|(?:,[0-9]{3})+(?:\.[0-9]+))")


def _known(title: str) -> str | None:
    name = re.sub(r"[\s-]+", "_", title.strip().lower())
    return name if name in COLUMNS else None


TITLES = Titles(
    required=(
        *("report", "report_number", "employee", "employee_name", "currency", "approved_at", "report_total"),
        *("expense", "date", "paid_with", "gross"),
    ),
    known=_known,
    expected=COLUMNS,
    choice="one of those that docs/howto/send-expense-reports.md lists",
)


@dataclass(slots=True, kw_only=True)
class TableReport:
    """A report of a table as it would be sent, the names of its receipts by their parts, and the line of each
    expense, the first for the report.
    """

    sent: dict[str, Any] = field(default_factory=dict)
    receipts: dict[str, str] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)

    def line(self, where: str) -> int:
        """The line that a problem is about, by its JSON pointer."""
        found = re.match(r"/expenses/([0-9]+)", where)
        return self.lines[int(found[1]) if found else 0]


def read_reports(data: bytes) -> list[TableReport]:
    """Every report of the table, in the order of their first rows. Raises `TableError` with every problem."""
    rows = read_table(data, TITLES)
    problems: list[Problem] = []
    if not rows:
        problems.append(Problem("table.empty", "table", "The table has titles and no row. Nothing is in it."))
    by_report: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        by_report.setdefault((row["report"], row["revision"]), []).append(row)
    found = [_report(of_it, problems) for of_it in by_report.values()]
    if problems:
        raise TableError(problems)
    return found


def _report(rows: Sequence[Row], problems: list[Problem]) -> TableReport:
    first = rows[0]
    problems += _differing(rows)
    found = TableReport(lines=[row.number for row in rows])
    sent = _placed(first, REPORT, problems)
    revision = first["revision"] or "1"
    sent["revision"] = int(revision) if re.fullmatch("[1-9][0-9]{0,5}", revision) else 1
    if str(sent["revision"]) != revision:
        problems.append(_problem(first.number, "revision", revision, "a whole number such as 1"))
    if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", first["approved_at"]):
        sent["approvedAt"] = f"{first['approved_at']}T00:00:00Z"
    expenses = [_expense(row, found, problems) for row in rows]
    advance = _number(first, "advance", problems)
    if advance:
        reference = first["advance_reference"] or first["report"]
        sent["advances"] = [{"externalId": reference, "amount": advance}]
    found.sent = {**sent, "expenses": expenses}
    found.sent["totals"] = {**sent.get("totals", {}), **_totals(expenses, advance)}
    return found


def _differing(rows: Sequence[Row]) -> Iterator[Problem]:
    """What is said of a report is the same in each of its rows."""
    for row in rows[1:]:
        for column in REPORT:
            if row[column] != rows[0][column]:
                text = (
                    f"Line {row.number}: {column} is {row[column]!r}, and {rows[0][column]!r} in line"
                    f" {rows[0].number} of the same report. Write the same in each row of a report."
                )
                yield Problem("intake.row", f"line {row.number}", text)


def _expense(row: Row, report: TableReport, problems: list[Problem]) -> dict[str, Any]:
    found = _placed(row, EXPENSE, problems)
    found["type"] = "MILEAGE" if "mileage" in found else "PER_DIEM" if "perDiem" in found else "RECEIPT"
    if taxes := [tax for columns in TAXES if (tax := _placed(row, columns, problems))]:
        found["taxes"] = taxes
    names = [name.strip() for name in row["receipts"].split("|") if name.strip()]
    for name in names:
        if name not in report.receipts.values():
            report.receipts[f"r{len(report.receipts) + 1}"] = name
    parts = {name: part for part, name in report.receipts.items()}
    if names:
        found["receipts"] = [{"part": parts[name], "fileName": name} for name in names]
    return found


def _placed(row: Row, columns: dict[str, str], problems: list[Problem]) -> dict[str, Any]:
    """The cells that hold something, where they stand in what is sent."""
    found: dict[str, Any] = {}
    for column, path in columns.items():
        if not path or column == "revision" or not row[column]:
            continue
        *steps, last = path.split(".")
        place = found
        for step in steps:
            place = place.setdefault(step, {})
        place[last] = _number(row, column, problems) if column in NUMBERS else row[column]
        if column in CHOICES:
            place[last] = re.sub(r"[\s-]+", "_", row[column].upper())
    return found


def _number(row: Row, column: str, problems: list[Problem]) -> str:
    """The number as it is sent; empty where there is none, or it was refused."""
    text = row[column]
    if _GROUPED.fullmatch(text):
        comma = text.rindex(",") > text.rfind(".") if "," in text else False
        return text.replace("." if comma else ",", "").replace(",", ".")
    if text and (not _PLAIN.fullmatch(text) or _TWO_WAYS.fullmatch(text)):
        expected = "a number that has one meaning, such as 1234.00, 1234,00 or 0.234"
        problems.append(_problem(row.number, column, text, expected))
        return ""
    return text.replace(",", ".")


def _totals(expenses: Sequence[dict[str, Any]], advance: str) -> dict[str, str]:
    """What a table does not state of a report: it follows from its rows."""

    def amount(text: Any) -> Decimal:
        return Decimal(str(text or "0"))

    taxes = (one for each in expenses for one in each.get("taxes", ()))
    tax = sum((amount(one.get("taxAmount")) for one in taxes), Decimal(0))
    own, company = Decimal(0), Decimal(0)
    for each in expenses:
        gross, private = amount(each.get("grossAmount")), amount(each.get("privateAmount"))
        if each.get("paymentMethod") == "OUT_OF_POCKET":
            own += gross - private
        else:
            company += gross
    owed = own - amount(advance)
    return {"tax": f"{tax:f}", "reimbursable": f"{owed:f}", "companyPaid": f"{company:f}"}


def _problem(line: int, column: str, value: str, expected: str) -> Problem:
    text = f"Line {line}: {column} is {value!r}, expected {expected}."
    return Problem("intake.row", f"line {line}", text)
