"""The trading company with its two divisions and 600 workers, each of whom is to be a cost unit of the
division that employs them; nobody is one yet, and HR has entered nobody.

payroll HTC01 worker 000000012  ──►  division 1204, cost unit of the worker
        HTH01 worker 000000013  ──►  division 1205, cost unit of the worker, and an employee
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ml_connector_sandbox.scenarios import two_divisions
from ml_connector_sandbox.scenarios.two_divisions import *  # noqa: F403 - a scenario is another one with some values changed
from ml_connector_sandbox.scenarios.two_divisions import ENTITY_OF
from ml_connector_sandbox.systems.ukg_pro.register import Worker, made_register

WORKERS = 600
MEMBER_AXIS = "cost_unit"
MEMBER_OF = dict(ENTITY_OF)
"""Payroll company → the entity whose members its workers are."""


def made_workers(seed: int) -> tuple[Worker, ...]:
    """The register of the two offices when none is given."""
    return made_register(WORKERS, seed)


def ledger_exact_online(register: Path | str | None = None, seed: int = 1) -> dict[str, Any]:  # type: ignore[no-redef]
    """The two divisions, without product lines where workers are to stand, and without employees."""
    held = two_divisions.ledger_exact_online(register, seed)
    by_division = {code: {**rows, "workers": []} for code, rows in held["by_division"].items()}
    return {**held, "cost_units": [], "by_division": by_division}
