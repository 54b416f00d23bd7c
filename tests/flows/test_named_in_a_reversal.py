"""Documents that people name in a reversal: what they took back in the ledger themselves, or put back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.test.utils import override_settings
from tests.flows.test_reversal import again, posted
from tests.flows.test_the_same_pay import approve, double
from tests.flows.test_two_people import Company
from tests.payday import Crash, World, usual_balances
from tests.runs.test_settled import dies_at

from ml_connector.app.refusals import NotAllowed
from ml_connector.contract.reference_vendor import Document
from ml_connector.domain.money import Money
from ml_connector.ports.runs import RunRow, RunState
from ml_connector.runs.inline import Inline


def number(world: World, name: str) -> Document:
    """The document of this number."""
    return next(document for document in world.vendor.documents if document.number == name)


def taken_back(world: World, name: str, *, text: str = "Storno", marker: str = "") -> str:
    """Somebody takes a document back in the ledger; the number of that."""
    document = number(world, name)
    lines = tuple(replace(line, amount=-line.amount) for line in document.entry.lines)
    return world.vendor.book(replace(document.entry, lines=lines, text=text), marker).number


def named(world: World, run: str, *documents: str) -> RunRow:
    """Somebody names documents of company 10 in the run; where it stands then."""
    world.statements.booked_elsewhere(run, [f"10/{document}" for document in documents], "by hand")
    world.run_to_rest()
    return world.at(run)


def problem(world: World, run: str) -> str:
    """The text of the first problem of the run."""
    return str(world.problem_list(run)[0].text)


def test_a_pay_that_payroll_undid_and_people_took_back_is_not_reversed_again() -> None:
    """No run of the pay can be started any more. The reversal takes the answer, and ends with nothing posted;
    what was said is in the audit log.
    """
    world, run = posted(entities="US1=10,US2=10")
    back = taken_back(world, "3")
    world.payroll.runs.clear()
    reversal = world.reverse(run)
    assert (RunState.HELD, ["ledger.look_alike"]) == (reversal.state, world.problems(reversal.id))
    record = f"record that: ml-connector runs mark-booked-elsewhere {reversal.id} --document 10/{back} --why"
    assert record in problem(world, reversal.id)

    at = named(world, reversal.id, back)

    assert (RunState.DONE, {}) == (at.state, world.balances())
    assert f"Reversed in the ledger already: 3 in 10 (3229.50 EUR, run {run}) by {back} in 10." == at.summary
    assert f"Reversed by {back} in 10 (run {reversal.id})." == world.at(run).notice
    assert 2 == len(world.vendor.documents)
    assert "run.booked_elsewhere" in world.audited
    assert () == world.operations.records.tie_out(reversal.id)
    with pytest.raises(NotAllowed, match="already reversed"):
        world.operations.reverse(run)


def test_what_people_took_back_is_left_out_of_a_reversal() -> None:
    """The rest is proposed, approved and posted, and the pay can be booked again."""
    world, run = posted()
    back = taken_back(world, "3")
    reversal = world.reverse(run).id

    at = named(world, reversal, back)

    assert RunState.AWAITING_APPROVAL is at.state
    assert ["4"] == [taken.document for taken in world.proposal(reversal).takes_back]
    at = world.approve(reversal)
    assert (RunState.DONE, {}) == (at.state, world.balances())
    assert at.summary.startswith("Reversed 4 in 20 (")
    assert f"Reversed in the ledger already: 3 in 10 (1614.75 EUR, run {run}) by {back} in 10." in at.summary
    again(world)
    assert usual_balances() == world.balances()


def test_what_people_took_back_and_put_back_is_reversed() -> None:
    """Both are named: what people did comes to nothing, and the document is reversed as if it never was."""
    world, run = posted(entities="US1=10,US2=10")
    back = taken_back(world, "3", marker=number(world, "3").marker)
    forth = taken_back(world, back, marker=number(world, "3").marker)
    reversal = world.reverse(run).id
    assert f"--accept 10/{back}." in problem(world, reversal)

    at = named(world, reversal, back)
    assert (RunState.HELD, ["ledger.look_alike"]) == (at.state, world.problems(reversal))
    assert f"--document 10/{forth} --why" in problem(world, reversal)
    at = named(world, reversal, forth)

    assert RunState.AWAITING_APPROVAL is at.state
    at = world.approve(reversal)
    assert (RunState.DONE, {}) == (at.state, world.balances())
    assert at.summary.startswith("Reversed 3 in 10 (")
    again(world)
    assert usual_balances(entities=("10",), factor=2) == world.balances()


def test_a_document_that_is_beside_a_reversal_does_not_stop_it() -> None:
    """Somebody looked: it takes something else back, which came to the same."""
    world, run = posted()
    back = taken_back(world, "3")
    reversal = world.reverse(run).id

    at = world.resume(reversal, accept=[f"10/{back}"])

    assert RunState.AWAITING_APPROVAL is at.state
    assert ["4", "3"] == [taken.document for taken in world.proposal(reversal).takes_back]


def test_a_reversal_that_people_took_back_is_made_again() -> None:
    """Under another key: the first one is in the ledger, and takes nothing back any more."""
    world, run = posted(entities="US1=10,US2=10")
    first = world.reverse(run).id
    back = taken_back(world, "4")
    at = world.post("R1")
    assert ["ledger.look_alike"] == world.problems(at.id)
    assert "Already booked as 3 in 10" in named(world, at.id, back).summary
    assert f"Taken back in the ledger by {back} in 10, says anna." == world.at(first).notice
    why = f"Its reversal was taken back in the ledger by {back} in 10, says anna."
    assert f"Booked again: 3 in 10. {why}" == world.at(run).notice

    second = world.reverse(run)

    assert (RunState.DONE, {}) == (second.state, world.balances())
    assert f"Reversed 3 in 10 (3229.50 EUR, run {run}) by 6 in 10." == second.summary
    assert first != second.id


def test_a_first_mirror_that_counts_again_beside_the_second_is_not_forgotten() -> None:
    """Somebody deleted in the ledger what took the first one back: the pay is taken back twice. Its next run
    makes up for that, and names the document.
    """
    world, run = posted(entities="US1=10,US2=10")
    first = world.reverse(run).id
    back = taken_back(world, "4")
    asked = world.post("R1").id
    named(world, asked, back)
    assert RunState.DONE is world.reverse(run).state
    world.vendor.documents.remove(number(world, back))

    assert [back] == world.statements.deleted(asked)

    assert usual_balances(-2, ("10",)) == world.balances()
    at = world.post("R1")
    assert [("4", first)] == [(taken.document, taken.run) for taken in world.proposal(at.id).takes_back]
    assert RunState.DONE is world.approve(at.id).state
    assert usual_balances(2, ("10",)) == world.balances()


def test_of_two_documents_of_the_same_amounts_the_one_with_the_same_text_is_taken_back() -> None:
    """The ledger keeps the text of what somebody takes back there."""
    world, run = posted(entities="US1=10,US2=10")
    hand = world.vendor.book(replace(number(world, "3").entry, text="By hand"), "").number
    at = world.post("R1")
    assert ["run.booked_otherwise"] == (named(world, at.id, hand), world.problems(at.id))[1]
    back = taken_back(world, hand, text="By hand")
    world.operations.cancel(at.id)
    reversal = world.reverse(run).id

    at = named(world, reversal, back)

    assert RunState.AWAITING_APPROVAL is at.state
    assert (RunState.DONE, {}) == (world.approve(reversal).state, world.balances())


def test_an_edited_document_that_people_take_back_is_named_with_its_reversal() -> None:
    """It is no document of ours any more, so people take it back in the ledger, and say so."""
    world, run = posted(entities="US1=10,US2=10")
    reversal = world.operations.reverse(run).id
    world.run_to_rest()
    document = number(world, "3")
    first, second, *rest = document.entry.lines
    one = Money.parse("1.00", "EUR")
    lines = (replace(first, amount=first.amount + one), replace(second, amount=second.amount - one), *rest)
    document.entry = replace(document.entry, lines=lines)
    assert (RunState.HELD, {"booked.edited"}) == (
        world.approve(reversal).state,
        set(world.problems(reversal)),
    )
    assert f"name it: ml-connector runs mark-booked-elsewhere {reversal} --document 10/3" in problem(
        world, reversal
    )

    named(world, reversal, "3")
    assert ["reversal.elsewhere"] == world.problems(reversal)
    assert f"mark-booked-elsewhere {reversal} --document 10/NUMBER" in problem(world, reversal)
    at = named(world, reversal, taken_back(world, "3"))

    assert (RunState.DONE, {}) == (at.state, world.balances())


def test_a_mirror_that_people_edited_before_it_was_posted_is_not_booked_beside_another() -> None:
    """It is named as it is now, and people take it back in the ledger; then it is made again."""
    world, run = posted(entities="US1=10,US2=10")
    world.limit(posts_itself=True)
    world.vendor.posts_itself = False
    reversal = world.operations.reverse(run).id
    world.run_to_rest()
    approve(world, reversal)
    with pytest.raises(Crash):
        world.run_to_rest(dies_at("send: recorded"))
    double(number(world, "4"))
    number(world, "4").posted = True
    world.run_to_rest()
    assert f"mark-booked-elsewhere {reversal} --document 10/4" in problem(world, reversal)

    named(world, reversal, "4")
    assert ["reversal.elsewhere"] == world.problems(reversal)
    back = taken_back(world, "4")
    assert RunState.AWAITING_APPROVAL is named(world, reversal, back).state

    approve(world, reversal)
    world.run_to_rest(lambda _: world.vendor.run_posting_job())
    assert (RunState.DONE, {}) == (world.at(reversal).state, world.balances())


def test_a_document_that_was_named_in_a_reversal_by_mistake_is_taken_back() -> None:
    """What it had taken back counts again; the reversal, which has ended, says how it goes on."""
    world, run = posted(entities="US1=10,US2=10")
    back = taken_back(world, "3")
    reversal = world.reverse(run).id
    assert RunState.DONE is named(world, reversal, back).state

    world.statements.not_elsewhere(reversal, [f"10/{back}"], "a slip")

    notice = f"says anna: {back} in 10. Reverse it again: ml-connector runs reverse {run}."
    assert notice in world.at(reversal).notice
    assert f"--document 10/{back} --why" in problem(world, world.reverse(run).id)


def test_a_reversal_that_waits_is_proposed_again_when_its_document_is_not_taken_back_after_all() -> None:
    """The statement was made in it, and is withdrawn in it."""
    world, run = posted()
    back = taken_back(world, "3")
    reversal = world.reverse(run).id
    assert RunState.AWAITING_APPROVAL is named(world, reversal, back).state

    world.statements.not_elsewhere(reversal, [f"10/{back}"], "a slip")
    world.run_to_rest()

    assert ["ledger.look_alike"] == world.problems(reversal)
    assert RunState.AWAITING_APPROVAL is world.resume(reversal, accept=[f"10/{back}"]).state
    assert ["4", "3"] == [taken.document for taken in world.proposal(reversal).takes_back]


def test_what_people_took_back_after_all_was_reversed_is_a_document_of_the_pay() -> None:
    """Somebody names what booked a part of it by hand: that counts, and the reversal says so."""
    world, run = posted(entities="US1=10,US2=10")
    hand = world.vendor.book(replace(number(world, "3").entry, text="By hand"), "").number
    reversal = world.operations.reverse(run).id
    world.run_to_rest()

    named(world, reversal, hand)

    at = world.approve(reversal)
    assert RunState.DONE is at.state
    assert at.summary.endswith(f"Still counts, as booked elsewhere: {hand} in 10.")


def test_a_reversal_that_is_given_up_says_what_the_documents_named_in_it_do() -> None:
    """What takes another document back counts for nothing by itself; what books a part by hand counts."""
    world, run = posted()
    back = taken_back(world, "3")
    first, second, *_ = number(world, "3").entry.lines
    one = Money.parse("1.00", "EUR")
    lines = (replace(first, amount=one), replace(second, amount=-one))
    hand = world.vendor.book(replace(number(world, "3").entry, lines=lines, text="By hand"), "").number
    reversal = world.reverse(run).id
    named(world, reversal, back, hand)
    assert ["4"] == [taken.document for taken in world.proposal(reversal).takes_back]

    at = world.operations.cancel(reversal)

    assert RunState.CANCELLED is at.state
    assert at.summary.endswith(
        f"Reversed in the ledger already: 3 in 10 by {back} in 10."
        f" Still counts, as booked elsewhere: {hand} in 10."
    )


def test_a_reversal_that_is_held_for_a_closed_period_takes_what_people_did_instead() -> None:
    """They reversed it in the next period by hand: nothing else would end the run."""
    world, run = posted(entities="US1=10,US2=10")
    world.vendor.closed.add((2026, 6))
    reversal = world.reverse(run).id
    assert ["period.closed"] == world.problems(reversal)
    world.vendor.closed.clear()
    back = taken_back(world, "3")
    world.vendor.closed.add((2026, 6))

    at = named(world, reversal, back)

    assert (RunState.DONE, {}) == (at.state, world.balances())


def test_a_reversal_of_which_a_part_is_posted_is_told_to_be_closed() -> None:
    """Its second mirror was refused, and somebody deleted that document: `runs cancel` would be refused."""
    world, run = posted()
    reversal = world.operations.reverse(run).id
    world.run_to_rest()
    world.operations.approve(reversal, world.operations.records.fingerprint(reversal))

    def refuse(name: str) -> None:
        if len(world.vendor.documents) > 2:
            world.vendor.closed.add((2026, 6))

    world.run_to_rest(refuse)
    world.vendor.closed.clear()
    assert (RunState.HELD, 3) == (world.at(reversal).state, len(world.vendor.documents))
    world.vendor.documents.remove(number(world, "3"))
    world.statements.deleted(run)

    world.resume(reversal, propose_again=True)

    assert ["reversal.twice"] == world.problems(reversal)
    assert f"Close this reversal: ml-connector runs close {reversal} --why '...'." in problem(world, reversal)
    assert RunState.CLOSED is world.operations.close(reversal, "the other one is deleted").state


def test_a_reversal_whose_only_mirror_was_deleted_is_told_to_be_cancelled() -> None:
    """Nothing that it posted counts, so that `runs close` would be refused."""
    world, run = posted(entities="US1=10,US2=10")
    reversal = world.operations.reverse(run).id
    world.run_to_rest()
    world.operations.approve(reversal, world.operations.records.fingerprint(reversal))
    engine = Inline(world.workshop(), world.runs, world._advance_to)
    while world.at(reversal).stage != "confirm":
        engine.step(engine.able()[0])
    world.vendor.documents.pop()
    world.run_to_rest()
    assert ["booked.gone"] == world.problems(reversal)
    world.statements.deleted(reversal)

    world.resume(reversal)

    assert ["reversal.gone"] == world.problems(reversal)
    assert f"Cancel this reversal: ml-connector runs cancel {reversal}." in problem(world, reversal)
    assert RunState.CANCELLED is world.operations.cancel(reversal).state


def test_who_names_a_document_does_not_approve_the_rest() -> None:
    """With the policy of two people, whoever names it has a part in what is proposed then."""
    from ml_connector.app.operations import Operations
    from ml_connector.app.statements import Statements

    world, run = posted()
    back = taken_back(world, "3")
    reversal = world.reverse(run).id
    company = Company.__new__(Company)
    company.world = world
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        company.two_wanted()
        ada = company.as_person("ada")
    named_by = Statements(world.access, world._assembly, ada)

    named_by.booked_elsewhere(reversal, [f"10/{back}"], "storno")
    world.run_to_rest()

    shown = world.operations.records.fingerprint(reversal)
    with pytest.raises(NotAllowed, match="ada has a part in run"):
        Operations(world.access, world._assembly, ada).approve(reversal, shown)
