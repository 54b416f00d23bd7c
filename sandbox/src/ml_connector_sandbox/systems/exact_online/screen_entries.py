"""An entry of any journal, changed or booked again at the screen, with what other sets show of it."""

from __future__ import annotations

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Row
from ml_connector_sandbox.systems.exact_online import banking, purchases
from ml_connector_sandbox.systems.exact_online.book import DivisionBook
from ml_connector_sandbox.systems.exact_online.entries import write_entry

_STAMPS = ("Created", "Modified", "Timestamp")


def edited(book: DivisionBook, entry: Row, line: Row, changes: Row) -> None:
    """Change a line, whatever the rules say. A purchase line of its own shows the same; what is owed does
    not follow.
    """
    book.change("lines", line, changes)
    book.change("entries", entry, {})
    own = book["purchase_lines"].get(line["ID"])
    if own is not None:
        known = {name: value for name, value in changes.items() if name != "OurRef"}
        sent = {name: value for name, value in known.items() if name in own["_sent"]}
        book.change("purchase_lines", own, {**known, "_sent": {**own["_sent"], **sent}})
    for table in ("purchases", "bank_entries"):
        held = book[table].get(entry["EntryID"])
        if held is not None:
            book.change(table, held, {})


def doubled(book: DivisionBook, switches: Switches, entry: Row) -> Row:
    """Book the same again, under a number of its own; returns the entry."""
    purchase = book["purchases"].get(entry["EntryID"])
    if purchase is not None:
        values = {**purchase, "EntryNumber": None, "InvoiceNumber": None, "Document": None, "EntryID": None}
        lines = [
            {name: value for name, value in line["_sent"].items() if name not in ("_id", "ID")}
            for line in purchases.lines_of(book, purchase)
        ]
        values["Type"] = None
        return _entry(book, purchases.post(book, switches, values, lines, warn=False))
    held = book["bank_lines"].all("EntryID", entry["EntryID"])
    if held:
        dropped = (*_STAMPS, "ID", "EntryID", "EntryNumber", "LineNumber")
        rows = [{name: value for name, value in line.items() if name not in dropped} for line in held]
        header = {"JournalCode": entry["JournalCode"], "Currency": entry["Currency"]}
        return _entry(book, banking.post(book, switches, header, rows, banking.KINDS_AT_THE_SCREEN))
    fresh = {
        "EntryID": book.new_id(),
        "EntryNumber": book.next_number(entry["JournalCode"], entry["FinancialYear"]),
    }
    lines = book.entry_lines(entry)
    header = {name: value for name, value in entry.items() if name not in _STAMPS} | fresh
    rows = [
        {name: value for name, value in line.items() if name not in (*_STAMPS, "ID", *fresh)}
        for line in lines
    ]
    periods = [(line["FinancialYear"], line["FinancialPeriod"]) for line in lines]
    return write_entry(book, switches, header, rows, periods)


def _entry(book: DivisionBook, row: Row) -> Row:
    found = book["entries"].get(row["EntryID"])
    assert found is not None
    return found
