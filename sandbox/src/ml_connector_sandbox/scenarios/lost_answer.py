"""The trading company on a bad line: the ledger books the first entry it is sent, but its answer never
arrives.
"""

from __future__ import annotations

from ml_connector_sandbox.scenarios.trading_company import *  # noqa: F403 - a scenario is another one with some values changed

FAULTS = (
    {"kind": "lost_after_commit", "match": {"method": "POST", "path": "GeneralJournalEntries"}, "times": 1},
)
