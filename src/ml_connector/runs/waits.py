"""When a run looks again: never before the wait is over, and not at the moment of all others that wait for
the same.

Fifty runs that one limit holds would come back in one second, and meet the limit again. So each comes a
little later, by what it was made of and not by chance: a world that is played again waits as it did.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from ml_connector.ports.runs import RunRow

SHARE = 0.5
"""Of the wait, so much may come on top."""
LIMIT_SPREAD_SECONDS = 5.0
"""At least so much may come on top of a wait for a vendor's limit, which many wait for."""
SPREAD_MAX_SECONDS = 60.0


def look_again(row: RunRow, now: datetime, seconds: float, *, spread_least: float = 0.0) -> datetime:
    """When the run looks again, after at least so many seconds."""
    spread = min(max(seconds * SHARE, spread_least), SPREAD_MAX_SECONDS)
    return now + timedelta(seconds=seconds + spread * _part(row))


def _part(row: RunRow) -> float:
    """From 0 to 1. A run's id is drawn; when it was made, and for what, is not."""
    made = f"{row.created_at} {row.flow} {row.reference} {row.stage} {row.attempt}"
    return int.from_bytes(hashlib.sha256(made.encode()).digest()[:6]) / (1 << 48)
