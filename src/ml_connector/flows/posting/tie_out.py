"""The proof at the end of a run: everything booked for a pay, in any run, is what its newest run says.

It stands on what the ledger shows now and on the run's own figures, not on claims and approvals: with those
switched off it still finds a pay that was booked twice, and one that is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

from ml_connector.domain import codec
from ml_connector.domain.checks import compare, compare_rates
from ml_connector.domain.document import Receipt
from ml_connector.domain.journal import BookedEntry, JournalEntry, JournalLine
from ml_connector.domain.mapping import describe
from ml_connector.domain.money import Money
from ml_connector.domain.payroll import PayRun
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.proposal import Net, Proposal
from ml_connector.domain.text import words
from ml_connector.domain.tie_out import TieRow, tie_out
from ml_connector.errors import NotFound
from ml_connector.flows.booked import Booked
from ml_connector.flows.posting.already_booked import already_booked_parts, net_of
from ml_connector.flows.posting.consent import Came
from ml_connector.flows.posting.taken_back import ELSEWHERE, entry_of, reversing
from ml_connector.ports.commits import CommitRow, Commits
from ml_connector.ports.ledger import Entries

NOT_REPORTED = "not reported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was found: the table, what is wrong, this run's own documents in the order of its entries, and
    how each of them came into the ledger.
    """

    rows: tuple[TieRow, ...]
    problems: tuple[Problem, ...]
    own: tuple[BookedEntry, ...]
    came: tuple[Came, ...]


def of_proposal(pay_run: PayRun, proposal: Proposal) -> tuple[TieRow, ...]:
    """The table before anything is posted: register, run and journal."""
    says, currency = proposal.in_full, pay_run.currency
    return tuple(tie_out(pay_run.register, proposal.ties, proposal.totals, says, None, currency))


def of_books(pay_run: PayRun, proposal: Proposal, parts: Sequence[Booked]) -> tuple[TieRow, ...]:
    """The table of what is booked for the pay now, in any run (`parts`), beside what this run says."""
    return _table(pay_run, proposal, parts, (), alone=False)


def prove(sink: Entries, commits: Commits, pay_run: PayRun, proposal: Proposal, run: str) -> Proof:
    """Compare what is booked for the subjects of the proposal of a run, in any run, with what it says.

    This run's documents were read back when they were confirmed, or when it went on to post; those of other
    runs are read back now, an entry of this run that another had booked before it among them.
    """
    keys = {entry.key for entry in proposal.entries}
    parts = already_booked_parts(commits, proposal.subjects)
    others = [part for part in parts if part.row.key not in keys or part.row.run != run]
    problems = list(all_changed_since(sink, [part.row for part in others], run))
    problems.extend(_differences(proposal, parts))
    rows_of = [commits.get(entry.key) for entry in proposal.entries]
    own = tuple(map(_booked, proposal.entries, rows_of))
    rows = _table(pay_run, proposal, parts, own, alone={part.row.key for part in parts} <= keys)
    came = tuple(_came(commits, row, run) for row in rows_of if row is not None)
    return Proof(rows=rows, problems=tuple(problems), own=own, came=came)


def _came(commits: Commits, row: CommitRow, run: str) -> Came:
    if row.adopted and commits.last_sent(row.key) is None:
        return Came.FOUND
    return Came.POSTED if row.run == run else Came.BY_ANOTHER_RUN


def all_changed_since(sink: Entries, rows: Iterable[CommitRow], run: str) -> Iterator[Problem]:
    """What is wrong now with documents that are known to be booked, reversals among them: where one of a pair
    is gone, the other stands alone. A pair that people deleted together still comes to nothing.
    """
    found = {row.key: (row, tuple(changed_since(sink, row, run))) for row in rows}
    partner = {row.key: row.reversed_by for row, _ in found.values() if row.reversed_by in found}
    partner |= {reversal: key for key, reversal in partner.items()}

    def gone(key: str) -> bool:
        return any(problem.code == "booked.gone" for problem in found[key][1])

    for key, (_, problems) in found.items():
        if not (key in partner and gone(key) and gone(partner[key])):
            yield from problems


def changed_since(
    sink: Entries, row: CommitRow, run: str, shown: BookedEntry | None = None
) -> Iterator[Problem]:
    """What is wrong now with a document that is known to be booked: it is gone, or it was edited. The
    remedies are for the run that cannot go on because of it; empty where nobody can name the document as it
    is now, because a reversal of it is booked. It is read, unless it was `shown` just now, whole.
    """
    receipt = cast(Receipt, codec.decode(row.receipt)) if row.receipt else None
    if receipt is None:
        return
    remedy = (
        "Correct it in the ledger, then resume. If somebody deleted it:"
        f" ml-connector runs mark-deleted {row.run or 'RUN'}."
    )
    try:
        now = shown if shown is not None and believed(row, shown) else sink.read_back(receipt)
    except NotFound:
        text = f"Document {receipt.number} in {row.entity}, booked for this pay, is no longer in the ledger."
        yield Problem("booked.gone", receipt.number, f"{text} {remedy}", Owner.CONTROLLER)
        return
    elsewhere = row.key.startswith(ELSEWHERE)
    since = "it was named as booked elsewhere" if elsewhere else "it was booked"
    again = "name it again" if elsewhere else "name it"
    name = (
        f" If it stays as it is now, {again}: ml-connector runs mark-booked-elsewhere {run} --document"
        f" {row.entity}/{receipt.number} --why '...'."
    )
    entry = entry_of(row)
    before = cast(BookedEntry, codec.decode(row.booked)) if row.booked else now
    texts = [problem.text for problem in compare(entry, now)]
    if texts and run:
        # A rate that the ledger gave is no figure of the document: naming it again would change nothing.
        texts[0] += name
    for wrong in (*texts, *(problem.text for problem in compare_rates(entry, before, now))):
        text = f"Document {receipt.number} in {row.entity} was edited since {since}. {wrong}"
        yield Problem("booked.edited", receipt.number, text, Owner.CONTROLLER)


def believed(row: CommitRow, shown: BookedEntry) -> bool:
    """Whether a list shows all that may be wrong with the document. One that people named counts as it is."""
    return not shown.irregular or row.key.startswith(ELSEWHERE)


def untied(rows: Iterable[TieRow]) -> Iterator[Problem]:
    """A problem for every row whose books differ."""
    for row in rows:
        if row.difference:
            whose = "all companies" if row.company == "*" else row.company
            register = NOT_REPORTED if row.register is None else row.register
            ledger = NOT_REPORTED if row.ledger is None else row.ledger
            text = (
                f"{words(row.what).capitalize()} of {whose} differs by {row.difference}: pay register"
                f" {register}, payroll GL report {row.run}, journal {row.journal}, ledger {ledger}. Find the"
                " difference in payroll, in the mapping or in the ledger, then resume this run."
            )
            yield Problem("tie_out.difference", f"{row.company} {row.what}", text, Owner.CONTROLLER)


def _differences(proposal: Proposal, parts: Sequence[Booked]) -> Iterator[Problem]:
    """Places where what is booked for the pay is not what the run says."""
    for entity in dict.fromkeys(subject.entity for subject in proposal.subjects):
        says = net_of(entry for entry in proposal.in_full if entry.entity == entity)
        books: Net = {}
        for part in parts:
            for place, minor in part.net.items() if part.row.entity == entity else ():
                books[place] = books.get(place, 0) + minor
        currency = next((e.currency for e in proposal.in_full if e.entity == entity), "") or next(
            (part.entry.currency for part in parts if part.row.entity == entity), ""
        )
        for place in sorted(says.keys() | books.keys()):
            if says.get(place, 0) != books.get(place, 0):
                account, codes = place
                said, booked = (Money.from_minor(net.get(place, 0), currency).amount for net in (says, books))
                numbers = ", ".join(part.number for part in parts if part.row.entity == entity)
                text = (
                    f"Account {account} {describe(codes)} in {entity}: this run says {said}, and {booked} is"
                    f" booked for the pay (documents {numbers}). Look at the runs of this pay; reverse what"
                    f" is too much ({reversing(part.row for part in parts if part.row.entity == entity)}), or"
                    " close this run with a reason."
                )
                yield Problem("subject.differs", f"account {account}", text, Owner.CONTROLLER)


def _table(
    pay_run: PayRun, proposal: Proposal, parts: Sequence[Booked], own: tuple[BookedEntry, ...], *, alone: bool
) -> tuple[TieRow, ...]:
    """The table after posting. Where other runs have booked for the pay as well, the sides are of what
    everything together comes to.
    """
    register, ties, currency = pay_run.register, proposal.ties, pay_run.currency
    if alone:
        rows = tie_out(register, ties, proposal.totals, proposal.entries, own, currency)
    else:
        says = _netted(proposal.in_full, currency)
        nets = (replace(part.entry, lines=_as_lines(part.net, currency)) for part in parts)
        there = tuple(_as_booked(entry) for entry in _netted(nets, currency))
        rows = tie_out(register, ties, (), says, there, currency)
    instead = stand_in(part.row for part in parts)
    return tuple(row if row.ledger is None else replace(row, stand_in=instead) for row in rows)


def stand_in(rows: Iterable[CommitRow]) -> str | None:
    """What was read of documents where the ledger does not tell what is posted; `None` where it does."""
    booked = (cast(BookedEntry, codec.decode(row.booked)) for row in rows if row.booked)
    return next((entry.stand_in for entry in booked if entry.stand_in), None)


def _netted(entries: Iterable[JournalEntry], currency: str) -> tuple[JournalEntry, ...]:
    by_entity: dict[str, list[JournalEntry]] = {}
    for entry in entries:
        by_entity.setdefault(entry.entity, []).append(entry)
    return tuple(replace(found[0], lines=_as_lines(net_of(found), currency)) for found in by_entity.values())


def _as_lines(net: Net, currency: str) -> tuple[JournalLine, ...]:
    return tuple(
        JournalLine(account=account, amount=Money.from_minor(minor, currency), dimensions=codes)
        for (account, codes), minor in sorted(net.items())
    )


def _as_booked(entry: JournalEntry) -> BookedEntry:
    receipt = Receipt(reference="", number="", entity=entry.entity, posted=True)
    return BookedEntry(
        receipt=receipt,
        journal=entry.journal,
        posting_date=entry.posting_date,
        currency=entry.currency,
        lines=entry.lines,
    )


def _booked(entry: JournalEntry, row: CommitRow | None) -> BookedEntry:
    """The document as the ledger showed it when the commit was confirmed."""
    if row is None or not row.booked:
        raise codec.CodecError(f"{entry.key} is not confirmed")
    return cast(BookedEntry, codec.decode(row.booked))
