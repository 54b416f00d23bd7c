"""The Norwegian company, paid by the month: from one pay run to the next it is longer than the payroll keeps
an event.
"""

from __future__ import annotations

from datetime import date

from ml_connector_sandbox.scenarios.norway import *  # noqa: F403 - a scenario is another one with some values changed

PAY_GROUP = "MONTH"
PAY_FREQUENCY = "M"
PERIOD_END = date(2026, 6, 30)
