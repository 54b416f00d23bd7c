"""What a document counts for when the one that reversed it is gone: told to the runs, and to whoever said
that it is gone.

    original <- its reversal <- the reversal of that         the last is deleted
    reversed    counts again    deleted in the ledger        and so on, one by one, to the first
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import cast

from ml_connector.domain import codec
from ml_connector.domain.checks import takes_back
from ml_connector.domain.journal import BookedEntry, JournalEntry
from ml_connector.flows.booked import document_number
from ml_connector.flows.posting.consent import listed
from ml_connector.flows.posting.taken_back import (
    ELSEWHERE,
    REVERSAL,
    changed_by,
    counts,
    orphaned_reversal,
    reverses,
    reversing,
    standing,
    taken_back_alone,
)
from ml_connector.ports.commits import COUNTS_FOR_NOTHING, DELETED, UNBOOKED, CommitRow, Commits, CommitState
from ml_connector.ports.runs import Runs


def let_count(commits: Commits, gone: CommitRow) -> list[CommitRow]:
    """Note that what the document reversed is reversed no more. The documents that count otherwise since
    then, from that one to the first of the chain.
    """
    chain = below(commits, gone)
    if chain:
        commits.reverse(chain[0].key, "")
    return chain


def below(commits: Commits, row: CommitRow) -> list[CommitRow]:
    """What the document reversed, and so on to the first of the chain."""
    chain: list[CommitRow] = []
    while (reached := commits.reversed_by(row.key)) is not None:
        chain.append(reached)
        row = reached
    return chain


def tell(runs: Runs, commits: Commits, changed: Iterable[CommitRow], why: str) -> None:
    """Say on each run that booked one of these documents what counts now of all it booked, and why."""
    keys = {row.key: row.run for row in changed}
    for run in dict.fromkeys(filter(None, keys.values())):
        rows = [row for row in commits.of_run(run) if _is_booked(row)]
        again = [row for row in rows if row.key in keys and counts(commits, row)]
        back = [row for row in rows if row.key in keys and not counts(commits, row)]
        rest = [row for row in rows if row.key not in keys and not counts(commits, row)]
        texts = (("Booked again", again), ("Reversed again", back), ("Still reversed", rest))
        said = [f"{text}: {names(found)}." for text, found in texts if found]
        runs.tell(run, f"{' '.join(said)} {why}")


def tell_changed(runs: Runs, commits: Commits, row: CommitRow, what: str) -> None:
    """Say on the runs whose documents this one had changed that it does so no more: `what` became of it."""
    for other in changed_by(commits, row):
        if other.run:
            runs.tell(other.run, f"What changed it, {names([row])}, was {what}.")


def alone(commits: Commits, run: str) -> str:
    """What stands alone in the ledger because documents of the run were deleted there, and how it is taken
    back; empty for nothing.
    """
    rows = commits.of_run(run)
    ours = [found for row in rows if (found := orphaned_reversal(commits, row)) and not found.reversed_by]
    theirs = [found for row in rows if (found := taken_back_alone(commits, row))]
    texts = []
    if ours:
        texts.append(
            f"Still in the ledger: {names(ours)}, which reversed what is deleted now. Reverse it:"
            f" ml-connector runs reverse {run}. Or delete it there too, and record that: ml-connector runs"
            f" mark-deleted {ours[0].run}."
        )
    if theirs:
        texts.append(
            f"Still in the ledger: {names(theirs)}, which took back what is deleted now. Delete it there"
            f" too, and record that: ml-connector runs mark-deleted {theirs[0].run}."
        )
    return " ".join(texts)


def twice(commits: Commits, run: str) -> str:
    """What counts again because documents of the run were deleted, although the pay was booked anew since it
    had been reversed; and how that is taken back. Empty for nothing.
    """
    texts = []
    for gone, original in _pairs(commits, run):
        if not (since := list(_since(commits, original, gone))):
            continue
        ours = [row for row in reversed(since) if not row.key.startswith(ELSEWHERE)]
        texts.append(
            f"The pay is in the books twice now: {names([original])} counts again, and {names(since)} was"
            f" booked after it had been reversed. Reverse that: {reversing(ours or [original])}."
        )
    return " ".join(texts)


def again(commits: Commits, run: str) -> str:
    """The documents that count again because documents of the run were deleted; empty for none."""
    return names(original for _, original in _pairs(commits, run))


def names(rows: Iterable[CommitRow]) -> str:
    """The documents as people name them in a sentence."""
    return listed(f"{document_number(row)} in {row.entity}" for row in rows)


def _pairs(commits: Commits, run: str) -> Iterator[tuple[CommitRow, CommitRow]]:
    """Documents of the run that were deleted, each with what it had reversed and what counts again now."""
    for gone in commits.of_run(run):
        if gone.reversed_by == DELETED and (original := _reversed_by(commits, gone)) is not None:
            yield gone, original


def _reversed_by(commits: Commits, gone: CommitRow) -> CommitRow | None:
    """What a reversal that is gone had taken back, where that counts now: a reversal of ours by its key, one
    of people by its figures.
    """
    original = reverses(commits, gone) if gone.key.startswith(REVERSAL) else None
    if gone.key.startswith(ELSEWHERE) and gone.booked:
        document = cast(BookedEntry, codec.decode(gone.booked))
        rows = takewhile(lambda row: row.key != gone.key, _of_the_pay(commits, gone))
        found = [row for row in rows if takes_back(document, cast(JournalEntry, codec.decode(row.content)))]
        original = found[-1] if found else None
    return original if original is not None and counts(commits, original) else None


def _since(commits: Commits, original: CommitRow, gone: CommitRow) -> Iterator[CommitRow]:
    """What was booked for the pay of the original after its reversal, with nothing of it in view."""
    rows = _of_the_pay(commits, original)
    place = next((place for place, row in enumerate(rows) if row.key == gone.key), len(rows))
    counting = {row.key for row in standing(rows)}
    for row in rows[place + 1 :]:
        if row.key in counting and row.state not in UNBOOKED:
            yield row


def _of_the_pay(commits: Commits, row: CommitRow) -> Sequence[CommitRow]:
    return commits.of_subjects([share.subject for share in row.shares])


def _is_booked(row: CommitRow) -> bool:
    booked = row.state is CommitState.CONFIRMED and row.reversed_by not in COUNTS_FOR_NOTHING
    return booked and not row.key.startswith(ELSEWHERE)
