"""The same pay under another run: what is booked plus what is left to post is what the new run says, for any
two of them.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain import codec
from ml_connector.domain.dimension import Dimension
from ml_connector.domain.document import CommitKey
from ml_connector.domain.journal import JournalEntry, JournalLine
from ml_connector.domain.money import Money
from ml_connector.domain.proposal import Proposal, Share, Subject
from ml_connector.flows.posting.already_booked import already_booked, left_to_post
from ml_connector.ports.commits import CommitRow, Commits, CommitState

ACCOUNTS, CENTERS, ENTITIES = ("4000", "4010", "1700"), ("", "SALES", "OPS"), ("10", "20")
COMPANIES = {"10": ("US1", "US2"), "20": ("NO1",)}
"""Two payroll companies share the books of 10."""
Cells = dict[tuple[str, str, str, str], int]
"""Company, legal entity, account, cost center → minor units."""


class Booked:
    """Commits that stand, as the flow asks for them."""

    def __init__(self) -> None:
        self.rows: list[CommitRow] = []

    def of_subjects(self, subjects: Collection[Subject], *, beside: bool = False) -> tuple[CommitRow, ...]:
        return tuple(row for row in self.rows if any(share.subject in subjects for share in row.shares))

    def of_reference(self, prefix: str) -> tuple[CommitRow, ...]:
        return tuple(row for row in self.rows if row.key.startswith(prefix))

    def book(self, proposal: Proposal, run: str, state: CommitState = CommitState.CONFIRMED) -> None:
        """Everything that the proposal would post."""
        for entry in proposal.entries:
            shares = tuple(share for share in proposal.shares if share.key == entry.key)
            row = CommitRow(
                key=entry.key,
                fingerprint=codec.fingerprint(entry),
                state=state,
                entity=entry.entity,
                content=codec.encode(entry),
                tenant="books",
                run=run,
                shares=shares,
            )
            self.rows.append(row)

    def left(self, proposal: Proposal, run: str) -> Proposal:
        """What the run would post now, for a ledger that takes a thousand lines in one entry."""
        prefix = f"payroll:acme:{run}"
        booked = already_booked(cast(Commits, self), proposal.subjects, prefix)
        families = {entity: f"{prefix}:books:{entity}" for entity in ENTITIES}
        return left_to_post(proposal, booked, families, 1000, "Payroll (difference)")

    def sums(self) -> dict[tuple[str, str, str], int]:
        cells: dict[tuple[str, str, str], int] = {}
        for row in self.rows:
            for entity, account, center, minor in _lines(codec.decode(row.content)):
                cells[entity, account, center] = cells.get((entity, account, center), 0) + minor
        return {key: minor for key, minor in cells.items() if minor}


def _lines(entry: JournalEntry) -> list[tuple[str, str, str, int]]:
    return [
        (entry.entity, line.account, "".join(value.code for value in line.dimensions), line.amount.minor)
        for line in entry.lines
    ]


def _subject(company: str, entity: str) -> Subject:
    return Subject(tenant="books", entity=entity, text=f"payroll:acme:{company}:monthly 2026-06-30")


@st.composite
def journals(draw: st.DrawFn) -> Cells:
    """Balanced per company; each company is in it, with lines or without."""
    cells: Cells = {}
    for entity, companies in COMPANIES.items():
        for company in companies:
            amounts = draw(
                st.lists(
                    st.tuples(st.sampled_from(ACCOUNTS), st.sampled_from(CENTERS), st.integers(-500, 500)),
                    max_size=4,
                )
            )
            for account, center, minor in [*amounts, ("1900", "", -sum(minor for *_, minor in amounts))]:
                key = (company, entity, account, center)
                cells[key] = cells.get(key, 0) + minor
    return {key: minor for key, minor in cells.items() if minor}


def proposal(cells: Cells, run: str, *, parts: bool = True) -> Proposal:
    """What a run says: an entry per legal entity, with the part of each company, or without."""
    says, shares = [], []
    for entity, companies in COMPANIES.items():
        net: dict[tuple[str, str], int] = {}
        for (_, owner, account, center), minor in sorted(cells.items()):
            if owner == entity:
                net[account, center] = net.get((account, center), 0) + minor
        lines = tuple(
            JournalLine(account=account, amount=Money.from_minor(minor, "EUR"), dimensions=_codes(center))
            for (account, center), minor in net.items()
            if minor
        )
        key = str(CommitKey(f"payroll:acme:{run}:books:{entity}", 1, 1))
        if lines:
            says.append(_entry(key, entity, lines))
        for company in companies if lines else ():
            part = tuple(
                (account, _codes(center), minor)
                for (owner, _, account, center), minor in sorted(cells.items())
                if owner == company
            )
            if part or not parts:
                mine = part if parts and len(companies) > 1 else ()
                shares.append(Share(key=key, subject=_subject(company, entity), lines=mine))
    subjects = tuple(_subject(c, entity) for entity, companies in COMPANIES.items() for c in companies)
    return Proposal(entries=tuple(says), says=tuple(says), subjects=subjects, shares=tuple(shares))


def _codes(center: str) -> tuple[Dimension, ...]:
    return (Dimension("cost_center", center),) if center else ()


def _entry(key: str, entity: str, lines: tuple[JournalLine, ...]) -> JournalEntry:
    return JournalEntry(
        key=key,
        entity=entity,
        journal="90",
        posting_date=date(2026, 6, 30),
        currency="EUR",
        text="Payroll",
        lines=lines,
    )


def said(found: Proposal) -> dict[tuple[str, str, str], int]:
    cells: dict[tuple[str, str, str], int] = {}
    for entry in found.in_full:
        for entity, account, center, minor in _lines(entry):
            cells[entity, account, center] = cells.get((entity, account, center), 0) + minor
    return {key: minor for key, minor in cells.items() if minor}


@given(journals(), journals(), st.booleans())
def test_booked_and_left_are_the_new_run(before: Cells, after: Cells, parts: bool) -> None:
    """To the last minor unit, in every entity, account and cost center, whether or not the companies of an
    entry can be told apart; every entry of the difference balances.
    """
    books = Booked()
    books.book(books.left(proposal(before, "R1", parts=parts), "R1"), "run 1")

    left = books.left(proposal(after, "R2", parts=parts), "R2")
    books.book(left, "run 2")

    assert () == left.problems
    assert said(proposal(after, "R2")) == books.sums()
    assert len(left.entries) == len({entry.key for entry in left.entries})
    assert all(
        entry.debit == entry.credit and entry.key == f"payroll:acme:R2:books:{entry.entity}:1:1"
        for entry in left.entries
    )


@given(st.lists(journals(), min_size=2, max_size=5))
def test_a_row_of_runs_ends_at_the_last(many: list[Cells]) -> None:
    """Each run is compared with everything before it."""
    books = Booked()
    for number, cells in enumerate(many):
        books.book(books.left(proposal(cells, f"R{number}"), f"R{number}"), f"run {number}")
        assert said(proposal(cells, "any")) == books.sums()


@given(journals(), st.lists(st.tuples(st.sampled_from(["US1", "US2", "NO1"]), journals()), max_size=4))
def test_a_run_of_one_company_touches_that_company_alone(
    whole: Cells, later: list[tuple[str, Cells]]
) -> None:
    """Even where two share an entry: the part of the other stays to the cent."""
    books = Booked()
    books.book(books.left(proposal(whole, "R0"), "R0"), "run 0")
    stands = dict(whole)
    for number, (company, cells) in enumerate(later, 1):
        mine = {key: minor for key, minor in cells.items() if key[0] == company}
        run = proposal(mine, f"R{number}")
        subjects = tuple(subject for subject in run.subjects if f":{company}:" in subject.text)
        shares = tuple(share for share in run.shares if share.subject in subjects)
        one = Proposal(entries=run.in_full, says=run.in_full, subjects=subjects, shares=shares)
        books.book(books.left(one, f"R{number}"), f"run {number}")
        stands = {key: minor for key, minor in stands.items() if key[0] != company} | mine

        assert said(proposal(stands, "any")) == books.sums()


@given(journals())
def test_equal_runs_differ_by_nothing(cells: Cells) -> None:
    """No entry, not even an empty one, and the documents that hold the pay are named."""
    books = Booked()
    books.book(proposal(cells, "R1"), "run 1")

    left = books.left(proposal(cells, "R2"), "R2")

    assert () == left.entries
    assert len(proposal(cells, "R1").entries) == len(left.already_booked)


@given(journals(), journals(), st.integers(1, 4))
def test_a_key_in_use_is_kept_for_the_same_content_and_never_for_other(
    known: Cells, proposed: Cells, revision: int
) -> None:
    """Unbooked: the same entries keep their keys, other entries get the next revision."""
    books = Booked()
    planned = proposal(known, "R1")
    planned = _of_revision(planned, revision)
    books.book(planned, "run 1", CommitState.PLANNED)

    left = books.left(proposal(proposed, "R1"), "R1")

    marks = {row.key: row.fingerprint for row in books.rows}
    assert all(
        marks.get(entry.key, codec.fingerprint(entry)) == codec.fingerprint(entry) for entry in left.entries
    )
    if known == proposed:
        assert planned.entries == left.entries


@given(journals(), journals())
def test_a_booked_run_is_never_proposed_otherwise(known: Cells, proposed: Cells) -> None:
    """What is booked for this very run of the source is the same, or stops the proposal."""
    books = Booked()
    books.book(proposal(known, "R1"), "run 1")

    left = books.left(proposal(proposed, "R1"), "R1")

    def of(cells: Cells, entity: str) -> dict[Any, int]:
        return {key: minor for key, minor in said(proposal(cells, "any")).items() if key[0] == entity}

    changed = any(of(known, entity) not in ({}, of(proposed, entity)) for entity in ENTITIES)
    assert changed is bool(left.problems)
    if not changed:
        books.book(left, "run 1")
        new = {entry.key for entry in left.entries} - {entry.key for entry in proposal(known, "R1").entries}
        assert new == {
            f"payroll:acme:R1:books:{entity}:1:1"
            for entity in ENTITIES
            if of(proposed, entity) and not of(known, entity)
        }


def _of_revision(found: Proposal, revision: int) -> Proposal:
    """The same entries under another revision."""
    from dataclasses import replace

    def key(old: str) -> str:
        return str(replace(CommitKey.parse(old), revision=revision))

    return replace(
        found,
        entries=tuple(replace(entry, key=key(entry.key)) for entry in found.entries),
        says=tuple(replace(entry, key=key(entry.key)) for entry in found.in_full),
        shares=tuple(replace(share, key=key(share.key)) for share in found.shares),
    )
