"""What a run would write of the expense reports of one export, and everything an approval consents to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from ml_connector.domain.expense import ReportState
from ml_connector.domain.journal import JournalEntry
from ml_connector.domain.money import Money
from ml_connector.domain.problem import Problem
from ml_connector.domain.proposal import Share, Subject, TakenBack
from ml_connector.domain.purchase import Attachment, Dossier, LedgerSupplier, PurchaseEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedExport:
    """An export that a list of the source showed: what it is called there, as `key`."""

    key: str
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenExpense:
    """An expense that was booked, under what a second report of it would have too: see `look_alikes`."""

    key: str
    report: str
    number: str
    line: str
    date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedReport:
    """A report of an export as it was read: its reference and id at the source, its number and state. `spent`
    is what its expenses come to, without private parts and without what wages repay, and `stated` the total
    of its head where it has neither. `owed` is what the employee is owed. A report that was canceled has no
    amounts.
    """

    reference: str
    report: str
    number: str
    state: ReportState
    company: str = ""
    stated: Money | None = None
    spent: Money | None = None
    owed: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseExport:
    """What a source handed over at once: reports in its order. `left` says of those that are not approved as
    they were when they were handed over why they are left alone.
    """

    reports: tuple[ExportedReport, ...]
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportBasis:
    """What the entry of a report was built on at the ledger, kept so that building it again asks nobody: the
    legal entity and its own currency; the employee as a supplier there, where there has to be one; the day of
    the entry, and its fiscal period where that is another. `problems` are what stands against it there.
    """

    entity: str
    currency: str = ""
    supplier: LedgerSupplier | None = None
    day: date | None = None
    period: tuple[int, int] | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseOrigin:
    """Where the lines of an entry come from: its key, the report, and the number of the expense behind each
    line, empty for what balances them.
    """

    key: str
    report: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPlan:
    """What becomes of one report. `key` is that of its entry, empty where it has none, and `files` how many
    go with it. `already` is the number of the document that says just this, `booked_as` the document that a
    person named as this report, `fails` why it is left out and its source is told so, and `nothing` why there
    is nothing to book.
    """

    reference: str
    report: str
    number: str
    key: str = ""
    already: str = ""
    booked_as: str = ""
    fails: str = ""
    nothing: str = ""
    files: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseProposal:
    """What is written of the reports of an export, and what is taken back of their earlier approvals.

    `plans` says what becomes of each report. `entries` are, report by report, the mirrors of entries that
    cannot be withdrawn, and the entry. Files of a purchase entry are written before it, those of a
    journal entry after it. `takes_back` are entries of earlier approvals; one without a mirror is withdrawn.
    `accepted` are documents that a person said are something else. `doubts` are reasons to look that stop
    nothing.
    """

    plans: tuple[ReportPlan, ...] = ()
    entries: tuple[PurchaseEntry | JournalEntry, ...] = ()
    dossiers: tuple[Dossier, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    takes_back: tuple[TakenBack, ...] = ()
    accepted: tuple[str, ...] = ()
    subjects: tuple[Subject, ...] = ()
    shares: tuple[Share, ...] = ()
    problems: tuple[Problem, ...] = ()
    doubts: tuple[str, ...] = ()
    origins: tuple[ExpenseOrigin, ...] = ()
    mapping: str = ""
    left_out: str = ""

    @property
    def asks(self) -> bool:
        """Whether there is anything to consent to."""
        return bool(self.entries or self.takes_back or self.dossiers or self.attachments)

    @property
    def already_booked(self) -> tuple[str, ...]:
        """Numbers of the documents that say just what a report says."""
        return tuple(plan.already for plan in self.plans if plan.already)

    @property
    def consented(self) -> tuple[object, ...]:
        """What an approval consents to."""
        said = tuple((plan.reference, plan.booked_as, plan.fails) for plan in self.plans)
        return (self.entries, self.dossiers, self.attachments, self.takes_back, self.accepted, said)
