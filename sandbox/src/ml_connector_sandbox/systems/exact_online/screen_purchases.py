"""What people do at the screens of the purchase side: invoices, payments, suppliers, VAT codes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.vendor import Json, Row
from ml_connector_sandbox.systems.exact_online import masters, payables, purchases, suppliers, vat, writes
from ml_connector_sandbox.systems.exact_online.book import DivisionBook
from ml_connector_sandbox.systems.exact_online.screen_masters import (
    RELATIONS,
    Tenant,
    book_at,
    day_of,
    entered,
    fields_of,
)

Action = Callable[[Tenant, Json], Json]
_LINE = {"amount": "AmountFC", "vat_amount": "VATAmountFC", "vat_code": "VATCode", "text": "Description"}
_DIMENSIONS = {"cost_center": "CostCenter", "cost_unit": "CostUnit", "notes": "Notes"}
_HEADER = {"your_ref": "YourRef", "text": "Description", "payment_reference": "PaymentReference"}
_MONEY = ("AmountFC", "VATAmountFC")


def supplier_of(book: DivisionBook, code: Any) -> Row:
    """The relation of that code; `KeyError` for none."""
    row = book["relations"].first("Code", str(code or "").strip().rjust(18))
    if row is None:
        raise KeyError(f"supplier {code}")
    return row


def _book_purchase(tenant: Tenant, typed: Json) -> Json:
    """An invoice by hand; the warning about a repetition is passed over."""
    book = book_at(tenant, typed)
    journal = next((row["Code"] for row in book["journals"] if row["Type"] == 22), None)
    header = {
        "Journal": str(typed.get("journal", journal or "")),
        "Supplier": supplier_of(book, typed.get("supplier"))["ID"],
        "EntryDate": day_of(typed, "date"),
        "DueDate": day_of(typed, "due"),
        "Currency": None if typed.get("currency") is None else str(typed["currency"]),
        "Rate": None if typed.get("rate") is None else Decimal(str(typed["rate"])),
        "Type": typed.get("type"),
        **{field: None if typed.get(name) is None else str(typed[name]) for name, field in _HEADER.items()},
    }
    lines = [_line(book, line) for line in typed["lines"]]
    row = entered(lambda: purchases.post(book, tenant.switches, header, lines, warn=False))
    tenant.webhooks.tell_of(book, purchases.PATH, "Create", row)
    writes.tell_of_document(tenant.webhooks, book, row)
    return _named(row)


def _line(book: DivisionBook, typed: Json) -> Row:
    account = book["accounts"].first("Code", str(typed.get("account", "")))
    if account is None:
        raise KeyError(f"account {typed.get('account')}")
    texts = {**_LINE, **_DIMENSIONS}
    line: Row = {field: typed[name] for name, field in texts.items() if typed.get(name) is not None}
    for name, value in line.items():
        line[name] = Decimal(str(value)) if name in _MONEY else str(value)
    return {**line, "GLAccount": account["ID"]}


def _edit_purchase(tenant: Tenant, typed: Json) -> Json:
    """`{"id": "…", "set": {"YourRef": "…"}, "line": 1, "line_set": {"AmountFC": "90.00"}}`, by the rules."""
    book = book_at(tenant, typed)
    row = purchase_of(book, typed.get("id", typed.get("number")))
    header = fields_of(purchases.PATH, dict(typed.get("set") or {}))
    changes = fields_of("purchaseentry/PurchaseEntryLines", dict(typed.get("line_set") or {}))
    if header:
        entered(lambda: purchases.put(book, tenant.switches, row, header))
    if changes:
        lines, number = purchases.lines_of(book, row), int(typed.get("line", 1))
        if not 1 <= number <= len(lines):
            raise KeyError(f"line {number} of {row['EntryNumber']}")
        entered(lambda: purchases.put_line(book, tenant.switches, lines[number - 1], changes))
    tenant.webhooks.tell_of(book, purchases.PATH, "Update", row)
    return _named(row)


def purchase_of(book: DivisionBook, key: Any) -> Row:
    """A purchase entry by id or number, the last one for None; `KeyError` for none."""
    rows = [
        row
        for row in book["purchases"]
        if key is None or str(key) in (row["EntryID"], str(row["EntryNumber"]))
    ]
    if not rows:
        raise KeyError(f"purchase entry {key}")
    return rows[-1]


def _merge(tenant: Tenant, typed: Json) -> Json:
    """`{"code": "30", "into": "2"}`: everything of one supplier is another's; with `"archive": true` the
    first one stays, blocked and ended.
    """
    book = book_at(tenant, typed)
    old, new = supplier_of(book, typed.get("code")), supplier_of(book, typed.get("into"))
    if old is new:
        raise ValueError("into: another supplier")
    named = {"AccountCode": new["Code"], "AccountName": new["Name"]}
    for table in ("lines", "payments", "bank_lines", "documents"):
        for row in [row for row in book[table] if row.get("Account") == old["ID"]]:
            book.change(table, row, {"Account": new["ID"], **named})
    for row in book["purchases"].all("Supplier", old["ID"]):
        moved = {"Supplier": new["ID"], "SupplierName": new["Name"], "_supplier_code": new["Code"]}
        book.change("purchases", row, moved)
    for row in book["bank_accounts"].all("Account", old["ID"]):
        book.change("bank_accounts", row, {"Account": new["ID"], "AccountName": new["Name"], "Main": False})
    for row in book["contacts"].all("Account", old["ID"]):
        book.change(
            "contacts", row, {"Account": new["ID"], "AccountName": new["Name"], "IsMainContact": False}
        )
    if typed.get("archive"):
        book.change("relations", old, {"Blocked": True, "EndDate": _today(book)})
    else:
        book.remove("relations", old)
    tenant.webhooks.tell_of(book, RELATIONS, "Update" if typed.get("archive") else "Delete", old)
    tenant.webhooks.tell_of(book, RELATIONS, "Update", new)
    return {"code": old["Code"].strip(), "into": new["Code"].strip(), "id": new["ID"]}


def _supplier(changes: Callable[[DivisionBook, Json], Row]) -> Action:
    def action(tenant: Tenant, typed: Json) -> Json:
        book = book_at(tenant, typed)
        row = supplier_of(book, typed.get("code"))
        wished = changes(book, typed)
        entered(lambda: masters.update(book, tenant.switches, masters.MASTERS[RELATIONS], row, wished))
        tenant.webhooks.tell_of(book, RELATIONS, "Update", row)
        ends = row.get("EndDate")
        shown = None if ends is None else ends.date().isoformat()
        return {"code": row["Code"].strip(), "blocked": bool(row["Blocked"]), "ends": shown}

    return action


def _put_bank_account(tenant: Tenant, typed: Json) -> Json:
    """`{"code": "2", "iban": "…", "instead_of": "…", "main": true}`: added, or in place of another."""
    book, path = book_at(tenant, typed), "crm/BankAccounts"
    supplier = supplier_of(book, typed.get("code"))
    values: Row = {"BankAccount": str(typed.get("iban") or ""), "BICCode": typed.get("bic")}
    values |= {"Main": bool(typed["main"])} if "main" in typed else {}
    if values["BICCode"] is not None:
        values["BICCode"] = str(values["BICCode"])
    held = book["bank_accounts"].all("Account", supplier["ID"])
    old = next((row for row in held if row["BankAccount"] == str(typed.get("instead_of"))), None)
    if typed.get("instead_of") is not None and old is None:
        raise KeyError(f"bank account {typed['instead_of']}")
    if old is None:
        wished = {**values, "Account": supplier["ID"]}
        row = entered(lambda: suppliers.add_bank_account(book, tenant.switches, wished))
    else:
        row = old
        entered(lambda: suppliers.change_bank_account(book, tenant.switches, row, values))
    tenant.webhooks.tell_of(book, path, "Create" if old is None else "Update", row)
    return {"id": row["ID"], "iban": row["BankAccount"], "main": row["Main"]}


def _vat_code(book: DivisionBook, typed: Json) -> Row:
    row = vat.code_of(book, typed.get("code"))
    if row is None:
        raise KeyError(f"VAT code {typed.get('code')}")
    return row


def _block_vat(blocked: bool) -> Action:
    def action(tenant: Tenant, typed: Json) -> Json:
        book = book_at(tenant, typed)
        row = _vat_code(book, typed)
        book.change("vat_codes", row, {"IsBlocked": blocked})
        return {"code": row["Code"].strip(), "blocked": blocked}

    return action


def _set_percentage(tenant: Tenant, typed: Json) -> Json:
    """`{"code": "9", "percentage": "0.21", "date": "2026-01-01"}`: from that day on."""
    book = book_at(tenant, typed)
    row, share = _vat_code(book, typed), Decimal(str(typed["percentage"]))
    if not 0 <= share <= 1:
        raise ValueError("percentage: a fraction from 0 to 1")
    start = day_of(typed, "date") or _today(book)
    held = book["vat_percentages"].all("VATCodeID", row["ID"])
    for old in held:
        if old["StartDate"] < start and (old.get("EndDate") is None or old["EndDate"] >= start):
            book.change("vat_percentages", old, {"EndDate": payables.later(start, -1)})
    dated = {"Percentage": share, "StartDate": start, "LineNumber": len(held) + 1, "Type": 0}
    book.add("vat_percentages", {"VATCodeID": row["ID"], **dated})
    book.change("vat_codes", row, {"Percentage": vat.percentage_on(book, row, _today(book))})
    return {"code": row["Code"].strip(), "percentage": str(share), "from": start.date().isoformat()}


def _default_condition(tenant: Tenant, typed: Json) -> Json:
    """`{"code": "30"}`, or null for none."""
    book, code = book_at(tenant, typed), typed.get("code")
    if code is not None and book["conditions"].first("Code", str(code)) is None:
        raise KeyError(f"payment condition {code}")
    book.default_condition = None if code is None else str(code)
    return {"code": book.default_condition}


def _files(tenant: Tenant, _: Json) -> Json:
    """Every attached file, and the entry that its document belongs to."""
    return {"files": [file for book in tenant.books_by_division.values() for file in files_of(book)]}


def files_of(book: DivisionBook) -> list[Json]:
    """The files of a division."""
    entries = {row["Document"]: row["EntryID"] for row in book["purchases"] if row.get("Document")}
    entries |= {row["Document"]: row["EntryID"] for row in book["lines"] if row.get("Document")}
    found = []
    for row in book["attachments"]:
        document = book["documents"].get(row["Document"]) or {}
        found.append(
            {
                "entity": str(book.code),
                "id": row["ID"],
                "document": row["Document"],
                "entry": entries.get(row["Document"]) or document.get("FinancialTransactionEntryID"),
                "name": row["FileName"],
                "size": row["FileSize"],
                "sha256": hashlib.sha256(row["_content"]).hexdigest(),
            }
        )
    return found


def _named(row: Row) -> Json:
    return {"id": row["EntryID"], "number": str(row["EntryNumber"]), "amount": str(row["AmountFC"])}


def _today(book: DivisionBook) -> datetime:
    return datetime.combine(book.now().date(), time())


PURCHASE_ACTIONS: Mapping[str, Action] = {
    "book_purchase": _book_purchase,
    "edit_purchase": _edit_purchase,
    "merge_supplier": _merge,
    "block_supplier": _supplier(lambda book, typed: {"Blocked": True}),
    "unblock_supplier": _supplier(lambda book, typed: {"Blocked": False}),
    "end_supplier": _supplier(lambda book, typed: {"EndDate": day_of(typed, "date") or _today(book)}),
    "reopen_supplier": _supplier(lambda book, typed: {"EndDate": None}),
    "put_bank_account": _put_bank_account,
    "block_vat_code": _block_vat(True),
    "unblock_vat_code": _block_vat(False),
    "set_vat_percentage": _set_percentage,
    "default_payment_condition": _default_condition,
    "files": _files,
}
