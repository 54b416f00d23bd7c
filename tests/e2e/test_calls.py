"""Calls are money and quota: what a run makes of them at each ledger, counted by the simulators."""

from __future__ import annotations

import pytest
from ledger_calls import COSTS, LINES, ledger_calls

pytestmark = pytest.mark.slow

READ_BACK_CALLS_MAX = {"exact_online": 1 + 1 + 1, "dynamics_fo": LINES // 100 + 5, "visma_net": 1 + 1 + 5}
"""From look-up to read-back of a thousand lines, token and master data apart."""


@pytest.mark.parametrize("ledger", COSTS)
def test_calls_of_a_run_stay_by_the_fewest_possible(ledger: str) -> None:
    """A run with one entry of a thousand lines, from a cold start: within a tenth of the fewest calls it
    could take.
    """
    counted = ledger_calls(ledger)

    assert LINES == counted["lines"]
    assert counted["calls_to_floor"] <= 1.1, counted
    assert counted["look_up_to_read_back"] <= READ_BACK_CALLS_MAX[ledger], counted
