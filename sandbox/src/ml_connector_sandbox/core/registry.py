"""Finds the simulators and scenarios by looking into their folders; adding one edits nothing else."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from ml_connector_sandbox.core.clock import SandboxClock
from ml_connector_sandbox.core.control import Control
from ml_connector_sandbox.core.installation import Draw, Installation, new_id
from ml_connector_sandbox.core.vendor import Json, Request, Vendor
from ml_connector_sandbox.core.wire import Answered, Outcome, Wire

_SYSTEMS = "ml_connector_sandbox.systems"
_SCENARIOS = "ml_connector_sandbox.scenarios"


class Host:
    """One simulated system ready to be called: vendor, wire and control API, whoever carries the bytes.

    `installation` is the id it states (a new one unless given), `draw` where the next one comes from after a
    reset.
    """

    def __init__(
        self,
        vendor: Vendor,
        clock: SandboxClock,
        *,
        faults: Sequence[Json] = (),
        installation: str | None = None,
        draw: Draw = new_id,
    ) -> None:
        self.vendor = vendor
        self.clock = clock
        self.installation = Installation(vendor, installation, draw)
        self.wire = Wire(vendor, clock, faults, self.installation)
        self.control = Control(self.wire)

    def exchange(self, request: Request) -> Outcome:
        """Answer a request; control calls pass no fault and no quota."""
        try:
            if Control.owns(request):
                return Answered(response=self.installation.stated(self.control.handle(request)))
            return self.wire.exchange(request)
        except Exception as error:
            return Answered(response=self.wire.fail(request, error))

    def describe(self, base_url: str) -> Json:
        """What the vendor says to someone who wants to connect, with the id of the installation."""
        return {**self.vendor.describe(base_url), "installation": self.installation.id}


def systems() -> list[str]:
    """The slugs of all simulators there are, sorted."""
    package = importlib.import_module(_SYSTEMS)
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__) if module.ispkg)


def systems_of(scenario: str) -> list[str]:
    """The slugs of the simulators that scenario has data for, sorted; `KeyError` for an unknown scenario.

    A system's package says so with `is_described(scenario module)`; one without that function is part of
    every scenario.
    """
    script = load_scenario(scenario)
    return [slug for slug in systems() if _is_described(slug, script)]


def _is_described(slug: str, script: ModuleType) -> bool:
    ask: Callable[[ModuleType], bool] | None = getattr(
        importlib.import_module(f"{_SYSTEMS}.{slug}"), "is_described", None
    )
    return ask is None or ask(script)


def load_scenario(name: str) -> ModuleType:
    """The scenario of that name; `KeyError` if there is none."""
    if not name.isidentifier() or importlib.util.find_spec(f"{_SCENARIOS}.{name}") is None:
        raise KeyError(f"no scenario named {name}")
    return importlib.import_module(f"{_SCENARIOS}.{name}")


def open_system(
    slug: str,
    *,
    scenario: str = "trading_company",
    clock: SandboxClock | None = None,
    seed: int = 1,
    profile: str = "vendor",
    switches: Mapping[str, Any] | None = None,
    register: str | None = None,
    installation: str | None = None,
) -> Host:
    """Build one simulator with its data. A scenario is a module in `scenarios`; its `SWITCHES[slug]` and
    `FAULTS` apply from the start, `switches` given here win. `profile` is `vendor` (all limits) or `fast`
    (none). `installation` is the id it states, a new one unless given. `KeyError` for an unknown slug or
    scenario."""
    if slug not in systems():
        raise KeyError(f"no system named {slug}; there are {', '.join(systems())}")
    if profile not in ("vendor", "fast"):
        raise ValueError(f"profile: {profile!r} is neither vendor nor fast")
    clock = clock or SandboxClock()
    script = load_scenario(scenario)
    if not _is_described(slug, script):
        raise KeyError(
            f"scenario {scenario} has no data for {slug}; it has data for {', '.join(systems_of(scenario))}"
        )
    turned = {**getattr(script, "SWITCHES", {}).get(slug, {}), **(switches or {})}
    build = importlib.import_module(f"{_SYSTEMS}.{slug}").build
    vendor = build(
        scenario=scenario, clock=clock, seed=seed, profile=profile, switches=turned, register=register
    )
    return Host(vendor, clock, faults=getattr(script, "FAULTS", ()), installation=installation)
