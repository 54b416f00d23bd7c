"""The proof at the end of a run: each report, its entry and what the ledger shows say the same, to the cent
and for each VAT code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ml_connector.domain.expense_proposal import ExpenseExport, ExpenseProposal, ExportedReport
from ml_connector.domain.journal import BookedEntry, JournalEntry, JournalLine, total
from ml_connector.domain.money import Money
from ml_connector.domain.purchase import BookedPurchase, PurchaseEntry, PurchaseLine, by_code
from ml_connector.domain.tie_out import TieRow


def before(export: ExpenseExport, proposal: ExpenseProposal) -> tuple[TieRow, ...]:
    """The table before anything is booked."""
    return after(export, proposal, {})


def after(export: ExpenseExport, proposal: ExpenseProposal, booked: Mapping[str, Any]) -> tuple[TieRow, ...]:
    """The table of what is booked, by commit keys of entries."""
    entries = {entry.key: entry for entry in proposal.entries}
    behind = {origin.key: origin.lines for origin in proposal.origins}
    reports = {report.reference: report for report in export.reports}
    return tuple(
        row
        for plan in proposal.plans
        if plan.key in entries
        for row in _rows(reports[plan.reference], entries[plan.key], behind[plan.key], booked.get(plan.key))
    )


def _rows(
    report: ExportedReport,
    entry: PurchaseEntry | JournalEntry,
    behind: Sequence[str],
    booked: BookedPurchase | BookedEntry | None,
) -> Iterator[TieRow]:
    assert report.spent is not None
    assert report.owed is not None
    lines: list[PurchaseLine | JournalLine] = [*entry.lines]
    amounts = [line.amounts for line, of in zip(lines, behind, strict=True) if of]
    costs = total((amount for of in amounts for amount in of), entry.currency)
    yield _row(report, "spent", report.stated, report.spent, costs, None)
    if isinstance(entry, JournalEntry):
        shown = booked.debit if isinstance(booked, BookedEntry) else None
        yield _row(report, "debit", None, entry.debit, entry.credit, shown)
        return
    there = booked if isinstance(booked, BookedPurchase) else None
    yield _row(report, "owed", None, report.owed, entry.payable, there.payable if there else None)
    codes, nothing = by_code(there.lines, there.currency) if there else {}, entry.payable - entry.payable
    for code, amount in entry.vat_by_code().items():
        yield _row(report, f"vat {code}", None, amount, amount, codes.get(code, nothing) if there else None)


def _row(
    report: ExportedReport, what: str, head: Money | None, lines: Money, ours: Money, ledger: Money | None
) -> TieRow:
    return TieRow(
        company=f"report {report.number}", what=what, register=head, run=lines, journal=ours, ledger=ledger
    )
