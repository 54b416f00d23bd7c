"""What was read of a source last, row by row, and how far its changes have been followed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """How far the changes of a source were followed: the source's own cursor, when it was stored, and when
    every row was read last.
    """

    cursor: str
    at: datetime
    whole_at: datetime


class Snapshots(Protocol):
    """The rows of one source by kind. What a cursor has passed is stored: both change in one commit."""

    def followed(self, kind: str) -> Followed | None:
        """How far; `None` before everything was read once."""
        ...

    def rows(self, kind: str) -> Iterator[Any]:
        """Every row in the order of keys; memory holds a page at a time."""
        ...

    def some(self, kind: str, keys: Collection[str]) -> Mapping[str, Any]:
        """These rows by key; those that are not there are left out."""
        ...

    def replace(self, kind: str, rows: Iterable[Any], cursor: str) -> int:
        """These are all the rows there are; how many are gone. Until the last one is there the rows of before
        stay, and so does the cursor, whatever ends it.
        """
        ...

    def update(self, kind: str, rows: Mapping[str, Any], gone: Collection[str], cursor: str) -> None:
        """Rows that were read again, by key, and keys that are there no more; the cursor moves on."""
        ...
