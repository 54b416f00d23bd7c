"""The durable engine in processes that are killed: what one leaves the next finishes, and only one works
under an executor id.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.payday import usual_balances
from tests.runs.installation import BUSY

from ml_connector.domain import codec

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 120
KILLED = -signal.SIGKILL
PLACES = ["pay run: recorded", "proposal: recorded", "intent: written", "send: answered", "confirm: recorded"]


def command(home: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "tests.runs.installation", str(home), *arguments]


def process(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One process of the installation, from its start to its end."""
    return subprocess.run(
        command(home, *arguments),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def balances(home: Path) -> dict[tuple[str, str, str], int]:
    """What the ledger's own file says."""
    sums: dict[tuple[str, str, str], int] = {}
    for text in (home.parent / "books").read_text().splitlines():
        entry = codec.decode(json.loads(text)["entry"])
        for line in entry.lines:
            key = (entry.entity, line.account, "".join(value.code for value in line.dimensions))
            sums[key] = sums.get(key, 0) + line.amount.minor
    return sums


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.mark.parametrize("place", PLACES)
def test_a_killed_process_is_followed_by_one_that_finishes(place: str, home: Path) -> None:
    """`kill -9` there; a new process under the same executor id recovers the run and books each entry
    once.
    """
    died = process(home, "post", "--die-at", place)
    assert KILLED == died.returncode, died.stdout + died.stderr[-5000:]

    done = process(home, "post")

    assert done.returncode == 0, done.stdout + done.stderr[-5000:]
    assert usual_balances() == balances(home)


def test_a_process_killed_with_an_entry_on_its_way_is_followed_by_one_that_finds_it(home: Path) -> None:
    """Killed in mid-send, and the ledger books two seconds later."""
    died = process(home, "post", "--late")
    assert KILLED == died.returncode, died.stdout + died.stderr[-5000:]

    done = process(home, "post")

    assert done.returncode == 0, done.stdout + done.stderr[-5000:]
    assert usual_balances() == balances(home)


def test_an_executor_id_is_worked_under_by_one_process(home: Path) -> None:
    """The second process is told so and carries out nothing; killed, the first leaves no lock behind."""
    first = subprocess.Popen(
        command(home, "hold"), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert first.stdout is not None
        assert "working\n" == first.stdout.readline()
        assert BUSY == process(home, "post").returncode
        assert not (home.parent / "books").exists()
    finally:
        first.kill()
        first.communicate()

    done = process(home, "post")

    assert done.returncode == 0, done.stdout + done.stderr[-5000:]
    assert usual_balances() == balances(home)


def test_a_run_whose_engine_was_lost_is_taken_up_again(home: Path) -> None:
    """Killed in mid-posting and the engine's own database gone: the row of the run is enough to go on
    from.
    """
    died = process(home, "post", "--die-at", "send: answered")
    assert KILLED == died.returncode, died.stdout + died.stderr[-5000:]
    for path in home.glob("engine.sqlite3*"):
        path.unlink()

    done = process(home, "post")

    assert done.returncode == 0, done.stdout + done.stderr[-5000:]
    assert usual_balances() == balances(home)
