"""The trading company books its pay in Exact Online."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ml_connector_sandbox.core.scene import KeptScene, Scene, credentials


def _settings(system: Mapping[str, Any], entities: Sequence[str]) -> dict[str, str]:
    return {
        **credentials(system, "redirect_uri", "client_id", "client_secret"),
        "division": ", ".join(entities),
    }


SCENE = Scene(
    scenario="trading_company",
    ledger="exact_online",
    mapping=Path(__file__).with_name("mapping.csv"),
    settings=_settings,
    signs_in=True,
    options={"journal": "95"},
    posting=({"match": {"method": "POST", "path": "GeneralJournalEntries"}},),
    varied={
        "people_exact_online": {
            # Eight characters are the longest code of a cost unit, and payroll's numbers have nine.
            "people": {"axis": "cost_unit", "code": "short", "zones": "America/New_York"},
            "member_writes": (
                {"match": {"method": "POST", "path": "hrm/Costunits"}},
                {"match": {"method": "PUT", "path": "hrm/Costunits"}},
            ),
            "switches": {"hr_writes": "true"},
            "kept": {
                "employees": KeptScene(
                    kind="workers",
                    options={"axis": "employee", "zones": "America/New_York"},
                    writes=(
                        {"match": {"method": "POST", "path": "payroll/Employees"}},
                        {"match": {"method": "POST", "path": "payroll/Employments"}},
                        {"match": {"method": "PUT", "path": "payroll/Employees"}},
                        {"match": {"method": "PUT", "path": "payroll/Employments"}},
                    ),
                    reads="payroll/Employees",
                    page=60,
                    counted="employments",
                    settings={"employees": "api"},
                    guarded=False,
                )
            },
        }
    },
    unlimited={"calls_per_minute": "0", "calls_per_day": "0", "errors_per_hour": "0"},
)
