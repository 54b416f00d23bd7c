"""One stage of a run, as a flow sees it: values that are recorded, problems that hold, commits that happen
once.

    value = run.step("record", lambda: source.read(reference))      recorded; a second pass reads it back
    run.check(check_blocks(…))                                       problems hold the run for a person
    run.check_open_sends(); run.claim(subjects)                      before anything is sent, in this order
    receipts = run.commit_all(sink, documents, seen, find)           each document exists once

A stage ends by returning `Next` or `Done`, or by raising `Wait` (a due time) or `Hold` (a person). It never
sleeps for either.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Protocol, TypeVar, cast

from ml_connector.domain import codec
from ml_connector.domain.document import Document, Receipt
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.proposal import Subject
from ml_connector.ports.commits import Origin
from ml_connector.ports.registers import Register
from ml_connector.ports.runs import Artifacts, Claims, OtherRun, RunRow, Runs, RunState
from ml_connector.ports.sinks import Assignable, Sink
from ml_connector.ports.storage import Clock
from ml_connector.runs.converge import Converger
from ml_connector.runs.intent import Committer, Find, Seen
from ml_connector.runs.proof import Auditor, Wait
from ml_connector.runs.waits import look_again

CLAIM_SECONDS = 5.0
"""How long a run waits before it asks again for a subject that another run holds."""
T = TypeVar("T")
CrashPoint = Callable[[str], None]
"""Called with the name of a place where a process could die; does nothing, or dies, in tests."""


@dataclass(frozen=True, slots=True)
class Next:
    """The stage is finished; go on with this one. `notice` says why, where a run goes back; then every
    approval of it is void.
    """

    stage: str
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """The run is finished."""

    summary: str


class Hold(Exception):
    """The run needs a person: problems to fix, or an approval."""

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

    def value(self, stage: str, name: str, shape: type[T]) -> T:
        """What an earlier stage recorded last under the name. Raises `KeyError` when it recorded nothing."""
        ...

    def check(self, problems: Iterable[Problem]) -> None:
        """Holds the run when there are problems; all of them are kept with it."""
        ...

    def check_open_sends(self) -> None:
        """Learn what became of every send that this run left open. Raises `Wait` while one may still be
        booked, and `Incident` where only a person can tell.
        """
        ...

    def claim(self, subjects: Collection[Subject]) -> None:
        """Hold all the subjects, so that no other run posts for one of them. Raises `Wait` while another run
        holds one, and `Hold` while that one waits for a person.
        """
        ...

    def abandon_unfinished(self) -> tuple[str, ...]:
        """End what this run has begun, because it posts nothing more: see the method of `Committer`."""
        ...

    def commit_once(self, sink: Sink[Any, Any], document: Document, origin: Origin) -> Receipt:
        """Write the document once, to the system of this sink. See `intent`."""
        ...

    def commit_all(
        self, sink: Sink[Any, Any], wanted: Sequence[tuple[Document, Origin]], seen: Seen, find: Find
    ) -> None:
        """Write each of the documents once. `seen` is what was found of them since they were claimed. See
        `Committer`.
        """
        ...

    def seconds(self) -> float:
        """Of the machine's own clock, which never goes back."""
        ...

    def converge(self, register: Register[Any], kind: str) -> Converger:
        """What brings records of this kind in the register to the plan of this run. See `converge`."""
        ...

    def given(self, kind: type[T]) -> T:
        """What this run was given, as a dataclass of texts, without what an earlier release kept besides."""
        ...

    def end_once(self, sink: Sink[Any, Any], key: str) -> None:
        """End a document of this sink by its system's own verb. See `intent`."""
        ...

    def assign(self, field: Assignable, reference: str, value: str, expected: str = "") -> None:
        """Set a field of somebody else's document. Raises `Hold` where it holds neither this value nor the
        one that is expected.
        """
        ...

    def record_subjects(self, subjects: Collection[Subject]) -> None:
        """Remember what this run speaks of."""
        ...

    def others(self, subjects: Collection[Subject]) -> tuple[OtherRun, ...]:
        """Other runs that are not at their end and speak of one of these subjects. See `Runs.others`."""
        ...

    def others_beginning(
        self, subjects: Collection[Subject], days: Collection[str] = ()
    ) -> tuple[OtherRun, ...]:
        """The same, of subjects whose text begins with that of one of these. See `Runs.others_beginning`."""
        ...

    def done(self, subjects: Collection[Subject]) -> tuple[OtherRun, ...]:
        """Other runs that are done and spoke of one of these subjects. See `Runs.done`."""
        ...

    def done_beginning(
        self, subjects: Collection[Subject], days: Collection[str] = ()
    ) -> tuple[OtherRun, ...]:
        """The same, of subjects whose text begins with that of one of these. See `Runs.done_beginning`."""
        ...

    def subjects_of_run(self, run: str) -> tuple[Subject, ...]:
        """What another run speaks of."""
        ...

    def value_of(self, run: str, stage: str, name: str, shape: type[T]) -> T | None:
        """What a stage of another run recorded last under the name; `None` where it recorded nothing, or
        where that was removed after its time.
        """
        ...

    def answers(self) -> Mapping[str, str]:
        """What a person answered to questions of this run."""
        ...

    def approved(self) -> str:
        """The fingerprint that stands approved for this run; empty for none."""
        ...

    def tell(self, run: str, notice: str) -> None:
        """Note on another run what has become of it, for whoever looks at it."""
        ...

    def audit(self, action: str, detail: Mapping[str, str | int | bool | None]) -> None:
        """Note what was done in the audit chain."""
        ...


class Committers(Protocol):
    """A committer for each system that a run may write to."""

    def __iter__(self) -> Iterator[Committer]: ...

    def of(self, sink: Sink[Any, Any]) -> Committer:
        """The committer of the system that has this sink. Raises `KeyError` for a system of none of them."""
        ...


@dataclass(slots=True, kw_only=True)
class StageRun:
    """The one implementation of `Run`."""

    row: RunRow
    runs: Runs
    artifacts: Artifacts
    claims: Claims
    committers: Committers
    clock: Clock
    auditor: Auditor
    crash_point: CrashPoint = field(default=lambda name: None)
    converger: Callable[[Register[Any], str], Converger] = field(kw_only=True)

    def step(self, name: str, do: Callable[[], T]) -> T:
        label = f"{self.row.stage}/{self.row.attempt}/{name}"
        text = self.artifacts.read(self.row.id, label)
        if text is None:
            self.crash_point(f"{name}: before")
            text, made = codec.recorded(do())
            self.crash_point(f"{name}: before recording")
            self.artifacts.record(self.row.id, label, text)
            self.crash_point(f"{name}: recorded")
            return cast(T, made)
        value: T = codec.decode(text)
        return value

    def value(self, stage: str, name: str, shape: type[T]) -> T:
        value = self.value_of(self.row.id, stage, name, shape)
        if value is None:
            raise KeyError(f"{stage} recorded no {name!r}")
        return value

    def value_of(self, run: str, stage: str, name: str, shape: type[T]) -> T | None:
        text = self.artifacts.newest(run, stage, name)
        if text is None:
            return None
        value = codec.decode(text)
        if not isinstance(value, shape):
            raise codec.CodecError(
                f"{stage} recorded {type(value).__name__} as {name!r}, not {shape.__name__}"
            )
        return value

    def check(self, problems: Iterable[Problem]) -> None:
        if found := tuple(problems):
            raise Hold(found)

    def check_open_sends(self) -> None:
        for committer in self.committers:
            committer.check_open_sends(self.row.id)

    def claim(self, subjects: Collection[Subject]) -> None:
        self.crash_point("claim: before")
        holder = self.claims.take(self.row.id, subjects)
        if holder and self._waits_for_a_person(holder):
            text = (
                f"Run {holder} has started to post for the same and waits for a person. Finish"
                f" it: ml-connector runs show {holder}. Then: ml-connector runs resume {self.row.id}."
            )
            raise Hold([Problem("claim.held", holder, text, Owner.CONTROLLER)])
        if holder:
            due = look_again(self.row, self.clock.now(), CLAIM_SECONDS)
            raise Wait(due, f"Run {holder} is posting for the same. This run continues after it.")
        self.crash_point("claim: taken")

    def _waits_for_a_person(self, run: str) -> bool:
        return self.runs.get(run).state in (RunState.HELD, RunState.FAILED, RunState.AWAITING_APPROVAL)

    def abandon_unfinished(self) -> tuple[str, ...]:
        return tuple(
            number for committer in self.committers for number in committer.abandon_unfinished(self.row.id)
        )

    def release_claims(self) -> None:
        """Release the claims of this run, unless something of it is in flight."""
        self.claims.release(self.row.id)

    def commit_once(self, sink: Sink[Any, Any], document: Document, origin: Origin) -> Receipt:
        return self.committers.of(sink).commit_once(document, replace(origin, run=self.row.id))

    def commit_all(
        self, sink: Sink[Any, Any], wanted: Sequence[tuple[Document, Origin]], seen: Seen, find: Find
    ) -> None:
        own = [(document, replace(origin, run=self.row.id)) for document, origin in wanted]
        self.committers.of(sink).commit_all(own, seen, find)

    def seconds(self) -> float:
        return self.clock.monotonic()

    def end_once(self, sink: Sink[Any, Any], key: str) -> None:
        self.committers.of(sink).end_once(key)

    def assign(self, field: Assignable, reference: str, value: str, expected: str = "") -> None:
        if (now := field.assigned(reference)) == value:
            return
        if now != expected:
            text = f"{reference} says {now or 'nothing'} where we were to write {value}. Nothing was written."
            raise Hold([Problem("assign.conflict", reference, text, Owner.ADMINISTRATOR)])
        self.crash_point("assign: before")
        field.assign(reference, value)
        self.crash_point("assign: done")

    def converge(self, register: Register[Any], kind: str) -> Converger:
        return self.converger(register, kind)

    def given(self, kind: type[T]) -> T:
        known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
        return kind(**{name: value for name, value in self.row.input.items() if name in known})

    def record_subjects(self, subjects: Collection[Subject]) -> None:
        self.runs.record_subjects(self.row.id, subjects)

    def others(self, subjects: Collection[Subject]) -> tuple[OtherRun, ...]:
        return self.runs.others(self.row.id, subjects)

    def others_beginning(
        self, subjects: Collection[Subject], days: Collection[str] = ()
    ) -> tuple[OtherRun, ...]:
        return self.runs.others_beginning(self.row.id, subjects, days)

    def done(self, subjects: Collection[Subject]) -> tuple[OtherRun, ...]:
        return self.runs.done(self.row.id, subjects)

    def done_beginning(
        self, subjects: Collection[Subject], days: Collection[str] = ()
    ) -> tuple[OtherRun, ...]:
        return self.runs.done_beginning(self.row.id, subjects, days)

    def subjects_of_run(self, run: str) -> tuple[Subject, ...]:
        return self.runs.subjects_of_run(run)

    def answers(self) -> Mapping[str, str]:
        return self.runs.answers(self.row.id)

    def approved(self) -> str:
        return self.runs.approved(self.row.id)

    def tell(self, run: str, notice: str) -> None:
        if run and run != self.row.id:
            self.runs.tell(run, notice)

    def audit(self, action: str, detail: Mapping[str, str | int | bool | None]) -> None:
        self.auditor(action, detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a stage ended, as the engine moves the run: the new state, the next stage where there is one, and
    what people see.

    `counts_as_attempt` is a failure that counts towards the attempts of the stage; a pause or a wait for the
    ledger is none.
    """

    state: RunState
    stage: str | None = None
    due_at: datetime | None = None
    summary: str = ""
    notice: str | None = None
    problems: tuple[Problem, ...] = ()
    support: str = ""
    counts_as_attempt: bool = False
    paused: bool = False
    awaits: str = ""
