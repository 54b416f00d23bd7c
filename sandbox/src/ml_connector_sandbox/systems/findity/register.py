"""The demo company as it was set up: a Dutch trading company with a Belgian sister, and what its people
spent in June 2026.

Every report comes to another sum. Rates of mileage stay within what is free of tax, foreign receipts claim no
VAT, and no pay code is set: what a ledger should do with the others is a policy, and no judge knows it.
"""

from __future__ import annotations

from typing import Any

from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.systems.findity.register_reports import EXPORTS, REPORTS

HOLLAND, BELGIUM = "Noordkade Handel B.V.", "Noordkade Belgium BV"
CURRENCY = "EUR"
CREDITORS, CARD, VAT = "1600", "1150", "1520"
EMPLOYEES = (
    ("Anouk de Vries", "1019", "40019", HOLLAND),
    ("Bram O'Connor", "1020", "40020", HOLLAND),
    ("Chantal Söhne", "1021", "40021", HOLLAND),
    ("Daan van den Berg", "1022", "40022", HOLLAND),
    ("Esra Yılmaz", "1023", "40023", HOLLAND),
    ("Finn Jansen", "1024", None, HOLLAND),
    ("Greet Peeters", "2001", "40101", BELGIUM),
    ("Hugo Lambert", "2002", "40102", BELGIUM),
)
"""Name, employee number, creditor in the ledger, organization. One has no creditor yet, and no report."""
ACCOUNTS = (
    ("4100", "Office supplies", "DEBIT", "PROFIT_AND_LOSS"),
    ("4110", "Computers & software", "DEBIT", "PROFIT_AND_LOSS"),
    ("4120", "Telephone", "DEBIT", "PROFIT_AND_LOSS"),
    ("4300", "Travel", "DEBIT", "PROFIT_AND_LOSS"),
    ("4310", "Hotels", "DEBIT", "PROFIT_AND_LOSS"),
    ("4330", "Meals", "DEBIT", "PROFIT_AND_LOSS"),
    ("4340", "Mileage", "DEBIT", "PROFIT_AND_LOSS"),
    ("4350", "Per diem", "DEBIT", "PROFIT_AND_LOSS"),
    ("4600", "Training", "DEBIT", "PROFIT_AND_LOSS"),
    ("4990", "Sundry (closed)", "DEBIT", "PROFIT_AND_LOSS"),
    (CARD, "Company cards", "CREDIT", "BALANCE_SHEET"),
    (CREDITORS, "Creditors", "CREDIT", "CREDITOR"),
    (VAT, "VAT to claim", "VAT", "BALANCE_SHEET"),
)
"""What somebody typed in by hand: 4120 has an older name than in the ledger, 4990 is closed there, and the
rest of the chart is not here.
"""
CATEGORIES = (
    ("Office supplies", "4100"),
    ("Software", "4110"),
    ("Telephone", "4120"),
    ("Travel", "4300"),
    ("Hotel", "4310"),
    ("Meals", "4330"),
    ("Mileage", "4340"),
    ("Per diem", "4350"),
    ("Food benefit", "4330"),
    ("Training", "4600"),
)
VAT_CODES = (
    ("0", "No VAT", "0", None),
    ("2", "VAT 21% excluding", "21", VAT),
    ("4", "VAT 9% excluding", "9", VAT),
    ("5", "VAT 6% excluding", "6", VAT),
)
"""The codes of the ledger, as far as expenses need them."""
DIMENSIONS: tuple[Json, ...] = (
    {
        "name": "Cost center",
        "axis": "cost_center",
        "values": [
            {"code": code, "name": name}
            for code, name in (("SALES", "Sales"), ("FIN", "Finance"), ("IT", "IT"), ("OPSWH", "Warehouse"))
        ],
    },
    {"name": "Cost unit", "axis": "cost_unit", "values": [{"code": "U01", "name": "Coffee"}]},
    {"name": "Project", "axis": "project", "values": [{"code": "P200", "name": "Web shop"}]},
)


def _organization(name: str, external_id: str, country: str, grouping: str) -> Json:
    return {
        "name": name,
        "external_id": external_id,
        "currency": CURRENCY,
        "country": country,
        "grouping": grouping,
        "accounts": [
            {"number": number, "name": title, "type": kind, "class": held}
            for number, title, kind, held in ACCOUNTS
        ],
        "vat_codes": [
            {"code": code, "description": text, "percentage": percent, "account": account}
            for code, text, percent, account in VAT_CODES
        ],
        "categories": [{"name": title, "account": number} for title, number in CATEGORIES],
        "payment_methods": [
            {"name": "Own money", "account": CREDITORS, "reimbursable": True},
            {"name": "Company card", "account": CARD, "reimbursable": False},
        ],
        "dimensions": list(DIMENSIONS),
        "users": [
            {"name": who, "employee_number": number, "supplier_number": creditor}
            for who, number, creditor, where in EMPLOYEES
            if where == name
        ],
    }


def company() -> dict[str, Any]:
    """Everything the organizations begin with, as plain data."""
    return {
        "organizations": [
            _organization(HOLLAND, "NK-NL", "NL", "REPORT_PER_EXPENSE"),
            _organization(BELGIUM, "NK-BE", "BE", "USER_PER_ACCOUNT"),
        ],
        "reports": [{"organization": HOLLAND, **row} for row in REPORTS],
        "exports": [{"organization": HOLLAND, **row} for row in EXPORTS],
    }
