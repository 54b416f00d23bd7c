"""The manufacturer books its pay in Dynamics 365."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ml_connector_sandbox.core.scene import KeptScene, Scene, credentials


def _settings(system: Mapping[str, Any], entities: Sequence[str]) -> dict[str, str]:
    return {**credentials(system, "token_url", "client_id", "client_secret"), "company": ", ".join(entities)}


def _with_workers(system: Mapping[str, Any], entities: Sequence[str]) -> dict[str, str]:
    return {**_settings(system, entities), "dimensions": "cost_center=CostCenter, worker=Worker"}


SCENE = Scene(
    scenario="manufacturer",
    ledger="dynamics_fo",
    mapping=Path(__file__).with_name("mapping.csv"),
    settings=_settings,
    options={"journal": "PAYROLL"},
    posting=(
        {"match": {"method": "POST", "path": r"\$batch"}},
        {"match": {"method": "POST", "path": r"\$batch"}, "skip": 1},
        {"match": {"method": "POST", "path": "LedgerJournalHeaders"}},
    ),
    workers=60,
    switches={"posting_job_seconds": "1"},
    one_date="2026-07-10",
    varied={
        "people_dynamics_fo": {
            "settings": _with_workers,
            "people": {"axis": "worker", "zones": "America/New_York"},
            "member_writes": ({"match": {"method": "POST", "path": r"\$batch"}},),
            "kept": {
                "assignments": KeptScene(
                    kind="assignments",
                    options={"axes": "org_level_1=cost_center", "zones": "America/New_York"},
                    writes=({"match": {"method": "POST", "path": r"\$batch"}},),
                    reads="EmploymentsV2",
                    page=10_000,
                    counted="assignments",
                )
            },
        }
    },
)
