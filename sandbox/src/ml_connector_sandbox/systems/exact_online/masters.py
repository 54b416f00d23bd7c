"""Creating, changing and deleting master data: accounts, journals, cost centers and units, VAT codes,
relations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Broken, Row
from ml_connector_sandbox.systems.exact_online.book import DivisionBook

EXISTS = "Data already exists"
IN_USE = "Not allowed: Delete - Already in use"


@dataclass(frozen=True, slots=True, kw_only=True)
class Master:
    """The rules of one set: its table, required fields by label, width of its code, what happens to a `Code`
    on update.

    `same_code` is `refused` (even an unchanged one clashes with itself), `ignored` (cannot be changed) or
    `allowed`. `texts` are the longest texts by field; `padded` fields are kept three wide. `is_cost_code` is
    a code of cost analysis, with rules of its own.
    """

    table: str
    required: tuple[tuple[str, str], ...]
    code_max: int
    same_code: str
    defaults: Callable[[DivisionBook, Mapping[str, Any]], Mapping[str, Any]]
    used_as: str | None = None
    texts: Mapping[str, int] = field(default_factory=dict)
    padded: tuple[str, ...] = ()
    is_cost_code: bool = False


def create(book: DivisionBook, switches: Switches, master: Master, values: Mapping[str, Any]) -> Row:
    """Add a row, or raise `Broken` with every message."""
    row: Row = {name: value for name, value in values.items() if value is not None and name != "ID"}
    problems = [
        f"Mandatory: {label}" for name, label in master.required if not str(row.get(name, "")).strip()
    ]
    row = {**master.defaults(book, row), **row}
    row["Code"] = stored_code(master, str(row.get("Code", "")))
    problems += _code_problems(book, switches, master, row["Code"])
    problems += _fit(book, switches, master, row)
    if problems:
        raise Broken(*problems)
    if master.is_cost_code:
        row["_folded"] = folded(row["Code"])
    if master.table == "relations":
        book.last_relation = max(book.last_relation, int(row["Code"]))
    return book.add(master.table, row)


def update(
    book: DivisionBook, switches: Switches, master: Master, row: Row, values: Mapping[str, Any]
) -> None:
    """Change the fields that were sent and no others, or raise `Broken`."""
    changes = {name: value for name, value in values.items() if name != "ID"}
    too_long = _fit(book, switches, master, changes)
    if too_long:
        raise Broken(*too_long)
    if "Code" in changes and master.same_code == "ignored":
        del changes["Code"]
    elif "Code" in changes:
        changes["Code"] = stored_code(master, str(changes["Code"] or ""))
        if master.same_code == "refused" or changes["Code"] != row["Code"]:
            problems = _code_problems(book, switches, master, changes["Code"])
            if problems:
                raise Broken(*problems)
    book.change(master.table, row, changes)


def delete(book: DivisionBook, switches: Switches, master: Master, row: Row) -> None:
    """Remove a row that no booking refers to, or raise `Broken`."""
    value = row["ID"] if master.used_as in ("GLAccount", "Account", "Project") else row["Code"]
    is_used = master.used_as and any(line.get(master.used_as) == value for line in book["lines"])
    if is_used and not (master.is_cost_code and switches["used_cost_code_delete"] == "accept"):
        raise Broken(IN_USE)
    book.remove(master.table, row)


def cost_code(book: DivisionBook, switches: Switches, table: str, code: str) -> Row | None:
    """The cost center or cost unit of that code: as it is written, else, by switch, whatever its case."""
    found = book[table].first("Code", code.strip())
    if found is not None or not switches["cost_codes_ignore_case"]:
        return found
    return book[table].first("_folded", folded(code))


def folded(code: str) -> str:
    """A code of cost analysis as it is compared when case does not count."""
    return code.strip().casefold()


def stored_code(master: Master, code: str) -> str:
    """A code as the vendor keeps it: relations padded on the left to 18, VAT codes on the right to 3, others
    as sent.
    """
    code = code.strip()
    if master.table == "relations":
        return code.rjust(18)
    return code.ljust(3) if master.table == "vat_codes" else code


def _code_problems(book: DivisionBook, switches: Switches, master: Master, code: str) -> list[str]:
    problems = []
    if master.table == "relations" and not (code.strip().isascii() and code.strip().isdigit()):
        problems.append("Invalid: Code")
    if len(code.strip()) > master.code_max:
        problems.append(f"Code is too long. Maximum: {master.code_max}")
    known = (
        cost_code(book, switches, master.table, code)
        if master.is_cost_code
        else book[master.table].first("Code", code)
    )
    return [*problems, EXISTS] if known is not None else problems


def _fit(book: DivisionBook, switches: Switches, master: Master, row: Row) -> list[str]:
    """Cut, by switch, the texts that are too long, or say so; pad what is kept three wide; and empty a
    currency that the division does not use, without a word.
    """
    problems = []
    for name in ("PurchaseCurrency", "SalesCurrency"):
        if row.get(name) and row[name] not in book["currencies"]:
            row[name] = None
    for name, most in master.texts.items():
        text = row.get(name)
        if isinstance(text, str) and switches["text_spaces"] != "keep":
            text = row[name] = " ".join(text.split()) if switches["text_spaces"] == "fold" else text.strip()
        if isinstance(text, str) and len(text) > most:
            if switches["text_overflow"] == "truncate":
                row[name] = text[:most]
            else:
                problems.append(f"{name} is too long. Maximum: {most}")
    for name in master.padded:
        if isinstance(row.get(name), str) and row[name].strip():
            row[name] = row[name].strip().ljust(3)
    return problems


def _account(_: DivisionBook, row: Mapping[str, Any]) -> Mapping[str, Any]:
    kind = row.get("Type", 90)
    balance = kind < 110
    return {
        "Type": kind,
        "TypeDescription": GL_TYPES.get(kind, "General"),
        "BalanceType": "B" if balance else "W",
        "BalanceSide": "D",
        "IsBlocked": False,
        "UseCostcenter": 0,
        "UseCostunit": 0,
        "SearchCode": str(row.get("Description", "")).upper()[:30],
        "Compress": False,
        "Matching": False,
    }


def _journal(book: DivisionBook, _: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "Type": 90,
        "Currency": book.currency,
        "AllowVariableCurrency": True,
        "AllowVariableExchangeRate": True,
        "AllowVAT": False,
        "AutoSave": False,
        "IsBlocked": False,
    }


def _relation(book: DivisionBook, row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "Code": str(book.last_relation + 1),
        "Status": "C" if not row.get("IsSupplier") else "A",
        "IsSupplier": False,
        "Blocked": False,
        "Type": "A",
        "Country": book.country.ljust(3),
        "StartDate": _today(book),
        "StatusSince": _today(book),
        "CustomerSince": _today(book),
        "IsSales": not row.get("IsSupplier"),
        "PurchaseCurrency": book.currency,
        "SalesCurrency": book.currency,
        **dict.fromkeys(_FALSE, False),
        **dict.fromkeys(_ZERO, 0),
        **dict.fromkeys(("GlnNumber", "OINNumber"), ""),
    }


def _today(book: DivisionBook) -> datetime:
    return book.now().replace(hour=0, minute=0, second=0, microsecond=0)


def _nothing(*_: object) -> Mapping[str, Any]:
    return {}


_FALSE = (
    *(
        "CanDropShip",
        "IgnoreDatevWarningMessage",
        "IsBank",
        "IsMember",
        "IsPilot",
        "IsPurchase",
        "IsReseller",
    ),
    "RecepientOfCommissions",
)
_ZERO = (
    *("ConsolidationScenario", "CostPaid", "CreditLinePurchase", "CreditLineSales", "DiscountPurchase"),
    *("DiscountSales", "InvoiceAttachmentType", "InvoicingMethod", "AutomaticProcessProposedEntry"),
    *("IsAccountant", "IsAgency", "IsAnonymised", "IsCompetitor", "IsMailing", "PurchaseLeadDays"),
    *("SecurityLevel", "SeparateInvPerProject", "SeparateInvPerSubscription", "ShippingLeadDays", "Source"),
)
"""What a recorded relation has besides nulls."""
TEXT_MAX, NAME_MAX = 60, 50
_CODE_AND_TEXT = (("Code", "Code"), ("Description", "Description"))
GL_TYPES = {
    10: "Cash",
    12: "Bank",
    20: "Accounts receivable",
    22: "Accounts payable",
    24: "VAT",
    25: "Employees payable",
    29: "Income tax payable",
    30: "Fixed assets",
    32: "Other assets",
    35: "Accumulated depreciation",
    40: "Inventory",
    60: "Current portion of debt",
    90: "General",
    100: "Tax payable",
    110: "Revenue",
    111: "Cost of goods",
    120: "Other costs",
    121: "Sales, general administrative expenses",
    125: "Employee costs",
    126: "Employment costs",
}


def _condition(*_: object) -> Mapping[str, Any]:
    return {
        "PaymentMethod": "B",
        "PaymentDays": 0,
        "PaymentEndOfMonths": 0,
        "Percentage": Decimal(1),
        "DiscountPercentage": Decimal(0),
        "DiscountPaymentDays": 0,
    }


JOURNAL_TYPES = {
    10: "Cash",
    12: "Bank",
    16: "Payment service",
    20: "Sales",
    21: "Return sales",
    22: "Purchase",
    23: "Return purchase",
    90: "General",
}
MASTERS = {
    "financial/GLAccounts": Master(
        table="accounts",
        required=_CODE_AND_TEXT,
        code_max=18,
        same_code="allowed",
        defaults=_account,
        used_as="GLAccount",
        padded=("VATCode",),
    ),
    "financial/Journals": Master(
        table="journals",
        required=_CODE_AND_TEXT,
        code_max=10,
        same_code="allowed",
        defaults=_journal,
        used_as="JournalCode",
    ),
    "hrm/Costcenters": Master(
        table="cost_centers",
        required=_CODE_AND_TEXT,
        code_max=8,
        same_code="ignored",
        defaults=lambda book, row: {"Active": True},
        used_as="CostCenter",
        texts={"Description": TEXT_MAX},
        is_cost_code=True,
    ),
    "hrm/Costunits": Master(
        table="cost_units",
        required=_CODE_AND_TEXT,
        code_max=8,
        same_code="ignored",
        defaults=_nothing,
        used_as="CostUnit",
        texts={"Description": TEXT_MAX},
        is_cost_code=True,
    ),
    "vat/VATCodes": Master(
        table="vat_codes",
        required=_CODE_AND_TEXT,
        code_max=3,
        same_code="allowed",
        defaults=lambda book, row: {
            "Type": "E",
            "VATTransactionType": "B",
            "Percentage": Decimal(0),
            "IsBlocked": False,
            "Charged": False,
        },
        used_as="VATCode",
        padded=("OssCountry",),
    ),
    "cashflow/PaymentConditions": Master(
        table="conditions",
        required=_CODE_AND_TEXT,
        code_max=10,
        same_code="allowed",
        defaults=_condition,
        texts={"Description": TEXT_MAX},
    ),
    "project/Projects": Master(
        table="projects",
        required=(*_CODE_AND_TEXT, ("Type", "Type")),
        code_max=20,
        same_code="allowed",
        defaults=lambda book, row: {"StartDate": _today(book), "BlockEntry": False, "BlockPurchasing": False},
        used_as="Project",
    ),
    "crm/Accounts": Master(
        table="relations",
        required=(("Name", "Name"),),
        code_max=18,
        same_code="refused",
        defaults=_relation,
        used_as="Account",
        texts={"Name": NAME_MAX},
        padded=("Country", "PurchaseVATCode", "SalesVATCode"),
    ),
}
