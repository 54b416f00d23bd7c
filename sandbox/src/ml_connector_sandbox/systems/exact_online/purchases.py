"""Purchase entries: what is sent becomes cost lines, VAT lines and the line that is owed, all or nothing.

100.00 with code 21  ─►  cost 100.00   VAT to claim 21.00   creditor −121.00   item 121.00
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Broken, Row
from ml_connector_sandbox.systems.exact_online import archive, payables, purchase_rules, vat
from ml_connector_sandbox.systems.exact_online.book import STATUS_OPEN, STATUS_TEXT, DivisionBook
from ml_connector_sandbox.systems.exact_online.dimensions import cents, coded_line
from ml_connector_sandbox.systems.exact_online.entries import (
    TYPE_TEXT,
    account_of_journal,
    closed,
    journal_of,
    number_taken,
    rewrite_lines,
    write_entry,
)

PATH = "purchaseentry/PurchaseEntries"
ENTRY, CREDIT_NOTE = 30, 31
_COST = (
    *(
        "GLAccount",
        "GLAccountCode",
        "GLAccountDescription",
        "CostCenter",
        "CostCenterDescription",
        "CostUnit",
    ),
    *("CostUnitDescription", "Project", "ProjectCode", "ProjectDescription", "Description", "Notes"),
    *("Quantity", "VATCode", "VATCodeDescription", "VATPercentage"),
)
"""What a booked cost line has of the line that was sent."""
_STAMPS = (
    *("Created", "Creator", "CreatorFullName", "Modified", "Modifier", "ModifierFullName", "Timestamp"),
    "Division",
)
_OF_HEADER = (
    "DueDate",
    "YourRef",
    "InvoiceNumber",
    "PaymentReference",
    "OrderNumber",
    "ExternalLinkReference",
)
_CLEARABLE = (
    *("DueDate", "Description", "YourRef", "PaymentReference", "Document", "OrderNumber", "BatchNumber"),
    *("ExternalLinkReference", "GAccountAmountFC"),
)
"""What a null takes away; another null leaves the field alone."""
_DOCUMENT = ("Document", "DocumentNumber", "DocumentSubject")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    """An entry that may be booked: its header, its lines, and the lines of the ledger."""

    head: Row
    lines: list[Row]
    booked: list[Row]


def post(
    book: DivisionBook,
    switches: Switches,
    values: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
    *,
    warn: bool = True,
) -> Row:
    """Book a purchase entry, or raise `Broken` with every message and leave the books alone. A person can
    pass over the warning about a repetition.
    """
    given = values.get("EntryID") if switches["keeps_entry_id"] else None
    if given and given in book["entries"]:
        raise Broken("Data already exists")
    entry_id = given or book.new_id("purchases")
    sent = [_turned(switches, values.get("Type"), line) for line in lines]
    checked = _check(book, switches, {**values, "EntryID": entry_id}, sent, None, warn=warn)
    head = checked.head
    year, journal = head["ReportingYear"], head["Journal"]
    head["EntryNumber"] = head.get("EntryNumber") or book.next_number(journal, year)
    head["InvoiceNumber"] = head.get("InvoiceNumber") or head["EntryNumber"]
    if not head.get("Document") and switches["auto_document"]:
        head |= archive.of_entry(book, head)
    row = book.add("purchases", head)
    for line in checked.lines:
        book.add("purchase_lines", line)
    booked = [_stamped(head, line) for line in checked.booked]
    periods = [(year, head["ReportingPeriod"])] * len(booked)
    write_entry(book, switches, _entry(head), booked, periods)
    return row


def put(book: DivisionBook, switches: Switches, row: Row, values: Mapping[str, Any]) -> None:
    """Change the header fields that were sent; raises `Broken`."""
    year = values.get("ReportingYear")
    if year is not None and year != row["ReportingYear"]:
        raise Broken("The financial year cannot be changed.")
    changes = {name: value for name, value in values.items() if value is not None or name in _CLEARABLE}
    if "DueDate" in changes:
        changes["_due_given"] = changes["DueDate"] is not None
    _rebook(book, switches, row, changes, [line["_sent"] for line in lines_of(book, row)])


def post_line(book: DivisionBook, switches: Switches, values: Mapping[str, Any]) -> Row:
    """Add a line to an open entry; raises `Broken`."""
    row = _held(book, values.get("EntryID"))
    sent = _turned(switches, row["Type"], values)
    _rebook(book, switches, row, {}, [*(line["_sent"] for line in lines_of(book, row)), sent])
    return lines_of(book, row)[-1]


def put_line(book: DivisionBook, switches: Switches, line: Row, values: Mapping[str, Any]) -> None:
    """Change the fields of a line that were sent; raises `Broken`."""
    row = _held(book, line["EntryID"])
    changes = {name: value for name, value in values.items() if name not in ("ID", "EntryID", "_id")}
    changed = {**line["_sent"], **_turned(switches, row["Type"], changes)}
    sent = [changed if held is line else held["_sent"] for held in lines_of(book, row)]
    _rebook(book, switches, row, {}, sent)


def delete_line(book: DivisionBook, switches: Switches, line: Row) -> None:
    """Take a line out of an open entry, but not the last one; raises `Broken`."""
    row = _held(book, line["EntryID"])
    _rebook(book, switches, row, {}, [held["_sent"] for held in lines_of(book, row) if held is not line])


def lines_of(book: DivisionBook, row: Row) -> list[Row]:
    """The lines of a purchase entry by number."""
    return sorted(book["purchase_lines"].all("EntryID", row["EntryID"]), key=lambda line: line["LineNumber"])


def _held(book: DivisionBook, key: Any) -> Row:
    row = book["purchases"].get(key)
    if row is None:
        raise Broken("Invalid reference: Entry" if key else "Mandatory: Entry")
    return row


def _turned(switches: Switches, kind: Any, line: Mapping[str, Any]) -> Row:
    """The line as it is booked: by switch, the amounts of a credit note come positive and are turned."""
    row = dict(line)
    if switches["credit_notes"] == "type_31" and kind == CREDIT_NOTE:
        row |= {name: -row[name] for name in ("AmountFC", "VATAmountFC") if row.get(name) is not None}
    return row


def _rebook(
    book: DivisionBook, switches: Switches, row: Row, values: Mapping[str, Any], sent: Sequence[Row]
) -> None:
    entry = book["entries"].get(row["EntryID"])
    assert entry is not None
    if row["Status"] != STATUS_OPEN:
        raise Broken("Not allowed: Status")
    if payables.is_matched(book, row):
        raise Broken("Not allowed: Edit - Already matched")
    checked = _check(book, switches, {**row, **values}, sent, row)
    keep = ("EntryNumber", "Status", "StatusDescription", "Created", "Creator", "CreatorFullName")
    book.change("purchases", row, {k: v for k, v in checked.head.items() if k not in keep or k in values})
    fresh = {line["ID"]: line for line in checked.lines}
    for held in lines_of(book, row):
        if held["ID"] not in fresh:
            book.remove("purchase_lines", held)
    for line in checked.lines:
        old = book["purchase_lines"].get(line["ID"])
        if old is None:
            book.add("purchase_lines", line)
        else:
            gone = (name for name in old if name not in line and name not in _STAMPS)
            book.change("purchase_lines", old, {**dict.fromkeys(gone), **line})
    book.change("entries", entry, _entry(row))
    rewrite_lines(book, switches, entry, [_stamped(row, line) for line in checked.booked])


def _check(
    book: DivisionBook,
    switches: Switches,
    values: Mapping[str, Any],
    sent: Sequence[Mapping[str, Any]],
    old: Row | None,
    *,
    warn: bool = True,
) -> _Checked:
    problems: list[str] = []
    journal = journal_of(book, values.get("Journal"), purchase_rules.KINDS, problems)
    if not sent:
        problems.append("Mandatory: Purchase entry lines")
    creditor = account_of_journal(book, journal) if journal else None
    head = purchase_rules.header(book, switches, values, journal, creditor, problems)
    lines, splits = [], []
    for position, given in enumerate(sent, 1):
        line, part = _line(book, switches, head, given, problems)
        lines.append(line | {"LineNumber": position, "EntryID": head["EntryID"]})
        splits.append(part)
    if old is None or values.get("EntryNumber") != old["EntryNumber"]:
        problems += number_taken(book, switches, journal, values.get("EntryNumber"))
    if len({line["ID"] for line in lines}) < len(lines):
        problems.append("Data already exists")
    if problems or journal is None:
        raise Broken(*dict.fromkeys(problems))
    assert creditor is not None
    total = vat.due(switches, splits)
    head |= _totals(switches, head, splits, total)
    period = (head["ReportingYear"], head["ReportingPeriod"])
    was = (old["ReportingYear"], old["ReportingPeriod"]) if old else period
    problems += closed(book, switches, journal, [period, was])
    problems += purchase_rules.duplicates(book, switches, head, old) if warn else []
    booked = _booked(book, switches, head, lines, splits, creditor, total)
    if any(row["GLAccount"] is None for row in booked):
        problems.append("Mandatory: G/L account - VAT")
    problems += purchase_rules.foreign_vat(book, switches, head)
    if problems:
        raise Broken(*problems)
    for line in lines:
        line["Type"] = head["Type"]
    head["AmountDC"] = -booked[-1]["AmountDC"]
    return _Checked(head=head, lines=lines, booked=booked)


def _line(
    book: DivisionBook, switches: Switches, head: Row, given: Mapping[str, Any], problems: list[str]
) -> tuple[Row, vat.Split]:
    day = head["EntryDate"]
    plain = {name: value for name, value in given.items() if name != "_id"}
    row, account = coded_line(book, switches, {**plain, "Date": day}, problems)
    purchase_rules.line(book, account, row, problems)
    part = vat.split(book, row, account, day, problems)
    if "_id" not in given and row.get("ID") in book["lines"]:
        problems.append("Data already exists")
    row["ID"] = given.get("_id") or row.get("ID") or book.new_id("purchase_lines")
    rate = head["_factor"]
    row |= {
        "AmountDC": cents(row["AmountFC"] * rate),
        "VATAmountFC": part.tax if part.code else None,
        "VATAmountDC": cents(part.tax * rate) if part.code else None,
        "VATBaseAmountDC": cents(part.base * rate) if part.code else None,
        "_sent": {**given, "_id": row["ID"]},
    }
    return row, part


def _totals(switches: Switches, head: Row, splits: Sequence[vat.Split], total: Decimal) -> Row:
    kind = CREDIT_NOTE if total < 0 else ENTRY
    tax = total - sum((part.base for part in splits), Decimal(0))
    shown = switches["header_vat"] == "total"
    return {
        "AmountFC": total,
        "VATAmountFC": tax if shown else None,
        "VATAmountDC": cents(tax * head["_factor"]) if shown else None,
        "_tax": tax,
        "Type": kind,
        "TypeDescription": TYPE_TEXT[kind],
        "Status": STATUS_OPEN,
        "StatusDescription": STATUS_TEXT[STATUS_OPEN],
    }


def _booked(
    book: DivisionBook,
    switches: Switches,
    head: Row,
    lines: Sequence[Row],
    splits: Sequence[vat.Split],
    creditor: Row,
    total: Decimal,
) -> list[Row]:
    """The lines of the ledger; the last one is what is owed, and takes what rounding to the division's
    currency leaves.
    """
    factor = head["_factor"]
    rows = []
    for line, part in zip(lines, splits, strict=True):
        kept = {name: line[name] for name in _COST if name in line}
        more = {"AmountVATFC": part.tax, "AmountVATBaseFC": part.base} if part.code else {}
        kind = {"VATType": part.code["Type"]} if part.code else {}
        amount = part.base + part.cost_of_tax
        rows.append({"ID": line["ID"], **kept, **more, **kind, "AmountFC": amount, "LineType": 0})
    for row in vat.booked(book, switches, splits, head["EntryID"]):
        rows.append({**row, "LineType": switches["vat_line_type"]})
    for row in rows:
        row["AmountDC"] = cents(row["AmountFC"] * factor)
    owed = {
        "ID": str(uuid.uuid5(uuid.UUID(head["EntryID"]), "owed")),
        "GLAccount": creditor["ID"],
        "GLAccountCode": creditor["Code"],
        "GLAccountDescription": creditor["Description"],
        "AmountFC": -total,
        "AmountDC": -sum((row["AmountDC"] for row in rows), Decimal(0)),
        "LineType": switches["payable_line_type"],
        "Description": head.get("Description"),
    }
    return [*rows, owed]


def _stamped(head: Row, row: Row) -> Row:
    """A line of the ledger with what it repeats of the header."""
    account = {
        "Account": head["Supplier"],
        "AccountCode": head["_supplier_code"],
        "AccountName": head["SupplierName"],
        "Date": head["EntryDate"],
    }
    repeated = {name: head.get(name) for name in (*_OF_HEADER, *_DOCUMENT)}
    return {name: value for name, value in {**row, **account, **repeated}.items() if value is not None}


def _entry(head: Row) -> Row:
    """The entry as the ledger reads show it."""
    return {
        **{
            name: head[name] for name in ("EntryID", "EntryNumber", "Currency", "Status", "StatusDescription")
        },
        **{name: head[name] for name in ("Type", "TypeDescription", "Reversal", "JournalDescription")},
        **{name: head.get(name) for name in ("Description", "PaymentReference", "ExternalLinkReference")},
        **{name: head.get(name) for name in _DOCUMENT},
        "ExchangeRate": head["_factor"],
        "FinancialYear": head["ReportingYear"],
        "FinancialPeriod": head["ReportingPeriod"],
        "JournalCode": head["Journal"],
        "Date": head["EntryDate"],
        "PaymentConditionCode": head.get("PaymentCondition"),
        "PaymentConditionDescription": head.get("PaymentConditionDescription"),
    }
