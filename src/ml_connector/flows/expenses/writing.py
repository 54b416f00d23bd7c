"""How what was approved of expense reports is written: what is taken back first, then entries and receipts,
each once and in the order in which they name each other; and what their source is told.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from ml_connector.domain.expense_proposal import ExpenseProposal
from ml_connector.domain.journal import JournalEntry
from ml_connector.domain.purchase import Attachment, Dossier, PurchaseEntry
from ml_connector.errors import Refused, SignInRenewed, Throttled
from ml_connector.flows.expenses.proposals import ExpenseProposals
from ml_connector.flows.expenses.reading import papers_of
from ml_connector.flows.flow import Opening
from ml_connector.flows.posting.taken_back import REVERSAL
from ml_connector.flows.purchasing.proposals import kept
from ml_connector.flows.purchasing.writing import KEPT_OPEN, commit_each, takes_back
from ml_connector.ports.expenses import ExpenseMarks
from ml_connector.runs.run import Next, Run


class Writing:
    """Writes the proposals of one flow."""

    def __init__(self, opening: Opening, proposals: ExpenseProposals) -> None:
        self._opening, self._proposals, self._commits = opening, proposals, opening.commits

    def take_back(self, run: Run, proposal: ExpenseProposal) -> Next | None:
        """Withdraw what has no mirror, and book the mirrors of the rest. Where the ledger does not withdraw
        an entry any more, it is proposed again, with a mirror.
        """
        mirrored = {}
        for entry in proposal.entries:
            old = next((one.key for one in proposal.takes_back if takes_back(entry, one.key)), None)
            if old is not None:
                mirrored[old] = entry.key
                sink = self._proposals.books.sink_of(entry)
                commit_each(run, self._opening, sink, [entry], proposal.shares)
                if not getattr(self._commits.get(old), "reversed_by", ""):
                    self._commits.reverse(old, entry.key)
                    run.audit("commit.reversed", {"key": old, "by": entry.key})
        for taken in proposal.takes_back:
            if taken.key in mirrored:
                continue
            try:
                run.end_once(self._proposals.books.purchases, taken.key)
            except Refused as error:
                if error.problem.code not in KEPT_OPEN:
                    raise
                run.step("not withdrawn", lambda key=taken.key: (*kept(run), key))  # type: ignore[misc]
                return Next("propose", notice=f"Proposed again: {error.problem.text}")
            run.tell(taken.run, f"Withdrawn by run {run.row.id}.")
        return None

    def write(self, run: Run, proposal: ExpenseProposal) -> None:
        """Entries and receipts. Where the ledger refuses a purchase entry, its receipts are removed again;
        what was booked of other reports stays.
        """
        own = [entry for entry in proposal.entries if not entry.key.startswith(REVERSAL)]
        purchases = [entry for entry in own if isinstance(entry, PurchaseEntry)]
        journals = [entry for entry in own if isinstance(entry, JournalEntry)]
        self._papers(run, proposal, behind=False)
        for entry in purchases:
            try:
                commit_each(run, self._opening, self._proposals.books.purchases, [entry], proposal.shares)
            except (SignInRenewed, Throttled):
                raise
            except Refused:
                self._remove(run, proposal, entry)
                raise
        commit_each(run, self._opening, self._proposals.books.journals, journals, proposal.shares)
        self._papers(run, proposal, behind=True)

    def _papers(self, run: Run, proposal: ExpenseProposal, *, behind: bool) -> None:
        """Receipts that are written before their entries, or behind them."""
        dossiers = [one for one in proposal.dossiers if (one.entry is not None) == behind]
        keys = {one.key for one in dossiers}
        files = [one for one in proposal.attachments if keys & set(one.refers)]
        commit_each(run, self._opening, self._proposals.books.dossiers, dossiers)
        commit_each(run, self._opening, self._proposals.books.attachments, files)

    def _remove(self, run: Run, proposal: ExpenseProposal, entry: PurchaseEntry) -> None:
        """End what holds the receipts of an entry that was refused."""
        holds, files = papers_of(proposal, entry)
        documents: list[Attachment | Dossier] = [*files, *holds]
        for document in documents:
            is_file = isinstance(document, Attachment)
            books = self._proposals.books
            with suppress(Refused):
                run.end_once(books.attachments if is_file else books.dossiers, document.key)


@dataclass(frozen=True, slots=True)
class ReportMark:
    """The status of a report with its text, as an `Assignable`."""

    marks: ExpenseMarks
    text: str

    def assigned(self, reference: str) -> str:
        """What the source was told."""
        return self.marks.assigned(reference)

    def assign(self, reference: str, value: str) -> None:
        """Tell it."""
        self.marks.assign(reference, value, self.text)
