"""Any number of processes, faults and deaths in any order: never two documents under one key, and in the end
none missing.

Hypothesis draws what happens next. A process may be overtaken by another one at any named place, with or
without time passing in between; only between the gate and the first byte no time passes, because that is what
the deadline of a send is for. A restored backup comes into use when what was in flight has settled: no
look-up can see what another installation is sending in the same second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.payday import DIES_AFTER, DIES_BEFORE, DIES_LATE, EXPIRES, Crash, World

from ml_connector.contract import world as faults
from ml_connector.contract.world import LATE_SECONDS
from ml_connector.domain.document import Marker
from ml_connector.domain.journal import JournalEntry, JournalLine
from ml_connector.domain.money import Money
from ml_connector.domain.proposal import Share, Subject
from ml_connector.errors import ConnectorError
from ml_connector.ports.commits import CommitState, Origin
from ml_connector.runs.intent import Committer, Wait

FAULTS = [None, None, *faults.FAULTS, DIES_LATE, DIES_BEFORE, DIES_AFTER, EXPIRES]
PLACES = [
    "commit: before open",
    "commit: opened",
    "commit: settled",
    "commit: adopted",
    "intent: before",
    "intent: written",
    "send: before",
    "send: answered",
    "send: recorded",
    "confirm: before",
    "confirm: recorded",
]
DEADLINE_SECONDS = 3.0
"""The settle time covers the deadline of a send and the longest lag of the ledger; with less, no protocol
could promise anything.
"""
SETTLED_SECONDS = 60.0
ROUNDS_MAX = 8

entries = st.integers(1, 3)
places = st.sampled_from(PLACES)
pauses = st.sampled_from([0.0, 1.0, 3.0, 4.0, 6.0])


def entry(number: int) -> JournalEntry:
    amount = Money.from_minor(number * 100, "EUR")
    lines = (JournalLine(account="4000", amount=amount), JournalLine(account="1700", amount=-amount))
    return JournalEntry(
        key=f"payroll:acme:R{number}:books:10:1:1",
        entity="10",
        journal="90",
        posting_date=date(2026, 6, 30),
        currency="EUR",
        text="Payroll",
        lines=lines,
    )


def origin(number: int) -> Origin:
    subject = Subject(tenant="books", entity="10", text=f"pay {number}")
    return Origin(run="", tenant="books", shares=(Share(key="", subject=subject),))


class Postings(RuleBasedStateMachine):
    """Two installations on one ledger, `main` and at times one restored from a backup of it; each with any
    number of processes.
    """

    @initialize()
    def begin(self) -> None:
        self.world = World()
        self.world.limit(deadline_seconds=DEADLINE_SECONDS, settle_seconds=DEADLINE_SECONDS + LATE_SECONDS)
        self.vendor, self.clock = self.world.vendor, self.world.clock
        self.places: list[World] = [self.world]
        self.wanted: set[tuple[int, int]] = set()

    def attempt(self, place: int, number: int, at: Callable[[str], None] = lambda name: None) -> None:
        """One pass of one new process over one entry; it ends as it ends."""
        self.wanted.add((place, number))
        ledger = self.world.copy_connection()
        process = Committer(
            commits=self.places[place].commits,
            sinks=lambda kind: ledger,
            clock=self.clock,
            audit=lambda action, detail: None,
            crash_point=at,
        )
        with suppress(Crash, Wait, ConnectorError):
            process.commit_once(entry(number), origin(number))

    @rule(number=entries, fault=st.sampled_from(FAULTS))
    def post(self, number: int, fault: str | None) -> None:
        """A process posts an entry; the next send meets the fault."""
        self.vendor.fault = fault
        self.attempt(0, number)

    @rule(number=entries, fault=st.sampled_from(FAULTS), place=places)
    def post_and_die(self, number: int, fault: str | None, place: str) -> None:
        """A process dies at the place, when it comes there."""
        self.vendor.fault = fault

        def die(name: str) -> None:
            if name == place:
                raise Crash(name)

        self.attempt(0, number, die)

    @rule(
        number=entries,
        fault=st.sampled_from(FAULTS),
        place=places,
        before=pauses,
        after=pauses,
        dies=st.booleans(),
    )
    def post_overtaken(
        self, number: int, fault: str | None, place: str, before: float, after: float, dies: bool
    ) -> None:
        """At the place, time passes, another process takes up the same entry, time passes, and the first goes
        on or dies.
        """
        self.vendor.fault = fault
        done: list[str] = []

        def overtaken(name: str) -> None:
            if name == place and not done:
                done.append(name)
                passes = name != "send: before"
                self.clock.advance(before if passes else 0)
                self.attempt(0, number)
                self.clock.advance(after if passes else 0)
                if dies:
                    raise Crash(name)

        self.attempt(0, number, overtaken)

    @rule(number=entries, fault=st.sampled_from(FAULTS))
    def post_from_the_backup(self, number: int, fault: str | None) -> None:
        """The restored installation posts an entry, whatever it remembers of it; nobody else's send is in
        flight then, nor afterwards.
        """
        if len(self.places) > 1:
            self.clock.advance(SETTLED_SECONDS)
            self.vendor.fault = fault
            self.attempt(1, number)
            self.clock.advance(SETTLED_SECONDS)

    @rule()
    def restore(self) -> None:
        """A backup of the main installation is taken."""
        if len(self.places) == 1:
            self.places.append(self.world.copy())

    @rule(seconds=st.sampled_from([0.5, 2.0, 5.0, 30.0, 700.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.clock.advance(seconds)

    @invariant()
    def nothing_is_booked_twice(self) -> None:
        """One document per key at the most, those on their way included."""
        assert {1} >= set(Counter(self.world.markers()).values())

    @invariant()
    def nothing_is_confirmed_without_its_document(self) -> None:
        """What we call confirmed stands in the books under our reference."""
        booked = {document.reference: document.marker for document in self.vendor.documents}
        for place in self.places:
            confirmed = "SELECT key, reference FROM store_commit WHERE state = 'confirmed'"
            for key, reference in place.tables.raw.execute(confirmed):
                assert Marker.of(key).token == booked[reference]

    @invariant()
    def one_intent_is_open_at_the_most(self) -> None:
        """By constraint."""
        open_ones = "SELECT count(*) FROM store_intent WHERE ended_at IS NULL GROUP BY commit_id"
        for place in self.places:
            assert {1} >= {count for (count,) in place.tables.raw.execute(open_ones)}

    def teardown(self) -> None:
        """Let everything that was begun come to its end: nothing is lost, and still nothing is there
        twice.
        """
        self.vendor.fault = None
        for _ in range(ROUNDS_MAX):
            self.clock.advance(SETTLED_SECONDS)
            for place, number in sorted(self.wanted):
                self.attempt(place, number)
        numbers = {number for _, number in self.wanted}
        assert Counter({Marker.of(entry(number).key).token: 1 for number in numbers}) == Counter(
            self.world.markers()
        )
        for place, number in self.wanted:
            row = self.places[place].commit_rows()[entry(number).key]
            assert CommitState.CONFIRMED is row.state, row


class AtLength(Postings):
    """The same, five times as often."""


Postings.TestCase.settings = settings(stateful_step_count=20)
AtLength.TestCase.settings = settings(max_examples=5 * settings().max_examples, stateful_step_count=20)
TestPostings = Postings.TestCase
TestPostingsAtLength = pytest.mark.slow(AtLength.TestCase)
