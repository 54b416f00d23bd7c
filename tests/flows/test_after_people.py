"""What a run says of a pay after people were at its documents: later, behind its back, in a chain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.flows.test_nightly_look import looked
from tests.flows.test_payroll_journal import by_hand
from tests.flows.test_the_same_pay import approve, numbered_by_journal
from tests.payday import Crash, Payroll, World, a_pay_run, usual_balances
from tests.runs.test_settled import dies_at

from ml_connector.domain.payroll import PayRun
from ml_connector.domain.problem import Problem
from ml_connector.flows.flow import Mode
from ml_connector.flows.posting.taken_back import newer_documents
from ml_connector.ports.runs import RunState
from ml_connector.runs.inline import Inline

ASKS, US1 = Mode.APPROVE, ("US1",)
ONE = usual_balances(entities=("10",))


def one(mode: Mode = ASKS, **options: str) -> tuple[World, str]:
    """A world in which R1 of US1 is posted as document 3."""
    world = World(mode=mode, **options)
    world.payroll.add(a_pay_run("R1", companies=US1))
    run = world.post("R1").id
    if mode is ASKS:
        assert RunState.DONE is world.approve(run).state
    return world, run


def later(reference: str, **changes: Any) -> Any:
    """A calculation that payroll made after all the others."""
    run = a_pay_run(reference, **changes)
    return replace(run, calculated_at=run.calculated_at.replace(hour=23))


def taken_back(world: World, *documents: Any, day: date | None = None) -> str:
    """Somebody takes these back, in one document; its number."""
    lines = tuple(replace(line, amount=-line.amount) for held in documents for line in held.entry.lines)
    first = documents[0].entry
    entry = replace(first, lines=lines, text="Taken back", posting_date=day or first.posting_date)
    return world.vendor.book(entry, "").number


def at_the_end_of_a_document(do: Callable[[], object]) -> Callable[[str], None]:
    """A point: whenever a document was sent."""

    def point(name: str) -> None:
        if name == "send: recorded":
            do()

    return point


# --- before a run is done -----------------------------------------------------------------------------------


def test_a_run_whose_document_was_deleted_while_it_waited_is_not_tied_out() -> None:
    """It was held before its confirmation, by a document that may be the pay."""
    world, numbers = World(), list[str]()
    world.payroll.add(a_pay_run("R1", companies=US1))
    run = world.start("R1")
    world.run_to_rest(at_the_end_of_a_document(lambda: numbers.append(by_hand(world))))
    assert (RunState.HELD, "confirm") == (world.at(run).state, world.at(run).stage)
    del world.vendor.documents[0]

    at = world.resume(run, accept=[f"10/{numbers[0]}"])

    assert (RunState.HELD, ["booked.gone"]) == (at.state, world.problems(run))


@pytest.mark.parametrize(("seconds", "documents"), [(60, 2), (61, 1)])
def test_a_ledger_is_looked_at_again_after_payroll_took_its_time(
    seconds: float, documents: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are asked beside each other, and the ledger's answer is as old as payroll's is late."""
    world = World()
    world.payroll.add(a_pay_run("R1", companies=US1))
    still = Payroll.still

    def late(self: Payroll, pay_run: PayRun) -> tuple[Problem, ...]:
        by_hand(world)
        world.clock.advance(seconds)
        return still(self, pay_run)

    monkeypatch.setattr(Payroll, "still", late)
    world._assembly.background = lambda work: work  # asked when its answer is wanted: after the ledger

    at = world.post("R1")

    assert (RunState.HELD, ["ledger.look_alike"]) == (at.state, world.problems(at.id))
    assert documents == len(world.vendor.documents)


def test_a_run_whose_document_was_edited_while_it_waited_is_not_tied_out() -> None:
    """The same, and the document is there."""
    world, numbers = World(), list[str]()
    world.payroll.add(a_pay_run("R1", companies=US1))
    run = world.start("R1")
    world.run_to_rest(at_the_end_of_a_document(lambda: numbers.append(by_hand(world))))
    document = world.vendor.documents[0]
    document.entry = replace(
        document.entry, lines=tuple(replace(x, text="") for x in document.entry.lines[1:])
    )

    at = world.resume(run, accept=[f"10/{numbers[0]}"])

    assert (RunState.HELD, "booked.edited") == (at.state, world.problems(run)[0])


def test_a_rate_of_the_ledger_that_was_edited_while_the_run_waited_is_not_tied_out() -> None:
    """The lines are as they were, and come to other amounts in the books."""
    world, numbers = World(), list[str]()
    world.vendor.currency, world.vendor.rates = "USD", {"EUR": Decimal("1.1")}
    world.payroll.add(a_pay_run("R1", companies=US1))
    run = world.start("R1")
    world.run_to_rest(at_the_end_of_a_document(lambda: numbers.append(by_hand(world))))
    assert (RunState.HELD, "confirm") == (world.at(run).state, world.at(run).stage)
    ours = world.vendor.documents[0]
    assert ours.rate is not None
    ours.rate = replace(ours.rate, rate=Decimal("1.2"))

    at = world.resume(run, accept=[f"10/{numbers[0]}"])

    assert (RunState.HELD, ["booked.edited"]) == (at.state, world.problems(run))
    assert "The exchange rate is 1.2" in world.problem_list(run)[0].text


@pytest.mark.parametrize(("seconds", "said"), [(0, []), (5, []), (6, ["ledger.look_alike"])])
def test_a_run_that_was_paused_before_its_end_looks_again(seconds: float, said: list[str]) -> None:
    """Its look when all was posted speaks for the end that follows at once, and not for one that comes later:
    somebody booked the pay meanwhile.
    """
    world = World()
    world.payroll.add(a_pay_run("R1", companies=US1))
    run = world.start("R1")
    engine = Inline(world.workshop(), world.runs, world._advance_to)
    while world.at(run).stage != "confirm":
        engine.step(engine.able()[0])
    by_hand(world)
    world.clock.advance(seconds)

    world.run_to_rest()

    assert said == world.problems(run)


def test_a_reversal_whose_document_was_deleted_before_its_confirmation_is_not_done() -> None:
    """It was paused, or killed, behind its last send."""
    world, run = one()
    reversal = world.operations.reverse(run).id
    world.run_to_rest()
    approve(world, reversal)
    engine = Inline(world.workshop(), world.runs, world._advance_to)
    while world.at(reversal).stage != "confirm":
        engine.step(engine.able()[0])
    world.vendor.documents.pop()

    world.run_to_rest()

    assert (RunState.HELD, ["booked.gone"]) == (world.at(reversal).state, world.problems(reversal))
    assert "Reversed" not in world.at(run).notice


def test_a_reversal_whose_document_was_deleted_and_said_to_be_takes_back_nothing() -> None:
    """While it was held before its confirmation, because of another document. It is closed, and the document
    is reversed again.
    """
    world = World()
    run = world.post("R1").id
    reversal = world.operations.reverse(run).id
    world.run_to_rest()
    approve(world, reversal)
    second, kept = world.vendor.documents[1], world.vendor.documents[1].entry

    def edit() -> None:
        second.entry = replace(kept, posting_date=date(2026, 6, 29))

    world.run_to_rest(at_the_end_of_a_document(edit))
    assert (RunState.HELD, "confirm") == (world.at(reversal).state, world.at(reversal).stage)
    world.vendor.documents.pop()
    world.statements.deleted(reversal)
    second.entry = kept

    at = world.resume(reversal)

    assert (RunState.HELD, ["reversal.gone"]) == (at.state, world.problems(reversal))
    world.operations.close(reversal, "its document was deleted")
    assert RunState.DONE is world.reverse(run).state
    assert {} == world.balances()


# --- on another day, under another number -------------------------------------------------------------------


def test_a_pay_that_was_taken_back_in_the_next_period_is_not_said_to_be_booked() -> None:
    """It is asked about, named, and the pay is booked again."""
    world, _ = one()
    world.clock.advance(5 * 86_400)
    number = taken_back(world, world.vendor.documents[0], day=date(2026, 7, 6))

    at = world.post("R1")

    assert (RunState.HELD, ["ledger.look_alike"]) == (at.state, world.problems(at.id))
    world.statements.booked_elsewhere(at.id, [f"10/{number}"], "taken back")
    world.run_to_rest()
    assert RunState.DONE is world.approve(at.id).state
    assert ONE == world.balances()


def two_journals() -> World:
    """A ledger in which each journal counts its documents by itself; the flow had one before."""
    world = World(mode=ASKS)
    flow = world._flow
    flow.journals_before = {"10": ["95"]}
    flow.save()
    numbered_by_journal(world)
    world.payroll.add(a_pay_run("R1", companies=US1))
    return world


def test_what_was_accepted_is_one_document_and_no_other_of_its_number() -> None:
    """The pay has the number that the rent had in the other journal."""
    world = two_journals()
    world.vendor._number = 99
    rent = by_hand(world, text="Rent, by chance the same total")
    run = world.post("R1").id
    world.resume(run, accept=[f"10/{rent}"])
    world.vendor._number = 99
    by_hand(world, journal="95", text="Payroll June")

    at = world.approve(run)

    assert (RunState.HELD, ["ledger.look_alike"]) == (at.state, world.problems(run))
    assert f"--accept 10/95/{rent}" in world.problem_list(run)[0].text


def test_a_look_goes_by_the_journal_of_what_was_accepted() -> None:
    """A document of the journal that the flow had was accepted, with that journal; another one of its number
    is not.
    """
    world = two_journals()
    world.vendor._number = 99
    rent = by_hand(world, journal="95", text="Rent, by chance the same total")
    run = world.post("R1").id
    world.resume(run, accept=[f"10/95/{rent}"])
    assert RunState.DONE is world.approve(run).state
    assert {"books": 0} == looked(world)

    world.vendor._number = 99
    by_hand(world, text="Payroll June")

    assert {"books": 1} == looked(world)


def test_what_one_document_took_back_together_is_not_said_to_be_booked() -> None:
    """A newer calculation is booked as a difference, and both documents were taken back by one."""
    world, _ = one()
    world.payroll.add(later("R2", companies=US1, factor=2), factor=2)
    second = world.post("R2").id
    world.approve(second)
    back = taken_back(world, *world.vendor.documents)
    run = world.post("R2").id
    world.statements.booked_elsewhere(run, [f"10/{back}"], "both of them")
    world.run_to_rest()
    assert {} == world.balances()

    at = world.post("R1")

    assert RunState.DONE is not at.state


def test_a_run_is_not_said_to_be_changed_by_what_was_reversed() -> None:
    """Its document counts as it is again."""
    world, first = one()
    world.payroll.add(a_pay_run("R2", companies=US1, factor=2), factor=2)
    second = world.post("R2").id
    assert RunState.DONE is world.approve(second).state
    assert "Changed by 4" in world.at(first).notice

    assert RunState.DONE is world.reverse(second).state

    assert ONE == world.balances()
    assert "What changed it, 4 in 10, was reversed by 5 in 10." == world.at(first).notice


def test_a_reversal_that_came_second_is_told_how_it_ends() -> None:
    """Its document is reversed by the first."""
    world, run = one()
    first, second = (world.operations.reverse(run).id for _ in range(2))
    world.run_to_rest()
    assert RunState.DONE is world.approve(first).state

    world.approve(second)

    assert ["reversal.twice"] == world.problems(second)
    assert f"Cancel this reversal: ml-connector runs cancel {second}." in world.problem_list(second)[0].text


# --- a chain of reversals -----------------------------------------------------------------------------------


def thrice() -> World:
    """A pay, its reversal, and the reversal of that, of which people deleted the first two and said so."""
    world, first = one()
    reversal = world.reverse(first).id
    assert RunState.DONE is world.reverse(reversal).state
    del world.vendor.documents[:2]
    world.statements.deleted(first)
    world.statements.deleted(reversal)
    assert ONE == world.balances()
    return world


def test_a_pay_that_stands_as_the_reversal_of_a_reversal_is_booked() -> None:
    """It is not said that its lines come to zero."""
    world = thrice()

    at = world.post("R1")

    assert (RunState.DONE, "Already booked as 5 in 10; nothing to do.") == (at.state, at.summary)


def test_what_changes_the_reversal_of_a_reversal_waits_for_a_person() -> None:
    """In automatic mode, too: it changes what another run has booked."""
    world = thrice()
    world.set_mode(Mode.AUTOMATIC)
    world.payroll.add(a_pay_run("R2", companies=US1, factor=3), factor=3)

    at = world.post("R2")

    assert RunState.AWAITING_APPROVAL is at.state
    assert "It changes what is booked for the same pay: 5 in 10" in at.summary


def test_a_reversal_that_is_booked_and_not_yet_noted_is_no_difference() -> None:
    """It died behind its send: nothing of the pay was made on the document since, and it goes on."""
    world, run = one()
    reversal = world.operations.reverse(run).id
    world.run_to_rest()
    approve(world, reversal)
    with pytest.raises(Crash):
        world.run_to_rest(dies_at("confirm: recorded"))
    (original,) = [row for row in world.commit_rows().values() if row.run == run]

    assert [] == list(newer_documents(world.commits, world.commits.get(original.key)))

    world.run_to_rest()
    assert (RunState.DONE, {}) == (world.at(reversal).state, world.balances())


# --- another legal entity -----------------------------------------------------------------------------------


def test_a_company_that_moved_to_another_legal_entity_is_booked_in_one() -> None:
    """It is reversed in the first, and then booked in the second."""
    world, run = one(mode=Mode.AUTOMATIC, entities="US1=10")
    world.set(entities="US1=20")

    at = world.post("R1")

    assert (RunState.HELD, ["pay.other_entity"]) == (at.state, world.problems(at.id))
    assert "booked in 10 as 3, and goes to 20 now" in world.problem_list(at.id)[0].text
    assert f"ml-connector runs reverse {run}. Then" in world.problem_list(at.id)[0].text
    assert RunState.DONE is world.reverse(run).state
    assert RunState.DONE is world.resume(at.id).state
    assert {"20"} == {entity for entity, _, _ in world.balances()}
