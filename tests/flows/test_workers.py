"""Workers of a payroll as members of a ledger's axis, carried out by the product, the vendors at their
ports.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from tests.payday import SOURCE, TARGET, World

from ml_connector.contract.reference_register import ReferenceRegister, ReferenceRows
from ml_connector.domain.dimension import Dimension, DimensionValue, code_on
from ml_connector.domain.problem import Owner
from ml_connector.domain.worker import Employment, EmploymentState, Placement, UnreadWorker, Worker
from ml_connector.errors import NotSent
from ml_connector.flows.flow import Mode, PolicyError
from ml_connector.flows.workers import read_policy
from ml_connector.ports.registers import RegisterLimits
from ml_connector.ports.runs import RunRow, RunState
from ml_connector.ports.systems import System
from ml_connector.ports.workers import Changed

OPTIONS = {"axis": "cost_unit", "entities": "US1=10,US2=20", "zones": "America/New_York", "excluded": "TES"}


def employment(start: str, end: str = "", company: str = "US1", **more: Any) -> Employment:
    day = date.fromisoformat
    return Employment(company=company, start=day(start), end=day(end) if end else None, **more)


def worker(number: str, *employments: Employment, name: str = "") -> Worker:
    held = employments or (employment("2025-01-01"),)
    return Worker(key=f"E{number}", number=number, name=name or f"Worker {number}", employments=held)


class People:
    """A `WorkerSource` whose changes are noted as they are made."""

    def __init__(self) -> None:
        self.held: dict[str, Worker] = {}
        self.noted: list[str] = []
        self.calls: list[str] = []
        self.lists = True
        self.cursors_are_lost = False
        self.alone: dict[str, UnreadWorker] = {}
        """Whose rows cannot be understood when they are asked for by themselves."""

    def put(self, *workers: Worker, tell: bool = True) -> None:
        for found in workers:
            self.held[found.key] = found
            self.noted.extend([found.key] if tell else [])

    def take_out(self, number: str) -> None:
        del self.held[f"E{number}"]
        self.noted.append(f"E{number}")

    def workers(self) -> Iterator[Worker]:
        self.calls.append("workers")
        if not self.lists:
            raise NotSent("Page 2 of 3 does not come.")
        yield from (self.held[key] for key in sorted(self.held))

    def read(self, keys: Collection[str]) -> Mapping[str, Worker]:
        self.calls.append("read")
        return {key: self.alone.get(key, self.held[key]) for key in keys if key in self.held}

    def changed(self, cursor: str) -> Changed:
        """From one before the cursor: what is read again must do no harm."""
        self.calls.append("changed")
        if self.cursors_are_lost:
            return Changed(keys=(), cursor=str(len(self.noted)), whole=True)
        start = max(0, int(cursor or 0) - 1) if cursor != "lost" else 0
        return Changed(keys=tuple(self.noted[start:]), cursor=str(len(self.noted)), whole=cursor == "lost")


class Members(World):
    """An installation that keeps a payroll's workers in a ledger. It is noon in New York on 15 July."""

    def __init__(
        self, *, mode: Mode = Mode.AUTOMATIC, shared: bool = False, dated: bool = False, **options: str
    ) -> None:
        self.people, self.ledger_rows = People(), ReferenceRows()
        axes = frozenset({"cost_unit"})
        limits = RegisterLimits(
            settle_seconds=5, shared=shared, axes=axes, dated=axes if dated else frozenset()
        )
        self.register = ReferenceRegister(self.ledger_rows, limits)
        super().__init__()
        self.set(mode=mode, **options)
        self.move("2026-07-15T16:00")

    def set(self, *, mode: Mode = Mode.AUTOMATIC, **options: str) -> None:
        self.access.set_flow(
            kind="workers",
            source=self.access.connection(SOURCE),
            target=self.access.connection(TARGET),
            mode=mode,
            starts_on=date(2026, 1, 1),
            mapping="",
            options={**OPTIONS, **options},
        )

    def move(self, to: str) -> None:
        """The clock, in UTC."""
        moment = datetime.fromisoformat(to).replace(tzinfo=UTC)
        self.clock.sleep((moment - self.clock.now()).total_seconds())

    def system(self, name: str) -> System:
        inner = super().system(name)
        if name == SOURCE:
            return replace(inner, sources={**inner.sources, Worker: self.people})
        return replace(inner, registers={DimensionValue: self.register})

    def align(self) -> RunRow:
        """The next pass, as far as it goes by itself."""
        references, _ = self.operations.new("workers", SOURCE, TARGET, None)
        run = self.operations.start("workers", SOURCE, TARGET, references[0]).id
        self.run_to_rest()
        return self.at(run)

    def done(self) -> dict[str, str]:
        """What the next pass does, by key."""
        at = self.align()
        assert RunState.DONE is at.state, self.problems(at.id)
        return {row.change.key: str(row.change.act) for row in self.operations.records.plan(at.id, 1000)}

    def members(self) -> dict[str, str]:
        """By key the last day, or that it is open."""
        return {row.key: "open" if row.open else str(row.until) for row in self.ledger_rows.rows.values()}

    def places(self) -> list[str]:
        """The department that is kept of each worker."""
        from ml_connector.store.snapshots import StoredSnapshots

        self._use()
        rows = StoredSnapshots(self.access.connection(SOURCE)).rows("worker")
        return [str(code_on("department", row.employments[0].codes)) for row in rows]

    def items(self) -> dict[str, str]:
        """What people have to look at: code by subject."""
        from ml_connector.app.worklist import Worklist

        self._use()
        return {item.subject: item.code for item in Worklist(self.access, self._actor).open()}


@pytest.mark.parametrize("dated", [True, False])
def test_the_first_day_goes_where_a_member_has_one(dated: bool) -> None:
    """Of the employment that holds; a rehire brings another."""
    world = Members(dated=dated)
    first, again = employment("2025-01-01", "2026-07-14"), employment("2026-07-15")
    world.people.put(worker("01", first))
    world.people.put(worker("02", employment("2025-01-01")))
    world.done()
    world.people.put(worker("02", employment("2025-01-01", "2026-07-10")))
    world.done()
    world.people.put(worker("02", employment("2025-01-01", "2026-07-10"), again))
    assert {"10/cost_unit/02": "reopen"} == world.done()

    assert {} == world.done()
    found = {row.code: row.since for row in world.ledger_rows.rows.values()}
    assert {"02": date(2026, 7, 15) if dated else None} == found


def test_a_worker_is_one_member_in_each_legal_entity_that_employs_them() -> None:
    world = Members()
    world.people.put(
        worker("01"), worker("02", employment("2026-01-01"), employment("2026-01-01", company="US2"))
    )

    assert {"10/cost_unit/01", "10/cost_unit/02", "20/cost_unit/02"} == set(world.done())
    assert {"open"} == set(world.members().values())
    assert {} == world.done()


def test_the_first_pass_reads_everybody_and_the_next_only_what_changed() -> None:
    """What is repeated costs no write."""
    world = Members()
    world.people.put(worker("01"), worker("02"))
    world.done()
    world.people.put(worker("02", name="Reed"))

    assert {"10/cost_unit/02": "change"} == world.done()
    assert ["changed", "workers", "changed", "read"] == world.people.calls
    world.people.calls.clear()
    assert {} == world.done()
    assert ["changed", "read"] == world.people.calls


@pytest.mark.parametrize(("hour", "closed"), [("2026-08-01T03:30", False), ("2026-08-01T04:30", True)])
def test_a_leaving_entered_for_a_later_day_closes_once_after_it(hour: str, closed: bool) -> None:
    """After midnight in the company's zone, although nothing is heard of it then."""
    world = Members()
    world.people.put(worker("01", employment("2025-01-01", "2026-07-31")))
    assert {"10/cost_unit/01": "create"} == world.done()
    world.move(hour)

    assert ({"10/cost_unit/01": "close"} if closed else {}) == world.done()
    assert {"10/cost_unit/01": "2026-07-31" if closed else "open"} == world.members()
    assert {} == world.done()


def test_a_leaving_that_is_withdrawn_closes_nobody() -> None:
    world = Members()
    world.people.put(worker("01", employment("2025-01-01", "2026-07-31")))
    world.done()
    world.people.put(worker("01"))
    world.move("2026-08-02T12:00")

    assert {} == world.done()


def test_a_hire_entered_for_a_later_day_is_made_on_it_and_moved_and_withdrawn_before() -> None:
    world = Members()
    world.people.put(worker("01", employment("2026-08-01")), worker("02", employment("2026-08-01")))
    assert {} == world.done()
    world.people.put(worker("01", employment("2026-09-01")))
    world.people.take_out("02")
    world.move("2026-08-03T12:00")
    assert {} == world.done()
    world.move("2026-09-01T12:00")

    assert {"10/cost_unit/01": "create"} == world.done()


@pytest.mark.parametrize("turned", [False, True])
def test_somebody_who_comes_back_is_the_same_member_opened_again(turned: bool) -> None:
    world = Members()
    first, again = employment("2025-01-01", "2026-06-30"), employment("2026-07-20")
    world.people.put(worker("01"))
    world.done()
    world.people.put(worker("01", first))
    assert {"10/cost_unit/01": "close"} == world.done()
    world.people.put(worker("01", *((again, first) if turned else (first, again))))
    assert {} == world.done()
    world.move("2026-07-20T12:00")

    assert {"10/cost_unit/01": "reopen"} == world.done()
    assert {"10/cost_unit/01": "open"} == world.members()


def test_a_move_between_companies_closes_in_the_one_and_opens_in_the_other() -> None:
    world = Members()
    world.people.put(worker("01"))
    world.done()
    gone = employment("2025-01-01", "2026-07-14", state=EmploymentState.ENDED, moved=True)
    world.people.put(worker("01", gone, employment("2026-07-15", company="US2")))

    assert {"10/cost_unit/01": "close", "20/cost_unit/01": "create"} == world.done()
    assert {"10/cost_unit/01": "2026-07-14", "20/cost_unit/01": "open"} == world.members()


def test_the_end_in_one_company_leaves_the_other_open() -> None:
    world = Members()
    both = employment("2025-01-01"), employment("2025-01-01", company="US2")
    world.people.put(worker("01", *both))
    world.done()
    world.people.put(worker("01", replace(both[0], end=date(2026, 6, 30)), both[1]))

    assert {"10/cost_unit/01": "close"} == world.done()


def test_where_all_share_one_row_it_is_open_while_any_company_employs_them() -> None:
    world = Members(shared=True)
    world.people.put(
        worker("01", employment("2025-01-01", "2026-06-30"), employment("2025-01-01", company="US2"))
    )

    assert {"/cost_unit/01": "create"} == world.done()
    assert {"/cost_unit/01": "open"} == world.members()


def test_leave_keeps_a_member_open() -> None:
    world = Members()
    world.people.put(worker("01", employment("2025-01-01", state=EmploymentState.LEAVE)))

    assert {"10/cost_unit/01": "create"} == world.done()


def test_a_state_that_nobody_explained_leaves_members_as_they_are_and_is_one_item_for_each_letter() -> None:
    world = Members()
    world.people.put(*(worker(f"0{n}") for n in range(5)))
    world.done()
    strange = {"R": (0, 1, 2), "X": (3, 4)}
    for letter, numbers in strange.items():
        for number in numbers:
            unknown = employment("2025-01-01", "2026-07-01", letter=letter, state=EmploymentState.UNKNOWN)
            world.people.put(worker(f"0{number}", unknown))

    world.people.put(worker("09", employment("2025-01-01", letter="R", state=EmploymentState.UNKNOWN)))

    assert {} == world.done()
    assert {"R": "worker.state", "X": "worker.state"} == world.items()
    del world.people.held["E09"]
    for number in range(5):
        world.people.put(worker(f"0{number}"))
    world.done()
    assert {} == world.items()


def test_an_end_without_a_day_closes_nobody() -> None:
    """As where a right to see the date was withdrawn."""
    world = Members()
    world.people.put(worker("01"))
    world.done()
    world.people.put(worker("01", employment("2025-01-01", letter="T", state=EmploymentState.ENDED)))

    assert {} == world.done()
    assert {"T": "worker.state"} == world.items()


def test_a_list_that_is_not_whole_closes_nobody_and_the_next_pass_reads_everybody() -> None:
    world = Members()
    world.people.put(worker("01"))
    world.people.lists = False
    at = world.align()
    assert at.state is not RunState.DONE
    assert {} == world.members()
    world.people.lists = True
    world.operations.cancel(at.id)

    assert {"10/cost_unit/01": "create"} == world.done()


def unread(key: str) -> UnreadWorker:
    return UnreadWorker(key=key, code="worker.incomplete", text="No day of hire.", owner=Owner.PAYROLL)


def test_somebody_who_cannot_be_read_stays_as_known_and_the_others_go_on() -> None:
    """An item until the row can be read; each look at changes tries again."""
    world = Members()
    world.people.put(worker("01"), worker("02"))
    world.done()
    world.people.held["E01"] = unread("E01")
    world.people.held["E03"] = unread("E03")
    world.people.noted.extend(["E01", "E03"])
    world.people.put(worker("04"))

    assert {"10/cost_unit/04": "create"} == world.done()
    assert {"E01": "worker.incomplete", "E03": "worker.incomplete"} == world.items()
    world.people.held["E01"] = worker("01", employment("2025-01-01", "2026-07-01"))
    world.people.put(worker("04"))
    assert {"10/cost_unit/01": "close"} == world.done()
    assert {"E03": "worker.incomplete"} == world.items()
    del world.people.held["E03"]
    world.people.put(worker("04"))
    assert {} == world.done()
    assert {} == world.items()


def test_whoever_could_not_be_read_is_tried_again_although_nobody_tells() -> None:
    world = Members()
    world.people.put(worker("01"))
    world.done()
    world.people.held["E01"] = unread("E01")
    world.people.noted.extend(["E01", "E09"])
    world.done()
    world.people.held["E01"] = worker("01", name="Other")
    world.people.noted.extend(["E09", "E09"])
    world.done()
    world.people.held["E01"] = worker("01", name="Another")
    world.people.noted.extend(["E09", "E09"])

    assert {} == world.done()
    assert {"Other"} == {row.title for row in world.ledger_rows.rows.values()}
    assert {} == world.items()


def test_of_everybody_those_who_cannot_be_read_stay_as_known() -> None:
    world = Members()
    world.people.put(worker("01"), worker("02"))
    world.done()
    world.people.held["E01"] = unread("E01")
    world.people.put(worker("04"), tell=False)
    world.move("2026-07-25T12:00")

    assert {"10/cost_unit/04": "create"} == world.done()
    assert {"E01": "worker.incomplete"} == world.items()


def test_a_row_of_nobody_closes_nobody() -> None:
    """It may be of whoever does not come, or comes with less; what is sure goes on."""
    world = Members()
    both = (employment("2025-01-01"), employment("2025-01-01", company="US2"))
    world.people.put(worker("01"), worker("02", *both), worker("03"))
    world.done()
    world.people.held["?"] = unread("?")
    world.people.put(worker("02", both[0]), worker("03", name="Other"), worker("04"), tell=False)
    del world.people.held["E01"]
    world.move("2026-07-25T12:00")

    assert {"10/cost_unit/03": "change", "10/cost_unit/04": "create"} == world.done()
    assert {"?": "worker.incomplete"} == world.items()
    del world.people.held["?"]
    world.move("2026-08-05T12:00")
    assert {"10/cost_unit/01": "close", "20/cost_unit/02": "close"} == world.done()
    assert {} == world.items()


def test_somebody_placed_otherwise_who_cannot_be_read_alone_stays_as_known() -> None:
    world = Members()
    here = employment("2025-01-01", codes=(Dimension("department", "A"),))
    world.people.put(worker("01", here))
    world.done()
    world.people.put(worker("01", replace(here, codes=(Dimension("department", "B"),))), tell=False)
    world.people.alone["E01"] = unread("E01")
    world.move("2026-07-25T12:00")

    assert {} == world.done()
    assert ["A"] == world.places()
    assert {"E01": "worker.incomplete"} == world.items()


def test_a_list_that_shrinks_asks_and_closes_nobody() -> None:
    """The answer is empty, and says that it is all there is."""
    world = Members()
    world.people.put(*(worker(f"{n:03}") for n in range(60)))
    world.done()
    world.people.held.clear()
    world.move("2026-07-25T12:00")

    at = world.align()

    assert (RunState.HELD, ["plan.loss"]) == (at.state, world.problems(at.id))
    assert {"open"} == set(world.members().values())


@pytest.mark.parametrize("shared", [True, False])
def test_a_small_company_that_is_gone_from_the_list_is_asked_about(shared: bool) -> None:
    """Also where one row serves all companies, of which the others are far more."""
    world = Members(shared=shared)
    small = [worker(f"S{n}", employment("2025-01-01", company="US2")) for n in range(7)]
    world.people.put(*(worker(f"{n:03}") for n in range(90)), *small)
    world.done()
    for one in small:
        del world.people.held[one.key]
    world.move("2026-07-25T12:00")

    at = world.align()

    assert (RunState.HELD, ["plan.loss"]) == (at.state, world.problems(at.id))
    assert {"open"} == set(world.members().values())
    world.operations.answer(at.id, "loss_is_right")
    world.run_to_rest()
    assert RunState.DONE is world.at(at.id).state
    assert 7 == Counter(day != "open" for day in world.members().values())[True]


@pytest.mark.parametrize("everybody", [True, False])
def test_a_code_that_is_blanked_for_everybody_is_asked_about(everybody: bool) -> None:
    """A right was withdrawn: nothing is taken over before a person says that it is right. A few who have no
    code any more are nothing to ask about.
    """
    world = Members()
    world.people.put(*(worker(f"{n:03}", placed("100")) for n in range(40)))
    world.done()
    world.people.put(*(worker(f"{n:03}") for n in range(5)))
    assert RunState.DONE is world.align().state
    world.people.put(*(worker(f"{n:03}") for n in range(40)))

    given = {"everybody": ("yes",)} if everybody else {}
    at = world.at(world.operations.start("workers", SOURCE, TARGET, "now", given=given).id)
    world.run_to_rest()

    assert (RunState.HELD, ["plan.loss"]) == (world.at(at.id).state, world.problems(at.id))
    assert "35 of 35 workers of US1 have no department any more" in world.problem_list(at.id)[0].text
    assert 35 == sum(bool(one.employments[0].placements) for one in kept(world))
    world.operations.answer(at.id, "loss_is_right")
    world.run_to_rest()
    assert RunState.DONE is world.at(at.id).state
    assert not any(one.employments[0].placements for one in kept(world))


def kept(world: Members) -> list[Worker]:
    """The workers as the product keeps them."""
    from ml_connector.store.snapshots import StoredSnapshots

    return list(StoredSnapshots(world.access.connection(SOURCE)).rows("worker"))


def test_people_who_are_not_listed_any_more_are_asked_about_though_they_are_few() -> None:
    """A source that was restored has lost its last hires; whoever leaves stays on its list."""
    world = Members()
    world.people.put(*(worker(f"{n:03}") for n in range(100)))
    world.done()
    for n in range(6):
        del world.people.held[f"E{n:03}"]
    world.move("2026-07-25T12:00")

    at = world.align()

    assert (RunState.HELD, ["plan.loss"]) == (at.state, world.problems(at.id))
    assert "6 of 100 workers are not listed any more" in world.problem_list(at.id)[0].text
    assert {"open"} == set(world.members().values())


def test_an_answer_about_a_company_is_for_so_many_workers() -> None:
    """Where more are gone meanwhile, it is asked again."""
    world = Members(shared=True)
    small = [worker(f"S{n}", employment("2025-01-01", company="US2")) for n in range(9)]
    world.people.put(*(worker(f"{n:03}") for n in range(90)), *small)
    world.done()
    for one in small[:7]:
        del world.people.held[one.key]
    world.move("2026-07-25T12:00")
    held = world.align()
    del world.people.held[small[7].key]
    world.operations.answer(held.id, "loss_is_right")
    world.run_to_rest()

    assert (RunState.HELD, ["plan.loss"]) == (world.at(held.id).state, world.problems(held.id))
    assert {"open"} == set(world.members().values())


def test_each_step_of_what_is_to_come_leaves_a_line(read: Callable[[Members], None]) -> None:
    """Entered, moved, taken back; whoever reads it, and nothing for who was there before."""
    world = Members()
    world.people.put(worker("01"))
    world.done()
    for change in (employment("2026-08-03"), employment("2026-08-10"), None):
        if change is not None:
            world.people.put(worker("02", change))
        else:
            world.people.take_out("02")
        read(world)
        world.done()

    hire, moved = "US1 hire 2026-08-03", "US1 hire 2026-08-10"
    assert [("E02", "", hire), ("E02", hire, moved), ("E02", moved, "")] == lines(world)


def lines(world: Members) -> list[tuple[str, str, str]]:
    """What the audit log has of what is to come."""
    world._use()
    from ml_connector.store.models import AuditEntry

    texts = AuditEntry.objects.order_by("number").values_list("text", flat=True)
    found = [entry["detail"] for entry in map(json.loads, texts) if entry["action"] == "worker.coming"]
    return [(one["worker"], one["was"], one["is"]) for one in found]


@pytest.fixture(params=["by changes", "by everybody"])
def read(request: pytest.FixtureRequest) -> Callable[[Members], None]:
    """How the next pass comes to know."""

    def later(world: Members) -> None:
        if request.param == "by everybody":
            world.people.noted.clear()
            world.people.cursors_are_lost = True

    return later


def test_a_strange_state_is_of_the_member_as_the_ledger_spells_it() -> None:
    """A number in small letters, in a ledger that writes capitals."""
    world = Members()
    world.ledger_rows.normal = lambda row: replace(row, code=row.code.upper())
    world.people.put(worker("ab1"))
    world.done()
    unknown = employment("2025-01-01", "2026-07-01", letter="R", state=EmploymentState.UNKNOWN)
    world.people.put(worker("ab1", unknown))

    assert {} == world.done()
    assert {"10/cost_unit/AB1": "open"} == world.members()


def test_a_day_without_changes_costs_reads_of_changes_alone() -> None:
    """Also over midnight, and although somebody leaves, begins and moves that day: it was entered before."""
    world = Members()
    world.people.put(
        worker("01", employment("2025-01-01", "2026-07-15")),
        worker("02", employment("2026-07-16")),
        worker("03", placed("100", ("2026-07-16", "200"))),
        worker("04"),
    )
    world.done()
    world.people.noted.clear()
    world.people.calls.clear()
    done: dict[str, str] = {}
    for hour in (*(f"2026-07-15T{n}" for n in (18, 21)), *(f"2026-07-16T{n:02}" for n in range(0, 24, 3))):
        world.move(f"{hour}:00")
        done |= world.done()

    assert {"10/cost_unit/01": "close", "10/cost_unit/02": "create"} == done
    assert {"changed": 10} == Counter(world.people.calls)


def placed(code: str, *rows: tuple[str, str], company: str = "US1") -> Employment:
    """Placed on the code now, and on others from days on."""
    known = [("2025-01-01", code), *rows]
    return employment(
        "2025-01-01",
        company=company,
        codes=(Dimension("department", code),),
        placements=tuple(
            Placement(since=date.fromisoformat(day), codes=(Dimension("department", held),), letter="A")
            for day, held in known
        ),
    )


@pytest.mark.parametrize(
    ("hour", "codes"), [("2026-07-17T03:30", ("100", "100")), ("2026-07-17T04:30", ("200", "100"))]
)
def test_a_move_that_is_entered_holds_from_its_day_on(hour: str, codes: tuple[str, str]) -> None:
    """In the company's zone, although nobody is read again; of two that are to come each on its own day."""
    world = Members()
    moves = ("2026-07-17", "200"), ("2026-07-20", "300")
    world.people.put(worker("01", placed("100", *moves)), worker("02", placed("100", *moves[1:])))
    world.done()
    world.people.noted.clear()
    world.people.calls.clear()
    world.move(hour)
    world.done()

    assert codes == tuple(world.places())
    world.move("2026-07-20T12:00")
    world.done()
    assert ["300", "300"] == world.places()
    assert ["changed", "changed"] == world.people.calls


def test_a_move_that_is_withdrawn_does_not_hold_on_its_day() -> None:
    world = Members()
    world.people.put(worker("01", placed("100", ("2026-07-17", "200"))))
    world.done()
    world.people.put(worker("01", placed("100")))
    world.done()
    world.people.noted.clear()
    world.move("2026-07-17T12:00")
    world.done()

    assert ["100"] == world.places()


def test_who_is_read_on_the_day_is_kept_as_of_it() -> None:
    """The source has its midnight later: what it shows is still that of the day before."""
    world = Members()
    world.people.put(worker("01", placed("100")), worker("02", placed("100", ("2026-07-16", "200"))))
    world.done()
    world.move("2026-07-16T04:30")
    world.people.put(worker("01", placed("100", ("2026-07-16", "200"))))
    world.done()

    assert ["200", "200"] == world.places()


def test_a_person_may_have_everybody_read() -> None:
    world = Members()
    world.people.put(worker("01"))
    world.done()
    world.people.put(worker("01", name="Reed"), tell=False)
    world.people.noted.clear()
    run = world.operations.start("workers", SOURCE, TARGET, "now", given={"everybody": ["yes"]}).id
    world.run_to_rest()

    assert "Reed" == world.ledger_rows.rows["10/cost_unit/01"].title, world.at(run)
    with pytest.raises(PolicyError, match="everybody is 'some'"):
        world.operations.start("workers", SOURCE, TARGET, "now", given={"everybody": ["some"]})


def test_what_changes_while_everybody_is_read_is_read_next() -> None:
    """Behind the page that it stood on."""
    world = Members()
    world.people.put(worker("01"), worker("02"))
    everybody = world.people.workers

    def moving() -> Iterator[Worker]:
        for found in everybody():
            yield found
            world.people.workers = everybody  # type: ignore[method-assign]
            if found.number == "01":
                world.people.put(worker("01", name="Reed"), worker("03"), worker("04"), worker("05"))

    world.people.workers = moving  # type: ignore[method-assign]
    world.done()

    world.done()
    assert "Reed" == world.ledger_rows.rows["10/cost_unit/01"].title


@pytest.mark.parametrize("cause", ["week", "lost"])
def test_everybody_is_read_again_once_a_week_and_where_the_cursor_is_lost(cause: str) -> None:
    """So a change that the source tells nobody of is found."""
    world = Members()
    world.people.put(worker("01"))
    world.done()
    world.people.put(worker("01", name="Reed"), tell=False)
    world.people.noted.clear()
    assert {} == world.done()
    if cause == "week":
        world.move("2026-07-22T17:00")
    else:
        from ml_connector.store.models import SnapshotCursor

        world._use()
        SnapshotCursor.objects.update(cursor="lost")

    assert {"10/cost_unit/01": "change"} == world.done()


def test_a_member_that_payroll_does_not_know_is_for_people_and_stays_open() -> None:
    world = Members()
    world.ledger_rows.edit(DimensionValue(entity="10", axis="cost_unit", code="HAND", title="By hand"))
    world.people.put(worker("01"), worker("02", employment("2025-01-01", kind="TES")))
    world.done()

    assert {"10/cost_unit/HAND": "plan.theirs"} == world.items()
    assert {"10/cost_unit/HAND": "open", "10/cost_unit/01": "open"} == world.members()


def test_two_ids_under_one_number_are_named_and_neither_is_written() -> None:
    world = Members()
    world.people.put(worker("01"), replace(worker("01", name="Reed"), key="E99"), worker("02"))

    at = world.align()

    assert (RunState.HELD, ["plan.refused"]) == (at.state, world.problems(at.id))
    assert {"10/cost_unit/02"} == set(world.members())


def test_a_worker_without_a_number_is_for_people_and_the_others_are_done() -> None:
    world = Members()
    world.people.put(worker("01"), replace(worker("02"), number=" "))

    assert {"10/cost_unit/01": "create"} == world.done()
    assert {"E02": "worker.number"} == world.items()


def test_a_number_may_be_written_without_its_noughts() -> None:
    world = Members(code="short")
    world.people.put(worker("000012444"), worker("000"))

    assert {"10/cost_unit/12444", "10/cost_unit/000"} == set(world.done())


def test_a_pass_takes_the_place_of_one_that_waits_for_people() -> None:
    """What was shown is not approved any more; a dry pass takes no place."""
    from ml_connector.app.refusals import NotAllowed

    world = Members(mode=Mode.APPROVE)
    world.people.put(worker("01"))
    first = world.align()
    assert RunState.AWAITING_APPROVAL is first.state
    world.operations.start("workers", SOURCE, TARGET, "dry", dry_run=True)
    world.run_to_rest()
    assert RunState.AWAITING_APPROVAL is world.at(first.id).state

    second = world.align()

    assert (RunState.CANCELLED, f"Run {second.id} took its place.") == (
        world.at(first.id).state,
        world.at(first.id).summary,
    )
    assert RunState.AWAITING_APPROVAL is second.state
    with pytest.raises(NotAllowed) as asked:
        world.operations.answer(first.id, "loss_is_right")
    assert str(asked.value).endswith(f"It is cancelled: Run {second.id} took its place.")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({**OPTIONS, "axis": " "}, "'axis' is missing"),
        ({**OPTIONS, "entities": ""}, "'entities' is missing"),
        ({**OPTIONS, "entities": "US1"}, "entities has 'US1'"),
        ({**OPTIONS, "code": "email"}, "code is 'email'"),
        ({**OPTIONS, "color": "red"}, "unknown option 'color'"),
    ],
)
def test_a_setting_that_cannot_be_read_is_refused(options: dict[str, str], told: str) -> None:
    with pytest.raises(PolicyError, match=told):
        read_policy("approve", date(2026, 1, 1), options)


def test_a_mode_that_there_is_not_is_refused() -> None:
    with pytest.raises(PolicyError, match="mode is 'aprove', expected one of propose, approve, automatic"):
        read_policy("aprove", date(2026, 1, 1), OPTIONS)
