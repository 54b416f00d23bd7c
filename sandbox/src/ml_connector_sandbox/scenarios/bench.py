"""The trading company with one run of a million rows in 20,000 groups, and the departments it needs as cost
centers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ml_connector_sandbox.scenarios import trading_company
from ml_connector_sandbox.scenarios.trading_company import *  # noqa: F403 - a scenario is another one with some values changed
from ml_connector_sandbox.systems.ukg_pro.general_ledger import bench_departments

ROWS = 1_000_000
GROUPS = 20_000
SWITCHES = {"ukg_pro": {"bench_rows": ROWS, "bench_groups": GROUPS}}
EXTRA_ORG_LEVELS = bench_departments(GROUPS)


def ledger_exact_online(register: Path | str | None = None, seed: int = 1) -> dict[str, Any]:  # type: ignore[no-redef]
    """The trading company's ledger with the bench departments as further cost centers."""
    held = trading_company.ledger_exact_online(register, seed)
    held["cost_centers"] += trading_company.cost_centers(dict(EXTRA_ORG_LEVELS))[: len(EXTRA_ORG_LEVELS)]
    return held
