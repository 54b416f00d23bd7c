"""People of a moving world are sensible: they say what is true, and end what the product lets them end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from moving_world.driver import OPENINGS, Outcome, Step, replay
from moving_world.install import Ground, ground
from moving_world.shape import LEDGERS, Flow, Shape

ONE_PAY = Shape(
    companies={"pay-a": ("A1",)},
    flows=(Flow(source="pay-a", target="books", mode="approve", entities={"A1": "1204"}),),
    block_rows=100,
    lag_seconds=0,
    keeps_marker=True,
    opening="one is booked",
    liars=False,
    hostile=False,
)


@pytest.fixture(scope="module")
def place() -> Iterator[Ground]:
    """What the worlds of these tests stand on."""
    with ground() as found:
        yield found


def played(place: Ground, vendor: str, *steps: Step, opening: str = "one is booked") -> Outcome:
    """One pay in a ledger of that vendor, these steps, and peace."""
    shape = replace(ONE_PAY, vendors=dict.fromkeys(LEDGERS, vendor), opening=opening)
    return replay(place, 0, shape, (*OPENINGS[opening], *steps))


def wrong(outcome: Outcome) -> list[str]:
    """What was wrong in the world."""
    return [str(violation) for violation in outcome.violations]


def said(outcome: Outcome, command: str) -> int:
    """How often anybody typed the command."""
    return sum(f": {command}" in line for line in outcome.trace)


def test_a_mirror_that_people_booked_is_not_our_reversal(place: Ground) -> None:
    """They took a document back, and took that back in its turn. Their mirror says just what our reversal
    says, so the product asks; the ledger says that people made it.
    """
    outcome = played(
        place, "visma_net", ("a document is deleted", 0, 0), ("payroll undoes", 0), ("memory runs out", 0, 1)
    )

    assert [] == wrong(outcome)
    assert 0 < said(outcome, "runs settle, not booked")
    assert 0 == said(outcome, "runs settle, booked")
