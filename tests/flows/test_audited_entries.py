"""What the audit log says of every journal entry is what is stored, whatever people said of it and wherever a
worker died; and what somebody changes behind the product's back is named.
"""

from __future__ import annotations

import pytest
from tests.flows.test_payroll_journal import by_hand
from tests.flows.test_reversal import posted
from tests.flows.test_the_same_pay import ASKS, waiting
from tests.payday import Crash, World
from tests.runs.test_settled import dies_at

from ml_connector.ports.commits import DELETED, RESTATED, WITHDRAWN
from ml_connector.ports.runs import RunState


def faults(world: World) -> list[str]:
    """What is wrong with journal entries; people did not set up the mapping of this world."""
    from ml_connector.app.audit import audit_report

    return [fault for fault in audit_report(world.access).faults if "journal entry" in fault]


def change(world: World, key: str, **values: str) -> None:
    """Somebody with the database in hand."""
    assert 1 == world.access.commits().filter(key=key).update(**values)


def named(world: World) -> tuple[str, str, str]:
    """A document of others, named for a pay; the run, its number, and its key."""
    run = waiting(world, "R1")
    number = by_hand(world)
    world.statements.booked_elsewhere(run, [f"10/{number}"], "by hand")
    world.run_to_rest()
    (key,) = [key for key in world.commit_rows() if key.startswith("elsewhere:")]
    return run, number, key


def test_a_document_that_was_named_is_in_the_chain() -> None:
    """With its hash, because nothing of it is ever sent."""
    world = World(mode=ASKS)
    _, _, key = named(world)
    assert [] == faults(world)

    change(world, key, booked="")
    assert f"The journal entry {key} is not as it was confirmed" in " ".join(faults(world))


@pytest.mark.parametrize("now", ["", DELETED, RESTATED])
def test_what_was_withdrawn_stays_withdrawn(now: str) -> None:
    """It counts for nothing, and the chain says so."""
    world = World(mode=ASKS)
    run, number, key = named(world)
    world.statements.not_elsewhere(run, [f"10/{number}"], "a slip")
    assert (WITHDRAWN, []) == (world.commit_rows()[key].reversed_by, faults(world))

    change(world, key, reversed_by=now)
    assert f"in the audit log, by {WITHDRAWN}" in " ".join(faults(world))


def test_a_document_that_was_deleted_stays_deleted() -> None:
    """Where people deleted a reversal, what it had reversed counts again."""
    world, run = posted()
    made = world.reverse(run).id
    assert [] == faults(world)
    (key, *_) = world.commit_rows()
    mirror = world.commit_rows()[key].reversed_by
    backs = {row.reversed_by for row in world.commit_rows().values()} - {""}
    kept = [d for d in world.vendor.documents if not d.entry.text.startswith("Reversal")]
    world.vendor.documents[:] = kept

    world.statements.deleted(made)

    assert backs == {key for key, row in world.commit_rows().items() if row.reversed_by == DELETED}
    assert [] == faults(world)
    change(world, mirror, reversed_by="")
    assert f"{mirror} is noted as taken back by nothing; in the audit log, by {DELETED}" in " ".join(
        faults(world)
    )
    change(world, mirror, reversed_by=DELETED)
    change(world, key, reversed_by=mirror)
    assert f"{key} is noted as taken back by {mirror}; in the audit log, by nothing" in " ".join(
        faults(world)
    )


@pytest.mark.parametrize("now", ["", DELETED])
def test_an_entry_that_was_reversed_stays_reversed(now: str) -> None:
    """By the very entry that reversed it."""
    world, run = posted()
    world.reverse(run)
    (key, *_) = world.commit_rows()
    mirror = world.commit_rows()[key].reversed_by

    change(world, key, reversed_by=now)

    assert f"in the audit log, by {mirror} (entry " in " ".join(faults(world))


@pytest.mark.parametrize("point", ["send: recorded", "confirm: before", "confirm: recorded"])
def test_a_worker_that_died_beside_the_chain_leaves_no_fault(point: str) -> None:
    """The record is one step ahead; the run that goes on writes what follows."""
    world = World()
    run = world.start("R1")
    with pytest.raises(Crash):
        world.run_to_rest(dies_at(point))
    assert [] == faults(world)

    world.run_to_rest()

    assert (RunState.DONE, []) == (world.at(run).state, faults(world))


def test_an_entry_whose_run_is_at_its_end_is_in_the_chain() -> None:
    """One that somebody wrote beside the chain is named once no run can still be at it."""
    from ml_connector.app.audit import audit_report

    world = World()
    run = world.start("R1")
    with pytest.raises(Crash):
        world.run_to_rest(dies_at("send: recorded"))
    (key, *_) = world.commit_rows()
    found = audit_report(world.access).not_compared
    assert {"entries of runs that are not at their end": 1} == found

    world.runs.move(world.at(run), state=RunState.CANCELLED)

    assert f"{key} is draft, and no entry of the audit log says that it was booked" in " ".join(faults(world))


def test_a_document_that_was_deleted_before_it_was_confirmed_is_no_fault() -> None:
    """The worker died before it wrote that it had booked it; people deleted it, said so, and gave up."""
    world = World()
    run = world.start("R1")
    with pytest.raises(Crash):
        world.run_to_rest(dies_at("send: recorded"))
    world.vendor.documents.clear()
    world.payroll.runs.pop("R1")
    world.run_to_rest()
    world.statements.deleted(run)
    world.operations.cancel(run)

    assert [] == faults(world)
