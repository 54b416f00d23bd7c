"""Posting a general journal entry: every rule is checked, every message collected, and all or nothing is
booked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Broken, Row
from ml_connector_sandbox.systems.exact_online import payables, vat
from ml_connector_sandbox.systems.exact_online.book import (
    STATUS_OPEN,
    STATUS_TEXT,
    TYPE_GENERAL_JOURNAL,
    DivisionBook,
)
from ml_connector_sandbox.systems.exact_online.dimensions import coded_line, midnight
from ml_connector_sandbox.systems.exact_online.entries import (
    closed,
    currency_of,
    imbalances,
    journal_of,
    number_taken,
    period_of,
    write_entry,
)

RECEIVABLE_AND_PAYABLE = {20, 22}
_KINDS = {TYPE_GENERAL_JOURNAL: "general"}


def post_entry(
    book: DivisionBook, switches: Switches, header: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]
) -> Row:
    """Book an entry with its lines, or raise `Broken` with every message and leave the books alone."""
    problems: list[str] = []
    journal = journal_of(book, header.get("JournalCode"), _KINDS, problems)
    if not lines:
        problems.append("Mandatory: General journal entry lines")
    dated = [{**line, "Date": line.get("Date") or midnight(book.now())} for line in lines]
    checked = [_line(book, switches, journal, line, problems) for line in dated]
    rows = [row for row, _ in checked]
    named = (header.get("FinancialYear"), header.get("FinancialPeriod"))
    periods = [period_of(book, *named, row["Date"], problems) for row in rows]
    for row, its_period in _vat_lines(book, switches, checked, periods):
        rows.append(row)
        periods.append(its_period)
    number = header.get("EntryNumber")
    problems += number_taken(book, switches, journal, number)
    if any(row["GLAccount"] is None for row in rows if "GLAccount" in row):
        problems.append("Mandatory: G/L account - VAT")
    currency, rate = currency_of(
        book, journal, header.get("Currency"), header.get("ExchangeRate") or None, problems
    )
    if not problems and journal is not None:
        problems += closed(book, switches, journal, periods)
        problems += imbalances(rows, periods, currency)
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
    return write_entry(book, switches, entry, rows, periods)


def post_line(book: DivisionBook, switches: Switches, values: Mapping[str, Any]) -> Row:
    """Add one line to an open entry; the entry must still balance, so only a zero line can be added alone."""
    entry = book["entries"].get(values.get("EntryID"))
    if entry is None or entry["Type"] != TYPE_GENERAL_JOURNAL:
        raise Broken("Invalid reference: Entry" if values.get("EntryID") else "Mandatory: Entry")
    if entry["Status"] != STATUS_OPEN:
        raise Broken("Not allowed: Status")
    problems: list[str] = []
    journal = journal_of(book, entry["JournalCode"], _KINDS, problems)
    row, _ = _line(book, switches, journal, {**values, "Date": values.get("Date") or entry["Date"]}, problems)
    year, period = entry["FinancialYear"], entry["FinancialPeriod"]
    if book.is_closed(entry["JournalCode"], year, period):
        problems.append("Period is closed")
    problems += imbalances([row], [(year, period)], entry["Currency"]) if not problems else []
    if problems:
        raise Broken(*problems)
    repeated = ("EntryID", "EntryNumber", "Currency", "ExchangeRate", "JournalCode", "JournalDescription")
    shared = {name: entry[name] for name in (*repeated, "Status", "Type")}
    number = max((line["LineNumber"] for line in book.entry_lines(entry)), default=0) + 1
    place = {
        "LineNumber": number,
        "AmountDC": row["AmountFC"],
        "FinancialYear": year,
        "FinancialPeriod": period,
    }
    return book.add("lines", {**shared, **row, **place})


def delete_entry(book: DivisionBook, entry: Row) -> None:
    """Undo an open entry; a processed one, one in a closed period, or one that was paid, is refused."""
    if entry["Status"] != STATUS_OPEN:
        raise Broken("Not allowed: Delete - Status: Processed")
    if book.is_closed(entry["JournalCode"], entry["FinancialYear"], entry["FinancialPeriod"]):
        raise Broken("Period is closed")
    if payables.is_matched(book, entry):
        raise Broken("Not allowed: Delete - Already matched")
    payables.remove_entry(book, entry)


def _line(
    book: DivisionBook, switches: Switches, journal: Row | None, line: Mapping[str, Any], problems: list[str]
) -> tuple[Row, vat.Split | None]:
    """A line as it is kept, and its VAT where the journal has any."""
    row, account = coded_line(book, switches, line, problems)
    if switches["ignores_our_ref"]:
        row.pop("OurRef", None)
    relation_of(book, account, row, problems)
    return row, _vat(book, journal, account, row, problems)


def _vat_lines(
    book: DivisionBook,
    switches: Switches,
    checked: Sequence[tuple[Row, vat.Split | None]],
    periods: Sequence[tuple[int, int]],
) -> list[tuple[Row, tuple[int, int]]]:
    """The lines of VAT that come with the lines of each period."""
    made = []
    for period in sorted(set(periods)):
        mine = [
            (row, part) for (row, part), its in zip(checked, periods, strict=True) if part and its == period
        ]
        for line in vat.booked(book, switches, [part for _, part in mine if part], None):
            day = next(row["Date"] for row, _ in mine if row.get("VATCode") == line["VATCode"])
            kind = {"LineType": switches["vat_line_type"], "Date": day}
            made.append(({**line, **kind}, period))
    return made


def relation_of(book: DivisionBook, account: Row | None, row: Row, problems: list[str]) -> None:
    """Add code and name of the relation that a line names; a line of receivables or payables needs one."""
    if row.get("Account"):
        relation = book["relations"].get(row["Account"])
        if relation is None:
            problems.append("Invalid reference: Account")
        else:
            row |= {"AccountCode": relation["Code"], "AccountName": relation["Name"]}
    elif account is not None and account["Type"] in RECEIVABLE_AND_PAYABLE:
        problems.append("Mandatory: Account")


def _vat(
    book: DivisionBook, journal: Row | None, account: Row | None, row: Row, problems: list[str]
) -> vat.Split | None:
    """Read the VAT of a line and write it into the row; without VAT in the journal a code is refused, and
    that of the account does not hold.
    """
    is_sent = str(row.get("VATCode") or "").strip()
    if journal is None or not journal["AllowVAT"]:
        if is_sent:
            problems.append("Not allowed: VAT code")
        elif row.get("AmountVATFC"):
            problems.append("Mandatory: VAT code")
        return None
    row["VATAmountFC"] = row.pop("AmountVATFC", None)
    part = vat.split(book, row, account, row["Date"], problems, selling=True)
    row.pop("VATAmountFC", None)
    row.pop("VATBaseAmountFC", None)
    if part.code is None:
        return None
    row |= {
        "AmountFC": part.base + part.cost_of_tax,
        "AmountVATFC": part.tax,
        "VATType": part.code["Type"],
        **dict.fromkeys(("AmountVATBaseFC", "VATBaseAmountFC"), part.base),
    }
    return part
