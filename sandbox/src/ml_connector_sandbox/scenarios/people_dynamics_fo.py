"""The manufacturer with its two legal entities and workers as a dimension: a custom list that nobody has
filled yet, last in both formats. The list is shared by the legal entities.

payroll LPW01 worker 000000012  ──┬──►  value 000000012 of the dimension Worker
        LPW02 worker 000000012  ──┘
        LPW02 department DAYASM ─────►  cost center DAYASM of the worker's employment in company usrt
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ml_connector_sandbox.scenarios import two_legal_entities
from ml_connector_sandbox.scenarios.two_legal_entities import *  # noqa: F403 - a scenario is another one with some values changed
from ml_connector_sandbox.scenarios.two_legal_entities import ENTITY_OF
from ml_connector_sandbox.scenarios.worker_dimension import add_dimension

MEMBER_AXIS = "worker"
MEMBER_OF = dict.fromkeys(ENTITY_OF, "")
"""Payroll company → the entity whose members its workers are; one list serves both."""
PLACED_ON = "cost_center"
"""The axis of an employment that payroll's department is kept on."""
EMPLOYED_WITH, EMPLOYED_AS = {"department": "010"}, "010"
"""The codes with which HR enters an employment, and what it types for them."""


def ledger_dynamics_fo(register: Path | str | None = None, seed: int = 1) -> dict[str, Any]:  # type: ignore[no-redef]
    """The manufacturer's ledger with both companies and the dimension."""
    held = two_legal_entities.ledger_dynamics_fo(register, seed)
    add_dimension(held)
    return held
