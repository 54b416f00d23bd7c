"""The Norwegian company with a second one beside it: its shipyard, which keeps books of its own behind a tenant id of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ml_connector_sandbox.scenarios import norway
from ml_connector_sandbox.scenarios.norway import *  # noqa: F403 - a scenario is another one with some values changed

SECOND_COMPANY = "VERFT"
SECOND_TITLE = "Fjordverk Verft AS"


def ledger_visma_net(register: Path | str | None = None, seed: int = 1) -> dict[str, Any]:  # type: ignore[no-redef]
    """The Norwegian ledger's data, held by both companies."""
    held = norway.ledger_visma_net(register, seed)
    held["companies"].append({"code": SECOND_COMPANY, "title": SECOND_TITLE, "currency": "EUR"})
    return held
