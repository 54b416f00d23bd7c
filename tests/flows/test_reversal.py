"""Reversal: an entry that cancels a posted one and names it; afterwards the pay run may be posted again."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.flows.test_nightly_look import incidents, looked
from tests.flows.test_payroll_journal import BY_HAND
from tests.flows.test_the_same_pay import restored
from tests.payday import Ledger, World, a_pay_run, usual_balances

from ml_connector.app.refusals import NotAllowed
from ml_connector.contract import world as faults
from ml_connector.domain.document import CommitKey, Receipt
from ml_connector.domain.journal import BookedEntry
from ml_connector.domain.money import Money
from ml_connector.errors import Refused
from ml_connector.flows.flow import Mode
from ml_connector.flows.posting.consent import proposal_fingerprint
from ml_connector.ports.commits import DELETED
from ml_connector.ports.runs import RunState


def posted(**options: str) -> tuple[World, str]:
    """A world with one pay run posted by consent."""
    world = World(mode=Mode.APPROVE, **options)
    run = world.start()
    world.run_to_rest()
    assert RunState.DONE is world.approve(run).state
    return world, run


def again(world: World, reference: str = "R1") -> str:
    """The pay run posted by consent under another run of ours."""
    at = world.post(reference)
    if at.state is RunState.AWAITING_APPROVAL:
        at = world.approve(at.id)
    assert (RunState.DONE, []) == (at.state, world.problems(at.id))
    return at.id


def test_a_reversal_cancels_every_entry_and_names_it() -> None:
    """A mirror per entry, linked both ways; nothing is edited or removed."""
    world, run = posted()

    at = world.reverse(run)

    assert (RunState.DONE, {}) == (at.state, world.balances())
    assert ["Payroll 2026-06-30", "Payroll 2026-06-30", "Reversal of 4", "Reversal of 3"] == world.texts()
    rows = world.commit_rows()
    assert "reversal:payroll:acme:R1:books:10:1:1:1" == rows["payroll:acme:R1:books:10:1:1"].reversed_by
    original, mirror = (
        [share.subject for share in rows[key].shares]
        for key in ("payroll:acme:R1:books:10:1:1", "reversal:payroll:acme:R1:books:10:1:1:1")
    )
    assert original
    assert original == mirror


def test_both_runs_say_that_one_reversed_the_other() -> None:
    """With the numbers of the documents; after the reversal was reversed, that it counts again; a second
    reversal names the first.
    """
    world, run = posted()
    first = world.reverse(run)
    assert "Reversed 4 in 20 (1614.75 EUR, run" in first.summary
    assert f"Reversed by 5 in 20, 6 in 10 (run {first.id})." == world.at(run).notice
    with pytest.raises(NotAllowed, match=f"already reversed by run {first.id}: 6 in 10, 5 in 20"):
        world.operations.reverse(run)

    second = world.reverse(first.id)

    assert f"Reversed by 7 in 10, 8 in 20 (run {second.id})." == world.at(first.id).notice
    assert world.at(run).notice == (
        f"Booked again: its reversal was reversed by 7 in 10, 8 in 20 (run {second.id})."
    )


def test_a_pay_whose_reversal_was_reversed_is_reversed_by_its_run() -> None:
    """By its own run: nobody has to find the reversal of the reversal."""
    world, run = posted()
    second = world.reverse(world.reverse(run).id)
    assert usual_balances() == world.balances()

    third = world.reverse(run)

    assert (RunState.DONE, {}) == (third.state, world.balances())
    assert f"Reversed by 9 in 20, 10 in 10 (run {third.id})." == world.at(run).notice
    assert world.at(run).notice == world.at(second.id).notice
    with pytest.raises(NotAllowed, match="already reversed by run"):
        world.operations.reverse(run)


@pytest.mark.parametrize("everything", [False, True])
def test_nothing_of_a_pay_is_reversed_twice(everything: bool) -> None:
    """Whatever is asked for."""
    world, run = posted()
    world.reverse(run)

    with pytest.raises(NotAllowed, match="already reversed by run"):
        world.operations.reverse(run, everything=everything)


def test_what_a_reversed_run_ties_to_is_nothing() -> None:
    """The tie-out is of the pay: entries and reversals together."""
    world, run = posted()
    made = world.reverse(run)

    for looked_at in (run, made.id):
        rows = world.operations.records.tie_out(looked_at)
        assert {"0.00 EUR"} == {str(row.ledger) for row in rows}
        assert [] == [row for row in rows if row.difference]


def test_a_line_of_a_reversal_leads_to_the_source_lines_of_what_it_cancels() -> None:
    """And one of a difference to the documents it was made to."""
    world, run = posted()
    made = world.reverse(run)
    explained = world.operations.records.behind(made.id, 0, 0)
    assert explained[0].startswith("reversal of 4 in 20 (1614.75 EUR")
    assert [text for text in explained if text.startswith("rule ")]

    world.payroll.add(a_pay_run("R2", factor=2), factor=2)
    again(world)
    second = again(world, "R2")
    explained = world.operations.records.behind(second, 0, 0)
    assert explained[0].startswith("difference to ")
    assert [text for text in explained if text.startswith("rule ")]


def test_a_reversal_waits_for_consent_even_where_posting_is_automatic() -> None:
    """Always a person."""
    world = World()
    run = world.post().id
    made = world.operations.reverse(run)

    world.run_to_rest()

    assert RunState.AWAITING_APPROVAL is world.at(made.id).state
    assert 2 == len(world.vendor.documents)


def test_a_flow_that_proposes_never_reverses() -> None:
    """A reversal is a posting; a flow that only proposes makes none, whatever was approved before."""
    world, run = posted()
    made = world.operations.reverse(run)
    world.run_to_rest()
    world.set_mode(Mode.PROPOSE)

    at = world.force(made.id, fingerprint=proposal_fingerprint(world.proposal(made.id)))

    assert RunState.AWAITING_APPROVAL is at.state
    assert 2 == len(world.vendor.documents)


def test_a_reversed_entry_is_not_reversed_twice() -> None:
    """The second reversal is refused before anything is proposed."""
    world, run = posted()
    world.reverse(run)

    again = world.propose_reversal(*(entry.key for entry in world.proposal(run).entries))

    assert (RunState.HELD, ["reversal.twice"] * 2) == (world.at(again).state, world.problems(again))
    assert {} == world.balances()


def test_a_reversal_of_nothing_is_refused() -> None:
    """Keys that no commit has."""
    world = World()
    made = world.propose_reversal("payroll:acme:R9:books:10:1:1")

    assert ["reversal.nothing"] == world.problems(made)


def test_what_was_booked_outside_is_not_reversed_from_here() -> None:
    """There is no document of ours to mirror; it is told, and is no defect."""
    world = World(mode=Mode.APPROVE, entities="US1=10,US2=10")
    number = world.vendor.book(BY_HAND, "no marker of ours").number
    run = world.start()
    world.run_to_rest()
    world.statements.booked_elsewhere(run, [number], "booked by hand in June")
    keys = [key for key in world.commit_rows() if key.startswith("elsewhere:")]

    made = world.propose_reversal(*keys)

    assert (RunState.HELD, ["reversal.elsewhere"]) == (world.at(made).state, world.problems(made))


def test_a_reversal_in_a_closed_period_follows_the_policy() -> None:
    """Held where the policy holds; dated on the next open day where it moves."""
    world, run = posted()
    world.vendor.closed.add((2026, 6))
    assert ["period.closed", "period.closed"] == world.problems(world.reverse(run).id)

    world, run = posted(closed_period="next_open")
    world.vendor.closed.add((2026, 6))
    assert RunState.DONE is world.reverse(run).state
    assert date(2026, 7, 1) == world.vendor.documents[-1].entry.posting_date


def test_after_a_reversal_the_run_is_posted_again_under_a_new_revision() -> None:
    """Reversed is not posted: the same pay run goes out once more, whole, under revision 2, and the books
    hold it once.
    """
    world, run = posted()
    world.reverse(run)

    second = again(world)

    assert usual_balances() == world.balances()
    assert ["payroll:acme:R1:books:10:1:2", "payroll:acme:R1:books:20:1:2"] == [
        entry.key for entry in world.proposal(second).entries
    ]
    assert ["Payroll 2026-06-30"] * 2 == world.texts()[-2:]


def test_a_run_may_be_posted_and_reversed_again_and_again() -> None:
    """Each time under the next revision; each time the books hold it once, or not at all."""
    world, run = posted()
    for revision in (2, 3):
        world.reverse(run)
        assert {} == world.balances()

        run = again(world)

        assert {f"payroll:acme:R1:books:{entity}:1:{revision}" for entity in (10, 20)} == {
            entry.key for entry in world.proposal(run).entries
        }
        assert usual_balances() == world.balances()


def test_after_a_reversal_another_run_of_the_same_pay_is_posted_whole() -> None:
    """Entry and reversal together are nothing, so nothing is taken off."""
    world, run = posted()
    world.reverse(run)
    world.payroll.add(a_pay_run("R2", factor=2), factor=2)

    second = again(world, "R2")

    assert usual_balances(factor=2) == world.balances()
    assert {"Payroll 2026-06-30"} == {entry.text for entry in world.proposal(second).entries}
    assert () == world.proposal(second).takes_back


def test_a_reversed_difference_leaves_the_first_journal() -> None:
    """R2 corrected R1 and was reversed: R1 stands; R2 again is the difference again."""
    world, _ = posted()
    world.payroll.add(a_pay_run("R2", factor=3), factor=3)
    second = again(world, "R2")
    assert usual_balances(factor=3) == world.balances()
    world.reverse(second)
    assert usual_balances() == world.balances()

    again(world, "R2")

    assert usual_balances(factor=3) == world.balances()


def test_a_reversed_reversal_stands_booked() -> None:
    """The mirror of the mirror brings the entry back, and posting the run again adds nothing."""
    world, run = posted()
    made = world.reverse(run)
    assert RunState.DONE is world.reverse(made.id).state
    assert usual_balances() == world.balances()

    again(world)

    assert usual_balances() == world.balances()


def test_a_deleted_document_counts_for_nothing() -> None:
    """A person deleted the documents in the ledger and that is noted: the run is posted whole, under a new
    revision.
    """
    world = World()
    first = world.post()
    for entry in world.proposal(first.id).entries:
        world.commits.reverse(entry.key, DELETED)
    world.vendor.documents.clear()

    again = world.post()

    assert RunState.DONE is again.state
    assert usual_balances() == world.balances()
    assert {2} == {CommitKey.parse(entry.key).revision for entry in world.proposal(again.id).entries}


def test_a_reversal_proposed_again_finds_what_it_has_sent() -> None:
    """Its answer was lost. Nobody is asked to approve what is booked, and the run ends by itself."""
    world, run = posted()
    made = world.operations.reverse(run).id
    world.run_to_rest()
    world.operations.approve(made, proposal_fingerprint(world.proposal(made)))
    world.vendor.fault = faults.LOST_AFTER
    world.carry_until(made, RunState.WAITING)

    at = world.resume(made, propose_again=True)

    assert RunState.AWAITING_APPROVAL is at.state
    assert "Reversal of 3 in 10" in at.summary
    assert "4 in 20" not in at.summary
    at = world.approve(made)
    assert (RunState.DONE, {}) == (at.state, world.balances())
    assert "by 5 in 20, 6 in 10." in at.summary


def test_a_reversal_proposed_again_ends_where_everything_was_booked() -> None:
    """There is nothing left to approve."""
    world, _ = posted()
    made = world.propose_reversal("payroll:acme:R1:books:20:1:1")
    world.operations.approve(made, proposal_fingerprint(world.proposal(made)))
    world.vendor.fault = faults.LOST_AFTER
    world.carry_until(made, RunState.WAITING)

    at = world.resume(made, propose_again=True)

    assert RunState.DONE is at.state
    assert "by 5 in 20." in at.summary
    assert 3 == len(world.vendor.documents)


def reversed_beside_a_deletion() -> tuple[World, str, str]:
    """A reversal whose second original is deleted in the ledger while its mirror is on its way."""
    world, run = posted()
    made = world.operations.reverse(run).id
    world.run_to_rest()
    world.operations.approve(made, proposal_fingerprint(world.proposal(made)))

    def delete(name: str) -> None:
        if name == "send: recorded":
            world.vendor.documents[:] = [d for d in world.vendor.documents if d.number != "4"]

    world.run_to_rest(delete)
    return world, run, made


def test_a_reversal_of_a_document_that_was_deleted_meanwhile_is_not_said_to_be_done() -> None:
    """It stands alone, and counts in the next run of the pay once somebody says that its document is gone."""
    world, run, made = reversed_beside_a_deletion()
    assert (RunState.HELD, ["booked.gone"]) == (world.at(made).state, world.problems(made))

    assert ["4"] == world.statements.deleted(run)
    at = world.resume(made)
    assert (RunState.HELD, ["reversal.alone"]) == (at.state, world.problems(made))
    world.operations.close(made, "stands alone")
    again(world)

    assert usual_balances() == world.balances()


def test_a_reversal_that_was_deleted_in_the_ledger_counts_for_nothing() -> None:
    """What it took back counts again, and is reversed again under another key."""
    world, run = posted()
    made = world.reverse(run).id
    world.vendor.documents[:] = [d for d in world.vendor.documents if int(d.number) < 5]

    assert ["5", "6"] == world.statements.deleted(made)

    assert "Already booked as 3 in 10, 4 in 20" in world.post("R1").summary
    second = world.reverse(run)
    assert (RunState.DONE, {}) == (second.state, world.balances())
    world.vendor.documents[:] = [d for d in world.vendor.documents if d.number != "7"]
    assert ["7"] == world.statements.deleted(second.id)
    third = world.reverse(run)
    assert (RunState.DONE, {}) == (third.state, world.balances())


def test_a_restored_installation_asks_what_it_may_have_lost_before_it_reverses() -> None:
    """A difference that it made after the backup, and does not know, would stand on nothing."""
    world, run = posted()
    copy = restored(world)
    world.payroll.add(a_pay_run("R2", factor=2), factor=2)
    again(world, "R2")
    made = copy.operations.reverse(run).id

    copy.run_to_rest()

    assert (RunState.HELD, ["ledger.look_alike"]) == (copy.at(made).state, copy.problems(made))
    assert "--accept 20/6 --accept 10/5." in copy.problem_list(made)[0].text


@pytest.mark.parametrize("when", ["before it is proposed", "before it is posted"])
def test_a_document_that_people_took_back_is_not_reversed_again(when: str) -> None:
    """The pay would stand at less than nothing."""
    world = World()
    run = world.post().id

    def take_back() -> None:
        original = world.vendor.documents[0]
        lines = tuple(replace(line, amount=-line.amount) for line in original.entry.lines)
        world.vendor.book(replace(original.entry, lines=lines), original.marker)

    if when == "before it is proposed":
        take_back()
    reversal = world.operations.reverse(run).id
    world.run_to_rest()
    if when == "before it is posted":
        take_back()
        world.approve(reversal)

    assert (RunState.HELD, ["ledger.look_alike"]) == (world.at(reversal).state, world.problems(reversal))
    named = f"ml-connector runs mark-booked-elsewhere {reversal} --document 10/"
    assert named in world.problem_list(reversal)[0].text
    assert 3 == len(world.vendor.documents)
    assert RunState.CANCELLED is world.operations.cancel(reversal).state


def proposed_reversal(world: World, run: str) -> str:
    """A reversal of the run that waits for approval."""
    reversal: str = world.operations.reverse(run).id
    world.run_to_rest()
    return reversal


def test_a_reversal_looks_once_before_its_entries_and_once_after(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever their number: the look shows the originals, too. What was written is read to compare it, and
    both sides at the end.
    """
    calls: Counter[str] = Counter()

    def count(name: str) -> None:
        ask = getattr(Ledger, name)

        def counted(self: Ledger, *asked: Any) -> Any:
            calls[name] += 1
            return ask(self, *asked)

        monkeypatch.setattr(Ledger, name, counted)

    world, run = posted()
    reversal = proposed_reversal(world, run)
    for name in ("look", "locate", "read_back"):
        count(name)

    assert RunState.DONE is world.approve(reversal).state
    assert {"look": 1, "locate": 2, "read_back": 2 + 2 + 2} == calls


def test_an_original_that_was_edited_lets_no_mirror_be_sent() -> None:
    """Not that of another one either: a reversal is not begun that cannot be finished."""
    world, run = posted()
    reversal = proposed_reversal(world, run)
    edited = next(document for document in world.vendor.documents if document.number == "3")
    first, second, *rest = edited.entry.lines
    one = Money.parse("1.00", "EUR")
    lines = (replace(first, amount=first.amount + one), replace(second, amount=second.amount - one), *rest)
    edited.entry = replace(edited.entry, lines=lines)

    at = world.approve(reversal)

    assert (RunState.HELD, {"booked.edited"}) == (at.state, set(world.problems(reversal)))
    assert "Document 3 in 10 was edited since it was booked." in world.problem_list(reversal)[0].text
    assert 2 == len(world.vendor.documents)


def test_an_original_that_a_list_does_not_show_whole_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person gave it what no entry of ours has, and its lines look the same."""
    world, run = posted()
    reversal = proposed_reversal(world, run)
    documents, read_back = Ledger.documents, Ledger.read_back

    def listed(self: Ledger, *of: Any) -> tuple[BookedEntry, ...]:
        return tuple(replace(d, irregular=d.receipt.number == "3" or None) for d in documents(self, *of))

    def read(self: Ledger, receipt: Receipt) -> BookedEntry:
        if receipt.number == "3":
            raise Refused("Document 3 is in period 202607.", where="document 3", code="document.period")
        return read_back(self, receipt)

    monkeypatch.setattr(Ledger, "documents", listed)
    monkeypatch.setattr(Ledger, "read_back", read)

    at = world.approve(reversal)

    assert (RunState.HELD, ["document.period"]) == (at.state, world.problems(reversal))
    assert 2 == len(world.vendor.documents)
    looked(world)
    assert ["booked.edited"] == [code for code, _ in incidents(world, run)]


def test_a_mirror_is_noted_where_the_next_is_refused() -> None:
    """Whoever looks meanwhile sees that the first is taken back, also when the run is closed as it is."""
    world, run = posted()
    reversal = proposed_reversal(world, run)
    world.operations.approve(reversal, world.operations.records.fingerprint(reversal))

    def refuse(name: str) -> None:
        if len(world.vendor.documents) > 2:
            world.vendor.closed.add((2026, 6))

    world.run_to_rest(refuse)

    assert (RunState.HELD, 3) == (world.at(reversal).state, len(world.vendor.documents))
    rows = world.commit_rows()
    assert ("", "reversal:payroll:acme:R1:books:20:1:1:1") == tuple(
        rows[f"payroll:acme:R1:books:{entity}:1:1"].reversed_by for entity in ("10", "20")
    )
    assert RunState.CLOSED is world.operations.close(reversal, "the rest stays").state
    assert usual_balances(entities=("10",)) == world.balances()


def reversed_pay() -> tuple[World, str]:
    """A pay of two documents that was reversed by two others, and the reversal."""
    world = World()
    reversal = world.reverse(world.post().id)
    assert (RunState.DONE, 4) == (reversal.state, len(world.vendor.documents))
    return world, reversal.id


def test_a_reversal_that_people_deleted_is_seen_before_the_pay_is_booked_again() -> None:
    """What it took back stands again: to book the pay once more would book it twice."""
    world, reversal = reversed_pay()
    del world.vendor.documents[2:]

    at = world.post("R1")

    assert (RunState.HELD, {"booked.gone"}) == (at.state, set(world.problems(at.id)))
    assert f"mark-deleted {reversal}" in world.problem_list(at.id)[0].text
    assert usual_balances() == world.balances()


def test_a_reversal_whose_original_people_deleted_is_taken_back_with_the_rest() -> None:
    """In one entity people deleted the reversal, and in the other the original: reversing the run brings both
    to nothing, and whoever says what was deleted is told.
    """
    world = World()
    run = world.post().id
    reversal = world.reverse(run).id
    world.vendor.documents[:] = [d for d in world.vendor.documents if d.number not in ("4", "6")]

    assert ["4"] == world.statements.deleted(run)
    told = world.statements.alone(run)
    assert "Still in the ledger: 5 in 20, which reversed what is deleted now." in told
    assert f"runs reverse {run}. Or delete it there too, and record that" in told
    assert f"runs mark-deleted {reversal}." in told
    assert ["6"] == world.statements.deleted(reversal)
    at = world.reverse(run)

    assert (RunState.DONE, {}) == (at.state, world.balances())
    assert "5 in 20" in at.summary
    assert "3 in 10" in at.summary
    assert "" == world.statements.alone(run)
    again(world)
    assert usual_balances() == world.balances()


def test_a_reversal_that_stands_alone_is_deleted_too() -> None:
    """Then nothing of the pair is left, and nothing more is said."""
    world = World()
    run = world.post().id
    reversal = world.reverse(run).id
    world.vendor.documents[:] = [d for d in world.vendor.documents if d.number != "4"]
    assert ["4"] == world.statements.deleted(run)
    world.vendor.documents[:] = [d for d in world.vendor.documents if d.number != "5"]

    assert ["5"] == world.statements.deleted(reversal)

    assert "" == world.statements.alone(run)
    again(world)
    assert usual_balances() == world.balances()


def test_a_pair_that_people_deleted_together_comes_to_nothing_still() -> None:
    """They tidied up: the pay is booked again."""
    world, _ = reversed_pay()
    world.vendor.documents.clear()

    at = world.post("R1")

    assert (RunState.DONE, usual_balances()) == (at.state, world.balances())


def delete(world: World, *numbers: str) -> None:
    """Somebody deletes documents in the ledger."""
    world.vendor.documents[:] = [d for d in world.vendor.documents if d.number not in numbers]


def test_a_run_whose_reversal_was_deleted_says_that_it_is_booked_again() -> None:
    """Document by document; the reversal says that it is deleted, and the run that of its own, too."""
    world, run = posted()
    made = world.reverse(run).id
    delete(world, "6")

    assert ["6"] == world.statements.deleted(made)

    assert world.at(run).notice == (
        f"Booked again: 3 in 10. Still reversed: 4 in 20. Deleted in the ledger: 6 in 10 (run {made})."
    )
    assert "Deleted in the ledger: 6 in 10, says anna." == world.at(made).notice
    assert "3 in 10" == world.statements.again(made)
    assert "" == world.statements.twice(made)
    delete(world, "3")
    assert ["3"] == world.statements.deleted(run)
    assert "Deleted in the ledger: 3 in 10, says anna." == world.at(run).notice


def test_a_run_is_reversed_again_where_what_reversed_its_reversal_was_deleted() -> None:
    """Every run of the chain says what is true now."""
    world, run = posted()
    made = world.reverse(run).id
    last = world.reverse(made).id
    delete(world, "7", "8")

    assert ["7", "8"] == world.statements.deleted(last)

    why = f"Deleted in the ledger: 7 in 10, 8 in 20 (run {last})."
    assert f"Booked again: 5 in 20, 6 in 10. {why}" == world.at(made).notice
    assert f"Reversed again: 3 in 10, 4 in 20. {why}" == world.at(run).notice
    assert {} == world.balances()


@pytest.mark.parametrize("by_people", [False, True])
def test_a_pay_that_was_booked_again_before_its_reversal_was_deleted_is_named(by_people: bool) -> None:
    """It is in the books twice, and the run that is named takes one back. A difference that was made before
    the reversal is no second document of the pay.
    """
    world = World(mode=Mode.APPROVE)
    world.payroll.add(a_pay_run("R1", companies=("US1",)))
    run = world.post("R1").id
    assert RunState.DONE is world.approve(run).state
    if by_people:
        original = world.vendor.documents[0]
        lines = tuple(replace(line, amount=-line.amount) for line in original.entry.lines)
        back = world.vendor.book(replace(original.entry, lines=lines), "").number
        second = world.post("R1").id
        world.statements.booked_elsewhere(second, [f"10/{back}"], "taken back")
        world.run_to_rest()
    else:
        reversal = world.reverse(run).id
        second = world.post("R1").id
    assert RunState.DONE is world.approve(second).state
    delete(world, "4")
    said_of = second if by_people else reversal

    assert ["4"] == world.statements.deleted(said_of)

    assert usual_balances(2, ("10",)) == world.balances()
    assert world.statements.twice(said_of) == (
        "The pay is in the books twice now: 3 in 10 counts again, and 5 in 10 was booked after it had been"
        f" reversed. Reverse that: ml-connector runs reverse {second}."
    )
    assert f"Booked again: 3 in 10. Deleted in the ledger: 4 in 10 (run {said_of})." == world.at(run).notice
    assert RunState.DONE is world.reverse(second).state
    assert usual_balances(entities=("10",)) == world.balances()


def test_a_difference_that_counts_again_stands_on_its_document() -> None:
    """It was made before the reversal, with the first document in view: nothing is in the books twice."""
    world, _ = posted()
    world.payroll.add(a_pay_run("R2", factor=2), factor=2)
    reversal = world.reverse(again(world, "R2")).id
    delete(world, "7", "8")

    assert ["7", "8"] == world.statements.deleted(reversal)

    assert "" == world.statements.twice(reversal)
    assert usual_balances(factor=2) == world.balances()
