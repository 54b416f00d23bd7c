"""The reports of an export as they were read, and what of a proposal belongs to which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ml_connector.domain.expense import ExpenseReport, ReceiptFile, ReportState
from ml_connector.domain.expense_build import owed
from ml_connector.domain.expense_checks import business
from ml_connector.domain.expense_proposal import ExpenseProposal, ExportedReport, SeenExpense
from ml_connector.domain.invoice import KeptFile
from ml_connector.domain.journal import JournalEntry, total
from ml_connector.domain.purchase import Attachment, Dossier, PurchaseEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadReport:
    """A report of the export as it was read, with its files; no report where it was canceled. `among` are the
    expenses of the reports before it, by what a second report of one would have too.
    """

    exported: ExportedReport
    report: ExpenseReport | None
    files: tuple[KeptFile, ...] = ()
    among: Mapping[str, SeenExpense] = field(default_factory=dict)

    @property
    def by_key(self) -> Mapping[str, KeptFile]:
        """Its files by their key at the source."""
        return {file.key: file for file in self.files}


def files_of(report: ExpenseReport) -> tuple[ReceiptFile, ...]:
    """Every receipt of a report, each once."""
    files = [*report.files, *(file for line in report.lines for file in line.files)]
    return tuple({file.key: file for file in files}.values())


def exported_of(reference: str, report: ExpenseReport) -> ExportedReport:
    """The report in a few figures."""
    lines = [line for line in report.lines if not line.payroll_code]
    whole = len(lines) == len(report.lines) and all(line.private is None for line in lines)
    canceled = report.state is ReportState.CANCELED
    return ExportedReport(
        reference=reference,
        report=report.report,
        number=report.number,
        state=report.state,
        company=report.company,
        stated=report.gross if whole and not canceled else None,
        spent=None if canceled else total((business(line) for line in lines), report.currency),
        owed=None if canceled else owed(report),
    )


def papers_of(
    proposal: ExpenseProposal, entry: PurchaseEntry | JournalEntry
) -> tuple[tuple[Dossier, ...], tuple[Attachment, ...]]:
    """What holds the receipts of an entry, and the receipts."""
    named = entry.refers if isinstance(entry, PurchaseEntry) else ()
    holds = tuple(one for one in proposal.dossiers if one.key in named or one.entry == entry.key)
    keys = {one.key for one in holds}
    return holds, tuple(one for one in proposal.attachments if keys & set(one.refers))
