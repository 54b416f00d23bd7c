"""Bank entries: what a statement shows, line by line, and the bank account on the other side.

statement line −121.00 on the creditor account  ─►  creditor 121.00, bank −121.00, an item of −121.00
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Broken, Row
from ml_connector_sandbox.systems.exact_online import payables, vat
from ml_connector_sandbox.systems.exact_online.book import STATUS_OPEN, STATUS_TEXT, DivisionBook
from ml_connector_sandbox.systems.exact_online.dimensions import amount_of, cents, coded_line, midnight
from ml_connector_sandbox.systems.exact_online.entries import (
    TYPE_TEXT,
    account_of_journal,
    closed,
    currency_of,
    journal_of,
    number_taken,
    period_of,
    rewrite_lines,
    write_entry,
)

CASH_FLOW = 40
BANK = 12
KINDS = {BANK: "bank"}
KINDS_AT_THE_SCREEN = {BANK: "bank", 16: "payment service"}
_SUMS = "Opening balance plus all bank entry lines should result in the closing balance"


def post(
    book: DivisionBook,
    switches: Switches,
    values: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
    kinds: Mapping[int, str] = KINDS,
) -> Row:
    """Book a bank entry, or raise `Broken` with every message and leave the books alone."""
    problems: list[str] = []
    journal = journal_of(book, values.get("JournalCode"), kinds, problems)
    if not lines:
        problems.append("Mandatory: Bank entry lines")
    rows = [_line(book, switches, line, problems) for line in lines]
    bank = account_of_journal(book, journal) if journal else None
    if journal is not None and bank is None:
        problems.append("Mandatory: G/L account - Bank")
    rate = next((line["ExchangeRate"] for line in lines if line.get("ExchangeRate") is not None), None)
    currency, rate = currency_of(book, journal, values.get("Currency"), rate, problems)
    day = rows[0]["Date"] if rows else midnight(book.now())
    named = (values.get("FinancialYear"), values.get("FinancialPeriod"))
    year, period = period_of(book, *named, day, problems)
    problems += number_taken(book, switches, journal, values.get("EntryNumber"))
    sums = _balances(book, values, rows, problems)
    if values.get("BankStatementDocument") and values["BankStatementDocument"] not in book["documents"]:
        problems.append("Invalid reference: Document")
    if not problems and journal is not None:
        problems += closed(book, switches, journal, [(year, period)])
    given = values.get("EntryID") if switches["keeps_entry_id"] else None
    if given and given in book["entries"]:
        problems.append("Data already exists")
    if problems or journal is None or bank is None:
        raise Broken(*dict.fromkeys(problems))
    entry = {
        "EntryID": given or book.new_id("bank_entries"),
        "EntryNumber": values.get("EntryNumber") or book.next_number(journal["Code"], year),
        "Currency": currency,
        "ExchangeRate": rate,
        "FinancialYear": year,
        "FinancialPeriod": period,
        "JournalCode": journal["Code"],
        "JournalDescription": journal["Description"],
        "Status": STATUS_OPEN,
        "StatusDescription": STATUS_TEXT[STATUS_OPEN],
        **sums,
    }
    head: Row = dict(entry)
    if values.get("BankStatementDocument"):
        document = book["documents"].get(values["BankStatementDocument"]) or {}
        head |= {
            "BankStatementDocument": document["ID"],
            "BankStatementDocumentNumber": document["HID"],
            "BankStatementDocumentSubject": document["Subject"],
        }
    kind = {"Type": CASH_FLOW, "TypeDescription": TYPE_TEXT[CASH_FLOW]}
    entry |= {**kind, "Date": day, "Description": rows[0].get("Description"), "Reversal": False}
    stored = book.add("bank_entries", head) if journal["Type"] == BANK else head
    for position, row in enumerate(rows, 1):
        _keep(book, entry, row, position)
    booked = _booked(book, entry, bank)
    write_entry(book, switches, entry, booked, [(year, period)] * len(booked))
    return stored


def post_line(book: DivisionBook, switches: Switches, values: Mapping[str, Any]) -> Row:
    """Add a line to an open bank entry; its closing balance follows. Raises `Broken`."""
    head = book["bank_entries"].get(values.get("EntryID"))
    if head is None:
        raise Broken("Invalid reference: Entry" if values.get("EntryID") else "Mandatory: Entry")
    if head["Status"] != STATUS_OPEN:
        raise Broken("Not allowed: Status")
    if payables.is_matched(book, head):
        raise Broken("Not allowed: Edit - Already matched")
    entry = book["entries"].get(head["EntryID"])
    assert entry is not None
    problems: list[str] = []
    journal = journal_of(book, head["JournalCode"], KINDS, problems)
    row = _line(book, switches, {**values, "Date": values.get("Date") or entry["Date"]}, problems)
    bank = account_of_journal(book, journal) if journal else None
    if journal is not None:
        problems += closed(book, switches, journal, [(entry["FinancialYear"], entry["FinancialPeriod"])])
    if problems or bank is None:
        raise Broken(*problems)
    made = _keep(book, entry, row, len(book["bank_lines"].all("EntryID", head["EntryID"])) + 1)
    balance = {"ClosingBalanceFC": head["ClosingBalanceFC"] + row["AmountFC"]}
    book.change("bank_entries", head, balance)
    book.change("entries", entry, balance)
    rewrite_lines(book, switches, entry, _booked(book, entry, bank))
    return made


def _line(book: DivisionBook, switches: Switches, given: Mapping[str, Any], problems: list[str]) -> Row:
    dated = {**given, "Date": midnight(given.get("Date") or book.now())}
    row, _ = coded_line(book, switches, dated, problems)
    relation = book["relations"].get(row["Account"]) if row.get("Account") else None
    if relation is not None:
        row |= {"AccountCode": relation["Code"], "AccountName": relation["Name"]}
    elif row.get("Account"):
        problems.append("Invalid reference: Account")
    code = vat.code_of(book, row["VATCode"]) if str(row.get("VATCode") or "").strip() else None
    if str(row.get("VATCode") or "").strip() and code is None:
        problems.append("Invalid reference: VAT code")
    if code is not None:
        row |= {"VATCode": code["Code"], "VATCodeDescription": code["Description"], "VATType": code["Type"]}
    amount_of(row.get("AmountVATFC"), problems, "VAT amount")
    return row


def _balances(
    book: DivisionBook, values: Mapping[str, Any], rows: Sequence[Row], problems: list[str]
) -> dict[str, Decimal]:
    """Opening and closing; what is not given follows from the entry before and the lines."""
    code = str(values.get("JournalCode") or "").strip()
    before = book["bank_entries"].all("JournalCode", code)
    last = before[-1]["ClosingBalanceFC"] if before else Decimal(0)
    given = values.get("OpeningBalanceFC")
    opening = last if given is None else amount_of(given, problems, "Opening balance")
    total = opening + sum((row["AmountFC"] for row in rows), Decimal(0))
    wanted = values.get("ClosingBalanceFC")
    if wanted is not None and amount_of(wanted, problems, "Closing balance") != total:
        problems.append(_SUMS)
    return {"OpeningBalanceFC": opening, "ClosingBalanceFC": total}


def _keep(book: DivisionBook, entry: Row, row: Row, position: int) -> Row:
    """The statement line, which has the sign of the bank account: paid is negative."""
    line_id = book.new_id("bank_lines")
    more = {"EntryID": entry["EntryID"], "EntryNumber": entry["EntryNumber"], "LineNumber": position}
    amount = cents(row["AmountFC"] * Decimal(entry["ExchangeRate"]))
    rate = {"ExchangeRate": entry["ExchangeRate"], "AmountDC": amount}
    return book.add("bank_lines", {**row, **more, **rate, "ID": line_id})


def _booked(book: DivisionBook, entry: Row, bank: Row) -> list[Row]:
    """The lines of the ledger: each statement line on its account, and the bank for all of them."""
    held = sorted(book["bank_lines"].all("EntryID", entry["EntryID"]), key=lambda row: row["LineNumber"])
    dropped = {
        *("EntryID", "EntryNumber", "LineNumber", "ExchangeRate", "Created", "Creator", "CreatorFullName"),
        *("Modified", "Modifier", "ModifierFullName", "Timestamp", "AmountVATFC"),
    }
    rows = [
        {
            **{name: value for name, value in line.items() if name not in dropped},
            "AmountFC": -line["AmountFC"],
            "AmountDC": -line["AmountDC"],
        }
        for line in held
    ]
    total = {name: -sum((row[name] for row in rows), Decimal(0)) for name in ("AmountFC", "AmountDC")}
    rows.append(
        {
            "ID": str(uuid.uuid5(uuid.UUID(entry["EntryID"]), "bank")),
            "GLAccount": bank["ID"],
            "GLAccountCode": bank["Code"],
            "GLAccountDescription": bank["Description"],
            "Date": entry["Date"],
            "LineType": 0,
            **total,
        }
    )
    return rows
