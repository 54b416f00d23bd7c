"""The manufacturer with one run of 50,000 rows in 1,000 groups: an entry of a thousand lines, with the cost
centers it needs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ml_connector_sandbox.scenarios import manufacturer
from ml_connector_sandbox.scenarios.manufacturer import *  # noqa: F403 - a scenario is another one with some values changed
from ml_connector_sandbox.systems.ukg_pro.general_ledger import bench_departments

ROWS = 50_000
GROUPS = 1_000
SWITCHES = {"ukg_pro": {"bench_rows": ROWS, "bench_groups": GROUPS}}
EXTRA_ORG_LEVELS = bench_departments(GROUPS)


def ledger_dynamics_fo(register: Path | str | None = None, seed: int = 1) -> dict[str, Any]:  # type: ignore[no-redef]
    """The manufacturer's ledger with the bench departments as further cost centers."""
    held = manufacturer.ledger_dynamics_fo(register, seed)
    centers = next(row for row in held["dimensions"] if row["axis"] == "cost_center")
    centers["values"] += [{"code": code, "name": name} for code, name in EXTRA_ORG_LEVELS]
    return held
