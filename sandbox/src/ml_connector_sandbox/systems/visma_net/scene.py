"""The Norwegian company books its pay in Visma.net."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ml_connector_sandbox.core.scene import KeptScene, Scene, credentials

_AXES = {"cost_center": "1", "plant": "2"}
_YARD = {"given": ("--rate", "EUR=0.0859", "--rate-source", "Norges Bank 2026-06-26")}
"""The yard keeps its books in euro."""
_NEW_EMPLOYEE = "class=EMPSTAND, branch=1, calendar=NO, department=OSLADM, email={code}@lonn.example"
"""What a new employee gets beside number and name."""


def _settings(system: Mapping[str, Any], entities: Sequence[str]) -> dict[str, str]:
    tenants = {entity["code"]: entity["tenant_id"] for entity in system["entities"]}
    tenant = (
        ", ".join(f"{code}={tenants[code]}" for code in entities)
        if len(entities) > 1
        else tenants[entities[0]]
    )
    return {
        **credentials(system, "token_url", "client_id", "client_secret"),
        "company": ", ".join(entities),
        "tenant_id": tenant,
        "segments": ", ".join(f"{axis}={number}" for axis, number in _AXES.items()),
    }


def _with_workers(system: Mapping[str, Any], entities: Sequence[str]) -> dict[str, str]:
    settings = _settings(system, entities)
    return {**settings, "segments": f"{settings['segments']}, worker=3"}


SCENE = Scene(
    scenario="norway",
    ledger="visma_net",
    mapping=Path(__file__).with_name("mapping.csv"),
    settings=_settings,
    options={"journal": "1", "axes": "cost_center,plant,project"},
    posting=(
        {"match": {"method": "POST", "path": "/v2/journaltransaction$"}},
        {"match": {"method": "PUT", "path": "/v2/journaltransaction/"}},
        {"match": {"method": "POST", "path": "/action/release"}},
    ),
    one_date="2026-06-26",
    varied={
        "two_companies": _YARD,
        "people_visma_net": {
            **_YARD,
            "settings": _with_workers,
            "people": {"axis": "worker", "zones": "Europe/Oslo"},
            "member_writes": ({"match": {"method": "PUT", "path": "/v1/dimension/SUBACCOUNT/3"}},),
            "kept": {
                "employees": KeptScene(
                    kind="workers",
                    options={"axis": "employee", "zones": "Europe/Oslo"},
                    writes=tuple(
                        {"match": {"method": method, "path": "/v1/employee"}} for method in ("POST", "PUT")
                    ),
                    reads="/v1/employee",
                    page=1_000,
                    counted="employees",
                    settings={"employee_defaults": _NEW_EMPLOYEE},
                ),
                "departments": KeptScene(
                    kind="dimensions",
                    options={"axes": "org_level_1=department"},
                    writes=tuple(
                        {"match": {"method": method, "path": "/v1/department"}} for method in ("POST", "PUT")
                    ),
                    reads="/v1/department",
                    page=10_000,
                    counted="departments",
                ),
            },
        },
    },
)
