"""Scenes that demos, crash tests and benchmarks play in: a scenario of the simulators, and how one connects
to its payroll and its ledger.

Each simulator brings its own in `scene.py`, with the rules from payroll's accounts to its own in
`mapping.csv`. A scene knows what an administrator knows: what to type in where. What is booked is judged
without it.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ml_connector_sandbox.core.registry import load_scenario, systems, systems_of


@dataclass(frozen=True, kw_only=True)
class PayrollScene:
    """How one connects to the payroll: the settings, from what its simulator says of itself, and those where
    it runs without quotas.
    """

    payroll: str
    settings: Callable[[Mapping[str, Any]], dict[str, str]]
    unlimited: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class KeptScene:
    """What a ledger keeps of people beside members: the flow that keeps it with its options, the writes that
    carry it as fault rules strike them, and the path by which it is read, so many rows to a page. With
    `settings` it has a connection of its own, which has those beside the scene's: two connections have one
    flow of a kind. `guarded`: each write rests on a version. `counted` is how the judge counts it.
    """

    kind: str
    options: Mapping[str, str]
    writes: tuple[Mapping[str, Any], ...]
    reads: str
    page: int
    counted: str
    settings: Mapping[str, str] = field(default_factory=dict)
    guarded: bool = True


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One scenario and its ledger.

    `settings` makes the connection's settings from what the simulator says of itself and the entities to book
    in, and `options` are the flow's. `posting` are the writes that carry an entry, as fault rules strike
    them; `workers` make pay runs small, and still large enough to need them all. `switches` are what the
    simulator is started with, `unlimited` our settings where it runs without quotas. `one_date` puts old pay
    runs into a period that is open. `given` is typed with every pay run. `people` are the options of a flow
    of workers, in a scenario where they are members, `member_writes` the writes that carry members, and
    `kept` what is kept of people beside them, by name.
    `varied` are the values that another scenario of the ledger changes.
    """

    scenario: str
    ledger: str
    mapping: Path
    settings: Callable[[Mapping[str, Any], Sequence[str]], dict[str, str]]
    options: Mapping[str, str]
    posting: tuple[Mapping[str, Any], ...]
    workers: int = 12
    signs_in: bool = False
    switches: Mapping[str, str] = field(default_factory=dict)
    unlimited: Mapping[str, str] = field(default_factory=dict)
    one_date: str = ""
    given: tuple[str, ...] = ()
    people: Mapping[str, str] = field(default_factory=dict)
    member_writes: tuple[Mapping[str, Any], ...] = ()
    kept: Mapping[str, KeptScene] = field(default_factory=dict)
    varied: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def arguments(self) -> list[str]:
        """What the simulators are started with."""
        given = [
            part
            for name, value in self.switches.items()
            for part in ("--switch", f"{self.ledger}.{name}={value}")
        ]
        return ["--scenario", self.scenario, *given]

    def entities(self, described: Mapping[str, Any]) -> dict[str, str]:
        """Payroll company → legal entity: both list theirs in the same order, and what only one has is left
        out.
        """
        companies = described[payroll_scene().payroll]["entities"]
        entities = described[self.ledger]["entities"]
        return {company["code"]: entity["code"] for company, entity in zip(companies, entities, strict=False)}

    def played_in(self, scenario: str) -> Scene:
        """The same scene with the values of another scenario."""
        return replace(self, scenario=scenario, **self.varied.get(scenario, {}))


def scenes() -> Mapping[str, Scene]:
    """The scene of every ledger that brings one, by its slug."""
    return {slug: found for slug, found in _found().items() if isinstance(found, Scene)}


def payroll_scene() -> PayrollScene:
    """How one connects to the payroll of all scenes."""
    return next(found for found in _found().values() if isinstance(found, PayrollScene))


def scene_of(scenario: str) -> Scene:
    """The scene of a scenario. Raises `KeyError` for one that nobody can play."""
    ledgers = [slug for slug in systems_of(scenario) if slug in scenes()]
    if not ledgers:
        raise KeyError(f"scenario {scenario} has no ledger with a scene")
    named = getattr(load_scenario(scenario), "LEDGER_SLUG", "")
    return scenes()[named if named in ledgers else ledgers[0]].played_in(scenario)


def credentials(system: Mapping[str, Any], *names: str) -> dict[str, str]:
    """The address of a simulator and some of its credentials, as settings of the same names."""
    return {"base_url": system["base_url"], **{name: system["credentials"][name] for name in names}}


def _found() -> Mapping[str, Scene | PayrollScene]:
    names = {slug: f"ml_connector_sandbox.systems.{slug}.scene" for slug in systems()}
    return {
        slug: importlib.import_module(name).SCENE
        for slug, name in names.items()
        if importlib.util.find_spec(name) is not None
    }
