"""Whatever order a payroll's changes are heard of in, and however often, the members of the ledger come to be
what the books of payroll say on the day.

A machine of random steps: people act in payroll, notifications of it are delivered late, twice, out of order
or never, the clock goes on and lets the flow look. The model is payroll's books: it knows of no order, no
pass and nothing that was said before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.flows.test_hooks import Listening
from tests.flows.test_workers import People

from ml_connector.domain.dimension import Dimension
from ml_connector.domain.worker import Employment, Placement, Worker
from ml_connector.ports.runs import RunState
from ml_connector.ports.workers import Changed

COMPANIES = {"US1": "10", "US2": "20"}
ZONE = ZoneInfo("America/New_York")
EVERY = timedelta(hours=3)
DAY = timedelta(days=1)
AGE = 14 * DAY
"""Of notifications that are taken."""
who = st.integers(0, 3)
when = st.integers(-40, 12)
"""Days from the day that it is: what is entered may hold from a day that is over, or from one to come."""


@dataclass
class Stint:
    """A time in a company, first and last day; without a last one it is not over."""

    company: str
    start: date
    end: date | None = None

    def on(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day <= self.end)


@dataclass
class Person:
    """What payroll's books say of somebody: stints one after the other, and placements by their first day."""

    number: str
    name: str
    stints: list[Stint]
    places: dict[date, str] = field(default_factory=dict)

    def members(self, day: date) -> dict[str, tuple[str, str]]:
        """What the ledger has to keep on the day, by key: the name, and the last day or that it is open."""
        found: dict[str, tuple[str, str]] = {}
        for stint in self.stints:
            if stint.start <= day:
                until = "open" if stint.on(day) else str(stint.end)
                found[f"{COMPANIES[stint.company]}/cost_unit/{self.number}"] = (self.name, until)
        return found


class Books(People):
    """The books, shown as the source shows them on a day; its list of changes may be read once in three
    hours, and between two readings those are named whom notifications named.
    """

    def __init__(self, world: Listening, first: Person) -> None:
        self._world = world
        self.people: dict[str, Person] = {"E01": first}
        self.noted, self.calls, self.lists, self.alone = [], [], True, {}
        self.cursors_are_lost = False
        self.told: set[str] = set()
        """Whom the list of changes has named, and who was read."""

    @property
    def held(self) -> dict[str, Worker]:  # type: ignore[override]
        return {key: self._shown(key, person) for key, person in self.people.items()}

    def changed(self, cursor: str) -> Changed:
        from ml_connector.store.hooks import keys_heard

        now = self._world.clock.now()
        read, _, moment = cursor.partition(" ")
        if not moment:
            return Changed(keys=(), cursor=f"{len(self.noted)} {now.isoformat()}", whole=True)
        last = datetime.fromisoformat(moment)
        heard = keys_heard(self._world.connection, ("Employee*",), last)
        if now - last < EVERY:
            return Changed(keys=heard, cursor=cursor, early=True)
        noted = self.noted[max(0, int(read) - 1) :]
        self.told.update(noted)
        return Changed(keys=(*noted, *heard), cursor=f"{len(self.noted)} {now.isoformat()}")

    def workers(self) -> Iterator[Worker]:
        self.told |= {f"E0{number}" for number in range(4)}
        return super().workers()

    def read(self, keys: Collection[str]) -> Mapping[str, Worker]:
        self.told.update(keys)
        return super().read(keys)

    def _shown(self, key: str, person: Person) -> Worker:
        day = self._world.clock.now().astimezone(ZONE).date()
        rows = tuple(
            Placement(since=since, codes=(Dimension("department", code),), letter="A")
            for since, code in sorted(person.places.items())
        )
        codes = next((row.codes for row in reversed(rows) if row.since <= day), ())
        employments = tuple(
            Employment(company=one.company, start=one.start, end=one.end, codes=codes, placements=rows)
            for one in sorted(person.stints, key=lambda one: (one.company, one.start))
        )
        return Worker(key=key, number=person.number, name=person.name, employments=employments)


class Events(RuleBasedStateMachine):
    """Four people in two companies, and the flow that keeps them in the ledger."""

    @initialize()
    def begin(self) -> None:
        self.world = Listening("every 3h")
        first = Person("01", "Worker 01", [Stint("US1", date(2025, 1, 1))])
        self.books = self.world.people = Books(self.world, first)
        self.world.plan("every 3h", entities="US1=10,US2=20", zones="America/New_York")
        self.waiting: list[tuple[str, bytes, datetime]] = []
        self.unheard: set[str] = set()
        """About whom something was entered that the flow cannot know of yet."""
        self.looked = False
        self.look(EVERY)

    # --- what people do in payroll --------------------------------------------------------------------------

    @rule(who=who, when=when, company=st.sampled_from([*COMPANIES]), listed=st.booleans())
    def hire(self, who: int, when: int, company: str, listed: bool) -> None:
        if f"E0{who}" not in self.books.people:
            self.books.people[f"E0{who}"] = Person(f"0{who}", "Moss", [Stint(company, self.day(when))])
            self.tell(who, listed)

    @rule(who=who, when=when, listed=st.booleans())
    def leave(self, who: int, when: int, listed: bool) -> None:
        last = self.last(who)
        if last and last.end is None and self.day(when) >= last.start:
            last.end = self.day(when)
            self.tell(who, listed)

    @rule(who=who, listed=st.booleans())
    def leave_is_withdrawn(self, who: int, listed: bool) -> None:
        last = self.last(who)
        if last and last.end is not None:
            last.end = None
            self.tell(who, listed)

    @rule(who=who)
    def hire_is_withdrawn(self, who: int) -> None:
        """Before its day; no list names who is gone."""
        last = self.last(who)
        if last and len(self.books.people[f"E0{who}"].stints) == 1 and last.start > self.day():
            del self.books.people[f"E0{who}"]
            self.tell(who, False)

    @rule(who=who, when=when, listed=st.booleans())
    def rehire(self, who: int, when: int, listed: bool) -> None:
        last = self.last(who)
        if last and last.end is not None and self.day(when) > last.end:
            self.books.people[f"E0{who}"].stints.append(Stint(last.company, self.day(when)))
            self.tell(who, listed)

    @rule(who=who, when=when, listed=st.booleans())
    def move_to_the_other_company(self, who: int, when: int, listed: bool) -> None:
        last = self.last(who)
        if last and last.end is None and self.day(when) > last.start:
            last.end = self.day(when - 1)
            other = next(company for company in COMPANIES if company != last.company)
            self.books.people[f"E0{who}"].stints.append(Stint(other, self.day(when)))
            self.tell(who, listed)

    @rule(who=who, when=when, code=st.sampled_from("ABC"), listed=st.booleans())
    def move_to_another_department(self, who: int, when: int, code: str, listed: bool) -> None:
        if last := self.last(who):
            self.books.people[f"E0{who}"].places[max(self.day(when), last.start)] = code
            self.tell(who, listed)

    @rule(who=who, name=st.sampled_from(["Reed", "Sedge", "Rush"]), listed=st.booleans())
    def rename(self, who: int, name: str, listed: bool) -> None:
        if self.last(who):
            self.books.people[f"E0{who}"].name = name
            self.tell(who, listed)

    # --- what becomes of notifications ----------------------------------------------------------------------

    @precondition(lambda self: self.waiting)
    @rule(which=st.integers(0, 99), times=st.integers(1, 3), looks=st.booleans())
    def deliver(self, which: int, times: int, looks: bool) -> None:
        """Any that waits, once or more often; the flow may look at once, or others come before."""
        key, body, made = self.waiting.pop(which % len(self.waiting))
        status = 204 if self.world.clock.now() - made <= AGE else 400
        assert [status] * times == [self.world.call(body) for _ in range(times)]
        if status == 204:
            self.unheard.discard(key)
        self.looked = False
        if looks:
            self.look(timedelta(0))

    @precondition(lambda self: self.waiting)
    @rule(which=st.integers(0, 99))
    def drop(self, which: int) -> None:
        """It never comes."""
        self.waiting.pop(which % len(self.waiting))

    # --- time -----------------------------------------------------------------------------------------------

    @rule()
    def the_clock_lets_it_look(self) -> None:
        """As the schedule says; notifications that wait are still on their way."""
        self.looked = False
        self.look(EVERY)
        assert self.looked

    @rule(days=st.integers(1, 5))
    def days_go_on(self, days: int) -> None:
        self.looked = False
        self.look(days * DAY)
        assert self.looked

    # --- what holds -----------------------------------------------------------------------------------------

    @invariant()
    def members_are_what_the_books_say_today(self) -> None:
        """Once a look was taken, of everybody whose change was heard of; and nobody is there twice. Who came
        and left before anybody looked was never a member, and is made none.
        """
        rows = self.world.ledger_rows.rows
        assert len(rows) == len({(row.entity, row.code) for row in rows.values()})
        if self.looked:
            unheard = {f"0{key[-1]}" for key in self.unheard}
            kept = {
                key: (row.title, "open" if row.open else str(row.until))
                for key, row in rows.items()
                if row.code not in unheard
            }
            wanted = self.wanted(unheard)
            assert kept == {key: said for key, said in wanted.items() if key in kept or said[1] == "open"}

    def teardown(self) -> None:
        """After a week everything was heard of or read, and nothing is left to write."""
        if not hasattr(self, "books"):
            return
        self.look(8 * DAY)
        self.unheard.clear()
        self.members_are_what_the_books_say_today()
        written, day = len(self.world.ledger_rows.puts), self.day()
        for _, body, _ in self.waiting:
            self.world.call(body)
        self.look(EVERY)
        self.members_are_what_the_books_say_today()
        # What takes effect on the next day is written then.
        assert self.day() != day or written == len(self.world.ledger_rows.puts)

    # --- parts ----------------------------------------------------------------------------------------------

    def day(self, days: int = 0) -> date:
        """In the companies, so many days from the day that it is."""
        return self.world.clock.now().astimezone(ZONE).date() + timedelta(days=days)

    def last(self, who: int) -> Stint | None:
        person = self.books.people.get(f"E0{who}")
        return person.stints[-1] if person else None

    def tell(self, who: int, listed: bool) -> None:
        """Something was entered: a notification is on its way, and the list of changes names it, or not."""
        key, now = f"E0{who}", self.world.clock.now()
        self.waiting.append((key, self.world.event(key=key), now))
        self.looked = False
        self.unheard.add(key)
        if listed:
            self.books.noted.append(key)

    def wanted(self, but: Collection[str]) -> dict[str, tuple[str, str]]:
        """What the ledger has to keep today, of all but those with these numbers."""
        found: dict[str, tuple[str, str]] = {}
        for person in self.books.people.values():
            if person.number not in but:
                found |= person.members(self.day())
        return found

    def look(self, after: timedelta) -> None:
        """The flow looks, and what it finds it does by itself."""
        self.books.told.clear()
        for arrival in self.world.look(after.total_seconds()):
            for run in arrival.runs:
                row = self.world.at(run)
                assert RunState.DONE is row.state, (row, self.world.problem_list(run))
                self.looked = True
        self.unheard -= self.books.told


class AtLength(Events):
    """The same, longer and more often."""


@pytest.mark.slow
def test_the_order_in_which_changes_are_heard_of_has_no_meaning_at_length() -> None:
    run_state_machine_as_test(AtLength, settings=settings(max_examples=60, stateful_step_count=30))


def test_the_order_in_which_changes_are_heard_of_has_no_meaning() -> None:
    """What fails is shown as it was found: the test at length makes it as short as can be, in minutes."""
    few = settings(max_examples=20, stateful_step_count=15, phases=[Phase.generate])
    run_state_machine_as_test(Events, settings=few)
