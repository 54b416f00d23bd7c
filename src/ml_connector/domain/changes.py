"""What an alignment would change: two sets compared row by row, each against what both agreed on last.

    wished   found    last agreed    →
    a        –        –              create a
    –        a        a              close a                    (nobody else's row is closed)
    –        a        –              left alone: not ours
    a        a'       a'             change a' to a             (ours moved)
    a        a'       a              conflict: somebody edited it
    a        a'       –              change, shown before and after; a person consents to it
    a        a'       b              conflict: both moved; a change where each field of a' is that of a or b
    a        a        – or b         nothing; from now on both agree on a
    a        –        a              make again: it is gone there; only where a person consents to it
    closed   –        –              nothing: what is closed is not brought over

A change that opens or closes a row is called so. Both sets come in the order of their keys and are read once,
so no more than a row of each is held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Protocol


class Record(Protocol):
    """A row that a register keeps: any frozen dataclass that the codec knows, with a key that is ours, and
    whether the row may be used.
    """

    @property
    def key(self) -> str: ...

    @property
    def open(self) -> bool: ...


class Act(StrEnum):
    """What is done to a row. A row is never deleted. The last four are shown and not carried out: somebody's
    edit, a row that the system cannot hold, one that is known there only, and one that is closed at the
    source and stays open, because the system has no way to close it.
    """

    CREATE = "create"
    MAKE_AGAIN = "make_again"
    CHANGE = "change"
    CLOSE = "close"
    REOPEN = "reopen"
    CONFLICT = "conflict"
    NOT_HELD = "not_held"
    THEIRS = "theirs"
    STAYS = "stays"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of a plan: the row as it was found, and as it shall be. `before` is `None` for a new one.
    `why` says of a line that is not carried out why it is not, and of one that is what to know before.
    """

    key: str
    act: Act
    before: Any = None
    after: Any = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What is wished and what was found under one key; `base` is what both agreed on last."""

    key: str
    wished: Any = None
    found: Any = None
    base: Any = None

    @property
    def newly_agreed(self) -> bool:
        """Whether both have the same row, and it is not on record that they do."""
        return self.wished is not None and self.wished == self.found != self.base


class NotInOrder(ValueError):
    """A set is not in the order of its keys, or holds a key twice: nothing follows from comparing it."""


def paired(
    wished: Iterable[Any], found: Iterable[Any], agreed: Iterable[tuple[str, Any]] = ()
) -> Iterator[Pair]:
    """Both sets side by side, by key, with what was `agreed` last of each key, in order too. Raises
    `NotInOrder`.
    """
    left, right = _in_order(wished, "wished"), _in_order(found, "found")
    bases = iter(agreed)
    behind: tuple[str, Any] | None = next(bases, None)
    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        key = min(row.key for row in (one, other) if row is not None)
        while behind is not None and behind[0] < key:
            behind = next(bases, None)
        mine = one if one is not None and one.key == key else None
        theirs = other if other is not None and other.key == key else None
        base = behind[1] if behind is not None and behind[0] == key else None
        yield Pair(key=key, wished=mine, found=theirs, base=base)
        one = next(left, None) if mine is not None else one
        other = next(right, None) if theirs is not None else other


def change_of(pair: Pair, closed: Callable[[Any], Any]) -> Change | None:
    """What is to be done about the pair; `None` where both agree, and for a row that is not ours. `closed`
    makes the row as it is once it is closed.
    """
    wished, found, base = pair.wished, pair.found, pair.base
    if wished == found:
        return None
    if found is None:
        if not wished.open:
            return None
        return Change(key=pair.key, act=Act.CREATE if base is None else Act.MAKE_AGAIN, after=wished)
    if wished is None:
        if base is None:
            return None
        wished = closed(found)
        if wished == found:
            return None
        contradicted = found != base
    else:
        contradicted = base is not None and _contradicts(found, base, wished)
    act = Act.CONFLICT if contradicted else _moved(found, wished)
    return Change(key=pair.key, act=act, before=found, after=wished)


def _contradicts(found: Record, base: Record, wished: Record) -> bool:
    """Whether somebody gave a field another value than is wished. One that has come to what is wished, as by
    a write of ours that was carried out late, contradicts nothing.
    """
    names = compared(found)
    return any(getattr(found, name) not in (getattr(base, name), getattr(wished, name)) for name in names)


def compared(row: Any) -> tuple[str, ...]:
    """The fields by which two rows are told apart; a spelling, or how a name falls into parts, is none."""
    return tuple(one.name for one in fields(row) if one.compare)


def _moved(found: Record, wished: Record) -> Act:
    if found.open == wished.open:
        return Act.CHANGE
    return Act.REOPEN if wished.open else Act.CLOSE


def fields_changed(change: Change) -> tuple[tuple[str, Any, Any], ...]:
    """Name, value before and value after of each field that the change is about; every one of a new row."""
    row = change.after if change.after is not None else change.before
    both = (
        (one.name, getattr(change.before, one.name, None), getattr(change.after, one.name, None))
        for one in fields(row)
        if one.compare or change.before is None
    )
    return tuple(found for found in both if found[1] != found[2])


def differences(found: Any, wished: Any) -> str:
    """What differs between a row as it was found and as it is wished, with both values of each field."""
    if found is None or wished is None:
        return "there is none" if found is None else "it is there"
    names = [name for name in compared(found) if getattr(found, name) != getattr(wished, name)]
    return ", ".join(f"{name} is {getattr(found, name)}, not {getattr(wished, name)}" for name in names)


def _in_order(rows: Iterable[Any], what: str) -> Iterator[Any]:
    last: str | None = None
    for row in rows:
        if last is not None and row.key <= last:
            raise NotInOrder(f"what is {what} has {row.key!r} behind {last!r}")
        last = row.key
        yield row
