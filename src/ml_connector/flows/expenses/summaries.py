"""What is said of the reports of an export, in a few words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from ml_connector.domain import codec
from ml_connector.domain.document import Receipt
from ml_connector.domain.expense_proposal import ExpenseExport, ExpenseProposal, ReportPlan
from ml_connector.domain.journal import total
from ml_connector.domain.purchase import PurchaseEntry
from ml_connector.flows.posting.consent import listed
from ml_connector.flows.posting.taken_back import REVERSAL
from ml_connector.ports.commits import Commits


def described(proposal: ExpenseProposal) -> str:
    """What is proposed."""
    entries = [entry for entry in proposal.entries if not entry.key.startswith(REVERSAL)]
    files = len(proposal.attachments)
    said = ", ".join(_sums(entries)) or "nothing"
    count = f"{len(entries)} {'report' if len(entries) == 1 else 'reports'}"
    text = f"{count}: {said}, with {files} {'receipt' if files == 1 else 'receipts'}"
    return text + "".join(f". Look at this: {doubt.rstrip('.')}" for doubt in proposal.doubts)


def _sums(entries: Sequence[Any]) -> Iterator[str]:
    """What the entries come to in each currency."""
    for currency in dict.fromkeys(entry.currency for entry in entries):
        amounts = [
            entry.payable if isinstance(entry, PurchaseEntry) else entry.debit
            for entry in entries
            if entry.currency == currency
        ]
        yield str(total(amounts, currency))


def shown(export: ExpenseExport) -> Mapping[str, Any]:
    """The figures of an export."""
    spent = [report.spent for report in export.reports if report.spent is not None]
    sums = {
        currency: total((one for one in spent if one.currency == currency), currency)
        for currency in dict.fromkeys(one.currency for one in spent)
    }
    return {"reports": len(export.reports), "amount": ", ".join(map(str, sums.values()))}


def left_out(plans: Iterable[ReportPlan]) -> str:
    """Which reports nothing is booked of, and why; empty for none."""
    out = [plan for plan in plans if plan.fails]
    by_hand = [plan for plan in plans if plan.booked_as]
    nothing = [plan.nothing for plan in plans if plan.nothing]
    texts = []
    if out:
        texts.append(f"Without report {listed(plan.number for plan in out)}: {out[0].fails}")
    if by_hand:
        said = listed(f"{plan.number} as {plan.booked_as}" for plan in by_hand)
        texts.append(f"Somebody said what is booked by hand: {said}.")
    if nothing:
        texts.append(f"{listed(nothing)[:1].upper()}{listed(nothing)[1:]}.")
    return " ".join(texts)


def outcome(proposal: ExpenseProposal, commits: Commits, *, told: bool) -> str:
    """What became of the reports, in a sentence or two."""
    own = [entry for entry in proposal.entries if not entry.key.startswith(REVERSAL)]
    numbers = [
        cast(Receipt, codec.decode(row.receipt)).number
        for entry in own
        if (row := commits.get(entry.key)) is not None and row.receipt
    ]
    texts = []
    if numbers:
        count, files = len(numbers), len(proposal.attachments)
        reports = "report" if count == 1 else "reports"
        receipts = "receipt" if files == 1 else "receipts"
        texts.append(
            f"{count} {reports} booked as {listed(numbers)} with {files} {receipts}; read back"
            f"{', tied out and told' if told else ' and tied out'}."
        )
    if proposal.already_booked:
        texts.append(f"Booked already as {listed(proposal.already_booked)}.")
    if proposal.takes_back:
        texts.append(f"Taken back: {listed(map(str, proposal.takes_back))}.")
    return " ".join(texts)
