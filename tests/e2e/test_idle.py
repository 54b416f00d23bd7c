"""A worker with nothing to do has not loaded the durable engine, and carries out what another process
starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.stand import Stand, installation, simulators, until, worker

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with simulators(2) as sandbox, installation(sandbox) as made:
        yield made


def has_loaded_the_engine(pid: int) -> bool:
    """By the files that the process has mapped."""
    return "/sqlalchemy/" in Path(f"/proc/{pid}/maps").read_text()


def test_an_idle_worker_loads_the_engine_for_a_run_of_another_process(stand: Stand) -> None:
    """Where all is done the next one is as small again, and where one waits for its time too."""
    with worker(stand) as process:
        assert not has_loaded_the_engine(process.pid)
        (run,) = stand.post(stand.runs[0], "--detach")["runs"]
        until(lambda: stand.ask("runs", "show", run)["state"] == "done", "done")
        assert has_loaded_the_engine(process.pid)
    stand.assert_booked(stand.runs[0])
    with worker(stand) as process:
        assert not has_loaded_the_engine(process.pid)


def test_a_run_that_was_left_is_taken_up_at_the_start(stand: Stand) -> None:
    """The worker that began it was killed."""
    stand.fail(stand.scene.ledger, "slow", "POST", "GeneralJournalEntries", seconds=3)
    with worker(stand) as process:
        (run,) = stand.post(stand.runs[1], "--detach")["runs"]
        until(lambda: stand.sandbox.control(stand.scene.ledger, "faults")["fired"], "sent")
        process.kill()
    with worker(stand) as process:
        assert has_loaded_the_engine(process.pid)
        until(lambda: stand.ask("runs", "show", run)["state"] == "done", "done")
    stand.assert_booked(stand.runs[1])
