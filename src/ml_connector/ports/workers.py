"""Where workers are read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from ml_connector.domain.worker import UnreadWorker, Worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Whose record may have changed since a cursor: keys, in any order, some that did not among them.

    `cursor` is where to go on once they are read and stored; reading again from it misses nothing and may
    repeat. With `whole` the source cannot tell, because the cursor is too old or unknown: everybody is to be
    read. With `early` it was not asked.
    """

    keys: tuple[str, ...]
    cursor: str
    whole: bool = False
    early: bool = False


class WorkerSource(Protocol):
    """The workers of a system. It writes nothing, and asks for nothing but what a `Worker` holds.

    What was entered for a later day comes with a worker from its entry on, as far as the source tells it: the
    first day and the last, and every `Placement`. So nothing has to be read on that day. Of the rows of
    before, `read` gives all that the source shows, and `workers` those that come without a call more.
    """

    def workers(self) -> Iterator[Worker | UnreadWorker]:
        """Every worker of the companies that the connection reads, with every employment there, those that
        ended among them, sorted by key: all of them, or an error. First those few whom the source lists with
        rows that cannot be understood, sorted by key. With `NOBODY` among them a row may be anybody's,
        so nobody is gone who does not come. Raises before the first one where a list cannot be read to its
        end, or where far more cannot be understood than a person's mistakes. Memory holds what is needed to
        put lists together.
        """
        ...

    def read(self, keys: Collection[str]) -> Mapping[str, Worker | UnreadWorker]:
        """These workers as they are now, in as few calls as can be; those that are not there are left out."""
        ...

    def changed(self, cursor: str) -> Changed:
        """Whose record may have changed since the cursor, read with an overlap; empty for the first cursor,
        before everybody is read. Asks no more often than the vendor allows: where it is too early, `keys` are
        those that notifications named since the cursor, `cursor` is the one that was given, and `early` is
        true.
        """
        ...
