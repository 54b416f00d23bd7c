"""A document that was named as booked elsewhere by mistake: taken back, it counts for nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.flows.test_payroll_journal import BY_HAND, by_hand
from tests.flows.test_the_same_pay import approve, double, waiting
from tests.payday import Crash, World, a_pay_run, usual_balances
from tests.runs.test_settled import dies_at

from ml_connector.app.refusals import NotAllowed
from ml_connector.flows.flow import Mode
from ml_connector.ports.runs import RunState

ONE = usual_balances(entities=("10",))


def of_one_company() -> World:
    """A flow that asks, and a pay of one company in two calculations."""
    world = World(mode=Mode.APPROVE)
    for reference, hour, factor in (("R1", 21, 1), ("R2", 22, 3)):
        run = a_pay_run(reference, companies=("US1",), factor=factor)
        world.payroll.add(replace(run, calculated_at=run.calculated_at.replace(hour=hour)), factor=factor)
    return world


def named(world: World, number: str) -> str:
    """A run that waits for approval beside the document that was named in it."""
    run = world.post("R1").id
    world.statements.booked_elsewhere(run, [f"10/{number}"], "a slip")
    world.run_to_rest()
    assert f"{number} in 10 (" in world.at(run).summary
    return run


def test_a_document_that_was_named_by_mistake_counts_no_more() -> None:
    """Its run is given up since; the pay is proposed whole."""
    world = of_one_company()
    rent = world.vendor.book(replace(BY_HAND, text="Rent"), "").number
    run = named(world, rent)
    world.operations.cancel(run)

    assert () == world.statements.not_elsewhere(run, [f"10/{rent}"], "it is the rent")

    assert f"Not booked elsewhere, says anna: {rent} in 10. Run the pay again." == world.at(run).notice
    assert "run.not_booked_elsewhere" in world.audited
    again = waiting(world, "R1")
    assert "booked elsewhere" not in world.at(again).summary
    assert RunState.DONE is world.approve(again).state
    world.vendor.documents[:] = [d for d in world.vendor.documents if d.number != rent]
    assert ONE == world.balances()


def test_runs_of_the_pay_that_wait_are_proposed_again() -> None:
    """Each as if the document had never been named: the one that it is like asks about it, and it may be
    named anew.
    """
    world = of_one_company()
    number = by_hand(world)
    first = named(world, number)
    second = waiting(world, "R2")

    moved = world.statements.not_elsewhere(second, [number], "it was of last month")
    world.run_to_rest()

    assert {first, second} == {row.id for row in moved}
    assert [["ledger.look_alike"], []] == [world.problems(first), world.problems(second)]
    assert () == world.proposal(second).takes_back
    world.operations.cancel(second)
    assert RunState.AWAITING_APPROVAL is world.resume(first, accept=[f"10/{number}"]).state
    world.statements.booked_elsewhere(first, [number], "it is this one after all")
    world.run_to_rest()
    assert RunState.DONE is world.approve(first).state
    assert ONE == world.balances()


def test_what_a_difference_was_posted_to_is_not_taken_back() -> None:
    """Before that is reversed."""
    world = of_one_company()
    number = by_hand(world)
    run = named(world, number)
    assert RunState.DONE is world.approve(run).state

    with pytest.raises(NotAllowed, match=f"4 in 10 is based on 3 in 10.*: ml-connector runs reverse {run}"):
        world.statements.not_elsewhere(run, [number], "a slip")
    world.reverse(run)
    world.statements.not_elsewhere(run, [number], "a slip")

    again = world.post("R1")
    assert ["ledger.look_alike"] == world.problems(again.id)


def test_a_document_is_not_taken_back_while_a_run_posts_for_its_pay() -> None:
    """Nor by the run itself, before what became of its send is known."""
    world = of_one_company()
    number = by_hand(world)
    run = named(world, number)
    second = waiting(world, "R2")
    approve(world, run)
    with pytest.raises(Crash):
        world.run_to_rest(dies_at("send: answered"))

    with pytest.raises(NotAllowed, match=f"Run {run} is running. Try again when it waits for a person"):
        world.statements.not_elsewhere(run, [number], "a slip")
    with pytest.raises(NotAllowed, match=f"Run {run} is posting for the same pay right now"):
        world.statements.not_elsewhere(second, [number], "a slip")
    world.runs.move(world.at(run), state=RunState.HELD)
    with pytest.raises(NotAllowed, match="is sending, and is based on 3 in 10"):
        world.statements.not_elsewhere(run, [number], "a slip")


@pytest.mark.parametrize("times", [1, 2])
def test_a_document_of_ours_counts_as_it_was_booked(times: int) -> None:
    """It was edited and named, once or more: what people edited is asked about again."""
    world = of_one_company()
    first = waiting(world, "R1")
    assert RunState.DONE is world.approve(first).state
    second = waiting(world, "R2")
    for _ in range(times):
        double(world.vendor.documents[0])
        world.resume(second, propose_again=True)
        world.statements.booked_elsewhere(second, ["10/3"], "edited")
        world.run_to_rest()

    world.statements.not_elsewhere(second, ["10/3"], "the edit was a mistake")
    world.run_to_rest()

    assert {"booked.edited"} == set(world.problems(second))
    assert "Booked again: 3 in 10. Not booked elsewhere, says anna: 3 in 10." == world.at(first).notice
    world.vendor.documents[0].entry = world.proposal(first).entries[0]
    assert RunState.AWAITING_APPROVAL is world.resume(second).state
    assert RunState.DONE is world.approve(second).state
    assert usual_balances(3, ("10",)) == world.balances()


def test_what_took_a_document_back_takes_nothing_back() -> None:
    """It is no reversal after all: the pay is booked as it was."""
    world = of_one_company()
    first = waiting(world, "R1")
    assert RunState.DONE is world.approve(first).state
    entry = world.vendor.documents[0].entry
    lines = tuple(replace(line, amount=-line.amount) for line in entry.lines)
    back = world.vendor.book(replace(entry, lines=lines), "").number
    second = world.post("R1").id
    world.statements.booked_elsewhere(second, [back], "taken back")
    world.run_to_rest()

    world.statements.not_elsewhere(second, [back], "it takes back what is not from here")
    world.run_to_rest()

    assert ["ledger.look_alike"] == world.problems(second)
    at = world.resume(second, accept=[f"10/{back}"])
    assert "Already booked as 3 in 10" in at.summary
    assert f"Booked again: 3 in 10. Not booked elsewhere, says anna: {back} in 10." == world.at(first).notice


def test_a_number_that_was_used_again_is_another_document() -> None:
    """What the first of the number stood in place of was deleted with it, and stays so."""
    world = of_one_company()
    first = waiting(world, "R1")
    assert RunState.DONE is world.approve(first).state
    second = waiting(world, "R2")
    double(world.vendor.documents[0])
    world.statements.booked_elsewhere(second, ["3"], "edited")
    world.run_to_rest()
    world.vendor.documents.clear()
    assert ["3"] == world.statements.deleted(second)
    world.vendor._number = 2
    by_hand(world)
    world.statements.booked_elsewhere(second, ["3"], "by hand")
    world.run_to_rest()

    world.statements.not_elsewhere(second, ["3"], "a slip")
    world.run_to_rest()

    at = world.at(second)
    assert (RunState.AWAITING_APPROVAL, ()) == (at.state, world.proposal(second).takes_back)


@pytest.mark.parametrize("document", ["10/9", "20/3", "10/80/3", "9"])
def test_only_what_was_named_is_taken_back(document: str) -> None:
    """By its number, its legal entity and its journal."""
    world = of_one_company()
    run = named(world, by_hand(world))

    with pytest.raises(NotAllowed, match=f"No document {document} counts as booked elsewhere for a pay"):
        world.statements.not_elsewhere(run, [document], "a slip")


def test_a_number_in_two_journals_is_taken_back_with_its_journal() -> None:
    """Nobody guesses."""
    world = of_one_company()
    run = world.post("R1").id
    for journal in ("90", "95"):
        world.vendor._number = 2
        by_hand(world, journal=journal)
        world.vendor.documents[-1].reference = f"document {journal}"
    world.statements.booked_elsewhere(run, ["10/90/3", "10/95/3"], "a slip")
    world.run_to_rest()

    with pytest.raises(NotAllowed, match="Say which document it is: 10/90/3 or 10/95/3"):
        world.statements.not_elsewhere(run, ["3"], "a slip")
    world.statements.not_elsewhere(run, ["10/90/3", "10/95/3"], "a slip")
    world.run_to_rest()

    assert () == world.proposal(run).takes_back
