"""A simulated UKG Pro, written from the vendor's public material; README.md lists what it does not do."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ml_connector_sandbox.core.outbound import Send, post
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Clock, Vendor
from ml_connector_sandbox.systems.ukg_pro.endpoint import Tenant
from ml_connector_sandbox.systems.ukg_pro.routes import UkgPro
from ml_connector_sandbox.systems.ukg_pro.switches import SWITCHES


def build(
    *,
    scenario: Any,
    clock: Clock,
    seed: int,
    profile: str,
    switches: Mapping[str, object],
    register: Path | str | None,
    send: Send = post,
) -> Vendor:
    """One tenant of `scenario` (a scenario module or its name), seeded from `register` or from a made one.

    Profile `fast` has no quotas. ValueError for a register or a switch that cannot be used.
    """
    if isinstance(scenario, str):
        scenario = importlib.import_module(f"ml_connector_sandbox.scenarios.{scenario}")
    wanted = {**scenario.SWITCHES.get(UkgPro.slug, {}), **switches}
    tenant = Tenant(
        scenario=scenario,
        clock=clock,
        seed=seed,
        profile=profile,
        switches=Switches(SWITCHES, wanted),
        register=Path(register) if register else None,
    )
    return UkgPro(tenant, send)
