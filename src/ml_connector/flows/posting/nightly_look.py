"""The nightly look: what was booked in the last weeks is still in the ledger, once, and as it was booked.

People edit, delete, copy and reverse documents after a run has ended; nothing else would notice. One read for
each legal entity and journal, from the first day of the month of the earliest document until today: people
book in the period of a pay on another day than ours, and reverse on a later one. Nothing is changed, in the
ledger or here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import cast

from ml_connector.domain import codec
from ml_connector.domain.checks import compare, compare_rates, repeats, takes_back
from ml_connector.domain.document import CommitKey, Receipt
from ml_connector.domain.journal import BookedEntry, JournalEntry
from ml_connector.domain.proposal import Subject
from ml_connector.errors import (
    NotFound,
    Refused,
    RightMissing,
    SignInLost,
    SignInRenewed,
    Throttled,
    VendorChanged,
)
from ml_connector.flows.booked import document_number as number_of
from ml_connector.flows.posting import look_alikes
from ml_connector.flows.posting.already_booked import already_booked_parts, comes_to_nothing
from ml_connector.flows.posting.taken_back import (
    ELSEWHERE,
    REVERSAL,
    entry_of,
    is_journal,
    reverses,
    reversing,
    standing,
    taken_back_alone,
    times_booked,
)
from ml_connector.flows.posting.tie_out import believed
from ml_connector.ports.commits import DELETED, CommitRow, Commits
from ml_connector.ports.ledger import Entries
from ml_connector.ports.systems import System

DAYS = 45
"""How far back it looks, from the day a document was booked, at least."""
DAYS_KNOWN = 2 * DAYS
"""How far back a copy is known to be one of ours, and not of another installation: the month of a document
that is looked at began before that.
"""

Place = tuple[str, str, str]
"""Tenant, legal entity and journal."""
NOWHERE: Mapping[Place, Sequence[date]] = {}
NOBODY: Mapping[str, Collection[Subject]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is not as it was booked: at which document, for which commit, and in words what it was
    and is. `key` is empty for a document that belongs to none of ours. Two journals may have the same number.
    """

    key: str
    entity: str
    journal: str
    document: str
    code: str
    text: str


def nightly_look(
    system: System,
    commits: Commits,
    now: datetime,
    accepted: Mapping[str, Collection[Subject]] = NOBODY,
    also: Mapping[Place, Sequence[date]] = NOWHERE,
) -> tuple[Finding, ...]:
    """Everything that is wrong now. `accepted` are documents of others that a person said are none of these
    pays, as `look_alikes.full_name_of` names them; `also` are places to look at though nothing is known to be
    booked there, with the days to look from and to. Raises what the ledger raises; then nothing is known.
    """
    places: dict[Place, list[CommitRow]] = defaultdict(list, {place: [] for place in also})
    for row in filter(is_journal, commits.booked_since(now - timedelta(days=DAYS))):
        places[_place(row)].append(row)
    gone: dict[Place, list[CommitRow]] = defaultdict(list)
    for row in filter(is_journal, commits.deleted_since(now - timedelta(days=DAYS))):
        gone[_place(row)].append(row)
        places[_place(row)].extend(())
    known_before = commits.booked_since(now - timedelta(days=DAYS_KNOWN)) if places else ()
    before = tuple(filter(is_journal, known_before))
    found: list[Finding] = []
    for place, rows in places.items():
        tenant, entity, journal = place
        days = [*(entry_of(row).posting_date for row in (*rows, *gone[place])), *also.get(place, ())]
        documents = system.facts().documents(
            entity, journal, min(days).replace(day=1), max(*days, now.date())
        )
        sink, keys = system.sink(JournalEntry), {row.key for row in rows}
        older = [row for row in before if _place(row) == place and row.key not in keys]
        of_ours = (rows, older, gone[place])
        known = commits.known_references(tenant, entity)
        known |= {row.marker.token for some in of_ours for row in some}
        settled = frozenset().union(*(_settled(some, documents, known) for some in of_ours))
        documents = tuple(d for d in documents if d.receipt.reference not in settled)
        for row in rows:
            found.extend(_wrong(row, documents, known, sink))
            found.extend(_alone(row, commits))
            found.extend(_taken_back_alone(row, commits))
        found.extend(_counting_again(rows, commits))
        for row in gone[place]:
            found.extend(_copied(row, documents, known))
        others = look_alikes.of_others(documents, known)
        found.extend(_alike(rows, others, accepted))
        found.extend(_of_another_installation(others))
    return tuple(found)


def _wrong(
    row: CommitRow, documents: Sequence[BookedEntry], known: Collection[str], sink: Entries
) -> Iterator[Finding]:
    """What is wrong with a document, and with those that carry its marker and are not `known` by themselves:
    a person may have named one.
    """
    number, copies, entry = number_of(row), _copies(row, documents, known), entry_of(row)
    name = f"Document {number} in {row.entity}"
    back = [copy for copy in copies if takes_back(copy, entry)]
    yield from (_reversed(row, copy) for copy in back)
    copies = [copy for copy in copies if copy not in back]
    differences = _differences(row, documents, sink)
    if differences is None:
        copied = f" A copy of it is there: {copies[0].receipt.number}." if copies else ""
        was = f"dated {entry.posting_date}, {entry.debit}, {len(entry.lines)} lines, {entry.text}"
        text = (
            f"{name} is no longer in the ledger. It was {was}.{copied} If somebody deleted it,"
            f" record that: ml-connector runs mark-deleted {row.run or 'RUN'}."
        )
        yield _finding(row, number, "booked.gone", text)
    if differences:
        text = f"{name} was edited since it was booked. {' '.join(differences)}"
        yield _finding(row, number, "booked.edited", text)
    for copy in copies[1 if differences is None else 0 :]:
        text = (
            f"Document {copy.receipt.number} in {row.entity} carries the marker of {name.lower()}: the same"
            " pay is in the books twice. Keep one and reverse the other in the ledger."
        )
        yield _finding(row, copy.receipt.number, "documents.duplicate", text)


def _differences(row: CommitRow, documents: Sequence[BookedEntry], sink: Entries) -> Sequence[str] | None:
    """How a document differs from what was booked; `None` where it is gone. One that is not among those that
    were read is read by itself: people give a document another day, or move it to another journal. So is one
    of which a list does not show all.
    """
    receipt = cast(Receipt, codec.decode(row.receipt))
    mine = next((d for d in documents if d.receipt.reference == receipt.reference), None)
    try:
        if mine is None or not believed(row, mine):
            mine = sink.read_back(receipt)
    except NotFound:
        return None
    except (RightMissing, SignInLost, SignInRenewed, Throttled):
        raise
    except (Refused, VendorChanged) as error:
        return [error.problem.text]
    entry, before = entry_of(row), cast(BookedEntry, codec.decode(row.booked)) if row.booked else mine
    return [problem.text for problem in (*compare(entry, mine), *compare_rates(entry, before, mine))]


def _copies(row: CommitRow, documents: Sequence[BookedEntry], known: Collection[str]) -> list[BookedEntry]:
    """The documents that carry the marker of ours and are not ours."""
    return [d for d in documents if d.marker == row.marker.token and d.receipt.reference not in known]


def _settled(
    rows: Sequence[CommitRow], documents: Sequence[BookedEntry], known: Collection[str]
) -> frozenset[str]:
    """References of copies that people took back, all of a document or none, and of what takes them back:
    together they come to nothing. What may take back another document of ours as well settles nothing, nor
    does one with a marker of another entry: something else is to be said of it.
    """
    copied = [row for row in rows if _copies(row, documents, known)]
    entries = {row.key: entry_of(row) for row in rows} if copied else {}
    settled: set[str] = set()
    for row in copied:
        copies = [d.receipt.reference for d in _copies(row, documents, known) if repeats(d, entries[row.key])]
        back = []
        for document in documents:
            if document.receipt.reference in known or document.marker not in ("", row.marker.token):
                continue
            keys = [key for key, entry in entries.items() if takes_back(document, entry)]
            if keys == [row.key]:
                back.append(document.receipt.reference)
        if copies and len(copies) <= len(back):
            settled |= {*copies, *back[: len(copies)]}
    return frozenset(settled)


def _copied(row: CommitRow, documents: Sequence[BookedEntry], known: Collection[str]) -> Iterator[Finding]:
    """What people made of a document of ours that is deleted since: nothing counts it here."""
    for copy in _copies(row, documents, known):
        number = copy.receipt.number
        does = "takes back" if takes_back(copy, entry_of(row)) else "carries the marker of"
        text = (
            f"Document {number} in {row.entity} {does} document {number_of(row)}, which was deleted in the"
            " ledger, and nothing here counts it. Delete it there too, or reverse it; or run the pay again"
            f" and name it: ml-connector runs mark-booked-elsewhere RUN --document {row.entity}/{number}"
            " --why '...'."
        )
        yield _finding(row, number, look_alikes.ASKED, text)


def _alone(row: CommitRow, commits: Commits) -> Iterator[Finding]:
    """A reversal of ours whose original somebody deleted, and said so: nothing else names it any more. The
    original may be a reversal itself. Where the pay is in the books once, or not at all, nothing is wrong.
    """
    if row.reversed_by or not row.key.startswith(REVERSAL):
        return
    original = reverses(commits, row)
    if original is None or original.reversed_by != DELETED:
        return
    pay, adds = row, True
    while (taken := reverses(commits, pay) if pay.key.startswith(REVERSAL) else None) is not None:
        pay, adds = taken, not adds
    times = times_booked(commits, pay)
    if 0 <= times <= 1 or adds != (times > 1):
        return
    text = (
        f"Document {number_of(row)} in {row.entity} reverses document {number_of(original)}, which was"
        f" deleted in the ledger: the pay is in the books {'twice' if adds else 'at less than nothing'}."
        f" Reverse it: {reversing([original])}. Or delete it there too, and record that: ml-connector runs"
        f" mark-deleted {row.run}."
    )
    yield _finding(row, number_of(row), "reversal.alone", text)


def _taken_back_alone(row: CommitRow, commits: Commits) -> Iterator[Finding]:
    """A document that people took one of ours back with, and named, where ours was deleted since, and said
    so; and nothing else is booked for the pay.
    """
    if row.reversed_by or not row.key.startswith(ELSEWHERE):
        return
    subjects = [share.subject for share in row.shares]
    rest = [part for part in already_booked_parts(commits, subjects) if part.row.key != row.key]
    for original in commits.of_subjects(subjects) if comes_to_nothing(rest) else ():
        found = taken_back_alone(commits, original)
        if found is not None and found.key == row.key:
            text = (
                f"Document {number_of(row)} in {row.entity} takes back document {number_of(original)}, which"
                " was deleted in the ledger: the pay is in the books at less than nothing. Delete it there"
                f" too, and record that: ml-connector runs mark-deleted {row.run}."
            )
            yield _finding(row, number_of(row), "reversal.alone", text)
            return


def _counting_again(rows: Sequence[CommitRow], commits: Commits) -> Iterator[Finding]:
    """Documents of ours that were reversed, so that the pay was posted again, and whose reversal somebody
    deleted since, and said so: both count.
    """
    pays = (CommitKey.parse(row.key) for row in rows if not row.key.startswith((ELSEWHERE, REVERSAL)))
    for family in dict.fromkeys(key.family for key in pays if key.revision > 1):
        booked: dict[int, list[CommitRow]] = defaultdict(list)
        for row in commits.of_reference(f"{family}:"):
            key = CommitKey.parse(row.key)
            if key.family == family and times_booked(commits, row) > 0:
                booked[key.revision].append(row)
        newest = booked[max(booked)] if booked else []
        for row in (row for revision in sorted(booked)[:-1] for row in booked[revision]):
            text = (
                f"Document {number_of(row)} in {row.entity} counts again, because its reversal was deleted in"
                " the ledger, and the pay was posted again meanwhile, as"
                f" {', '.join(map(number_of, newest))}: it is in the books twice. Reverse the newer:"
                f" {reversing(newest)}."
            )
            yield _finding(row, number_of(row), "booked.twice", text)


def _reversed(row: CommitRow, document: BookedEntry) -> Finding:
    number = document.receipt.number
    text = (
        f"Document {number} in {row.entity} takes document {number_of(row)} back, every amount of it:"
        " somebody reversed it in the ledger. If the pay is to be booked again, run it again and name the"
        " document: ml-connector runs mark-booked-elsewhere RUN --document"
        f" {row.entity}/{number} --why '...'."
    )
    return _finding(row, number, "booked.reversed", text)


def _alike(
    rows: Sequence[CommitRow], others: Sequence[BookedEntry], accepted: Mapping[str, Collection[Subject]]
) -> Iterator[Finding]:
    """Documents of others that take a pay back that is booked from here, on whatever day, or that may be that
    pay. In another month a document that is like the pay is that of another month. One that a person said is
    another pay is reported all the same where it is, or takes back, this one to the cent.
    """
    counting = {row.key for row in standing(rows)}
    pays = [(row, entry_of(row)) for row in rows if row.key in counting and not row.key.startswith(REVERSAL)]
    rest = [(row, entry_of(row)) for row in rows if row.key not in counting or row.key.startswith(REVERSAL)]
    unsettled = _of_what_counts_for_nothing(rest, others)
    for document in others:
        said = accepted.get(look_alikes.full_name_of(document))
        asked = [(row, entry) for row, entry in pays if not said or not _is_of(row, said)]
        back = next((row for row, entry in asked if takes_back(document, entry)), None)
        of_month = [(row, entry) for row, entry in asked if _month(entry) == _month(document)]
        like = repeats if said is not None else _may_be
        same = next((row for row, entry in of_month if like(document, entry)), None)
        made_of = unsettled.get(document.receipt.reference)
        if back is not None:
            yield _reversed(back, document)
        elif same is not None:
            text = (
                f"Document {document.receipt.number} in {same.entity} did not come from here and may be the"
                f" same pay as document {number_of(same)}: {document.posting_date}, {document.debit},"
                f" {document.text or 'no text'}. If it is, reverse that one in the ledger, or ours:"
                f" {reversing([same])}."
            )
            yield _finding(same, document.receipt.number, look_alikes.ASKED, text)
        elif made_of is not None and said is None:
            yield _made_of(made_of, document)


def _may_be(document: BookedEntry, entry: JournalEntry) -> bool:
    """Whether the document may be the pay that is booked as the entry."""
    return bool(look_alikes.look_alikes([document], [entry]))


def _is_of(row: CommitRow, pays: Collection[Subject]) -> bool:
    bases = {pay.base for pay in pays}
    return any(share.subject.base in bases for share in row.shares)


def _of_what_counts_for_nothing(
    rows: Sequence[tuple[CommitRow, JournalEntry]], others: Sequence[BookedEntry]
) -> dict[str, CommitRow]:
    """What people made of documents of ours that were reversed, or of reversals, by reference: each says just
    what one of them says, in its month, or takes it back. As many of the one kind as of the other come to
    nothing.
    """
    found: dict[str, CommitRow] = {}
    for row, entry in rows:
        same = [d for d in others if repeats(d, entry) and _month(d) == _month(entry)]
        back = [d for d in others if takes_back(d, entry)]
        if len(same) != len(back):
            found |= {d.receipt.reference: row for d in (*same, *back)}
    return found


def _made_of(row: CommitRow, document: BookedEntry) -> Finding:
    """A document of others that was made of one that counts for nothing here."""
    number = document.receipt.number
    what = "is a reversal" if row.key.startswith(REVERSAL) else "is reversed"
    does = "takes back" if takes_back(document, entry_of(row)) else "is a copy of"
    text = (
        f"Document {number} in {row.entity} did not come from here. It {does} document {number_of(row)},"
        f" which {what} here, so that the pay is in the books otherwise than its runs say. If that is not"
        " meant, delete it or reverse it in the ledger; if it is, run the pay again and name it:"
        f" ml-connector runs mark-booked-elsewhere RUN --document {row.entity}/{number} --why '...'."
    )
    return _finding(row, number, look_alikes.ASKED, text)


def _of_another_installation(others: Sequence[BookedEntry]) -> Iterator[Finding]:
    for document in others:
        if document.marker:
            receipt = document.receipt
            text = (
                f"Document {receipt.number} in {receipt.entity} carries a marker of this product and was not"
                " written by this installation: another one posts to the same books, a copy of this one or"
                " one that was restored from its backup. Two must not post the same pay: stop one of them. If"
                " this installation was restored and wrote it before that, run the pay again, which finds it;"
                " or reverse it in the ledger where the pay was undone."
            )
            yield Finding(
                key="",
                entity=receipt.entity,
                journal=document.journal,
                document=receipt.number,
                code="installation.other",
                text=text,
            )


def _finding(row: CommitRow, document: str, code: str, text: str) -> Finding:
    journal = entry_of(row).journal
    return Finding(key=row.key, entity=row.entity, journal=journal, document=document, code=code, text=text)


def _month(document: BookedEntry | JournalEntry) -> tuple[int, int]:
    return document.posting_date.year, document.posting_date.month


def _place(row: CommitRow) -> Place:
    return row.tenant, row.entity, entry_of(row).journal
