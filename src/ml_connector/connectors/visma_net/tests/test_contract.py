"""The ledger contract on the simulator. A batch is written on hold and posted by `release`, which here is
done at once.
"""

from __future__ import annotations

from typing import Any

import pytest

from ml_connector.contract.ledger import LedgerContract
from ml_connector.ports.ledger import Ledger


class TestLedger(LedgerContract):
    """Visma as a ledger."""

    @pytest.fixture
    def ledger(self, world: Any) -> Ledger:
        """Its ledger."""
        found: Ledger = world.ledger
        return found
