"""UKG Pro pays everybody in every scene."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_connector_sandbox.core.scene import PayrollScene, credentials


def _settings(system: Mapping[str, Any]) -> dict[str, str]:
    return {
        **credentials(system, "username", "password", "customer_api_key"),
        "currency": ",".join(f"{row['code']}={row['currency']}" for row in system["entities"]),
    }


SCENE = PayrollScene(payroll="ukg_pro", settings=_settings, unlimited={"calls_per_minute": "0"})
