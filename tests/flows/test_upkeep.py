"""What a serving process forgets, which is what is old and nothing else; whose work it may take over; and
that it lives on while a database is away.
"""

from __future__ import annotations

import errno
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from dbos import DBOSClient, run_dbos_database_migrations
from tests.payday import TARGET, World

from ml_connector.app.settings import Settings
from ml_connector.flows.flow import Mode
from ml_connector.runs.durable import KEEP_DAYS
from ml_connector.runs.worker import lock_name

ENDED = ("SUCCESS", "ERROR", "CANCELLED")
NOWHERE = "sqlite:////dev/null/engine.sqlite3"
KEPT_DAYS = 400
"""How long exchanges and source lines are kept."""


def upkeep(world: World) -> dict[str, int]:
    """A round of it; what was forgotten."""
    from ml_connector.app.upkeep import upkeep

    return upkeep(world._assembly)


def days_ago(world: World, days: float) -> datetime:
    now: datetime = world.clock.now() - timedelta(days=days)
    return now


def exchange(world: World, url: str, days: float) -> None:
    """A request of so many days ago."""
    from ml_connector.store.models import ExchangeRow

    connection = world.access.connection(TARGET)
    at = days_ago(world, days)
    ExchangeRow.objects.create(connection=connection, at=at, method="GET", url=url, milliseconds=1)


def exchanges() -> list[str]:
    from ml_connector.store.models import ExchangeRow

    return list(ExchangeRow.objects.order_by("id").values_list("url", flat=True))


def staged(run: str) -> bool:
    """Whether the source lines of the run are still there."""
    from ml_connector.store.models import StagedBlock

    return StagedBlock.objects.filter(run_id=run).exists()


def last_moved(world: World, run: str, days: float) -> None:
    from ml_connector.store.models import Run

    Run.objects.filter(id=run).update(updated_at=days_ago(world, days))


class Workflows:
    """The durable engine's database, with workflows of any age and state."""

    def __init__(self, world: World, home: Path) -> None:
        self._world = world
        settings = Settings(home=home, database_url="sqlite:///:memory:")
        world._assembly.settings = settings
        self._path = settings.engine.removeprefix("sqlite:///")
        run_dbos_database_migrations(system_database_url=settings.engine)
        self._client = DBOSClient(system_database_url=settings.engine)

    def add(self, name: str, status: str, days: float) -> None:
        """A workflow that was begun so many days ago and is in this state."""
        self._client.enqueue({"queue_name": "stages", "workflow_name": "stage", "workflow_id": name})
        milliseconds = int(days_ago(self._world, days).timestamp() * 1000)
        with closing(sqlite3.connect(self._path)) as connection, connection:
            connection.execute(
                "UPDATE workflow_status SET status = ?, created_at = ? WHERE workflow_uuid = ?",
                (status, milliseconds, name),
            )

    def begun_by(self, executor: str, name: str) -> None:
        """A workflow that the executor has begun and not ended."""
        self.add(name, "PENDING", 0)
        with closing(sqlite3.connect(self._path)) as connection, connection:
            connection.execute(
                "UPDATE workflow_status SET executor_id = ? WHERE workflow_uuid = ?", (executor, name)
            )

    def states(self) -> dict[str, str]:
        return {found.workflow_id: found.status for found in self._client.list_workflows()}

    def close(self) -> None:
        self._client.destroy()


def test_old_exchanges_are_forgotten_and_young_ones_kept(tmp_path: Path) -> None:
    """A day on either side of the limit."""
    world = World()
    Workflows(world, tmp_path).close()
    exchange(world, "old", KEPT_DAYS + 1)
    exchange(world, "young", KEPT_DAYS - 1)

    done = upkeep(world)

    assert ["young"] == exchanges()
    assert 1 == done["exchanges"]


def test_source_lines_are_forgotten_of_old_runs_that_have_ended(tmp_path: Path) -> None:
    """One that waits for a person may go on, however old it is."""
    world = World(mode=Mode.APPROVE)
    Workflows(world, tmp_path).close()
    old, young, waiting = (world.post(f"R{number}").id for number in (1, 2, 3))
    for run in (old, young):
        world.operations.cancel(run)
    last_moved(world, old, KEPT_DAYS + 1)
    last_moved(world, young, KEPT_DAYS - 1)
    last_moved(world, waiting, KEPT_DAYS + 1)

    done = upkeep(world)

    assert (False, True, True) == (staged(old), staged(young), staged(waiting))
    assert 0 < done["staged"]


def test_workflows_are_forgotten_when_they_are_old_and_have_ended(tmp_path: Path) -> None:
    """One that is still to be carried out stays, however old it is."""
    world = World()
    workflows = Workflows(world, tmp_path)
    for status in (*ENDED, "PENDING", "ENQUEUED"):
        workflows.add(f"old {status}", status, KEEP_DAYS + 1)
        workflows.add(f"young {status}", status, KEEP_DAYS - 1)

    done = upkeep(world)

    kept = {f"young {status}" for status in ENDED}
    kept |= {f"{age} {status}" for age in ("old", "young") for status in ("PENDING", "ENQUEUED")}
    assert kept == workflows.states().keys()
    assert len(ENDED) == done["workflows"]
    workflows.close()


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that has not loaded the engine."""
    monkeypatch.delitem(sys.modules, "dbos")


def made(world: World, run: str, days: float) -> None:
    from ml_connector.store.models import Run

    Run.objects.filter(id=run).update(created_at=days_ago(world, days))


@pytest.mark.usefixtures("no_engine")
def test_workflows_are_forgotten_where_the_engine_is_not_loaded(tmp_path: Path) -> None:
    """By a process of its own, once a day; what became old meanwhile a day later."""
    world = World()
    workflows = Workflows(world, tmp_path)
    made(world, world.start(), KEEP_DAYS + 1)
    workflows.add("old", "SUCCESS", KEEP_DAYS + 1)
    workflows.add("nearly", "SUCCESS", KEEP_DAYS - 0.5)

    assert 1 == upkeep(world)["workflows"]
    assert {"nearly"} == workflows.states().keys()
    world.clock.advance(23 * 3600)
    assert 0 == upkeep(world)["workflows"]
    world.clock.advance(3600)
    assert 1 == upkeep(world)["workflows"]
    assert set() == workflows.states().keys()
    assert "dbos" not in sys.modules
    workflows.close()


@pytest.mark.usefixtures("no_engine")
@pytest.mark.parametrize("old", [True, False])
def test_no_process_looks_for_workflows_where_no_run_is_as_old(tmp_path: Path, old: bool) -> None:
    """It would say that there is no database; and a round that this stops is tried again."""
    world = World()
    world._assembly.settings = replace(Settings(home=tmp_path), engine_url=NOWHERE)
    made(world, world.start(), KEEP_DAYS + (1 if old else -1))
    from ml_connector.app.upkeep import try_upkeep

    done = try_upkeep(world._assembly)

    assert old == (done is None)


@pytest.mark.usefixtures("no_engine")
def test_a_round_for_which_no_process_can_be_started_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no memory for one, say; runs are carried out meanwhile."""
    world = World()
    world._assembly.settings = Settings(home=tmp_path)
    made(world, world.start(), KEEP_DAYS + 1)
    from ml_connector.app import retention
    from ml_connector.app.upkeep import try_upkeep

    def full(*_: object, **__: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(retention.subprocess, "run", full)

    assert None is try_upkeep(world._assembly)


def test_an_engine_that_was_never_started_has_nothing_to_forget_or_take_over(tmp_path: Path) -> None:
    """It makes its tables when it starts."""
    from ml_connector.runs.engine import Recoverer

    recoverer = Recoverer(Settings(home=tmp_path).engine)
    assert (0, 0) == (recoverer.forget(0), recoverer.take_over("gone"))
    recoverer.clear()
    recoverer.close()


def test_a_round_that_a_database_stops_is_tried_again() -> None:
    """That of the durable engine cannot be opened; runs are carried out meanwhile."""
    assembly = World()._assembly
    assembly.settings = replace(assembly.settings, engine_url=NOWHERE)
    from ml_connector.app.upkeep import try_upkeep

    assert None is try_upkeep(assembly)


def test_the_work_of_a_living_executor_is_not_taken_over(tmp_path: Path) -> None:
    """It would be done twice; with its lock gone it is put on the queue, and nobody else's."""
    from ml_connector.app.work import recover

    world = World()
    workflows = Workflows(world, tmp_path)
    workflows.begun_by("worker-1", "first")
    workflows.begun_by("worker-2", "second")

    with world._assembly.locks.seize(lock_name("worker-1")) as alive:
        assert alive
        assert None is recover(world._assembly, "worker-1")
        assert {"PENDING"} == set(workflows.states().values())

    assert 1 == recover(world._assembly, "worker-1")
    assert {"first": "ENQUEUED", "second": "PENDING"} == workflows.states()
    workflows.close()


def test_the_command_that_rotates_keys_does_so_alone() -> None:
    """Another one at the same moment would drop the key that this one encrypts with."""
    world = World()
    from ml_connector.app.key_rotation import rotate_keys

    with world._assembly.locks.hold("keys"), pytest.raises(RuntimeError, match="held by this thread already"):
        rotate_keys(world._assembly, world.access, world.operations._actor)
