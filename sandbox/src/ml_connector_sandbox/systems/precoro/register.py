"""The demo company as it was set up: a Dutch trading company with a Belgian sister, in one place."""

from __future__ import annotations

from typing import Any

from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.systems.precoro.register_invoices import EXPENSES, INVOICES, ORDERS
from ml_connector_sandbox.systems.precoro.register_suppliers import suppliers

HOLLAND, BELGIUM = "Noordkade Handel B.V.", "Noordkade Belgium BV"
CURRENCY = "EUR"
ENTITIES: tuple[Json, ...] = (
    {
        "name": HOLLAND,
        "legalAddress": "Noordkade 14, 3011 AA Rotterdam",
        "businessRegistrationNumber": "43852498",
        "taxPayerNumber": "NL232742315B01",
        "internationalBankAccountNumber": "NL58RABO0447719486",
    },
    {
        "name": BELGIUM,
        "legalAddress": "Kattendijkdok 3, 2000 Antwerpen",
        "taxPayerNumber": "BE0666701586",
        "internationalBankAccountNumber": "BE22979554291347",
    },
)
LOCATIONS = (("RTM", "Rotterdam"), ("UTR", "Utrecht"), ("ANR", "Antwerpen"))
USERS: tuple[Json, ...] = (
    {
        "email": "integration@noordkade.example",
        "firstname": "Integration",
        "lastname": "User",
        "roles": ["ROLE_ADMIN"],
    },
    {"email": "rotterdam@noordkade.example", "firstname": "Rens", "lastname": "de Wit", "locations": ["RTM"]},
    {"email": "left@noordkade.example", "firstname": "Lea", "lastname": "Vos", "active": False},
    {
        "email": "finance@noordkade.example",
        "firstname": "Fenna",
        "lastname": "Bakker",
        "roles": ["ROLE_FINANCE"],
    },
)
"""The first has the key that the connection is set up with; the second sees one location only."""
TAXES: tuple[Json, ...] = (
    {"name": "21% High", "percent": "21"},
    {"name": "9% Low", "percent": "9"},
    {"name": "0% Zero-rated", "percent": "0"},
    {"name": "0% Reverse charge EU services", "percent": "0"},
    {"name": "0% Reverse charge EU goods", "percent": "0"},
    {"name": "0% Import", "percent": "0"},
    {"name": "No VAT", "percent": "0"},
    {"name": "21% High (old)", "percent": "21"},
    {"name": "6% BE", "percent": "6"},
    {"name": "Withholding 10%", "percent": "10", "isWithholdingTax": True},
)
TERMS: tuple[Json, ...] = (
    {"name": "14 days", "creditPeriodDays": 14},
    {"name": "30 days", "creditPeriodDays": 30},
    {"name": "60 days", "creditPeriodDays": 60},
    {"name": "On receipt", "creditPeriodDays": 0},
    {"name": "Prepaid", "prepaymentPercent": 100, "postpaymentPercent": 0, "paymentType": 1},
    {"name": "30 days old", "creditPeriodDays": 30, "enable": False},
)
ACCOUNTS = (
    ("0210", "Machinery"),
    ("1350", "Prepaid expenses"),
    ("4100", "Office supplies"),
    ("4110", "Computers & software"),
    ("4120", "Telephone and internet"),
    ("4200", "Rent"),
    ("4210", "Energy"),
    ("4220", "Cleaning"),
    ("4300", "Travel"),
    ("4310", "Hotels"),
    ("4320", "Freight"),
    ("4400", "Advisory"),
    ("4410", "Audit"),
    ("4420", "Marketing"),
    ("4500", "Insurance"),
    ("4600", "Training"),
    ("7000", "Cost of goods"),
    ("4990", "Sundry (closed)"),
)
"""Accounts that can be chosen on a line, as code and name; the last one is disabled."""
COST_CENTERS = (
    ("OPS", "Operations", None),
    ("OPSWH", "Warehouse", "OPS"),
    ("OPSTR", "Transport", "OPS"),
    ("SALES", "Sales", None),
    ("FIN", "Finance", None),
    ("IT", "IT", None),
    ("OLD", "Old branch", None),
)
"""Code, name and parent; the last one is disabled, and so is its only child."""
COST_UNITS = (("U01", "Coffee"), ("U02", "Tea"), ("U03", "Spices"))
PROJECTS = (("P100", "New warehouse"), ("P200", "Web shop"), ("P300", "Move to Antwerpen"))
FIELDS: tuple[Json, ...] = (
    {
        "family": "itemcustomfields",
        "axis": "account",
        "name": "GL account",
        "required": True,
        "options": [(code, name, None, code != "4990") for code, name in ACCOUNTS],
    },
    {"family": "itemcustomfields", "axis": "cost_unit", "name": "Cost unit", "options": list(COST_UNITS)},
    {
        "family": "documentcustomfields",
        "axis": "cost_center",
        "name": "Cost center",
        "required": True,
        "options": [(code, name, parent, code != "OLD") for code, name, parent in COST_CENTERS],
    },
    {"family": "documentcustomfields", "axis": "project", "name": "Project", "options": list(PROJECTS)},
    {"family": "documentcustomfields", "axis": "period", "name": "Period of service", "type": 1},
    {"family": "suppliercustomfields", "axis": "contact_day", "name": "Contact day", "type": 1},
)
ITEMS: tuple[Json, ...] = (
    {"sku": "PAPER-A4", "name": "Paper A4, 5 reams", "price": "24.95", "supplier": "S0001", "unit": "box"},
    {"sku": "PALLET", "name": "Pallet 80×120", "price": "11.40", "supplier": "S0009", "unit": "pcs"},
)
CONTRACTS: tuple[Json, ...] = (
    {"number": "RENT-2024-01", "supplier": "S0004", "beginDate": "2024-01-01", "endDate": "2028-12-31"},
)
UNITS: tuple[Json, ...] = ({"name": "Piece", "code": "pcs"}, {"name": "Hour", "code": "h"})


def company() -> dict[str, Any]:
    """Everything the company begins with, as plain data."""
    return {
        "company": {"id": 7_731, "name": "Noordkade", "currency": CURRENCY},
        "legal_entities": list(ENTITIES),
        "locations": [{"uniqueCode": code, "name": name} for code, name in LOCATIONS],
        "users": list(USERS),
        "taxes": list(TAXES),
        "payment_terms": list(TERMS),
        "fields": list(FIELDS),
        "suppliers": suppliers(),
        "items": list(ITEMS),
        "contracts": list(CONTRACTS),
        "units": list(UNITS),
        "warehouses": [{"name": "Maasvlakte", "type": "internal", "uniqueCode": "WH1"}],
        "budgets": [{"name": "IT 2026", "startDate": None, "endDate": None}],
        "orders": list(ORDERS),
        "expenses": list(EXPENSES),
        "invoices": list(INVOICES),
    }
