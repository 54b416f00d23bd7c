"""Which documents of a pay count as they are, and what was made of which: reversals, of ours and of people,
and differences.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

from ml_connector.domain import codec
from ml_connector.domain.checks import takes_back
from ml_connector.domain.document import CommitKey, Receipt
from ml_connector.domain.journal import BookedEntry, JournalEntry
from ml_connector.ports.commits import (
    COUNTS_FOR_NOTHING,
    DELETED,
    RESTATED,
    UNBOOKED,
    WITHDRAWN,
    CommitRow,
    Commits,
    CommitState,
)

ELSEWHERE, REVERSAL = "elsewhere:", "reversal:"
"""Beginning of the key of a document that a person named as booked elsewhere, and of a reversal."""


def standing(rows: Iterable[CommitRow]) -> tuple[CommitRow, ...]:
    """The documents that count as they are: nothing that a reversal cancels, ours or one that people booked
    and named, and no reversal but one that takes back nothing that is there. A document whose reversal was
    reversed counts again. What was refused is none, and no reversal took its place.
    """
    by_key = {row.key: row for row in rows if row.state not in UNBOOKED}
    taking_back = {row.reversed_by for row in by_key.values()}

    def counts(row: CommitRow) -> bool:
        reversal = by_key.get(row.reversed_by)
        return not row.reversed_by or (reversal is not None and not counts(reversal))

    def reverses(row: CommitRow) -> bool:
        if row.key in taking_back or not row.key.startswith(REVERSAL):
            return row.key in taking_back
        # Booked, and not yet noted on the document that it was made of. Where that is not there any more, or
        # something else took it back, this one takes back nothing.
        made_of = next((by_key[key] for key in _reversed_keys(row.key) if key in by_key), None)
        return made_of is not None and not made_of.reversed_by

    return tuple(row for row in by_key.values() if not reverses(row) and counts(row))


def newer_documents(commits: Commits, row: CommitRow) -> Iterator[CommitRow]:
    """Commits of other runs that are booked for a subject of this one, later, and stand: each was made with
    this one in view.
    """
    found = commits.of_subjects([share.subject for share in row.shares])
    at = next((place for place, other in enumerate(found) if other.key == row.key), len(found))
    counting = {other.key for other in standing(found)}
    for other in found[at + 1 :]:
        ours = other.run != row.run and not other.key.startswith(ELSEWHERE)
        if ours and other.key in counting and other.state not in UNBOOKED:
            yield other


def changed_by(commits: Commits, row: CommitRow) -> tuple[CommitRow, ...]:
    """The documents of other runs that stand and that this one was made as a difference to, oldest first;
    none for a reversal, and for a document of others.
    """
    if row.key.startswith((ELSEWHERE, REVERSAL)):
        return ()
    found = commits.of_subjects([share.subject for share in row.shares])
    at = next((place for place, other in enumerate(found) if other.key == row.key), 0)
    counting = {other.key for other in standing(found)}
    return tuple(
        other
        for other in found[:at]
        if other.key in counting and other.run != row.run and not other.key.startswith(REVERSAL)
    )


def mirrors(commits: Commits, row: CommitRow) -> tuple[CommitRow, ...]:
    """Every reversal of ours that was made of the document, oldest first, whatever has become of it."""
    key = CommitKey.parse(row.key)
    made = commits.of_reference(f"{REVERSAL}{key.family}:{key.revision}:")
    return tuple(mirror for mirror in made if CommitKey.parse(mirror.key).part == key.part)


def undone(commits: Commits, mirror: CommitRow) -> bool:
    """Whether a mirror takes nothing back any more: somebody deleted it, or took it back."""
    return mirror.reversed_by in COUNTS_FOR_NOTHING or by_people(commits, mirror) is not None


def reverses(commits: Commits, mirror: CommitRow) -> CommitRow | None:
    """The document of ours that the reversal was made of, whether it is its first one or one made again."""
    found = (commits.get(key) for key in _reversed_keys(mirror.key))
    return next((row for row in found if row is not None), None)


def orphaned_reversal(commits: Commits, row: CommitRow) -> CommitRow | None:
    """The reversal that is booked of a document that somebody deleted: it takes back what is not there."""
    if row.reversed_by != DELETED:
        return None
    made = [mirror for mirror in mirrors(commits, row) if mirror.state is CommitState.CONFIRMED]
    return next((mirror for mirror in made if mirror.reversed_by not in COUNTS_FOR_NOTHING), None)


def taken_back_alone(commits: Commits, row: CommitRow) -> CommitRow | None:
    """The document that people took this one back with, and named, where this one is deleted since: it takes
    back what is not there.
    """
    if row.reversed_by != DELETED:
        return None
    rows, entry = commits.of_subjects([share.subject for share in row.shares]), entry_of(row)
    taken = {other.reversed_by for other in rows}
    for other in rows:
        counts = other.key.startswith(ELSEWHERE) and not other.reversed_by and other.key not in taken
        if counts and takes_back(cast(BookedEntry, codec.decode(other.booked)), entry):
            return other
    return None


def counts(commits: Commits, row: CommitRow) -> bool:
    """Whether nothing takes the document back, or what does is taken back itself."""
    counted = True
    while row.reversed_by:
        reversal = commits.get(row.reversed_by)
        if reversal is None:
            return False
        row, counted = reversal, not counted
    return counted


def times_booked(commits: Commits, row: CommitRow) -> int:
    """How often a document is in the books, less what takes it back, by what nobody said to be deleted. A
    reversal that people edited and named counts as one; what it comes to is asked elsewhere.
    """
    gone = {DELETED} if row.key.startswith(REVERSAL) else COUNTS_FOR_NOTHING
    times = int(row.state is CommitState.CONFIRMED and row.reversed_by not in gone)
    times -= sum(times_booked(commits, mirror) for mirror in mirrors(commits, row))
    named = commits.get(row.reversed_by) if row.reversed_by.startswith(ELSEWHERE) else None
    return times - int(named is not None and named.reversed_by != DELETED)


def by_people(commits: Commits, row: CommitRow) -> CommitRow | None:
    """The document that people took this one back with, and named, where that counts."""
    found = commits.get(row.reversed_by) if row.reversed_by.startswith(ELSEWHERE) else None
    return found if found is not None and counts(commits, found) else None


def put_back(commits: Commits, row: CommitRow) -> bool:
    """Whether the document counts again because people took its reversal back: what they did comes to
    nothing, and it is reversed as if it had never been.
    """
    reversal = commits.get(row.reversed_by) if row.reversed_by else None
    return reversal is not None and by_people(commits, reversal) is not None


def restated(commits: Commits, row: CommitRow) -> CommitRow:
    """The document as people named it last, where they edited it and said that it counts as it is now; else
    the one that is given.
    """
    if row.reversed_by != RESTATED:
        return row
    found = commits.of_subjects([share.subject for share in row.shares])
    named = [other for other in found if other.key.startswith(ELSEWHERE)]
    said = [other for other in named if other.reversed_by not in (RESTATED, WITHDRAWN)]
    return next((other for other in said if reference_of(other) == reference_of(row)), row)


def cancelled(rows: Iterable[CommitRow]) -> frozenset[str]:
    """Keys of documents and of the reversals that cancel them to the cent: nobody has to tell their parts."""
    by_key = {row.key: row for row in rows}
    pairs = [(row, by_key[row.reversed_by]) for row in by_key.values() if row.reversed_by in by_key]
    return frozenset(
        key
        for row, back in pairs
        if {row.state, back.state} == {CommitState.CONFIRMED} and not back.reversed_by
        for key in (row.key, back.key)
    )


def not_posted(row: CommitRow) -> bool:
    """Whether the document is written, and nothing of it is in the books yet."""
    receipt = codec.decode(row.receipt) if row.state is CommitState.DRAFT and row.receipt else None
    return isinstance(receipt, Receipt) and not receipt.posted


def reversing(rows: Iterable[CommitRow]) -> str:
    """How these documents are reversed: those of ours by their runs, others in the ledger."""
    ours = dict.fromkeys(row.run or "RUN" for row in rows if not row.key.startswith(ELSEWHERE))
    return ", ".join(f"ml-connector runs reverse {run}" for run in ours) or "in the ledger"


def markers_of_named(rows: Iterable[CommitRow]) -> frozenset[str]:
    """Markers of this product that documents have which people named as booked elsewhere."""
    documents = (
        cast(BookedEntry, codec.decode(row.booked))
        for row in rows
        if row.key.startswith(ELSEWHERE) and row.booked
    )
    return frozenset(document.marker for document in documents if document.marker)


def is_journal(row: CommitRow) -> bool:
    """Whether the commit is of a journal entry, and not of another kind of document."""
    return isinstance(codec.decode(row.content), JournalEntry)


def entry_of(row: CommitRow) -> JournalEntry:
    """What the commit's document was written from."""
    return cast(JournalEntry, codec.decode(row.content))


def reference_of(row: CommitRow) -> str:
    """The ledger's reference of the document; empty where none is known."""
    return cast(Receipt, codec.decode(row.receipt)).reference if row.receipt else ""


def _reversed_keys(mirror: str) -> Iterator[str]:
    """Keys that the document may have of which a reversal with this key was made: by its first one, or by one
    made again.
    """
    key = CommitKey.parse(mirror)
    family, _, number = key.family.removeprefix(REVERSAL).rpartition(":")
    yield str(CommitKey(family, key.part, int(number)))
    family, _, revision = family.rpartition(":")
    if revision.isdecimal():
        yield str(CommitKey(family, key.part, int(revision)))
