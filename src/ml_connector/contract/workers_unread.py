"""The part of the contract of a `WorkerSource` that is about what cannot be read: lists that are not whole,
and rows that nobody understands.
"""

from __future__ import annotations

import pytest

from ml_connector.contract.workers_world import WorkerSourceWorld, as_it_is, everybody
from ml_connector.domain.worker import NOBODY, UnreadWorker, Worker
from ml_connector.errors import ConnectorError


class WorkersUnreadContract:
    """Nobody is gone who was not read, and nobody is half read."""

    def test_a_list_that_is_not_whole_gives_nobody(self, world: WorkerSourceWorld) -> None:
        """What is missing would be closed in the other system."""
        world.break_last_page()

        with pytest.raises(ConnectorError):
            next(world.worker_source.workers())

    def test_nobody_is_lost_when_a_list_moves_while_it_is_read(self, world: WorkerSourceWorld) -> None:
        before = set(world.people())
        world.drift()

        found = [worker.key for worker in world.worker_source.workers()]
        assert sorted(world.people()) == found
        assert 1 == len(before - set(found))

    def test_rows_that_nobody_understands_leave_the_others(self, world: WorkerSourceWorld) -> None:
        """Whose they are is unread, and named with who can mend it; never gone, and never half read."""
        before = everybody(world)
        (spoilt, *others) = sorted(before)
        world.spoil(spoilt)

        for found in (
            {worker.key: worker for worker in world.worker_source.workers()},
            world.worker_source.read(list(before)),
        ):
            unread = found[spoilt]
            assert isinstance(unread, UnreadWorker)
            assert spoilt == unread.key
            assert unread.text
            assert unread.code
            assert {key: as_it_is(before[key]) for key in others} == {
                key: as_it_is(worker) for key, worker in found.items() if isinstance(worker, Worker)
            }

    def test_a_row_of_nobody_is_told_first(self, world: WorkerSourceWorld) -> None:
        """It may be anybody's: whoever does not come is not gone."""
        (lost, *others) = sorted(everybody(world))
        world.spoil(lost, nameless=True)

        nobody, *found = world.worker_source.workers()
        assert isinstance(nobody, UnreadWorker)
        assert NOBODY == nobody.key
        assert nobody.text
        assert others == [worker.key for worker in found if isinstance(worker, Worker)]

    def test_a_list_that_nobody_understands_gives_nobody(self, world: WorkerSourceWorld) -> None:
        for key in world.people():
            world.spoil(key)

        with pytest.raises(ConnectorError):
            next(world.worker_source.workers())
