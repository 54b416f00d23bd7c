"""The write path of records: a plan is carried out in batches, each judged alone, as often as it takes.

    take rows ─ read them fresh; of each batch of them
       ├─ as wished, as the system keeps it ──────────────── done; the last agreed state is noted
       ├─ a field neither as wished nor as the plan saw it ─ conflict: somebody's edit, shown, not overwritten
       └─ else ─ note that it is sent ─ put
             ├─ written ─────── done                ├─ stale ────────── read again, at most three times
             ├─ not taken ───── refused             ├─ handed over ──── done when a read shows it, a conflict
             │                                      │                   when it shows somebody's edit
             └─ no proof ────── Wait; after the settling time it is read like any other

Where each row has a version, rows are read far ahead of their batch: one that is edited meanwhile is stale.
Where their container has one, rows that were never sent are written on what the register read last, if that
is as the plan saw it.

After a crash behind our own write the row is as wished, so it is done and not taken for somebody's edit; of a
change that takes several writes, the rest is sent. An unknown write is not sent again before the settling
time is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ml_connector.domain.changes import Change, compared, differences
from ml_connector.domain.problem import Owner, Problem
from ml_connector.errors import NotSent, OutcomeUnknown, Refused
from ml_connector.ports.plans import Links, PlannedRow, Plans, PlanState
from ml_connector.ports.registers import HandedOver, NotTaken, Register, Stale, Versioned, Written
from ml_connector.ports.storage import Clock
from ml_connector.runs.proof import Wait

STALE_MAX = 3
BATCHES_A_PASS = 5
"""Batches that one pass of a stage carries out, or the rows of one read, before it starts itself again."""
READ_AGAIN, COMPARED = 50_000, 1_000
"""Rows that are looked for, or read again, at a time; and how many of them are compared at a time."""


@dataclass(slots=True, kw_only=True)
class Converger:
    """Brings the rows of one register to the state that the plan of a run says."""

    register: Register[Any]
    plans: Plans
    links: Links
    clock: Clock
    kind: str
    alive: Callable[[], None] = field(default=lambda: None)
    crash_point: Callable[[str], None] = field(default=lambda name: None)

    def apply(self, run: str) -> bool:
        """Carry out the next batches of the plan; false once nothing is left to send. Raises `Wait` while a
        write may still happen.
        """
        self._wait_for_unknown(run)
        limits = self.register.limits
        ahead = max(limits.read_ahead, limits.batch)
        for _ in range(max(BATCHES_A_PASS * limits.batch // ahead, 1)):
            rows = self.plans.next(run, (PlanState.PLANNED, PlanState.SENT), ahead)
            if not rows:
                return False
            self._rows(run, rows)
        return True

    def seen(self, run: str) -> bool:
        """Look whether what was handed over was taken in. Raises `Wait` while some of it was not. What
        somebody edits meanwhile is a conflict: it may never be taken in.
        """
        waiting = ""
        for rows, fresh in self._read_afresh(run, PlanState.HANDED_OVER):
            seen = []
            for row in rows:
                now = fresh.get(row.change.key)
                if self._is_wished(row.change, now):
                    seen.append(row)
                elif self._is_on_its_way(row.change, now):
                    waiting = waiting or row.detail
                else:
                    shown = self._shown(row.change, now)
                    text = f"{row.change.key} was handed over, and edited since: {shown}."
                    self._edited(run, row, f"{text} It is left as it is.")
            self._done(run, seen)
        if waiting:
            due = self.clock.now() + timedelta(seconds=self.register.limits.look_again_seconds)
            raise Wait(due, f"{waiting} is not taken in yet. Looking again at {due:%H:%M} UTC.")
        return True

    def read_again(self, run: str) -> None:
        """Compare what counts as done with what the system shows now; what is not as wished is a conflict."""
        for rows, fresh in self._read_afresh(run, PlanState.DONE):
            for row in rows:
                now = fresh.get(row.change.key)
                if not self._is_wished(row.change, now):
                    text = f"{row.change.key} was written, and the other system shows something else now"
                    text = f"{text}: {self._shown(row.change, now)}."
                    self._ended(run, row, PlanState.CONFLICT, text)

    def _read_afresh(
        self, run: str, state: PlanState
    ) -> Iterator[tuple[Sequence[PlannedRow], Mapping[str, Versioned[Any]]]]:
        """The plan's rows in this state, some at a time, with what the system shows: as many are read at once
        as can be, and no more of them held than their keys.
        """
        after = 0
        while keys := self._keys(run, state, after):
            fresh, last = self.register.read(list(keys.values())), max(keys)
            while after < last:
                rows = self.plans.next(run, (state,), min(COMPARED, len(keys)), after)
                rows = tuple(row for row in rows if row.number in keys)
                after = rows[-1].number if rows else last
                yield rows, fresh

    def _keys(self, run: str, state: PlanState, after: int) -> dict[int, str]:
        """By number, of the next rows of the plan in this state."""
        keys: dict[int, str] = {}
        while len(keys) < READ_AGAIN and (rows := self.plans.next(run, (state,), COMPARED, after)):
            keys |= {row.number: row.change.key for row in rows}
            after = rows[-1].number
        return keys

    def _wait_for_unknown(self, run: str) -> None:
        since = self.plans.last_sent(run)
        if since is None:
            return
        due = since + timedelta(seconds=self.register.limits.settle_seconds)
        if self.clock.now() < due:
            raise Wait(due, f"An earlier write may still happen; looking again at {due:%H:%M:%S} UTC.")

    def _rows(self, run: str, rows: Sequence[PlannedRow]) -> None:
        limits = self.register.limits
        left, fresh = list(rows), self._last_read(rows)
        for _ in range(STALE_MAX):
            if fresh is None:
                fresh = self.register.read([row.change.key for row in left])
            left, again = self._still_open(run, left, fresh), []
            while left:
                size = self.register.at_once([row.change for row in left[: limits.batch]])
                again += self._send(run, left[:size], fresh)
                left = left[size:]
            left, fresh = again, None
            if not left:
                return
        for row in left:
            text = f"{row.change.key} was changed again and again while it was written. Run it again later."
            self._ended(run, row, PlanState.CONFLICT, text)

    def _last_read(self, rows: Sequence[PlannedRow]) -> Mapping[str, Versioned[Any]] | None:
        """What the register showed last of rows that were never sent, where all are as the plan saw them."""
        if any(row.state is not PlanState.PLANNED for row in rows):
            return None
        fresh = self.register.last_read([row.change.key for row in rows])
        if fresh is None or not all(
            self._is_as_planned(row.change, fresh.get(row.change.key)) for row in rows
        ):
            return None
        return fresh

    def _still_open(
        self, run: str, rows: Sequence[PlannedRow], fresh: Mapping[str, Versioned[Any]]
    ) -> list[PlannedRow]:
        """The changes that are still to be made; the others are done, or a conflict."""
        done, left = [], []
        for row in rows:
            now = fresh.get(row.change.key)
            if self._is_wished(row.change, now):
                done.append(row)
            elif self._is_on_its_way(row.change, now):
                left.append(row)
            else:
                text = f"{row.change.key} was edited since the plan was made: {self._shown(row.change, now)}."
                self._edited(run, row, f"{text} It is left as it is.")
        self._done(run, done)
        return left

    def _is_wished(self, change: Change, fresh: Versioned[Any] | None) -> bool:
        return fresh is not None and fresh.record == self.register.normal(change.after)

    def _is_as_planned(self, change: Change, fresh: Versioned[Any] | None) -> bool:
        """Whether nobody edited the row since the plan. What only time changes in it is no edit."""
        if fresh is None or change.before is None:
            return fresh is None and change.before is None
        return bool(fresh.record == self.register.normal(change.before))

    def _is_on_its_way(self, change: Change, fresh: Versioned[Any] | None) -> bool:
        """Whether every field is as it was or as it is wished: what was handed over may be taken in in
        parts, and a process may die between the writes of a change.
        """
        if fresh is None:
            return change.before is None
        before, after = map(self.register.normal, (change.before or change.after, change.after))
        return all(
            getattr(fresh.record, name) in (getattr(before, name), getattr(after, name))
            for name in compared(after)
        )

    def _shown(self, change: Change, fresh: Versioned[Any] | None) -> str:
        return differences(fresh.record if fresh is not None else None, self.register.normal(change.after))

    def _send(
        self, run: str, rows: Sequence[PlannedRow], fresh: Mapping[str, Versioned[Any]]
    ) -> list[PlannedRow]:
        """Send the changes once; those that are to be read again."""
        self.alive()
        numbers = [row.number for row in rows]
        self.plans.mark(run, numbers, PlanState.SENT, at=self.clock.now())
        self.crash_point("put: noted")
        versions = {row.change.key: fresh[row.change.key].version for row in rows if row.change.key in fresh}
        try:
            answers = self.register.put([row.change for row in rows], versions)
        except OutcomeUnknown as error:
            due = self.clock.now() + timedelta(seconds=self.register.limits.settle_seconds)
            raise Wait(due, f"{error.problem.text} Looking again at {due:%H:%M:%S} UTC.") from error
        except (NotSent, Refused):
            self.plans.mark(run, numbers, PlanState.PLANNED)
            raise
        self.crash_point("put: answered")
        again, written = [], []
        for row, answer in zip(rows, answers, strict=True):
            match answer:
                case Written():
                    written.append(row)
                case HandedOver(reference):
                    self._ended(run, row, PlanState.HANDED_OVER, reference)
                case NotTaken(problem):
                    self._ended(run, row, PlanState.REFUSED, problem.text)
                case Stale():
                    again.append(row)
        self._done(run, written)
        self.plans.mark(run, [row.number for row in again], PlanState.PLANNED)
        return again

    def _done(self, run: str, rows: Sequence[PlannedRow]) -> None:
        """The rows are as wished: noted as what both sides agree on, then as done."""
        if rows:
            agreed = {row.change.key: self.register.normal(row.change.after) for row in rows}
            self.links.agree(self.kind, agreed)
            self.plans.mark(run, [row.number for row in rows], PlanState.DONE)

    def _edited(self, run: str, row: PlannedRow, text: str) -> None:
        """Somebody's edit. What was there before it, or a new row as we wished it, is noted, so that later
        plans show the edit too and do not take it for a row that was never ours.
        """
        ours = row.change.before if row.change.before is not None else row.change.after
        self.links.agree(self.kind, {row.change.key: self.register.normal(ours)})
        self._ended(run, row, PlanState.CONFLICT, text)

    def _ended(self, run: str, row: PlannedRow, state: PlanState, detail: str) -> None:
        self.plans.mark(run, [row.number], state, detail)


def left_undone(rows: Sequence[PlannedRow]) -> list[Problem]:
    """What of a plan is not done and needs a person."""
    return [
        Problem(
            "plan.conflict" if row.state is PlanState.CONFLICT else "plan.refused",
            row.change.key,
            row.detail,
            Owner.ADMINISTRATOR,
        )
        for row in rows
    ]
