"""What a document that a person named counts for, where it was known before, or takes back what was.

A document may pay for several companies of one legal entity, and a run be of one of them. What was booked
for each is on record; what people changed since is nobody's, and the run that names the document puts it
right. So it counts for a pay of that run, and all that is booked comes to what the runs say, whoever the
change was for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import cast

from ml_connector.domain import codec
from ml_connector.domain.checks import takes_back
from ml_connector.domain.dimension import Dimensions
from ml_connector.domain.journal import BookedEntry, JournalEntry
from ml_connector.domain.proposal import Share, ShareLine, Subject
from ml_connector.flows.posting.already_booked import net_of
from ml_connector.ports.commits import CommitRow, CommitState


def as_entry(booked: BookedEntry, key: str) -> JournalEntry:
    """The document as an entry under this key."""
    return JournalEntry(
        key=key,
        entity=booked.receipt.entity,
        journal=booked.journal,
        posting_date=booked.posting_date,
        currency=booked.currency,
        text=booked.text,
        lines=booked.lines,
    )


def of_changed(
    known: CommitRow, key: str, booked: BookedEntry, subjects: Collection[Subject]
) -> tuple[Share, ...]:
    """The shares of a document that is known and was changed: as they were, and the change for the first of
    the `subjects` of the run.
    """
    if len(known.shares) == 1 or not all(share.lines for share in known.shares):
        return tuple(Share(key=key, subject=share.subject) for share in known.shares)
    changed: Counter[tuple[str, Dimensions]] = Counter(net_of([as_entry(booked, key)]))
    changed.subtract(net_of([cast(JournalEntry, codec.decode(known.content))]))
    first = next(share for share in known.shares if share.subject in subjects)
    more: tuple[ShareLine, ...] = tuple((*place, minor) for place, minor in changed.items() if minor)
    return tuple(
        replace(share, key=key, lines=(*share.lines, *more) if share is first else share.lines)
        for share in known.shares
    )


def taken_back(booked: BookedEntry, rows: Iterable[CommitRow]) -> CommitRow | None:
    """The one of the rows that the document takes back, every amount of it: it is the reversal of that. Of
    several that come to the same, the first, or one whose marker or text the document has: many ledgers keep
    them.
    """
    found = [
        row
        for row in rows
        if row.state is CommitState.CONFIRMED
        and takes_back(booked, cast(JournalEntry, codec.decode(row.content)))
    ]
    return max(found, key=lambda row: _alike(booked, row), default=None)


def _alike(booked: BookedEntry, row: CommitRow) -> tuple[bool, bool]:
    known = cast(BookedEntry, codec.decode(row.booked)) if row.booked else None
    if known is None:
        return False, False
    return booked.marker == known.marker != "", booked.text == known.text != ""


def of_mirror(taken: CommitRow, key: str) -> tuple[Share, ...]:
    """The shares of a document that takes another one back: those of that, turned round."""
    return tuple(
        replace(
            share, key=key, lines=tuple((account, codes, -minor) for account, codes, minor in share.lines)
        )
        for share in taken.shares
    )
