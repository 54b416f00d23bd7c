"""The same pay under another run: what stands booked plus the difference is what the new run says, for any
two of them.
"""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.build import Proposal, Stand
from ml_connector.domain.codec import fingerprint
from ml_connector.domain.dimension import Dimension
from ml_connector.domain.journal import JournalEntry, JournalLine
from ml_connector.domain.money import Money
from ml_connector.flows import commits

ACCOUNTS, CENTERS, ENTITIES = ("4000", "4010", "1700"), ("", "SALES", "OPS"), ("10", "20")
Cells = dict[tuple[str, str, str], int]


def revise(whole: Proposal, standing: Stand) -> Proposal:
    """As the flow revises, for a ledger that takes a thousand lines in one entry."""
    return commits.revise(whole, standing, 1000)


@st.composite
def journals(draw: st.DrawFn) -> Cells:
    """Minor units per entity, account and cost center; balanced per entity; an entity may be missing."""
    cells: Cells = {}
    for entity in draw(st.lists(st.sampled_from(ENTITIES), unique=True)):
        amounts = draw(
            st.lists(
                st.tuples(st.sampled_from(ACCOUNTS), st.sampled_from(CENTERS), st.integers(-500, 500)),
                max_size=6,
            )
        )
        for account, center, minor in amounts:
            cells[entity, account, center] = cells.get((entity, account, center), 0) + minor
        rest = (entity, "1900", "")
        cells[rest] = cells.get(rest, 0) - sum(minor for key, minor in cells.items() if key[0] == entity)
    return {key: minor for key, minor in cells.items() if minor}


def entries(cells: Cells, run: str, revision: int = 1) -> tuple[JournalEntry, ...]:
    """The entries of a journal, one per entity."""
    made = []
    for entity in sorted({key[0] for key in cells}):
        lines = tuple(
            JournalLine(
                account=account,
                amount=Money.from_minor(minor, "EUR"),
                dimensions=(Dimension("cost_center", center),) if center else (),
            )
            for (owner, account, center), minor in sorted(cells.items())
            if owner == entity
        )
        made.append(
            JournalEntry(
                key=f"payroll:acme:{run}:{entity}:1:{revision}",
                entity=entity,
                journal="90",
                posting_date=date(2026, 6, 30),
                currency="EUR",
                text="Payroll",
                lines=lines,
            )
        )
    return tuple(made)


def proposal(found: tuple[JournalEntry, ...]) -> Proposal:
    return Proposal(entries=found, totals=(), ties=(), problems=())


def sums(*many: tuple[JournalEntry, ...]) -> Cells:
    cells: Cells = {}
    for some in many:
        for entry in some:
            for line in entry.lines:
                key = (entry.entity, line.account, "".join(value.code for value in line.dimensions))
                cells[key] = cells.get(key, 0) + line.amount.minor
    return {key: minor for key, minor in cells.items() if minor}


def stand(*runs: tuple[JournalEntry, ...]) -> Stand:
    return Stand(booked=tuple((entry.key, entry) for some in runs for entry in some))


@given(journals(), journals())
def test_booked_and_difference_are_the_new_run(before: Cells, after: Cells) -> None:
    """To the last minor unit, in every entity, account and cost center, entities that only one of them has
    included.
    """
    booked = entries(before, "R1")

    revised = revise(proposal(entries(after, "R2")), stand(booked))

    if before and not after:
        assert {"earlier.not_comparable"} == {problem.code for problem in revised.problems}
        assert () == revised.entries
        return
    assert () == revised.problems
    assert after == sums(booked, revised.entries)
    assert len(revised.entries) == len({entry.key for entry in revised.entries})
    assert all(
        entry.debit == entry.credit and entry.key == f"payroll:acme:R2:{entry.entity}:1:1"
        for entry in revised.entries
    )


@given(st.lists(journals().filter(bool), min_size=2, max_size=5))
def test_a_row_of_runs_ends_at_the_last(many: list[Cells]) -> None:
    """Each run is compared with everything before it."""
    booked: list[tuple[JournalEntry, ...]] = []
    for number, cells in enumerate(many):
        revised = revise(proposal(entries(cells, f"R{number}")), stand(*booked))
        booked.append(revised.entries)
        assert cells == sums(*booked)


@given(journals().filter(bool))
def test_equal_runs_differ_by_nothing(cells: Cells) -> None:
    """No entry, not even an empty one."""
    assert () == revise(proposal(entries(cells, "R2")), stand(entries(cells, "R1"))).entries


@given(journals().filter(bool), journals().filter(bool))
def test_what_was_reversed_counts_for_nothing(before: Cells, after: Cells) -> None:
    """An entry and its mirror together leave the new run whole, as it was proposed."""
    mirror = {key: -minor for key, minor in before.items()}
    whole = proposal(entries(after, "R2"))

    assert whole == revise(whole, stand(entries(before, "R1"), entries(mirror, "M")))


@given(journals().filter(bool), journals().filter(bool), st.integers(1, 4))
def test_a_key_in_use_is_kept_for_the_same_content_and_never_for_other(
    known: Cells, proposed: Cells, revision: int
) -> None:
    """Unbooked: the same entries keep their keys, other entries get the next revision."""
    ours = entries(known, "R1", revision)
    own = tuple((entry.key, fingerprint(entry), False) for entry in ours)

    revised = revise(proposal(entries(proposed, "R1")), Stand(own=own))

    marks = {key: mark for key, mark, _ in own}
    assert all(marks.get(entry.key, fingerprint(entry)) == fingerprint(entry) for entry in revised.entries)
    if known == proposed:
        assert ours == revised.entries


@given(journals().filter(bool), journals().filter(bool))
def test_a_booked_run_is_never_proposed_otherwise(known: Cells, proposed: Cells) -> None:
    """What stands booked for this run is the same, or stops the proposal."""
    own = tuple((entry.key, fingerprint(entry), True) for entry in entries(known, "R1"))

    revised = revise(proposal(entries(proposed, "R1")), Stand(own=own))

    shared = {key[0] for key in known} & {key[0] for key in proposed}
    changed = any(
        {key: minor for key, minor in known.items() if key[0] == entity}
        != {key: minor for key, minor in proposed.items() if key[0] == entity}
        for entity in shared
    )
    assert changed is bool(revised.problems)
