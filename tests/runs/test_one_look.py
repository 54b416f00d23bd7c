"""One look at the ledger for all documents of a run: before the first send, and when all are posted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from tests.payday import Ledger, World, usual_balances
from tests.runs.test_exactly_once import ORIGIN, an_entry, committer

from ml_connector.contract import world as faults
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.journal import JournalEntry
from ml_connector.errors import Halted, PeriodClosed
from ml_connector.ports.commits import CommitState
from ml_connector.ports.runs import RunState
from ml_connector.runs.intent import BELIEVED_SECONDS, Committer, Incident, Seen, Wait

FIRST, SECOND = (an_entry(f"payroll:acme:R1:books:10:{number}:1", f"{number}.00") for number in (1, 2))
BOTH = [(FIRST, ORIGIN), (SECOND, ORIGIN)]
MARKED = [(entry, Marker.of(entry.key)) for entry in (FIRST, SECOND)]


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many documents each look-up was for, in order."""
    counted: list[int] = []
    locate = Ledger.locate

    def count(
        self: Ledger, wanted: Sequence[tuple[JournalEntry, Marker]], since: Any
    ) -> Mapping[str, tuple[Receipt, ...]]:
        counted.append(len(wanted))
        return locate(self, wanted, since)

    monkeypatch.setattr(Ledger, "locate", count)
    return counted


def seen(world: World, wanted: Sequence[tuple[JournalEntry, Marker]] = MARKED) -> Seen:
    """A look at this moment."""
    began = world.clock.monotonic()
    return Seen(found=world.ledger.locate(wanted, None), began=began)


def states(world: World) -> list[CommitState]:
    return [row.state for _, row in sorted(world.commit_rows().items())]


def test_a_run_looks_for_its_entries_once_before_and_once_after(looks: list[int]) -> None:
    """Two companies, two entries, two look-ups."""
    world = World()

    row = world.post()

    assert (RunState.DONE, [2, 2]) == (row.state, looks)
    assert usual_balances() == world.balances()


def test_what_was_not_there_a_moment_ago_is_believed(looks: list[int]) -> None:
    """Each is sent, and then both are looked for."""
    world = World()

    committer(world).commit_all(BOTH, seen(world))

    assert [2, 2] == looks
    assert [CommitState.CONFIRMED] * 2 == states(world)


def test_a_look_of_more_than_a_minute_ago_is_not_believed(looks: list[int]) -> None:
    """The document was booked since, by an installation that was copied from this one."""
    world = World()
    before = seen(world)
    world.clock.advance(BELIEVED_SECONDS + 1)
    world.vendor.book(FIRST, Marker.of(FIRST.key).token)

    committer(world).commit_all(BOTH, before)

    assert [2, 2, 1, 2] == looks
    assert 2 == len(world.vendor.documents)


def test_those_that_are_left_are_looked_for_once_a_minute(looks: list[int]) -> None:
    """Each send takes half a minute: before the third, those that are left are looked for."""
    world = World()
    entries = [an_entry(f"payroll:acme:R1:books:10:{number}:1", f"{number}.00") for number in range(1, 6)]

    def slow(name: str) -> None:
        if name == "send: recorded":
            world.clock.advance(BELIEVED_SECONDS / 2 + 1)

    before = seen(world, [(entry, Marker.of(entry.key)) for entry in entries])
    committer(world, crash_point=slow).commit_all([(entry, ORIGIN) for entry in entries], before)

    assert [5, 3, 1, 5] == looks
    assert 5 == len(world.vendor.documents)


def test_a_document_of_an_earlier_release_is_looked_for_by_its_own_marker() -> None:
    """Its key was carried over, and the ledger has the marker that was made of the old one."""
    world, old = World(), "payroll:acme:R1:10:1:1"
    from ml_connector.store.models import Commit

    def gone() -> None:
        raise Halted("The lock is gone.")

    with pytest.raises(Halted):
        committer(world, alive=gone).commit_once(FIRST, ORIGIN)
    Commit.objects.filter(key=FIRST.key).update(marked_by=old)
    world.vendor.book(FIRST, Marker.of(old).token)

    committer(world).commit_all(BOTH, seen(world))

    assert [Marker.of(key).token for key in (old, SECOND.key)] == world.markers()


def test_a_document_that_the_look_was_not_for_is_looked_for(looks: list[int]) -> None:
    """Silence says nothing of what was not asked."""
    world = World()
    before = seen(world, MARKED[:1])
    world.vendor.book(SECOND, Marker.of(SECOND.key).token)

    committer(world).commit_all(BOTH, before)

    assert [1, 1, 2] == looks
    assert 2 == len(world.vendor.documents)


def test_what_was_found_is_looked_at_as_it_is_now(looks: list[int]) -> None:
    """Somebody deleted it since, so that it is not adopted, and is written."""
    world = World()
    world.vendor.book(FIRST, Marker.of(FIRST.key).token)
    before = seen(world)
    world.vendor.documents.clear()

    committer(world).commit_all(BOTH, before)

    assert [2, 1, 2] == looks
    assert [CommitState.CONFIRMED] * 2 == states(world)
    assert 2 == len(world.vendor.documents)


@pytest.mark.parametrize("fault", [faults.LOST_AFTER, faults.LATE_COMMIT])
def test_a_send_without_an_answer_is_looked_up_after_it_and_not_by_the_look_before(fault: str) -> None:
    """The look before is not a minute old and shows nothing, and the entry is booked by now."""
    world = World()
    world.limit(settle_seconds=5, visible_seconds=1)
    before = seen(world)
    world.vendor.fault = fault
    with pytest.raises(Wait):
        committer(world).commit_all(BOTH, before)
    world.clock.advance(10)

    committer(world).commit_all(BOTH, before)

    assert 2 == len(world.vendor.documents)
    assert [CommitState.CONFIRMED] * 2 == states(world)


def test_a_second_document_is_seen_by_the_look_when_all_are_posted() -> None:
    """The others are confirmed all the same."""
    world = World()

    def copied(name: str) -> None:
        if name == "send: recorded" and len(world.vendor.documents) == 2:
            world.vendor.book(FIRST, Marker.of(FIRST.key).token)

    with pytest.raises(Incident, match="all carry the marker of one entry"):
        committer(world, crash_point=copied).commit_all(BOTH, seen(world))

    assert [CommitState.DRAFT, CommitState.CONFIRMED] == states(world)


def test_what_was_posted_is_confirmed_where_the_next_is_refused(looks: list[int]) -> None:
    """The first is booked and stays so."""
    world = World()

    def close(name: str) -> None:
        if name == "send: recorded":
            world.vendor.closed.add((2026, 6))

    with pytest.raises(PeriodClosed):
        committer(world, crash_point=close).commit_all(BOTH, seen(world))

    assert [2, 1] == looks
    assert [CommitState.CONFIRMED, CommitState.REFUSED] == states(world)


def test_a_process_that_may_not_write_any_more_confirms_nothing(looks: list[int]) -> None:
    """Its lock is gone: whoever has it goes on."""
    world, asked = World(), list[bool]()

    def alive() -> None:
        asked.append(True)
        if len(asked) > 2:
            raise Halted("The lock is gone.")

    made: Committer = committer(world, alive=alive)
    with pytest.raises(Halted):
        made.commit_all(BOTH, seen(world))

    assert [2] == looks
    assert [CommitState.DRAFT, CommitState.PLANNED] == states(world)
    committer(world).commit_all(BOTH)
    assert [CommitState.CONFIRMED] * 2 == states(world)
    assert 2 == len(world.vendor.documents)
