"""Pays of ours, named otherwise, that are booked with just the amounts, or with records, of a run.

A file that is delivered again with another control, number or day names another pay, and says the same of
everybody. Two weekly pays may be the same to the cent; two within one week seldom are. A record of a worker
that gets another pay date is part of another pay, and nothing of the first takes it back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import cast

from ml_connector.domain import codec
from ml_connector.domain.journal import JournalEntry
from ml_connector.domain.payroll import PayRun
from ml_connector.domain.proposal import Subject
from ml_connector.flows.posting.already_booked import net_of
from ml_connector.flows.posting.taken_back import ELSEWHERE, REVERSAL, is_journal, standing
from ml_connector.ports.commits import CommitRow, Commits
from ml_connector.runs.run import Run

WITHIN = timedelta(days=6)
"""From one end of a period to the other's."""
BOOKED = timedelta(days=45)
"""How long ago it was booked, at most."""


def booked_again(
    run: Run, pay_run: PayRun, subjects: Mapping[str, Subject], says: Sequence[JournalEntry], commits: Commits
) -> dict[str, dict[Subject, str]]:
    """Company → other pays of it that are booked with what the run says, or with a record of it, each with
    what its source calls it. `subjects` are those of the run by company.
    """
    made: dict[tuple[str, str, str], list[CommitRow]] = defaultdict(list)
    entities = {(subject.tenant, subject.entity) for subject in subjects.values()}
    ours = {subject.base for subject in subjects.values()}
    for row in standing(filter(is_journal, commits.booked_since(commits.now() - BOOKED, entities))):
        other = row.reference != pay_run.reference and not row.key.startswith((ELSEWHERE, REVERSAL))
        if other and not _speaks_of(row, ours):
            made[row.tenant, row.entity, row.run].append(row)
    found: dict[str, dict[Subject, str]] = defaultdict(dict)
    for (tenant, entity, by), booked in made.items():
        entries = [entry for entry in says if entry.entity == entity]
        theirs = run.value_of(by, "read", "pay run", PayRun)
        same = bool(entries) and _within_a_week(pay_run, theirs, booked) and _same(entries, booked)
        if not same and not _shares_records(pay_run, theirs):
            continue
        pays = {share.subject.base for row in booked for share in row.shares}
        for company, subject in subjects.items():
            beginning = subject.text.removesuffix(pay_run.subject)
            for pay in pays:
                if (pay.tenant, pay.entity) == (tenant, entity) and pay.text.startswith(beginning):
                    found[company][pay] = pay.text.removeprefix(beginning)
    return found


def _speaks_of(row: CommitRow, subjects: set[Subject]) -> bool:
    return any(share.subject.base in subjects for share in row.shares)


def _shares_records(pay_run: PayRun, theirs: PayRun | None) -> bool:
    ours = pay_run.parts.records if pay_run.parts else ()
    if not ours or theirs is None or theirs.parts is None:
        return False
    return not set(ours).isdisjoint(theirs.parts.records)


def _within_a_week(pay_run: PayRun, other: PayRun | None, booked: Sequence[CommitRow]) -> bool:
    """Whether the periods of both ended within a week; of a run that is on record no more, whether what it
    booked is dated so.
    """
    ours = pay_run.pay_period
    if other is None:
        return all(abs(ours.end - _entry(row).posting_date) <= WITHIN for row in booked)
    return abs(ours.end - other.pay_period.end) <= WITHIN


def _same(says: Sequence[JournalEntry], booked: Sequence[CommitRow]) -> bool:
    entries = [_entry(row) for row in booked]
    currencies = {entry.currency for entry in (*says, *entries)}
    return len(currencies) == 1 and net_of(says) == net_of(entries) != {}


def _entry(row: CommitRow) -> JournalEntry:
    return cast(JournalEntry, codec.decode(row.content))
