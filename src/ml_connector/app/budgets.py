"""The calls of a day that vendors allow: how many are used, and how many it will be at this pace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ml_connector.store.models import BudgetWindow, Connection, Organisation

DAY_SECONDS = 86_400
EARLY_SHARE = 0.1
"""Before a tenth of the day has passed its pace says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBudget:
    """Calls of one connection in the vendor's day that ends at `resets_at`; `scope` names a limit of its own
    within the connection, and is empty for the whole of it. `passed` is the share of the day, from 0 to 1.
    """

    connection: str
    scope: str
    used: int
    limit: int
    resets_at: datetime
    passed: float

    @property
    def forecast(self) -> int | None:
        """Calls at the end of the day at the pace of until now; `None` while it is too early to tell."""
        return None if self.passed < EARLY_SHARE else round(self.used / self.passed)

    @property
    def name(self) -> str:
        """The connection, with the limit where it is one of its own."""
        return f"{self.connection} {self.scope}".rstrip()

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "connection": self.connection,
            "scope": self.scope,
            "used": self.used,
            "limit": self.limit,
            "forecast": self.forecast,
            "resets_at": self.resets_at.isoformat(),
        }


def day_budgets(organisation: Organisation, now: datetime) -> Iterator[DayBudget]:
    """Every limit of a day of which something is used, by connection."""
    names = dict(Connection.objects.filter(organisation=organisation).values_list("pk", "name"))
    for row in BudgetWindow.objects.filter(seconds=DAY_SECONDS, resets_at__gt=now).order_by("scope", "name"):
        connection, _, scope = row.scope.partition("/")
        name = names.get(int(connection)) if connection.isdecimal() else None
        if name is not None and row.used:
            passed = 1 - (row.resets_at - now).total_seconds() / DAY_SECONDS
            yield DayBudget(
                connection=name,
                scope=scope,
                used=row.used,
                limit=row.limit,
                resets_at=row.resets_at,
                passed=passed,
            )
