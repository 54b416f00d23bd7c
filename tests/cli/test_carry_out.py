"""A command carries out its runs, watches whoever does, and takes them over where nobody does any more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from tests.payday import World
from tests.runs.test_settled import carried_to_posting

from ml_connector.ports.runs import RunState
from ml_connector.runs.inline import Inline


class Places:
    """Stands in for the right to carry out runs: another process has it until it is `gone`."""

    def __init__(self, world: World, looks: int) -> None:
        self.world, self.left, self.asked = world, looks, 0

    @contextmanager
    def at_work(self, assembly: Any) -> Iterator[bool]:
        self.asked += 1
        working = self.asked > self.left
        if working:
            self.world.run_to_rest()
        yield working


def finish(monkeypatch: pytest.MonkeyPatch, places: Places, run: str) -> int:
    """Carry the run out as a command does; its exit code."""
    from ml_connector.app import work
    from ml_connector.cli import carry_out

    monkeypatch.setattr(work, "at_work", places.at_work)
    monkeypatch.setattr(carry_out, "service", lambda: SimpleNamespace(assembly=None))
    monkeypatch.setattr(carry_out, "TAKE_OVER_SECONDS", 0.01)
    try:
        carry_out.finish([run], as_json=True)
    except typer.Exit as ended:
        return ended.exit_code
    return 0


def test_a_run_whose_process_is_gone_is_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    run = carried_to_posting(world, "R1")
    places = Places(world, looks=2)

    code = finish(monkeypatch, places, run)

    assert (0, 3, 2) == (code, places.asked, len(world.vendor.documents))
    assert RunState.DONE is world.at(run).state


def test_a_run_that_waits_for_long_is_shown_at_once_though_another_process_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody sits before a terminal for hours: what is due later than in three minutes is not watched."""
    world = World()
    run = carried_to_posting(world, "R1")
    world.operations.pause("flow:1")
    engine = Inline(world.workshop(), world.runs, world._advance_to)
    engine.step(engine.able()[0])
    watching = Places(world, looks=10_000)

    assert (5, 1) == (finish(monkeypatch, watching, run), watching.asked)
    assert RunState.WAITING is world.at(run).state
