"""The deterministic engine: one thread, a clock that is set, everything in memory. For flow, property and
simulation tests.

`Memory` is what survives a crash; an `Inline` made anew on the same memory is a process that came back. It
carries out stages exactly as the durable engine does, through `stages.carry_out`; time moves only to the next
due run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from ml_connector.domain import codec
from ml_connector.domain.journal import CommitKey, Marker, Receipt
from ml_connector.domain.payroll import Block, Distribution, DistributionGroup, Kind
from ml_connector.domain.problem import Problem
from ml_connector.errors import KeyConflict
from ml_connector.ports.storage import (
    SENDABLE,
    Clock,
    CommitRow,
    CommitState,
    IntentEnd,
    IntentRow,
    RunRow,
    RunState,
)
from ml_connector.runs.stages import Ticket, Workshop, carry_out, wake

STEPS_MAX = 10_000


@dataclass(slots=True)
class MemoryCommits:
    """As `ports.storage.Commits`, with the same constraints as the tables."""

    clock: Clock
    rows: dict[str, CommitRow] = field(default_factory=dict)
    intents: list[IntentRow] = field(default_factory=list)
    ended: dict[int, IntentEnd] = field(default_factory=dict)
    distrusted: dict[str, str] = field(default_factory=dict)

    def open(self, *, key: str, fingerprint: str, subject: str, entity: str, content: str) -> CommitRow:
        self._supersede(CommitKey.parse(key))
        fresh = CommitRow(
            key=key,
            fingerprint=fingerprint,
            state=CommitState.PLANNED,
            subject=subject,
            entity=entity,
            content=content,
        )
        row = self.rows.setdefault(key, fresh)
        if row.fingerprint != fingerprint:
            raise KeyConflict(f"The key {key} was already used for other content.", where=key)
        if row.reversed_by:
            raise KeyConflict(f"{key} was superseded by {row.reversed_by}.", where=key)
        return row

    def _supersede(self, key: CommitKey) -> None:
        for row in list(self.rows.values()):
            earlier = CommitKey.parse(row.key)
            if earlier.family != key.family or earlier.revision >= key.revision or row.reversed_by:
                continue
            if row.state not in (CommitState.PLANNED, CommitState.REFUSED):
                raise KeyConflict(f"{row.key} is {row.state}.", where=str(key))
            self.rows[row.key] = replace(row, reversed_by=str(key))

    def get(self, key: str) -> CommitRow | None:
        return self.rows.get(key)

    def of_subject(self, subject: str) -> tuple[CommitRow, ...]:
        return tuple(row for row in self.rows.values() if row.subject == subject)

    def of_run(self, prefix: str) -> tuple[CommitRow, ...]:
        return tuple(row for row in self.rows.values() if row.key.startswith(prefix))

    def traces(self, entity: str) -> frozenset[str]:
        def trace(row: CommitRow) -> str:
            receipt = codec.decode(row.receipt) if row.receipt else None
            return receipt.reference if isinstance(receipt, Receipt) else Marker.of(row.key).token

        return frozenset(trace(row) for row in self.rows.values() if row.entity == entity)

    def open_intent(self, key: str) -> IntentRow | None:
        return next(
            (intent for intent in self.intents if intent.key == key and intent.id not in self.ended), None
        )

    def intend(self, *, key: str, fingerprint: str, boot: str) -> IntentRow:
        if self.open_intent(key) is not None or self.rows[key].reversed_by:
            raise KeyConflict("Another attempt is sending this entry right now.", where=key)
        if self.rows[key].state not in SENDABLE:
            raise KeyConflict(
                f"{key} became {self.rows[key].state} after it was looked up; it is not sent.", where=key
            )
        now = self.clock.now()
        intent = IntentRow(
            id=len(self.intents) + 1, key=key, fingerprint=fingerprint, boot=boot, created_at=now
        )
        self.intents.append(intent)
        self.rows[key] = replace(
            self.rows[key], state=CommitState.SENDING, first_sent_at=self.rows[key].first_sent_at or now
        )
        return intent

    def still_open(self, intent: IntentRow) -> bool:
        return self.open_intent(intent.key) == intent

    def close_intent(
        self,
        intent: IntentRow,
        end: IntentEnd,
        *,
        state: CommitState,
        receipt: str = "",
        adopted: bool = False,
        detail: str = "",
    ) -> None:
        if not self.still_open(intent):
            raise KeyConflict("This intent was closed by somebody else.", where=intent.key)
        self.ended[intent.id] = end
        self.settle(intent.key, state=state, receipt=receipt, adopted=adopted, detail=detail)

    def settle(
        self,
        key: str,
        *,
        state: CommitState,
        receipt: str = "",
        booked: str = "",
        adopted: bool = False,
        detail: str = "",
    ) -> None:
        row = self.rows[key]
        self.rows[key] = replace(
            row,
            state=state,
            receipt=receipt or row.receipt,
            booked=booked or row.booked,
            adopted=row.adopted or adopted,
            detail=detail,
        )

    def reverse(self, key: str, by: str) -> None:
        self.rows[key] = replace(self.rows[key], reversed_by=by)

    def distrust_marker(self, entity: str, why: str) -> None:
        self.distrusted.setdefault(entity, why)

    def marker_distrusted(self, entity: str) -> str:
        return self.distrusted.get(entity, "")

    def now(self) -> datetime:
        return self.clock.now()


@dataclass(slots=True)
class MemoryRuns:
    """As `ports.storage.Runs`."""

    clock: Clock
    rows: dict[str, RunRow] = field(default_factory=dict)
    approvals: dict[str, str] = field(default_factory=dict)

    def create(self, *, flow: str, stage: str, input: Mapping[str, str]) -> RunRow:
        row = RunRow(
            id=f"{flow}-{len(self.rows) + 1}",
            organisation="memory",
            flow=flow,
            state=RunState.READY,
            stage=stage,
            attempt=1,
            input=dict(input),
            created_at=self.clock.now(),
        )
        self.rows[row.id] = row
        return row

    def get(self, run: str) -> RunRow:
        return self.rows[run]

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
    ) -> RunRow | None:
        here = self.rows[row.id]
        if (here.state, here.stage, here.attempt) != (row.state, row.stage, row.attempt):
            return None
        moved = replace(
            here,
            state=state,
            stage=stage or here.stage,
            attempt=attempt or here.attempt,
            due_at=due_at,
            problems=problems,
            summary=here.summary if summary is None else summary,
            input=dict(here.input if input is None else input),
        )
        self.rows[row.id] = moved
        return moved

    def running(self) -> tuple[RunRow, ...]:
        return tuple(row for row in self.rows.values() if row.state is RunState.RUNNING)

    def to_enqueue(self, now: datetime) -> tuple[RunRow, ...]:
        return tuple(
            row
            for row in self.rows.values()
            if row.state is RunState.READY
            or (row.state is RunState.WAITING and row.due_at and row.due_at <= now)
        )

    def approved(self, run: str) -> str:
        return self.approvals.get(run, "")


@dataclass(slots=True)
class MemoryArtifacts:
    """As `ports.storage.Artifacts`."""

    values: dict[tuple[str, str], str] = field(default_factory=dict)

    def record(self, run: str, name: str, text: str) -> str:
        if self.values.setdefault((run, name), text) != text:
            raise KeyConflict(f"The record {name!r} of run {run} was made with other content.", where=name)
        return codec.digest(text)

    def read(self, run: str, name: str) -> str | None:
        return self.values.get((run, name))


@dataclass(slots=True)
class MemoryStaging:
    """As `ports.storage.Staging`."""

    blocks: dict[str, list[Block]] = field(default_factory=dict)
    links: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    kinds: dict[str, list[tuple[Kind, int]]] = field(default_factory=dict)

    def stage(self, run: str, block: Block) -> None:
        self.blocks.setdefault(run, []).append(block)

    def clear(self, run: str) -> None:
        self.blocks.pop(run, None)
        self.links.pop(run, None)
        self.kinds.pop(run, None)

    def delivered(self, run: str) -> tuple[tuple[int, int, int], ...]:
        return tuple((block.number, block.total, len(block.rows)) for block in self.blocks.get(run, []))

    def problems(self, run: str) -> tuple[Problem, ...]:
        return tuple(problem for block in self.blocks.get(run, []) for problem in block.problems)

    def rows(self, run: str) -> Iterator[tuple[int, Distribution]]:
        yield from enumerate((row for block in self.blocks.get(run, []) for row in block.rows), 1)

    def groups(self, run: str) -> Iterator[DistributionGroup]:
        found: dict[Kind, list[Distribution]] = {}
        for _, row in self.rows(run):
            found.setdefault(row.kind, []).append(row)
        for rows in found.values():
            yield DistributionGroup(like=rows[0], rows=len(rows), minor=sum(row.amount.minor for row in rows))

    def link(
        self, run: str, groups: Iterable[tuple[Distribution, int]], rows: Iterable[tuple[int, int]]
    ) -> None:
        self.kinds[run] = [(like.kind, cell) for like, cell in groups]
        self.links[run] = list(rows)

    def behind(self, run: str, cell: int, limit: int) -> tuple[Distribution, ...]:
        kinds = {kind for kind, number in self.kinds.get(run, []) if number == cell}
        single = {row for row, number in self.links.get(run, []) if number == cell}
        return tuple(row for number, row in self.rows(run) if number in single or row.kind in kinds)[:limit]


@dataclass(slots=True)
class MemoryAudit:
    """As `ports.storage.Audit`, without the chain."""

    entries: list[tuple[str, str]] = field(default_factory=list)

    def append(
        self, *, actor: str, action: str, subject: str, detail: Mapping[str, str | int | bool | None]
    ) -> None:
        self.entries.append((action, subject))


class Memory:
    """Everything that survives a crash."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.commits = MemoryCommits(clock)
        self.runs = MemoryRuns(clock)
        self.artifacts = MemoryArtifacts()
        self.staging = MemoryStaging()
        self.audit = MemoryAudit()


class Inline:
    """Carries out stages one after the other. `advance` moves the clock to a moment."""

    def __init__(self, workshop: Workshop, runs: MemoryRuns, advance: Callable[[datetime], None]) -> None:
        self._workshop, self._runs, self._advance = workshop, runs, advance

    def settle(self) -> None:
        """Go on until no run is ready, running or waiting: all are done, held, or waiting for a person."""
        for _ in range(STEPS_MAX):
            active = [
                row
                for row in self._runs.rows.values()
                if row.state in (RunState.READY, RunState.RUNNING, RunState.WAITING)
            ]
            if not active:
                return
            row = min(
                active,
                key=lambda row: (row.state is RunState.WAITING, row.due_at or self._workshop.clock.now()),
            )
            if (
                row.state is RunState.WAITING
                and row.due_at is not None
                and row.due_at > self._workshop.clock.now()
            ):
                self._advance(row.due_at)
            ticket = (
                Ticket(row.id, row.stage, row.attempt)
                if row.state is RunState.RUNNING
                else wake(row, self._runs)
            )
            while ticket is not None:
                ticket = carry_out(ticket, self._workshop, lambda name, perform: perform())
        raise RuntimeError("the runs do not come to rest")
