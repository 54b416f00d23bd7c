"""What holds for entries of every journal: journal, period, currency, balance, number; and how one is
written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Row
from ml_connector_sandbox.systems.exact_online import payables
from ml_connector_sandbox.systems.exact_online.book import STATUS_TEXT, USER_ID, DivisionBook
from ml_connector_sandbox.systems.exact_online.dimensions import cents

RATE_RANGE = (Decimal(10) ** -6, Decimal(10) ** 6)
"""The lowest rate, and the first that is too high."""
NO_PERIOD = "Unknown: Financial year (Period-date table)"
TYPE_TEXT = {30: "Purchase entry", 31: "Purchase credit note", 40: "Cash flow", 90: "Other"}
"""Of the types of an entry that can be made here."""
_OF_ENTRY = (
    *("EntryID", "EntryNumber", "Currency", "ExchangeRate", "JournalCode", "JournalDescription", "Status"),
    "Type",
)
"""What a line repeats of its entry."""


def journal_of(book: DivisionBook, code: Any, kinds: Mapping[int, str], problems: list[str]) -> Row | None:
    """The journal of that code, which has to be of one of these kinds, given by their name in messages."""
    if not code:
        problems.append("Mandatory: Journal")
        return None
    journal = book["journals"].first("Code", str(code).strip())
    if journal is None:
        problems.append("Invalid reference: Journal")
    elif journal["Type"] not in kinds:
        problems.append(f"Invalid journal. The journal must be a {next(iter(kinds.values()))} journal.")
    elif journal["IsBlocked"]:
        problems.append("Blocked: Journal")
    return journal


def account_of_journal(book: DivisionBook, journal: Row) -> Row | None:
    """The journal's own account, else the first of its kind: creditors for purchases, bank for a bank."""
    named = book["accounts"].get(journal.get("GLAccount"))
    kind = {22: 22, 23: 22, 20: 20, 21: 20}.get(journal["Type"], journal["Type"])
    return named or next((row for row in book["accounts"] if row["Type"] == kind), None)


def period_of(
    book: DivisionBook, year: Any, period: Any, day: datetime, problems: list[str]
) -> tuple[int, int]:
    """The period that is named, or the one of the day; either part can be left out."""
    by_date = book.period_of(day)
    if by_date is None and (year is None or period is None):
        problems.append(NO_PERIOD)
        return 0, 0
    found = by_date or (0, 0)
    chosen = (found[0] if year is None else int(year), found[1] if period is None else int(period))
    if not book.has_period(*chosen):
        problems.append(NO_PERIOD)
    return chosen


def closed(
    book: DivisionBook, switches: Switches, journal: Row, periods: Sequence[tuple[int, int]]
) -> list[str]:
    """What is said of periods that are closed for the journal."""
    return [
        f"Period is closed: {year} - {period}" if switches["closed_period_suffix"] else "Period is closed"
        for year, period in sorted(set(periods))
        if book.is_closed(journal["Code"], year, period)
    ]


def currency_of(
    book: DivisionBook, journal: Row | None, currency: Any, rate: Any, problems: list[str]
) -> tuple[str, Decimal]:
    """The currency of an entry and its rate, as the journal lets it have them; 1 without a rate."""
    own = (journal or {}).get("Currency") or book.currency
    chosen = str(currency or own).strip()
    by = Decimal(1 if rate is None else rate)
    if not RATE_RANGE[0] <= by < RATE_RANGE[1]:
        problems.append("Invalid: Exchange rate")
    if chosen not in book["currencies"]:
        problems.append("Invalid reference: Currency")
    elif journal is not None and chosen != own and not journal["AllowVariableCurrency"]:
        problems.append("Not allowed: Currency")
    if (
        journal is not None
        and by != 1
        and (chosen == book.currency or not journal["AllowVariableExchangeRate"])
    ):
        problems.append("Not allowed: Exchange rate")
    return chosen, by


def unbalanced(year: int, period: int, kind: str, currency: str, difference: Decimal) -> str:
    """The vendor's message about an entry that does not come to nothing."""
    return (
        f"This entry is not balanced on: {year} / {period} (Type: {kind}) - Difference: {currency}"
        f" {_local(difference)}"
    )


def imbalances(
    rows: Sequence[Row], periods: Sequence[tuple[int, int]], currency: str, kind: str = "Other"
) -> list[str]:
    """What is said of periods in which the lines do not come to nothing."""
    sums: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    for row, period in zip(rows, periods, strict=True):
        sums[period] += row["AmountFC"]
    return [unbalanced(*period, kind, currency, total) for period, total in sorted(sums.items()) if total]


def number_taken(book: DivisionBook, switches: Switches, journal: Row | None, number: Any) -> list[str]:
    """What is said of an entry number that the journal has had."""
    if journal is None or not number or not switches["unique_entry_number"]:
        return []
    held = book["entries"].all("EntryNumber", int(number))
    taken = any(entry["JournalCode"] == journal["Code"] for entry in held)
    return ["In use: Entry number"] if taken else []


def write_entry(
    book: DivisionBook,
    switches: Switches,
    entry: Row,
    rows: Sequence[Row],
    periods: Sequence[tuple[int, int]],
) -> Row:
    """Put a checked entry into the tables: the header, a line number 0 for the sync feed, the numbered
    lines, and what of it is to be paid. A line may say its own `AmountDC`.
    """
    stored = book.add("entries", entry)
    head = {
        "FinancialYear": entry["FinancialYear"],
        "FinancialPeriod": entry["FinancialPeriod"],
        "Date": entry["Date"],
    }
    zero = {"LineNumber": 0, "AmountDC": Decimal(0), "AmountFC": Decimal(0), "LineType": 0}
    book.add("lines", {**_shared(entry), **head, **zero})
    for position, (row, period) in enumerate(zip(rows, periods, strict=True), 1):
        book.add("lines", _line(entry, row, position, period))
    payables.follow(book, switches, stored)
    return stored


def rewrite_lines(book: DivisionBook, switches: Switches, entry: Row, rows: Sequence[Row]) -> None:
    """Write an entry's lines anew, all in the entry's period: rows that have an `ID` stay the same line."""
    period = (entry["FinancialYear"], entry["FinancialPeriod"])
    written = [_line(entry, row, position, period) for position, row in enumerate(rows, 1)]
    kept = {row["ID"] for row in written}
    for held in book["lines"].all("EntryID", entry["EntryID"]):
        if held["LineNumber"] and held["ID"] not in kept:
            book.remove("lines", held)
        elif not held["LineNumber"]:
            place = {"FinancialYear": period[0], "FinancialPeriod": period[1], "Date": entry["Date"]}
            book.change("lines", held, {**_shared(entry), **place})
    for row in written:
        held_row = book["lines"].get(row["ID"])
        if held_row is None:
            book.add("lines", row)
        else:
            gone = {name: None for name in held_row if name in _CLEARED and name not in row}
            book.change("lines", held_row, {**gone, **row})
    payables.follow(book, switches, entry)


def process_entry(book: DivisionBook, entry: Row) -> None:
    """Make an open entry final, as the bookkeeper does on screen."""
    done = {"Status": 50, "StatusDescription": STATUS_TEXT[50], "Modifier": USER_ID}
    for table in ("entries", "purchases", "bank_entries"):
        held = book[table].get(entry["EntryID"])
        if held is not None:
            book.change(table, held, done)
    for line in book["lines"].all("EntryID", entry["EntryID"]):
        book.change("lines", line, {"Status": 50})
    for row in book["payments"].all("TransactionEntryID", entry["EntryID"]):
        book.change("payments", row, {"TransactionStatus": 50})


_CLEARED = (
    *("CostCenter", "CostCenterDescription", "CostUnit", "CostUnitDescription", "Project", "ProjectCode"),
    *("ProjectDescription", "VATCode", "VATCodeDescription", "VATPercentage", "VATType", "AmountVATFC"),
    *("AmountVATBaseFC", "Description", "Notes", "Quantity", "YourRef", "PaymentReference", "Document"),
    *("DocumentNumber", "DocumentSubject", "OrderNumber", "ExternalLinkReference"),
)


def _shared(entry: Row) -> Row:
    return {name: entry[name] for name in _OF_ENTRY}


def _line(entry: Row, row: Row, position: int, period: tuple[int, int]) -> Row:
    amount = row["AmountDC"] if "AmountDC" in row else cents(row["AmountFC"] * Decimal(entry["ExchangeRate"]))
    place = {"LineNumber": position, "AmountDC": amount}
    return {**_shared(entry), **row, **place, "FinancialYear": period[0], "FinancialPeriod": period[1]}


def _local(amount: Decimal) -> str:
    """An amount as the vendor's messages print it: 1.000,00."""
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))
