"""The durable engine while the disk is full, a stage never ends, or runs cannot be taken up: no run stays
where it is for ever, and nothing is sent twice.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.payday import usual_balances
from tests.runs.test_killed import balances, process

ENDED = 70
PLACES = ["pay run: recorded", "proposal: recorded", "send: answered", "confirm: recorded"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.mark.parametrize("place", PLACES)
def test_a_run_goes_on_by_itself_when_the_disk_was_full(place: str, home: Path) -> None:
    """Neither its row nor its workflow could be written there; nobody is asked, and nothing restarted."""
    done = process(home, "full", place)

    assert 0 == done.returncode, done.stdout + done.stderr[-5000:]
    assert usual_balances() == balances(home)


def test_a_stage_that_never_ends_does_not_keep_the_process(home: Path) -> None:
    """Told to stop, it waits for the stage for its time, and ends; the next one finishes the run."""
    stuck = process(home, "stuck", "send: answered")
    assert ENDED == stuck.returncode, stuck.stdout + stuck.stderr[-5000:]

    done = process(home, "post")

    assert 0 == done.returncode, done.stdout + done.stderr[-5000:]
    assert usual_balances() == balances(home)


def test_runs_that_cannot_be_taken_up_stop_no_other(home: Path) -> None:
    """A whole page of them, all made before it."""
    done = process(home, "behind")

    assert 0 == done.returncode, done.stdout + done.stderr[-5000:]
    assert usual_balances() == balances(home)
