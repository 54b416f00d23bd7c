"""The trading company after it split: Boston and Houston are companies of their own, paid in one run and
booked in two divisions.

payroll HTC01 5100 BOSFIN  ──booking──►  division 1204, account 4000, cost center BOSFIN
        HTH01 5100 HOUSAL  ──booking──►  division 1205, account 4000, cost center HOUSAL
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ml_connector_sandbox.core.scenario import Booking
from ml_connector_sandbox.scenarios import trading_company
from ml_connector_sandbox.scenarios.trading_company import *  # noqa: F403 - a scenario is another one with some values changed
from ml_connector_sandbox.scenarios.trading_company import (
    ACCOUNT_OF,
    COMPANY_CODE,
    COMPANY_ID,
    CURRENCY,
    DIVISION,
    TITLE,
)

HOUSTON = "HTH01"
SECOND_DIVISION = "1205"
SECOND_TITLE = "Harbor Trading Houston"
COMPANIES = ((COMPANY_CODE, COMPANY_ID, TITLE), (HOUSTON, "5R8HW", SECOND_TITLE))
"""The payroll's companies: code, id and name, the master company first."""
ENTITY_OF = {COMPANY_CODE: DIVISION, HOUSTON: SECOND_DIVISION}
booking = Booking(ENTITY_OF, ACCOUNT_OF)
"""In the books of its own company."""


def company_of(department: str) -> str:
    """The payroll company of a department: Houston's begin with its name; any other is the first
    company's.
    """
    return HOUSTON if department.startswith("HOU") else COMPANY_CODE


def ledger_exact_online(register: Path | str | None = None, seed: int = 1) -> dict[str, Any]:  # type: ignore[no-redef]
    """The trading company's ledger and a second division with the same chart and journals, and only its own
    cost centers in each.
    """
    held = trading_company.ledger_exact_online(register, seed)
    held["divisions"].append(
        {"code": SECOND_DIVISION, "title": SECOND_TITLE, "currency": CURRENCY, "country": "US"}
    )
    centers = held["cost_centers"]
    held["by_division"] = {
        division: {
            "cost_centers": [
                row for row in centers if not row["active"] or ENTITY_OF[company_of(row["code"])] == division
            ],
            **{
                name: [row for row in held[name] if ENTITY_OF[company_of(row[code])] == division]
                for name, code in (("departments", "code"), ("workers", "department"))
            },
        }
        for division in ENTITY_OF.values()
    }
    return held
