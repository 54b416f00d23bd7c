"""The lists of ledgers that are kept here for programs of a client: what they read, and how old it is.

A list is as old as the last pass of its flow that ended with everything in order: since then nobody has asked
the ledger, or something is left to do. Before the first such pass there is no list, because a part of one
would read as if the rest were gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ml_connector.app.access import Access, Unknown
from ml_connector.app.assemble import Assembly
from ml_connector.domain import codec
from ml_connector.domain.list_value import JOURNAL, SUPPLIER, TAX, TERM, ListValue
from ml_connector.flows.flow import flows
from ml_connector.ports.runs import RunState
from ml_connector.store.database import in_order
from ml_connector.store.kept_lists import KeptLists
from ml_connector.store.models import Connection, Flow, KeptValue, Run

LISTS = {
    "gl-accounts": "account",
    "journals": JOURNAL,
    "tax-codes": TAX,
    "payment-terms": TERM,
    "suppliers": SUPPLIER,
    "cost-centers": "cost_center",
    "cost-units": "cost_unit",
    "projects": "project",
}
"""By its name in the interface what a list is called here."""
ROWS_MAX = 1_000
"""Rows of one page."""


class NotFilled(Exception):
    """No pass of the flow that keeps the list has ended yet."""


class SeveralCopies(Exception):
    """Several connections keep the list; one of them has to be named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A list that a connection keeps. `as_of` is when it was last compared with the ledger and in order;
    `None` before that.
    """

    name: str
    connection: Connection
    as_of: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRow:
    """A value of a list, and when it was written last."""

    value: ListValue
    changed_at: datetime


class MasterData:
    """The lists of one organisation."""

    def __init__(self, access: Access, assembly: Assembly) -> None:
        self._access, self._assembly = access, assembly

    def copies(self) -> Sequence[Copy]:
        """Every list that a connection keeps, by connection and name."""
        names = {axis: name for name, axis in LISTS.items()}
        found: dict[tuple[str, str], list[Flow]] = {}
        for flow in self._access.flows():
            axis = flows()[flow.kind].axis
            if axis in names and self._is_kept_here(flow.target):
                found.setdefault((flow.target.name, names[axis]), []).append(flow)
        return [
            Copy(name=name, connection=of[0].target, as_of=_as_of(of))
            for (_, name), of in sorted(found.items())
        ]

    def copy(self, name: str, connection: str = "") -> Copy:
        """The list, which was read to its end; of the connection where one is named. Raises `Unknown`,
        `SeveralCopies` and `NotFilled`.
        """
        found = [one for one in self.copies() if one.name == name]
        if connection:
            found = [one for one in found if one.connection.name == connection]
        if not found:
            where = f" for connection {connection!r}" if connection else ""
            text = f"No list {name} is kept{where}. `pairs set` says which lists are."
            raise Unknown(text)
        if len(found) > 1:
            text = f"{', '.join(one.connection.name for one in found)} keep a list {name}. Name one of them."
            raise SeveralCopies(text)
        if found[0].as_of is None:
            raise NotFilled(f"The list {name} was not read from the ledger yet, or not to its end.")
        return found[0]

    def rows(self, copy: Copy, *, after: str, since: datetime | None, limit: int) -> Iterator[KeptRow]:
        """Rows of the list behind an identity, in the order of identities, which never change; with `since`
        those that were written then or later.
        """
        mine = KeptValue.objects.filter(connection=copy.connection, axis=LISTS[copy.name])
        mine = mine.annotate(place=in_order("identity")).filter(place__gt=after)
        if since is not None:
            mine = mine.filter(changed_at__gte=since)
        for row in mine.order_by("place")[:limit]:
            yield KeptRow(value=codec.decode(row.content), changed_at=row.changed_at)

    def _is_kept_here(self, connection: Connection) -> bool:
        return isinstance(self._assembly.system(connection).registers.get(ListValue), KeptLists)


def _as_of(of: Sequence[Flow]) -> datetime | None:
    """When the pass began that ended in order last; of several flows that keep one list, the oldest."""
    times = []
    for flow in of:
        done = Run.objects.filter(settings=flow, state=RunState.DONE, dry=False)
        times.append(done.order_by("-number").values_list("created_at", flat=True).first())
    return None if None in times else min(time for time in times if time is not None)
