"""How suppliers are paid at the screen: whole or in part, matched, put into a bank file, taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.vendor import Json, Row
from ml_connector_sandbox.systems.exact_online import banking, payables
from ml_connector_sandbox.systems.exact_online.book import DivisionBook, as_amount
from ml_connector_sandbox.systems.exact_online.screen_masters import Tenant, book_at, day_of, entered
from ml_connector_sandbox.systems.exact_online.screen_purchases import supplier_of

Action = Callable[[Tenant, Json], Json]
_STATUS = {"open": payables.OPEN, "selected": payables.SELECTED, "processed": payables.PROCESSED}


def _entry(book: DivisionBook, key: Any) -> Row:
    """An entry with something to pay, or a payment, by id or number; `KeyError` for none."""
    found = [
        row
        for row in book["entries"]
        if str(key) in (row["EntryID"], str(row["EntryNumber"]))
        and book["payments"].all("TransactionEntryID", row["EntryID"])
    ]
    if not found:
        raise KeyError(f"entry {key}")
    return found[-1]


def _payment(book: DivisionBook, key: Any) -> Row:
    entries = [row for row in book["entries"] if row["Type"] == banking.CASH_FLOW]
    found = [row for row in entries if key is None or str(key) in (row["EntryID"], str(row["EntryNumber"]))]
    if not found:
        raise KeyError(f"payment {key}")
    return found[-1]


def _taken(book: DivisionBook, entry: Row, wanted: Decimal) -> list[tuple[Row, Decimal]]:
    """Parts of the entry's open items, as far as they go, that make up the amount."""
    parts, rest = [], wanted
    for row in payables.open_items(book, entry):
        same_sign = (row["_fc"] > 0) is (wanted > 0)
        if rest and same_sign:
            part = min(abs(rest), abs(row["_fc"])) * (1 if wanted > 0 else -1)
            parts.append((row, part))
            rest -= part
    return parts


def _pay(tenant: Tenant, typed: Json) -> Json:
    """`{"pays": [{"entry": "…", "amount": "100.00", "discount": "2.00"}], "extra": [{"account": "4500",
    "amount": "15.00"}], "discount_account": "…", "date": "…", "journal": "20"}`
    """
    book = book_at(tenant, typed)
    day = day_of(typed, "date") or datetime.combine(book.now().date(), datetime.min.time())
    wanted = [_wanted(book, pay) for pay in typed.get("pays") or ()]
    loose = _loose(book, typed)
    if not wanted and loose is None:
        raise ValueError("pays: at least one entry, or supplier and amount")
    entries = [entry for entry, _, _ in wanted]
    if len({(entry["Currency"], entry["ExchangeRate"]) for entry in entries}) > 1:
        raise ValueError("pays: entries of one currency and rate; pay the others on their own")
    sums: dict[tuple[str, str], Decimal] = {}
    for entry, amount, discount in wanted:
        line = payables.owed(book, entry)[0]
        key = (line["Account"], line["GLAccount"])
        sums[key] = sums.get(key, Decimal(0)) + amount + discount
    lines = [_statement(key, -total, day, typed) for key, total in sums.items()]
    discounts = sum((discount for _, _, discount in wanted), Decimal(0))
    lines += [loose | {"Date": day}] if loose is not None else []
    lines += _others(book, typed, day, discounts)
    header: Row = {"JournalCode": _journal(book, typed)}
    if entries:
        header["Currency"] = entries[0]["Currency"]
        lines[0]["ExchangeRate"] = entries[0]["ExchangeRate"]
    made = entered(lambda: banking.post(book, tenant.switches, header, lines, banking.KINDS_AT_THE_SCREEN))
    payment = book["entries"].get(made["EntryID"])
    assert payment is not None
    for key in sums:
        _settle(tenant, book, payment, wanted, key, day)
    _tell(tenant, book, "Create", payment)
    return _answer(book, payment)


def _wanted(book: DivisionBook, pay: Json) -> tuple[Row, Decimal, Decimal]:
    entry = _entry(book, pay.get("entry"))
    discount = Decimal(str(pay.get("discount") or 0))
    left = sum((row["_fc"] for row in payables.open_items(book, entry)), Decimal(0))
    amount = left - discount if pay.get("amount") is None else Decimal(str(pay["amount"]))
    if not amount.is_finite() or not discount.is_finite() or not payables.owed(book, entry):
        raise ValueError("pays: amounts, and entries that are owed to somebody")
    return entry, amount, discount


def _loose(book: DivisionBook, typed: Json) -> Row | None:
    """A payment to a supplier that names no invoice."""
    if typed.get("supplier") is None:
        return None
    creditors = next((row for row in book["accounts"] if row["Type"] == payables.PAYABLE), None)
    if creditors is None:
        raise KeyError("account of creditors")
    amount = Decimal(str(typed.get("amount", 0)))
    named = {"Account": supplier_of(book, typed["supplier"])["ID"], "GLAccount": creditors["ID"]}
    return {**named, "AmountFC": -amount, "Description": typed.get("text") and str(typed["text"])}


def _statement(key: tuple[str, str], amount: Decimal, day: datetime, typed: Json) -> Row:
    text = None if typed.get("text") is None else str(typed["text"])
    return {"Account": key[0], "GLAccount": key[1], "AmountFC": amount, "Date": day, "Description": text}


def _others(book: DivisionBook, typed: Json, day: datetime, discount: Decimal) -> list[Row]:
    """What else the statement line is made of: charges, and the discount that was kept."""
    rows = [
        (str(row.get("account", "")), -Decimal(str(row["amount"])), row.get("text"))
        for row in typed.get("extra") or ()
    ]
    if discount:
        rows.append((str(typed.get("discount_account", "")), discount, "Discount"))
    lines = []
    for code, amount, text in rows:
        account = book["accounts"].first("Code", code)
        if account is None:
            raise KeyError(f"account {code}")
        row = {"GLAccount": account["ID"], "AmountFC": amount, "Date": day}
        lines.append({**row, "Description": None if text is None else str(text)})
    return lines


def _journal(book: DivisionBook, typed: Json) -> str:
    if typed.get("journal") is not None:
        return str(typed["journal"])
    return next((str(row["Code"]) for row in book["journals"] if row["Type"] == banking.BANK), "")


def _settle(
    tenant: Tenant,
    book: DivisionBook,
    payment: Row,
    wanted: Sequence[tuple[Row, Decimal, Decimal]],
    key: tuple[str, str],
    day: datetime,
) -> None:
    """Match the supplier's line of a payment with what was paid by it; what is left stays open."""
    parts: list[tuple[Row, Decimal]] = []
    kept = Decimal(0)
    for entry, amount, discount in wanted:
        line = payables.owed(book, entry)[0]
        if (line["Account"], line["GLAccount"]) == key:
            kept += discount
            taken = {row["ID"] for row, _ in parts}
            parts += [part for part in _taken(book, entry, amount + discount) if part[0]["ID"] not in taken]
    items = book["payments"].all("TransactionEntryID", payment["EntryID"])
    own = next((row for row in items if (row["Account"], row["GLAccount"]) == key), None)
    total = sum((part for _, part in parts), Decimal(0))
    if own is None or not parts or not total:
        return
    payables.match(book, tenant.switches, [*parts, (own, -total)], day, kept)


def _match(tenant: Tenant, typed: Json) -> Json:
    """`{"entries": ["…", "…"]}`: an invoice with a credit note, or with a payment that is not matched."""
    book = book_at(tenant, typed)
    first, second = (_entry(book, key) for key in list(typed["entries"])[:2])
    sums = [
        sum((row["_fc"] for row in payables.open_items(book, entry)), Decimal(0)) for entry in (first, second)
    ]
    if sums[0] * sums[1] >= 0:
        raise ValueError("entries: one that is owed and one that is owing")
    part = min(abs(sums[0]), abs(sums[1]))
    signed = part if sums[0] > 0 else -part
    parts = [*_taken(book, first, signed), *_taken(book, second, -signed)]
    day = datetime.combine(book.now().date(), datetime.min.time())
    payables.match(book, tenant.switches, parts, day)
    return {"matched": as_amount(part)}


def _unmatch(tenant: Tenant, typed: Json) -> Json:
    """`{"payment": "…"}`: what it paid is open again, and so is the payment."""
    book = book_at(tenant, typed)
    entry = _payment(book, typed.get("payment"))
    payables.unmatch(book, tenant.switches, _matches(book, entry))
    return _answer(book, entry)


def _reverse(tenant: Tenant, typed: Json) -> Json:
    """`{"payment": "…", "date": "…"}`: the bank sends the money back; the two bank lines are matched."""
    book = book_at(tenant, typed)
    entry = _payment(book, typed.get("payment"))
    day = day_of(typed, "date") or datetime.combine(book.now().date(), datetime.min.time())
    fields = ("GLAccount", "Account", "CostCenter", "CostUnit", "Description")
    lines = [
        {**{name: line.get(name) for name in fields}, "AmountFC": -line["AmountFC"], "Date": day}
        for line in book["bank_lines"].all("EntryID", entry["EntryID"])
    ]
    lines[0]["ExchangeRate"] = entry["ExchangeRate"]
    header = {"JournalCode": entry["JournalCode"], "Currency": entry["Currency"]}
    made = entered(lambda: banking.post(book, tenant.switches, header, lines, banking.KINDS_AT_THE_SCREEN))
    payables.unmatch(book, tenant.switches, _matches(book, entry))
    back = book["entries"].get(made["EntryID"])
    assert back is not None
    for row in book["payments"].all("TransactionEntryID", entry["EntryID"]):
        other = next(
            (
                held
                for held in payables.open_items(book, back)
                if held["Account"] == row["Account"] and held["GLAccount"] == row["GLAccount"]
            ),
            None,
        )
        if other is not None and abs(other["_fc"]) >= abs(row["_fc"]):
            payables.match(book, tenant.switches, [(row, row["_fc"]), (other, -row["_fc"])], day)
    _tell(tenant, book, "Create", back)
    return _answer(book, back)


def _set_status(tenant: Tenant, typed: Json) -> Json:
    """`{"entries": ["…"], "status": "processed"}`: put into a bank file, or taken out of it."""
    book, status = book_at(tenant, typed), _STATUS.get(str(typed.get("status")))
    if status is None:
        raise ValueError(f"status: {', '.join(_STATUS)}")
    entries = [_entry(book, key) for key in typed["entries"]]
    batch = book.next_hid("batches") if status == payables.PROCESSED else None
    day = datetime.combine(book.now().date(), datetime.min.time())
    changed = [row for entry in entries for row in payables.open_items(book, entry)]
    for row in changed:
        sent = {"PaymentBatchNumber": batch, "EntryDate": day if batch else None}
        book.change("payments", row, {"Status": status, **sent})
    return {"changed": len(changed), "batch": batch}


def _payables(tenant: Tenant, _: Json) -> Json:
    """Every item of every division, for whoever counts: to pay positive."""
    return {
        "payables": [
            {
                "entity": str(book.code),
                "id": row["ID"],
                "entry": row["TransactionEntryID"],
                "number": str(row["EntryNumber"]),
                "supplier": (row["AccountCode"] or "").strip(),
                "reference": row.get("YourRef") or "",
                "currency": row["Currency"],
                "amount": as_amount(row["_fc"]),
                "amount_own_currency": as_amount(row["_dc"]),
                "status": row["Status"],
                "is_payment": row["TransactionType"] == banking.CASH_FLOW,
                "match": row.get("_match"),
            }
            for book in tenant.books_by_division.values()
            for row in book["payments"]
            if row["LineType"] == payables.PAYABLE
        ]
    }


def _matches(book: DivisionBook, entry: Row) -> set[str]:
    rows = book["payments"].all("TransactionEntryID", entry["EntryID"])
    return {row["_match"] for row in rows if row.get("_match")}


def _tell(tenant: Tenant, book: DivisionBook, action: str, entry: Row) -> None:
    journal = book["journals"].first("Code", entry["JournalCode"]) or {}
    tenant.webhooks.tell_of_entry(book, action, entry, journal.get("Type", 0))


def _answer(book: DivisionBook, entry: Row) -> Json:
    items = book["payments"].all("TransactionEntryID", entry["EntryID"])
    left = -sum((row["_fc"] for row in items if row["Status"] != payables.MATCHED), Decimal(0))
    return {"id": entry["EntryID"], "number": str(entry["EntryNumber"]), "unmatched": as_amount(left)}


PAYMENT_ACTIONS: Mapping[str, Action] = {
    "pay": _pay,
    "match": _match,
    "unmatch": _unmatch,
    "reverse_payment": _reverse,
    "set_payment_status": _set_status,
    "payables": _payables,
}
