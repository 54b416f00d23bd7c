"""What the ledger already holds for a pay, by our commits, and what is left to post.

A payroll can be undone and run again under a new id. The second run of the same company and period is never a
second full journal: what is booked for the pay is taken off, and only the difference is proposed. A run says
nothing of a company, or of a pay, that it does not hold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from ml_connector.domain.build import balanced_spans, no_border
from ml_connector.domain.codec import fingerprint
from ml_connector.domain.dimension import Dimensions
from ml_connector.domain.document import CommitKey, Marker
from ml_connector.domain.journal import JournalEntry, JournalLine
from ml_connector.domain.money import Money
from ml_connector.domain.payroll import PayRun
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.proposal import (
    Net,
    Proposal,
    Share,
    Subject,
    TakenBack,
    less,
    lines_net,
    net_of_share,
    sum_of,
)
from ml_connector.flows.booked import Booked, document_number
from ml_connector.flows.posting.taken_back import (
    ELSEWHERE,
    cancelled,
    entry_of,
    markers_of_named,
    not_posted,
    reversing,
    standing,
)
from ml_connector.ports.commits import COUNTS_FOR_NOTHING, UNBOOKED, CommitRow, Commits, CommitState

UNSETTLED = (CommitState.SENDING, CommitState.WRITING, CommitState.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyBooked:
    """What is booked for the subjects of a run. `others` of other runs and their reversals, by legal entity;
    `own` every commit of this run's reference, booked or not; `rows` every commit of the subjects.
    """

    rows: tuple[CommitRow, ...] = ()
    others: Mapping[str, tuple[Booked, ...]] = field(default_factory=dict)
    own: tuple[CommitRow, ...] = ()
    problems: tuple[Problem, ...] = ()

    def of(self, entity: str) -> Net:
        """What the other runs come to in the entity."""
        return sum_of(booked.net for booked in self.others.get(entity, ()))


def already_booked(commits: Commits, subjects: Collection[Subject], prefix: str) -> AlreadyBooked:
    """What our commits have booked for the subjects, under this run's reference (`prefix` of its keys) or any
    other. Problems name commits whose outcome must be known first, or that cannot be compared.

    An entry of this run that was reversed counts with its reversal, as an entry of another run would:
    together they come to nothing. A document that a person deleted counts for nothing.
    """
    books = {(subject.tenant, subject.entity) for subject in subjects}
    own = tuple(row for row in commits.of_reference(f"{prefix}:") if (row.tenant, row.entity) in books)
    others: dict[str, list[Booked]] = defaultdict(list)
    problems: list[Problem] = []
    rows = commits.of_subjects(subjects)
    nothing = cancelled(rows)
    for row in rows:
        ours = row.key.startswith(f"{prefix}:") and not row.reversed_by
        if ours or not _counts(row):
            continue
        if row.state in UNSETTLED or not_posted(row):
            text = (
                f"Run {row.run or 'of an earlier release'} is posting the same pay and its outcome is not"
                f" known yet ({row.key} is {row.state}). Let it end, then resume this run."
            )
            problems.append(Problem("earlier.unsettled", row.key, text, Owner.CONTROLLER))
            continue
        part = _part(row, entry_of(row), subjects)
        if part is not None:
            others[row.entity].append(part)
        elif row.key not in nothing:
            problems.append(_not_comparable(row))
    return AlreadyBooked(
        rows=rows,
        others={entity: tuple(found) for entity, found in others.items()},
        own=own,
        problems=tuple(problems),
    )


def already_booked_parts(commits: Commits, subjects: Collection[Subject]) -> tuple[Booked, ...]:
    """Everything that is booked for the subjects, in any run, reversals and documents named as booked
    elsewhere included; what nobody can tell the part of counts whole.
    """
    parts = []
    for row in commits.of_subjects(subjects):
        if _counts(row):
            entry = entry_of(row)
            parts.append(_part(row, entry, subjects) or Booked(row=row, entry=entry, net=lines_net(entry)))
    return tuple(parts)


def replaced_by(booked: AlreadyBooked, pay_run: PayRun) -> dict[Subject, tuple[Booked, ...]]:
    """What the newest calculation of each subject has booked, where it is newer than this one, which must not
    take it back then. It says nothing of a subject that it did not book.
    """
    newer: dict[Subject, list[Booked]] = defaultdict(list)
    for parts in booked.others.values():
        for part in standing_parts(parts):
            at = part.row.calculated_at
            if at is not None and at > pay_run.calculated_at and part.row.reference != pay_run.reference:
                for share in part.row.shares:
                    newer[share.subject].append(part)
    found = {}
    for subject, made in newer.items():
        if not sum_of(_of_subject(row, subject) for row in booked.rows if _counts(row)):
            continue
        newest = max(part.row.calculated_at for part in made if part.row.calculated_at)
        found[subject] = tuple(part for part in made if part.row.calculated_at == newest)
    return found


def left_to_post(
    proposal: Proposal,
    booked: AlreadyBooked,
    families: Mapping[str, str],
    lines_max: int,
    difference_text: str | Problem,
) -> Proposal:
    """The proposal with the entries that may be posted, given what is booked: what it says, less what other
    runs have booked for the same subjects, under revisions that are free. `families` are the families of
    commit keys by legal entity; `difference_text` is the text of an entry that corrects another, or why there
    is none.

    The same content keeps its keys, so that a run proposed again finds its own commits. Other content than
    what this run has booked is a problem.
    """
    if proposal.problems or booked.problems:
        return replace(proposal.leaving(()), problems=(*proposal.problems, *booked.problems))
    entries: list[JournalEntry] = []
    shares: list[Share] = []
    taken: list[TakenBack] = []
    problems: list[Problem] = []
    named = markers_of_named(booked.rows)
    for entity in dict.fromkeys(subject.entity for subject in proposal.subjects):
        says = tuple(entry for entry in proposal.in_full if entry.entity == entity)
        parts = booked.others.get(entity, ())
        if not booked.of(entity):
            made, mine = says, tuple(share for share in proposal.shares if share.subject.entity == entity)
        else:
            made, wrong = _difference(says, parts, families[entity], lines_max, difference_text)
            mine = _shares(proposal, entity, made, parts)
            problems.extend(wrong)
            taken.extend(_taken(part) for part in standing_parts(parts) if made)
        own = [row for row in booked.own if row.entity == entity]
        made, mine, wrong = _revised(made, mine, own, named)
        problems.extend(wrong)
        entries.extend(made)
        shares.extend(mine)
    held = _documents(proposal, booked, tuple(entries)) if not problems else ()
    return replace(
        proposal.leaving(() if problems else tuple(entries)),
        shares=tuple(shares),
        problems=tuple(problems),
        takes_back=tuple(taken) if entries else (),
        already_booked=held,
    )


def of_another_pay(own: Iterable[CommitRow], subjects: Collection[Subject]) -> Iterator[Problem]:
    """What is booked under the reference of a run (`own`) and stands, for none of the run's pays: payroll
    gave the reference to another period or company since. It must not answer for the pay of now, and has the
    key that this would have.
    """
    bases = {subject.base for subject in subjects}
    for row in standing(own):
        if not row.shares or any(share.subject.base in bases for share in row.shares):
            continue
        was, now = (
            text.split(":", 2)[-1] for text in (row.shares[0].subject.text, min(b.text for b in bases))
        )
        text = (
            f"This pay run is booked as {document_number(row)} in {row.entity} for {was}, and is for {now}"
            f" now. Reverse what is booked first ({reversing([row])}), then resume this run."
        )
        yield Problem("run.other_pay", row.key, text, Owner.CONTROLLER)


def net_of(entries: Iterable[JournalEntry]) -> Net:
    """What entries come to by account and dimensions; places that come to nothing are left out."""
    return sum_of(lines_net(entry) for entry in entries)


def nets_of(entries: Iterable[JournalEntry]) -> list[Net]:
    """What entries come to in each legal entity; what one says is no answer for another."""
    by_entity: dict[str, list[JournalEntry]] = defaultdict(list)
    for entry in entries:
        by_entity[entry.entity].append(entry)
    return [net_of(found) for found in by_entity.values()]


# --- what is booked -----------------------------------------------------------------------------------------


def _counts(row: CommitRow) -> bool:
    """Whether the document is booked, as far as anybody knows; its reversal counts by itself."""
    return row.state not in UNBOOKED and row.reversed_by not in COUNTS_FOR_NOTHING


def _of_subject(row: CommitRow, subject: Subject) -> Net:
    """What the document has booked for one of its subjects; all of it, where nobody can tell the parts."""
    return sum_of(net_of_share(share, entry_of(row)) for share in row.shares if share.subject == subject)


def _part(row: CommitRow, entry: JournalEntry, subjects: Collection[Subject]) -> Booked | None:
    """The part of a commit that pays for the subjects; `None` where nobody can tell it."""
    spoken = [share for share in row.shares if share.subject in subjects]
    if len(spoken) == len(row.shares):
        return Booked(row=row, entry=entry, net=lines_net(entry))
    if not all(share.lines for share in row.shares):
        return None
    return Booked(row=row, entry=entry, net=sum_of(net_of_share(share, entry) for share in spoken))


def standing_parts(parts: Sequence[Booked]) -> list[Booked]:
    """Those of the parts that count as they are. See `standing`."""
    keys = {row.key for row in standing(part.row for part in parts)}
    return [part for part in parts if part.row.key in keys]


def comes_to_nothing(parts: Iterable[Booked]) -> bool:
    """Whether the parts cancel each other to the cent."""
    return not sum_of(part.net for part in parts)


def _taken(part: Booked) -> TakenBack:
    currency = part.entry.currency
    debit = sum(minor for minor in part.net.values() if minor > 0)
    return TakenBack(
        key=part.row.key,
        run="" if part.row.key.startswith(ELSEWHERE) else part.row.run,
        document=part.number,
        entity=part.row.entity,
        debit=Money.from_minor(debit, currency),
    )


def _documents(
    proposal: Proposal, booked: AlreadyBooked, entries: tuple[JournalEntry, ...]
) -> tuple[str, ...]:
    """The documents that hold what the proposal says, where every entry of it is booked; else nothing."""
    own = {row.key: row for row in booked.own if row.state is CommitState.CONFIRMED and not row.reversed_by}
    if any(entry.key not in own for entry in entries):
        return ()
    ours = [f"{document_number(own[entry.key])} in {entry.entity}" for entry in entries]
    others = [
        f"{part.number} in {entity}"
        for entity, parts in booked.others.items()
        for part in standing_parts(parts)
    ]
    return tuple(dict.fromkeys((*ours, *others))) if proposal.in_full or others else ()


# --- what is left -------------------------------------------------------------------------------------------


def _difference(
    says: tuple[JournalEntry, ...], parts: Sequence[Booked], family: str, lines_max: int, text: str | Problem
) -> tuple[tuple[JournalEntry, ...], tuple[Problem, ...]]:
    """Entries that bring what is booked in one legal entity to what is said, cut like any other."""
    base = says[0] if says else parts[0].entry
    if {part.entry.currency for part in parts} != {base.currency}:
        return (), (_not_comparable(parts[-1].row),)
    lines = _less(says, parts, base.currency)
    spans = balanced_spans([line.amount.minor for line in lines], lines_max) if lines else []
    if spans is None:
        return (), (no_border(base.entity, lines_max),)
    if isinstance(text, Problem):
        return (), (text,) if spans else ()
    return tuple(
        replace(
            base,
            key=str(CommitKey(family, number, 1)),
            text=text,
            lines=tuple(replace(line, text=text) for line in lines[start:stop]),
        )
        for number, (start, stop) in enumerate(spans, 1)
    ), ()


def _shares(
    proposal: Proposal, entity: str, entries: tuple[JournalEntry, ...], parts: Sequence[Booked]
) -> tuple[Share, ...]:
    """What a difference books for each subject of the entity. Where it books for several, the part of each is
    known if all that it is made of is known by parts.
    """
    subjects = [subject for subject in proposal.subjects if subject.entity == entity]
    whole = tuple(Share(key=entry.key, subject=subject) for entry in entries for subject in subjects)
    known = all(len(part.row.shares) == 1 or all(share.lines for share in part.row.shares) for part in parts)
    if len(subjects) < 2 or not entries or not known:
        return whole
    by_subject = {subject: _share_of(subject, proposal, parts) for subject in subjects}
    holds = {(line.account, line.dimensions): entry.key for entry in entries for line in entry.lines}
    found: dict[tuple[str, Subject], list[tuple[str, Dimensions, int]]] = defaultdict(list)
    for subject, net in by_subject.items():
        for place, minor in sorted(net.items()):
            # Two subjects may cancel each other at a place, so that no line is left of it.
            found[holds.get(place, entries[0].key), subject].append((*place, minor))
    return tuple(
        Share(key=key, subject=subject, lines=tuple(lines)) for (key, subject), lines in found.items()
    )


def _share_of(subject: Subject, proposal: Proposal, parts: Sequence[Booked]) -> Net:
    """What is left to book for one subject."""
    entries = {entry.key: entry for entry in proposal.in_full}
    says = [(share, entries[share.key]) for share in proposal.shares if share.subject == subject]
    booked = [(share, part.entry) for part in parts for share in part.row.shares if share.subject == subject]
    return less(sum_of(net_of_share(*of) for of in says), sum_of(net_of_share(*of) for of in booked))


def _less(says: Sequence[JournalEntry], parts: Sequence[Booked], currency: str) -> list[JournalLine]:
    """Lines of what is said less what is booked, by dimensions and account."""
    left = less(net_of(says), sum_of(part.net for part in parts))
    return [
        JournalLine(account=account, amount=Money.from_minor(minor, currency), dimensions=codes)
        for (account, codes), minor in sorted(left.items(), key=lambda item: (item[0][1], item[0][0]))
    ]


def _revised(
    entries: tuple[JournalEntry, ...],
    shares: tuple[Share, ...],
    own: Sequence[CommitRow],
    named: Collection[str],
) -> tuple[tuple[JournalEntry, ...], tuple[Share, ...], tuple[Problem, ...]]:
    """The entries of one legal entity under the first revision that has this content, or that is free. One
    whose marker a document has that people `named` is not: this product wrote that before it was restored.
    """
    known = {row.key: "" if row.reversed_by else row.fingerprint for row in own}
    booked = [row for row in own if row.state not in UNBOOKED and not row.reversed_by]
    newest = max((CommitKey.parse(row.key).revision for row in own), default=1)
    if booked and _same_pay(entries, booked):
        held = tuple(entry_of(row) for row in booked)
        return held, tuple(share for row in booked for share in row.shares), ()
    if not entries:
        return (), (), (_booked_otherwise(booked),) if booked else ()
    for revision in count(newest):
        made = tuple(
            replace(entry, key=str(replace(CommitKey.parse(entry.key), revision=revision)))
            for entry in entries
        )
        free = all(entry.key not in known or known[entry.key] == fingerprint(entry) for entry in made)
        if free and not any(Marker.of(entry.key).token in named for entry in made):
            break
    if booked and {row.key for row in booked} - {entry.key for entry in made}:
        return (), (), (_booked_otherwise(booked),)
    keys = {entry.key: new.key for entry, new in zip(entries, made, strict=True)}
    return made, tuple(replace(share, key=keys[share.key]) for share in shares if share.key in keys), ()


def _same_pay(entries: Sequence[JournalEntry], booked: Sequence[CommitRow]) -> bool:
    """Whether the booked entries hold the same pay: every account and dimension to the cent, at the same
    rate. Another text, date or cut changes nothing of what is booked.
    """
    held = [entry_of(row) for row in booked]
    rates = {entry.rate and entry.rate.rate for entry in (*entries, *held)}
    whole = all(row.state is CommitState.CONFIRMED for row in booked)
    return whole and len(rates) == 1 and net_of(entries) == net_of(held)


def _booked_otherwise(booked: Sequence[CommitRow]) -> Problem:
    numbers = ", ".join(document_number(row) for row in booked[:3])
    text = (
        f"This pay run is booked as {numbers} in {booked[0].entity}, and the proposal now says something"
        " else: a mapping, an option or a date was changed since, or another document was named as booked"
        f" elsewhere. Restore what was changed, or reverse what is booked first: {reversing(booked)}."
    )
    return Problem("run.booked_otherwise", booked[0].key, text, Owner.CONTROLLER)


def _not_comparable(row: CommitRow) -> Problem:
    text = (
        f"Document {document_number(row)} in {row.entity} pays for more than this run holds, or is in another"
        f" currency, so this run cannot be compared with it. Reverse it ({reversing([row])}), then resume"
        " this run."
    )
    return Problem("earlier.not_comparable", row.key, text, Owner.CONTROLLER)
