"""What belongs to suppliers besides themselves: bank accounts, and what their rows refer to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Broken, Row
from ml_connector_sandbox.systems.exact_online import payables
from ml_connector_sandbox.systems.exact_online.book import DivisionBook
from ml_connector_sandbox.systems.exact_online.dimensions import fit, midnight
from ml_connector_sandbox.systems.exact_online.entries import RATE_RANGE

BANK_ACCOUNT_MAX, BIC_MAX, TEXT_MAX = 50, 11, 60
_TEXTS = {
    "BankAccount": BANK_ACCOUNT_MAX,
    "BICCode": BIC_MAX,
    "Description": TEXT_MAX,
    "BankAccountHolderName": TEXT_MAX,
}


def references(book: DivisionBook, row: Row) -> list[str]:
    """What stands against a relation's references to terms, VAT codes and accounts; adds their texts."""
    problems = []
    for name in ("PaymentConditionPurchase", "PaymentConditionSales"):
        if name in row:
            known = book["conditions"].first("Code", row[name]) if row[name] else None
            row[f"{name}Description"] = (known or {}).get("Description")
            if row[name] and known is None:
                problems.append("Invalid reference: Payment condition")
    for name, wanted in (("GLAP", payables.PAYABLE), ("GLAccountPurchase", None)):
        account = book["accounts"].get(row[name]) if row.get(name) else None
        if row.get(name) and account is None:
            problems.append("Invalid reference: G/L account")
        elif account is not None and wanted not in (None, account["Type"]):
            problems.append("Invalid: G/L account type")
    return problems


def terms(_: DivisionBook, row: Row) -> list[str]:
    """What stands against a payment condition: shares are fractions, methods and kinds are letters."""
    problems = [
        f"Invalid: {label}"
        for name, label in (("Percentage", "Percentage"), ("DiscountPercentage", "Discount percentage"))
        if row.get(name) is not None and not 0 <= row[name] <= 1
    ]
    for name, known, label in (
        ("PaymentMethod", "BIKQ", "Payment method"),
        ("DiscountCalculation", "EI", "Discount calculation"),
        ("VATCalculation", "EI", "VAT calculation"),
        ("PaymentDiscountType", "BK", "Payment discount type"),
    ):
        if row.get(name) is not None and (len(row[name]) != 1 or row[name] not in known):
            problems.append(f"Invalid: {label}")
    return problems


def add_bank_account(book: DivisionBook, switches: Switches, values: Mapping[str, Any]) -> Row:
    """Give a relation a bank account, or raise `Broken`; the first one is the main one."""
    row = {name: value for name, value in values.items() if value is not None and name != "ID"}
    problems = [
        f"Mandatory: {label}"
        for name, label in (("Account", "Account"), ("BankAccount", "Bank account"))
        if not str(row.get(name) or "").strip()
    ]
    relation = book["relations"].get(row.get("Account"))
    if row.get("Account") and relation is None:
        problems.append("Invalid reference: Account")
    problems += _fit(switches, row)
    row["BankAccount"] = _compact(row.get("BankAccount"))
    problems += _same(book, row, None)
    if problems or relation is None:
        raise Broken(*problems)
    others = book["bank_accounts"].all("Account", relation["ID"])
    made = book.add(
        "bank_accounts",
        {
            **row,
            "AccountName": relation["Name"],
            "IBAN": row["BankAccount"],
            "Main": bool(row.get("Main")) or not others,
            "Blocked": bool(row.get("Blocked")),
            "Type": "A",
            "TypeDescription": "Account",
        },
    )
    _one_main(book, switches, made)
    return made


def change_bank_account(book: DivisionBook, switches: Switches, row: Row, values: Mapping[str, Any]) -> None:
    """Change the fields that were sent, or raise `Broken`. The relation stays the same."""
    changes = {name: value for name, value in values.items() if name not in ("ID", "Account")}
    problems = _fit(switches, changes)
    if "BankAccount" in changes:
        changes["BankAccount"] = changes["IBAN"] = _compact(changes["BankAccount"])
        if not changes["BankAccount"]:
            problems.append("Mandatory: Bank account")
        problems += _same(book, {**row, **changes}, row)
    if problems:
        raise Broken(*problems)
    for name in ("Main", "Blocked"):
        if name in changes:
            changes[name] = bool(changes[name])
    book.change("bank_accounts", row, changes)
    _one_main(book, switches, row)


def remove_bank_account(book: DivisionBook, row: Row) -> None:
    """Take a bank account away; payments that were to go there name none."""
    book.remove("bank_accounts", row)
    for item in book["payments"].all("Account", row["Account"]):
        if item.get("AccountBankAccountID") == row["ID"] and item["Status"] != payables.MATCHED:
            book.change("payments", item, payables.bank_fields(None))


def add_contact(book: DivisionBook, switches: Switches, values: Mapping[str, Any]) -> Row:
    """Give a relation a contact, or raise `Broken`."""
    row = {name: value for name, value in values.items() if value is not None and name != "ID"}
    relation = book["relations"].get(row.get("Account"))
    problems = [] if row.get("Account") else ["Mandatory: Account"]
    if row.get("Account") and relation is None:
        problems.append("Invalid reference: Account")
    problems += _contact_problems(switches, row)
    if problems or relation is None:
        raise Broken(*problems)
    number = row.get("HID") or book.next_hid("contacts")
    row |= {"HID": number, "Code": str(number).rjust(18), "FullName": _full_name(row)}
    row.setdefault("StartDate", midnight(book.now()))
    flags = {"AccountIsCustomer": bool(relation.get("IsSales")), "IsAnonymised": 0}
    named = {"AccountName": relation["Name"], "AccountIsSupplier": bool(relation.get("IsSupplier"))}
    main = not book["contacts"].all("Account", relation["ID"])
    return book.add("contacts", {**row, **flags, **named, "IsMainContact": main})


def change_contact(book: DivisionBook, switches: Switches, row: Row, values: Mapping[str, Any]) -> None:
    """Change the fields that were sent, or raise `Broken`. The relation stays the same."""
    changes = {name: value for name, value in values.items() if name not in ("ID", "Account", "HID")}
    wished = {**row, **changes}
    problems = _contact_problems(switches, wished)
    if problems:
        raise Broken(*problems)
    cut = {name: wished[name] for name in changes}
    book.change("contacts", row, {**cut, "FullName": _full_name(wished)})


def remove_all_of(book: DivisionBook, relation: Row) -> None:
    """Take away the bank accounts and contacts of a relation that is gone."""
    for table in ("bank_accounts", "contacts"):
        for row in book[table].all("Account", relation["ID"]):
            book.remove(table, row)


def change_payment(book: DivisionBook, row: Row, values: Mapping[str, Any]) -> None:
    """Change what can be changed of an open item, or raise `Broken`."""
    changes = dict(values)
    changes.pop("ID", None)
    if row["Status"] == payables.MATCHED:
        raise Broken("Not allowed: Status")
    if changes.get("PaymentMethod", "B") not in ("B", "I", "K", "V"):
        raise Broken("Invalid: Payment method")
    if "AccountBankAccountID" in changes:
        wanted = changes["AccountBankAccountID"]
        account = book["bank_accounts"].get(wanted) if wanted else None
        if wanted and (account is None or account["Account"] != row["Account"]):
            raise Broken("Invalid reference: Bank account")
        changes |= payables.bank_fields(account) | {"_own_bank": account is not None}
    book.change("payments", row, changes)


def add_rate(book: DivisionBook, values: Mapping[str, Any]) -> Row:
    """Add a rate that holds from a day on, or raise `Broken`."""
    row = {name: value for name, value in values.items() if value is not None and name != "ID"}
    row["StartDate"] = midnight(row.get("StartDate") or book.now())
    problems = _rate_problems(book, row)
    if problems:
        raise Broken(*problems)
    texts = {
        code: (book["currencies"].get(code) or {}).get("Description") for code in (row["SourceCurrency"],)
    }
    own = book["currencies"].get(book.currency) or {}
    return book.add(
        "rates",
        {
            **row,
            "SourceCurrencyDescription": texts[row["SourceCurrency"]],
            "TargetCurrency": book.currency,
            "TargetCurrencyDescription": own.get("Description"),
        },
    )


def change_rate(book: DivisionBook, row: Row, values: Mapping[str, Any]) -> None:
    """Change a rate, or raise `Broken`."""
    changes = {name: value for name, value in values.items() if name != "ID" and value is not None}
    if "StartDate" in changes:
        changes["StartDate"] = midnight(changes["StartDate"])
    problems = _rate_problems(book, {**row, **changes})
    if problems:
        raise Broken(*problems)
    book.change("rates", row, changes)


def _rate_problems(book: DivisionBook, row: Mapping[str, Any]) -> list[str]:
    problems = []
    if not row.get("SourceCurrency"):
        problems.append("Mandatory: Source currency")
    elif row["SourceCurrency"] not in book["currencies"]:
        problems.append("Invalid reference: Currency")
    if not RATE_RANGE[0] <= (row.get("Rate") or 0) < RATE_RANGE[1]:
        problems.append("Invalid: Rate")
    return problems


def _contact_problems(switches: Switches, row: Row) -> list[str]:
    problems = [] if row.get("FirstName") or row.get("LastName") else ["Mandatory: Last name"]
    for name in ("FirstName", "LastName"):
        fit(switches, row, name, TEXT_MAX, problems)
    return problems


def _full_name(row: Row) -> str:
    return " ".join(str(row[name]) for name in ("FirstName", "MiddleName", "LastName") if row.get(name))


def _compact(text: Any) -> str:
    return "".join(str(text or "").split())


def _fit(switches: Switches, row: Row) -> list[str]:
    problems: list[str] = []
    for name, most in _TEXTS.items():
        fit(switches, row, name, most, problems)
    return problems


def _same(book: DivisionBook, row: Mapping[str, Any], old: Row | None) -> list[str]:
    held = book["bank_accounts"].all("Account", row.get("Account"))
    known = [other for other in held if other is not old and other["BankAccount"] == row["BankAccount"]]
    return ["Data already exists"] if known else []


def _one_main(book: DivisionBook, switches: Switches, row: Row) -> None:
    """One main account for each relation; by switch, open payments without an account of their own follow
    it.
    """
    if not row["Main"]:
        return
    for other in book["bank_accounts"].all("Account", row["Account"]):
        if other is not row and other.get("Main"):
            book.change("bank_accounts", other, {"Main": False})
    if not switches["open_payments_follow_main"]:
        return
    fields = payables.bank_fields(row)
    for item in book["payments"].all("Account", row["Account"]):
        follows = item["Status"] == payables.OPEN and not item.get("_own_bank")
        if follows and any(item.get(name) != value for name, value in fields.items()):
            book.change("payments", item, fields)
