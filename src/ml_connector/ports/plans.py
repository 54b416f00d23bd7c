"""The plans of alignments, and what we and a connected system agreed on last."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from ml_connector.domain.changes import Change


class PlanState(StrEnum):
    """Of one change of a plan. Only `PLANNED`, and `SENT` after the settling time, are still to be made;
    `NOTED` is a line that only tells what is left as it is in the other system.
    """

    PLANNED = "planned"
    SENT = "sent"
    DONE = "done"
    CONFLICT = "conflict"
    REFUSED = "refused"
    HANDED_OVER = "handed_over"
    NOTED = "noted"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRow:
    """One change of a plan, numbered from 1 in the order in which they are made. `detail` says why it is not
    done, or where it was handed over.
    """

    number: int
    change: Change
    state: PlanState
    detail: str = ""


class Plans(Protocol):
    """The plans of runs, row by row: a plan may have a hundred thousand."""

    def store(self, run: str, changes: Iterable[Change]) -> str:
        """Make this the plan of the run, in the order given; its fingerprint, a running hash over every
        change. What a plan only shows is stored as such.
        """
        ...

    def fingerprint(self, run: str) -> str:
        """Of the run's plan; empty without one."""
        ...

    def counts(self, run: str) -> Mapping[PlanState, int]:
        """How many changes are in each state."""
        ...

    def next(
        self, run: str, states: Collection[PlanState], most: int, after: int = 0
    ) -> tuple[PlannedRow, ...]:
        """The first changes in these states behind that number, in order."""
        ...

    def opens(self, run: str, keys: Collection[str]) -> bool:
        """Whether the plan is still to make, or to open again, a row under each of these keys."""
        ...

    def mark(
        self,
        run: str,
        numbers: Collection[int],
        state: PlanState,
        detail: str = "",
        at: datetime | None = None,
    ) -> None:
        """Note what became of these changes; `at` is when they are sent."""
        ...

    def last_sent(self, run: str) -> datetime | None:
        """When the last change was sent whose outcome is not known; `None` where there is none."""
        ...


class Comparisons(Protocol):
    """When the register of a flow was last compared with the source and found in order. Where anything else
    may be there, or may be wished, a pass compares again.
    """

    def in_order_since(self, run: str, wished: str) -> datetime | None:
        """When the register was last read and had all that this digest stands for, so that the pass `run`
        need not read it; `None` where the settings, the mapping or the installation is another one since, a
        system of the register told of a change or was written to, the pass before did not end, or people have
        something to look at.
        """
        ...

    def begin(self, run: str) -> None:
        """The run reads the register now."""
        ...

    def in_order(self, run: str, wished: str) -> None:
        """The run found all that this digest stands for, and nothing to change. It counts for nothing where
        the register may have changed since it began.
        """
        ...

    def forget(self) -> None:
        """The register may be another one: every flow that keeps records in its system compares again."""
        ...


class Links(Protocol):
    """What we and a connected system agreed on last, by kind of record and our key."""

    def bases(self, kind: str) -> Iterator[tuple[str, Any]]:
        """Our key and the last agreed record of each, in the order of the keys."""
        ...

    def agree(self, kind: str, records: Mapping[str, Any]) -> None:
        """Note what both have now, by our key."""
        ...

    def know(self, kind: str, theirs: Mapping[str, str]) -> None:
        """Note under which key the system knows each of these records of ours, where it draws its own. Raises
        `KeyConflict` where one belongs to another record of ours; then none of them is noted.
        """
        ...

    def theirs(self, kind: str, key: str) -> str:
        """The system's key of a record of ours; empty where it is the same, or not known."""
        ...

    def known(self, kind: str) -> Iterator[tuple[str, str]]:
        """Our key and the system's own of each record that has one, in any order."""
        ...

    def forget(self, kind: str, keys: Collection[str]) -> None:
        """The system's keys of these records of ours are known no more."""
        ...
