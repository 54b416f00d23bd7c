"""Where it is read whom a pay run paid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class PaidWorkers(Protocol):
    """Whom pay runs paid, and nothing of how much."""

    def paid(self, reference: str) -> Mapping[str, frozenset[str]]:
        """Payroll company → the keys of the workers whom the pay run paid in it, as their records have them:
        all of them, or an error. A payment that was taken back is none.
        """
        ...
