"""Expense reports that a client handed in to us, for the connector that reads them: `Wiring.handed_in`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import BinaryIO, Protocol

from ml_connector.domain.expense import ExpenseReport


class Standing(StrEnum):
    """Whether a revision counts: it does, another one came after it, or the client canceled it."""

    CURRENT = "current"
    REPLACED = "replaced"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedReport:
    """One revision of a report: ours of it, the client's id, how it stands, and what became of it (`status`:
    `booked`, `failed`, or empty for nothing yet). `change` is its place in the order in which reports were
    stored or canceled.
    """

    identity: str
    report: str
    standing: Standing
    changed_at: datetime
    change: int
    status: str


class HandedIn(Protocol):
    """The reports of one organisation, and of no other."""

    def tenant(self) -> str:
        """The installation and the organisation; the same after a restore."""
        ...

    def changed(self, after: int, since: datetime) -> Sequence[HandedReport]:
        """The newest revision of every report of which something was stored or canceled behind the change
        `after`, in the order of changes; none that was stored before `since`.
        """
        ...

    def waiting(self, since: datetime) -> Iterator[HandedReport]:
        """Every current report that was stored since then and of which nothing is known yet."""
        ...

    def one(self, identity: str) -> HandedReport:
        """The revision. Raises `NotFound`."""
        ...

    def content(self, identity: str) -> ExpenseReport:
        """The revision as it was approved. Raises `NotFound`."""
        ...

    def open(self, sha256: str) -> AbstractContextManager[BinaryIO]:
        """A file of these reports, by its bytes. Raises `NotFound`."""
        ...

    def tell(self, identity: str, status: str, text: str) -> None:
        """What became of the revision, and a text for people. Raises `NotFound`, and `Refused` with code
        `expense.status` where it is booked and would be said to have failed.
        """
        ...
