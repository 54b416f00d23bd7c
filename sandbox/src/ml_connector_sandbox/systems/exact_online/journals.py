"""Posting a general journal entry: every rule is checked, every message collected, and all or nothing is
booked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Broken, Row
from ml_connector_sandbox.systems.exact_online.book import (
    STATUS_OPEN,
    STATUS_TEXT,
    TYPE_GENERAL_JOURNAL,
    USER_ID,
    DivisionBook,
)
from ml_connector_sandbox.systems.exact_online.masters import TEXT_MAX, cost_code

AMOUNT_LIMIT = Decimal(10) ** 15
RATE_LIMIT = Decimal(10) ** 6
RECEIVABLE_AND_PAYABLE = {20, 22}
_CENT = Decimal("0.01")
_DIMENSIONS = (
    ("CostCenter", "cost_centers", "UseCostcenter", "Costcenter", "Cost center"),
    ("CostUnit", "cost_units", "UseCostunit", "Costunit", "Cost unit"),
)
"""Line field, table, how the account uses it, the account's default, and its name in messages."""
_OF_ENTRY = (
    "EntryID",
    "EntryNumber",
    "Currency",
    "ExchangeRate",
    "JournalCode",
    "JournalDescription",
    "Status",
    "Type",
)
"""What a line repeats of its entry."""
_OPTIONAL, _MANDATORY, _NOT_ALLOWED = 0, 1, 2


def post_entry(
    book: DivisionBook, switches: Switches, header: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]
) -> Row:
    """Book an entry with its lines, or raise `Broken` with every message and leave the books alone."""
    problems: list[str] = []
    journal = _journal(book, header.get("JournalCode"), problems)
    if not lines:
        problems.append("Mandatory: General journal entry lines")
    dated = [{**line, "Date": line.get("Date") or _midnight(book.now())} for line in lines]
    rows = [_line(book, switches, journal, line, problems) for line in dated]
    periods = [_period(book, header, row["Date"], problems) for row in rows]
    number = header.get("EntryNumber")
    if (
        journal is not None
        and number
        and switches["unique_entry_number"]
        and _taken(book, journal["Code"], number)
    ):
        problems.append("In use: Entry number")
    currency, rate = _currency(book, journal, header, problems)
    if not problems and journal is not None:
        for year, period in sorted(set(periods)):
            if book.is_closed(journal["Code"], year, period):
                problems.append(
                    f"Period is closed: {year} - {period}"
                    if switches["closed_period_suffix"]
                    else "Period is closed"
                )
        problems += _imbalances(rows, periods, currency)
    if problems or journal is None:
        raise Broken(*dict.fromkeys(problems))
    year, period = periods[0]
    entry_id = header.get("EntryID") if switches["keeps_entry_id"] else None
    if entry_id and entry_id in book["entries"]:
        raise Broken("Data already exists")
    entry = {
        "EntryID": entry_id or book.new_id(),
        "EntryNumber": number or book.next_number(journal["Code"], year),
        "Currency": currency,
        "ExchangeRate": rate,
        "FinancialYear": year,
        "FinancialPeriod": period,
        "JournalCode": journal["Code"],
        "JournalDescription": journal["Description"],
        "Reversal": bool(header.get("Reversal")),
        "Status": STATUS_OPEN,
        "StatusDescription": STATUS_TEXT[STATUS_OPEN],
        "Type": TYPE_GENERAL_JOURNAL,
        "TypeDescription": "Other",
        "Date": rows[0]["Date"],
        "Description": rows[0].get("Description"),
    }
    return write_entry(book, entry, rows, periods)


def write_entry(
    book: DivisionBook, entry: Row, rows: Sequence[Row], periods: Sequence[tuple[int, int]]
) -> Row:
    """Put a checked entry into the tables: the header, a line number 0 for the sync feed, and the numbered
    lines.
    """
    stored = book.add("entries", entry)
    shared = {name: entry[name] for name in _OF_ENTRY}
    head = {
        "FinancialYear": entry["FinancialYear"],
        "FinancialPeriod": entry["FinancialPeriod"],
        "Date": entry["Date"],
    }
    zero = {"LineNumber": 0, "AmountDC": Decimal(0), "AmountFC": Decimal(0), "LineType": 0}
    book.add("lines", {**shared, **head, **zero})
    for position, (row, (year, period)) in enumerate(zip(rows, periods, strict=True), 1):
        amount = (row["AmountFC"] * Decimal(entry["ExchangeRate"])).quantize(_CENT, ROUND_HALF_UP)
        place = {"LineNumber": position, "AmountDC": amount, "FinancialYear": year, "FinancialPeriod": period}
        book.add("lines", {**shared, **row, **place})
    return stored


def post_line(book: DivisionBook, switches: Switches, values: Mapping[str, Any]) -> Row:
    """Add one line to an open entry; the entry must still balance, so only a zero line can be added alone."""
    entry = book["entries"].get(values.get("EntryID"))
    if entry is None:
        raise Broken("Invalid reference: Entry" if values.get("EntryID") else "Mandatory: Entry")
    if entry["Status"] != STATUS_OPEN:
        raise Broken("Not allowed: Status")
    problems: list[str] = []
    journal = _journal(book, entry["JournalCode"], problems)
    row = _line(book, switches, journal, {**values, "Date": values.get("Date") or entry["Date"]}, problems)
    year, period = entry["FinancialYear"], entry["FinancialPeriod"]
    if book.is_closed(entry["JournalCode"], year, period):
        problems.append("Period is closed")
    problems += _imbalances([row], [(year, period)], entry["Currency"]) if not problems else []
    if problems:
        raise Broken(*problems)
    shared = {name: entry[name] for name in _OF_ENTRY}
    number = max((line["LineNumber"] for line in book.entry_lines(entry)), default=0) + 1
    place = {
        "LineNumber": number,
        "AmountDC": row["AmountFC"],
        "FinancialYear": year,
        "FinancialPeriod": period,
    }
    return book.add("lines", {**shared, **row, **place})


def delete_entry(book: DivisionBook, entry: Row) -> None:
    """Undo an open entry; a processed one, or one in a closed period, is refused."""
    if entry["Status"] != STATUS_OPEN:
        raise Broken("Not allowed: Delete - Status: Processed")
    if book.is_closed(entry["JournalCode"], entry["FinancialYear"], entry["FinancialPeriod"]):
        raise Broken("Period is closed")
    book.delete_entry(entry)


def _journal(book: DivisionBook, code: Any, problems: list[str]) -> Row | None:
    if not code:
        problems.append("Mandatory: Journal")
        return None
    journal = book["journals"].first("Code", str(code).strip())
    if journal is None:
        problems.append("Invalid reference: Journal")
    elif journal["Type"] != TYPE_GENERAL_JOURNAL:
        problems.append("Invalid journal. The journal must be a general journal.")
    elif journal["IsBlocked"]:
        problems.append("Blocked: Journal")
    return journal


def _line(
    book: DivisionBook, switches: Switches, journal: Row | None, line: Mapping[str, Any], problems: list[str]
) -> Row:
    row: Row = {
        name: value for name, value in line.items() if value is not None and name not in ("ID", "EntryID")
    }
    if switches["keeps_entry_id"] and line.get("ID"):
        row["ID"] = line["ID"]
    if switches["ignores_our_ref"]:
        row.pop("OurRef", None)
    amount = Decimal(line.get("AmountFC") or 0)
    if abs(amount) >= AMOUNT_LIMIT:
        problems.append("Invalid: Amount")
        amount = Decimal(0)
    row["AmountFC"] = amount.quantize(_CENT, ROUND_HALF_UP)
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
    _relation(book, account, row, problems)
    _vat(book, journal, row, problems)
    if len(row.get("Description", "")) > TEXT_MAX:
        if switches["text_overflow"] == "truncate":
            row["Description"] = row["Description"][:TEXT_MAX]
        else:
            problems.append(f"Description is too long. Maximum: {TEXT_MAX}")
    if row.get("Project"):
        project = book["projects"].get(row["Project"])
        if project is None:
            problems.append("Invalid reference: Project")
        else:
            row |= {"ProjectCode": project["Code"], "ProjectDescription": project["Description"]}
    unknown = {"Document": "Document", "Asset": "Asset", "ProjectWBS": "WBS"}
    problems += [f"Invalid reference: {text}" for name, text in unknown.items() if row.get(name)]
    return row


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
    judged = _midnight(book.now()) if switches["end_date_judged_by"] == "today" else _midnight(day)
    return judged < last or (switches["end_date_takes_entries"] is True and judged == _midnight(last))


def _relation(book: DivisionBook, account: Row | None, row: Row, problems: list[str]) -> None:
    if row.get("Account"):
        relation = book["relations"].get(row["Account"])
        if relation is None:
            problems.append("Invalid reference: Account")
        else:
            row |= {"AccountCode": relation["Code"], "AccountName": relation["Name"]}
    elif account is not None and account["Type"] in RECEIVABLE_AND_PAYABLE:
        problems.append("Mandatory: Account")


def _vat(book: DivisionBook, journal: Row | None, row: Row, problems: list[str]) -> None:
    code = str(row.get("VATCode") or "").strip()
    if not code:
        if row.get("AmountVATFC"):
            problems.append("Mandatory: VAT code")
        return
    if journal is not None and not journal["AllowVAT"]:
        problems.append("Not allowed: VAT code")
        return
    known = next((vat for vat in book["vat_codes"] if vat["Code"].strip() == code), None)
    if known is None:
        problems.append("Invalid reference: VAT code")
        return
    if row.get("AmountVATFC") and (known["Type"] == "N" or not known["Percentage"]):
        problems.append("A VAT amount is not allowed if you use a VAT code of type 'No VAT' or 'VAT 0%'")
    row |= {
        "VATCode": known["Code"],
        "VATCodeDescription": known["Description"],
        "VATType": known["Type"],
        "VATPercentage": known["Percentage"],
    }


def _period(
    book: DivisionBook, header: Mapping[str, Any], day: datetime, problems: list[str]
) -> tuple[int, int]:
    """The header's period for all lines, or each line's own by its date."""
    by_date = book.period_of(day)
    if by_date is None and (header.get("FinancialYear") is None or header.get("FinancialPeriod") is None):
        problems.append("Unknown: Financial year (Period-date table)")
        return 0, 0
    year, period = by_date or (0, 0)
    year = int(header["FinancialYear"]) if header.get("FinancialYear") is not None else year
    period = int(header["FinancialPeriod"]) if header.get("FinancialPeriod") is not None else period
    if not book.has_period(year, period):
        problems.append("Unknown: Financial year (Period-date table)")
    return year, period


def _currency(
    book: DivisionBook, journal: Row | None, header: Mapping[str, Any], problems: list[str]
) -> tuple[str, Decimal]:
    own = (journal or {}).get("Currency") or book.currency
    currency = str(header.get("Currency") or own).strip()
    rate = Decimal(header.get("ExchangeRate") or 1)
    if not 0 < rate < RATE_LIMIT:
        problems.append("Invalid: Exchange rate")
    if currency not in book["currencies"]:
        problems.append("Invalid reference: Currency")
    elif journal is not None and currency != own and not journal["AllowVariableCurrency"]:
        problems.append("Not allowed: Currency")
    if (
        journal is not None
        and rate != 1
        and (currency == book.currency or not journal["AllowVariableExchangeRate"])
    ):
        problems.append("Not allowed: Exchange rate")
    return currency, rate


def _imbalances(rows: Sequence[Row], periods: Sequence[tuple[int, int]], currency: str) -> list[str]:
    sums: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    for row, period in zip(rows, periods, strict=True):
        sums[period] += row["AmountFC"]
    return [
        f"This entry is not balanced on: {year} / {period} (Type: Other) - Difference: {currency}"
        f" {_local(total)}"
        for (year, period), total in sorted(sums.items())
        if total
    ]


def _local(amount: Decimal) -> str:
    """An amount as the vendor's messages print it: 1.000,00."""
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def _taken(book: DivisionBook, journal: str, number: Any) -> bool:
    return any(entry["JournalCode"] == journal for entry in book["entries"].all("EntryNumber", int(number)))


def _midnight(moment: datetime) -> datetime:
    return moment - timedelta(
        hours=moment.hour, minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond
    )


def process_entry(book: DivisionBook, entry: Row) -> None:
    """Make an open entry final, as the bookkeeper does on screen."""
    done = {"Status": 50, "StatusDescription": STATUS_TEXT[50], "Modifier": USER_ID}
    book.change("entries", entry, done)
    for line in book["lines"].all("EntryID", entry["EntryID"]):
        book.change("lines", line, {"Status": 50})
