"""What is never proposed, never posted without consent, and never said to be right."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.flows.test_nightly_look import edit
from tests.flows.test_reversal import posted
from tests.payday import World, a_pay_run, usual_balances

from ml_connector.domain.mapping import Target
from ml_connector.domain.money import Money
from ml_connector.flows.flow import Mode
from ml_connector.flows.posting.consent import proposal_fingerprint
from ml_connector.ports.ledger import JournalSink
from ml_connector.ports.runs import RunState

OTHER_FINGERPRINT = "0" * 64


def test_what_the_ledger_cannot_hold_is_never_proposed() -> None:
    """Nobody is asked to approve what cannot be sent."""
    world = World(mode=Mode.APPROVE)
    world.limit(axes=frozenset())

    at = world.post()

    assert (RunState.HELD, {"dimension.inexpressible"}) == (at.state, set(world.problems(at.id)))


def test_books_that_do_not_tie_to_the_register_are_never_said_to_be_right(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the comparison of each document switched off, the tie-out at the end still finds a ledger that
    books other amounts than it was sent.
    """
    monkeypatch.setattr(JournalSink, JournalSink.compare.__name__, lambda *_: ())
    world = World()
    run = world.start()

    def books_less(name: str) -> None:
        if name == "send: answered":
            document = world.vendor.documents[-1]
            lines = [replace(line, amount=_half(line.amount)) for line in document.entry.lines]
            document.entry = replace(document.entry, lines=tuple(lines))

    world.run_to_rest(books_less)

    assert (RunState.HELD, {"tie_out.difference"}) == (world.at(run).state, set(world.problems(run)))


def _half(amount: Money) -> Money:
    return Money.from_minor(amount.minor // 2, amount.currency)


# --- consent ------------------------------------------------------------------------------------------------


def test_what_takes_back_another_run_is_never_posted_without_approval() -> None:
    """Also when it comes to its posting by another way than a person's."""
    world = World()
    assert RunState.DONE is world.post().state
    world.payroll.add(a_pay_run("R2", factor=2), factor=2)
    second = world.post("R2").id

    at = world.force(second)

    assert (RunState.AWAITING_APPROVAL, ["approval.missing"]) == (at.state, world.problems(second))
    assert usual_balances() == world.balances()


def test_a_flow_set_to_propose_after_the_approval_posts_nothing() -> None:
    """As a restore does it: what was approved before is not posted."""
    world = World(mode=Mode.APPROVE)
    run = world.post().id
    world.operations.approve(run, proposal_fingerprint(world.proposal(run)))
    world.set_mode(Mode.PROPOSE)

    world.run_to_rest()

    assert (RunState.AWAITING_APPROVAL, ["flow.proposes"]) == (world.at(run).state, world.problems(run))
    assert [] == world.vendor.documents


def test_a_proposal_made_again_voids_its_approval() -> None:
    """Changed there and back again: the entries are those of the first approval, and it counts no more."""
    world = World(mode=Mode.APPROVE)
    run = world.post().id
    approved = proposal_fingerprint(world.proposal(run))
    mapping, other = world.mapping, Target(account="1710")
    rules = tuple(replace(rule, targets=(other,)) if rule.name == "taxes" else rule for rule in mapping.rules)
    world.operations.approve(run, approved)
    world.mapping = replace(mapping, rules=rules)
    world.run_to_rest()
    assert approved != proposal_fingerprint(world.proposal(run))
    world.mapping = mapping
    world.resume(run, propose_again=True)
    assert approved == proposal_fingerprint(world.proposal(run))

    at = world.force(run)

    assert (RunState.AWAITING_APPROVAL, ["approval.missing"]) == (at.state, world.problems(run))
    assert [] == world.vendor.documents


# --- reversal -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fingerprint", ["", OTHER_FINGERPRINT])
def test_an_approval_of_a_reversal_is_of_exactly_its_entries(fingerprint: str) -> None:
    """None, and one of other entries, reverse nothing."""
    world, run = posted()
    made = world.operations.reverse(run).id
    world.run_to_rest()

    at = world.force(made, fingerprint=fingerprint)

    assert (RunState.AWAITING_APPROVAL, ["approval.missing"]) == (at.state, world.problems(made))
    assert usual_balances() == world.balances()
    assert RunState.DONE is world.approve(made).state


def test_a_document_that_a_difference_was_made_to_is_not_reversed_by_itself() -> None:
    """The difference would stand on nothing."""
    world, run = posted()
    world.payroll.add(a_pay_run("R2", factor=2), factor=2)
    assert RunState.DONE is world.approve(world.post("R2").id).state

    at = world.reverse(run)

    assert (RunState.HELD, {"reversal.newer"}) == (at.state, set(world.problems(at.id)))
    assert usual_balances(factor=2) == world.balances()


def test_a_reversal_is_held_when_a_difference_was_made_while_it_waited() -> None:
    """It was fit when it was proposed; now the difference would stand on nothing."""
    world, run = posted()
    made = world.operations.reverse(run).id
    world.run_to_rest()
    world.payroll.add(a_pay_run("R2", factor=2), factor=2)
    assert RunState.DONE is world.approve(world.post("R2").id).state

    at = world.approve(made)

    assert (RunState.HELD, {"reversal.newer"}) == (at.state, set(world.problems(made)))
    assert usual_balances(factor=2) == world.balances()


def test_of_two_reversals_of_one_run_the_second_is_held() -> None:
    """Both were fit when they were proposed; the second has reversed nothing and does not say so."""
    world, run = posted()
    first, second = (world.operations.reverse(run).id for _ in range(2))
    world.run_to_rest()
    assert RunState.DONE is world.approve(first).state

    at = world.approve(second)

    assert (RunState.HELD, {"reversal.twice"}) == (at.state, set(world.problems(second)))
    assert f"(run {first})" in world.at(run).notice
    assert (4, {}) == (len(world.vendor.documents), world.balances())


def test_a_reversal_that_the_ledger_cannot_hold_is_never_proposed() -> None:
    """Nobody is asked to approve what cannot be sent."""
    world, run = posted()
    world.limit(text_max=5)
    made = world.operations.reverse(run).id

    world.run_to_rest()

    assert (RunState.HELD, {"text.too_long"}) == (world.at(made).state, set(world.problems(made)))


def test_a_document_that_was_edited_is_not_reversed() -> None:
    """Its mirror would not cancel it."""
    world, run = posted()
    edit(world, 0, "501.00")

    at = world.reverse(run)

    assert (RunState.HELD, ["booked.edited"]) == (at.state, world.problems(at.id)[:1])
    assert [] == [text for text in world.texts() if text == "Reversal of 3"]
