"""Power is lost, databases are restored, other installations appear: the ledger still holds every entry once.

These are the cases that a number of kills does not reach.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stage import LEDGER, SOURCE, TARGET, UNLIMITED
from tests.stand import Installation, Stand, installation, simulators, until, worker

pytestmark = pytest.mark.slow

POSTING = {"method": "POST", "path": "GeneralJournalEntries"}


@pytest.fixture(scope="module")
def world() -> Iterator[Stand]:
    """Simulators and a first installation, whose proposals wait for approval. Nobody works but the
    commands.
    """
    with simulators(6) as sandbox, installation(sandbox, mode="approve") as stand:
        yield stand


@pytest.fixture
def run(world: Stand) -> str:
    """A pay run that nobody has touched."""
    return world.runs.pop(0)


def flow(product: Installation, mode: str) -> None:
    """Store the flow anew with this mode."""
    options = ["--option=journal=95", "--option=entities=HTC01=1204"]
    product.run(
        "flows",
        "set",
        "--from",
        SOURCE,
        "--to",
        TARGET,
        "--mapping",
        "payroll",
        "--starts-on",
        "2015-01-01",
        "--mode",
        mode,
        *options,
        "--json",
    )


def test_a_restored_backup_posts_nothing_twice(world: Stand, run: str, tmp_path: Path) -> None:
    """Backed up before the posting, restored after it: the database knows nothing of the document, the first
    look-up finds it.
    """
    proposed = world.post(run, code=4)
    world.ask("backup", str(tmp_path / "backup.tar.gz"))
    world.approve(proposed["run"])
    world.assert_booked(run)

    restored = world.ask("restore", str(tmp_path / "backup.tar.gz"), "--overwrite")
    world.ask("runs", "resume", proposed["run"], code=4)
    refused = world.approve(proposed["run"], code=7)
    world.assert_booked()
    flow(world.product, "approve")
    posted = world.approve(proposed["run"])

    assert (True, True) == (restored["ok"], "only proposes" in refused["error"])
    assert ("done", ["confirmed"]) == (posted["state"], [entry["state"] for entry in posted["entries"]])
    assert '\\"commit.adopted\\"' in world.command("audit", "export").stdout
    world.assert_booked(run)


def test_a_second_installation_adopts_what_the_first_has_posted(
    world: Stand, run: str, tmp_path: Path
) -> None:
    """Another home, another database, the same tenant and ledger: the same key, the same marker, no second
    document.
    """
    world.approve(world.post(run, code=4)["run"])
    world.assert_booked(run)
    second = Stand(world.sandbox, Installation(tmp_path), [], [])
    second.product.connect(world.sandbox, mode="automatic", settings=UNLIMITED)

    posted = second.post(run)

    assert ("done", ["confirmed"]) == (posted["state"], [entry["state"] for entry in posted["entries"]])
    assert '\\"commit.adopted\\"' in second.command("audit", "export").stdout
    world.assert_booked(run)


def test_a_dead_workers_posting_is_taken_over_by_another(world: Stand, run: str) -> None:
    """Killed between approval and posting, with the entry in the ledger's hands. Alive, its work is not to be
    had; dead, another worker finishes it.
    """
    started: dict[str, Any] = world.post(run, code=4)
    with worker(world, "worker-1") as first:
        refused = world.ask("recover", "--executor", "worker-1", code=7)
        fault = {"kind": "late_commit", "seconds": 4, "answer": "hold", "times": 1, "match": POSTING}
        world.sandbox.control(LEDGER, "faults?record=1", method="DELETE")
        world.sandbox.control(LEDGER, "faults", fault)
        with Approving(world, started["run"]):
            until(lambda: world.sandbox.control(LEDGER, "faults")["fired"], "the entry reached the ledger")
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert "'worker-1' is alive: it is still running, and its work would be done twice." == refused["error"]

    with worker(world, "worker-2"):
        assert 1 == world.ask("recover", "--executor", "worker-1")["workflows"]
        finished = world.ask("runs", "follow", started["run"])

    assert ("done", ["confirmed"]) == (finished["state"], [entry["state"] for entry in finished["entries"]])
    world.assert_booked(run)


class Approving:
    """`runs approve` in a process of its own under the first worker's id, so that it only watches; killed at
    the end.
    """

    def __init__(self, stand: Stand, run: str) -> None:
        product = Installation(
            stand.product.home, {**stand.product.environment, "ML_CONNECTOR_EXECUTOR": "worker-1"}
        )
        self._process = product.start("runs", "approve", run, *product.consent(run), "--json")

    def __enter__(self) -> None:
        return None

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.communicate()
