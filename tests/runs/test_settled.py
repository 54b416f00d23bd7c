"""When an earlier send has settled, whose intent it is, and whose turn."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.payday import Crash, World, a_pay_run, usual_balances
from tests.runs.test_exactly_once import KEY, ORIGIN, an_entry, committer, elsewhere

from ml_connector.contract import world as faults
from ml_connector.contract.memory import VirtualClock
from ml_connector.errors import KeyConflict
from ml_connector.ports.runs import RunState
from ml_connector.runs.intent import Incident, Wait
from ml_connector.runs.stages import StageCall, carry_out

LONG_SECONDS = 3600.0


class Machine(VirtualClock):
    """The clock of one start of a machine, apart from the database's."""

    def __init__(self, name: str, monotonic: float = 0.0) -> None:
        super().__init__()
        self._name = name
        self.advance(monotonic)

    def machine(self) -> str:
        return self._name


def dies_at(place: str) -> Callable[[str], None]:
    """A process that is killed there."""

    def die(name: str) -> None:
        if name == place:
            raise Crash(name)

    return die


def carried_to_posting(world: World, reference: str) -> str:
    """A run that is read and proposed, and posts next."""
    run = world.start(reference)
    for stage in ("read", "propose"):
        carry_out(StageCall(run, stage, world.at(run).attempt), world.workshop())
    assert ("post", RunState.READY) == (world.at(run).stage, world.at(run).state)
    return run


@pytest.mark.parametrize("first", ["database", "machine"])
def test_both_clocks_must_say_that_a_send_has_settled(first: str) -> None:
    """One of them jumps ahead an hour: nothing is looked up and nothing is sent before the other follows."""
    world, machine = World(), Machine("first start")
    with pytest.raises(Crash):
        committer(world, clock=machine, crash_point=dies_at("intent: written")).commit_once(
            an_entry(), ORIGIN
        )
    clocks = [world.clock, machine] if first == "database" else [machine, world.clock]

    clocks[0].advance(LONG_SECONDS)
    with pytest.raises(Wait):
        committer(world, clock=machine).commit_once(an_entry(), ORIGIN)
    assert [] == world.vendor.documents

    clocks[1].advance(LONG_SECONDS)
    committer(world, clock=machine).commit_once(an_entry(), ORIGIN)
    assert 1 == len(world.vendor.documents)


def test_after_a_restart_of_the_machine_a_whole_settling_time_counts() -> None:
    """Its clock began anew and cannot be compared; whatever it shows, it counts from the first look."""
    world = World()
    with pytest.raises(Crash):
        committer(world, clock=Machine("first start"), crash_point=dies_at("intent: written")).commit_once(
            an_entry(), ORIGIN
        )
    world.clock.advance(LONG_SECONDS)
    machine = Machine("second start", monotonic=LONG_SECONDS)

    with pytest.raises(Wait):
        committer(world, clock=machine).commit_once(an_entry(), ORIGIN)
    assert [] == world.vendor.documents

    machine.advance(world.ledger.limits.settle_seconds + 1)
    committer(world, clock=machine).commit_once(an_entry(), ORIGIN)
    assert 1 == len(world.vendor.documents)


def test_an_intent_of_the_same_number_in_a_restored_backup_is_not_ours() -> None:
    """A process sleeps between intent and wire; a backup without its intent is restored, and another process
    writes one, which gets the same number. Waking up, the first neither sends nor closes it.
    """
    world = World()
    backup = world.copy().tables

    def restored(name: str) -> None:
        if name == "intent: written":
            world.tables = backup
            other = elsewhere(world, crash_point=dies_at("intent: written"))
            with pytest.raises(Crash):
                other.commit_once(an_entry(), ORIGIN)

    with pytest.raises(KeyConflict):
        committer(world, crash_point=restored).commit_once(an_entry(), ORIGIN)

    assert ([], [""]) == (world.vendor.documents, [intent.end for intent in world.intents()])
    world.clock.advance(LONG_SECONDS)
    committer(world).commit_once(an_entry(), ORIGIN)
    assert 1 == len(world.vendor.documents)


def test_an_entry_that_was_reversed_is_neither_sent_nor_said_to_be_booked() -> None:
    """Its key is used up for good, and its receipt is no proof of anything any more."""
    world = World()
    committer(world).commit_once(an_entry(), ORIGIN)
    world.commits.reverse(KEY, f"reversal:{KEY}:1")

    with pytest.raises(KeyConflict, match="is never sent again"):
        committer(world).commit_once(an_entry(), ORIGIN)

    assert 1 == len(world.vendor.documents)


def test_one_run_at_a_time_posts_to_a_ledger() -> None:
    """Another process takes up a run of another pay while the first has sent its entry: it waits, and says
    for what.
    """
    world = World()
    world.payroll.add(a_pay_run("R2", subject="biweekly 2026-06-16"))
    first, second = carried_to_posting(world, "R1"), carried_to_posting(world, "R2")
    met: list[RunState] = []

    def meet(name: str) -> None:
        if name == "send: recorded" and not met:
            carry_out(StageCall(second, "post", world.at(second).attempt), world.workshop())
            met.append(world.at(second).state)

    carry_out(StageCall(first, "post", world.at(first).attempt), world.workshop(meet))

    assert [RunState.WAITING] == met
    assert "Another run is posting to books. This run continues after it." == world.at(second).summary
    assert 2 == len(world.vendor.documents)
    world.run_to_rest()
    assert usual_balances(factor=2) == world.balances()


def test_a_ledger_that_drops_the_marker_is_not_sent_the_entry_again() -> None:
    """Nothing is known of its habit yet: the first answer of all was lost, and no search finds the document.
    The journal holds one that says the same, so a person is asked.
    """
    world = World()
    world.ledger.keeps_marker = False
    run = world.start()
    world.vendor.fault = faults.LOST_AFTER

    world.run_to_rest()

    assert (RunState.HELD, ["outcome.unknown"]) == (world.at(run).state, world.problems(run))
    assert 1 == len(world.vendor.documents)


def test_a_document_of_others_that_says_the_same_is_no_proof_against_the_marker() -> None:
    """A clerk booked it by hand meanwhile: a person is asked, and the marker is trusted as before."""
    world = World()
    world.vendor.fault = faults.LOST_BEFORE
    with pytest.raises(Wait):
        committer(world).commit_once(an_entry(), ORIGIN)
    world.vendor.book(an_entry(), "no marker of ours")
    world.clock.advance(10_000)

    with pytest.raises(Incident, match="says the same and is not known here"):
        committer(world).commit_once(an_entry(), ORIGIN)

    assert "" == world.commits.marker_distrusted("10")
    with pytest.raises(Incident, match="says the same and is not known here"):
        committer(world).commit_once(an_entry(), ORIGIN)


def test_a_document_that_a_person_said_is_no_pay_of_the_run_decides_nothing() -> None:
    """It was there before the send, so that it is not what became of it: the entry is sent again once it is
    certain that the first send booked nothing.
    """
    world = World()
    world.vendor.book(an_entry(), "no marker of ours")
    accepted = {f"10/{world.vendor.documents[0].number}": "not this pay"}
    world.vendor.fault = faults.LOST_BEFORE
    with pytest.raises(Wait):
        committer(world, accepted=lambda: accepted).commit_once(an_entry(), ORIGIN)
    world.clock.advance(10_000)

    committer(world, accepted=lambda: accepted).commit_once(an_entry(), ORIGIN)

    assert 2 == len(world.vendor.documents)


def test_a_document_with_our_marker_counts_whatever_a_person_said_of_it() -> None:
    """No search finds it, and the journal shows its marker: it is the entry."""
    world = World()
    world.vendor.fault = faults.LOST_AFTER
    with pytest.raises(Wait):
        committer(world).commit_once(an_entry(), ORIGIN)
    accepted = {f"10/{world.vendor.documents[0].number}": "not this pay"}
    world.clock.advance(10_000)
    world.ledger.keeps_marker = False

    with pytest.raises(Incident, match="has its marker, and no search finds it"):
        committer(world, accepted=lambda: accepted).commit_once(an_entry(), ORIGIN)

    assert 1 == len(world.vendor.documents)
