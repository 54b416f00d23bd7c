"""The manufacturer books its pay in Dynamics 365."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ml_connector_sandbox.core.scene import Scene, credentials


def _settings(system: Mapping[str, Any], entities: Sequence[str]) -> dict[str, str]:
    return {**credentials(system, "token_url", "client_id", "client_secret"), "company": ", ".join(entities)}


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
)
