"""The Norwegian company with a second one beside it: its shipyard, which keeps books of its own behind a
tenant id of its own.

One pay run in kroner pays both; the yard keeps its books in euro.

    payroll FJV01 5100 STVMEK  ──booking──►  company FJORD, account 5000, subaccount STVMEK-STV
            FJV02 5100 BERSKR  ──booking──►  company VERFT, account 5000, subaccount BERSKR-BER
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ml_connector_sandbox.core.scenario import Booking
from ml_connector_sandbox.scenarios import norway
from ml_connector_sandbox.scenarios.norway import *  # noqa: F403 - a scenario is another one with some values changed
from ml_connector_sandbox.scenarios.norway import ACCOUNT_OF, COMPANY_CODE, COMPANY_ID, LEDGER_COMPANY, TITLE

YARD = "FJV02"
SECOND_COMPANY = "VERFT"
SECOND_TITLE = "Fjordverk Verft AS"
COMPANIES = ((COMPANY_CODE, COMPANY_ID, TITLE), (YARD, "6V9BG", SECOND_TITLE))
"""The payroll's companies: code, id and name, the master company first."""
ENTITY_OF = {COMPANY_CODE: LEDGER_COMPANY, YARD: SECOND_COMPANY}
booking = Booking(ENTITY_OF, ACCOUNT_OF)
"""In the books of its own company."""


def company_of(department: str) -> str:
    """The payroll company of a department: the yard is all of Bergen; any other is the first company's."""
    return YARD if department.startswith("BER") else COMPANY_CODE


def ledger_visma_net(register: Path | str | None = None, seed: int = 1) -> dict[str, Any]:  # type: ignore[no-redef]
    """The Norwegian ledger's data, held by both companies."""
    held = norway.ledger_visma_net(register, seed)
    held["companies"].append({"code": SECOND_COMPANY, "title": SECOND_TITLE, "currency": "EUR"})
    return held
