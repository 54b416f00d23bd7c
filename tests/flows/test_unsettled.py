"""An entry of which nobody knows yet whether it is booked: what it holds up, and what people say of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.flows.test_payroll_journal import by_hand
from tests.flows.test_reversal import posted
from tests.payday import Crash, World, a_pay_run, usual_balances
from tests.runs.test_settled import dies_at

from ml_connector.app.refusals import NotAllowed
from ml_connector.contract import world as faults
from ml_connector.domain.document import Marker
from ml_connector.flows.flow import Mode
from ml_connector.flows.posting.consent import proposal_fingerprint
from ml_connector.ports.commits import CommitState
from ml_connector.ports.runs import RunState


def half_written(world: World) -> None:
    """Killed between two parts of an entry."""
    world.vendor.part_lines = 2
    with pytest.raises(Crash):
        world.run_to_rest(dies_at("send: recorded"))


def not_posted(world: World) -> None:
    """Written as a draft, and edited there before it was posted."""
    world.vendor.posts_itself = False
    with pytest.raises(Crash):
        world.run_to_rest(dies_at("send: recorded"))
    document = world.vendor.documents[0]
    line, *others = document.entry.lines
    document.entry = replace(document.entry, lines=(replace(line, text="edited", account="4020"), *others))
    world.run_to_rest()
    document.entry = replace(document.entry, lines=(line, *others))


def on_its_way(world: World) -> None:
    """Killed when the ledger has answered."""
    with pytest.raises(Crash):
        world.run_to_rest(dies_at("send: answered"))


def unknown(world: World) -> None:
    """Its answer is lost, and the ledger cannot be searched for it."""
    world.limit(marker_is_searchable=False)
    world.ledger.keeps_marker = False
    world.vendor.fault = faults.LOST_AFTER
    world.run_to_rest()


@pytest.mark.parametrize(
    ("begin", "state"),
    [
        (half_written, CommitState.WRITING),
        (not_posted, CommitState.DRAFT),
        (on_its_way, CommitState.SENDING),
        (unknown, CommitState.UNKNOWN),
    ],
)
def test_an_unsettled_entry_of_an_earlier_run_holds_the_next(
    begin: Callable[[World], None], state: CommitState
) -> None:
    """Whatever it is that is not known yet of the earlier entry, no difference is made to it, and no second
    journal beside it.
    """
    world = World()
    first = world.start()
    begin(world)
    if world.at(first).state is RunState.RUNNING:
        world.runs.move(world.at(first), state=RunState.HELD)
    world.payroll.add(a_pay_run("R2", factor=2), factor=2)

    at = world.post("R2")

    assert state in {row.state for row in world.commit_rows().values()}
    assert (RunState.HELD, {"earlier.unsettled"}) == (at.state, set(world.problems(at.id)))
    assert 1 == len(world.vendor.documents)


def test_the_claim_of_a_run_whose_send_is_not_known_stays() -> None:
    """While it waits for the ledger to settle, and while it waits for people; it ends with what is not
    known.
    """
    world = World()
    run = world.start()
    world.vendor.fault = faults.LOST_AFTER
    world.carry_until(run, RunState.WAITING)
    assert run == world.claimed_by(run)
    world.run_to_rest()
    assert (RunState.DONE, "") == (world.at(run).state, world.claimed_by(run))

    held, run, _ = unknown_outcome()
    assert (RunState.HELD, run) == (held.at(run).state, held.claimed_by(run))


def test_a_run_that_posted_is_not_cancelled_nor_closed_while_a_send_is_open() -> None:
    """It would be forgotten that the ledger may hold its entry; with nothing open it is closed and not
    cancelled.
    """
    world = World()
    run = world.start()
    on_its_way(world)
    world.runs.move(world.at(run), state=RunState.HELD)

    with pytest.raises(NotAllowed, match="has posted, or may post now"):
        world.operations.cancel(run)
    with pytest.raises(NotAllowed, match="whether it is booked must be known first"):
        world.operations.close(run, "enough")
    assert RunState.HELD is world.at(run).state


@pytest.mark.parametrize("begin", [half_written, not_posted])
def test_a_document_that_is_not_booked_is_deleted_and_its_run_cancelled(
    begin: Callable[[World], None],
) -> None:
    """Whoever does not want the run any more is told how to end it; letting it go on would book it."""
    world = World()
    run = world.start()
    begin(world)
    world.runs.move(world.at(run), state=RunState.HELD)
    named = rf"delete draft 3 in 10 of the ledger, then say so: ml-connector runs mark-deleted {run}"

    with pytest.raises(NotAllowed, match=named):
        world.operations.close(run, "not wanted")
    world.vendor.documents.clear()
    world.statements.deleted(run)
    assert RunState.CANCELLED is world.operations.cancel(run).state
    world.vendor.part_lines, world.vendor.posts_itself = 0, True
    again = world.start()
    world.run_to_rest()
    assert (RunState.DONE, usual_balances()) == (world.at(again).state, world.balances())


# --- what people say of the books ---------------------------------------------------------------------------


def unknown_outcome() -> tuple[World, str, str]:
    """A run held because nobody knows whether its first entry is booked, which it is; its key."""
    world = World()
    run = world.start()
    unknown(world)
    (key,) = [row.key for row in world.commit_rows().values() if row.state is CommitState.UNKNOWN]
    return world, run, key


def wanted_by_two(world: World, wanted: bool) -> None:
    """What the organisation wants of statements on unknown outcomes."""
    organisation = world.access.organisation
    organisation.four_eyes = wanted
    organisation.save()


def test_one_person_settles_an_unknown_outcome_where_the_organisation_wants_no_more() -> None:
    """And it is noted how many they were."""
    world, run, key = unknown_outcome()
    wanted_by_two(world, False)
    reference = world.vendor.documents[0].reference

    assert world.statements.settle(key, booked_as=reference).startswith("Settled")

    assert RunState.DONE is world.resume(run).state
    assert usual_balances() == world.balances()
    assert "commit.settled" in world.audited


def test_a_statement_that_it_is_booked_is_proved() -> None:
    """By reading the document, which must be the entry."""
    world, _, key = unknown_outcome()
    number = by_hand(world)
    (other,) = [document.reference for document in world.vendor.documents if document.number == number]

    with pytest.raises(NotAllowed, match=f"Document {other} is not this entry"):
        world.statements.settle(key, booked_as=other)

    assert CommitState.UNKNOWN is world.commits.get(key).state


def unknown_beside_another() -> tuple[World, str]:
    """A pay posted as document 3, in a ledger that cannot be searched, and its run."""
    world = World(mode=Mode.APPROVE)
    world.limit(marker_is_searchable=False)
    world.ledger.keeps_marker = False
    world.payroll.add(a_pay_run("R1", companies=("US1",)))
    run = world.post("R1").id
    assert RunState.DONE is world.approve(run).state
    return world, run


def lost(world: World, run: str) -> str:
    """The answer of the run's send is lost, and nothing is booked; the key of which nobody knows."""
    world.vendor.fault = faults.LOST_BEFORE
    assert RunState.HELD is world.approve(run).state
    (key,) = [key for key, row in world.commit_rows().items() if row.state is CommitState.UNKNOWN]
    return key


def test_an_outcome_is_not_the_document_of_an_earlier_run_that_was_reversed() -> None:
    """It says the same to the cent and counts for nothing: the pay would be called posted and be nowhere."""
    world, first = unknown_beside_another()
    world.reverse(first)
    key = lost(world, again := world.post("R1").id)

    with pytest.raises(NotAllowed, match=f"run {first} booked it, and 4 in 10 reversed it"):
        world.statements.settle(key, booked_as="document-3")

    assert world.statements.settle(key, booked_as=None).startswith("Settled: not booked")
    assert RunState.DONE is world.resume(again).state
    assert usual_balances(entities=("10",)) == world.balances()


def test_an_outcome_is_not_the_document_of_another_pay() -> None:
    """Two pays may come to the same amounts."""
    world, first = unknown_beside_another()
    world.payroll.add(replace(a_pay_run("R2", companies=("US1",)), subject="group B"))
    key = lost(world, second := world.post("R2").id)

    with pytest.raises(NotAllowed, match=f"run {first} booked it. Look for another document. If there is no"):
        world.statements.settle(key, booked_as="document-3")

    assert world.statements.settle(key, booked_as=None).startswith("Settled: not booked")
    assert RunState.DONE is world.resume(second).state
    assert usual_balances(2, ("10",)) == world.balances()


def test_an_outcome_is_not_a_document_that_was_named_as_booked_elsewhere() -> None:
    """It counts already, for another pay."""
    world, _ = unknown_beside_another()
    copy = world.vendor.book(world.vendor.documents[0].entry, "").number
    again = world.post("R1").id
    world.statements.booked_elsewhere(again, [f"10/{copy}"], "copied")
    world.payroll.add(replace(a_pay_run("R2", companies=("US1",)), subject="group B"))
    world.run_to_rest()
    second = world.post("R2").id
    key = lost(world, second)

    with pytest.raises(NotAllowed, match=f"it was named as booked elsewhere in run {again}"):
        world.statements.settle(key, booked_as=f"document-{copy}")


def test_a_document_that_is_settled_and_not_posted_is_no_booking() -> None:
    """Somebody says that the entry became a document that waits to be posted: proposed again, the run does
    not say that its pay is booked.
    """
    world = World()
    world.vendor.posts_itself = False
    world.limit(posts_itself=False)
    run = world.start()
    unknown(world)
    (key,) = [row.key for row in world.commit_rows().values() if row.state is CommitState.UNKNOWN]
    world.statements.settle(key, booked_as=world.vendor.documents[0].reference)

    at = world.resume(run, propose_again=True)

    assert (RunState.HELD, ["draft.left"]) == (at.state, world.problems(run))


def test_a_part_that_the_ledger_holds_is_named_as_one_that_is_to_be_deleted() -> None:
    """The first part of an entry came very late, when people had to say already what became of it: it is no
    whole entry, so that nobody can say that it is booked as that, and what they can do is named.
    """
    world, run, key = unknown_outcome()
    (entry,) = [document.entry for document in world.vendor.documents]
    world.vendor.documents.clear()
    world.vendor.part_lines = 2
    world.ledger.keeps_marker = True
    late = world.vendor.post(entry, Marker.of(key).token, "")

    with pytest.raises(NotAllowed, match=f"a part of this entry as document {late.number}, .* Delete it"):
        world.statements.settle(key, booked_as=None)
    world.vendor.documents.remove(late)

    assert world.statements.settle(key, booked_as=None).startswith("Settled: not booked")
    world.vendor.part_lines = 0
    assert RunState.DONE is world.resume(run).state


def test_a_document_that_is_there_is_not_marked_as_deleted() -> None:
    """Each is looked for; only what is gone counts for nothing."""
    world, run = posted()
    with pytest.raises(NotAllowed, match=f"No document of run {run} is gone; still in the ledger: 3, 4"):
        world.statements.deleted(run)

    del world.vendor.documents[0]

    assert ["3"] == world.statements.deleted(run)
    assert [True, False] == [bool(row.reversed_by) for row in world.commit_rows().values()]


def test_what_a_difference_has_written_of_itself_is_not_called_edited() -> None:
    """What a run has sent of its own entry is no document the pay is based on: an answer that was lost in
    the middle is looked up, and the writing goes on from there.
    """
    world = World(mode=Mode.APPROVE)
    assert RunState.DONE is world.approve(world.post().id).state
    world.vendor.part_lines = 2
    world.payroll.add(a_pay_run("R2", factor=2), factor=2)
    second = world.post("R2").id
    world.vendor.fault = faults.LOST_AFTER

    world.operations.approve(second, proposal_fingerprint(world.proposal(second)))

    world.run_to_rest(lambda _: world.vendor.run_posting_job())

    assert (RunState.DONE, []) == (world.at(second).state, world.problems(second)), world.at(second)
    assert usual_balances(factor=2) == world.balances()
