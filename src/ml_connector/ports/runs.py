"""The rows of runs, who may post for a subject, and what the stages of a run recorded."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ml_connector.domain.proposal import Subject


class RunState(StrEnum):
    """Where a run stands. `waiting` has a due time, `held` needs a person; `closed` was ended by a person,
    with a reason, after a part of it was posted.
    """

    READY = "ready"
    RUNNING = "running"
    WAITING = "waiting"
    HELD = "held"
    AWAITING_APPROVAL = "awaiting_approval"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One execution of a flow. `settings` is the id of the flow's settings between two connections, 0 for
    none; `input` what it was given besides, as text: see `runs.run.given`. `stage` is the one it is in or
    waits for; `attempt` counts passes of it. `replay_of` names the run whose input it repeats, `people` the
    named persons who started it or had it proposed again.

    `reference` is the source's name of what it is for; `dry` stops it at the proposal. `notice` says why it
    came back to its proposal, or what a person should know of it, until the next proposal. `tries` counts the
    passes of its stage that failed, one after the other; `support` is the last one's text for support; one
    that is `paused` waits until a person ends the pause, and one that `awaits` another run until that stops.
    """

    id: str
    organisation: str
    flow: str
    state: RunState
    stage: str
    attempt: int
    settings: int = 0
    input: Mapping[str, str] = field(default_factory=dict)
    replay_of: str = ""
    people: tuple[str, ...] = ()
    due_at: datetime | None = None
    summary: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    problems: str = ""
    reference: str = ""
    dry: bool = False
    notice: str = ""
    tries: int = 0
    support: str = ""
    paused: bool = False
    awaits: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherRun:
    """Another run that speaks of one of our subjects: it waits, is held, is at work in a stage, or has done
    what it had to do. `earlier` says whether it was made before ours.
    """

    id: str
    reference: str
    state: RunState
    stage: str
    subject: Subject
    earlier: bool


class Runs(Protocol):
    """The rows of runs. A run moves by compare-and-set, so that two workers never both move it."""

    def create(
        self,
        *,
        flow: str,
        stage: str,
        input: Mapping[str, str],
        settings: int = 0,
        reference: str = "",
        dry: bool = False,
        replay_of: str = "",
        people: Collection[str] = (),
    ) -> RunRow:
        """Make a run that is ready for its first stage."""
        ...

    def get(self, run: str) -> RunRow:
        """The row. Raises `KeyError` for no such run."""
        ...

    def move(
        self,
        row: RunRow,
        *,
        state: RunState,
        stage: str | None = None,
        attempt: int | None = None,
        due_at: datetime | None = None,
        summary: str | None = None,
        problems: str = "",
        input: Mapping[str, str] | None = None,
        people: Collection[str] | None = None,
        notice: str | None = None,
        tries: int | None = None,
        support: str | None = None,
        paused: bool = False,
        awaits: str = "",
    ) -> RunRow | None:
        """Move the run if it still stands where `row` says (stage, attempt and state); `None` when somebody
        else moved it. What is `None` stays as it is. Runs that await one which stops are due.
        """
        ...

    def running(self) -> tuple[RunRow, ...]:
        """Runs that are running by their row."""
        ...

    def to_enqueue(self, now: datetime, first: int = 0, most: int = 100) -> tuple[RunRow, ...]:
        """Runs that are ready, or waiting and due, in the order they were made: so many from `first` on."""
        ...

    def next_due(self) -> datetime | None:
        """When the first of the waiting runs is due; `None` when none waits."""
        ...

    def approved(self, run: str) -> str:
        """The fingerprint that stands approved for the run; empty for none."""
        ...

    def void_approvals(self, run: str) -> None:
        """From now on nothing stands approved for the run."""
        ...

    def tell(self, run: str, notice: str) -> None:
        """Note on the run what has become of it since."""
        ...

    def record_subjects(self, run: str, subjects: Collection[Subject]) -> None:
        """Remember what the run speaks of, in place of what it spoke of before."""
        ...

    def others(self, run: str, subjects: Collection[Subject]) -> tuple[OtherRun, ...]:
        """Other runs that are not at their end and speak of one of the subjects, or of another pay with the
        same base; dry runs are none of them, one that failed is, because it can be resumed. Oldest first.
        """
        ...

    def others_beginning(
        self, run: str, subjects: Collection[Subject], days: Collection[str] = ()
    ) -> tuple[OtherRun, ...]:
        """As `others`, of pays whose text begins with that of one of the subjects, in its books. With `days`,
        those named by one other day are left out.
        """
        ...

    def done(self, run: str, subjects: Collection[Subject]) -> tuple[OtherRun, ...]:
        """Other runs that have done what they had to do and spoke of one of the subjects, or of another pay
        with the same base; dry runs are none of them. Oldest first.
        """
        ...

    def done_beginning(
        self, run: str, subjects: Collection[Subject], days: Collection[str] = ()
    ) -> tuple[OtherRun, ...]:
        """As `done`, of pays whose text begins with that of one of the subjects, in its books, as above."""
        ...

    def subjects_of_run(self, run: str) -> tuple[Subject, ...]:
        """What the run speaks of, as it was last remembered."""
        ...

    def answers(self, run: str) -> Mapping[str, str]:
        """Question → what a person answered last, for this run."""
        ...


class Claims(Protocol):
    """Who may post for a subject: one run at a time, in every process."""

    def take(self, run: str, subjects: Collection[Subject]) -> str:
        """Claim all the subjects for the run, or none; the run that holds one of them, or nothing."""
        ...

    def release(self, run: str) -> None:
        """Release what the run holds, unless something of it is being sent, unconfirmed or unknown."""
        ...

    def holder(self, subjects: Collection[Subject]) -> str:
        """The run that holds one of the subjects; empty when all are free."""
        ...


class Artifacts(Protocol):
    """Recorded values of a run, by step: canonical text, found again by name. A value once recorded never
    changes.
    """

    def record(self, run: str, name: str, text: str) -> str:
        """Store the value under the step's name and return its hash. The same text again is no change; other
        text raises `KeyConflict`.
        """
        ...

    def read(self, run: str, name: str) -> str | None: ...

    def newest(self, run: str, stage: str, name: str) -> str | None:
        """What the latest pass of the stage recorded under the name; `None` for nothing."""
        ...
