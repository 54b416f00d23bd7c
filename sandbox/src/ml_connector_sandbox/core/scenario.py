"""What scenarios of a payroll and a ledger have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Booking:
    """Where a payroll line belongs: (entity, GL account, cost center). Every line keeps its department as
    cost center, liabilities too, so that each department balances by itself. KeyError for an unknown company
    or account.
    """

    entity_of: Mapping[str, str]
    account_of: Mapping[str, str]

    def __call__(self, company: str, account: str, org_level_1: str | None) -> tuple[str, str, str | None]:
        return self.entity_of[company], self.account_of[account], org_level_1
