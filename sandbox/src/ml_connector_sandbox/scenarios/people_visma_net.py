"""The Norwegian company, its shipyard, and 600 workers, each of whom is to be a value of the segment for
workers in the company that employs them; nobody is one yet.

payroll FJV01 worker 000000012  ──►  company FJORD, segment 3, value 000000012
        FJV02 worker 000000013  ──►  company VERFT, segment 3, value 000000013, and an employee
        department STVMEK       ──►  department STVMEK of both companies
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ml_connector_sandbox.scenarios import norway, two_companies
from ml_connector_sandbox.scenarios.two_companies import *  # noqa: F403 - a scenario is another one with some values changed
from ml_connector_sandbox.scenarios.two_companies import ENTITY_OF
from ml_connector_sandbox.systems.ukg_pro.register import Worker

WORKERS = 600
MEMBER_AXIS = "worker"
MEMBER_OF = dict(ENTITY_OF)
"""Payroll company → the entity whose members its workers are."""
SEGMENT = {"id": 3, "title": "Ansatt", "length": 9, "axis": MEMBER_AXIS, "values": []}


def made_workers(seed: int) -> tuple[Worker, ...]:  # type: ignore[no-redef]
    """The register of the four plants when none is given."""
    return norway.made_workers(seed, WORKERS)


def ledger_visma_net(register: Path | str | None = None, seed: int = 1) -> dict[str, Any]:  # type: ignore[no-redef]
    """Both companies with the segment, after those of the department and the plant."""
    held = two_companies.ledger_visma_net(register, seed)
    held["segments"].append(SEGMENT)
    return held
