"""Documents of others that may be the pay a run is about to post: booked by hand, or by another program.

Accountants book in the same journal every day, so a document of somebody else stops nothing by itself. One
that comes to the same total, or has half of its accounts and amounts in common with the pay, does, until a
person says by its number that it is not this pay, or that it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from ml_connector.domain.checks import repeats, takes_back
from ml_connector.domain.journal import BookedEntry, JournalEntry, JournalLine
from ml_connector.domain.problem import Owner, Problem
from ml_connector.flows.posting.taken_back import entry_of
from ml_connector.ports.commits import WITHDRAWN, CommitRow

SHOWN = 10
ANY_JOURNAL: Mapping[str, str] = {}
ASKED = "ledger.look_alike"
NOT_OURS = "not this pay"
"""The answer that a document is none of the run's; stored since the first release in these words."""
"""Code of the question about such documents."""


def name_of(document: BookedEntry, journal: str = "") -> str:
    """What people call a document when they speak of it: legal entity and number, and the journal between
    them where it is another than the one they think of.
    """
    other = f"{document.journal}/" if journal and document.journal != journal else ""
    return f"{document.receipt.entity}/{other}{document.receipt.number}"


def full_name_of(document: BookedEntry) -> str:
    """Legal entity, journal and number, whichever journal anybody thinks of."""
    return f"{document.receipt.entity}/{document.journal}/{document.receipt.number}"


def of_others(documents: Iterable[BookedEntry], known: Collection[str]) -> tuple[BookedEntry, ...]:
    """The documents that are not ours. `known` are references of our documents, and marker tokens of entries
    of ours whose document is not known yet.
    """
    return tuple(
        document
        for document in documents
        if document.receipt.reference not in known and document.marker not in known
    )


def of_another_installation(documents: Iterable[BookedEntry]) -> tuple[str, ...]:
    """Names of those documents of others that carry a marker: this product wrote them, elsewhere."""
    return tuple(sorted(name_of(document) for document in documents if document.marker))


def taking_back(documents: Iterable[BookedEntry], booked: Iterable[CommitRow]) -> tuple[BookedEntry, ...]:
    """The documents that take back one that is booked: somebody reversed that in the ledger."""
    entries = [entry_of(row) for row in booked]
    return tuple(document for document in documents if any(takes_back(document, e) for e in entries))


def made_of_ours(documents: Iterable[BookedEntry], rows: Iterable[CommitRow]) -> tuple[BookedEntry, ...]:
    """The documents that people made of one that is or was booked: they carry its marker, say just what it
    says, or take it back. One of ours that was reversed is no more, and a copy of it stands all the same. One
    that was named by mistake never was of the pay.
    """
    if not (documents := tuple(documents)):
        return ()
    booked = [row for row in rows if row.reversed_by != WITHDRAWN]
    entries = [(row.marker.token, entry_of(row)) for row in booked]
    return tuple(
        document
        for document in documents
        if any(
            document.marker == token or takes_back(document, entry) or repeats(document, entry)
            for token, entry in entries
        )
    )


def may_be_lost(documents: Iterable[BookedEntry], says: Sequence[JournalEntry]) -> tuple[BookedEntry, ...]:
    """Documents of others that this product may have written before it was restored from a backup, whatever
    their amounts: they carry a marker, or the text of what is said now, where somebody edited that away.
    """
    texts = {entry.text for entry in says if entry.text}
    return tuple(
        document
        for document in documents
        if document.marker or any(line.text.startswith(text) for line in document.lines for text in texts)
    )


def look_alikes(documents: Iterable[BookedEntry], says: Sequence[JournalEntry]) -> tuple[BookedEntry, ...]:
    """The documents that may be the pay: of the same legal entity and currency, and alike."""
    return tuple(document for document in documents if _alike(document, says))


def _alike(document: BookedEntry, says: Sequence[JournalEntry]) -> bool:
    entries = [
        entry
        for entry in says
        if entry.entity == document.receipt.entity and entry.currency == document.currency
    ]
    if not entries or not document.lines:
        return False
    totals = {entry.debit.minor for entry in entries} | {sum(entry.debit.minor for entry in entries)}
    if document.debit.minor in totals:
        return True
    pay = [line for entry in entries for line in entry.lines]
    return _half(_lines(document.lines), _lines(pay)) or _half(_sums(document.lines), _sums(pay))


def _half(document: Counter[tuple[str, int]], pay: Counter[tuple[str, int]]) -> bool:
    """Whether half of the document, or half of the pay, is in the other."""
    common = (document & pay).total()
    return 2 * common >= min(document.total(), pay.total())


def _lines(lines: Iterable[JournalLine]) -> Counter[tuple[str, int]]:
    return Counter((line.account, line.amount.minor) for line in lines)


def _sums(lines: Iterable[JournalLine]) -> Counter[tuple[str, int]]:
    """Account and what it comes to on each side: one who books by hand sums up."""
    sums: dict[tuple[str, bool], int] = {}
    for line in lines:
        key = (line.account, line.amount.minor > 0)
        sums[key] = sums.get(key, 0) + line.amount.minor
    return Counter((account, minor) for (account, _), minor in sums.items())


def ask(
    documents: Sequence[BookedEntry], run: str, journals: Mapping[str, str] = ANY_JOURNAL
) -> Iterator[Problem]:
    """The question to a person about documents beside a run of the pay, or a reversal, when there are such.
    `journals` are those that the flow posts to, by legal entity.
    """
    if documents:
        names = [_named(document, journals) for document in documents]
        name, accepts = names[0], " ".join(f"--accept {name}" for name in names[:SHOWN])
        text = (
            "The journal holds documents that did not come from here and may be this pay, or take it back:"
            f" {_described(documents, journals)} If one of them does, record that: ml-connector runs"
            f" mark-booked-elsewhere {run} --document {name} --why '...'. If not: ml-connector runs resume"
            f" {run} {accepts}."
        )
        yield Problem(ASKED, name, text, Owner.CONTROLLER)


def _named(document: BookedEntry, journals: Mapping[str, str]) -> str:
    return name_of(document, journals.get(document.receipt.entity, ""))


def _described(documents: Sequence[BookedEntry], journals: Mapping[str, str]) -> str:
    shown = documents[:SHOWN]
    names = [_named(document, journals) for document in shown]
    described = ", ".join(
        f"{name} of {document.posting_date}, {document.debit}, {document.text or 'no text'}"
        for name, document in zip(names, shown, strict=True)
    )
    marked = [name for name, document in zip(names, shown, strict=True) if document.marker]
    if not marked:
        return f"{described}."
    return (
        f"{described}. {', '.join(marked)} {'has' if len(marked) == 1 else 'have'} a marker of this product:"
        " people copied one of ours, another installation wrote that, or this one before it was restored from"
        " a backup."
    )
