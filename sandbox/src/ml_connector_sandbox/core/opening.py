"""How a simulator is opened: with a scenario's data for it, or with the data itself."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any, Generic, Protocol, TypeVar

from ml_connector_sandbox.core.clock import SandboxClock
from ml_connector_sandbox.core.registry import load_scenario
from ml_connector_sandbox.core.vendor import Json

V = TypeVar("V", covariant=True)


class VendorClass(Protocol[V]):
    """The class of a vendor, called with the data that its books begin with."""

    slug: str

    def __call__(
        self, *, data: Json, clock: SandboxClock, seed: int, profile: str, switches: Mapping[str, Any]
    ) -> V:
        """The vendor with its books."""
        ...


class System(Generic[V]):
    """What the package of a system gives to whoever looks for it: `is_described` and `build`. A scenario has
    the data in a function `<role>_<slug>(register, seed)`.
    """

    def __init__(self, vendor: VendorClass[V], *, role: str = "ledger") -> None:
        self._vendor = vendor
        self._described_by = f"{role}_{vendor.slug}"

    def is_described(self, script: ModuleType) -> bool:
        """Whether a scenario has data for this system."""
        return hasattr(script, self._described_by)

    def build(
        self,
        *,
        scenario: str | Json,
        clock: SandboxClock,
        seed: int = 1,
        profile: str = "vendor",
        switches: Mapping[str, Any] | None = None,
        register: str | None = None,
    ) -> V:
        """The simulator with the scenario's data in it; `scenario` is a name, or the data itself. `KeyError`
        for a scenario without data for it.
        """
        data = scenario if isinstance(scenario, dict) else self._data(scenario, register, seed)
        return self._vendor(data=data, clock=clock, seed=seed, profile=profile, switches=switches or {})

    def _data(self, scenario: str, register: str | None, seed: int) -> Json:
        make = getattr(load_scenario(scenario), self._described_by, None)
        if make is None:
            raise KeyError(f"scenario {scenario} has no {self._described_by}")
        data: Json = make(register, seed)
        return data
