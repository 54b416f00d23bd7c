"""What happens to a pay in several runs, by people and by the ledger, one after the other."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.flows.test_nightly_look import looked
from tests.flows.test_payroll_journal import by_hand
from tests.flows.test_the_same_pay import approve, vague, waiting
from tests.payday import World, a_pay_run, usual_balances

from ml_connector.app.refusals import NotAllowed
from ml_connector.flows.flow import Mode
from ml_connector.ports.runs import RunState

ASKS, US1 = Mode.APPROVE, ("US1",)
ONE, TWO = usual_balances(entities=("10",)), usual_balances(factor=2, entities=("10",))


def later(reference: str, **changes: Any) -> Any:
    run = a_pay_run(reference, **changes)
    return replace(run, calculated_at=run.calculated_at.replace(hour=23))


def one(pay: Any = None, **options: str) -> tuple[World, str]:
    """A world in which R1 of US1 is posted as document 3."""
    world = World(mode=ASKS, **options)
    world.payroll.add(pay or a_pay_run("R1", companies=US1))
    run = waiting(world, "R1")
    world.approve(run)
    return world, run


def storno(world: World, document: Any) -> str:
    """Somebody takes the document back in the ledger; the number of that."""
    lines = tuple(replace(line, amount=-line.amount) for line in document.entry.lines)
    return world.vendor.book(replace(document.entry, lines=lines, text="Storno"), "").number


def closes(world: World, nth: int) -> Any:
    """A point: June is closed just before the n-th entry is sent."""
    seen = [0]

    def point(name: str) -> None:
        seen[0] += name == "commit: opened"
        if seen[0] == nth:
            world.vendor.closed.add((2026, 6))

    return point


def refused(world: World, run: str) -> None:
    """The run, or reversal, is approved, and refused: June was closed meanwhile. It stays closed."""
    approve(world, run)
    world.run_to_rest(closes(world, 1))
    assert RunState.HELD is world.at(run).state


def refused_and_moved(world: World, run: str) -> None:
    """It is refused as June is closed; the controller lets it go to July, and it is posted there. Then June
    is open again.
    """
    refused(world, run)
    world.set(closed_period="next_open")
    world.resume(run, propose_again=True)
    assert RunState.DONE is world.approve(run).state
    world.vendor.closed.clear()


def half(world: World, reference: str = "R1") -> str:
    """A run of US1 and US2 of which US1 is booked and US2 was refused."""
    run = waiting(world, reference)
    approve(world, run)
    world.run_to_rest(closes(world, 2))
    world.vendor.closed.clear()
    assert RunState.HELD is world.at(run).state
    return run


def incidents(world: World) -> list[str]:
    return [found.text for found in world.operations.records.open_incidents()]


def texts(world: World, run: str) -> str:
    return " ".join(problem.text for problem in world.problem_list(run))


# --- a pay that was refused once and proposed anew ----------------------------------------------------------


def test_a_difference_that_was_refused_once_is_not_pulled_the_rug_from() -> None:
    """R1 is reversed from under the difference of R2: 3 times the pay is said, 2 times is in the books."""
    world, first = one()
    world.payroll.add(later("R2", companies=US1, factor=3), factor=3)
    refused_and_moved(world, waiting(world, "R2"))
    reversal = world.operations.reverse(first).id
    world.run_to_rest()
    assert ["reversal.newer"] == world.problems(reversal), world.at(reversal).summary


def test_a_bonus_beside_a_pay_that_was_refused_once_is_a_question() -> None:
    """The second file of the date, a bonus of its own, is proposed as a change of the first, unasked."""
    world = World(mode=ASKS)
    world.payroll.add(vague("R1", companies=US1))
    refused_and_moved(world, waiting(world, "R1"))
    world.payroll.add(vague("R2", companies=US1, factor=2), factor=2)
    at = world.post("R2")
    assert ["pay.which"] == world.problems(at.id), at.summary


def test_what_people_took_back_of_a_pay_that_was_refused_once_is_its_reversal() -> None:
    """Named as the run says, it leads into `run.booked_otherwise`."""
    world = World(mode=ASKS)
    world.payroll.add(a_pay_run("R1", companies=US1))
    refused_and_moved(world, waiting(world, "R1"))
    back = storno(world, world.vendor.documents[0])
    again = world.post("R1").id
    assert ["ledger.look_alike"] == world.problems(again)
    world.statements.booked_elsewhere(again, [f"10/{back}"], "storno")
    world.run_to_rest()
    assert RunState.AWAITING_APPROVAL is world.at(again).state, texts(world, again)


def test_a_statement_that_a_difference_rests_on_is_not_taken_back() -> None:
    """Also where the difference was refused at first."""
    world = World(mode=ASKS)
    world.payroll.add(a_pay_run("R1", companies=US1, factor=3), factor=3)
    run = waiting(world, "R1")
    hand = by_hand(world)
    world.statements.booked_elsewhere(run, [f"10/{hand}"], "a third of it")
    world.run_to_rest()
    refused_and_moved(world, run)
    with pytest.raises(NotAllowed, match="is based on"):
        world.statements.not_elsewhere(run, [f"10/{hand}"], "a slip")


def test_a_run_is_not_said_to_be_reversed_by_itself() -> None:
    """A later revision that took the place of a refused one is no reversal."""
    world = World(mode=ASKS)
    world.payroll.add(a_pay_run("R1", companies=US1))
    run = waiting(world, "R1")
    refused_and_moved(world, run)
    world.vendor.documents.clear()
    world.statements.deleted(run)
    with pytest.raises(NotAllowed) as refusal:
        world.operations.reverse(run)
    assert f"already reversed by run {run}" not in str(refusal.value)


# --- a run id that payroll uses for another pay -------------------------------------------------------------


def test_a_pay_whose_period_was_corrected_is_not_the_pay_of_the_old_period() -> None:
    """Payroll corrects the period of run R1. Then the true run of the first period, with the same salaries,
    is "Already booked": two pays, one in the books.
    """
    world, _ = one()
    other = a_pay_run("R1", companies=US1, subject="biweekly 2026-06-20", end=date(2026, 6, 20))
    world.payroll.add(other)
    corrected = world.post("R1")  # "Already booked as 3": dated 2026-06-30, known as the pay of 2026-06-30
    world.payroll.add(a_pay_run("R2", companies=US1))
    at = world.post("R2")
    done = {corrected.state, at.state} == {RunState.DONE}
    assert not done or TWO == world.balances(), (corrected.summary, at.summary)


def test_a_run_of_another_company_of_the_legal_entity_is_not_the_first_one() -> None:
    world, _ = one(entities="US1=10,US2=10")
    world.payroll.add(a_pay_run("R1", companies=("US2",)))
    corrected = world.post("R1")
    world.payroll.add(a_pay_run("R2", companies=US1))
    at = world.post("R2")
    done = {corrected.state, at.state} == {RunState.DONE}
    assert not done or TWO == world.balances(), (corrected.summary, at.summary)


# --- records whose pay date was corrected -------------------------------------------------------------------


@pytest.mark.parametrize("factor", [1, 2])
def test_third_party_records_whose_pay_date_was_corrected_are_no_second_pay(factor: int) -> None:
    """The very same records, ids and check numbers, whether their amounts are corrected too or not. The
    amounts are the usual ones; the rest is of the source.
    """
    from ml_connector.connectors.ukg_pro.tests.third_party_world import THIRD_PARTY, ThirdPartyWorld

    ukg, world = ThirdPartyWorld(), World(mode=ASKS)

    def delivered() -> Any:
        run = ukg.source.pay_run(ukg.newest())
        return replace(
            a_pay_run(run.reference, companies=US1),
            subject=run.subject,
            parts=run.parts,
            calculated_at=run.calculated_at,
        )

    first = delivered()
    world.payroll.add(first)
    world.approve(waiting(world, first.reference))
    for record in ukg.records():
        kept = json.loads(json.dumps(record, default=float))
        ukg.call("PUT", f"{THIRD_PARTY}/{kept['Id']}", {**kept, "PayDate": "2026-07-02T00:00:00Z"})
    assert () == tuple(p for b in ukg.source.blocks(ukg.newest()) for p in b.problems)  # no question there
    world.payroll.runs.clear()
    second = delivered()
    world.payroll.add(second, factor=factor)
    run = world.start(second.reference)
    world.run_to_rest()
    assert ["pay.which"] == world.problems(run)
    assert ONE == world.balances()


# --- what a person said of one pay is no answer for another -------------------------------------------------


def test_a_reversal_by_hand_that_another_pay_was_asked_about_is_still_reported() -> None:
    """It is true of the other pay; the first is out of the books all the same."""
    world, _ = one()
    back = storno(world, world.vendor.documents[0])
    other = a_pay_run("B1", companies=US1, subject="biweekly 2026-06-20", end=date(2026, 6, 20))
    world.payroll.add(other)
    run = world.post("B1").id
    assert ["ledger.look_alike"] == world.problems(run)
    assert {"books": 1} == looked(world)
    world.resume(run, accept=[f"10/{back}"])
    world.approve(run)
    assert ONE == world.balances()  # two pays are said to be booked
    assert {"books": 1} == looked(world), world.balances()


def test_a_copy_by_hand_that_another_pay_was_asked_about_is_still_reported() -> None:
    world, _ = one()
    copy = world.vendor.book(replace(world.vendor.documents[0].entry, text="Payroll, by hand"), "").number
    other = a_pay_run("B1", companies=US1, subject="biweekly 2026-06-20", end=date(2026, 6, 20))
    world.payroll.add(other)
    run = world.post("B1").id
    world.resume(run, accept=[f"10/{copy}"])
    world.approve(run)
    assert {"books": 1} == looked(world), world.balances()


# --- what people make of a pay that was reversed ------------------------------------------------------------


def test_a_pay_that_is_taken_back_twice_is_reported() -> None:
    """By us, and by hand as well: it is at less than nothing."""
    world, run = one()
    world.reverse(run)
    storno(world, world.vendor.documents[0])
    assert {} != world.balances()
    assert {"books": 0} != looked(world)


def test_a_reversal_of_ours_that_people_took_back_is_reported() -> None:
    """The pay is in the books, and its run says "Reversed by 4"."""
    world, run = one()
    world.reverse(run)
    storno(world, world.vendor.documents[1])
    assert ONE == world.balances()
    assert {"books": 0} != looked(world), world.at(run).notice


def test_a_copy_of_a_pay_that_was_reversed_is_reported() -> None:
    """Without a marker: booked from the first by hand."""
    world, run = one()
    world.reverse(run)
    world.vendor.book(world.vendor.documents[0].entry, "")
    assert ONE == world.balances()
    assert {"books": 0} != looked(world)


# --- a reversal by hand that stands alone -------------------------------------------------------------------


def test_a_reversal_by_hand_that_stands_alone_is_said() -> None:
    world, run = one()
    back = storno(world, world.vendor.documents[0])
    again = world.post("R1").id
    world.statements.booked_elsewhere(again, [f"10/{back}"], "storno")
    world.run_to_rest()
    world.operations.cancel(again)  # the pay was undone
    del world.vendor.documents[0]
    assert ["3"] == world.statements.deleted(run)
    assert {} != world.balances()
    assert f"{back} in 10, which took back what is deleted now" in world.statements.alone(run)
    assert {"books": 1} == looked(world)
    assert "the pay is in the books at less than nothing" in incidents(world)[0]
    world.vendor.documents.clear()
    assert [back] == world.statements.deleted(again)
    assert ({"books": 0}, "") == (looked(world), world.statements.alone(run))


# --- a reversal that was refused ----------------------------------------------------------------------------


def test_a_reversal_that_was_refused_can_be_posted_on_another_date() -> None:
    """June was closed between approval and posting; `next_open` is what the run's own problem leads to."""
    world, run = one()
    reversal = world.operations.reverse(run).id
    world.run_to_rest()
    refused(world, reversal)
    world.set(closed_period="next_open")
    world.resume(reversal, propose_again=True)
    assert RunState.AWAITING_APPROVAL is world.at(reversal).state
    at = world.approve(reversal)
    if at.state is not RunState.DONE:
        world.operations.cancel(reversal)
        at = world.reverse(run)  # a new one ends the same way
    assert {} == world.balances(), (at.state, texts(world, at.id))


# --- a run that was overtaken -------------------------------------------------------------------------------


def test_a_run_that_was_overtaken_and_reversed_can_be_shown() -> None:
    world = World(mode=ASKS)
    run = half(world)
    world.payroll.add(later("R2", factor=2), factor=2)
    second = waiting(world, "R2")
    world.approve(second)
    assert "A newer calculation" in world.resume(run, propose_again=True).summary
    world.reverse(second)
    world.reverse(run)
    assert {} == world.balances()
    assert ["0.00", "0.00"] == [str(row.ledger.amount) for row in world.operations.records.tie_out(run)]


# --- the tie-out of what happened since ---------------------------------------------------------------------


def agrees(world: World, run: str) -> bool:
    """What `tie-out RUN` ends with, after a look."""
    looked(world)
    rows, records = world.operations.records.tie_out(run), world.operations.records
    return bool(rows) and not records.incidents(run) and not any(row.difference for row in rows)


def test_a_pay_that_people_took_back_does_not_tie_out() -> None:
    """The document is named, as the look asks for; nothing of the pay is in the books."""
    world, run = one()
    back = storno(world, world.vendor.documents[0])
    again = world.post("R1").id
    world.statements.booked_elsewhere(again, [f"10/{back}"], "storno")
    world.run_to_rest()
    assert {} == world.balances()
    assert not agrees(world, run), [(r.what, str(r.ledger)) for r in world.operations.records.tie_out(run)]


def test_a_pay_whose_document_was_deleted_does_not_tie_out() -> None:
    world, run = one()
    world.vendor.documents.clear()
    world.statements.deleted(run)
    assert not agrees(world, run), [(r.what, str(r.ledger)) for r in world.operations.records.tie_out(run)]


def test_a_pay_whose_reversal_was_reversed_ties_out() -> None:
    world, run = one()
    world.reverse(world.reverse(run).id)
    assert ONE == world.balances()
    assert agrees(world, run), [(r.what, str(r.difference)) for r in world.operations.records.tie_out(run)]


def test_a_reversal_that_is_done_ties_out_also_when_the_pay_was_booked_again() -> None:
    world, run = one()
    reversal = world.reverse(run).id
    assert agrees(world, reversal)
    world.approve(waiting(world, "R1"))
    assert ONE == world.balances()
    assert agrees(world, reversal), [
        (r.what, str(r.difference)) for r in world.operations.records.tie_out(run)
    ]


# --- a company that was moved to another legal entity -------------------------------------------------------


def test_what_was_reversed_by_hand_in_the_other_entity_lets_the_pay_go_on() -> None:
    """Held for "Reverse it there first: in the ledger. Then: resume", which is what is done."""
    world = World(mode=ASKS, entities="US1=10")
    world.payroll.add(a_pay_run("R1", companies=US1))
    run = waiting(world, "R1")
    hand = world.vendor.book(replace(world.proposal(run).entries[0], text="by hand"), "").number
    world.statements.booked_elsewhere(run, [f"10/{hand}"], "by hand")
    world.run_to_rest()
    world.set(entities="US1=20")
    again = world.post("R1").id
    assert "Reverse it there first: in the ledger. Then: ml-connector runs resume" in texts(world, again)
    back = storno(world, world.vendor.documents[0])
    assert {} == world.balances()
    world.statements.booked_elsewhere(again, [f"10/{back}"], "storno")
    world.run_to_rest()
    assert RunState.DONE is world.approve(again).state
    assert {"20"} == {place[0] for place in world.balances()}


def test_nor_where_it_was_a_document_of_ours() -> None:
    """It is named in a run of the pay, as well as in the reversal that asks about it."""
    world, run = one(entities="US1=10")
    back = storno(world, world.vendor.documents[0])
    world.set(entities="US1=20")
    again = world.post("R1").id
    reversal = world.reverse(run).id
    assert f"ml-connector runs mark-booked-elsewhere {reversal} --document 10/{back}" in texts(
        world, reversal
    )
    world.statements.booked_elsewhere(again, [f"10/{back}"], "storno")
    world.run_to_rest()
    assert RunState.DONE is world.approve(again).state


# --- what is booked by a run that is closed -----------------------------------------------------------------


def test_a_run_is_not_closed_with_what_is_reversed_booked() -> None:
    world = World(mode=ASKS)
    run = half(world)
    world.reverse(run)
    assert {} == world.balances()
    try:
        summary = world.operations.cancel(run).summary
    except NotAllowed:
        summary = world.operations.close(run, "undone at the payroll").summary
    assert "with 3 in 10 booked" not in summary, summary


# --- a run is told what changes it no more ------------------------------------------------------------------


def test_a_run_is_not_changed_by_what_was_deleted() -> None:
    world, first = one()
    world.payroll.add(later("R2", companies=US1, factor=3), factor=3)
    second = waiting(world, "R2")
    world.approve(second)
    world.vendor.documents.pop()
    world.statements.deleted(second)
    assert ONE == world.balances()
    assert "Changed by 4" not in world.at(first).notice, world.at(first).notice


def test_nor_by_what_people_took_back() -> None:
    world, first = one()
    world.payroll.add(later("R2", companies=US1, factor=3), factor=3)
    world.approve(waiting(world, "R2"))
    back = storno(world, world.vendor.documents[1])
    again = world.post("R2").id
    world.statements.booked_elsewhere(again, [f"10/{back}"], "storno")
    world.run_to_rest()
    assert ONE == world.balances()
    assert "Changed by 4" not in world.at(first).notice, world.at(first).notice


# --- the copy of a document that was deleted ----------------------------------------------------------------


def deleted_and_copied() -> tuple[World, str]:
    """Somebody copied document 3 with its marker, and deleted 3, and said so, as the look asks for."""
    world, run = one()
    ours = world.vendor.documents[0]
    world.vendor.book(ours.entry, ours.marker)
    world.vendor.documents.remove(ours)
    assert {"books": 1} == looked(world)
    world.statements.deleted(run)
    return world, run


def test_the_copy_of_a_deleted_document_is_reported() -> None:
    """The pay is in the books; here nothing is booked for it."""
    world, _ = deleted_and_copied()
    assert ONE == world.balances()
    assert {"books": 1} == looked(world)


def test_and_not_as_the_work_of_another_installation() -> None:
    world, _ = deleted_and_copied()
    other = a_pay_run("B1", companies=US1, subject="biweekly 2026-06-20", end=date(2026, 6, 20), factor=5)
    world.payroll.add(other, factor=5)
    world.approve(waiting(world, "B1"))
    looked(world)
    assert not any("not written by this installation" in text for text in incidents(world)), incidents(world)


# --- names with signs of ours -------------------------------------------------------------------------------


def test_a_pay_group_with_a_hash_in_its_name_is_no_question_for_another_date() -> None:
    """It says "the same pay group and date"; it is neither. --replaces would take the other pay back."""
    pay = vague("R1", companies=US1, subject="SEMI #1 2026-06-20", end=date(2026, 6, 20))
    world, _ = one(pay)
    world.payroll.add(vague("R2", companies=US1, subject="SEMI #2 2026-06-30", factor=3), factor=3)
    at = world.post("R2")
    assert "for the same pay group and date" not in texts(world, at.id), texts(world, at.id)
