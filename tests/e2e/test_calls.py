"""Calls are money and quota: what a run makes of them at each ledger, counted by the simulators."""

from __future__ import annotations

import pytest
from ledger_calls import COSTS, LINES, ledger_calls

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("ledger", COSTS)
def test_calls_of_a_run_stay_by_the_fewest_possible(ledger: str) -> None:
    """A run with one entry of a thousand lines, from a cold start: within a twentieth of the fewest calls
    that the vendor's interface allows.
    """
    counted = ledger_calls(ledger)

    assert LINES == counted["lines"]
    assert counted["calls_to_floor"] <= 1.05, counted
