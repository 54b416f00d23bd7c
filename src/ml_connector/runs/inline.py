"""The deterministic engine: one thread, no queue, and a clock that somebody else moves.

It carries out stages exactly as the durable engine does, through `stages.carry_out`, on the same tables. What
a step recorded is an artifact, so an engine made anew is a process that came back.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ml_connector.ports.runs import RunRow, Runs, RunState
from ml_connector.runs.stages import StageCall, StageContext, carry_out, wake

STEPS_MAX = 10_000


class Inline:
    """Carries out stages one after the other. `advance` moves the clock to a moment."""

    def __init__(self, workshop: StageContext, runs: Runs, advance: Callable[[datetime], None]) -> None:
        self._workshop, self._runs, self._advance = workshop, runs, advance

    def able(self) -> tuple[RunRow, ...]:
        """Runs that could go on now: begun by a process that is gone, ready, or due; in this order."""
        now = self._workshop.clock.now()
        return (*self._runs.running(), *self._runs.to_enqueue(now))

    def step(self, row: RunRow) -> bool:
        """Carry out one stage of the run; false when somebody else took it."""
        begun = row.state is RunState.RUNNING
        call = StageCall(row.id, row.stage, row.attempt) if begun else wake(row, self._workshop)
        if call is None:
            return False
        carry_out(call, self._workshop)
        return True

    def run_to_rest(self) -> None:
        """Go on until no run is ready, running or waiting: all are done, held, or waiting for a person."""
        for _ in range(STEPS_MAX):
            able = self.able()
            if able:
                self.step(able[0])
                continue
            due = self._runs.next_due()
            if due is None:
                return
            self._advance(due)
        raise RuntimeError("the runs do not come to rest")
