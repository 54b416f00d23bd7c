"""The trading company with a pay period that crosses the end of a month: seven days in June, seven in
July.
"""

from __future__ import annotations

from datetime import date

from ml_connector_sandbox.scenarios.trading_company import *  # noqa: F403 - a scenario is another one with some values changed

PERIOD_END = date(2026, 7, 7)
PAY_DATE_DAYS_AFTER = 3
