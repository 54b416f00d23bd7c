"""The ledger contract on the simulator.

The suite knows an entry of one write. Here it sees the ledger through `WholeSink`, which sends the parts one
after the other as the engine does, removes what stands when a part is refused, and runs the vendor's posting
job on release. Lost and late answers strike the first write; `test_parts.py` strikes every other.
"""

from __future__ import annotations

from typing import Any

import pytest

from ml_connector.contract.ledger import LedgerContract
from ml_connector.ports.ledger import Ledger


class TestLedger(LedgerContract):
    """Dynamics as a ledger."""

    @pytest.fixture
    def ledger(self, world: Any) -> Ledger:
        """Its ledger, an entry in one go."""
        found: Ledger = world.whole()
        return found
