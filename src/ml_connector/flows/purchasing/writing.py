"""How what was approved of an invoice is written: what is taken back first, then the files and the entry that
names them, each once; and the mark of it at the source.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ml_connector.domain.document import Document, Marker
from ml_connector.domain.proposal import Share
from ml_connector.domain.purchase_proposal import PurchaseProposal
from ml_connector.errors import Refused, SignInRenewed, Throttled
from ml_connector.flows.flow import Opening
from ml_connector.flows.purchasing import proof
from ml_connector.flows.purchasing.proposals import PurchaseProposals, kept
from ml_connector.ports.commits import UNBOOKED, Origin
from ml_connector.ports.invoices import InvoiceMarks
from ml_connector.ports.sinks import Sink
from ml_connector.runs.intent import Seen
from ml_connector.runs.run import Next, Run

KEPT_OPEN = frozenset({"document.paid", "document.processed"})
"""Codes of refusals to withdraw an entry, which then gets a mirror."""


class Writing:
    """Writes the proposals of one flow."""

    def __init__(self, opening: Opening, proposals: PurchaseProposals) -> None:
        self._opening, self._proposals, self._commits = opening, proposals, opening.commits

    def take_back(self, run: Run, proposal: PurchaseProposal) -> Next | None:
        """Withdraw what has no mirror, and book the mirrors of the rest. Where the ledger does not withdraw
        an entry any more, it is proposed again, with a mirror.
        """
        sink, mirrored = self._proposals.purchases, dict[str, str]()
        for entry in proposal.entries:
            old = next((one.key for one in proposal.takes_back if takes_back(entry, one.key)), None)
            if old is not None:
                mirrored[old] = entry.key
                commit_each(run, self._opening, sink, [entry], proposal.shares)
                if not getattr(self._commits.get(old), "reversed_by", ""):
                    self._commits.reverse(old, entry.key)
                    run.audit("commit.reversed", {"key": old, "by": entry.key})
        for taken in proposal.takes_back:
            if taken.key in mirrored:
                continue
            try:
                run.end_once(sink, taken.key)
            except Refused as error:
                if error.problem.code not in KEPT_OPEN:
                    raise
                run.step("not withdrawn", lambda key=taken.key: (*kept(run), key))  # type: ignore[misc]
                return Next("propose", notice=f"Proposed again: {error.problem.text}")
            run.tell(taken.run, f"Withdrawn by run {run.row.id}.")
        return None

    def write(self, run: Run, proposal: PurchaseProposal) -> None:
        """Files and entry, in the order in which they name each other. Where the ledger refuses the entry,
        its files are removed again.
        """
        commit_each(run, self._opening, self._proposals.dossiers, proposal.dossiers)
        commit_each(run, self._opening, self._proposals.attachments, proposal.attachments)
        entry = proof.entry_of(proposal)
        try:
            commit_each(
                run, self._opening, self._proposals.purchases, [entry] if entry else [], proposal.shares
            )
        except (SignInRenewed, Throttled):
            raise
        except Refused:
            self._remove(run, proposal)
            raise

    def _remove(self, run: Run, proposal: PurchaseProposal) -> None:
        """End what holds files of an entry that was refused, unless an earlier entry has it."""
        for sink, documents in (
            (self._proposals.attachments, proposal.attachments),
            (self._proposals.dossiers, proposal.dossiers),
        ):
            for document in documents:
                with suppress(Refused):
                    run.end_once(sink, document.key)


def commit_each(
    run: Run,
    opening: Opening,
    sink: Sink[Any, Any],
    documents: Sequence[Document],
    shares: Sequence[Share] = (),
) -> None:
    """Write each of the documents once; one look speaks for all of them."""
    if not documents:
        return
    commits = opening.commits
    rows = {document.key: commits.get(document.key) for document in documents}
    fresh = [one for one in documents if (row := rows[one.key]) is None or row.state in UNBOOKED]
    began = run.seconds()
    found = sink.locate([(one, Marker.of(one.key)) for one in fresh], None) if fresh else {}
    wanted = []
    for document in documents:
        tenant = opening.target.confirm(document.entity, opening.systems.target.tenant(document.entity))
        own = tuple(share for share in shares if share.key == document.key)
        origin = Origin(run=run.row.id, tenant=tenant, shares=own, reference=run.row.reference)
        wanted.append((document, origin))
    run.commit_all(sink, wanted, Seen(found=found, began=began), lambda marked: sink.locate(marked, None))


@dataclass(frozen=True, slots=True)
class Mark:
    """The mark of an invoice with its text, as an `Assignable`."""

    marks: InvoiceMarks
    text: str
    expected: str = ""

    def assigned(self, reference: str) -> str:
        """What the source holds now."""
        return self.marks.assigned(reference)

    def assign(self, reference: str, value: str) -> None:
        """Set the mark and the text."""
        self.marks.assign(reference, value, self.text, self.expected)


def takes_back(entry: Document, key: str) -> bool:
    """Whether the entry is the mirror of the document with this key."""
    family, _, revision = key.rpartition(":")
    return entry.key.startswith(f"reversal:{family.rpartition(':')[0]}:{revision}:")
