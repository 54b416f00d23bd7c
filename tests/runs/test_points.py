"""A process may die before and after every durable write and every send: each such place has a name, and each
is tried.

One clean pass records the names in order. Then, for every one of them, a process dies there and another comes
back on the same tables: afterwards each entry stands in the books once, the run is done, and the tie-out is
equal.
"""

from __future__ import annotations

from collections import Counter

import pytest
from tests.payday import DIES_LATE, Crash, World, usual_balances

from ml_connector.contract import world as faults
from ml_connector.domain.document import Marker
from ml_connector.domain.proposal import Proposal
from ml_connector.domain.tie_out import TieRow
from ml_connector.flows.flow import Mode
from ml_connector.ports.commits import CommitState
from ml_connector.ports.runs import RunState

SENT = [
    "commit: before open",
    "commit: opened",
    "intent: before",
    "intent: written",
    "send: before",
    "send: answered",
    "send: recorded",
]
CONFIRMED = ["confirm: before", "confirm: recorded"]


class Dying:
    """Notes every place a process comes by, and dies at the place of the given number."""

    def __init__(self, at: int | None = None) -> None:
        self.at, self.names = at, []

    def __call__(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) - 1 == self.at:
            raise Crash(name)


def clean_pass(fault: str | None = None) -> list[str]:
    world, dying = World(), Dying()
    world.vendor.fault = fault
    world.start()
    world.run_to_rest(dying)
    return dying.names


PLACES = list(enumerate(clean_pass()))


def die(world: World, dying: Dying) -> None:
    with pytest.raises(Crash):
        world.run_to_rest(dying)


def assert_posted_once(world: World, run: str) -> None:
    """Each entry stands once, the run is done, and the four books of the tie-out are equal."""
    proposal = world.proposal(run)
    assert isinstance(proposal, Proposal)
    assert (RunState.DONE, []) == (world.at(run).state, world.problems(run))
    assert Counter(Marker.of(entry.key).token for entry in proposal.entries) == Counter(world.markers())
    assert usual_balances() == world.balances()
    rows: tuple[TieRow, ...] = world.recorded(run, "confirm", "tie-out")
    assert [] == [row for row in rows if row.difference]
    ledger = [row.ledger for row in rows if row.company == "*"]
    assert ["3229.50 EUR", "3229.50 EUR"] == [str(value) for value in ledger]
    assert {CommitState.CONFIRMED} == {row.state for row in world.commit_rows().values()}
    assert None is next((key for key in world.commit_rows() if world.commits.open_intent(key)), None)


def test_every_place_of_the_protocol_is_passed() -> None:
    """The clean pass comes by every named place of the write path, once per entry, in the order of the
    protocol: all are sent, then all are confirmed.
    """
    names = [name for _, name in PLACES if name.split(":")[0] in ("commit", "intent", "send", "confirm")]

    assert SENT * 2 + CONFIRMED * 2 == names


def test_every_step_has_its_three_places() -> None:
    """Each recorded step can die before it is done, between doing and recording, and after recording."""
    names = [name for _, name in PLACES]
    steps = [name.removesuffix(": before recording") for name in names if name.endswith(": before recording")]

    assert ["pay run", "basis", "proposal", "last look", "tie-out"] == steps
    for step in steps:
        assert f"{step}: before" in names
        assert f"{step}: recorded" in names


@pytest.mark.parametrize(("number", "name"), PLACES, ids=[f"{number}-{name}" for number, name in PLACES])
def test_dying_there_posts_each_entry_once(number: int, name: str) -> None:
    """The process dies at this place; the one that comes back finishes the run and books nothing twice."""
    world = World()
    run = world.start()
    die(world, Dying(number))

    world.run_to_rest()

    assert_posted_once(world, run)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "name"), PLACES, ids=[f"{number}-{name}" for number, name in PLACES])
def test_dying_there_twice_posts_each_entry_once(number: int, name: str) -> None:
    """The process that came back dies as well, at every second place it comes to."""
    counted = World()
    counted.start()
    die(counted, Dying(number))
    after = Dying()
    counted.run_to_rest(after)
    for second in range(0, len(after.names), 2):
        world = World()
        run = world.start()
        die(world, Dying(number))
        die(world, Dying(second))

        world.run_to_rest()

        assert_posted_once(world, run)


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault", [faults.LOST_AFTER, faults.LOST_BEFORE, faults.LATE_COMMIT, faults.THROTTLED, faults.UNREACHABLE]
)
def test_a_fault_and_a_death_at_every_place_post_each_entry_once(fault: str) -> None:
    """The first send meets a fault of the network, and the process dies besides, at every place in turn."""
    for number in range(len(clean_pass(fault))):
        world = World()
        world.vendor.fault = fault
        run = world.start()
        die(world, Dying(number))

        world.run_to_rest()

        assert_posted_once(world, run)


def test_places_after_a_fault_are_named_too() -> None:
    """An unknown outcome passes the places where it is settled, or adopted."""
    assert "commit: settled" in clean_pass(faults.LOST_BEFORE)
    assert "commit: adopted" in clean_pass(faults.LOST_AFTER)
    assert "commit: adopted" in clean_pass(faults.LATE_COMMIT)


def test_dying_with_the_entry_on_its_way_posts_it_once() -> None:
    """The process dies while the entry is in the ledger's hands, which books it two seconds later: it is
    waited for, and found.
    """
    world = World()
    world.vendor.fault = DIES_LATE
    run = world.start()
    die(world, Dying())

    world.run_to_rest()

    assert_posted_once(world, run)
    assert [True, False] == [row.adopted for row in world.commit_rows().values()]


@pytest.mark.parametrize(("number", "name"), PLACES, ids=[f"{number}-{name}" for number, name in PLACES])
def test_a_backup_taken_there_and_restored_posts_nothing_twice(number: int, name: str) -> None:
    """A backup is taken at this place, the run is finished, and the backup comes back in use: its look-ups
    find what was booked after it.
    """
    world = World()
    run = world.start()
    die(world, Dying(number))
    restored = world.copy()
    world.run_to_rest()

    restored.run_to_rest()

    assert_posted_once(world, run)
    assert_posted_once(restored, run)


@pytest.mark.parametrize(("number", "name"), PLACES, ids=[f"{number}-{name}" for number, name in PLACES])
def test_a_reversal_that_dies_there_is_booked_once(number: int, name: str) -> None:
    """Dying anywhere in a reversal leaves one mirror per entry, linked to its original, and empty books."""
    world = World(mode=Mode.APPROVE)
    run = world.start()
    world.run_to_rest()
    world.approve(run)
    made = world.operations.reverse(run).id
    dying = Dying(number)
    try:
        world.run_to_rest(dying)
    except Crash:
        world.run_to_rest()

    assert RunState.DONE is world.approve(made).state
    assert {} == world.balances()
    assert 4 == len(world.vendor.documents)
    assert all(
        row.reversed_by.startswith("reversal:")
        for key, row in world.commit_rows().items()
        if key.startswith("payroll:")
    )
