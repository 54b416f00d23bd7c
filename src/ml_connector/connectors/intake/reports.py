"""Reports that were sent to us, as an `ExpenseSource`.

reference   ours of the revision; with how it stands behind it where it is not approved any more
export      ours of the revision: each is handed over by itself
cursor      the last change that was seen; a number is drawn by one at a time, so none comes late
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import BinaryIO

from ml_connector.domain.expense import ExpenseReport, ReceiptFile, ReportState
from ml_connector.domain.problem import Owner
from ml_connector.errors import Refused
from ml_connector.ports.expenses import ChangedReports, ExpenseMarks, ExpenseSource, ReportRef
from ml_connector.ports.handed_in import HandedIn, HandedReport, Standing

OVERLAP = 20
"""Changes that each look repeats: none comes late, and who lost what was found last finds it again."""
STATES = {
    Standing.CURRENT: ReportState.APPROVED,
    Standing.REPLACED: ReportState.TAKEN_BACK,
    Standing.CANCELED: ReportState.CANCELED,
}


class IntakeReports(ExpenseSource):
    """The reports of one organisation."""

    def __init__(self, handed_in: HandedIn) -> None:
        self._handed_in = handed_in
        self.marks: ExpenseMarks = IntakeMarks(handed_in)

    def tenant(self) -> str:
        """The installation and the organisation."""
        return self._handed_in.tenant()

    def changed(self, cursor: str, since: datetime) -> ChangedReports:
        """One of each report: its newest revision."""
        after = int(cursor or 0)
        found = self._handed_in.changed(after - OVERLAP, since)
        last = max((each.change for each in found), default=after)
        return ChangedReports(found=tuple(map(_ref, found)), cursor=str(last))

    def unmarked(self, since: datetime) -> Iterator[ReportRef]:
        """Current ones of which nothing is known."""
        yield from map(_ref, self._handed_in.waiting(since))

    def exported(self, export: str) -> tuple[ReportRef, ...]:
        """The one revision, however it stands now."""
        return (_ref(self._handed_in.one(export)),)

    def report(self, reference: str) -> ExpenseReport:
        """As it was approved, with how it stands; under the reference that it has now alone."""
        handed = self._handed_in.one(_identity(reference))
        if _reference(handed) != reference:
            how = "was canceled" if handed.standing is Standing.CANCELED else "has a later revision"
            text = f"Report {handed.report} {how} since. It is not booked as it was."
            raise Refused(text, where=f"report {reference}", owner=Owner.EXPENSES, code="expense.moved")
        content = self._handed_in.content(handed.identity)
        return replace(content, reference=reference, state=STATES[handed.standing])

    def file(self, file: ReceiptFile) -> AbstractContextManager[BinaryIO]:
        """By its hash, which is its key."""
        return self._handed_in.open(file.key)


class IntakeMarks(ExpenseMarks):
    """What the client reads of a revision, also of one that was canceled meanwhile."""

    def __init__(self, handed_in: HandedIn) -> None:
        self._handed_in = handed_in

    def assigned(self, reference: str) -> str:
        """`booked`, `failed` or nothing."""
        return self._handed_in.one(_identity(reference)).status

    def assign(self, reference: str, value: str, text: str = "") -> None:
        """Stored when this returns."""
        self._handed_in.tell(_identity(reference), value, text)


def _ref(handed: HandedReport) -> ReportRef:
    return ReportRef(
        reference=_reference(handed),
        report=handed.report,
        export=handed.identity,
        state=STATES[handed.standing],
        changed_at=handed.changed_at,
        status=handed.status,
    )


def _reference(handed: HandedReport) -> str:
    current = handed.standing is Standing.CURRENT
    return handed.identity if current else f"{handed.identity}:{handed.standing.value}"


def _identity(reference: str) -> str:
    return reference.partition(":")[0]
