"""What the ledger already holds for a pay run: by our commits, under this run or an earlier one that it
replaces.

A payroll can be undone and run again under a new id. The second run of the same company and period is never a
second full journal: what stands booked is taken off, and only the difference is proposed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import cast

from ml_connector.domain import codec
from ml_connector.domain.build import Proposal, Stand, balanced_spans, no_border
from ml_connector.domain.codec import fingerprint
from ml_connector.domain.dimension import Dimensions
from ml_connector.domain.journal import CommitKey, JournalEntry, JournalLine
from ml_connector.domain.money import Money
from ml_connector.domain.problem import Owner, Problem
from ml_connector.ports.storage import DELETED, CommitRow, Commits, CommitState

_UNBOOKED = (CommitState.PLANNED, CommitState.REFUSED)


def stands(commits: Commits, subjects: Collection[str], prefix: str) -> Stand:
    """Where this run stands. Problems name commits whose outcome must be known before anything is proposed.

    An entry of this run that was reversed counts with its reversal, as an entry of another run would:
    together they come to nothing. A document that a person deleted counts for nothing.
    """
    own = commits.of_run(f"{prefix}:")
    booked: list[tuple[str, JournalEntry]] = []
    problems = []
    for row in (row for subject in sorted(subjects) for row in commits.of_subject(subject)):
        ours = row.key.startswith(f"{prefix}:") and not row.reversed_by
        if ours or row.state in _UNBOOKED or row.reversed_by == DELETED:
            continue
        if row.state in (CommitState.SENDING, CommitState.WRITING, CommitState.UNKNOWN):
            text = (
                f"An earlier entry for the same pay ({row.key}) is {row.state}. Settle it first, then resume."
            )
            problems.append(Problem("earlier.unsettled", row.key, text, Owner.CONTROLLER))
        booked.append((row.key, _entry(row)))
    return Stand(
        booked=tuple(booked),
        own=tuple(
            (
                row.key,
                "" if row.reversed_by else row.fingerprint,
                row.state not in _UNBOOKED and not row.reversed_by,
            )
            for row in own
        ),
        problems=tuple(problems),
    )


def revise(proposal: Proposal, stand: Stand, lines_max: int) -> Proposal:
    """The proposal as it may be posted, given what stands: less what other runs of the same pay have booked,
    under a revision that is free.

    The same content keeps its keys, so that a run proposed again finds its own commits. Other content than
    what this run has booked is a problem.
    """
    if proposal.problems:
        return proposal
    if stand.booked:
        proposal = _difference(proposal, stand.booked, lines_max)
    known = {key: mark for key, mark, _ in stand.own}
    if not known:
        return proposal
    revision = max(CommitKey.parse(key).revision for key in known)
    for number in (revision, revision + 1):
        entries = tuple(
            replace(entry, key=str(replace(CommitKey.parse(entry.key), revision=number)))
            for entry in proposal.entries
        )
        if all(known.get(entry.key, fingerprint(entry)) == fingerprint(entry) for entry in entries):
            break
    if number > revision and (booked := [key for key, _, is_booked in stand.own if is_booked]):
        text = (
            f"This pay run stands booked under {', '.join(booked[:3])} and the proposal now says something"
            " else (mapping, policy or date changed). "
        )
        problem = Problem(
            "run.booked_otherwise",
            booked[0],
            text + "Reverse it first, or restore what was changed.",
            Owner.CONTROLLER,
        )
        return replace(proposal, entries=(), problems=(problem,))
    return replace(proposal, entries=entries)


def _difference(proposal: Proposal, standing: Sequence[tuple[str, JournalEntry]], lines_max: int) -> Proposal:
    """Entries that bring what stands booked to what the proposal says, cut like any other; none for an entity
    where both are equal.
    """
    entries: list[JournalEntry] = []
    problems: list[Problem] = []
    corrects: list[str] = []
    named = [entry.entity for entry in (*proposal.entries, *(entry for _, entry in standing))]
    for entity in dict.fromkeys(named):
        parts = [entry for entry in proposal.entries if entry.entity == entity]
        booked = [entry for _, entry in standing if entry.entity == entity]
        if not _less(booked, []):
            entries.extend(parts)
            continue
        corrects.extend(key for key, entry in standing if entry.entity == entity)
        if not proposal.entries or {entry.currency for entry in booked} != {proposal.entries[0].currency}:
            problems.append(_not_comparable(entity, corrects[-1]))
        elif lines := _less(parts, booked):
            first = proposal.entries[0]
            text = f"{first.text} (difference)"
            family = f"{CommitKey.parse(first.key).family.removesuffix(first.entity)}{entity}"
            spans = balanced_spans([line.amount.minor for line in lines], lines_max)
            if spans is None:
                problems.append(no_border(entity, lines_max))
            for part, (start, stop) in enumerate(spans or (), 1):
                key = str(CommitKey(family, part, CommitKey.parse(first.key).revision))
                cut = tuple(replace(line, text=text) for line in lines[start:stop])
                entries.append(
                    replace(
                        first, key=key, entity=entity, text=text, lines=cut, rate=(parts or booked)[0].rate
                    )
                )
    if not corrects:
        return proposal
    return replace(
        proposal,
        entries=() if problems else tuple(entries),
        problems=tuple(problems),
        cells=(),
        corrects=tuple(corrects),
    )


def _not_comparable(entity: str, key: str) -> Problem:
    text = (
        f"{entity} holds an entry for the same pay ({key}) that this run cannot be compared with: it has no"
        " lines, or another currency. "
    )
    return Problem(
        "earlier.not_comparable", key, text + "Reverse the earlier run, then resume.", Owner.CONTROLLER
    )


def _less(parts: list[JournalEntry], booked: list[JournalEntry]) -> list[JournalLine]:
    """Lines of the parts less what is booked, by account and dimensions; all in one currency."""
    sums: dict[tuple[str, Dimensions], int] = defaultdict(int)
    for sign, entries in ((1, parts), (-1, booked)):
        for entry in entries:
            for line in entry.lines:
                sums[line.account, line.dimensions] += sign * line.amount.minor
    currency = (parts or booked)[0].currency if parts or booked else ""
    return [
        JournalLine(account=account, amount=Money.from_minor(minor, currency), dimensions=codes)
        for (account, codes), minor in sorted(sums.items(), key=lambda item: (item[0][1], item[0][0]))
        if minor
    ]


def _entry(row: CommitRow) -> JournalEntry:
    return cast(JournalEntry, codec.decode(row.content))
