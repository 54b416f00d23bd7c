"""Carrying out one stage and moving the run: the part that both engines share.

ready ─ running ─┬─ Next ── ready (next stage) ── enqueued under `<run>:<stage>:<attempt>`
                 ├─ Done ── done
                 ├─ Wait, nothing sent, throttled ── waiting until due ── ready again, attempt + 1
                 ├─ Hold, refused, incident ── held or awaiting approval, until a person acts
                 └─ anything else ── failed: a dead letter with everything support needs
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from ml_connector.domain import codec
from ml_connector.domain.problem import Owner, Problem
from ml_connector.errors import ConnectorError, Halted, NotSent, OutcomeUnknown, SignInLost, Throttled
from ml_connector.ports.storage import Clock, RunRow, Runs, RunState
from ml_connector.runs.intent import Incident, Wait
from ml_connector.runs.run import Done, Durable, Hold, Interrupted, Next, Outcome, Run

ATTEMPTS_MAX = 12
WAIT_FIRST_SECONDS = 2.0
WAIT_MAX_SECONDS = 900.0
PAUSE_SECONDS = 60.0
"""How often a paused run looks whether it may go on; whoever ends a pause wakes it at once."""

Stage = Callable[[Run], Next | Done]
log = structlog.get_logger("runs")


class Workshop(Protocol):
    """What an engine needs to carry out a stage; built in `app/assemble`."""

    @property
    def runs(self) -> Runs: ...

    @property
    def clock(self) -> Clock: ...

    def stage(self, row: RunRow) -> Stage:
        """The function of the run's current stage, with its systems open."""
        ...

    def run(self, row: RunRow, durable: Durable) -> Run:
        """The run as its stage sees it."""
        ...

    def paused(self, row: RunRow) -> str:
        """Why the run may not go on now; empty when it may."""
        ...


@dataclass(frozen=True, slots=True)
class Ticket:
    """One pass of one stage of one run; its name is the engine's workflow id."""

    run: str
    stage: str
    attempt: int

    @property
    def name(self) -> str:
        return f"{self.run}:{self.stage}:{self.attempt}"


def carry_out(ticket: Ticket, workshop: Workshop, durable: Durable) -> Ticket | None:
    """Carry out one stage of a run and move it; the ticket of the next stage, when there is one to do at
    once.

    Safe to call again with the same ticket: a run that has moved on is left alone.
    """
    row = workshop.runs.get(ticket.run)
    if (row.stage, row.attempt) != (ticket.stage, ticket.attempt) or row.state not in (
        RunState.READY,
        RunState.RUNNING,
    ):
        return None
    if row.state is RunState.READY:
        running = workshop.runs.move(row, state=RunState.RUNNING)
        if running is None:
            return None
        row = running
    outcome = _outcome(row, workshop, durable)
    return _move(row, outcome, workshop.runs)


def wake(row: RunRow, runs: Runs) -> Ticket | None:
    """The ticket of a run that is ready, or whose wait is over; `None` when somebody else took it."""
    if row.state is RunState.READY:
        return Ticket(row.id, row.stage, row.attempt)
    moved = runs.move(row, state=RunState.READY, attempt=row.attempt + 1)
    return Ticket(moved.id, moved.stage, moved.attempt) if moved else None


def _outcome(row: RunRow, workshop: Workshop, durable: Durable) -> Outcome:
    if why := workshop.paused(row):
        return Outcome(
            RunState.WAITING, due_at=workshop.clock.now() + timedelta(seconds=PAUSE_SECONDS), summary=why
        )
    try:
        ended = workshop.stage(row)(workshop.run(row, durable))
    except Wait as wait:
        return Outcome(RunState.WAITING, due_at=wait.due_at, summary=str(wait))
    except Hold as hold:
        return Outcome(hold.state, summary=hold.summary, problems=hold.problems)
    except Incident as error:
        return Outcome(RunState.HELD, problems=error.problems, support=error.support)
    except (Halted, Interrupted) as error:
        return Outcome(RunState.WAITING, due_at=workshop.clock.now(), summary=str(error))
    except SignInLost as error:
        return Outcome(RunState.HELD, problems=(error.problem,), support=error.support)
    except (NotSent, OutcomeUnknown, Throttled) as error:
        return _again(row, error, workshop.clock)
    except ConnectorError as error:
        return Outcome(RunState.HELD, problems=(error.problem,), support=error.support)
    except Exception as error:
        log.exception("stage.failed", run=row.id, stage=row.stage)
        text = (
            f"Stage {row.stage} stopped on a defect: {type(error).__name__}: {error}. Nothing further was"
            " sent. Report it, then resume."
        )
        problem = Problem("defect", row.stage, text, Owner.SUPPORT)
        return Outcome(RunState.FAILED, problems=(problem,), support=traceback.format_exc(limit=20))
    if isinstance(ended, Next):
        return Outcome(RunState.READY, stage=ended.stage)
    return Outcome(RunState.DONE, summary=ended.summary)


def _again(row: RunRow, error: ConnectorError, clock: Clock) -> Outcome:
    """Nothing was booked by this: wait longer each time, then ask a person."""
    tries = int(row.input.get("_tries", "0")) + 1
    if tries >= ATTEMPTS_MAX:
        return Outcome(RunState.HELD, problems=(error.problem,), support=error.support)
    wait = min(WAIT_FIRST_SECONDS * 2 ** (tries - 1), WAIT_MAX_SECONDS)
    if isinstance(error, Throttled) and error.retry_after_seconds is not None:
        wait = error.retry_after_seconds
    due = clock.now() + timedelta(seconds=wait)
    return Outcome(
        RunState.WAITING, due_at=due, summary=error.problem.text, support=error.support, tried=True
    )


def _move(row: RunRow, outcome: Outcome, runs: Runs) -> Ticket | None:
    tries = int(row.input.get("_tries", "0")) + outcome.tried if outcome.state is RunState.WAITING else 0
    values: Mapping[str, str] = {**row.input, "_tries": str(tries), "_support": outcome.support}
    moved = runs.move(
        row,
        state=outcome.state,
        stage=outcome.stage,
        attempt=row.attempt + 1 if outcome.stage else None,
        due_at=outcome.due_at,
        summary=outcome.summary,
        problems=codec.encode(outcome.problems) if outcome.problems else "",
        input=values,
    )
    if moved is None or moved.state is not RunState.READY:
        return None
    return Ticket(moved.id, moved.stage, moved.attempt)
