"""The reference source of expense reports: a vendor in memory that keeps reports with their revisions and
hands them over in exports, with pages, edits while they are read, and faults; and a source that reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import BinaryIO

from ml_connector.contract.world import LOST_AFTER, LOST_BEFORE, UNREACHABLE
from ml_connector.domain.expense import ExpenseReport, ReceiptFile, ReportState
from ml_connector.domain.problem import Owner
from ml_connector.errors import NotFound, NotSent, OutcomeUnknown, Refused
from ml_connector.ports.expenses import ChangedReports, ExpenseMarks, ExpenseSource, ReportRef, ReportStatus
from ml_connector.ports.storage import Clock

PAGE = 3
READINGS_MAX = 3
"""How often a list is read again that changed while it was read."""
OVERLAP = timedelta(minutes=10)


@dataclass(slots=True)
class KeptReport:
    """A report as the vendor keeps it. `handed_at` is there once it was handed over."""

    report: ExpenseReport
    changed_at: datetime
    handed_at: datetime | None = None
    export: str = ""

    @property
    def reference(self) -> str:
        """Of this revision and state."""
        state = "" if self.report.state is ReportState.APPROVED else f":{self.report.state.value}"
        return f"{self.report.report}:{self.report.revision}{state}"


@dataclass(slots=True)
class ReferenceReports:
    """The vendor's half: reports by their id, the bytes of their files by key, and what it was told by
    reference. `together`: reports that are handed over at once are one export. `before_page` is called before
    a page behind the first is read.
    """

    clock: Clock
    together: bool = True
    kept: dict[str, KeptReport] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    told: dict[str, tuple[str, str]] = field(default_factory=dict)
    references: set[str] = field(default_factory=set)
    before_page: Callable[[], None] = lambda: None
    fault: str = ""
    writes: int = 0
    version: int = 0

    def put(self, report: ExpenseReport) -> None:
        """A person writes it, or edits it."""
        before = self.kept.get(report.report)
        kept = KeptReport(report=report, changed_at=self.clock.now())
        if before is not None:
            kept.handed_at, kept.export = before.handed_at, before.export
        self._keep(kept)

    def hand_over(self, *reports: str) -> None:
        """These are approved and handed over, each in its next revision where it was before."""
        now = self.clock.now()
        export = f"X{self.version}"
        for number, key in enumerate(reports):
            kept = self.kept[key]
            revision = kept.report.revision + (kept.report.state is ReportState.TAKEN_BACK)
            approved = replace(
                kept.report, state=ReportState.APPROVED, revision=revision, approved_at=now, reference=""
            )
            named = export if self.together else f"{export}-{number}"
            self._keep(KeptReport(report=approved, changed_at=now, handed_at=now, export=named))

    def touch(self, report: str) -> None:
        """Something changes that does not matter."""
        self._keep(replace(self.kept[report], changed_at=self.clock.now()))

    def tell(self, reference: str, value: str, text: str) -> None:
        """The vendor takes a status."""
        self.writes += 1
        fault, self.fault = self.fault, ""
        if fault == UNREACHABLE:
            raise NotSent("The vendor was not reached.")
        if fault != LOST_BEFORE:
            self.told[reference] = (value, text)
            self.touch(reference.partition(":")[0])
        if fault in (LOST_BEFORE, LOST_AFTER):
            raise OutcomeUnknown("No answer came back.", where="network")

    def rows(self) -> list[KeptReport]:
        """What was handed over once, the last change last."""
        handed = (kept for kept in self.kept.values() if kept.handed_at is not None)
        return sorted(handed, key=lambda kept: (kept.changed_at, kept.report.report))

    def _keep(self, kept: KeptReport) -> None:
        self.version += 1
        self.kept[kept.report.report] = kept
        self.references.add(kept.reference)


class ReferenceExpenses(ExpenseSource):
    """The connector's half."""

    def __init__(self, vendor: ReferenceReports) -> None:
        self._vendor = vendor
        self.marks: ExpenseMarks = ReferenceExpenseMarks(vendor)

    def tenant(self) -> str:
        """Always the same."""
        return "reference-expenses"

    def changed(self, cursor: str, since: datetime) -> ChangedReports:
        """From the cursor less ten minutes, which is the time of the look that gave it."""
        now = self._vendor.clock.now().astimezone(UTC)
        start = datetime.fromisoformat(cursor) - OVERLAP if cursor else since
        found = (kept for kept in self._read() if kept.changed_at >= start)
        refs = tuple(self._ref(kept) for kept in found if _handed_since(kept, since))
        return ChangedReports(found=refs, cursor=now.isoformat())

    def unmarked(self, since: datetime) -> Iterator[ReportRef]:
        """Approved ones of which nothing was told."""
        for kept in self._read():
            approved = kept.report.state is ReportState.APPROVED
            if approved and _handed_since(kept, since) and kept.reference not in self._vendor.told:
                yield self._ref(kept)

    def exported(self, export: str) -> tuple[ReportRef, ...]:
        """Those of the export."""
        found = tuple(self._ref(kept) for kept in self._read() if kept.export == export)
        if not found:
            raise NotFound(f"There is no export {export}.")
        return found

    def report(self, reference: str) -> ExpenseReport:
        """As it was approved under the reference."""
        kept = self._vendor.kept.get(reference.partition(":")[0])
        if kept is None or reference not in self._vendor.references:
            raise NotFound(f"There is no report {reference}.")
        if kept.reference != reference:
            text = f"Report {kept.report.number} is not approved as it was. Approve it again."
            raise Refused(text, where=f"report {reference}", owner=Owner.EXPENSES, code="expense.moved")
        return replace(kept.report, reference=reference)

    @contextmanager
    def file(self, file: ReceiptFile) -> Iterator[BinaryIO]:
        """Its bytes."""
        if file.key not in self._vendor.files:
            raise NotFound(f"There is no file {file.key}.")
        yield BytesIO(self._vendor.files[file.key])

    def _read(self) -> list[KeptReport]:
        """Every page of one state of the list: it is read again where something changed meanwhile."""
        for _ in range(READINGS_MAX):
            version, found = self._vendor.version, []
            for start in range(0, max(len(self._vendor.rows()), 1), PAGE):
                if start:
                    self._vendor.before_page()
                found += self._vendor.rows()[start : start + PAGE]
            if version == self._vendor.version:
                return found
        raise OutcomeUnknown("The list changed each time that it was read.", where="vendor")

    def _ref(self, kept: KeptReport) -> ReportRef:
        return ReportRef(
            reference=kept.reference,
            report=kept.report.report,
            export=kept.export,
            state=kept.report.state,
            changed_at=kept.changed_at,
            status=self._vendor.told.get(kept.reference, ("", ""))[0],
        )


class ReferenceExpenseMarks(ExpenseMarks):
    """What the vendor is told, by reference."""

    def __init__(self, vendor: ReferenceReports) -> None:
        self._vendor = vendor

    def assigned(self, reference: str) -> str:
        """The status; empty for none."""
        if reference not in self._vendor.references:
            raise NotFound(f"There is no report {reference}.")
        return self._vendor.told.get(reference, ("", ""))[0]

    def assign(self, reference: str, value: str, text: str = "") -> None:
        """Tell it; never that what is booked has failed."""
        if self.assigned(reference) == ReportStatus.BOOKED and value != ReportStatus.BOOKED:
            text = f"Report {reference} is booked, and would be said to have failed. Reverse it first."
            raise Refused(text, where=f"report {reference}", owner=Owner.CONTROLLER, code="expense.status")
        self._vendor.tell(reference, value, text)


def _handed_since(kept: KeptReport, since: datetime) -> bool:
    return kept.handed_at is not None and kept.handed_at >= since
