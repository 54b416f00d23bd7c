"""A trading company with two offices: a biweekly payroll in USD and the ledger it is to be booked in.

The payroll and the ledger use different account numbers on purpose; `booking` is the truth about which
belongs to which. A judge knows it, the product has to be told by a mapping.

    payroll 5100 BOSFIN  ──booking──►  division 1204, account 4000, cost center BOSFIN
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

from ml_connector_sandbox.core.scenario import Booking
from ml_connector_sandbox.systems.ukg_pro.register import load_register
from ml_connector_sandbox.systems.ukg_pro.seed import known_workers

TITLE = "Harbor Trading Company"
CURRENCY = "USD"

COMPANY_CODE = "HTC01"
COMPANY_ID = "6Y4NV"
PAY_GROUP = "BIWEEK"
PERIOD_END = date(2026, 6, 26)
PERIOD_DAYS = 14
PAY_DATE_DAYS_AFTER = 7
"""The newest pay period: its last day, its length, and how long after it the money moves."""

DIVISION = "1204"
ENTITY_OF = {COMPANY_CODE: DIVISION}
ACCOUNT_OF = {
    "5100": "4000",
    "5110": "4010",
    "5200": "4020",
    "2210": "1710",
    "2220": "1720",
    "2230": "1730",
    "2290": "1700",
}
"""Payroll account to GL account."""
booking = Booking(ENTITY_OF, ACCOUNT_OF)

PAYROLL_JOURNAL = "95"
EXTRA_ORG_LEVELS: tuple[tuple[str, str], ...] = ()
"""Departments beyond the register's, as (code, name)."""
CLOSED: tuple[tuple[str, int, int], ...] = ()
FAULTS: tuple[dict[str, Any], ...] = ()
"""Fault rules a host loads into the ledger's wire at the start."""
SWITCHES: dict[str, dict[str, Any]] = {}
"""Switches per system slug that this scenario needs."""

# Exact account types: 12 bank, 20 receivable, 22 payable, 24 VAT, 29 and 100 taxes, 60 current debt, 110
# revenue, 111 cost of goods, 120 other costs, 125 employee costs, 126 employment costs.
_PAYROLL_ACCOUNTS = (
    ("1700", "Net wages payable", 60, 0),
    ("1710", "Wage tax withheld", 29, 0),
    ("1720", "Pension contributions withheld", 60, 0),
    ("1730", "Employer contributions payable", 100, 0),
    ("4000", "Wages and salaries", 125, 1),
    ("4010", "Overtime", 125, 1),
    ("4020", "Employer payroll taxes", 126, 1),
)
_ORDINARY_ACCOUNTS = (
    # first code, how many, what, type, use of cost center
    (100, 12, "Fixed assets", 30, 2),
    (200, 10, "Accumulated depreciation", 35, 2),
    (1000, 6, "Cash", 10, 2),
    (1100, 8, "Bank", 12, 2),
    (1300, 6, "Receivables", 20, 2),
    (1500, 8, "Sales tax", 24, 2),
    (1600, 6, "Payables", 22, 2),
    (3000, 10, "Stock", 40, 2),
    (4100, 24, "Premises", 120, 0),
    (4300, 20, "Selling costs", 121, 0),
    (4500, 16, "Transport", 120, 0),
    (7000, 12, "Cost of goods", 111, 0),
    (8000, 12, "Revenue", 110, 0),
)


def payroll_scale(position: int) -> int:
    """What the workers of the run `position` places before the newest were paid, in ten-thousandths of the
    newest run.

    The newest is 10,000; the next thousand are all different.
    """
    return 10_000 - position * 37 % 1_009


def ledger_exact_online(register: Path | str | None = None, seed: int = 1) -> dict[str, Any]:
    """What the ledger holds before anything is booked, as plain data."""
    departments = {
        worker.department_code: worker.department_name
        for worker in load_register(Path(register) if register else None, seed)
    }
    departments.update(EXTRA_ORG_LEVELS)
    workers = known_workers(sys.modules[__name__], register, seed)
    return {**ledger_of(departments, CLOSED), "workers": workers}


def ledger_of(departments: dict[str, str], closed: tuple[tuple[str, int, int], ...]) -> dict[str, Any]:
    """The ledger of this company with these departments as cost centers, and these (journal, year, period)
    closed.
    """
    return {
        "company": {
            "name": TITLE,
            "country": "US",
            "currency": CURRENCY,
            "address": "14 Harbor Street, Boston",
        },
        "divisions": [{"code": DIVISION, "title": TITLE, "currency": CURRENCY, "country": "US"}],
        "accounts": accounts(),
        "cost_centers": cost_centers(departments),
        "departments": [
            {"code": code, "description": name, "cost_center": code}
            for code, name in sorted(departments.items())
        ],
        "cost_units": [
            {"code": f"U{number:02d}", "description": f"Product line {number}"} for number in range(1, 13)
        ],
        "journals": journals(),
        "periods": {"first_year": 2015, "years": 20, "closed": [list(row) for row in closed]},
        "vat_codes": [
            {"code": "0", "description": "No VAT", "percentage": "0", "type": "B"},
            {"code": "1", "description": "Sales tax exempt", "percentage": "0", "type": "E"},
            {"code": "5", "description": "Sales tax 6.25%", "percentage": "0.0625", "type": "E"},
        ],
        "suppliers": [
            {"code": str(code), "name": name, "country": "US"}
            for code, name in (
                (20001, "Bay State Freight"),
                (20002, "Gulf Packing Supply"),
                (20003, "Harbor Office Rentals"),
            )
        ],
    }


def accounts() -> list[dict[str, Any]]:
    """The chart: the payroll accounts, one blocked account, and about 150 ordinary ones."""
    rows = [_account(code, text, kind, use) for code, text, kind, use in _PAYROLL_ACCOUNTS]
    rows.append({**_account("4099", "Old wages account", 125, 1), "blocked": True})
    for first, count, text, kind, use in _ORDINARY_ACCOUNTS:
        rows += [
            _account(f"{first + number:04d}", f"{text} {number + 1}", kind, use) for number in range(count)
        ]
    return sorted(rows, key=lambda row: str(row["code"]))


def _account(code: str, text: str, kind: int, use_cost_center: int) -> dict[str, Any]:
    return {
        "code": code,
        "description": text,
        "type": kind,
        "blocked": False,
        "use_cost_center": use_cost_center,
        "use_cost_unit": 0 if kind >= 110 else 2,
        "balance_sheet": kind < 110,
    }


def cost_centers(departments: dict[str, str]) -> list[dict[str, Any]]:
    """One per department, and three that are no longer in use. ValueError for a code the ledger cannot
    hold.
    """
    for code in departments:
        if len(code) > 8:
            raise ValueError(
                f"department_code {code!r} has {len(code)} characters; a cost center of the ledger has at"
                " most 8"
            )
    rows = [
        {"code": code, "description": name[:50], "active": True} for code, name in sorted(departments.items())
    ]
    used = set(departments)
    return rows + [
        {"code": f"OLD{n}", "description": f"Closed branch {n}", "active": False}
        for n in (1, 2, 3)
        if f"OLD{n}" not in used
    ]


def journals() -> list[dict[str, Any]]:
    """The journals; payroll goes to `95`."""
    rows = (
        ("10", "Cash", 10, False),
        ("20", "Bank", 12, False),
        ("60", "Purchases", 22, False),
        ("70", "Sales", 20, False),
        ("90", "General journal", 90, False),
        (PAYROLL_JOURNAL, "Payroll", 90, False),
        ("99", "Old general journal", 90, True),
    )
    return [
        {
            "code": code,
            "description": text,
            "type": kind,
            "currency": CURRENCY,
            "allow_vat": kind in (20, 22),
            "blocked": blocked,
        }
        for code, text, kind, blocked in rows
    ]
