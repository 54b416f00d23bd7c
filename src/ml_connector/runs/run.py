"""One stage of a run, as a flow sees it: steps that are remembered, checks that hold, commits that happen
once.

    value = run.step("pay run", lambda: source.pay_run(reference))   recorded; a replay reads it back
    run.check("complete", lambda: check_blocks(…))                   problems hold the run for a person
    receipt = run.commit_once(entry, subject)                        the document exists once

A stage ends by returning `Next` or `Done`, or by raising `Wait` (a due time) or `Hold` (a person). It never
sleeps for either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from ml_connector.domain import codec
from ml_connector.domain.journal import JournalEntry, Receipt
from ml_connector.domain.problem import Problem
from ml_connector.ports.storage import Artifacts, RunRow, RunState
from ml_connector.runs.intent import Committer

T = TypeVar("T")
Point = Callable[[str], None]
"""Called with the name of a place where a process could die; does nothing, or dies, in tests."""

Durable = Callable[[str, Callable[[], str]], str]
"""Runs a named step under the engine, which remembers the text it returned."""


@dataclass(frozen=True, slots=True)
class Next:
    """The stage is finished; go on with this one."""

    stage: str


@dataclass(frozen=True, slots=True)
class Done:
    """The run is finished."""

    summary: str


class Interrupted(Exception):
    """A step had failed when the process died: the stage is run again from its beginning."""


class Hold(Exception):
    """The run needs a person: problems to mend, or an approval."""

    def __init__(
        self, problems: Sequence[Problem], state: RunState = RunState.HELD, summary: str = ""
    ) -> None:
        self.problems, self.state, self.summary = tuple(problems), state, summary
        super().__init__(summary or "; ".join(map(str, self.problems)))


class Run(Protocol):
    """What a stage of a flow works with."""

    @property
    def row(self) -> RunRow: ...

    def step(self, name: str, do: Callable[[], T]) -> T:
        """The value of `do`, recorded once per attempt; the same value, through the codec, on every pass."""
        ...

    def value(self, stage: str, name: str) -> Any:
        """What the latest attempt of an earlier stage recorded under the name. Raises `KeyError` when it
        recorded nothing.
        """
        ...

    def check(self, name: str, do: Callable[[], Iterable[Problem]]) -> None:
        """Holds the run when there are problems; all of them are kept with it."""
        ...

    def commit_once(self, entry: JournalEntry, subject: str) -> Receipt:
        """Book the entry once. See `intent`."""
        ...

    def audit(self, action: str, detail: Mapping[str, str | int | bool | None]) -> None:
        """Note what was done in the audit chain."""
        ...

    def approved(self) -> str:
        """The fingerprint that stands approved for this run; empty for none."""
        ...


@dataclass(slots=True, kw_only=True)
class StageRun:
    """The one implementation of `Run`; engines differ only in `durable`."""

    row: RunRow
    artifacts: Artifacts
    durable: Durable
    committer: Committer | None
    auditor: Callable[[str, Mapping[str, str | int | bool | None]], None]
    approval: Callable[[], str]
    point: Point = field(default=lambda name: None)

    def step(self, name: str, do: Callable[[], T]) -> T:
        label = f"{self.row.stage}/{self.row.attempt}/{name}"

        def perform() -> str:
            text = self.artifacts.read(self.row.id, label)
            if text is None:
                self.point(f"{name}: before")
                text = codec.encode(do())
                self.point(f"{name}: before recording")
                self.artifacts.record(self.row.id, label, text)
                self.point(f"{name}: recorded")
            return codec.digest(text)

        failed: list[Exception] = []

        def guarded() -> str:
            # The engine would store an exception and replay another type of it; a failure is a value to it,
            # and ours to raise.
            try:
                return perform()
            except Exception as error:
                failed.append(error)
                return ""

        wanted = self.durable(name, guarded)
        if failed:
            raise failed[0]
        text = self.artifacts.read(self.row.id, label)
        if not wanted:
            raise Interrupted(f"step {name!r} failed before a restart")
        if text is None or codec.digest(text) != wanted:
            raise codec.CodecError(
                f"the record of step {name!r} of run {self.row.id} is missing or was changed"
            )
        value: T = codec.decode(text)
        return value

    def value(self, stage: str, name: str) -> Any:
        for attempt in range(self.row.attempt, 0, -1):
            text = self.artifacts.read(self.row.id, f"{stage}/{attempt}/{name}")
            if text is not None:
                return codec.decode(text)
        raise KeyError(f"{stage} recorded no {name!r}")

    def check(self, name: str, do: Callable[[], Iterable[Problem]]) -> None:
        problems = self.step(f"check {name}", lambda: tuple(do()))
        if problems:
            raise Hold(problems)

    def commit_once(self, entry: JournalEntry, subject: str) -> Receipt:
        if self.committer is None:
            raise Hold([Problem("ledger.missing", "connection", "This run has no ledger to post to.")])
        return self.committer.commit_once(entry, subject)

    def audit(self, action: str, detail: Mapping[str, str | int | bool | None]) -> None:
        self.auditor(action, detail)

    def approved(self) -> str:
        return self.approval()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a stage ended, as the engine moves the run: the new state, the next stage where there is one, and
    what people see.

    `tried` is a failure that counts towards the attempts of the stage; a pause or a wait for the ledger to
    settle is none.
    """

    state: RunState
    stage: str | None = None
    due_at: datetime | None = None
    summary: str = ""
    problems: tuple[Problem, ...] = ()
    support: str = ""
    tried: bool = False
