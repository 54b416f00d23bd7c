"""A pay is booked once, also when the world moves between a proposal and its posting."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.flows.test_payroll_journal import by_hand
from tests.payday import JOURNAL, SOURCE, TARGET, Crash, World, a_pay_run, company_rows, usual_balances
from tests.runs.test_settled import dies_at

from ml_connector.app.refusals import NotAllowed
from ml_connector.contract import world as faults
from ml_connector.domain.dimension import Dimension
from ml_connector.domain.document import Marker
from ml_connector.domain.mapping import Target
from ml_connector.domain.period import PayPeriod
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.text import words
from ml_connector.errors import OutcomeUnknown
from ml_connector.flows.flow import Mode
from ml_connector.flows.posting.consent import proposal_fingerprint
from ml_connector.ports.runs import RunState

ASKS = Mode.APPROVE


def waiting(world: World, reference: str, **changes: Any) -> str:
    """A run that is proposed and waits for approval."""
    if changes:
        world.payroll.add(a_pay_run(reference, **changes), factor=changes.get("factor", 1))
    run = world.start(reference)
    world.run_to_rest()
    assert RunState.AWAITING_APPROVAL is world.at(run).state, world.at(run)
    return run


def approve(world: World, run: str) -> None:
    """Consent, and nothing is carried out yet."""
    world.operations.approve(run, proposal_fingerprint(world.proposal(run)))


# --- two proposals of one pay -------------------------------------------------------------------------------


def test_of_two_proposals_the_second_becomes_a_difference() -> None:
    """Both were full when they were approved: the second goes back by itself and says why."""
    world = World(mode=ASKS)
    first, second = waiting(world, "R1"), waiting(world, "R2", factor=2)
    approve(world, first)
    approve(world, second)

    world.run_to_rest()

    assert (RunState.DONE, RunState.AWAITING_APPROVAL) == (world.at(first).state, world.at(second).state)
    assert usual_balances() == world.balances()
    assert (
        "Proposed again: for the same pay is booked since: 3 in 10 (1614.75 EUR" in world.at(second).summary
    )
    assert RunState.DONE is world.approve(second).state
    assert usual_balances(factor=2) == world.balances()


def test_another_run_of_the_pay_that_waits_is_named() -> None:
    """Whoever approves knows that there is another."""
    world = World(mode=ASKS)
    first, second = waiting(world, "R1"), waiting(world, "R2", factor=2)

    named = f"Not finished for the same pay: run {first} of R1 (waiting for approval)"
    assert named in world.at(second).summary


def test_two_approvals_at_once_post_once() -> None:
    """The second finds nothing to approve."""
    world = World(mode=ASKS)
    run = waiting(world, "R1")
    approve(world, run)
    with pytest.raises(NotAllowed, match="there is nothing to approve"):
        approve(world, run)
    world.run_to_rest()

    assert usual_balances() == world.balances()


@pytest.mark.parametrize("given", ["", "a", "0" * 12, None])
def test_an_approval_names_what_was_shown(given: str | None) -> None:
    """By twelve characters at the least; none, one, other ones and eleven right ones approve nothing."""
    world = World(mode=ASKS)
    run = waiting(world, "R1")
    shown = proposal_fingerprint(world.proposal(run))

    with pytest.raises(NotAllowed, match="does not match the entries that are proposed now"):
        world.operations.approve(run, shown[:11] if given is None else given)
    world.operations.approve(run, shown[:12])


# --- what changes while a run waits -------------------------------------------------------------------------


def test_a_reversal_between_proposal_and_approval_sends_a_difference_back() -> None:
    """What it would have changed counts no more: now the whole pay is proposed."""
    world = World(mode=ASKS)
    first = waiting(world, "R1")
    world.approve(first)
    second = waiting(world, "R2", factor=2)
    world.reverse(first)

    at = world.approve(second)

    assert RunState.AWAITING_APPROVAL is at.state
    assert "what it would have changed counts no more" in at.summary
    assert RunState.DONE is world.approve(second).state
    assert usual_balances(factor=2) == world.balances()


def test_a_run_undone_at_the_payroll_while_it_waited_is_held() -> None:
    """And says so; nothing is posted."""
    world = World(mode=ASKS)
    run = waiting(world, "R1")
    world.payroll.runs.pop("R1")

    at = world.approve(run)

    assert (RunState.HELD, Owner.PAYROLL) == (at.state, world.problem_list(run)[0].owner)
    assert {} == world.balances()
    assert RunState.CANCELLED is world.operations.cancel(run).state


def test_a_run_undone_at_the_payroll_ends_while_the_ledger_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """What payroll says is no matter of the ledger, and is said without it."""
    world = World(mode=ASKS)
    run = waiting(world, "R1")
    world.payroll.runs.pop("R1")

    def down(*_: object) -> None:
        raise OutcomeUnknown("The ledger is down.")

    from ml_connector.flows.payroll import proposals

    monkeypatch.setattr(proposals.Proposals, "make", down)
    at = world.approve(run)

    assert (RunState.HELD, Owner.PAYROLL) == (at.state, world.problem_list(run)[0].owner)


def test_an_entry_booked_by_hand_meanwhile_holds_the_run() -> None:
    """It may be this pay; it is one once a person says so by its number, and then only the rest is posted."""
    world = World(mode=ASKS)
    run = waiting(world, "R1")
    number = by_hand(world)

    at = world.approve(run)
    assert (RunState.HELD, ["ledger.look_alike"]) == (at.state, world.problems(run))
    assert {("4000", ""), ("1720", "")} <= {(account, center) for _, account, center in world.balances()}

    world.statements.booked_elsewhere(run, [f"10/{number}"], "booked by hand")
    world.run_to_rest()

    assert f"It changes what is booked for the same pay: {number} in 10 (1614.75 EUR, booked elsewhere)" in (
        world.at(run).summary
    )
    assert RunState.DONE is world.approve(run).state, world.problem_list(run)
    assert usual_balances() == world.balances()


def test_a_run_that_is_given_up_leaves_what_was_named_for_it() -> None:
    """The document counts for the pay as before, and the run says so; one that was named anew once."""
    world = World(mode=ASKS)
    run = waiting(world, "R1")
    number = by_hand(world)
    world.statements.booked_elsewhere(run, [f"10/{number}"], "by hand")
    world.run_to_rest()
    (document,) = [d for d in world.vendor.documents if d.number == number]
    double(document)
    world.statements.booked_elsewhere(run, [f"10/{number}"], "doubled")
    world.run_to_rest()

    summary = world.operations.cancel(run).summary

    assert f"Still counts, as booked elsewhere: {number} in 10." in summary
    again = waiting(world, "R1")
    assert f"{number} in 10 (3229.50 EUR, booked elsewhere)" in world.at(again).summary


def test_one_document_stands_for_one_pay() -> None:
    """It is not named twice, and not a document of ours."""
    world = World(mode=ASKS)
    number = by_hand(world)
    first = world.start("R1")
    world.run_to_rest()
    world.statements.booked_elsewhere(first, [f"10/{number}"], "by hand")
    world.run_to_rest()
    other = replace(a_pay_run("R9"), subject="biweekly 2026-06-16")
    world.payroll.add(other)
    second = world.start("R9")
    world.run_to_rest()

    whose = f"is known already; it counts once: it was named as booked elsewhere in run {first}"
    with pytest.raises(NotAllowed, match=whose):
        world.statements.booked_elsewhere(second, [f"10/{number}"], "by hand")


def numbered_by_journal(world: World) -> None:
    """Each journal counts its documents by itself, and any journal is known."""
    chart, book = world.ledger.chart, world.vendor.book

    def booked(entry: Any, marker: str, delay: float = 0.0) -> Any:
        document = book(entry, marker, delay)
        document.reference = f"{entry.journal}-{document.number}"
        return document

    world.vendor.book = booked  # type: ignore[method-assign]
    world.ledger.chart = lambda e, j, a: replace(chart(e, j, a), journal=j, journal_problem=None)  # type: ignore[method-assign]


def test_a_number_that_another_journal_had_before_is_named() -> None:
    """Both were the journal of the flow when they were named; each document counts for its own pay."""
    world = World(mode=ASKS)
    numbered_by_journal(world)
    for journal, reference in ((JOURNAL, "R1"), ("95", "R2")):
        world.set(journal=journal)
        world.payroll.add(replace(a_pay_run(reference, companies=("US1",)), subject=reference))
        world.vendor._number = 99
        number = by_hand(world, journal=journal)
        run = world.post(reference).id
        assert ["ledger.look_alike"] == world.problems(run)

        world.statements.booked_elsewhere(run, [f"10/{journal}/{number}"], "by hand")

        world.run_to_rest()
        assert RunState.DONE is world.approve(run).state, world.problem_list(run)
    assert ["elsewhere:books:10:100:1:1", "elsewhere:books:10:100:2:1"] == [
        key for key in world.commit_rows() if key.startswith("elsewhere:")
    ]
    assert usual_balances(2, ("10",)) == world.balances()


@pytest.mark.parametrize("reference", ["document-3", "another"])
def test_a_number_that_the_ledger_used_again_is_named(reference: str) -> None:
    """The first document of that number was named, deleted, and said to be; whatever the ledger calls the
    next.
    """
    world = World(mode=ASKS)
    run = waiting(world, "R1")
    number = by_hand(world)
    world.statements.booked_elsewhere(run, [f"10/{number}"], "by hand")
    world.run_to_rest()
    world.vendor.documents.clear()
    assert [number] == world.statements.deleted(run)
    world.vendor._number = 2
    assert number == by_hand(world)
    world.vendor.documents[0].reference = reference
    double(world.vendor.documents[0])

    world.statements.booked_elsewhere(run, [f"10/{number}"], "by hand, once more")

    world.run_to_rest()
    assert f"{number} in 10 (3229.50 EUR, booked elsewhere)" in world.at(run).summary
    assert RunState.DONE is world.approve(run).state
    assert usual_balances() == world.balances()


def test_a_pay_booked_by_hand_in_another_journal_is_named_by_its_number() -> None:
    """The journal of the flow is not the one it was booked in: nobody looks for it there, and it counts once
    it is named.
    """
    world = World(mode=ASKS)
    run = waiting(world, "R1")
    number = by_hand(world, journal="80")
    with pytest.raises(NotAllowed, match=f"There is no document {number} in journal 90 of 10"):
        world.statements.booked_elsewhere(run, [f"10/90/{number}"], "by hand")

    world.statements.booked_elsewhere(run, [f"10/{number}"], "by hand in the journal of last year")
    world.run_to_rest()

    assert f"{number} in 10 (1614.75 EUR, booked elsewhere)" in world.at(run).summary
    assert RunState.DONE is world.approve(run).state, world.problem_list(run)
    assert usual_balances() == world.balances()


@pytest.mark.parametrize("document", ["10/9999", "30/1"])
def test_a_document_that_is_named_must_be_there(document: str) -> None:
    """In a legal entity of the run."""
    world = World(mode=ASKS)
    run = waiting(world, "R1")

    with pytest.raises(NotAllowed):
        world.statements.booked_elsewhere(run, [document], "by hand")
    assert RunState.AWAITING_APPROVAL is world.at(run).state


def test_a_mapping_changed_meanwhile_sends_the_run_back() -> None:
    """The approval was of other accounts."""
    world = World(mode=ASKS)
    run = waiting(world, "R1")
    approve(world, run)
    taxes = replace(world.mapping.rules[2], targets=(Target(account="1710"),))
    world.mapping = replace(world.mapping, rules=(*world.mapping.rules[:2], taxes, *world.mapping.rules[3:]))

    world.run_to_rest()

    at = world.at(run)
    assert RunState.AWAITING_APPROVAL is at.state
    assert (
        "mapping, options or what is booked changed: account 1700, 1710 comes to another amount" in at.summary
    )
    assert {} == world.balances()
    assert "wages v2" == world.proposal(run).mapping


def test_why_a_run_went_back_is_said_no_more_when_it_is_done() -> None:
    """The flow posts by itself, and the mapping changes between a proposal and its posting."""
    world = World()
    taxes = replace(world.mapping.rules[2], targets=(Target(account="1710"),))
    changed = replace(world.mapping, rules=(*world.mapping.rules[:2], taxes, *world.mapping.rules[3:]))
    notices = []
    run = world.start("R1")

    def change(name: str) -> None:
        if name == "proposal: recorded":
            notices.append(world.at(run).notice)
            world.mapping = changed if len(notices) == 1 else world.mapping

    world.run_to_rest(change)

    assert ["", True] == [notices[0], notices[1].startswith("Proposed again: ")]
    assert (RunState.DONE, "") == (world.at(run).state, world.at(run).notice)


def test_a_change_that_leaves_the_entries_as_they_are_holds_nobody() -> None:
    """A new version of the mapping with the same rules, an option that does not matter."""
    world = World(mode=ASKS)
    run = waiting(world, "R1")
    approve(world, run)
    world.mapping = replace(world.mapping)
    world.set(minimum_workers="0")

    world.run_to_rest()

    assert RunState.DONE is world.at(run).state


# --- what a run says nothing of -----------------------------------------------------------------------------


def test_what_takes_back_another_run_waits_for_a_person_in_automatic_mode() -> None:
    """And says which run, and how much."""
    world = World()
    first = world.post()
    world.payroll.add(a_pay_run("R2", factor=2), factor=2)

    at = world.post("R2")

    assert (RunState.AWAITING_APPROVAL, []) == (at.state, world.problems(at.id))
    assert "Waiting for approval of" in at.summary
    assert [(first.id, "1614.75 EUR")] * 2 == [
        (taken.run, str(taken.debit)) for taken in world.proposal(at.id).takes_back
    ]


def test_an_older_calculation_takes_back_nothing_of_a_newer_one() -> None:
    """Whichever is posted second: the newer stands."""
    world = World(mode=ASKS)
    newer = replace(a_pay_run("R2", factor=2), calculated_at=a_pay_run().calculated_at.replace(hour=23))
    world.payroll.add(newer, factor=2)
    world.approve(waiting(world, "R2"))

    at = world.post("R1")

    assert RunState.DONE is at.state
    assert "A newer calculation of this pay is booked as 3 in 10" in at.summary
    assert usual_balances(factor=2) == world.balances()


def test_an_older_calculation_is_asked_about_beside_a_newer_one_that_found_all_booked() -> None:
    """The newest says that what is booked is right; nothing of it shows in the books."""
    world, first = World(), a_pay_run()
    world.post("R1")
    world.payroll.add(replace(a_pay_run("R3"), calculated_at=first.calculated_at.replace(hour=23)))
    newest = world.post("R3")
    assert "Already booked" in newest.summary
    older = replace(a_pay_run("R2", factor=2), calculated_at=first.calculated_at.replace(hour=22))
    world.payroll.add(older, factor=2)

    run = world.post("R2").id

    assert ["pay.newer"] == world.problems(run)
    text = world.problem_list(run)[0].text
    assert f"Run {newest.id} of R3 is of a newer calculation of this pay" in text
    assert "23:00, this one" in text
    with pytest.raises(NotAllowed, match="does not ask this"):
        world.operations.answer(run, "zero_is_meant")
    world.operations.answer(run, "older_counts")
    world.run_to_rest()
    assert (RunState.AWAITING_APPROVAL, []) == (world.at(run).state, world.problems(run))
    world.approve(run)
    assert usual_balances(factor=2) == world.balances()


def test_an_older_calculation_is_not_posted_by_itself_after_one_that_came_to_zero() -> None:
    """It was voided since; a flow that posts by itself asks too."""
    world = World()
    rows = (*company_rows("US1"), *company_rows("US1", -1))
    voided = replace(a_pay_run("R2", companies=("US1",)), register=())
    voided = replace(voided, calculated_at=voided.calculated_at.replace(hour=23))
    world.payroll.add(voided, rows=rows)
    newer = world.post("R2").id
    world.operations.answer(newer, "zero_is_meant")
    world.run_to_rest()
    assert RunState.DONE is world.at(newer).state
    world.payroll.add(a_pay_run("R1", companies=("US1",)))

    run = world.post("R1").id

    assert ["pay.newer"] == world.problems(run)
    assert {} == world.balances()


def test_an_older_calculation_is_asked_about_beside_a_newer_one_that_was_booked_by_hand() -> None:
    """Its document was named for the newer one."""
    world = World(mode=ASKS)
    newer = replace(a_pay_run("R2"), calculated_at=a_pay_run().calculated_at.replace(hour=23))
    world.payroll.add(newer)
    run = waiting(world, "R2")
    entries = world.proposal(run).entries
    hands = [world.vendor.book(replace(entry, text="by hand"), "") for entry in entries]
    names = [f"{entry.entity}/{hand.number}" for entry, hand in zip(entries, hands, strict=True)]
    world.statements.booked_elsewhere(run, names, "by hand")
    world.run_to_rest()

    world.payroll.add(a_pay_run("R1", factor=2), factor=2)
    older = world.post("R1").id

    assert ["pay.newer"] == world.problems(older)


def test_a_newer_calculation_that_was_reversed_stands_in_nobodys_way() -> None:
    """Who reversed it has said so."""
    world = World()
    world.payroll.add(replace(a_pay_run("R2"), calculated_at=a_pay_run().calculated_at.replace(hour=23)))
    run = world.post("R2").id
    back = world.operations.reverse(run).id
    world.run_to_rest()
    world.approve(back)

    assert RunState.DONE is world.post("R1").state
    assert usual_balances() == world.balances()


def vague(reference: str, **changes: Any) -> Any:
    """A run of a source that cannot tell pays of one group and date apart."""
    return replace(a_pay_run(reference, **changes), tells_pays_apart=False)


def test_a_second_pay_that_the_source_cannot_tell_apart_is_a_question() -> None:
    """A bonus of its own, or in place of the first: nobody guesses. Each answer books its own."""
    for answer, factor in (("own", 1 + 2), ("replaces", 2)):
        world = World()
        world.payroll.add(vague("R1"))
        first = world.post("R1")
        world.payroll.add(vague("R2", factor=2), factor=2)
        at = world.post("R2")
        assert (RunState.HELD, ["pay.which"]) == (at.state, world.problems(at.id))
        assert f"run {first.id}, booked as 3 in 10" in world.problem_list(at.id)[0].text

        own = answer == "own"
        world.operations.answer(at.id, *(("own_pay",) if own else ("replaces", first.id)))
        world.run_to_rest()
        at = world.at(at.id)
        if at.state is RunState.AWAITING_APPROVAL:
            at = world.approve(at.id)

        assert RunState.DONE is at.state, world.problem_list(at.id)
        assert usual_balances(factor) == world.balances()


def test_a_pay_beside_one_that_was_booked_by_hand_is_a_question() -> None:
    """The document was named for the first; nobody knows whether the second comes in place of it."""
    world = World(mode=ASKS)
    world.payroll.add(vague("R1", companies=("US1",)))
    first = waiting(world, "R1")
    number = world.vendor.book(replace(world.proposal(first).entries[0], text="by hand"), "").number
    world.statements.booked_elsewhere(first, [f"10/{number}"], "by hand")
    world.run_to_rest()
    assert RunState.DONE is world.post("R1").state
    world.payroll.add(vague("R2", companies=("US1",), factor=2), factor=2)

    at = world.post("R2")

    assert ["pay.which"] == world.problems(at.id)
    assert f"run {first}, booked as {number} in 10" in world.problem_list(at.id)[0].text


def test_a_pay_beside_one_whose_reversal_was_reversed_is_a_question() -> None:
    """It is booked again."""
    world = World(mode=ASKS)
    world.payroll.add(vague("R1", companies=("US1",)))
    first = waiting(world, "R1")
    assert RunState.DONE is world.approve(first).state
    assert RunState.DONE is world.reverse(world.reverse(first).id).state
    world.payroll.add(vague("R2", companies=("US1",), factor=2), factor=2)

    assert ["pay.which"] == world.problems(world.post("R2").id)


def test_the_next_run_is_asked_against_all_of_them() -> None:
    """A third of the same group and date: in place of the bonus, of the first, or beside both."""
    world = World()
    runs = []
    for number, factor in ((1, 1), (2, 3), (3, 5)):
        world.payroll.add(vague(f"R{number}", factor=factor), factor=factor)
        runs.append(world.post(f"R{number}").id)
        if number == 2:
            world.operations.answer(runs[1], "own_pay")
            world.run_to_rest()
    text = world.problem_list(runs[2])[0].text
    assert f"run {runs[0]}" in text
    assert f"run {runs[1]}" in text

    world.operations.answer(runs[2], "replaces", runs[1])
    world.run_to_rest()

    assert RunState.DONE is world.approve(runs[2]).state
    assert usual_balances(1 + 5) == world.balances()


def test_of_two_vague_runs_that_wait_the_later_asks() -> None:
    """Also when nothing is booked yet."""
    world = World(mode=ASKS)
    world.payroll.add(vague("R1"))
    first = world.post("R1").id
    world.payroll.add(vague("R2", factor=2), factor=2)
    second = world.post("R2").id

    assert ["pay.which"] == world.problems(second)
    assert RunState.DONE is world.approve(first).state


def test_a_vague_run_that_failed_before_it_booked_anything_is_asked_about_no_more() -> None:
    """It takes up nothing."""
    world = World(mode=ASKS)
    world.payroll.add(vague("R1"))
    first = world.post("R1").id
    world.runs.move(world.at(first), state=RunState.FAILED)
    world.payroll.add(vague("R2", factor=2), factor=2)

    at = world.post("R2")

    assert (RunState.AWAITING_APPROVAL, []) == (at.state, world.problems(at.id))


def test_a_question_that_was_not_asked_is_not_answered() -> None:
    """Nor one of a run that waits for something else."""
    world = World(mode=ASKS)
    run = waiting(world, "R1")
    for answer in (["own_pay"], ["replaces", run], ["zero_is_meant"]):
        with pytest.raises(NotAllowed, match="does not ask this"):
            world.operations.answer(run, *answer)


def test_an_answer_names_a_run_that_was_asked_about() -> None:
    """Another one of the installation is none that the pay could come in place of."""
    world, before = World(), a_pay_run("R9")
    may = PayPeriod(start=date(2026, 5, 16), end=date(2026, 5, 31), pay_date=date(2026, 6, 5))
    world.payroll.add(replace(before, subject="biweekly 2026-05-31", pay_period=may))
    other = world.post("R9").id
    for reference in ("R1", "R2"):
        world.payroll.add(replace(vague(reference), subject="biweekly 2026-06-16"))
    first, second = (world.post(reference).id for reference in ("R1", "R2"))
    assert ["pay.which"] == world.problems(second)

    with pytest.raises(NotAllowed, match=f"Run {second} does not ask about run {other}"):
        world.operations.answer(second, "replaces", other)
    world.operations.answer(second, "replaces", first)


def test_a_run_that_comes_to_nothing_is_a_question() -> None:
    """It says that its lines came to zero, and never that anything is booked."""
    world = World()
    rows = (*company_rows("US1"), *company_rows("US1", -1))
    world.payroll.add(replace(a_pay_run("R1", companies=("US1",)), register=()), rows=rows)
    run = world.post("R1").id
    assert ["run.zero"] == world.problems(run)
    assert f"the {len(rows)} lines of this run come to zero" in world.problem_list(run)[0].text

    world.operations.answer(run, "zero_is_meant")
    world.run_to_rest()

    assert RunState.DONE is world.at(run).state
    assert world.at(run).summary.startswith("Nothing to post: the")
    assert {} == world.balances()


# --- no state without a way out -----------------------------------------------------------------------------


def refuse_company(world: World, entity: str) -> None:
    """The ledger refuses everything in this legal entity, for good."""
    inner = world.vendor.post

    def post(entry: Any, marker: str, reference: str = "") -> Any:
        if entry.entity == entity:
            from ml_connector.errors import Refused

            raise Refused("This company takes no entries from outside.", where=entity)
        return inner(entry, marker, reference)

    world.vendor.post = post  # type: ignore[method-assign]


def test_a_run_of_which_one_company_is_refused_for_good_is_closed_with_a_reason() -> None:
    """Neither cancelled nor finished; what is booked counts, and its company can be run again."""
    world = World()
    refuse_company(world, "20")
    run = world.post("R1").id
    assert RunState.HELD is world.at(run).state
    with pytest.raises(NotAllowed, match="close it with a reason"):
        world.operations.cancel(run)

    at = world.operations.close(run, "Company 20 is booked by hand from now on.")

    assert (RunState.CLOSED, True) == (at.state, "3 in 10 booked: Company 20 is" in at.summary)
    assert "run.closed" in world.audited
    assert "" == world.claimed_by(run)
    world.payroll.add(a_pay_run("R2", companies=("US1",), factor=2), factor=2)
    assert RunState.DONE is world.approve(world.post("R2").id).state
    assert usual_balances(2, ("10",)) == world.balances()


def test_a_run_that_is_closed_says_what_was_named_for_it() -> None:
    """It goes on counting, beside what the run itself has booked."""
    world = World()
    refuse_company(world, "20")
    run = world.post("R1").id
    number = by_hand(world)
    world.statements.booked_elsewhere(run, [f"10/{number}"], "by hand, too")
    world.run_to_rest()

    at = world.operations.close(run, "enough")

    assert f"Still counts, as booked elsewhere: {number} in 10." in at.summary
    assert "3 in 10 booked: enough" in at.summary


def half_booked() -> World:
    """A run that booked one of two entries and was closed; the company of the other takes entries again."""
    world = World()
    refuse_company(world, "20")
    run = world.post("R1").id
    world.operations.close(run, "refused for good")
    del world.vendor.post  # type: ignore[method-assign]
    return world


def test_what_another_run_had_booked_before_is_not_said_to_be_posted() -> None:
    """The next run of the pay books what is left, says which entry is whose, and can be reversed alone."""
    world = half_booked()

    at = world.post("R1")

    assert (RunState.DONE, usual_balances()) == (at.state, world.balances())
    assert (
        "Posted 1 entry, 7 lines, 1614.75 EUR debit and credit as 4 in 20. Booked by another run before: 1"
        " entry, 7 lines, 1614.75 EUR debit and credit as 3 in 10; read back and tied out." == at.summary
    )
    assert RunState.DONE is world.reverse(at.id).state
    assert usual_balances(entities=("10",)) == world.balances()


def test_a_document_of_an_earlier_run_that_was_deleted_is_not_tied_out() -> None:
    """A run that books the rest of the pay reads what another has booked of it."""
    world = half_booked()
    del world.vendor.documents[0]

    at = world.post("R1")

    assert (RunState.HELD, ["booked.gone"]) == (at.state, world.problems(at.id))
    assert [] == world.vendor.documents


def test_a_document_of_an_earlier_run_that_was_deleted_while_the_rest_was_posted_is_not_tied_out() -> None:
    """It is read again when the run proves that everything stands."""
    world = half_booked()
    run = world.start("R1")

    def delete(name: str) -> None:
        if name == "confirm: recorded":
            world.vendor.documents[:] = [d for d in world.vendor.documents if d.number != "3"]

    world.run_to_rest(delete)

    assert RunState.HELD is world.at(run).state
    assert "booked.gone" in world.problems(run)


def test_a_run_that_posted_nothing_is_cancelled_and_not_closed() -> None:
    """There is nothing that would stay booked."""
    world = World(mode=ASKS)
    run = waiting(world, "R1")

    with pytest.raises(NotAllowed, match="Cancel it instead: ml-connector runs cancel "):
        world.operations.close(run, "no")


def test_a_crash_behind_a_send_followed_by_an_undo_ends() -> None:
    """The process died after the ledger had booked, and payroll undid the run: what is booked is found, and
    the run says that it was undone; it is reversed, and nothing is left.
    """
    world = World()
    run = world.start("R1")

    def die(name: str) -> None:
        if name == "send: answered":
            raise Crash(name)

    with pytest.raises(Crash):
        world.run_to_rest(die)
    world.payroll.runs.pop("R1")

    world.run_to_rest()

    assert RunState.HELD is world.at(run).state
    assert {"confirmed"} == {row.state.value for row in world.commit_rows().values()}
    assert RunState.CLOSED is world.operations.close(run, "undone at the payroll").state
    assert RunState.DONE is world.reverse(run).state
    assert {} == world.balances()


def test_a_draft_that_a_person_posted_is_found_so() -> None:
    """It was written and not posted when payroll undid the run: the run asks for it to be deleted or posted,
    and can be ended after either.
    """
    world = World()
    world.limit(posts_itself=False)
    world.vendor.posts_itself = False
    run = world.start("R1")
    with pytest.raises(Crash):
        world.run_to_rest(dies_at("send: recorded"))
    world.payroll.runs.pop("R1")
    world.run_to_rest()
    assert (RunState.HELD, ["draft.left"]) == (world.at(run).state, world.problems(run))

    world.vendor.documents[0].posted = True
    at = world.resume(run)

    assert (RunState.HELD, ["run.undone"]) == (at.state, world.problems(run))
    assert {"confirmed"} == {row.state.value for row in world.commit_rows().values()}
    assert RunState.CLOSED is world.operations.close(run, "undone at the payroll").state


def test_a_run_whose_document_was_deleted_and_whose_pay_was_undone_is_cancelled() -> None:
    """The document was written and never confirmed: with a person's word that it is gone, nothing of the run
    is left that anybody could wait for.
    """
    world = World()
    run = world.start("R1")

    def die(name: str) -> None:
        if name == "send: recorded":
            raise Crash(name)

    with pytest.raises(Crash):
        world.run_to_rest(die)
    world.vendor.documents.clear()
    world.payroll.runs.pop("R1")
    world.run_to_rest()
    assert RunState.HELD is world.at(run).state

    world.statements.deleted(run)

    assert RunState.CANCELLED is world.operations.cancel(run).state
    assert "" == world.claimed_by(run)


def test_a_run_behind_one_that_waits_for_a_person_is_held_and_says_so() -> None:
    """It would wait for ever: nobody but a person ends the other one."""
    world = World()
    world.limit(marker_is_searchable=False)
    world.vendor.fault = faults.LOST_BEFORE
    first = world.post("R1")
    assert RunState.HELD is first.state, first

    second = world.post("R1")

    assert (RunState.HELD, ["claim.held"]) == (second.state, world.problems(second.id))
    assert (
        f"Run {first.id} has started to post for the same and waits" in world.problem_list(second.id)[0].text
    )


# --- other installations ------------------------------------------------------------------------------------


def looked(world: World) -> dict[str, int]:
    """Open incidents by connection after a look."""
    from ml_connector.app.look import look

    return look(world.access, world._assembly, now=True)


def restored(world: World) -> World:
    """An installation from a backup taken now."""
    from ml_connector.store.installation import renew

    copy = world.copy()
    copy.access  # noqa: B018
    renew(restored_at=copy.clock.now())
    return copy


def test_a_restored_copy_finds_what_was_booked_after_the_backup() -> None:
    """The same run of the source has the same keys: its documents are adopted and nothing is posted."""
    world = World()
    copy = restored(world)
    world.post("R1")

    at = copy.post("R1")

    assert RunState.DONE is at.state
    assert at.summary.startswith("Found 2 entries")
    assert "booked before; nothing was posted" in at.summary
    assert usual_balances() == world.balances()


def test_a_restored_copy_that_no_search_helps_asks_about_what_it_sees() -> None:
    """The ledger drops what it is searched for and still shows the marker: what was booked after the backup
    is neither found nor booked again.
    """
    world = World()
    copy = restored(world)
    assert RunState.DONE is world.post("R1").state
    copy.ledger.keeps_marker = False

    at = copy.post("R1")

    assert (RunState.HELD, ["ledger.look_alike"]) == (at.state, copy.problems(at.id))
    assert usual_balances() == copy.balances()


def test_a_restored_copy_beside_a_living_installation_stops() -> None:
    """It waited for approval, and meanwhile the other posted: two would post the same pay."""
    world = World()
    other_pay = replace(a_pay_run("R9", factor=7), subject="biweekly 2026-06-16")
    world.payroll.add(other_pay, factor=7)
    copy = restored(world)
    copy.set_mode(ASKS)
    run = waiting(copy, "R1")
    world.post("R9")

    at = copy.approve(run)

    assert (RunState.HELD, ["installation.other"]) == (at.state, copy.problems(run)[:1])
    assert "another installation of this product wrote 10/3, 20/4" in copy.problem_list(run)[0].text
    assert usual_balances(factor=7) == world.balances()
    assert (RunState.HELD, ["ledger.look_alike"]) == (copy.resume(run).state, copy.problems(run))
    at = copy.resume(run, accept=["10/3", "20/4"])
    assert RunState.AWAITING_APPROVAL is at.state
    assert RunState.DONE is copy.approve(run).state


def test_the_installation_that_was_copied_is_told_by_its_nightly_look() -> None:
    """A document with a marker of this product that it did not write."""
    world = World()
    copy = restored(world)
    world.post("R1")
    other_pay = replace(a_pay_run("R9", factor=7), subject="biweekly 2026-06-16")
    copy.payroll.add(other_pay, factor=7)
    held = copy.post("R9")
    assert RunState.DONE is copy.resume(held.id, accept=["10/3", "20/4"]).state

    assert {"books": 2} == looked(world)
    assert {"installation.other"} == {found.code for found in world.operations.records.open_incidents()}


def test_an_installation_that_was_restored_is_told_what_it_wrote_after_its_backup() -> None:
    """It knows of nothing that is booked there, and looks all the same, for as long as a look goes back."""
    world = World()
    copy = restored(world)
    world.post("R1")

    assert {"books": 2} == looked(copy)
    assert {"installation.other"} == {found.code for found in copy.operations.records.open_incidents()}
    (first, _) = copy.operations.records.open_incidents()
    assert "or reverse it in the ledger where the pay was undone" in first.text

    copy.clock.advance(46 * 86_400)
    assert {"books": 0} == looked(copy)


@pytest.mark.parametrize("reworded", [False, True])
def test_what_a_restored_installation_may_have_written_and_lost_is_a_question(reworded: bool) -> None:
    """Payroll ran again meanwhile, so neither key nor amounts are the same; a person edited the text."""
    world = World()
    copy = restored(world)
    world.post("R1")
    if reworded:
        for document in world.vendor.documents:
            document.marker = ""
    copy.payroll.add(a_pay_run("R2", factor=2), factor=2)

    at = copy.post("R2")

    assert (RunState.HELD, ["ledger.look_alike"]) == (at.state, copy.problems(at.id))
    assert ("or this one before it was restored from a backup" in copy.problem_list(at.id)[0].text) is (
        not reworded
    )
    copy.statements.booked_elsewhere(at.id, ["10/3", "20/4"], "ours, before the backup")
    copy.run_to_rest()
    assert RunState.DONE is copy.approve(at.id).state
    assert usual_balances(factor=2) == world.balances()


def test_what_a_restored_installation_wrote_of_the_pay_with_other_amounts_is_a_question() -> None:
    """It has the key of what is left to post beside a document that people booked, and is not that: it is
    never adopted, and named like theirs.
    """
    world = World(mode=ASKS)
    copy = restored(world)
    world.approve(waiting(world, "R1"))
    number = by_hand(copy)
    run = copy.post("R1").id
    copy.statements.booked_elsewhere(run, [f"10/{number}"], "by hand")
    copy.run_to_rest()

    assert (RunState.HELD, ["ledger.look_alike"]) == (copy.at(run).state, copy.problems(run))
    assert f"runs resume {run} --accept 10/3." in copy.problem_list(run)[0].text
    copy.statements.booked_elsewhere(run, ["10/3"], "ours, before the backup")
    copy.run_to_rest()
    assert RunState.DONE is copy.approve(run).state
    assert usual_balances() == world.balances()


def test_a_pay_that_was_booked_by_hand_in_a_journal_that_the_flow_had_is_found() -> None:
    """The option was changed after somebody booked it there."""
    world = World()
    from ml_connector.app.setup import Setup

    by_hand(world)
    setup, flow = Setup(world.access, world._assembly, world._actor), world._flow
    for journal in ("95", "96"):
        options = {**flow.options, "journal": journal}
        setup.set_flow(
            SOURCE, TARGET, mode=flow.mode, starts_on=flow.starts_on, mapping=flow.mapping, options=options
        )

    at = world.post("R1")

    assert {"10": [JOURNAL, "95"], "20": [JOURNAL, "95"]} == world._flow.journals_before
    assert (RunState.HELD, ["ledger.look_alike"]) == (at.state, world.problems(at.id)[:1])


# --- confirm, with claims and approvals switched off --------------------------------------------------------


@pytest.fixture
def unguarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """No claim, no comparison before posting: only the proof at the end is left."""
    from ml_connector.flows import payroll_journal
    from ml_connector.runs.run import StageRun

    monkeypatch.setattr(StageRun, "claim", lambda *_: None)
    monkeypatch.setattr(payroll_journal.consent, "proposal_fingerprint", lambda _: "0" * 64)
    monkeypatch.setattr(payroll_journal.PayrollJournal, "_check_source", lambda *_: None)


@pytest.mark.usefixtures("unguarded")
def test_a_pay_booked_twice_is_never_said_to_be_right() -> None:
    """Two full journals: the second run finds that the pay comes to twice what it says."""
    world = World(mode=ASKS)
    first, second = waiting(world, "R1"), waiting(world, "R2", factor=2)
    for run in (first, second):
        world.force(run, fingerprint="0" * 64)

    assert usual_balances(factor=3) == world.balances()
    assert RunState.DONE is world.at(first).state
    assert (RunState.HELD, {"subject.differs"}) == (world.at(second).state, set(world.problems(second)))
    assert "this run says" in world.problem_list(second)[0].text


@pytest.mark.usefixtures("unguarded")
def test_a_difference_to_a_document_that_is_gone_is_never_said_to_be_right() -> None:
    """What the difference stands on was deleted at the very end."""
    world = World(mode=ASKS)
    first = waiting(world, "R1")
    world.force(first, fingerprint="0" * 64)
    second = waiting(world, "R2", factor=2)

    def delete(name: str) -> None:
        if name == "tie-out: before" or name == "confirm: recorded":
            world.vendor.documents[:] = [d for d in world.vendor.documents if d.number != "3"]

    from ml_connector.store.models import Approval

    at = world.at(second)
    Approval.objects.create(run_id=second, fingerprint="0" * 64, actor="anna", channel="cli")
    world.runs.move(at, state=RunState.READY, stage="post", attempt=at.attempt + 1)
    world.run_to_rest(delete)

    assert RunState.HELD is world.at(second).state
    assert "booked.gone" in world.problems(second)


@pytest.mark.usefixtures("unguarded")
def test_a_pay_booked_by_hand_beside_ours_is_never_said_to_be_right() -> None:
    """It appeared after the entry was sent."""
    world = World()
    run = world.start("R1")

    def book(name: str) -> None:
        if name == "send: recorded" and len(world.vendor.documents) == 2:
            by_hand(world)

    world.run_to_rest(book)

    assert (RunState.HELD, ["ledger.look_alike"]) == (world.at(run).state, world.problems(run))


def test_problem_texts_say_what_to_do() -> None:
    """Each names the command that helps."""
    world = World(mode=ASKS)
    by_hand(world)
    run = world.start("R1")
    world.run_to_rest()
    (problem,) = world.problem_list(run)

    assert isinstance(problem, Problem)
    assert f"ml-connector runs mark-booked-elsewhere {run} --document 10/" in problem.text
    assert f"ml-connector runs resume {run} --accept 10/" in problem.text


def test_a_document_is_accepted_by_its_whole_number() -> None:
    """The beginning of a number, or one with the full stop of the sentence, is another document."""
    world = World(mode=ASKS)
    world.vendor._number = 11
    numbers = [by_hand(world), by_hand(world)]
    run = world.post("R1").id
    assert "--accept 10/12 --accept 10/13." in world.problem_list(run)[0].text

    for name in ("10/1", "10/12.", "10/13.", "0/12", ""):
        with pytest.raises(NotAllowed, match="does not ask about document"):
            world.resume(run, accept=[name])
    at = world.resume(run, accept=[f"10/{number}" for number in numbers])

    assert RunState.AWAITING_APPROVAL is at.state, world.problem_list(run)


def double(document: Any) -> None:
    """A person doubles every amount of a document."""
    lines = tuple(replace(line, amount=line.amount + line.amount) for line in document.entry.lines)
    document.entry = replace(document.entry, lines=lines)


def test_a_document_that_was_named_and_edited_since_is_named_again() -> None:
    """Its people may change it: nothing is proposed on figures that are not there any more, and named again
    it counts with those of now.
    """
    world = World(mode=ASKS)
    run = waiting(world, "R1")
    number = by_hand(world)
    world.statements.booked_elsewhere(run, [f"10/{number}"], "by hand")
    world.run_to_rest()
    with pytest.raises(NotAllowed, match="is known already; it counts once"):
        world.statements.booked_elsewhere(run, [f"10/{number}"], "by hand")
    (document,) = [d for d in world.vendor.documents if d.number == number]
    double(document)

    at = world.resume(run, propose_again=True)

    assert (RunState.HELD, {"booked.edited"}) == (at.state, set(world.problems(run)))
    named = f"ml-connector runs mark-booked-elsewhere {run} --document 10/{number} --why"
    assert named in world.problem_list(run)[0].text
    world.statements.booked_elsewhere(run, [f"10/{number}"], "doubled")
    world.run_to_rest()
    assert f"{number} in 10 (3229.50 EUR, booked elsewhere)" in world.at(run).summary
    assert RunState.DONE is world.approve(run).state, world.problem_list(run)
    assert usual_balances() == world.balances()


def edited_draft(posted: bool) -> tuple[World, str]:
    """A run whose first document people edited while it was a draft; the ledger posted it, or did not."""
    world = World(mode=ASKS)
    world.limit(posts_itself=True)
    world.vendor.posts_itself = False
    run = waiting(world, "R1")
    approve(world, run)
    with pytest.raises(Crash):
        world.run_to_rest(dies_at("send: recorded"))
    double(world.vendor.documents[0])
    world.limit(posts_itself=posted)
    world.vendor.documents[0].posted = posted
    world.run_to_rest()
    assert (RunState.HELD, {"read_back.line"}) == (world.at(run).state, set(world.problems(run)))
    assert f"mark-booked-elsewhere {run} --document 10/3" in world.problem_list(run)[0].text
    return world, run


def test_a_draft_that_people_edited_and_the_ledger_posted_is_named() -> None:
    """It can be neither put right nor deleted any more, and its run neither cancelled nor closed: named, it
    counts as it is, and the run posts the difference.
    """
    world, run = edited_draft(posted=True)

    world.statements.booked_elsewhere(run, ["10/3"], "edited before it was posted")

    world.run_to_rest()
    assert "It changes what is booked for the same pay: 3 in 10" in world.at(run).summary
    approve(world, run)
    world.run_to_rest(lambda _: world.vendor.run_posting_job())
    assert (RunState.DONE, usual_balances()) == (world.at(run).state, world.balances())


def test_a_draft_that_people_edited_counts_for_nothing_while_it_is_not_posted() -> None:
    """It may still be put right, or deleted."""
    world, run = edited_draft(posted=False)

    with pytest.raises(NotAllowed, match="is not posted, so its figures do not count"):
        world.statements.booked_elsewhere(run, ["10/3"], "edited")


def test_a_posted_document_that_people_edited_is_named() -> None:
    """The next run of the pay proposes what is missing from it, and reverses nothing of it."""
    world = World(mode=ASKS)
    first = waiting(world, "R1")
    assert RunState.DONE is world.approve(first).state
    double(next(d for d in world.vendor.documents if d.number == "3"))
    world.payroll.add(a_pay_run("R2"))
    second = world.post("R2").id
    assert f"name it: ml-connector runs mark-booked-elsewhere {second} --document 10/3" in (
        world.problem_list(second)[0].text
    )

    world.statements.booked_elsewhere(second, ["10/3"], "edited")
    world.run_to_rest()

    assert RunState.DONE is world.approve(second).state
    assert usual_balances() == world.balances()
    with pytest.raises(NotAllowed, match="is known already; it counts once"):
        world.statements.booked_elsewhere(waiting(world, "R3", factor=3), ["10/3"], "again")


@pytest.mark.parametrize("marked", [True, False])
def test_a_pay_that_people_took_back_is_not_said_to_be_booked(marked: bool) -> None:
    """Some ledgers mirror a document with its texts, our marker among them. Named, the mirror is the reversal
    of the document, and the pay is booked again.
    """
    world = World(mode=ASKS)
    first = waiting(world, "R1")
    assert RunState.DONE is world.approve(first).state
    original = next(d for d in world.vendor.documents if d.number == "3")
    mirrored = tuple(replace(line, amount=-line.amount) for line in original.entry.lines)
    marker = original.marker if marked else "no marker of ours"
    mirror = world.vendor.book(replace(original.entry, lines=mirrored), marker).number

    at = world.post("R1")
    assert (RunState.HELD, ["ledger.look_alike"]) == (at.state, world.problems(at.id))

    world.statements.booked_elsewhere(at.id, [f"10/{mirror}"], "taken back")
    world.run_to_rest()
    assert f"Taken back in the ledger by {mirror} in 10" in world.at(first).notice
    assert () == world.proposal(at.id).takes_back
    assert RunState.DONE is world.approve(at.id).state
    assert usual_balances() == world.balances()
    assert {"books": 0} == looked(world)


def test_a_copy_with_our_marker_is_asked_about_before_the_pay_is_said_to_be_booked() -> None:
    """It says just what the entry of the run says, and a search finds it. That has a document."""
    world = World()
    world.post("R1")
    original = next(d for d in world.vendor.documents if d.number == "3")
    copy = world.vendor.book(original.entry, original.marker).number

    at = world.post("R1")

    assert (RunState.HELD, ["ledger.look_alike"]) == (at.state, world.problems(at.id))
    assert f"--accept 10/{copy}" in world.problem_list(at.id)[0].text


def test_what_people_took_back_of_a_named_document_is_asked_about() -> None:
    """A document that was edited is no half of the pay any more, and its mirror comes to no total of it."""
    world = World(mode=ASKS)
    first = waiting(world, "R1")
    assert RunState.DONE is world.approve(first).state
    original = next(d for d in world.vendor.documents if d.number == "3")
    for _ in range(3):
        double(original)
    mirrored = tuple(replace(line, amount=-line.amount) for line in original.entry.lines)
    world.payroll.add(a_pay_run("R2"))
    second = world.post("R2").id
    world.statements.booked_elsewhere(second, ["10/3"], "edited")
    world.vendor.book(replace(original.entry, lines=mirrored), "no marker of ours")

    world.run_to_rest()

    assert (RunState.HELD, ["ledger.look_alike"]) == (world.at(second).state, world.problems(second))


@pytest.mark.parametrize("marked", [True, False])
def test_a_copy_of_what_was_reversed_is_asked_about(marked: bool) -> None:
    """Another calculation has other amounts, so that nothing but the document that is taken back says what
    the copy is. Named, it counts, and a copy of the reversal takes it back.
    """
    world = World(mode=ASKS)
    first = waiting(world, "R1")
    assert RunState.DONE is world.approve(first).state
    assert RunState.DONE is world.reverse(first).state
    copies = [
        world.vendor.book(held.entry, held.marker if marked else "no marker of ours").number
        for held in [*world.vendor.documents]
        if held.entry.entity == "10"
    ]
    world.payroll.add(a_pay_run("R2", factor=2), factor=2)

    at = world.post("R2")

    assert (RunState.HELD, ["ledger.look_alike"]) == (at.state, world.problems(at.id))
    assert all(f"--accept 10/{number}" in world.problem_list(at.id)[0].text for number in copies)
    world.statements.booked_elsewhere(at.id, [f"10/{number}" for number in copies], "copied")
    world.run_to_rest()
    assert () == world.proposal(at.id).takes_back
    assert RunState.DONE is world.approve(at.id).state
    assert usual_balances(factor=2) == world.balances()


def test_a_copy_in_the_period_of_the_document_is_asked_about() -> None:
    """The difference is posted in another one, of which a person gave the date."""
    world = World(mode=ASKS)
    assert RunState.DONE is world.approve(waiting(world, "R1")).state
    original = next(d for d in world.vendor.documents if d.number == "3")
    copy = world.vendor.book(original.entry, "no marker of ours").number
    world.set(posting_date="2026-08-03")
    world.payroll.add(a_pay_run("R2", factor=2), factor=2)

    at = world.post("R2")

    assert (RunState.HELD, ["ledger.look_alike"]) == (at.state, world.problems(at.id))
    assert f"--accept 10/{copy}" in world.problem_list(at.id)[0].text


def test_a_pay_that_was_booked_by_hand_before_its_period_was_closed_is_asked_about() -> None:
    """It is posted in the next period, and the clerk booked it in its own."""
    world = World(closed_period="next_open")
    number = by_hand(world)
    world.vendor.closed.add((2026, 6))

    at = world.post("R1")

    assert (RunState.HELD, ["ledger.look_alike"]) == (at.state, world.problems(at.id))
    assert f"--accept 10/{number}" in world.problem_list(at.id)[0].text


def test_a_newer_calculation_that_is_not_in_the_ledger_any_more_is_not_said_to_be_booked() -> None:
    """An older run that has nothing to do says so of what it has read."""
    world = World(mode=ASKS)
    older, second = waiting(world, "R1"), a_pay_run("R2", factor=2)
    world.payroll.add(replace(second, calculated_at=second.calculated_at.replace(hour=23)), factor=2)
    newer = waiting(world, "R2")
    assert RunState.DONE is world.approve(newer).state
    del world.vendor.documents[0]

    at = world.resume(older, propose_again=True)

    assert (RunState.HELD, ["booked.gone"]) == (at.state, world.problems(older))


def test_what_is_left_in_two_legal_entities_is_no_tie() -> None:
    """After a reversal documents of others stand for the pay: as much too much in one as too little in the
    other.
    """
    world = World(mode=ASKS)
    first = waiting(world, "R1")
    assert RunState.DONE is world.approve(first).state
    reversal = world.operations.reverse(first).id
    world.run_to_rest()
    assert RunState.DONE is world.approve(reversal).state
    second = waiting(world, "R2")
    number = by_hand(world)
    entry = world.vendor.documents[-1].entry
    mirrored = tuple(replace(line, amount=-line.amount) for line in entry.lines)
    mirror = world.vendor.book(replace(entry, entity="20", lines=mirrored), "no marker of ours").number

    world.statements.booked_elsewhere(second, [f"10/{number}", f"20/{mirror}"], "by hand")

    assert ["3229.50", "3229.50"] == [
        str(row.difference.amount) for row in world.operations.records.tie_out(first)
    ]


def test_a_named_document_with_the_marker_of_an_entry_uses_that_up() -> None:
    """This product wrote it before it was restored: the entry is sent under another key, or it would be taken
    for this document, which says something else.
    """
    world = World(mode=ASKS)
    run = waiting(world, "R1")
    by_hand(world)
    document = world.vendor.documents[0]
    document.marker = Marker.of(world.proposal(run).entries[0].key).token
    world.statements.booked_elsewhere(run, [f"10/{document.number}"], "ours, before the backup")
    world.run_to_rest()

    at = world.approve(run)

    assert (RunState.DONE, usual_balances()) == (at.state, world.balances())


def test_a_document_of_others_that_is_not_posted_is_not_the_pay() -> None:
    """Nothing of it is in the books: the pay is not booked elsewhere."""
    world = World(mode=ASKS)
    run = waiting(world, "R1")
    number = by_hand(world)
    world.vendor.documents[-1].posted = False

    with pytest.raises(NotAllowed, match="is not posted, so its figures do not count"):
        world.statements.booked_elsewhere(run, [f"10/{number}"], "by hand")


def test_a_document_that_a_reversal_is_to_take_back_is_not_named_in_it() -> None:
    """It is known, and was not edited: there is nothing to say of it."""
    world = World(mode=ASKS)
    first = waiting(world, "R1")
    assert RunState.DONE is world.approve(first).state
    reversal = world.operations.reverse(first).id
    world.run_to_rest()

    with pytest.raises(NotAllowed, match="is known already; it counts once"):
        world.statements.booked_elsewhere(reversal, ["10/3"], "edited")


def test_a_document_of_others_with_an_axis_of_its_own_is_taken_back() -> None:
    """The ledger keeps more dimensions than this flow uses, and the difference has to name them."""
    world = World(mode=ASKS)
    world.limit(axes=frozenset({"cost_center", "branch"}))
    run = waiting(world, "R1")
    number = by_hand(world)
    (document,) = [d for d in world.vendor.documents if d.number == number]
    first, *rest = document.entry.lines
    branch = (Dimension(axis="branch", code="MAIN"),)
    document.entry = replace(document.entry, lines=(replace(first, dimensions=branch), *rest))

    world.statements.booked_elsewhere(run, [f"10/{number}"], "by hand")
    world.run_to_rest()

    assert [] == list(world.problem_list(run))
    assert RunState.DONE is world.approve(run).state
    assert usual_balances() == world.balances()


@pytest.mark.parametrize("code", ["booked.gone", "booked.edited"])
def test_a_pay_is_not_said_to_be_booked_when_its_document_is_not_as_it_was(code: str) -> None:
    """Deleted or edited since: the run that would have nothing to do says so, and what helps."""
    world = World(mode=ASKS)
    first = waiting(world, "R1")
    assert RunState.DONE is world.approve(first).state
    if code == "booked.gone":
        world.vendor.documents[:] = [d for d in world.vendor.documents if d.number != "3"]
    else:
        double(next(d for d in world.vendor.documents if d.number == "3"))

    world.payroll.add(a_pay_run("R2"))
    at = world.post("R2")

    assert (RunState.HELD, {code}) == (at.state, set(world.problems(at.id)))


def half_posted() -> tuple[World, str, str]:
    """An older run of a pay, waiting, and a newer one that died after the first of its two entries."""
    world = World(mode=ASKS)
    older, second = waiting(world, "R1"), a_pay_run("R2", factor=2)
    world.payroll.add(replace(second, calculated_at=second.calculated_at.replace(hour=23)), factor=2)
    newer = waiting(world, "R2")
    approve(world, newer)
    with pytest.raises(Crash):
        world.run_to_rest(dies_at("send: recorded"))
    assert 1 == len(world.vendor.documents)
    return world, older, newer


def test_an_older_run_waits_until_a_newer_one_has_posted_all() -> None:
    """A part of it says nothing of the other company."""
    world, older, newer = half_posted()
    world.operations.resume(older, propose_again=True)

    world.carry_until(older, RunState.WAITING)

    assert (
        f"Run {newer} is posting for the same pay. This run is proposed after it." == world.at(older).summary
    )
    world.run_to_rest()
    assert (RunState.DONE, RunState.DONE) == (world.at(newer).state, world.at(older).state)
    assert "A newer calculation of this pay is booked as 3 in 10, 4 in 20" in world.at(older).summary


@pytest.mark.parametrize("state", [RunState.HELD, RunState.FAILED])
def test_an_older_run_is_not_done_while_a_newer_one_that_posted_a_part_waits_for_a_person(
    state: RunState,
) -> None:
    """It names the run that must come to its end."""
    world, older, newer = half_posted()
    world.runs.move(world.at(newer), state=state)

    at = world.resume(older, propose_again=True)

    assert (RunState.HELD, ["pay.unfinished"]) == (at.state, world.problems(older))
    assert f"run {newer} of it is {words(state)}" in world.problem_list(older)[0].text
    world.resume(newer)
    assert (RunState.DONE, RunState.DONE) == (world.at(newer).state, world.resume(older).state)


def test_a_newer_calculation_of_one_company_says_nothing_of_the_other() -> None:
    """The older run posts what it says of that, leaves out the first, and says so."""
    world = World(mode=ASKS)
    older, newer = waiting(world, "R1"), a_pay_run("R2", companies=("US1",), factor=2)
    world.payroll.add(replace(newer, calculated_at=newer.calculated_at.replace(hour=23)), factor=2)
    assert RunState.DONE is world.approve(waiting(world, "R2")).state

    at = world.approve(older)

    assert RunState.AWAITING_APPROVAL is at.state
    assert "Without US1: a newer calculation of this pay is booked as 3 in 10 (run " in at.summary
    at = world.approve(older)
    assert "as 4; read back and tied out. Without US1: " in at.summary
    ours = usual_balances(factor=2, entities=("10",)) | usual_balances(entities=("20",))
    assert (RunState.DONE, ours) == (at.state, world.balances())


def test_a_newer_run_that_was_closed_says_nothing_of_what_it_did_not_post() -> None:
    """It held both companies and posted one; the older run still has the other."""
    world = World(mode=ASKS)
    older, second = waiting(world, "R1"), a_pay_run("R2", factor=2)
    world.payroll.add(replace(second, calculated_at=second.calculated_at.replace(hour=23)), factor=2)
    newer = waiting(world, "R2")
    approve(world, newer)

    def close(name: str) -> None:
        if name == "send: recorded":
            world.vendor.closed.add((2026, 6))

    world.run_to_rest(close)
    world.vendor.closed.clear()
    world.operations.close(newer, "enough")

    at = world.resume(older, propose_again=True)

    assert RunState.AWAITING_APPROVAL is at.state
    assert {"20"} == {entry.entity for entry in world.proposal(older).entries}
    assert "Without US1: a newer calculation of this pay is booked as 3 in 10 (run " in at.summary


def test_a_run_that_is_read_anew_is_not_said_to_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it had read is gone, a part of it is there again, and it is given up then."""
    from ml_connector.app.audit import audit_report
    from ml_connector.store.staging import StoredStaging

    world = World(mode=ASKS)
    run = waiting(world, "R1")
    at = world.at(run)
    world.runs.move(at, state=RunState.READY, stage="read", attempt=at.attempt + 1)

    def die(*_: Any) -> None:
        raise Crash("staging")

    monkeypatch.setattr(StoredStaging, "stage", die)
    with pytest.raises(Crash):
        world.run_to_rest()
    world.runs.move(world.at(run), state=RunState.CANCELLED)

    assert [] == [fault for fault in audit_report(world.access).faults if run in fault]


# --- a document that pays for more, or for less, than the run -----------------------------------------------

BOTH = "US1=10,US2=10"


def test_an_edited_document_of_two_companies_is_named_in_a_run_of_one() -> None:
    """As its problem says. What was booked for the other company counts for it as before."""
    world = World(mode=ASKS, entities=BOTH)
    assert RunState.DONE is world.approve(waiting(world, "R1")).state
    double(world.vendor.documents[0])
    world.payroll.add(a_pay_run("R2", companies=("US1",), factor=5), factor=5)
    run = world.post("R2").id
    assert f"mark-booked-elsewhere {run} --document 10/3" in world.problem_list(run)[0].text

    world.statements.booked_elsewhere(run, ["10/3"], "edited")

    world.run_to_rest()
    assert RunState.DONE is world.approve(run).state, world.problem_list(run)
    assert usual_balances(5 + 1, ("10",)) == world.balances()
    world.payroll.add(a_pay_run("R3", companies=("US2",)))
    assert "Already booked as 3 in 10" in world.post("R3").summary


def test_an_edited_document_of_one_company_is_named_in_a_run_of_two() -> None:
    """It goes on paying for its own."""
    world = World(mode=ASKS, entities=BOTH)
    world.payroll.add(a_pay_run("R1", companies=("US1",)))
    assert RunState.DONE is world.approve(world.post("R1").id).state
    double(world.vendor.documents[0])
    world.payroll.add(a_pay_run("R2", factor=3), factor=3)
    run = world.post("R2").id
    assert {"booked.edited"} == set(world.problems(run))

    world.statements.booked_elsewhere(run, ["10/3"], "edited")

    world.run_to_rest()
    assert RunState.DONE is world.approve(run).state, world.problem_list(run)
    assert usual_balances(3 + 3, ("10",)) == world.balances()
    (statement,) = [row for key, row in world.commit_rows().items() if key.startswith("elsewhere:")]
    assert ["payroll:acme:US1:biweekly 2026-06-30"] == [share.subject.text for share in statement.shares]


def test_what_people_took_back_of_two_companies_is_named_in_a_run_of_one() -> None:
    """The pay of the other is not booked any more either, and nobody says that it is."""
    world = World(mode=ASKS, entities=BOTH)
    assert RunState.DONE is world.approve(waiting(world, "R1")).state
    entry = world.vendor.documents[0].entry
    mirrored = tuple(replace(line, amount=-line.amount) for line in entry.lines)
    mirror = world.vendor.book(replace(entry, lines=mirrored), "").number
    for reference, company in (("R2", "US1"), ("R3", "US2")):
        world.payroll.add(a_pay_run(reference, companies=(company,)))
    first = world.post("R2").id
    assert ["ledger.look_alike"] == world.problems(first)

    world.statements.booked_elsewhere(first, [f"10/{mirror}"], "taken back")

    world.run_to_rest()
    assert () == world.proposal(first).takes_back
    assert RunState.DONE is world.approve(first).state
    assert usual_balances(entities=("10",)) == world.balances()
    assert RunState.DONE is world.approve(waiting(world, "R3")).state
    assert usual_balances(2, ("10",)) == world.balances()


def test_a_document_is_not_named_while_a_run_posts_for_its_other_company() -> None:
    """It counts for both."""
    world = World(mode=ASKS, entities=BOTH)
    assert RunState.DONE is world.approve(waiting(world, "R1")).state
    world.payroll.add(a_pay_run("R2", companies=("US1",), factor=3), factor=3)
    world.payroll.add(a_pay_run("R3", companies=("US2",), factor=3), factor=3)
    second, third = waiting(world, "R2"), waiting(world, "R3")
    approve(world, third)
    with pytest.raises(Crash):
        world.run_to_rest(dies_at("send: answered"))
    double(world.vendor.documents[0])

    with pytest.raises(NotAllowed, match=f"Run {third} is posting for the same pay right now"):
        world.statements.booked_elsewhere(second, ["10/3"], "edited")
