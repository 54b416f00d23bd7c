"""Looking for runs to carry out: when something of this process moved, when the next one is due, and now and
then for what others did.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from ml_connector.ports.runs import Runs
from ml_connector.ports.storage import Clock
from ml_connector.runs.changes import RUNS

LOOK_SECONDS = 2.0
"""How often to look for what another process made ready; what this one does is seen at once."""
SWEEP_SECONDS = 1.0
SWEEP_MAX_SECONDS = 60.0
log = structlog.get_logger("engine")


def keep_looking(stop: threading.Event, look: Callable[[], float | None], failed: str) -> None:
    """Look until told to stop, or until `look` says no more by `None`; it returns for how many seconds to
    wait. An error, a full disk for one, makes it look less often until it is over.
    """
    pause: float | None = 0.0
    while True:
        # Before it is asked whether to stop: who says so notes a change then, and it is not missed.
        seen = RUNS.seen
        if stop.is_set():
            return
        try:
            pause = look()
        except Exception as error:
            pause = min(max(2 * (pause or 0.0), SWEEP_SECONDS), SWEEP_MAX_SECONDS)
            log.error(failed, error=repr(error), again_in_seconds=pause)
            stop.wait(pause)
        else:
            if pause is None:
                return
            RUNS.wait(seen, pause)


def until_due(runs: Runs, clock: Clock) -> float:
    """Seconds until the next look."""
    due = runs.next_due()
    wait = (due - clock.now()).total_seconds() if due is not None else LOOK_SECONDS
    return min(wait, LOOK_SECONDS) if wait > 0 else SWEEP_SECONDS
