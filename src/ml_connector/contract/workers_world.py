"""What the suite of worker sources asks of the world around a source: the vendor's side, as a person at its
screens or a bad network could move it.

Each connector gives a `world` of this shape. A suite never asks which source it is.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Protocol

from ml_connector.domain.worker import EmploymentState, UnreadWorker, Worker
from ml_connector.ports.workers import WorkerSource

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A person by the vendor's books: `companies` are those that have employed the person."""

    number: str
    name: str
    email: str
    companies: frozenset[str]


class WorkerSourceWorld(Protocol):
    """The vendor's side of a source of workers, with more people than one page holds and two companies. A
    person is named by the source's key. A method that changes something acts at the vendor's screens.
    """

    @property
    def worker_source(self) -> WorkerSource:
        """The connection's source, always the same one."""
        ...

    def reopen(self) -> WorkerSource:
        """The same connection opened anew, remembering nothing."""
        ...

    def only(self, company: str) -> WorkerSource:
        """A connection to the same people that takes one company."""
        ...

    def today(self) -> date: ...

    def people(self) -> Mapping[str, Known]: ...

    def somebody(self) -> tuple[str, str]:
        """Somebody with one employment, and its company; another one at each call."""
        ...

    def company_beside(self, company: str) -> str:
        """Another company of the same people."""
        ...

    def hire(self, day: date) -> str:
        """Somebody new begins on the day; the key."""
        ...

    def end(self, key: str, company: str, day: date, last_worked: date | None = None) -> None:
        """The employment ends on the day; work may have ended before."""
        ...

    def come_back(self, key: str, company: str, day: date) -> None:
        """Somebody who left is employed again by the company."""
        ...

    def move(self, key: str, company: str, day: date) -> None:
        """A transfer: the first day in the other company."""
        ...

    def also(self, key: str, company: str, day: date) -> None:
        """A second employment, at the same time."""
        ...

    def rename(self, key: str, last_name: str, email: str) -> None: ...

    def place(self, key: str, day: date) -> tuple[str, str]:
        """The person is placed on another code from the day on; its axis and code."""
        ...

    def place_back(self, key: str, day: date) -> None:
        """The person is placed where they are today, from the day on."""
        ...

    def withdraw(self, key: str) -> None:
        """The newest entry of the person that is still to come never was."""
        ...

    def letter(self, key: str, letter: str) -> None:
        """The state, as the source writes it."""
        ...

    def letters(self) -> Mapping[str, EmploymentState]:
        """Letters and what the connection's settings say of them, and one that they do not name."""
        ...

    def reverse(self) -> None:
        """Every list comes the other way round."""
        ...

    def drift(self) -> None:
        """While the next list of employments is read, somebody of its first page goes away for good, so that
        everybody behind moves one place up.
        """
        ...

    def break_last_page(self) -> None:
        """From now on the last page of each list fails."""
        ...

    def spoil(self, key: str, *, nameless: bool = False) -> None:
        """From now on the person's employments come without a day of hire; or without an id, and the same of
        the person in every list.
        """
        ...

    def broken(self) -> AbstractContextManager[None]:
        """Inside it no read is answered."""
        ...

    def pass_time(self, hours: float) -> None: ...

    def asked_changes(self) -> int:
        """How often changes were asked for, however many pages they have."""
        ...

    def expire(self) -> None:
        """What changed is no longer kept: the vendor says so."""
        ...

    def put_canaries(self) -> tuple[str, ...]:
        """National id, birth date, bank account, pay, home address: into every row, and into refusals."""
        ...

    def refuse_reads(self) -> None:
        """The vendor refuses every read and repeats what it holds of a person."""
        ...

    def said(self) -> str:
        """Everything on record of exchanges."""
        ...

    def calls(self) -> int: ...

    def changes(self) -> int:
        """How many calls would change something."""
        ...


@contextmanager
def in_zone(name: str) -> Iterator[None]:
    """The process runs in the zone."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
        time.tzset()


def everybody(world: WorkerSourceWorld) -> dict[str, Worker]:
    """Everybody by key; none of them unread."""
    return all_read({worker.key: worker for worker in world.worker_source.workers()})


def some(world: WorkerSourceWorld, keys: Collection[str]) -> dict[str, Worker]:
    """These by key; none of them unread."""
    return all_read(world.worker_source.read(keys))


def all_read(found: Mapping[str, Worker | UnreadWorker]) -> dict[str, Worker]:
    """Those who could be read, who are all."""
    workers = {key: worker for key, worker in found.items() if isinstance(worker, Worker)}
    assert list(workers) == list(found)
    return workers


def first_cursor(world: WorkerSourceWorld) -> str:
    """The cursor before everybody is read."""
    return world.worker_source.changed("").cursor


def as_it_is(worker: Worker) -> Worker:
    """The worker without what held before: of everybody less of it comes than of some."""
    return replace(worker, employments=tuple(replace(each, placements=()) for each in worker.employments))
