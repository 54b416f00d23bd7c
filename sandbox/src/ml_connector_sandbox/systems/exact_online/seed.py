"""Fills the divisions from a scenario's ledger: plain data in, tables out."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Clock, Json, Row
from ml_connector_sandbox.systems.exact_online import archive, employees, suppliers
from ml_connector_sandbox.systems.exact_online.book import DivisionBook
from ml_connector_sandbox.systems.exact_online.masters import MASTERS, create

CONDITIONS: tuple[Json, ...] = (
    {"code": "00", "description": "At once", "days": 0},
    {"code": "14", "description": "14 days", "days": 14},
    {"code": "30", "description": "30 days", "days": 30, "default": True},
    {"code": "ME", "description": "End of next month", "months": 1},
)
"""The payment conditions of a scenario that names none."""
CURRENCIES = (
    ("EUR", "Euro"),
    ("USD", "US dollar"),
    ("GBP", "Pound sterling"),
    ("CHF", "Swiss franc"),
    ("NOK", "Norwegian krone"),
)


def build_divisions(ledger: Json, clock: Clock, seed: int, switches: Switches) -> dict[int, DivisionBook]:
    """One book per division by its number. Sections under `"by_division"[code]` replace the shared ones for
    that division.
    """
    company = ledger.get("company", {})
    books = {}
    for facts in ledger["divisions"]:
        book = DivisionBook(
            code=int(facts["code"]),
            title=facts["title"],
            currency=facts.get("currency") or company.get("currency", "EUR"),
            country=facts.get("country") or company.get("country", "NL"),
            clock=clock,
            seed=seed,
        )
        _fill(book, switches, {**ledger, **ledger.get("by_division", {}).get(str(facts["code"]), {})})
        books[book.code] = book
    return books


def _fill(book: DivisionBook, switches: Switches, ledger: Json) -> None:
    for code, text in CURRENCIES:
        values = {
            "Code": code,
            "Description": text,
            "AmountPrecision": Decimal("0.01"),
            "PricePrecision": Decimal("0.0001"),
        }
        book.add("currencies", values)
    for row in ledger.get("cost_centers", ()):
        _create(
            book,
            switches,
            "hrm/Costcenters",
            {"Code": row["code"], "Description": row["description"], "Active": row.get("active", True)},
        )
    for row in ledger.get("cost_units", ()):
        _create(book, switches, "hrm/Costunits", {"Code": row["code"], "Description": row["description"]})
    for row in ledger.get("departments", ()):
        center = book["cost_centers"].first("Code", row.get("cost_center", "")) or {}
        book.add(
            "departments",
            {
                "Code": row["code"],
                "Description": row["description"],
                "Costcenter": center.get("Code"),
                "CostcenterDescription": center.get("Description"),
            },
        )
    for row in ledger.get("accounts", ()):
        _create(book, switches, "financial/GLAccounts", _account(row))
    for row in ledger.get("journals", ()):
        _create(book, switches, "financial/Journals", _journal(book, row))
    for row in ledger.get("vat_codes", ()):
        _vat_code(book, switches, row)
    _purchase_side(book, switches, ledger)
    for row in ledger.get("projects", ()):
        _create(
            book,
            switches,
            "project/Projects",
            {"Code": row["code"], "Description": row["description"], "Type": row.get("type", 3)},
        )
    _periods(book, ledger.get("periods", {}))
    for row in ledger.get("workers", ()):
        employees.seed(book, row)


def _purchase_side(book: DivisionBook, switches: Switches, ledger: Json) -> None:
    """Terms, rates, kinds of documents, and suppliers with their bank accounts."""
    archive.seed(book)
    for row in ledger.get("payment_conditions", CONDITIONS):
        values = {field: row[name] for name, field in _CONDITION.items() if name in row}
        values |= {"DiscountPercentage": Decimal(str(row["discount"]))} if "discount" in row else {}
        values |= {"Percentage": Decimal(str(row["percentage"]))} if "percentage" in row else {}
        first = book["conditions"].first("Code", str(row["code"]))
        if first is None:
            _create(book, switches, "cashflow/PaymentConditions", values)
        else:
            again = {
                name: first[name] for name in ("PaymentMethod", "DiscountPercentage", "DiscountPaymentDays")
            }
            book.add("conditions", {**again, "PaymentEndOfMonths": 0, **values})
        if row.get("default"):
            book.default_condition = str(row["code"])
    for row in ledger.get("exchange_rates", ()):
        start = datetime.fromisoformat(row.get("start", "2012-01-01"))
        rate = {"SourceCurrency": row["currency"], "Rate": Decimal(str(row["rate"])), "StartDate": start}
        suppliers.add_rate(book, rate)
    for row in ledger.get("suppliers", ()):
        named = {"Code": row["code"], "Name": row.get("name") or row.get("title"), "IsSupplier": True}
        named |= {field: row[name] for name, field in _SUPPLIER.items() if name in row}
        country = row.get("country") or book.country
        made = _create(book, switches, "crm/Accounts", {**named, "Country": str(country)})
        made |= {"Blocked": bool(row.get("blocked"))}
        suppliers.references(book, made)
        if row.get("iban"):
            account = {"Account": made["ID"], "BankAccount": row["iban"], "BICCode": row.get("bic")}
            suppliers.add_bank_account(book, switches, account)


_CONDITION = {
    "code": "Code",
    "description": "Description",
    "days": "PaymentDays",
    "months": "PaymentEndOfMonths",
    "method": "PaymentMethod",
    "discount": "DiscountPercentage",
    "discount_days": "DiscountPaymentDays",
    "discount_on": "DiscountCalculation",
}
_SUPPLIER = {
    "vat_number": "VATNumber",
    "chamber_of_commerce": "ChamberOfCommerce",
    "email": "Email",
    "payment_condition": "PaymentConditionPurchase",
    "vat_code": "PurchaseVATCode",
}


def _create(book: DivisionBook, switches: Switches, path: str, values: Mapping[str, Any]) -> Row:
    """A row as somebody entered it at the screen, whose fields hold no more than fits."""
    master = MASTERS[path]
    fitting = {
        name: value[: master.texts[name]] if name in master.texts and isinstance(value, str) else value
        for name, value in values.items()
    }
    return create(book, switches, master, fitting)


def _account(row: Json) -> Json:
    """Absent fields take the vendor's defaults."""
    wanted = {
        "Code": str(row["code"]),
        "Description": row["description"],
        "Type": row.get("type"),
        "IsBlocked": row.get("blocked"),
        "UseCostcenter": _use(row.get("use_cost_center")),
        "UseCostunit": _use(row.get("use_cost_unit")),
        "VATCode": row.get("vat_code"),
    }
    if "balance_sheet" in row:
        wanted["BalanceType"] = "B" if row["balance_sheet"] else "W"
    return {name: value for name, value in wanted.items() if value is not None}


def _use(value: Any) -> int | None:
    """0 optional, 1 mandatory, 2 not allowed; words are accepted for it."""
    if isinstance(value, str):
        return {"optional": 0, "mandatory": 1, "not_allowed": 2}[value]
    return None if value is None else int(value)


def _journal(book: DivisionBook, row: Json) -> Json:
    wanted = {
        "Code": str(row["code"]),
        "Description": row["description"],
        "Type": row.get("type", 90),
        "Currency": row.get("currency") or book.currency,
        "AllowVAT": row.get("allow_vat", False),
        "IsBlocked": row.get("blocked", False),
        "AllowVariableCurrency": row.get("allow_variable_currency", True),
        "AllowVariableExchangeRate": row.get("allow_variable_rate", True),
        **_account_of(book, "GLAccount", row.get("account")),
    }
    return wanted


def _account_of(book: DivisionBook, field: str, code: Any) -> Json:
    """The columns of a row that name an account by guid, code and text; none for no code."""
    account = book["accounts"].first("Code", str(code)) if code else None
    if account is None:
        return {}
    texts = {f"{field}Code": account["Code"], f"{field}Description": account["Description"]}
    return {field: account["ID"], **texts}


def _vat_code(book: DivisionBook, switches: Switches, row: Json) -> None:
    share = Decimal(str(row.get("percentage", 0)))
    values = {
        "Code": str(row["code"]),
        "Description": row["description"],
        "Type": row.get("type", "E"),
        "Percentage": share,
        "VATTransactionType": row.get("for", "B"),
        "IsBlocked": row.get("blocked", False),
        "Charged": row.get("charged", False),
        **_account_of(book, "GLToClaim", row.get("to_claim")),
        **_account_of(book, "GLToPay", row.get("to_pay")),
    }
    made = _create(book, switches, "vat/VATCodes", values)
    ranges = row.get("percentages") or [{"percentage": share, "start": "2012-01-01"}]
    for number, held in enumerate(ranges, 1):
        end = datetime.fromisoformat(held["end"]) if held.get("end") else None
        dated = {"StartDate": datetime.fromisoformat(held["start"]), "EndDate": end}
        share = Decimal(str(held["percentage"]))
        book.add(
            "vat_percentages",
            {"VATCodeID": made["ID"], "Percentage": share, **dated, "LineNumber": number, "Type": 0},
        )


def _periods(book: DivisionBook, facts: Json) -> None:
    first = int(facts.get("first_year", 2015))
    for year in range(first, first + int(facts.get("years", 15))):
        for month in range(1, 13):
            last = calendar.monthrange(year, month)[1]
            dates = {"StartDate": datetime(year, month, 1), "EndDate": datetime(year, month, last)}
            book.add("periods", {"FinYear": year, "FinPeriod": month, **dates})
    closed: Sequence[Sequence[Any]] = facts.get("closed", ())
    for journal, year, period in closed:
        book.set_closed(None if journal in (None, "*") else str(journal), int(year), int(period), closed=True)
