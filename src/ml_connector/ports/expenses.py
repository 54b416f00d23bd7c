"""Where approved expense reports are read, and where what became of them is said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import BinaryIO, Protocol

from ml_connector.domain.expense import ExpenseReport, ReceiptFile, ReportState
from ml_connector.ports.sinks import Assignable


class ReportStatus(StrEnum):
    """What a source is told of a report: it is booked, or it cannot be as it is. One that could not be may be
    booked after all; one that is booked stays so.
    """

    BOOKED = "booked"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRef:
    """A report as a list shows it. `report` is the source's own id of it and never changes. `reference` is
    what `report` takes: of this approval and no other, so that a revision which was approved again, and a
    report that was taken back or canceled, have another one. `export` is what it was handed over in: reports
    with one export are one run, and a source that hands over each by itself names the reference again.
    `status` is what the source was told, empty for nothing yet.
    """

    reference: str
    report: str
    export: str
    state: ReportState
    changed_at: datetime
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedReports:
    """Reports that were approved once and may have changed since a cursor, in any order, some that did not
    among them. `cursor` is where to go on once they are stored; reading again from it misses nothing and may
    repeat.
    """

    found: tuple[ReportRef, ...]
    cursor: str


class ExpenseSource(Protocol):
    """Where approved expense reports are read."""

    marks: ExpenseMarks

    def tenant(self) -> str:
        """What the source says it is: the vendor's own id where there is one, else host and organisation; in
        a sandbox the installation id of the simulator. It asks the vendor only where nothing was asked yet.
        """
        ...

    def changed(self, cursor: str, since: datetime) -> ChangedReports:
        """Reports that changed since the cursor, read with an overlap; without a cursor every one that was
        handed over since a time. That time is where the connection begins, and stays the same: what was
        handed over before is never among them, also where it is edited later. Asks no more often than the
        vendor allows: where it is too early they are those that notifications named since.
        """
        ...

    def unmarked(self, since: datetime) -> Iterator[ReportRef]:
        """Every approved report that was handed over since the time and of which the source was told nothing,
        whatever the cursor says: all of them, or an error. For the look once a day.
        """
        ...

    def exported(self, export: str) -> tuple[ReportRef, ...]:
        """Every report of an export: all of them, or an error. Raises `NotFound` for no such one."""
        ...

    def report(self, reference: str) -> ExpenseReport:
        """The report as it is now, with its lines and the names of its files. Raises `NotFound` for no such
        one, `Refused` with code `expense.moved` where it is not approved as the reference says any more, and
        `Refused` where its figures cannot be understood.
        """
        ...

    def file(self, file: ReceiptFile) -> AbstractContextManager[BinaryIO]:
        """The bytes of a file, as they come; nothing is held in memory whole. Raises `NotFound`, and
        `Refused` for one that is larger than the connection takes.
        """
        ...


class ExpenseMarks(Assignable, Protocol):
    """What the source keeps of a report's way into a ledger: a `ReportStatus`, by the reference, and beside
    it a text for people: where it is booked, or why it is not.
    """

    def assign(self, reference: str, value: str, text: str = "") -> None:
        """As `Assignable.assign`; the text goes along in the same call. The same status again takes the text
        and does no harm. Raises `Refused` with code `expense.status` where the source was told that it is
        booked and would now be told otherwise, and where nobody there waits for an answer any more.
        """
        ...
