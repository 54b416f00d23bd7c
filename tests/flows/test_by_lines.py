"""A ledger that does not tell what is posted: the reconciliation says what was compared in its place."""

from __future__ import annotations

from dataclasses import replace

from tests.payday import World, a_pay_run

from ml_connector.domain.document import Receipt
from ml_connector.domain.journal import BookedEntry
from ml_connector.flows.flow import Mode
from ml_connector.ports.runs import RunState

LINES = "the lines of its journals"


def by_lines(world: World) -> World:
    """The ledger reads what was entered."""

    class ByLines:
        """The ledger as it is, but for that."""

        def __getattr__(self, name: str) -> object:
            return getattr(ledger, name)

        def read_back(self, receipt: Receipt) -> BookedEntry:
            return replace(ledger.read_back(receipt), stand_in=LINES)

    ledger, world.ledger = world.ledger, ByLines()  # type: ignore[assignment]
    return world


def test_every_row_with_a_figure_of_the_ledger_says_what_was_compared() -> None:
    """Those without one have nothing to say, and a ledger that tells what is posted neither."""
    world = by_lines(World())
    run = world.post().id

    rows = world.operations.records.tie_out(run)
    assert {("*", LINES), ("US1", None), ("US2", None)} == {(row.company, row.stand_in) for row in rows}
    plain = World()
    assert {None} == {row.stand_in for row in plain.operations.records.tie_out(plain.post().id)}


def test_a_reversal_and_what_it_reversed_say_it_too() -> None:
    """Together they come to nothing, by what was entered."""
    world = by_lines(World())
    run = world.post().id
    made = world.reverse(run)

    assert RunState.DONE is made.state
    for looked_at in (run, made.id):
        assert {LINES} == {row.stand_in for row in world.operations.records.tie_out(looked_at)}


def test_a_pay_that_two_runs_booked_says_it_of_both() -> None:
    """The difference is booked by lines, and so is what it was made to."""
    world = by_lines(World(mode=Mode.APPROVE))
    runs = [world.start("R1")]
    world.run_to_rest()
    assert RunState.DONE is world.approve(runs[0]).state
    world.payroll.add(a_pay_run("R2", factor=2), factor=2)
    runs.append(world.start("R2"))
    world.run_to_rest()
    assert RunState.DONE is world.approve(runs[1]).state

    for run in runs:
        rows = world.operations.records.tie_out(run)
        assert {LINES} == {row.stand_in for row in rows if row.ledger is not None}
