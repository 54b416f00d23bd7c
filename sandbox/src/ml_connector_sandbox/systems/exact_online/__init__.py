"""Exact Online's REST API with one app, one user and the divisions of a scenario; the README says what it
does not do.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from ml_connector_sandbox.core.clock import SandboxClock
from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.systems.exact_online.routes import ExactOnline
from ml_connector_sandbox.systems.exact_online.seed import ledger_of


def is_described(script: ModuleType) -> bool:
    """Whether a scenario has a ledger for this system."""
    return hasattr(script, "ledger") or hasattr(script, "LEDGER")


def build(
    *,
    scenario: str | Json,
    clock: SandboxClock,
    seed: int = 1,
    profile: str = "vendor",
    switches: Mapping[str, Any] | None = None,
    register: str | None = None,
) -> ExactOnline:
    """The simulator with the scenario's ledger in it; `scenario` is a name, or the ledger itself as data."""
    return ExactOnline(
        ledger=ledger_of(scenario, register, seed),
        clock=clock,
        seed=seed,
        profile=profile,
        switches=switches or {},
    )
