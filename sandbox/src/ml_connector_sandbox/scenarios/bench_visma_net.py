"""The Norwegian company with one run of 50,000 rows in 1,000 groups: an entry of a thousand lines, with the
departments it needs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ml_connector_sandbox.scenarios import norway
from ml_connector_sandbox.scenarios.norway import *  # noqa: F403 - a scenario is another one with some values changed
from ml_connector_sandbox.systems.ukg_pro.general_ledger import bench_departments

ROWS = 50_000
GROUPS = 1_000
SWITCHES = {"ukg_pro": {"bench_rows": ROWS, "bench_groups": GROUPS}}
EXTRA_ORG_LEVELS = bench_departments(GROUPS)


def ledger_visma_net(register: Path | str | None = None, seed: int = 1) -> dict[str, Any]:  # type: ignore[no-redef]
    """The company's ledger with the bench departments as further values of the first segment."""
    held = norway.ledger_visma_net(register, seed)
    departments = held["segments"][0]
    departments["values"] += [
        {"code": code, "description": name, "active": True} for code, name in EXTRA_ORG_LEVELS
    ]
    departments["length"] = max(departments["length"], *(len(code) for code, _ in EXTRA_ORG_LEVELS))
    return held
