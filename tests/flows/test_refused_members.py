"""A worker whom the ledger refuses stays work to do, although payroll says nothing of them any more."""

from __future__ import annotations

from tests.flows.test_workers import Members, worker

from ml_connector.ports.runs import RunState


def test_who_was_refused_is_tried_by_each_pass_and_made_once_when_that_is_mended() -> None:
    """The cursor is beyond them; the others are done at once."""
    world = Members()
    world.ledger_rows.refused.add("10/cost_unit/04")
    world.people.put(*(worker(f"{number:02}") for number in range(10)))
    for _ in range(2):
        at = world.align()
        assert (RunState.HELD, ["plan.refused"]) == (at.state, world.problems(at.id))
        world.people.noted.clear()
    assert 9 == len(world.members())
    world.ledger_rows.refused.clear()
    assert {"10/cost_unit/04": "create"} == world.done()
    assert {} == world.done()
    made = [key for put in world.ledger_rows.puts for key in put]
    assert (9, 3) == (len(set(made) - {"10/cost_unit/04"}), made.count("10/cost_unit/04"))
    assert 12 == len(made)


def test_a_number_that_fits_without_its_noughts_says_so() -> None:
    """Payroll writes nine digits, and the ledger keeps fewer; the others do not fit in any way."""
    world = Members()
    for number in ("000000042", "123456789"):
        world.ledger_rows.unfit.add(f"10/cost_unit/{number}")
        world.people.put(worker(number))
    at = world.align()
    texts = {one.where: one.text for one in world.problem_list(at.id)}
    assert "without the noughts that they begin with: --option code=short" in texts["10/cost_unit/000000042"]
    assert "code=short" not in texts["10/cost_unit/123456789"]
    world.set(code="short")
    world.align()
    assert ["10/cost_unit/42"] == [*world.members()]
