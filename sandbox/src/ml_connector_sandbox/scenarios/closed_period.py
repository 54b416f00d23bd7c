"""The trading company after its controller closed the books to the end of July 2026: neither period end nor
pay date is open.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ml_connector_sandbox.scenarios import trading_company
from ml_connector_sandbox.scenarios.trading_company import *  # noqa: F403 - a scenario is another one with some values changed

CLOSED = tuple(
    (str(row["code"]), 2026, period) for row in trading_company.journals() for period in range(1, 8)
)


def ledger_exact_online(register: Path | str | None = None, seed: int = 1) -> dict[str, Any]:  # type: ignore[no-redef]
    """The trading company's ledger with January to July 2026 closed in every journal."""
    held = trading_company.ledger_exact_online(register, seed)
    held["periods"]["closed"] = [list(row) for row in CLOSED]
    return held
