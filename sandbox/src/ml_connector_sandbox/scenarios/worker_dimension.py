"""The manufacturer with workers as a dimension: a custom list that nobody has filled yet, last in both
formats, and an employment with its cost center for everybody on the payroll.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ml_connector_sandbox.scenarios import manufacturer
from ml_connector_sandbox.scenarios.manufacturer import *  # noqa: F403 - a scenario is another one with some values changed
from ml_connector_sandbox.scenarios.manufacturer import COMPANY
from ml_connector_sandbox.systems.ukg_pro.seed import known_workers

WORKER = "Worker"
ZONE = ZoneInfo("America/New_York")
"""Where a day of the company begins."""


def ledger_dynamics_fo(register: Path | str | None = None, seed: int = 1) -> dict[str, Any]:  # type: ignore[no-redef]
    """The manufacturer's ledger with the dimension, and its workers by the payroll's numbers."""
    held = manufacturer.ledger_dynamics_fo(register, seed)
    add_dimension(held)
    held["workers"] = [
        {
            "number": row["code"],
            "first_name": row["first_name"],
            "last_name": row["last_name"],
            "company": COMPANY,
            "start": _instant(row["start"]),
            "dimensions": f"-{row['department']}",
        }
        for row in known_workers(sys.modules[__name__], register, seed)
    ]
    return held


def add_dimension(held: dict[str, Any]) -> None:
    """The list of workers, empty, and last in the formats that are active."""
    held["dimensions"].append({"name": WORKER, "axis": "worker", "values_from": "Custom list", "values": []})
    for row in held["formats"]:
        if row.get("active", True):
            row["format"] += f"-{WORKER}"


def _instant(day: str) -> str:
    """The first moment of a day of the company, as the ledger keeps it: UTC, without saying so."""
    return datetime.fromisoformat(day).replace(tzinfo=ZONE).astimezone(UTC).replace(tzinfo=None).isoformat()
