"""Where records of one kind are kept and brought to a wished state, again and again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ml_connector.domain.changes import Change, Record
from ml_connector.domain.problem import Problem

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterLimits:
    """How a register is written to. `batch`: changes that one `put` takes at the most. `read_ahead`: rows
    that are read at once before they are written batch by batch, where each row has a version of its own;
    without it the rows of a batch are. `settle_seconds`: after an unknown outcome the vendor may still write
    for so long. `look_again_seconds`: how often to look whether what was handed over was taken in. `guarded`:
    a version protects a row, or its container, so that nobody's edit between our read and our write is
    overwritten. `shared`: one row serves every legal entity, and has an empty one. `axes`: those of dimension
    values, or of assignments, that it keeps, `dated` those with a first day, `named` those of people whose
    first and last names are apart, `never_closed` those whose rows stay open for ever, `by_setting` those
    that another setting of the connection would add. `writes`: calls that one change takes at the most.
    `adds_accounts`: a bank account can be added to a supplier beside the one it has.
    """

    batch: int = 200
    read_ahead: int = 0
    settle_seconds: float = 600
    look_again_seconds: float = 3600
    guarded: bool = True
    shared: bool = False
    axes: frozenset[str] = frozenset()
    dated: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()
    never_closed: frozenset[str] = frozenset()
    by_setting: frozenset[str] = frozenset()
    writes: int = 1
    adds_accounts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Versioned(Generic[R]):
    """A row as the system keeps it; `version` is empty where it has none, and the container's where that is
    what the vendor guards.
    """

    record: R
    version: str = ""

    @property
    def key(self) -> str:
        """Of the record."""
        return self.record.key


@dataclass(frozen=True, slots=True)
class Written:
    """The system keeps the row as it was wished."""


@dataclass(frozen=True, slots=True)
class Stale:
    """Nothing was written: the row, or its container, has another version now. It is read again."""


@dataclass(frozen=True, slots=True)
class NotTaken:
    """Nothing was written: the system refuses the row."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class HandedOver:
    """It is with a person or a job of the vendor, by this name; it is done when a read shows it."""

    reference: str


Answer = Written | Stale | NotTaken | HandedOver
"""What became of one change."""


class Register(Protocol[R]):
    """Where records of one kind are kept. Only `put` changes anything; it never sends twice."""

    limits: RegisterLimits

    def rows(self, within: Collection[str] = ()) -> Iterator[Versioned[R]]:
        """Every row in the order of keys, or an error; memory holds a page at a time, or what the vendor
        gives at once. `within` are beginnings of keys, `<legal entity>/<axis>/` for dimension values and
        `<legal entity>/` for assignments: only rows under one of them are read, and none of another container
        is asked for. Raises `Refused` for one that the connection does not reach.
        """
        ...

    def read(self, keys: Collection[str]) -> Mapping[str, Versioned[R]]:
        """These rows as they are now, those that there are, asked afresh in as few calls as can be: by their
        keys, or the whole list. There may be fifty thousand keys.
        """
        ...

    def last_read(self, keys: Collection[str]) -> Mapping[str, Versioned[R]] | None:
        """These rows as they were read last, without a call, where `put` writes neither them nor a new row
        beside them once anything of their container changed since: they need no other read. `None` where that
        is not so, or they were not read.
        """
        return None

    def at_once(self, changes: Sequence[Change]) -> int:
        """How many of the first of these changes, at least one, go into one `put`: fewer than a batch where
        each takes a call.
        """
        return min(len(changes), self.limits.batch)

    def normal(self, record: R) -> R:
        """The record as the system would keep it: trimmed, cut, in its letters. No calls."""
        ...

    def check(self, record: R) -> tuple[Problem, ...]:
        """What the system cannot hold of the record: a code too long, a sign that it does not take. Its key
        is never cut or mended. No calls where its container was read before.
        """
        ...

    def put(self, changes: Sequence[Change], seen: Mapping[str, str]) -> tuple[Answer, ...]:
        """Write the changes in order, once, and say of each what became of it. `seen` are the versions they
        rest on, by key. Raises `NotSent`, `Refused` (nothing of these was written), `Throttled` (what was not
        written has to wait; they are read again) or `OutcomeUnknown` (any of them may be).
        """
        ...
