"""What many runs wait for at once ends for each at a moment of its own, and never too early."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from tests.payday import World, a_pay_run
from tests.runs.test_settled import carried_to_posting

from ml_connector.contract.memory import VirtualClock
from ml_connector.errors import NotSent, OutcomeUnknown, Throttled
from ml_connector.ports.runs import RunRow, RunState
from ml_connector.runs.stages import PAUSE_SECONDS, StageCall, carry_out, wake

TURN_SECONDS = 2.0

RUNS = 50


def rows(made: datetime) -> list[RunRow]:
    """Runs of one payday; their ids are drawn, and tell nothing."""
    return [
        RunRow(
            id=f"payroll-{uuid4().hex}",
            organisation="default",
            flow="payroll",
            state=RunState.READY,
            stage="read",
            attempt=1,
            reference=f"R{number}",
            created_at=made,
        )
        for number in range(RUNS)
    ]


@dataclass
class Table:
    """Rows of runs in a dictionary."""

    rows: dict[str, RunRow]

    def get(self, run: str) -> RunRow:
        return self.rows[run]

    def move(self, row: RunRow, **values: Any) -> RunRow:
        known = {name: value for name, value in values.items() if value is not None}
        self.rows[row.id] = replace(row, **known)
        return self.rows[row.id]


@dataclass
class Shop:
    """A workshop whose stages end on an error, or do not begin because of a pause."""

    runs: Any
    error: Exception
    pause: str = ""
    clock: VirtualClock = field(default_factory=VirtualClock)

    def open(self, row: RunRow) -> Any:
        raise self.error

    def paused(self, row: RunRow) -> str:
        return self.pause

    def is_outage(self, error: Exception) -> bool:
        return isinstance(error, OSError)


def waits(error: Exception, *, pause: str = "", begin: Callable[..., Any] | None = None) -> list[float]:
    """Seconds that each of the runs waits, all of them stopped in one moment."""
    table = Table({row.id: row for row in rows(datetime(2026, 7, 1, tzinfo=UTC))})
    shop = Shop(table, error, pause)
    for row in list(table.rows.values()):
        if begin is None:
            carry_out(StageCall(row.id, row.stage, row.attempt), shop)
        else:
            begin(replace(row, state=RunState.WAITING), shop)
    dues = [row.due_at for row in table.rows.values()]
    return [(due - shop.clock.now()).total_seconds() for due in dues if due is not None]


@pytest.mark.parametrize("seconds", [0.0, 1.0, 60.0, 3600.0, 86_400.0])
def test_runs_that_one_limit_holds_do_not_come_back_in_one_second(seconds: float) -> None:
    """None before the vendor's own wait is over, nor much later than it."""
    found = waits(Throttled(retry_after_seconds=seconds))

    assert RUNS == len(found)
    assert all(seconds <= wait <= seconds + max(5, min(seconds / 2, 60)) for wait in found)
    assert max(Counter(int(wait) for wait in found).values()) <= RUNS / 2


@pytest.mark.parametrize(
    ("error", "pause", "begin", "least"),
    [
        (Throttled(), "", None, 2.0),
        (NotSent(), "", None, 2.0),
        (OutcomeUnknown(), "", None, 2.0),
        (OSError(), "", None, 2.0),
        (NotSent(), "Paused by anna.", None, PAUSE_SECONDS),
        (NotSent(), "Paused by anna.", wake, PAUSE_SECONDS),
    ],
)
def test_every_wait_for_what_many_wait_for_is_spread(
    error: Exception, pause: str, begin: Callable[..., Any] | None, least: float
) -> None:
    """A limit without a time, a vendor or a database that is away, and a pause."""
    found = waits(error, pause=pause, begin=begin)

    assert all(least <= wait <= least + max(5, least / 2) for wait in found)
    assert RUNS == len({round(wait, 4) for wait in found})


def test_a_world_that_is_played_again_waits_as_it_did() -> None:
    """The ids of runs are drawn anew in it."""
    assert waits(NotSent()) == waits(NotSent())


def test_runs_that_wait_for_a_turn_at_a_ledger_look_again_apart() -> None:
    """While a run of another process posts to it."""
    world, numbers = World(), range(2, 8)
    for number in numbers:
        world.payroll.add(a_pay_run(f"R{number}", subject=f"biweekly 2026-06-{number:02d}"))
    runs = [carried_to_posting(world, f"R{number}") for number in numbers]
    with world.workshop().assembly.locks.seize(f"posting:{world.access.flows()[0].target.pk}"):
        for run in runs:
            carry_out(StageCall(run, "post", world.at(run).attempt), world.workshop())

    waits = [(world.at(run).due_at - world.clock.now()).total_seconds() for run in runs]
    assert all(TURN_SECONDS <= wait <= 1.5 * TURN_SECONDS for wait in waits)
    assert len(runs) == len(set(waits))
