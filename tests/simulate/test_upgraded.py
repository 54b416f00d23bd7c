"""Worlds that begin with a database of the release before."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace

import pytest
from moving_world.driver import OPENINGS, replay
from moving_world.install import ground
from moving_world.shape import LEDGERS, VENDORS, Flow, Shape

UPGRADED = Shape(
    companies={"pay-a": ("A1",)},
    flows=(Flow(source="pay-a", target="books", mode="approve", entities={"A1": "1204"}),),
    block_rows=100,
    lag_seconds=0,
    keeps_marker=True,
    opening="one is booked",
    liars=False,
    hostile=False,
    upgraded=True,
)


@pytest.mark.parametrize("vendor", sorted({*VENDORS}))
def test_a_world_works_on_what_was_upgraded(vendor: str) -> None:
    """It books a pay, backs up and restores; the runs of the release before are beside its own, and the two
    that were under way tried in vain to reach systems that are not there.
    """
    shape = replace(UPGRADED, vendors=dict.fromkeys(LEDGERS, vendor))
    steps = (*OPENINGS["one is booked"], ("back up", 0), ("restore", 0), ("rest",))

    with ground() as place:
        outcome = replay(place, 0, shape, steps)
        path = place.settings.database.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path)) as database:
            runs = Counter(state for (state,) in database.execute("SELECT state FROM store_run"))

    assert [] == [str(wrong) for wrong in outcome.violations]
    assert 1 == outcome.counts["runs"]
    assert Counter(done=4 + 1, cancelled=1, held=2) == runs
