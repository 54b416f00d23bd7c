"""What a run has booked, and what of it can be reversed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ml_connector.app.refusals import NotAllowed
from ml_connector.domain.journal import JournalEntry
from ml_connector.flows.booked import document_number
from ml_connector.flows.flow import Flow
from ml_connector.flows.posting.consent import listed
from ml_connector.flows.posting.taken_back import ELSEWHERE, counts, orphaned_reversal
from ml_connector.flows.posting.taken_back import REVERSAL as REVERSAL_KEY
from ml_connector.ports.commits import UNBOOKED, CommitRow, CommitState
from ml_connector.ports.runs import RunRow
from ml_connector.store.commits import StoredCommits


def reversible(commits: StoredCommits, run: str, *, everything: bool) -> list[CommitRow]:
    """The documents to be reversed so that what the run posted counts no more, oldest first; with
    `everything`, all that is booked for its subjects. Raises `NotAllowed` where there is none.
    """
    rows = [row for row in commits.of_run(run) if not row.key.startswith(ELSEWHERE)]
    if everything:
        subjects = {share.subject for row in rows for share in row.shares}
        others = (ELSEWHERE, REVERSAL_KEY)
        rows = [row for row in commits.of_subjects(subjects) if not row.key.startswith(others)]
    ends = [end for row in rows if (end := _end_of(commits, row)) is not None]
    booked = [row for row in dict.fromkeys(ends) if row.state is CommitState.CONFIRMED]
    if not booked:
        raise NotAllowed(_nothing_to_reverse(run, commits, rows))
    return booked


def require_reversible(row: RunRow, flow: Flow) -> None:
    """Raises `NotAllowed` for a run that books no journal entries: its documents have no mirror of their
    own.
    """
    if flow.source is not None and flow.target is not JournalEntry:
        raise NotAllowed(
            f"What run {row.id} booked is not reversed from here: it is corrected where it comes from. Cancel"
            f" it there, or approve it anew, and the next run of this {flow.record} takes it back."
        )


def posted(commits: StoredCommits, run: str) -> list[CommitRow]:
    """Commits of the run that are, or may be, booked by it, and count: not those whose document was reversed
    or deleted.
    """
    return [
        commit
        for commit in commits.of_run(run)
        if commit.state not in UNBOOKED and not commit.key.startswith(ELSEWHERE) and counts(commits, commit)
    ]


def left_by(commits: StoredCommits, run: str) -> str:
    """What documents do that were named for the run as booked elsewhere, now that it ends: one that takes
    another back does only that, and any other counts. Empty for none.
    """
    named = [row for row in commits.of_run(run) if row.key.startswith(ELSEWHERE) and not row.reversed_by]
    takes = {row.key: taken for row in named if (taken := commits.reversed_by(row.key)) is not None}
    counting = [row for row in named if row.key not in takes]
    texts = []
    if back := [row for row in named if row.key in takes]:
        taken_back = _names(takes[row.key] for row in back)
        texts.append(f"Reversed in the ledger already: {taken_back} by {_names(back)}.")
    if counting:
        texts.append(f"Still counts, as booked elsewhere: {_names(counting)}.")
    return " ".join(texts)


def _names(rows: Iterable[CommitRow]) -> str:
    return listed(f"{document_number(row)} in {row.entity}" for row in rows)


def _nothing_to_reverse(run: str, commits: StoredCommits, rows: Sequence[CommitRow]) -> str:
    done = [row for row in rows if row.reversed_by and row.state not in UNBOOKED]
    by = [reversal for row in done if (reversal := commits.get(row.reversed_by)) is not None]
    if by:
        return f"Run {run} was already reversed by run {by[0].run}: {_names(by)}."
    return f"Run {run} has posted nothing that could be reversed."


def _end_of(commits: StoredCommits, row: CommitRow) -> CommitRow | None:
    """The document that is to be reversed so that this one counts no more: itself, or the newest reversal
    where its reversal was reversed; what people did after the last one of ours comes to nothing. Of a
    document that somebody deleted, the reversal that stands alone since then. `None` where it counts no more.
    """
    end, counted = orphaned_reversal(commits, row) or row, True
    last = end
    while end.reversed_by:
        reversal = commits.get(end.reversed_by)
        if reversal is None:
            return None
        end, counted = reversal, not counted
        if counted and not end.key.startswith(ELSEWHERE):
            last = end
    return last if counted else None
