"""That a document is no pay after all: what was named as booked elsewhere by mistake counts for nothing.

Nothing is read in the ledger for that, and nothing changes there. Whatever was booked with the document in
view stands on it, and is reversed first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from ml_connector.app import counts_again
from ml_connector.app.refusals import NotAllowed
from ml_connector.domain import codec
from ml_connector.domain.document import Receipt
from ml_connector.domain.journal import JournalEntry
from ml_connector.domain.proposal import Subject
from ml_connector.flows.booked import document_number
from ml_connector.flows.posting.taken_back import ELSEWHERE, reversing, standing
from ml_connector.ports.commits import RESTATED, UNBOOKED, CommitRow, CommitState
from ml_connector.store.commits import StoredCommits


def named(commits: StoredCommits, run: str, subjects: Sequence[Subject], document: str) -> CommitRow:
    """The statement on the document of this name that counts, made in the run or for one of its pays. Raises
    `NotAllowed` where there is none, or more than one.
    """
    place, _, number = document.rpartition("/")
    entity, _, journal = place.partition("/")
    rows = {row.key: row for row in (*commits.of_run(run), *commits.of_subjects(subjects))}
    found = [
        row
        for row in rows.values()
        if row.key.startswith(ELSEWHERE)
        and not row.reversed_by
        and document_number(row) == number
        and entity in ("", row.entity)
        and journal in ("", _entry(row).journal)
    ]
    if len(found) > 1:
        names = " or ".join(f"{row.entity}/{_entry(row).journal}/{number}" for row in found)
        raise NotAllowed(f"Say which document it is: {names}.")
    if not found:
        raise NotAllowed(
            f"No document {document} counts as booked elsewhere for a pay of run {run}. Look again:"
            f" ml-connector runs show {run}."
        )
    return found[0]


def withdraw(commits: StoredCommits, statement: CommitRow) -> list[CommitRow]:
    """Let the statement count for nothing, and what it stood in place of, or took back, as before. The
    documents that count otherwise since then. Raises `NotAllowed` where something was booked on it.
    """
    made = _made_of(commits, statement)
    _nothing_rests_on(commits, [row for row in made if row.key.startswith(ELSEWHERE)])
    changed = counts_again.let_count(commits, statement)
    for row in made:
        if row.key.startswith(ELSEWHERE):
            commits.withdraw(row.key)
        else:
            commits.reverse(row.key, "")
            changed.append(row)
    return changed


def whose(commits: StoredCommits, row: CommitRow) -> str:
    """Which run a document of the books belongs to, and what became of it."""
    run = f"run {row.run}" if row.run else "an earlier release"
    if row.key.startswith(ELSEWHERE):
        name = f"{row.entity}/{document_number(row)}"
        return (
            f"it was named as booked elsewhere in {run} (if that was a mistake: ml-connector runs"
            f" mark-booked-elsewhere {row.run} --document {name} --undo --why '...')"
        )
    by = commits.get(row.reversed_by) if row.reversed_by else None
    reversed_by = f", and {document_number(by)} in {by.entity} reversed it" if by else ""
    return f"{run} booked it{reversed_by}"


def _made_of(commits: StoredCommits, statement: CommitRow) -> list[CommitRow]:
    """The statement, what was said of the same document before with other figures, and the entry of ours that
    people edited, where it is one; oldest first. A number that was used again is another document.
    """
    found: list[CommitRow] = []
    for row in commits.of_subjects([share.subject for share in statement.shares]):
        if row.key == statement.key:
            return [*found, row]
        if _reference(row) == _reference(statement):
            found = [*found, row] if row.reversed_by == RESTATED else []
    return found


def _nothing_rests_on(commits: StoredCommits, statements: Sequence[CommitRow]) -> None:
    """Raises `NotAllowed` for a document of ours that was booked, or is being booked, since the first of the
    statements: it is a difference to what they say.
    """
    first = statements[0]
    rows = commits.of_subjects([share.subject for share in first.shares])
    place = next(place for place, row in enumerate(rows) if row.key == first.key)
    counting = {row.key for row in standing(rows)}
    later = [row for row in rows[place:] if row.key in counting and row.state not in UNBOOKED]
    ours = [row for row in reversed(later) if not row.key.startswith(ELSEWHERE)]
    if open_ones := [row for row in ours if row.state is not CommitState.CONFIRMED]:
        raise NotAllowed(
            f"{open_ones[0].key} is {open_ones[0].state}, and is based on {counts_again.names([first])}."
            " Let its"
            f" run end first: ml-connector runs show {open_ones[0].run}."
        )
    if ours:
        raise NotAllowed(
            f"{counts_again.names(ours)} is based on {counts_again.names([first])}. Reverse that first:"
            f" {reversing(ours)}."
        )


def _reference(row: CommitRow) -> str:
    return cast(Receipt, codec.decode(row.receipt)).reference if row.receipt else ""


def _entry(row: CommitRow) -> JournalEntry:
    return cast(JournalEntry, codec.decode(row.content))
