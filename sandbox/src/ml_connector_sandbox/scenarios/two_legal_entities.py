"""The manufacturer with the Dayton plant as a legal entity of its own: one pay run, two companies of Dynamics
365, each with its ledger.

payroll LPW01 5100 AKRASM  ──booking──►  company usmf, main account 601100, cost center AKRASM
        LPW02 5100 DAYASM  ──booking──►  company usrt, main account 601100, cost center DAYASM
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ml_connector_sandbox.core.scenario import Booking
from ml_connector_sandbox.scenarios import manufacturer
from ml_connector_sandbox.scenarios.manufacturer import *  # noqa: F403 - a scenario is another one with some values changed
from ml_connector_sandbox.scenarios.manufacturer import (
    ACCOUNT_OF,
    COMPANY,
    COMPANY_CODE,
    COMPANY_ID,
    CURRENCY,
    TITLE,
)

DAYTON = "LPW02"
SECOND_COMPANY = "usrt"
SECOND_TITLE = "Lakeside Pump Works Dayton"
COMPANIES = ((COMPANY_CODE, COMPANY_ID, TITLE), (DAYTON, "2D6KX", SECOND_TITLE))
"""The payroll's companies: code, id and name, the master company first."""
ENTITY_OF = {COMPANY_CODE: COMPANY, DAYTON: SECOND_COMPANY}
booking = Booking(ENTITY_OF, ACCOUNT_OF)
"""In the books of its own company."""


def company_of(department: str) -> str:
    """The payroll company of a department: Dayton's begin with its name; any other is the first company's."""
    return DAYTON if department.startswith("DAY") else COMPANY_CODE


def ledger_dynamics_fo(register: Path | str | None = None, seed: int = 1) -> dict[str, Any]:  # type: ignore[no-redef]
    """The manufacturer's ledger with Dayton as a second company: a ledger, periods and journal names of its
    own, the chart is shared.
    """
    held = manufacturer.ledger_dynamics_fo(register, seed)
    held["companies"].insert(1, {"code": SECOND_COMPANY, "title": SECOND_TITLE, "currency": CURRENCY})
    held["closed"].append([SECOND_COMPANY, "2026-05"])
    return held
