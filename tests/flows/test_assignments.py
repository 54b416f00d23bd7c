"""Where workers are placed as the default dimensions of their employments: the product with its own tables, a
payroll at its port, and the simulated Dynamics 365 over HTTP.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import httpx2
import pytest
import stamina
from tests.flows.test_workers import People, employment, worker
from tests.payday import SOURCE, TARGET, Crash, World

from ml_connector.connectors.dynamics_fo.tests.conftest import DynamicsWorld
from ml_connector.connectors.dynamics_fo.tests.employments_world import EmploymentsWorld
from ml_connector.contract.memory import VirtualClock
from ml_connector.contract.reference_register import ReferenceRegister, ReferenceRows
from ml_connector.contract.simulated import SharedClock
from ml_connector.contract.world import LOST_AFTER, LOST_BEFORE
from ml_connector.domain.dimension import DimensionValue, dimensions
from ml_connector.domain.mapping import Mapping, Translation
from ml_connector.domain.worker import Assignment, Employment, EmploymentState, Placement, Worker
from ml_connector.flows.assignments import read_policy
from ml_connector.flows.flow import Mode, PolicyError
from ml_connector.ports.runs import RunRow, RunState
from ml_connector.ports.systems import System

LONG_AGO = date(2025, 1, 1)
ENTITIES = "US1=usmf,US2=dat"
OPTIONS = {
    "axes": "org_level_1=cost_center,project=project",
    "entities": ENTITIES,
    "zones": "America/New_York",
    "excluded": "TES",
}
WORKERS = {"axis": "worker", "entities": ENTITIES, "zones": "America/New_York"}


def placed(center: str = "AKRASM", project: str = "", start: str = "2025-01-01", **more: Any) -> Employment:
    """An employment by US1 with these codes."""
    codes = dimensions({"org_level_1": center, "project": project})
    return employment(start, more.pop("end", ""), codes=codes, **more)


class OneClock(SharedClock):
    """The simulator's clock as the whole world's."""

    def advance(self, seconds: float) -> None:
        self.sleep(seconds)


class Employments(World):
    """An installation that keeps workers of a payroll, and gives their codes to employments in Dynamics, on
    one clock. It is noon in New York on 15 July.
    """

    def __init__(self, *, mode: Mode = Mode.AUTOMATIC, switches: Any = None, **options: str) -> None:
        self.people = People()
        self.members = ReferenceRegister(ReferenceRows())
        self.dynamics = EmploymentsWorld(DynamicsWorld(company="usmf, dat", switches=switches))
        super().__init__(clock=cast(VirtualClock, OneClock(self.dynamics.inner.clock)))
        self.set_flow("workers", WORKERS)
        self.set(mode=mode, **options)
        self.move("2026-07-15T16:00")

    def set(self, *, mode: Mode = Mode.AUTOMATIC, mapping: str = "", **options: str) -> None:
        self.set_flow("assignments", {**OPTIONS, **options}, mode, mapping)

    def set_flow(
        self, kind: str, options: dict[str, str], mode: Mode = Mode.AUTOMATIC, mapping: str = ""
    ) -> None:
        self.access.set_flow(
            kind=kind,
            source=self.access.connection(SOURCE),
            target=self.access.connection(TARGET),
            mode=mode,
            starts_on=date(2026, 1, 1),
            mapping=mapping,
            options=options,
        )

    def move(self, to: str) -> None:
        """Every clock, in UTC."""
        moment = datetime.fromisoformat(to).replace(tzinfo=UTC)
        self.clock.sleep((moment - self.clock.now()).total_seconds())

    def system(self, name: str) -> System:
        inner = super().system(name)
        if name == SOURCE:
            topics = {Worker: ("Employee*",)}
            return replace(inner, sources={**inner.sources, Worker: self.people}, topics=topics)
        return replace(inner, registers={DimensionValue: self.members, Assignment: self.dynamics.register})

    def read(self, *workers: Worker) -> None:
        """What payroll has now, as a pass of the flow of workers keeps it."""
        self.people.put(*workers)
        assert RunState.DONE is self.run("workers").state
        self.people.calls.clear()

    def run(self, kind: str) -> RunRow:
        """The next pass, as far as it goes by itself."""
        references, _ = self.operations.new(kind, SOURCE, TARGET, None)
        run = self.operations.start(kind, SOURCE, TARGET, references[0]).id
        self.run_to_rest()
        return self.at(run)

    def align(self) -> RunRow:
        return self.run("assignments")

    def done(self) -> dict[str, str]:
        """What the next pass does, by key, and that it asks payroll nothing."""
        at = self.align()
        assert RunState.DONE is at.state, self.problems(at.id)
        assert [] == self.people.calls
        return self.plan(at.id)

    def plan(self, run: str) -> dict[str, str]:
        return {row.change.key: str(row.change.act) for row in self.operations.records.plan(run, 1000)}

    def employ(self, *numbers: str, entity: str = "usmf", **codes: str) -> None:
        """HR has these people in Dynamics."""
        for number in numbers:
            self.dynamics.employ(number, entity, LONG_AGO, **codes)

    def held(self, number: str, entity: str = "usmf") -> Any:
        """What the newest employment has."""
        return self.dynamics.held(number, entity)[-1]

    def items(self) -> dict[str, str]:
        """What people have to look at about employments: text by subject."""
        from ml_connector.app.worklist import Worklist

        self._use()
        flow = f"flow {self.access.flow('assignments', SOURCE, TARGET).pk}"
        return {
            one.subject: one.text for one in Worklist(self.access, self._actor).open() if one.about == flow
        }


@pytest.fixture(autouse=True)
def no_waiting() -> Any:
    """Reads that fail are not repeated, and nobody pauses."""
    with stamina.set_testing(True):
        yield


# --- what is written ----------------------------------------------------------------------------------------


def test_where_workers_are_placed_becomes_the_default_of_their_employments() -> None:
    """Each axis of the flow, and no other; a second pass has nothing to do and writes nothing."""
    world = Employments()
    world.employ("01", cost_center="HOFIN", department="010")
    world.employ("02")
    world.read(worker("01", placed("AKRASM", "P0001")), worker("02", placed("LINE-7")))

    keys = ("usmf/01/cost_center", "usmf/01/project", "usmf/02/cost_center")
    assert dict.fromkeys(keys, "change") == world.done()
    assert {"cost_center": "AKRASM", "project": "P0001", "department": "010"} == world.held("01")
    assert {"cost_center": "LINE-7"} == world.held("02")
    writes = world.dynamics.writes()
    assert {} == world.done()
    assert writes == world.dynamics.writes() == 1


def test_a_move_takes_effect_on_its_day_in_the_company_and_payroll_is_not_asked() -> None:
    """P5, P14: entered on 15 July for 25 July; midnight in New York is 04:00 UTC."""
    world = Employments()
    world.employ("01")
    later = Placement(since=date(2026, 7, 25), codes=dimensions({"org_level_1": "HOFIN"}))
    world.read(worker("01", replace(placed("AKRASM"), placements=(later,))))
    assert {"usmf/01/cost_center": "change"} == world.done()
    world.move("2026-07-25T03:50")
    assert {} == world.done()
    world.move("2026-07-25T04:10")

    assert {"usmf/01/cost_center": "change"} == world.done()
    assert {"cost_center": "HOFIN"} == world.held("01")
    assert {} == world.done()


def test_a_code_of_payroll_is_the_one_that_the_mapping_makes_of_it() -> None:
    world = Employments()
    mapping = Mapping(
        name="centers", version=1, rules=(), translations=(Translation("org_level_1", "SA", "HOSAL"),)
    )
    world.access.add_mapping(mapping, world._actor)
    world.set(mapping="centers")
    world.employ("01", "02")
    world.read(worker("01", placed("SA")), worker("02", placed("HOFIN")))
    world.done()

    assert ["HOSAL", "HOFIN"] == [world.held(number)["cost_center"] for number in ("01", "02")]


def test_numbers_may_be_written_without_noughts_and_some_kinds_are_left_alone() -> None:
    world = Employments(code="short")
    world.employ("12", "13", cost_center="HOFIN")
    world.read(worker("00012", placed()), worker("00013", placed(kind="TES")))
    world.done()

    assert ["AKRASM", "HOFIN"] == [world.held(number)["cost_center"] for number in ("12", "13")]


def test_a_code_that_payroll_takes_away_is_taken_away() -> None:
    world = Employments()
    world.employ("01", department="010")
    world.read(worker("01", placed("AKRASM", "P0001")))
    world.done()
    world.read(worker("01", placed("AKRASM")))

    assert {"usmf/01/project": "change"} == world.done()
    assert {"cost_center": "AKRASM", "department": "010"} == world.held("01")


def test_a_source_that_blanks_a_code_of_everybody_asks() -> None:
    """A right that was withdrawn looks so. Nothing is written before a person says that it is right."""
    world = Employments()
    numbers = [f"{number:02}" for number in range(12)]
    world.employ(*numbers)
    world.read(*(worker(number, placed()) for number in numbers))
    world.done()
    world.people.put(*(worker(number, placed("")) for number in numbers))
    asked = world.run("workers")
    assert (RunState.HELD, ["plan.loss"]) == (asked.state, world.problems(asked.id))
    world.operations.answer(asked.id, "loss_is_right")
    world.run_to_rest()
    at = world.align()

    assert (RunState.HELD, ["plan.loss"]) == (at.state, world.problems(at.id))
    assert {"cost_center": "AKRASM"} == world.held("05")
    world.operations.answer(at.id, "loss_is_right")
    world.run_to_rest()
    assert RunState.DONE is world.at(at.id).state
    assert {} == world.held("05")


# --- whose employments --------------------------------------------------------------------------------------


def test_a_worker_without_an_employment_is_for_people_and_the_others_are_done() -> None:
    """None is made. Once HR has entered it, the next pass fills it and the item is over."""
    world = Employments()
    world.employ("02")
    world.read(worker("01", placed("AKRASM", "P0001")), worker("02", placed()))

    assert {"usmf/02/cost_center": "change"} == world.done()
    assert ["usmf/01"] == list(world.items())
    assert "no employment there that holds today" in world.items()["usmf/01"]
    assert [] == world.dynamics.held("01", "usmf")
    world.employ("01")
    assert {"usmf/01/cost_center": "change", "usmf/01/project": "change"} == world.done()
    assert {} == world.items()


def test_a_company_whose_employments_are_not_there_is_one_item() -> None:
    """A right that is missing looks so; the other company is done."""
    world = Employments()
    world.employ("99", entity="dat")
    world.read(*(worker(f"{n:02}", placed()) for n in range(51)), worker("99", placed(company="US2")))

    assert {"dat/99/cost_center": "change"} == world.done()
    assert ["usmf"] == list(world.items())
    assert "51 workers (00, 01, 02, 03, 04, …) have no employment in usmf" in world.items()["usmf"]


def test_who_is_known_there_only_is_left_alone() -> None:
    """P13: whether payroll never knew them, or does not employ them any more; nobody's employment ends."""
    world = Employments()
    world.employ("01", "99", cost_center="HOFIN")
    world.read(worker("01", placed()))
    world.done()
    world.read(worker("01", placed(end="2026-07-10")))
    before = world.dynamics.rows("01")

    assert {} == world.done()
    assert before == world.dynamics.rows("01")
    assert ({"cost_center": "HOFIN"}, {}) == (world.held("99"), world.items())


def test_a_rehire_is_the_later_employment_and_no_edit_of_somebody() -> None:
    """P7: what was agreed of the one before does not count, and that one stays as it was."""
    world = Employments()
    world.employ("01")
    first, again = placed("AKRASM", end="2026-07-16"), placed("LINE-7", start="2026-07-25")
    world.read(worker("01", placed("AKRASM")))
    world.done()
    world.dynamics.end("01", "usmf", date(2026, 7, 16))
    world.read(worker("01", again, first))
    world.move("2026-07-20T12:00")
    assert {} == world.done()
    world.dynamics.employ("01", "usmf", date(2026, 7, 25), cost_center="HOHR")
    world.move("2026-07-25T12:00")

    assert {"usmf/01/cost_center": "change"} == world.done()
    assert [{"cost_center": "AKRASM"}, {"cost_center": "LINE-7"}] == world.dynamics.held("01", "usmf")
    assert {} == world.done()


def test_each_company_is_its_own_and_a_value_that_one_refuses_stops_nobody() -> None:
    """P20: good in the one, suspended in the other."""
    world = Employments()
    for entity in ("usmf", "dat"):
        world.employ("01", "02", entity=entity)
    world.dynamics.close("cost_center", "LINE-7", "dat")
    both = placed("LINE-7"), placed("LINE-7", company="US2")
    world.read(worker("01", *both), worker("02", placed("HOFIN", company="US2")))

    assert {"usmf/01/cost_center": "change", "dat/02/cost_center": "change"} == world.done()
    assert [{"cost_center": "LINE-7"}, {}] == [world.held("01", "usmf"), world.held("01", "dat")]
    assert ["dat/cost_center/LINE-7"] == list(world.items())


def test_a_move_to_another_company_fills_the_new_employment_and_leaves_the_old() -> None:
    world = Employments()
    world.employ("01")
    world.read(worker("01", placed("AKRASM")))
    world.done()
    world.employ("01", entity="dat")
    moved = placed("AKRASM", end="2026-07-14"), placed("HOFIN", start="2026-07-15", company="US2")
    world.read(worker("01", *moved))

    assert {"dat/01/cost_center": "change"} == world.done()
    assert [{"cost_center": "AKRASM"}, {"cost_center": "HOFIN"}] == [
        world.held("01", entity) for entity in ("usmf", "dat")
    ]


def test_a_worker_in_a_state_that_nobody_explained_stays_as_they_are() -> None:
    world = Employments()
    world.employ("01", cost_center="HOFIN")
    world.read(worker("01", placed(state=EmploymentState.UNKNOWN, letter="Q")))

    assert {} == world.done()
    assert ({"cost_center": "HOFIN"}, {}) == (world.held("01"), world.items())


def test_two_ids_under_one_number_are_named_and_nothing_is_written() -> None:
    """P8."""
    world = Employments()
    world.employ("01")
    world.read(worker("01", placed("AKRASM")), replace(worker("01", placed("HOFIN")), key="E99"))
    at = world.align()

    assert (RunState.HELD, ["plan.refused"]) == (at.state, world.problems(at.id))
    assert {} == world.held("01")


# --- codes --------------------------------------------------------------------------------------------------


def test_a_code_that_the_ledger_does_not_have_is_one_item_and_the_rest_of_the_set_goes_on() -> None:
    """The other axis of the same worker too. When a plan has brought the code, it is written."""
    world = Employments()
    numbers = [f"{number:02}" for number in range(7)]
    world.employ(*numbers, cost_center="HOFIN")
    world.read(*(worker(number, placed("AKRASM", "NEW")) for number in numbers[1:]), worker("00", placed()))

    assert {f"usmf/{number}/cost_center": "change" for number in numbers} == world.done()
    assert ["usmf/project/NEW"] == list(world.items())
    assert "6 workers are placed on it (01, 02, 03, 04, 05, …)" in world.items()["usmf/project/NEW"]
    world.dynamics.inner.control("add_dimension_value", dimension="Project", code="NEW", name="New")
    assert {f"usmf/{number}/project": "change" for number in numbers[1:]} == world.done()
    assert {"cost_center": "AKRASM", "project": "NEW"} == world.held("01")
    assert {} == world.items()


def test_a_code_that_is_closed_keeps_the_one_of_before() -> None:
    world = Employments()
    world.employ("01", cost_center="HOFIN")
    world.read(worker("01", placed("OLD1")))

    assert {} == world.done()
    assert {"cost_center": "HOFIN"} == world.held("01")
    assert "closed" in world.items()["usmf/cost_center/OLD1"]


def test_an_axis_that_the_connection_does_not_have_is_said_at_once() -> None:
    world = Employments(axes="org_level_1=moon")
    world.read(worker("01", placed()))
    at = world.align()

    assert (RunState.HELD, ["assignment.axis"]) == (at.state, world.problems(at.id))


# --- edits --------------------------------------------------------------------------------------------------


def test_what_somebody_edited_is_shown_with_both_values_and_not_overwritten() -> None:
    """C16: again by each pass, until the two agree; the others are done."""
    world = Employments()
    world.employ("01", "02")
    world.read(worker("01", placed("AKRASM")), worker("02", placed("AKRASM")))
    world.done()
    world.dynamics.edit("01", "usmf", cost_center="HOLEG")
    world.read(worker("01", placed("AKRASM")), worker("02", placed("HOFIN")))
    for _ in range(2):
        at = world.align()
        assert (RunState.HELD, ["plan.conflict"]) == (at.state, world.problems(at.id))
        (told,) = world.operations.records.problems(at)
        assert ("HOLEG" in told.text, "AKRASM" in told.text) == (True, True)
        assert [{"cost_center": "HOLEG"}, {"cost_center": "HOFIN"}] == [world.held(n) for n in ("01", "02")]
    world.read(worker("01", placed("HOLEG")))

    assert {} == world.done()


def test_an_edit_of_what_is_not_ours_is_none_and_stays() -> None:
    world = Employments()
    world.employ("01", department="010")
    world.read(worker("01", placed("AKRASM")))
    world.done()
    world.dynamics.edit("01", "usmf", cost_center="AKRASM", department="020", branch="001")
    world.read(worker("01", placed("HOFIN")))

    assert {"usmf/01/cost_center": "change"} == world.done()
    assert {"cost_center": "HOFIN", "department": "020", "branch": "001"} == world.held("01")


def test_an_employment_that_changes_while_it_is_written_is_left_after_three_times() -> None:
    """Somebody saves it between each read and write."""
    world = Employments()
    world.employ("01")
    world.read(worker("01", placed("AKRASM")))
    codes = iter(["001", "002", "003", "001", "002"])

    def before(request: httpx2.Request) -> None:
        if "batch" in request.url.path:
            world.dynamics.edit("01", "usmf", branch=next(codes))

    world.dynamics.inner.wire.before = before
    at = world.align()
    world.dynamics.inner.wire.before = lambda request: None

    assert (RunState.HELD, ["plan.conflict"]) == (at.state, world.problems(at.id))
    (told,) = world.operations.records.problems(at)
    assert "was changed again and again while it was written" in told.text
    assert {"branch": "003"} == world.held("01")
    assert {"usmf/01/cost_center": "change"} == world.done()
    assert {"branch": "003", "cost_center": "AKRASM"} == world.held("01")


# --- answers that do not come, and consent ------------------------------------------------------------------


@pytest.mark.parametrize(("fault", "writes"), [(LOST_AFTER, 1), (LOST_BEFORE, 2)])
def test_a_lost_answer_is_read_again_after_the_settling_time(fault: str, writes: int) -> None:
    """Written once, whatever became of it."""
    world = Employments()
    world.employ("01")
    world.read(worker("01", placed("AKRASM")))
    world.dynamics.fail_next(fault)
    began = world.clock.now()

    assert {"usmf/01/cost_center": "change"} == world.done()
    assert {"cost_center": "AKRASM"} == world.held("01")
    assert writes == world.dynamics.writes()
    assert world.clock.now() - began >= timedelta(seconds=world.dynamics.register.limits.settle_seconds)


@pytest.mark.parametrize("where", ["put: noted", "put: answered"])
def test_a_process_that_dies_around_a_write_writes_once(where: str) -> None:
    """And takes its own write for nobody's edit."""
    world = Employments()
    world.employ("01")
    world.read(worker("01", placed("AKRASM")))
    references, _ = world.operations.new("assignments", SOURCE, TARGET, None)
    run = world.operations.start("assignments", SOURCE, TARGET, references[0]).id

    def die(at: str) -> None:
        if at == where:
            raise Crash(at)

    with pytest.raises(Crash):
        world.run_to_rest(die)
    world.run_to_rest()

    assert RunState.DONE is world.at(run).state
    assert (1, {"cost_center": "AKRASM"}) == (world.dynamics.writes(), world.held("01"))


def test_nothing_is_written_without_consent_or_by_a_flow_that_proposes() -> None:
    world = Employments(mode=Mode.APPROVE)
    world.employ("01")
    world.read(worker("01", placed("AKRASM")))
    at = world.align()
    assert (RunState.AWAITING_APPROVAL, {}) == (at.state, world.held("01"))
    world.set(mode=Mode.PROPOSE)
    assert (RunState.AWAITING_APPROVAL, {}) == (world.align().state, world.held("01"))
    world.set(mode=Mode.APPROVE)
    run = world.align().id
    world.operations.approve(run, world.operations.records.fingerprint(run))
    world.run_to_rest()

    assert RunState.DONE is world.at(run).state
    assert {"cost_center": "AKRASM"} == world.held("01")


# --- what is kept of workers --------------------------------------------------------------------------------


def test_without_a_flow_that_reads_workers_a_pass_says_so() -> None:
    world = Employments()
    world.employ("01")
    at = world.align()

    assert (RunState.HELD, ["worker.not_read"]) == (at.state, world.problems(at.id))
    world.read(worker("01", placed()))
    assert {"usmf/01/cost_center": "change"} == world.done()


def test_what_was_read_long_ago_says_nothing() -> None:
    """A move that was withdrawn meanwhile would be made."""
    world = Employments()
    world.employ("01")
    later = Placement(since=date(2026, 8, 10), codes=dimensions({"org_level_1": "HOFIN"}))
    world.read(worker("01", replace(placed("AKRASM"), placements=(later,))))
    world.done()
    world.move("2026-08-10T12:00")
    at = world.align()

    assert (RunState.HELD, ["worker.not_read"]) == (at.state, world.problems(at.id))
    assert {"cost_center": "AKRASM"} == world.held("01")


def test_a_notification_wakes_the_flow_that_reads_workers_and_not_this_one() -> None:
    """It would look before the other has read."""
    world = Employments()
    from ml_connector.app.hooks import wake_of

    flows = [world.access.flow(kind, SOURCE, TARGET) for kind in ("workers", "assignments")]

    assert [("Employee*",), ()] == [wake_of(world._assembly, flow) for flow in flows]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({**OPTIONS, "axes": ""}, "'axes' is missing"),
        ({**OPTIONS, "axes": "a=x,b=x"}, "an axis of the ledger twice"),
        ({**OPTIONS, "entities": "US1"}, "entities has 'US1'"),
        ({**OPTIONS, "code": "email"}, "code is 'email'"),
        ({**OPTIONS, "axis": "worker"}, "unknown option 'axis'"),
    ],
)
def test_a_setting_that_cannot_be_read_is_refused(options: dict[str, str], told: str) -> None:
    with pytest.raises(PolicyError, match=told):
        read_policy("approve", date(2026, 1, 1), options)
