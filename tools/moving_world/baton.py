"""Who goes on: one task at a time holds the baton, and hands it back at every point where another could go
on.

    hub ── go(task, points) ──► task ── point ── point ── … ──► hub

A point is a durable commit of the database, an exchange with a vendor, a sleep, or a lock that somebody
else holds. Tasks are greenlets: they share the thread, and so the one connection to the database; nobody
hands the baton over inside a transaction. A process dies by an exception that nothing catches: whatever its
tasks still try on their way out is refused with the same exception, as if it were never reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from greenlet import getcurrent, greenlet

from moving_world.clock import TrueClock

POINTS_MAX = 20_000
"""A task that takes more is caught in a circle."""


class Died(BaseException):
    """The process died here."""


class Endless(AssertionError):
    """A task does not come to its end."""


@dataclass(slots=True)
class Process:
    """A process of the product: the one that serves, or a command."""

    name: str
    alive: bool = True


@dataclass(slots=True)
class Task:
    """Something that goes on: a pass of a run, or a command of a person."""

    name: str
    process: Process
    subject: str = ""
    thread: greenlet | None = None
    left: int = 0
    points: int = 0
    due: datetime | None = None
    wants: str = ""
    ended: bool = False
    result: Any = None
    error: Exception | None = None


@dataclass
class Baton:
    """Hands the baton from task to task."""

    clock: TrueClock
    tasks: list[Task] = field(default_factory=list)
    current: Task | None = None
    points: int = 0
    _held: dict[str, Task | None] = field(default_factory=dict)

    # --- the hub's side -------------------------------------------------------------------------------------

    def spawn(self, name: str, process: Process, work: Callable[[], Any], *, subject: str = "") -> Task:
        """A new task; it does nothing until it is told to go on."""
        task = Task(name, process, subject)

        def run() -> None:
            try:
                task.result = work()
            except Exception as error:
                task.error = error
            except Died:
                pass

        task.thread = greenlet(run)
        self.tasks.append(task)
        return task

    def go(self, task: Task, points: int) -> None:
        """Let the task go on for so many points, or until it ends or must wait."""
        assert task.thread is not None
        task.left, task.due, task.wants = points, None, ""
        self._switch(task, task.thread.switch)

    def kill(self, process: Process) -> list[Task]:
        """The process dies where its tasks stand; returns those."""
        process.alive = False
        dying = [task for task in self.tasks if task.process is process]
        for task in dying:
            assert task.thread is not None
            if task.thread:
                self._switch(task, task.thread.throw, Died)
            self._end(task)
        return dying

    def able(self, task: Task) -> bool:
        """Whether the task could go on now."""
        if task.wants:
            return task.wants not in self._held
        return task.due is None or task.due <= self.clock.now()

    def next_due(self) -> datetime | None:
        """When the first sleeper wakes."""
        return min((task.due for task in self.tasks if task.due is not None), default=None)

    # --- the task's side ------------------------------------------------------------------------------------

    def check(self) -> None:
        """Nothing can be done in a process that died."""
        if self.current is not None and not self.current.process.alive:
            raise Died

    def point(self) -> None:
        """Another could go on here."""
        task = self.current
        if task is None:
            return
        self.check()
        self.points += 1
        task.points += 1
        if task.points > POINTS_MAX:
            raise Endless(f"{task.name} does not end")
        task.left -= 1
        if task.left <= 0:
            self._back()

    def sleep(self, seconds: float) -> None:
        """Wait for the time to pass; outside of a task it just passes."""
        if self.current is None:
            self.clock.advance(seconds)
            return
        self.check()
        self.current.due = self.clock.now() + timedelta(seconds=seconds)
        self._back()

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Hold a lock that a dead process cannot keep."""
        while self.current is not None and name in self._held:
            self.current.wants = name
            self._back()
        self._held[name] = self.current
        try:
            yield
        finally:
            del self._held[name]

    def held(self, name: str) -> bool:
        """Whether somebody alive holds the lock."""
        return name in self._held

    # --- inside ---------------------------------------------------------------------------------------------

    def _back(self) -> None:
        hub = getcurrent().parent
        assert hub is not None
        hub.switch()
        self.check()

    def _switch(self, task: Task, how: Callable[..., Any], *arguments: Any) -> None:
        self.current = task
        try:
            how(*arguments)
        finally:
            self.current = None
        if task.thread is not None and task.thread.dead:
            self._end(task)

    def _end(self, task: Task) -> None:
        task.ended = True
        if task in self.tasks:
            self.tasks.remove(task)
