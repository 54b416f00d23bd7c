"""The reference register: rows in memory, in containers that the vendor guards by one version each, with a
person who edits, an import that takes its time, and faults.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ml_connector.domain.changes import Change
from ml_connector.domain.problem import Owner, Problem
from ml_connector.errors import NotSent, OutcomeUnknown
from ml_connector.ports.registers import (
    Answer,
    HandedOver,
    NotTaken,
    Register,
    RegisterLimits,
    Stale,
    Versioned,
    Written,
)

LOST_BEFORE, LOST_AFTER, UNREACHABLE = "lost before write", "lost after write", "unreachable"


@dataclass(slots=True)
class ReferenceRows:
    """The vendor's half: what it keeps by key, in containers with a version each, and what it was sent.
    `container_of` tells where a row lies; `normal` how the vendor writes it. With `imports`, rows are taken
    in when `take_in` is called. `refused` are keys that it does not take, `unfit` those that it is known not
    to take, `ignored` those of which it says that it wrote them and does not. Without `guarded` it keeps no
    versions.
    """

    rows: dict[str, Any] = field(default_factory=dict)
    container_of: Callable[[str], str] = lambda key: "all"
    normal: Callable[[Any], Any] = lambda record: record
    imports: bool = False
    refused: set[str] = field(default_factory=set)
    unfit: set[str] = field(default_factory=set)
    ignored: set[str] = field(default_factory=set)
    guarded: bool = True
    fault: str = ""
    puts: list[tuple[str, ...]] = field(default_factory=list)
    reads: int = 0
    _versions: dict[str, int] = field(default_factory=dict)
    _files: list[dict[str, Any]] = field(default_factory=list)

    def edit(self, record: Any) -> None:
        """A person changes a row on the screen."""
        self.rows[record.key] = self.normal(record)
        self._next(self.container_of(record.key))

    def take_in(self) -> None:
        """The vendor's import reads the files that it was given."""
        for file in self._files:
            self.rows.update(file)
        self._files.clear()

    def version(self, key: str) -> str:
        """Of the container that the row lies in, or would."""
        return str(self._versions.get(self.container_of(key), 0))

    def write(self, changes: Sequence[Change], seen: Mapping[str, str]) -> list[Answer]:
        """Take the changes of each container together, where its version is still the one that was seen."""
        self.puts.append(tuple(change.key for change in changes))
        fault, self.fault = self.fault, ""
        if fault == UNREACHABLE:
            raise NotSent("The vendor was not reached.")
        if fault == LOST_BEFORE:
            raise OutcomeUnknown("No answer came back.", where="network")
        answers = self._written(changes, seen)
        if fault == LOST_AFTER:
            raise OutcomeUnknown("No answer came back.", where="network")
        return answers

    def _written(self, changes: Sequence[Change], seen: Mapping[str, str]) -> list[Answer]:
        stale = {
            self.container_of(change.key)
            for change in changes
            if self.guarded and seen.get(change.key, self.version(change.key)) != self.version(change.key)
        }
        answers: list[Answer] = []
        file: dict[str, Any] = {}
        for change in changes:
            if self.container_of(change.key) in stale:
                answers.append(Stale())
            elif change.key in self.refused:
                text = f"{change.key} is not taken."
                answers.append(NotTaken(Problem("row.refused", change.key, text, Owner.ADMINISTRATOR)))
            elif self.imports:
                file[change.key] = self.normal(change.after)
                answers.append(HandedOver(f"file {len(self.puts)}"))
            else:
                if change.key not in self.ignored:
                    self.rows[change.key] = self.normal(change.after)
                answers.append(Written())
        for container in {self.container_of(change.key) for change in changes} - stale:
            self._next(container)
        if file:
            self._files.append(file)
        return answers

    def _next(self, container: str) -> None:
        self._versions[container] = self._versions.get(container, 0) + 1


class ReferenceRegister(Register[Any]):
    """The connector's half."""

    def __init__(self, vendor: ReferenceRows, limits: RegisterLimits | None = None) -> None:
        self._vendor = vendor
        self.limits = limits or RegisterLimits(
            batch=200, settle_seconds=5, look_again_seconds=60, guarded=vendor.guarded
        )

    def rows(self, within: Collection[str] = ()) -> Iterator[Versioned[Any]]:
        """Every row, in order."""
        self._vendor.reads += 1
        for key in sorted(self._vendor.rows):
            if within and not key.startswith(tuple(within)):
                continue
            yield Versioned(record=self._vendor.rows[key], version=self._vendor.version(key))

    def read(self, keys: Collection[str]) -> Mapping[str, Versioned[Any]]:
        """These rows now."""
        self._vendor.reads += 1
        return {
            key: Versioned(record=self._vendor.rows[key], version=self._vendor.version(key))
            for key in keys
            if key in self._vendor.rows
        }

    def normal(self, record: Any) -> Any:
        """As the vendor writes it."""
        return self._vendor.normal(record)

    def check(self, record: Any) -> tuple[Problem, ...]:
        """Whether the key is one that the vendor takes."""
        if record.key not in self._vendor.unfit:
            return ()
        text = f"{record.key} does not fit. Shorten it."
        return (Problem("row.unfit", record.key, text, Owner.ADMINISTRATOR),)

    def put(self, changes: Sequence[Change], seen: Mapping[str, str]) -> tuple[Answer, ...]:
        """Write once."""
        return tuple(self._vendor.write(changes, seen))
