"""A Dutch trading company with a Belgian sister: invoices approved in Precoro, books in two divisions of
Exact Online. The payroll of the trading company stands beside them and is nobody's here.

    legal entity Noordkade Handel B.V.  ──►  division 3010        account, cost center, cost unit and project
                 Noordkade Belgium BV   ──►  division 3020        have the same codes on both sides
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ml_connector_sandbox.scenarios import trading_company
from ml_connector_sandbox.scenarios.trading_company import *  # noqa: F403 - a scenario is another one with some values changed
from ml_connector_sandbox.systems.precoro import register as noordkade

TITLE = "Noordkade"
CURRENCY = noordkade.CURRENCY
DIVISIONS = {noordkade.HOLLAND: "3010", noordkade.BELGIUM: "3020"}
"""Legal entity → division."""
TAX_OF = {
    "21% High": "2",
    "9% Low": "4",
    "0% Zero-rated": "1",
    "0% Reverse charge EU services": "7",
    "0% Reverse charge EU goods": "6",
    "0% Import": "8",
    "No VAT": "0",
    "6% BE": "5",
}
"""The ledger's VAT code of each tax; the old high rate has none."""
_VAT_CODES = (
    ("0", "No VAT", "0", "N"),
    ("1", "VAT 0%", "0", "E"),
    ("2", "VAT 21% excluding", "0.21", "E"),
    ("3", "VAT 21% including", "0.21", "I"),
    ("4", "VAT 9% excluding", "0.09", "E"),
    ("5", "VAT 6% excluding", "0.06", "E"),
    ("6", "EU goods, reverse charge", "0.21", "B"),
    ("7", "EU services, reverse charge", "0.21", "B"),
    ("8", "Import, outside the EU", "0.21", "B"),
)
_BALANCE = (
    ("1600", "Creditors", 22),
    ("1520", "VAT to claim", 24),
    ("1530", "VAT to pay", 24),
    ("1100", "Bank", 12),
)
_BALANCE_TYPES = {"0210": 30, "1350": 20}


def procurement_precoro(_register: Path | str | None = None, _seed: int = 1) -> dict[str, Any]:
    """What Precoro holds, as plain data."""
    return noordkade.company()


def ledger_exact_online(_register: Path | str | None = None, _seed: int = 1) -> dict[str, Any]:  # type: ignore[no-redef]
    """The two divisions, without a supplier: those come from Precoro."""
    held = trading_company.ledger_of({}, ())
    chosen = [
        {
            "code": code,
            "description": name,
            "type": _BALANCE_TYPES.get(code, 120),
            "blocked": code == "4990",
            "use_cost_center": 0,
            "use_cost_unit": 0,
            "balance_sheet": code in _BALANCE_TYPES,
        }
        for code, name in noordkade.ACCOUNTS
    ]
    balance = [
        {"code": code, "description": name, "type": kind, "balance_sheet": True}
        for code, name, kind in _BALANCE
    ]
    return {
        **held,
        "company": {"name": TITLE, "country": "NL", "currency": CURRENCY},
        "divisions": [
            {"code": code, "title": name, "currency": CURRENCY, "country": "NL" if code == "3010" else "BE"}
            for name, code in DIVISIONS.items()
        ],
        "accounts": sorted((*chosen, *balance), key=lambda row: str(row["code"])),
        "cost_centers": [
            {"code": code, "description": name, "active": code != "OLD"}
            for code, name, _ in noordkade.COST_CENTERS
        ],
        "cost_units": [{"code": code, "description": name} for code, name in noordkade.COST_UNITS],
        "projects": [{"code": code, "description": name} for code, name in noordkade.PROJECTS],
        "journals": [{**row, "currency": CURRENCY} for row in held["journals"]],
        "vat_codes": [
            {"code": code, "description": name, "percentage": percent, "type": kind}
            for code, name, percent, kind in _VAT_CODES
        ],
        "suppliers": [],
    }
