"""Carrying out one stage and moving the run: the part that both engines share.

ready ─ running ─┬─ Next ── ready (next stage) ── enqueued under `<run>:<stage>:<attempt>`
                 ├─ Done ── done
                 ├─ Wait, not sent, throttled, disk full ── waiting until due ── ready again, attempt + 1
                 ├─ Hold, refused, incident ── held or awaiting approval, until a person acts
                 └─ anything else ── failed: a dead letter with everything support needs

What a run claims is released as soon as it stops and nothing of it is in flight.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from ml_connector.domain import codec
from ml_connector.domain.money import AmountError
from ml_connector.domain.problem import Owner, Problem
from ml_connector.errors import ConnectorError, Halted, NotSent, OutcomeUnknown, SignInLost, Throttled
from ml_connector.ports.runs import RunRow, Runs, RunState
from ml_connector.ports.storage import Clock
from ml_connector.runs.proof import Incident, Wait
from ml_connector.runs.run import Done, Hold, Next, Outcome, Run, StageRun
from ml_connector.runs.waits import LIMIT_SPREAD_SECONDS, look_again

ATTEMPTS_MAX = 12
WAIT_FIRST_SECONDS = 2.0
WAIT_MAX_SECONDS = 900.0
PAUSE_SECONDS = 60.0
"""How often a paused run looks whether it may go on; whoever ends a pause wakes it at once."""

Stage = Callable[[Run], Next | Done]
log = structlog.get_logger("runs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A run whose stage can be carried out: the function of its stage, with the systems it asks, and the run
    as that sees it.
    """

    stage: Stage
    run: StageRun


class StageContext(Protocol):
    """What an engine needs to carry out a stage; built in `app/assemble`."""

    @property
    def runs(self) -> Runs: ...

    @property
    def clock(self) -> Clock: ...

    def open(self, row: RunRow) -> Opened:
        """The run with everything its present stage needs."""
        ...

    def paused(self, row: RunRow) -> str:
        """Why the run may not go on now; empty when it may."""
        ...

    def is_outage(self, error: Exception) -> bool:
        """Whether the database or the disk failed, and not the stage."""
        ...


@dataclass(frozen=True, slots=True)
class StageCall:
    """One pass of one stage of one run; its name is the engine's workflow id."""

    run: str
    stage: str
    attempt: int

    @property
    def name(self) -> str:
        return f"{self.run}:{self.stage}:{self.attempt}"


def carry_out(call: StageCall, workshop: StageContext) -> StageCall | None:
    """Carry out one stage of a run and move it; the call of the next stage, when there is one to do at once.

    Safe to repeat: a run that has moved on is left alone.
    """
    row = workshop.runs.get(call.run)
    if (row.stage, row.attempt) != (call.stage, call.attempt):
        return None
    if row.state is RunState.READY:
        running = workshop.runs.move(row, state=RunState.RUNNING)
        if running is None:
            return None
        row = running
    if row.state is not RunState.RUNNING:
        return None
    if why := workshop.paused(row):
        due = look_again(row, workshop.clock.now(), PAUSE_SECONDS)
        return _move(
            row, Outcome(state=RunState.WAITING, due_at=due, summary=why, paused=True), workshop.runs
        )
    return _perform(row, workshop)


def _perform(row: RunRow, workshop: StageContext) -> StageCall | None:
    opened: Opened | None = None
    try:
        opened = workshop.open(row)
        ended = opened.stage(opened.run)
        outcome = (
            Outcome(state=RunState.READY, stage=ended.stage, notice=ended.notice)
            if isinstance(ended, Next)
            else Outcome(state=RunState.DONE, summary=ended.summary)
        )
    except Exception as error:
        outcome = _outage(row, error, workshop) or _stopped(row, error, workshop.clock)
    if opened is not None and (outcome.state is not RunState.READY or outcome.notice):
        opened.run.release_claims()
    return _move(row, outcome, workshop.runs)


def wake(row: RunRow, workshop: StageContext) -> StageCall | None:
    """The call of a run that is ready, or whose wait is over; `None` when somebody else took it, or while it
    is paused, which uses up no attempt.
    """
    if row.state is RunState.READY:
        return StageCall(row.id, row.stage, row.attempt)
    if why := workshop.paused(row):
        due = look_again(row, workshop.clock.now(), PAUSE_SECONDS)
        workshop.runs.move(row, state=RunState.WAITING, due_at=due, summary=why, paused=True)
        return None
    moved = workshop.runs.move(row, state=RunState.READY, attempt=row.attempt + 1)
    return StageCall(moved.id, moved.stage, moved.attempt) if moved else None


def _outage(row: RunRow, error: Exception, workshop: StageContext) -> Outcome | None:
    """A full disk or a database that is away ends, and no person has to be asked: what a stage records, it
    records before it goes on.
    """
    if not workshop.is_outage(error):
        return None
    log.error("storage.failed", run=row.id, stage=row.stage, error=repr(error))
    text = "The database or the disk of this installation failed. The run is tried again by itself."
    problem = Problem("storage.failed", row.stage, text, Owner.SUPPORT)
    return _again(row, problem, repr(error), workshop.clock)


def _stopped(row: RunRow, error: Exception, clock: Clock) -> Outcome:
    match error:
        case Wait():
            return Outcome(
                state=RunState.WAITING, due_at=error.due_at, summary=str(error), awaits=error.awaits
            )
        case Hold():
            return Outcome(state=error.state, summary=error.summary, problems=error.problems)
        case Incident():
            return Outcome(state=RunState.HELD, problems=error.problems, support=error.support)
        case Halted():
            return Outcome(state=RunState.WAITING, due_at=clock.now(), summary=str(error))
        case SignInLost():
            return Outcome(state=RunState.HELD, problems=(error.problem,), support=error.support)
        case NotSent() | OutcomeUnknown() | Throttled():
            return _again(row, error.problem, error.support, clock, error)
        case ConnectorError():
            return Outcome(state=RunState.HELD, problems=(error.problem,), support=error.support)
        case AmountError():
            text = (
                f"An amount or a sum of this run cannot be kept: {error}. Nothing more was sent. Correct it"
                " where it comes from, and start a new run of the same."
            )
            problem = Problem("amount.not_kept", row.stage, text, Owner.CONTROLLER)
            support = "".join(traceback.format_exception(error, limit=20))
            return Outcome(state=RunState.HELD, problems=(problem,), support=support)
    log.error("stage.failed", run=row.id, stage=row.stage, exc_info=error)
    text = (
        f"Stage {row.stage} stopped on a defect: {type(error).__name__}: {error}. Nothing more was sent."
        " Report it, then resume."
    )
    problem = Problem("defect", row.stage, text, Owner.SUPPORT)
    support = "".join(traceback.format_exception(error, limit=20))
    return Outcome(state=RunState.FAILED, problems=(problem,), support=support)


def _again(
    row: RunRow, problem: Problem, support: str, clock: Clock, error: Exception | None = None
) -> Outcome:
    """Nothing was booked by this: wait longer each time, or as long as the vendor says, then ask a person."""
    tries = row.tries + 1
    if tries >= ATTEMPTS_MAX:
        return Outcome(state=RunState.HELD, problems=(problem,), support=support)
    wait = error.retry_after_seconds if isinstance(error, Throttled) else None
    if wait is None:
        wait = min(WAIT_FIRST_SECONDS * 2 ** (tries - 1), WAIT_MAX_SECONDS)
    spread_least = LIMIT_SPREAD_SECONDS if isinstance(error, Throttled) else 0.0
    due = look_again(row, clock.now(), wait, spread_least=spread_least)
    return Outcome(
        state=RunState.WAITING, due_at=due, summary=problem.text, support=support, counts_as_attempt=True
    )


def _move(row: RunRow, outcome: Outcome, runs: Runs) -> StageCall | None:
    waits = outcome.state is RunState.WAITING
    if outcome.notice:
        runs.void_approvals(row.id)
    moved = runs.move(
        row,
        state=outcome.state,
        stage=outcome.stage,
        attempt=row.attempt + 1 if outcome.stage else None,
        due_at=outcome.due_at,
        summary=outcome.summary,
        problems=codec.encode(outcome.problems) if outcome.problems else "",
        tries=row.tries + outcome.counts_as_attempt if waits else 0,
        support=outcome.support,
        paused=outcome.paused,
        awaits=outcome.awaits,
        notice="" if outcome.state is RunState.DONE else outcome.notice or None,
    )
    if moved is None or moved.state is not RunState.READY:
        return None
    return StageCall(moved.id, moved.stage, moved.attempt)
