"""Nothing is sent while paused, and a pay run is new until a run that posts has taken it up."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import pytest
from tests.payday import SOURCE, TARGET, World, a_pay_run, usual_balances
from tests.runs.test_settled import carried_to_posting

from ml_connector.flows.flow import Mode
from ml_connector.ports.runs import RunState
from ml_connector.runs.inline import Inline

LOOKS = 20
LONG_SECONDS = 10


@pytest.mark.parametrize("scope", ["everything", f"connection:{SOURCE}", f"connection:{TARGET}", "flow:1"])
def test_nothing_is_sent_while_paused(scope: str) -> None:
    """A run that would post by itself, and is paused before it does: however often it is looked at, it sends
    nothing and uses up no attempt; unpaused, it posts.
    """
    world = World()
    run = carried_to_posting(world, "R1")
    world.operations.pause(scope)
    engine = Inline(world.workshop(), world.runs, world._advance_to)
    attempts = []
    for _ in range(LOOKS):
        able = engine.able()
        if able:
            engine.step(able[0])
        else:
            world._advance_to(_due(world))
        attempts.append(world.at(run).attempt)

    text = f"Paused by anna ({scope}). To continue: ml-connector unpause {scope}."
    assert (RunState.WAITING, text) == (world.at(run).state, world.at(run).summary)
    assert ([], 1) == (world.vendor.documents, len(set(attempts)))

    world.operations.unpause(scope)
    world.run_to_rest()
    assert RunState.DONE is world.at(run).state
    assert usual_balances() == world.balances()


def test_a_command_does_not_wait_for_a_paused_run() -> None:
    """It shows the run, which says who paused what, and ends: only a person ends the pause."""
    world = World()
    run = carried_to_posting(world, "R1")
    from ml_connector.app.work import follow

    world.operations.pause("flow:1")
    engine = Inline(world.workshop(), world.runs, world._advance_to)
    engine.step(engine.able()[0])
    began = time.monotonic()

    row = follow(run, lambda row: None, timeout_seconds=LONG_SECONDS)

    assert LONG_SECONDS > time.monotonic() - began
    assert RunState.WAITING is row.state


def _due(world: World) -> datetime:
    due: Any = world.runs.next_due()
    assert due is not None, "the run is not waiting"
    return due  # type: ignore[no-any-return]


def test_a_dry_a_cancelled_and_a_failed_run_take_up_nothing() -> None:
    """The pay run is new until a run that posts has taken it up."""
    world = World(mode=Mode.APPROVE)
    world.payroll.add(a_pay_run("R1"))

    def new() -> list[str]:
        references = list(world.operations.new("payroll", SOURCE, TARGET, None)[0])
        return references

    assert ["R1"] == new()
    assert RunState.DONE is world.post(dry_run=True).state
    assert ["R1"] == new()
    world.operations.cancel(world.post().id)
    assert ["R1"] == new()
    sound = world.payroll.runs["R1"]
    world.payroll.runs["R1"] = (None, [])  # type: ignore[assignment]
    assert RunState.FAILED is world.post().state
    world.payroll.runs["R1"] = sound
    assert ["R1"] == new()
    assert RunState.AWAITING_APPROVAL is world.post().state
    assert [] == new()
