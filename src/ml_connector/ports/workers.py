"""Where workers are read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from ml_connector.domain.worker import Worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Whose record may have changed since a cursor: keys, in any order, some that did not among them.

    `cursor` is where to go on once they are read and stored; reading again from it misses nothing and may
    repeat. With `whole` the source cannot tell, because the cursor is too old or unknown: everybody is to be
    read.
    """

    keys: tuple[str, ...]
    cursor: str
    whole: bool = False


class WorkerSource(Protocol):
    """The workers of a system. It writes nothing, and asks for nothing but what a `Worker` holds."""

    def workers(self) -> Iterator[Worker]:
        """Every worker of the companies that the connection reads, with every employment there, those that
        ended among them, sorted by key: all of them, or an error. Raises before the first one where a list
        cannot be read to its end. Memory holds what is needed to put lists together.
        """
        ...

    def read(self, keys: Collection[str]) -> Mapping[str, Worker]:
        """These workers as they are now, in as few calls as can be; those that are not there are left out."""
        ...

    def changed(self, cursor: str) -> Changed:
        """Whose record may have changed since the cursor, read with an overlap; empty for the first cursor,
        before everybody is read. Asks no more often than the vendor allows: where it is too early, `keys` are
        those that notifications named since the cursor, and `cursor` is the one that was given.
        """
        ...

    def sweep(self, since: date, until: date) -> tuple[str, ...]:
        """Whose record may have changed with no word of `changed`: those for whom something that was entered
        before takes effect on one of these days, both included, and, where the source can tell by the day,
        those who were edited since the first of them. Keys, sorted; some that did not change among them.
        """
        ...
