"""What a line is coded with: its account, cost center, cost unit, project and document, and the rules for
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Row
from ml_connector_sandbox.systems.exact_online.book import DivisionBook
from ml_connector_sandbox.systems.exact_online.masters import TEXT_MAX, cost_code

AMOUNT_LIMIT = Decimal(10) ** 15
CENT = Decimal("0.01")
_DIMENSIONS = (
    ("CostCenter", "cost_centers", "UseCostcenter", "Costcenter", "Cost center"),
    ("CostUnit", "cost_units", "UseCostunit", "Costunit", "Cost unit"),
)
"""Line field, table, how the account uses it, the account's default, and its name in messages."""
_OPTIONAL, _MANDATORY, _NOT_ALLOWED = 0, 1, 2


def coded_line(
    book: DivisionBook, switches: Switches, line: Mapping[str, Any], problems: list[str]
) -> tuple[Row, Row | None]:
    """A line as it is kept, with the texts of what it refers to, and its account; it has its `Date`."""
    row: Row = {
        name: value for name, value in line.items() if value is not None and name not in ("ID", "EntryID")
    }
    if switches["keeps_entry_id"] and line.get("ID"):
        row["ID"] = line["ID"]
    row["AmountFC"] = amount_of(line.get("AmountFC"), problems)
    row["LineType"] = 0
    account = book["accounts"].get(line["GLAccount"]) if line.get("GLAccount") else None
    if not line.get("GLAccount"):
        problems.append("Mandatory: G/L account")
    elif account is None:
        problems.append("Invalid reference: G/L account")
    else:
        row |= {"GLAccountCode": account["Code"], "GLAccountDescription": account["Description"]}
        if account["IsBlocked"]:
            problems.append(f"Blocked: G/L account: {account['Code']}")
        _dimensions(book, switches, account, row, problems)
    fit(switches, row, "Description", TEXT_MAX, problems)
    if row.get("Project"):
        project = book["projects"].get(row["Project"])
        if project is None:
            problems.append("Invalid reference: Project")
        else:
            row |= {"ProjectCode": project["Code"], "ProjectDescription": project["Description"]}
    document_of(book, row, problems)
    unknown = {"Asset": "Asset", "ProjectWBS": "WBS", "Expense": "Expense", "Subscription": "Subscription"}
    problems += [f"Invalid reference: {text}" for name, text in unknown.items() if row.get(name)]
    return row, account


def amount_of(value: Any, problems: list[str], label: str = "Amount") -> Decimal:
    """An amount in whole cents; zero, and a problem, for one that no field holds."""
    amount = Decimal(value or 0)
    if abs(amount) >= AMOUNT_LIMIT:
        problems.append(f"Invalid: {label}")
        return Decimal(0)
    return cents(amount)


def cents(amount: Decimal) -> Decimal:
    """Rounded to cents, halves away from zero."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def fit(switches: Switches, row: Row, name: str, most: int, problems: list[str]) -> None:
    """Cut a text that is too long, by switch, or say so."""
    if len(row.get(name) or "") <= most:
        return
    if switches["text_overflow"] == "truncate":
        row[name] = row[name][:most]
    else:
        problems.append(f"{name} is too long. Maximum: {most}")


def document_of(book: DivisionBook, row: Row, problems: list[str]) -> None:
    """Add number and subject of the document that a row names."""
    if not row.get("Document"):
        return
    document = book["documents"].get(row["Document"])
    if document is None:
        problems.append("Invalid reference: Document")
    else:
        row |= {"DocumentNumber": document["HID"], "DocumentSubject": document["Subject"]}


def midnight(moment: datetime) -> datetime:
    """The beginning of that day."""
    return moment - timedelta(
        hours=moment.hour, minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond
    )


def _dimensions(book: DivisionBook, switches: Switches, account: Row, row: Row, problems: list[str]) -> None:
    for name, table, use, default, text in _DIMENSIONS:
        code = str(row.get(name) or "").strip() or account.get(default)
        row.pop(name, None)
        wanted = account.get(use) or _OPTIONAL
        if not code:
            if wanted == _MANDATORY:
                problems.append(f"Mandatory: {text}")
            continue
        if wanted == _NOT_ALLOWED:
            problems.append(f"Not allowed: {text}")
            continue
        known = cost_code(book, switches, table, code)
        if known is None or (
            switches["inactive_cost_centers"] == "refuse" and not _is_open(book, switches, known, row["Date"])
        ):
            problems.append(f"Invalid reference: {text}")
        else:
            row |= {name: known["Code"], f"{name}Description": known["Description"]}


def _is_open(book: DivisionBook, switches: Switches, member: Row, day: datetime) -> bool:
    """Whether a cost center or cost unit can be booked on that day."""
    if member.get("Active") is False:
        return False
    last = member.get("EndDate")
    if last is None:
        return True
    judged = midnight(book.now()) if switches["end_date_judged_by"] == "today" else midnight(day)
    return judged < last or (switches["end_date_takes_entries"] is True and judged == midnight(last))
