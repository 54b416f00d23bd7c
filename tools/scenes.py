"""The scenes that demos, crash tests and benchmarks play in: a scenario of the simulators, and how an
administrator connects to its ledger.

A scene knows what such a person knows: what to type in where, and how payroll's accounts map to the ledger's.
What is booked in the end is judged without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

MAPPINGS = Path(__file__).parent / "mappings"
PAYROLL = "ukg_pro"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One scenario and its ledger.

    `settings` makes the connection's settings from what the simulator says of itself and the entities to book
    in, and `options` are the flow's. `posting` are the writes that carry an entry, as fault rules strike
    them; `workers` make pay runs small, and still large enough to need them all. `switches` are what the
    simulator is started with, `unlimited` our settings where it runs without quotas. `one_date` puts old pay
    runs into a period that is open. `given` is typed with every pay run.
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

    def arguments(self) -> list[str]:
        """What the simulators are started with."""
        given = [
            part
            for name, value in self.switches.items()
            for part in ("--switch", f"{self.ledger}.{name}={value}")
        ]
        return ["--scenario", self.scenario, *given]

    def entities(self, systems: Mapping[str, Any]) -> dict[str, str]:
        """Payroll company → legal entity: both list theirs in the same order, and what only one has is left
        out.
        """
        companies, entities = systems[PAYROLL]["entities"], systems[self.ledger]["entities"]
        return {company["code"]: entity["code"] for company, entity in zip(companies, entities, strict=False)}


def _credentials(system: Mapping[str, Any], *names: str) -> dict[str, str]:
    return {"base_url": system["base_url"], **{name: system["credentials"][name] for name in names}}


def _exact_online(system: Mapping[str, Any], entities: Sequence[str]) -> dict[str, str]:
    return {
        **_credentials(system, "redirect_uri", "client_id", "client_secret"),
        "division": ", ".join(entities),
    }


def _dynamics_fo(system: Mapping[str, Any], entities: Sequence[str]) -> dict[str, str]:
    return {**_credentials(system, "token_url", "client_id", "client_secret"), "company": ", ".join(entities)}


def _visma_net(system: Mapping[str, Any], entities: Sequence[str]) -> dict[str, str]:
    axes = {"cost_center": "1", "plant": "2"}
    tenants = {entity["code"]: entity["tenant_id"] for entity in system["entities"]}
    tenant = (
        ", ".join(f"{code}={tenants[code]}" for code in entities)
        if len(entities) > 1
        else tenants[entities[0]]
    )
    return {
        **_credentials(system, "token_url", "client_id", "client_secret"),
        "company": ", ".join(entities),
        "tenant_id": tenant,
        "segments": ", ".join(f"{axis}={number}" for axis, number in axes.items()),
    }


EXACT_ONLINE = Scene(
    scenario="trading_company",
    ledger="exact_online",
    mapping=MAPPINGS / "trading_company.csv",
    settings=_exact_online,
    signs_in=True,
    options={"journal": "95"},
    posting=({"match": {"method": "POST", "path": "GeneralJournalEntries"}},),
    unlimited={"calls_per_minute": "0", "calls_per_day": "0", "errors_per_hour": "0"},
)
DYNAMICS_FO = Scene(
    scenario="manufacturer",
    ledger="dynamics_fo",
    mapping=MAPPINGS / "manufacturer.csv",
    settings=_dynamics_fo,
    options={"journal": "PAYROLL"},
    posting=(
        {"match": {"method": "POST", "path": r"\$batch"}},
        {"match": {"method": "POST", "path": r"\$batch"}, "skip": 1},
        {"match": {"method": "POST", "path": "LedgerJournalHeaders"}},
    ),
    workers=60,
    switches={"posting_job_seconds": "1"},
    one_date="2026-07-10",
)
VISMA_NET = Scene(
    scenario="norway",
    ledger="visma_net",
    mapping=MAPPINGS / "norway.csv",
    settings=_visma_net,
    options={"journal": "1", "axes": "cost_center,plant,project"},
    posting=(
        {"match": {"method": "POST", "path": "/v2/journaltransaction$"}},
        {"match": {"method": "PUT", "path": "/v2/journaltransaction/"}},
        {"match": {"method": "POST", "path": "/action/release"}},
    ),
    one_date="2026-06-26",
)
SCENES = {scene.scenario: scene for scene in (EXACT_ONLINE, DYNAMICS_FO, VISMA_NET)}
_YARD_IN_EURO = replace(VISMA_NET, given=("--rate", "EUR=0.0859", "--rate-source", "Norges Bank 2026-06-26"))
VARIED = {
    "month_end": EXACT_ONLINE,
    "closed_period": EXACT_ONLINE,
    "lost_answer": EXACT_ONLINE,
    "bench": EXACT_ONLINE,
    "bench_dynamics_fo": DYNAMICS_FO,
    "bench_visma_net": VISMA_NET,
    "two_divisions": EXACT_ONLINE,
    "two_legal_entities": DYNAMICS_FO,
    "two_companies": _YARD_IN_EURO,
}
"""Scenarios that change a few values of another."""
BY_LEDGER = {scene.ledger: scene for scene in SCENES.values()}


def scene_of(scenario: str) -> Scene:
    """The scene of a scenario. Raises `KeyError` for one that nobody can play."""
    return SCENES[scenario] if scenario in SCENES else replace(VARIED[scenario], scenario=scenario)
