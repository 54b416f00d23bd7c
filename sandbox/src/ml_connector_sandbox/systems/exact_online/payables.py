"""What is owed to suppliers: every line on an account of creditors with a relation is an open item, until it
is matched with others that come to nothing together. What debtors owe is kept, and never matched.

    line of an entry ─follow─► item (20 open) ─select, process─► 30, 40 ─match─► 50 ─unmatch─► 20

Amounts are kept in `_fc` and `_dc`, to pay positive; a switch says with which sign they are shown.
"""

from __future__ import annotations

import calendar
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Row
from ml_connector_sandbox.systems.exact_online.book import DivisionBook
from ml_connector_sandbox.systems.exact_online.dimensions import cents

OPEN, SELECTED, PROCESSED, MATCHED = 20, 30, 40, 50
PAYABLE, RECEIVABLE = 22, 20
"""Types of accounts, and `LineType` of their items."""
_BANK = 40
_DISCOUNT = ("AmountDiscountFC", "AmountDiscountDC", "_offered_fc", "_offered_dc")
_END = ("EndDate", "EndYear", "EndPeriod", "LastPaymentDate", "_match")


def follow(book: DivisionBook, switches: Switches, entry: Row) -> None:
    """Bring the items of an entry in line with its lines; only for an entry without a matched item."""
    purchase = book["purchases"].get(entry["EntryID"]) or {}
    lines = [*owed(book, entry), *owed(book, entry, RECEIVABLE)]
    wanted = [row for line in lines for row in _items(book, switches, entry, line, purchase)]
    kept = {row["ID"] for row in wanted}
    held = book["payments"].all("TransactionEntryID", entry["EntryID"])
    for row in held:
        if row["ID"] not in kept:
            book.remove("payments", row)
    for row in wanted:
        old = book["payments"].get(row["ID"])
        if old is None:
            book.add("payments", row)
        else:
            own = ("EntryID", "Status", "PaymentMethod", "_own_bank", *_BANK_FIELDS)
            book.change("payments", old, {k: v for k, v in row.items() if k not in own})


def owed(book: DivisionBook, entry: Row, kind: int = PAYABLE) -> list[Row]:
    """The lines of an entry that are owed or owing: on an account of creditors, or another kind, with a
    relation.
    """
    return [
        line
        for line in book.entry_lines(entry)
        if line.get("Account")
        and line["AmountFC"]
        and (book["accounts"].get(line["GLAccount"]) or {}).get("Type") == kind
    ]


def show(switches: Switches, row: Row) -> Row:
    """The amounts of an item as the vendor shows them."""
    sign = 1 if switches["payables_sign"] == "positive" else -1
    return {
        "AmountFC": sign * row["_fc"],
        "AmountDC": sign * row["_dc"],
        "TransactionAmountFC": sign * row["_whole_fc"],
        "TransactionAmountDC": sign * row["_whole_dc"],
    }


def split(book: DivisionBook, switches: Switches, row: Row, part: Decimal) -> Row:
    """The item of that amount (to pay positive): the whole one, or what is split off from it."""
    if part == row["_fc"]:
        return row
    part_dc = cents(part * row["_dc"] / row["_fc"])
    rest = {"_fc": row["_fc"] - part, "_dc": row["_dc"] - part_dc}
    taken = {"_fc": part, "_dc": part_dc, **dict.fromkeys(name for name in _DISCOUNT if name in row)}
    keeps_rest = switches["split_row_keeps"] == "rest"
    stays, leaves = (rest, taken) if keeps_rest else (taken, rest)
    fresh = {name: value for name, value in row.items() if name not in ("Created", "Modified", "Timestamp")}
    fresh |= {**leaves, "ID": book.new_id("payments"), "EntryID": book.new_id("payments")}
    fresh |= show(switches, fresh)
    book.change("payments", row, {**stays, **show(switches, {**row, **stays})})
    made = book.add("payments", fresh)
    return made if keeps_rest else row


def match(
    book: DivisionBook,
    switches: Switches,
    parts: Sequence[tuple[Row, Decimal]],
    day: datetime,
    discount: Decimal = Decimal(0),
) -> str:
    """Match parts of items that come to nothing together; returns the name of the match. The discount is
    noted at the first item.
    """
    name = book.new_id("payments")
    rows = [split(book, switches, row, part) for row, part in parts]
    invoices = [row for row in rows if row["TransactionType"] != _BANK]
    judged = invoices if switches["end_date_from"] == "invoices" and invoices else rows
    last = max(judged, key=lambda row: row["InvoiceDate"])
    end = {
        "EndDate": last["InvoiceDate"],
        "EndYear": last["TransactionReportingYear"],
        "EndPeriod": last["TransactionReportingPeriod"],
        "LastPaymentDate": day,
        "Status": MATCHED,
        "_match": name,
    }
    for row in rows:
        told: Row = {**end, "EntryDate": row.get("EntryDate") or day}
        if row["TransactionType"] == _BANK:
            told["YourRef"] = invoices[0].get("YourRef") if len(invoices) == 1 else None
        elif "AmountDiscountFC" in row or discount:
            own = discount if row is invoices[0] else Decimal(0)
            told |= {"AmountDiscountFC": own, "AmountDiscountDC": cents(own * row["RateFC"])}
        book.change("payments", row, told)
    _say_paid(book, switches, rows)
    return name


def unmatch(book: DivisionBook, switches: Switches, names: Iterable[str]) -> list[Row]:
    """Take matches back: their items are open again, in the parts they were in."""
    rows = [row for name in set(names) for row in book["payments"].all("_match", name)]
    for row in rows:
        book.change("payments", row, _opened(row))
    _say_paid(book, switches, rows)
    return rows


def _opened(row: Row) -> Row:
    """What an item that is open again says."""
    cleared: Row = {**dict.fromkeys((*_END, "EntryDate")), "Status": OPEN}
    if row["TransactionType"] == _BANK:
        cleared["YourRef"] = None
    if "AmountDiscountFC" in row:
        cleared |= {"AmountDiscountFC": row.get("_offered_fc"), "AmountDiscountDC": row.get("_offered_dc")}
    return cleared


def is_matched(book: DivisionBook, entry: Row) -> bool:
    """Whether something of the entry was matched, or is on its way to a bank."""
    items = book["payments"].all("TransactionEntryID", entry["EntryID"])
    return any(row["Status"] != OPEN for row in items)


def remove_entry(book: DivisionBook, entry: Row) -> None:
    """Take an entry out of the books, whatever state it is in; what it was matched with is open again."""
    items = book["payments"].all("TransactionEntryID", entry["EntryID"])
    names = {row["_match"] for row in items if row.get("_match")}
    rows = [row for name in names for row in book["payments"].all("_match", name)]
    for row in rows:
        book.change("payments", row, _opened(row))
    book.delete_entry(entry)
    for row in rows:
        if row["ID"] in book["payments"] and row.get("IsFullyPaid"):
            book.change("payments", row, {"IsFullyPaid": False})


def open_items(book: DivisionBook, entry: Row) -> list[Row]:
    """The items of an entry that are not matched, the largest first."""
    items = book["payments"].all("TransactionEntryID", entry["EntryID"])
    rows = [row for row in items if row["LineType"] == PAYABLE and row["Status"] != MATCHED]
    return sorted(rows, key=lambda row: (-abs(row["_fc"]), row["ID"]))


def listed(book: DivisionBook) -> Iterable[Row]:
    """Every open item, as read/financial/PayablesList shows it."""
    for row in book["payments"]:
        if row["Status"] == MATCHED or row["LineType"] != PAYABLE:
            continue
        yield {
            **{name: row.get(name) for name in ("Description", "DueDate", "InvoiceDate", "InvoiceNumber")},
            **{name: row.get(name) for name in ("ApprovalStatus", "EntryNumber", "YourRef", "AccountName")},
            "HID": row["_hid"],
            "Id": row["ID"],
            "AccountId": row["Account"],
            "AccountCode": row["AccountCode"],
            "Amount": row["AmountFC"],
            "AmountInTransit": row["AmountFC"] if row["Status"] == PROCESSED else Decimal(0),
            "CurrencyCode": row["Currency"],
            "JournalCode": row["Journal"],
            "JournalDescription": row["JournalDescription"],
        }


def overview(book: DivisionBook) -> list[Row]:
    """One row of totals, in the division's currency."""
    unpaid = [row for row in book["payments"] if row["Status"] != MATCHED]
    held = [row for row in unpaid if row["LineType"] == PAYABLE]
    due = [row for row in unpaid if row["LineType"] == RECEIVABLE]
    late = [row for row in held if row["DueDate"] < book.now()]
    to_get = sum((-row["_dc"] for row in due), Decimal(0))
    overdue = [row for row in due if row["DueDate"] < book.now()]
    return [
        {
            "OutstandingReceivableInvoiceAmount": to_get,
            "OutstandingReceivableInvoiceCount": len(due),
            "OverdueReceivableInvoiceAmount": sum((-row["_dc"] for row in overdue), Decimal(0)),
            "OverdueReceivableInvoiceCount": len(overdue),
            "CurrencyCode": book.currency,
            "OutstandingPayableInvoiceAmount": sum((row["_dc"] for row in held), Decimal(0)),
            "OutstandingPayableInvoiceCount": len(held),
            "OverduePayableInvoiceAmount": sum((row["_dc"] for row in late), Decimal(0)),
            "OverduePayableInvoiceCount": len(late),
        }
    ]


_BANK_FIELDS = ("AccountBankAccountID", "AccountBankAccountNumber")


def bank_fields(account: Row | None) -> Row:
    """The columns of an item that say where it is paid to."""
    found: Mapping[str, Any] = account or {}
    return dict(zip(_BANK_FIELDS, (found.get("ID"), found.get("BankAccount")), strict=True))


def main_account(book: DivisionBook, relation: str) -> Row | None:
    """The main bank account of a relation."""
    rows = book["bank_accounts"].all("Account", relation)
    return next((row for row in rows if row.get("Main")), None)


def _items(book: DivisionBook, switches: Switches, entry: Row, line: Row, purchase: Row) -> list[Row]:
    """The item of a line, or one for each part of terms that have several."""
    row = _item(book, switches, entry, line, purchase)
    terms = book["conditions"].all("Code", purchase.get("PaymentCondition") or "")
    if len(terms) < 2:
        return [row]
    rows, left = [], {"_fc": row["_fc"], "_dc": row["_dc"]}
    for number, part in enumerate(terms):
        is_last = number == len(terms) - 1
        amounts = left if is_last else {name: cents(row[name] * part["Percentage"]) for name in left}
        left = {name: left[name] - amounts[name] for name in left}
        made = {**row, **amounts}
        if number:
            made["ID"] = str(uuid.uuid5(uuid.UUID(row["ID"]), f"part {number}"))
            made["EntryID"] = str(uuid.uuid5(uuid.UUID(made["ID"]), "set"))
            made["_hid"] = (book["payments"].get(made["ID"]) or {}).get("_hid") or book.next_hid("payments")
        if not purchase.get("_due_given"):
            made["DueDate"] = due_date(part, line["Date"])
        rows.append({**made, **show(switches, made)})
    return rows


def _item(book: DivisionBook, switches: Switches, entry: Row, line: Row, purchase: Row) -> Row:
    condition = book["conditions"].first("Code", purchase.get("PaymentCondition") or "") or {}
    relation = book["relations"].get(line["Account"]) or {}
    due = purchase.get("DueDate") or line["Date"]
    first = str(uuid.uuid5(uuid.UUID(line["ID"]), "payment"))
    old = book["payments"].get(first) or {}
    row = {
        "ID": first,
        "EntryID": str(uuid.uuid5(uuid.UUID(first), "set")),
        "_hid": old.get("_hid") or book.next_hid("payments"),
        "Account": line["Account"],
        "AccountCode": line.get("AccountCode") or relation.get("Code"),
        "AccountName": line.get("AccountName") or relation.get("Name"),
        "AccountCountry": relation.get("Country"),
        "_fc": -line["AmountFC"],
        "_dc": -line["AmountDC"],
        "_whole_fc": -line["AmountFC"],
        "_whole_dc": -line["AmountDC"],
        "Currency": entry["Currency"],
        "RateFC": _rate(line, entry),
        "Description": line.get("Description") or entry.get("Description"),
        "DueDate": due,
        "TransactionDueDate": due,
        "InvoiceDate": line["Date"],
        "InvoiceNumber": purchase.get("InvoiceNumber"),
        "EntryNumber": entry["EntryNumber"],
        "Journal": entry["JournalCode"],
        "JournalDescription": entry["JournalDescription"],
        "GLAccount": line["GLAccount"],
        "GLAccountCode": line["GLAccountCode"],
        "GLAccountDescription": line["GLAccountDescription"],
        "PaymentCondition": purchase.get("PaymentCondition"),
        "PaymentConditionDescription": purchase.get("PaymentConditionDescription"),
        "PaymentDays": condition.get("PaymentDays"),
        "PaymentMethod": condition.get("PaymentMethod") or "B",
        "PaymentReference": purchase.get("PaymentReference"),
        "YourRef": purchase.get("YourRef"),
        "OrderNumber": purchase.get("OrderNumber"),
        "Status": OPEN,
        "TransactionEntryID": entry["EntryID"],
        "TransactionID": line["ID"],
        "TransactionIsReversal": bool(entry.get("Reversal")),
        "TransactionReportingPeriod": entry["FinancialPeriod"],
        "TransactionReportingYear": entry["FinancialYear"],
        "TransactionStatus": entry["Status"],
        "TransactionType": entry["Type"],
        "LineType": (book["accounts"].get(line["GLAccount"]) or {}).get("Type", PAYABLE),
        "IsFullyPaid": False,
        "IsBatchBooking": 0,
        "Source": 0,
        **_discount(condition, purchase, line),
        **bank_fields(main_account(book, line["Account"])),
    }
    return {**row, **show(switches, row)}


def _rate(line: Row, entry: Row) -> Decimal:
    """Such that FC times rate is DC, to the cent."""
    rate = Decimal(entry["ExchangeRate"])
    if cents(line["AmountFC"] * rate) == line["AmountDC"]:
        return rate
    return Decimal(line["AmountDC"] / line["AmountFC"]).quantize(Decimal("0.00000001"))


def _discount(condition: Row, purchase: Row, line: Row) -> Row:
    """What paying early would save, and until when, by the condition of the invoice."""
    share = Decimal(condition.get("DiscountPercentage") or 0)
    if not share:
        return {}
    base = -line["AmountFC"]
    if condition.get("DiscountCalculation", "I") == "E":
        base -= Decimal(purchase.get("_tax") or 0)
    days = int(condition.get("DiscountPaymentDays") or 0)
    offered = (cents(base * share), cents(base * share * line["AmountDC"] / line["AmountFC"]))
    return {
        "PaymentDiscountPercentage": share,
        "PaymentDaysDiscount": days,
        **dict(zip(_DISCOUNT, (*offered, *offered), strict=True)),
        "DiscountDueDate": later(line["Date"], days),
    }


def due_date(condition: Row, day: datetime) -> datetime:
    """The end of the month so many months on, if any, and then days."""
    months = int(condition.get("PaymentEndOfMonths") or 0)
    if months:
        year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
        if not 1 <= year <= 9999:
            return day
        day = datetime(year, month + 1, calendar.monthrange(year, month + 1)[1])
    return later(day, int(condition.get("PaymentDays") or 0))


def later(day: datetime, days: int) -> datetime:
    """So many days on, as far as a calendar goes."""
    ordinal = min(max(day.toordinal() + days, 1), datetime.max.toordinal())
    return datetime.fromordinal(ordinal)


def _say_paid(book: DivisionBook, switches: Switches, rows: Iterable[Row]) -> None:
    for transaction in {row["TransactionID"] for row in rows}:
        items = book["payments"].all("TransactionID", transaction)
        paid = all(row["Status"] == MATCHED for row in items) and switches["fully_paid_on_payables"]
        for row in items:
            if row["IsFullyPaid"] is not paid:
                book.change("payments", row, {"IsFullyPaid": bool(paid)})
