"""A change that the other system takes in several writes, of which the process died behind the first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.flows.test_workers import Members, employment, worker
from tests.payday import SOURCE, TARGET, Crash

from ml_connector.ports.runs import RunState

KEY = "10/cost_unit/01"


def half_written(**held: Any) -> tuple[Members, str]:
    """Somebody has another name and left; the process died, and the other system has this of it."""
    world = Members()
    world.people.put(worker("01", name="Ada Moss"))
    assert {KEY: "create"} == world.done()
    world.people.put(worker("01", employment("2025-01-01", "2026-07-10"), name="Ada Reed"))
    (reference,), _ = world.operations.new("workers", SOURCE, TARGET, None)
    run = world.operations.start("workers", SOURCE, TARGET, reference).id

    def dies(name: str) -> None:
        if name == "put: noted":
            raise Crash(name)

    with pytest.raises(Crash):
        world.run_to_rest(crash_point=dies)
    world.ledger_rows.edit(replace(world.ledger_rows.rows[KEY], **held))
    world.run_to_rest()
    return world, run


def test_the_rest_of_a_half_written_change_is_written() -> None:
    """The new name is there, the last day is not: that is ours, and nobody's edit."""
    world, run = half_written(title="Ada Reed")

    assert (RunState.DONE, {KEY: "2026-07-10"}) == (world.at(run).state, world.members())
    assert ("Ada Reed", {}) == (world.ledger_rows.rows[KEY].title, world.done())


def test_an_edit_of_somebody_is_none_of_it() -> None:
    """A name that neither was there nor is wished is left, and so is the last day."""
    world, run = half_written(title="By hand")

    assert (RunState.HELD, ["plan.conflict"]) == (world.at(run).state, world.problems(run))
    assert ("By hand", {KEY: "open"}) == (world.ledger_rows.rows[KEY].title, world.members())
