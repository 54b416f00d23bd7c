"""Reversal: an entry that cancels a posted one and names it. Posted entries are never edited or removed.

The mirror is dated like the original where that period is open, and otherwise on the first day of the next
open period when the policy says so. It is a commit of its own, with an approval of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast

from ml_connector.domain import codec
from ml_connector.domain.build import Proposal
from ml_connector.domain.checks import check_entry
from ml_connector.domain.journal import BookedEntry, CommitKey, ExchangeRate, JournalEntry, Marker, Receipt
from ml_connector.domain.period import PayPeriod, PostingDatePolicy, PostingDateRule, choose_posting_date
from ml_connector.domain.problem import Owner, Problem
from ml_connector.flows.payroll_journal import describe, proposal_fingerprint, proposes_only
from ml_connector.flows.policy import Mode, PayrollPolicy
from ml_connector.ports.storage import CommitRow, Commits, CommitState, RunState
from ml_connector.ports.systems import LedgerSink
from ml_connector.runs.run import Done, Hold, Next, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """Reverses what one run posted. `run.input["keys"]` are the commit keys, one a line."""

    ledger: LedgerSink
    commits: Commits
    policy: PayrollPolicy

    def propose(self, run: Run) -> Next | Done:
        """The mirror entries, checked, waiting for approval: always of a person, whatever the flow's mode."""
        rows = [
            row for key in run.row.input["keys"].split("\n") if (row := self.commits.get(key)) is not None
        ]
        run.check("originals", lambda: self._unfit(rows))
        entries = run.step("entries", lambda: tuple(self._mirror(row) for row in rows))
        if problems := [entry for entry in entries if isinstance(entry, Problem)]:
            raise Hold(problems)
        mirrors = tuple(entry for entry in entries if isinstance(entry, JournalEntry))
        run.check("entries", lambda: self._problems(mirrors))
        proposal = run.step("proposal", lambda: Proposal(entries=mirrors, totals=(), ties=(), problems=()))
        fingerprint = run.step("fingerprint", lambda: proposal_fingerprint(proposal))
        if self.policy.mode is Mode.PROPOSE:
            raise Hold(
                (),
                RunState.AWAITING_APPROVAL,
                f"Reversal proposed: {describe(proposal)}. This flow only proposes.",
            )
        raise Hold(
            (),
            RunState.AWAITING_APPROVAL,
            f"Reversal of {describe(proposal)}. Waiting for approval of {fingerprint[:12]}.",
        )

    def post(self, run: Run) -> Next | Done:
        """Book each mirror once, and note it on the original."""
        if self.policy.mode is Mode.PROPOSE:
            raise Hold([proposes_only()], RunState.AWAITING_APPROVAL)
        proposal = cast(Proposal, run.value("propose", "proposal"))
        if run.approved() != proposal_fingerprint(proposal):
            problem = Problem(
                "approval.missing", "approval", "This reversal is not approved.", Owner.CONTROLLER
            )
            raise Hold([problem], RunState.AWAITING_APPROVAL)
        for entry, key in zip(proposal.entries, run.row.input["keys"].split("\n"), strict=True):
            original = self.commits.get(key)
            run.commit_once(entry, original.subject if original else "")
            self.commits.reverse(key, entry.key)
            run.audit("commit.reversed", {"key": key, "by": entry.key})
        return Next("confirm")

    def confirm(self, run: Run) -> Next | Done:
        """Both documents stand in the ledger, equal and opposite; the commit path has compared them to the
        cent.
        """
        proposal = cast(Proposal, run.value("propose", "proposal"))
        return Done(f"Reversed: {describe(proposal)}.")

    def _unfit(self, rows: list[CommitRow]) -> Iterator[Problem]:
        if not rows:
            yield Problem(
                "reversal.nothing",
                "run",
                "This run has posted nothing that could be reversed.",
                Owner.CONTROLLER,
            )
        for row in rows:
            if row.state is not CommitState.CONFIRMED:
                yield Problem(
                    "reversal.unconfirmed",
                    row.key,
                    f"{row.key} is {row.state}, not confirmed. Settle it first.",
                    Owner.CONTROLLER,
                )
            if row.state is CommitState.CONFIRMED and not row.receipt:
                text = f"{row.key} was booked outside and has no document of ours. Reverse it in the ledger."
                yield Problem("reversal.outside", row.key, text, Owner.CONTROLLER)
            if row.reversed_by:
                yield Problem(
                    "reversal.twice",
                    row.key,
                    f"{row.key} is already reversed by {row.reversed_by}.",
                    Owner.CONTROLLER,
                )

    def _mirror(self, row: CommitRow) -> JournalEntry | Problem:
        entry = cast(JournalEntry, codec.decode(row.content))
        number = cast(Receipt, codec.decode(row.receipt)).number
        policy = PostingDatePolicy(rule=PostingDateRule.PERIOD_END, closed=self.policy.posting_date.closed)
        day = PayPeriod(start=entry.posting_date, end=entry.posting_date, pay_date=entry.posting_date)
        posting = choose_posting_date(
            day, policy, self.ledger.calendar(entry.entity, entry.journal, entry.posting_date)
        )
        if isinstance(posting, Problem):
            return posting
        key = CommitKey.parse(entry.key)
        text = f"Reversal of {number}"
        lines = tuple(replace(line, amount=-line.amount, text=text) for line in entry.lines)
        reversal_key = str(replace(key, family=f"reversal:{key.family}:{key.revision}", revision=1))
        return replace(
            entry,
            key=reversal_key,
            posting_date=posting.day,
            text=text,
            lines=lines,
            rate=_rate_booked(row, number),
        )

    def _problems(self, entries: tuple[JournalEntry, ...]) -> Iterator[Problem]:
        axes = self.policy.axes | {
            value.axis for entry in entries for line in entry.lines for value in line.dimensions
        }
        for entry in entries:
            yield from check_entry(entry, self.ledger.chart(entry.entity, entry.journal, axes))
            yield from self.ledger.preflight(entry, Marker.of(entry.key))


def _rate_booked(row: CommitRow, number: str) -> ExchangeRate | None:
    """The rate the original was booked at, so that the two cancel in the entity's own currency too."""
    rate = cast(BookedEntry, codec.decode(row.booked)).rate if row.booked else None
    return replace(rate, source=f"as booked in {number}") if rate else None
