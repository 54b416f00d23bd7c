"""A worker who is moved to another company and back on one day: one member in each, open where they work."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.flows.test_workers import Members, employment, worker

from ml_connector.domain.worker import Employment, EmploymentState
from ml_connector.flows.flow import Mode
from ml_connector.ports.runs import RunState

AT_HOME = employment("2025-01-01")
LEFT = employment("2025-01-01", "2026-07-14", state=EmploymentState.ENDED, moved=True)
MOVED = employment("2026-07-15", company="US2")


@pytest.mark.parametrize(
    "undone",
    [(AT_HOME,), (AT_HOME, replace(MOVED, end=MOVED.start, state=EmploymentState.ENDED, moved=True))],
    ids=["the second row is taken out", "the second row ends on its day"],
)
def test_there_and_back_again_leaves_one_member_open_where_the_worker_is(
    undone: tuple[Employment, ...],
) -> None:
    """With a pass after each move; nothing is made twice, and nothing is deleted."""
    world = Members()
    world.people.put(worker("01", AT_HOME))
    world.done()
    world.people.put(worker("01", LEFT, MOVED))
    world.done()
    world.people.put(worker("01", *undone))
    world.done()
    world.move("2026-07-16T16:00")
    world.people.put(worker("01", *undone))
    world.done()

    members = world.members()
    assert {"10/cost_unit/01", "20/cost_unit/01"} == set(members)
    assert ("open", True) == (members["10/cost_unit/01"], members["20/cost_unit/01"] != "open")


def test_both_moves_between_two_passes_change_nothing() -> None:
    world = Members()
    world.people.put(worker("01", AT_HOME), worker("02"))
    world.done()
    world.people.put(worker("01", LEFT, MOVED))
    world.people.put(worker("01", AT_HOME))

    assert {} == world.done()


def test_the_second_move_replaces_a_plan_that_waits_for_people() -> None:
    """Nobody approves what is not so any more."""
    world = Members()
    world.people.put(worker("01", AT_HOME))
    world.done()
    world.set(mode=Mode.APPROVE)
    world.people.put(worker("01", LEFT, MOVED))
    waiting = world.align()
    assert RunState.AWAITING_APPROVAL is waiting.state
    world.people.put(worker("01", AT_HOME))

    assert RunState.DONE is world.align().state
    assert RunState.CANCELLED is world.at(waiting.id).state
    assert {"10/cost_unit/01": "open"} == world.members()
