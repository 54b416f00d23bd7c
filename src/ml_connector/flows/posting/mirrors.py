"""Making mirrors: the entries that cancel posted documents, each under a key that is free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import cast

from ml_connector.domain import codec
from ml_connector.domain.document import CommitKey
from ml_connector.domain.journal import BookedEntry, ExchangeRate, JournalEntry
from ml_connector.domain.period import PayPeriod, PostingDatePolicy, PostingDateRule, choose_posting_date
from ml_connector.domain.problem import Problem
from ml_connector.domain.proposal import Proposal, Share, TakenBack
from ml_connector.flows.booked import document_number
from ml_connector.flows.flow import Policy
from ml_connector.flows.posting.taken_back import REVERSAL, entry_of, mirrors, undone
from ml_connector.ports.commits import UNBOOKED, CommitRow, Commits
from ml_connector.ports.ledger import LedgerFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrors:
    """Makes the mirrors of documents, by what the ledger says of its periods now."""

    commits: Commits
    ledger: LedgerFacts
    policy: Policy

    def proposal(self, rows: Sequence[CommitRow]) -> Proposal:
        """A mirror of each document, and what is wrong where one cannot be made."""
        made = [self._mirror(row) for row in rows]
        problems = tuple(entry for entry in made if isinstance(entry, Problem))
        entries = tuple(entry for entry in made if isinstance(entry, JournalEntry))
        if problems:
            return Proposal(entries=(), problems=problems)
        shares = tuple(
            Share(
                key=entry.key,
                subject=share.subject,
                lines=tuple((account, codes, -minor) for account, codes, minor in share.lines),
            )
            for entry, row in zip(entries, rows, strict=True)
            for share in row.shares
        )
        subjects = tuple(dict.fromkeys(share.subject for share in shares))
        taken = tuple(taken_back(row) for row in rows)
        return Proposal(entries=entries, subjects=subjects, shares=shares, takes_back=taken)

    def _mirror(self, row: CommitRow) -> JournalEntry | Problem:
        entry = entry_of(row)
        number = document_number(row)
        policy = PostingDatePolicy(rule=PostingDateRule.PERIOD_END, closed=self.policy.posting_date.closed)
        day = PayPeriod(start=entry.posting_date, end=entry.posting_date, pay_date=entry.posting_date)
        calendar = self.ledger.calendar(entry.entity, entry.journal, entry.posting_date)
        posting = choose_posting_date(day, policy, calendar)
        if isinstance(posting, Problem):
            return posting
        text = f"Reversal of {number}"
        mirror = replace(
            entry,
            posting_date=posting.day,
            text=text,
            lines=tuple(replace(line, amount=-line.amount, text=text) for line in entry.lines),
            rate=_rate_booked(row, number),
        )
        return self._free(row, mirror)

    def _free(self, row: CommitRow, mirror: JournalEntry) -> JournalEntry:
        """The mirror of a document under a key that is free, or has this content: another family where
        somebody deleted the mirror it had, or took it back; another revision where one of another date was
        refused.
        """
        key = CommitKey.parse(row.key)
        family = f"{REVERSAL}{key.family}:{key.revision}"
        gone = [made for made in mirrors(self.commits, row) if undone(self.commits, made)]
        again = f":{len(gone) + 1}" if gone else ""
        for revision in count(1):
            made = replace(mirror, key=str(CommitKey(f"{family}{again}", key.part, revision)))
            there = self.commits.get(made.key)
            if there is None or there.state not in UNBOOKED:
                break
            if not there.reversed_by and there.fingerprint == codec.fingerprint(made):
                break
        return made


def taken_back(row: CommitRow) -> TakenBack:
    """The document as a proposal names it."""
    return TakenBack(
        key=row.key, run=row.run, document=document_number(row), entity=row.entity, debit=entry_of(row).debit
    )


def _rate_booked(row: CommitRow, number: str) -> ExchangeRate | None:
    """The rate the original was booked at, so that the two cancel in the entity's own currency too."""
    rate = cast(BookedEntry, codec.decode(row.booked)).rate if row.booked else None
    return replace(rate, source=f"as booked in {number}") if rate else None
