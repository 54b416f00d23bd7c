"""A journal that names a code which the ledger does not have waits for the plan that brings it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.flows.test_dimensions import Dimensions, code, there
from tests.payday import SOURCE, TARGET, usual_balances

from ml_connector.domain.journal import Chart
from ml_connector.flows.flow import Mode
from ml_connector.ports.runs import RunRow, RunState
from ml_connector.ports.systems import System
from ml_connector.runs.inline import Inline


class Facts:
    """The ledger's facts, with the cost centers that are open in its register."""

    def __init__(self, ledger: Any, world: KeptCodes) -> None:
        self._ledger, self._world = ledger, world

    def chart(self, entity: str, journal: str, axes: frozenset[str]) -> Chart:
        chart: Chart = self._ledger.chart(entity, journal, axes)
        rows = [row for row in self._world.there() if row.entity == entity]
        codes = {"cost_center": frozenset(row.code for row in rows if row.open)}
        closed = {"cost_center": frozenset(row.code for row in rows if not row.open)}
        return replace(chart, codes=codes, inactive=closed)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)


class KeptCodes(Dimensions):
    """A ledger that has the cost centers of its register, and none else."""

    def system(self, name: str) -> System:
        inner = super().system(name)
        return inner if name == SOURCE else replace(inner, ledger=Facts(inner.ledger, self))

    def passes(self) -> list[RunRow]:
        """Passes of the codes, newest first."""
        return [row for row in self.runs.list() if row.flow == "dimensions"]


def rest(world: KeptCodes) -> None:
    """Carry out what is to be done now, and nothing that waits for a later time."""
    engine = Inline(world.workshop(), world.runs, lambda _: None)
    for _ in range(200):
        if not (able := engine.able()):
            return
        engine.step(able[0])
    raise RuntimeError("the runs do not come to rest")


def test_a_journal_waits_for_the_plan_that_brings_its_code_and_is_posted_after_it() -> None:
    world = KeptCodes(mode=Mode.APPROVE)
    world.codes.held = [code("SALES"), code("OPS")]
    run = world.start()
    rest(world)

    at, (brings,) = world.at(run), world.passes()
    assert (RunState.WAITING, brings.id) == (at.state, at.awaits)
    assert at.summary == (
        "Not in the ledger yet: cost_center OPS in 10, cost_center SALES in 10, cost_center OPS in 20,"
        f" cost_center SALES in 20. Waiting for the plan of run {brings.id}."
    )
    assert RunState.AWAITING_APPROVAL is brings.state
    assert [] == world.vendor.documents

    world.operations.approve(brings.id, world.operations.records.fingerprint(brings.id))
    rest(world)
    assert (RunState.DONE, RunState.DONE) == (world.at(brings.id).state, world.at(run).state)
    assert usual_balances() == world.balances()


def test_a_code_that_payroll_does_not_have_stops_its_journal_after_one_look() -> None:
    """The look is not repeated each time that the run is tried again; after an hour it may be."""
    world = KeptCodes()
    world.codes.held = [code("SALES")]
    run = world.start()
    rest(world)

    assert (RunState.HELD, ["code.unknown"] * 2) == (world.at(run).state, world.problems(run))
    assert 1 == len(world.passes())
    world.resume(run)
    assert (RunState.HELD, 1) == (world.at(run).state, len(world.passes()))

    world.codes.held.append(code("OPS"))
    world.resume(run)
    assert (RunState.HELD, 1) == (world.at(run).state, len(world.passes()))
    world.clock.sleep(3700)
    world.resume(run)
    assert (RunState.DONE, 2) == (world.at(run).state, len(world.passes()))


def test_a_pass_that_read_no_codes_of_the_ledger_has_not_looked() -> None:
    """Somebody deleted a code there since the ledger was compared."""
    world = KeptCodes()
    world.codes.held = [code("SALES"), code("OPS")]
    for _ in range(2):
        world.align()
    world.clock.sleep(3_700)
    quiet = world.operations.start("dimensions", SOURCE, TARGET, "now", unasked=True).id
    world.run_to_rest()
    assert "was not read now" in world.at(quiet).summary
    world.ledger_rows.rows.pop("10/cost_center/OPS")

    run = world.start()
    rest(world)

    assert (RunState.AWAITING_APPROVAL, RunState.WAITING) == (world.passes()[0].state, world.at(run).state)
    assert (world.passes()[0].id, 4) == (world.at(run).awaits, len(world.passes()))


def test_a_plan_that_does_not_have_the_code_is_not_waited_for() -> None:
    """It waits for people for as long as they like."""
    world = KeptCodes(mode=Mode.APPROVE)
    world.codes.held = [code("SALES")]
    waiting = world.align()
    assert RunState.AWAITING_APPROVAL is waiting.state
    run = world.start()
    rest(world)

    assert (RunState.HELD, {"code.unknown"}) == (world.at(run).state, set(world.problems(run)))


def test_a_closed_code_that_payroll_uses_again_is_waited_for() -> None:
    world = KeptCodes()
    world.codes.held = [code("SALES"), code("OPS")]
    world.align()
    world.codes.held = [code("SALES"), code("OPS", open=False)]
    world.align()
    world.codes.held = [code("SALES"), code("OPS")]
    world.clock.sleep(3 * 86_400)
    run = world.start()
    world.run_to_rest()

    assert (RunState.DONE, usual_balances()) == (world.at(run).state, world.balances())


def test_a_journal_with_another_fault_too_is_held_with_all_of_them() -> None:
    world = KeptCodes()
    world.codes.held = [code("SALES"), code("OPS")]
    world.vendor.accounts.pop("1700")
    run = world.start()
    rest(world)

    assert RunState.HELD is world.at(run).state
    assert {"account.unknown", "code.unknown"} == set(world.problems(run))
    assert [] == world.passes()


def test_a_dry_run_starts_no_plan() -> None:
    world = KeptCodes()
    run = world.start(dry_run=True)
    rest(world)

    assert (RunState.HELD, []) == (world.at(run).state, world.passes())


def test_the_run_that_waits_is_told_when_the_plan_is_given_up() -> None:
    world = KeptCodes(mode=Mode.APPROVE)
    world.codes.held = [code("SALES"), code("OPS")]
    run = world.start()
    rest(world)
    (brings,) = world.passes()

    world.operations.cancel(brings.id)
    rest(world)
    assert (RunState.HELD, {"code.unknown"}) == (world.at(run).state, set(world.problems(run)))


def test_no_plan_is_waited_for_where_nothing_keeps_the_axis() -> None:
    world = KeptCodes()
    world.access.flow("dimensions", SOURCE, TARGET).delete()
    run = world.start()
    rest(world)

    assert (RunState.HELD, {"code.unknown"}) == (world.at(run).state, set(world.problems(run)))


def test_a_reversal_on_a_code_that_was_closed_is_held_and_never_booked_on_another() -> None:
    """Opened again, it is booked as its original was."""
    world = KeptCodes(mode=Mode.AUTOMATIC)
    for entity in ("10", "20"):
        for text in ("SALES", "OPS"):
            world.ledger_rows.edit(there(text, entity))
    run = world.post("R1").id
    assert RunState.DONE is world.at(run).state
    world.ledger_rows.edit(there("OPS", open=False))
    booked = len(world.vendor.documents)

    made = world.operations.reverse(run).id
    world.run_to_rest()
    assert (RunState.HELD, ["code.inactive"]) == (world.at(made).state, world.problems(made))
    assert "cost_center OPS is not active in 10. Activate it there" in world.problem_list(made)[0].text
    assert booked == len(world.vendor.documents)

    world.ledger_rows.edit(there("OPS"))
    world.resume(made)
    world.approve(made)
    assert (RunState.DONE, {}) == (world.at(made).state, world.balances())
