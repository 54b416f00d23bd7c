"""Flows that look for new work by themselves, on their schedule."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.flows.test_workers import Members, employment, placed, worker
from tests.payday import SOURCE, TARGET, a_pay_run

from ml_connector.errors import NotSent
from ml_connector.ports.runs import RunState


class Watch(Members):
    """An installation whose flow of workers looks every three hours."""

    def __init__(self, schedule: str = "every 3h") -> None:
        super().__init__()
        self.plan(schedule)
        self.people.put(worker("01"))

    def plan(self, schedule: str | None, **options: str) -> Any:
        from ml_connector.app.setup import Setup

        self._use()
        flow, _ = Setup(self.access, self._assembly, self._actor).set_flow(
            SOURCE,
            TARGET,
            mode="automatic",
            starts_on=date(2026, 1, 1),
            mapping="",
            options={"axis": "cost_unit", "entities": "US1=10", **options},
            kind="workers",
            schedule=schedule,
        )
        return flow

    def row(self) -> Any:
        from ml_connector.store.models import Flow

        self._use()
        return Flow.objects.get(kind="workers")

    def look(self, seconds: float = 0) -> list[Any]:
        """What `serve` does after so long, and the runs it started."""
        from ml_connector.app.arrivals import try_arrive

        self._use()
        self.clock.sleep(seconds)
        found = list(try_arrive(self._assembly))
        self.run_to_rest()
        return found


HOURS = 3_600


def test_a_flow_looks_at_its_times_and_not_between() -> None:
    world = Watch()
    assert [] == world.look()
    assert datetime(2026, 7, 15, 18, tzinfo=UTC) == world.row().slot_at
    assert [] == world.look(HOURS)

    (arrival,) = world.look(HOURS + 900)

    assert (1, 1, "") == (len(arrival.runs), arrival.slots, arrival.why)
    assert RunState.DONE is world.at(arrival.runs[0]).state
    assert {"10/cost_unit/01": "open"} == world.members()
    assert datetime(2026, 7, 15, 21, tzinfo=UTC) == world.row().slot_at
    assert [] == world.look()


def test_a_look_that_a_new_clock_rule_has_earlier_is_brought_forward() -> None:
    """The time is stored as a moment; its zone gets another rule between, and serve starts anew."""
    from ml_connector.app.upkeep import upkeep

    world = Watch("daily 20:00 Europe/Oslo")
    due = world.row().slot_at
    assert datetime(2026, 7, 15, 18, tzinfo=UTC) == due
    assert "looks_moved" not in upkeep(world._assembly)
    world.row()
    from ml_connector.store.models import Flow

    Flow.objects.filter(kind="workers").update(slot_at=due + timedelta(hours=1))

    assert 1 == upkeep(world._assembly)["looks_moved"]
    assert due == world.row().slot_at
    assert [] == world.look(HOURS)
    assert 1 == len(world.look(HOURS + 900))


def test_a_process_that_slept_looks_once_and_says_for_how_many_times() -> None:
    world = Watch()

    (arrival,) = world.look(24 * HOURS)

    assert (8, 1) == (arrival.slots, len(arrival.runs))
    assert "One look for 8 times that passed." in str(arrival)
    assert [] == world.look()


def test_times_stay_on_their_grid() -> None:
    """However late each look is, for thirty days."""
    world = Watch()
    for number in range(240):
        world.look(HOURS * 3 + number % 7)
        slot = world.row().slot_at
        assert 0 == slot.hour % 3 == slot.minute == slot.second


def test_a_slot_that_another_process_has_is_left_to_it_until_its_claim_is_old() -> None:
    from ml_connector.store.models import Flow

    world = Watch()
    world.clock.sleep(3 * HOURS)
    world._use()
    Flow.objects.filter(pk=world.row().pk).update(claimed_at=world.clock.now() - timedelta(minutes=9))
    assert [] == world.look()

    assert 1 == len(world.look(61))


def test_two_processes_share_thirty_slots_without_a_double(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second looks while the first is at its source."""
    from ml_connector.app import arrivals
    from ml_connector.app.arrivals import arrive

    world, looked, second = Watch(), 0, list[Any]()
    start = arrivals._start

    def beside(assembly: Any, flow: Any) -> Any:
        second.extend(arrive(assembly))
        return start(assembly, flow)

    monkeypatch.setattr(arrivals, "_start", beside)
    world.clock.sleep(900)
    for _ in range(30):
        looked += len(world.look(3 * HOURS))

    assert (30, []) == (looked, second)


def test_a_source_that_cannot_be_read_is_for_people_is_tried_again_and_ends_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ml_connector.app.operations import Operations

    world = Watch()
    new = Operations.new

    def fails(*_: Any) -> Any:
        raise NotSent("The payroll was not reached.")

    monkeypatch.setattr(Operations, "new", fails)
    (arrival,) = world.look(3 * HOURS + 900)
    assert "not looked. The payroll was not reached." in str(arrival)
    assert {f"flow {world.row().pk}": "flow.not_looked"} == world.items()
    assert [] == world.look()

    monkeypatch.setattr(Operations, "new", new)
    (arrival,) = world.look(600)
    assert ("", 1) == (arrival.why, len(arrival.runs))
    assert {} == world.items()
    assert 0 == world.row().slot_at.hour % 3 == world.row().slot_at.minute


def test_a_zone_that_this_machine_knows_no_more_is_for_people_and_the_rest_goes_on() -> None:
    """Zone data lost a name that a stored schedule has: no look, an item; other flows and faces work."""
    world = Watch()
    from ml_connector.app.schedules import shown
    from ml_connector.app.status import status
    from ml_connector.store.models import Flow

    slot = world.row().slot_at
    Flow.objects.filter(pk=world.row().pk).update(schedule="daily 03:00 Europe/Atlantis")
    other = Flow.objects.exclude(pk=world.row().pk).get(kind="payroll")
    Flow.objects.filter(pk=other.pk).update(schedule="every 3h", slot_at=slot)

    lost, looked = sorted(world.look(3 * HOURS + 900), key=lambda one: not one.why)

    assert "'Europe/Atlantis' is no time zone" in lost.why
    assert ("", 1) == (looked.why, looked.slots)
    assert {f"flow {world.row().pk}": "flow.not_looked"} == world.items()
    assert world.clock.now() < world.row().slot_at <= world.clock.now() + timedelta(minutes=5)
    assert f"{world.row().slot_at:%Y-%m-%dT%H:%M:%SZ}" == shown(world.row(), ())["next_look"]
    assert world.row().slot_at in [one.at for one in status(world.access).next]

    world.plan("every 3h")
    (arrival,) = [one for one in world.look(3 * HOURS + 900) if one.flow.startswith("workers")]
    assert "" == arrival.why
    assert {} == world.items()


def test_a_record_that_a_run_has_taken_up_is_not_started_again() -> None:
    """The payroll flow finds pay runs by what was taken up."""
    world = Watch()
    world._use()
    from ml_connector.app.arrivals import arrive
    from ml_connector.store.models import Flow

    flow = Flow.objects.exclude(kind="workers").get()
    Flow.objects.filter(pk=flow.pk).update(schedule="every 1h", slot_at=world.clock.now())
    world.payroll.add(a_pay_run("R1"))
    world.clock.sleep(HOURS)
    first = [
        run for found in arrive(world._assembly) if found.flow.startswith("payroll") for run in found.runs
    ]
    world.clock.sleep(HOURS)
    again = [
        run for found in arrive(world._assembly) if found.flow.startswith("payroll") for run in found.runs
    ]

    assert ([], 1) == (again, len(first))
    assert "R1" == world.at(first[0]).reference


def test_settings_stored_again_keep_the_schedule_and_its_next_time() -> None:
    world = Watch()
    slot = world.row().slot_at
    world.clock.sleep(HOURS)

    assert slot == world.plan(None, code="short").slot_at
    assert slot == world.plan("every 3h").slot_at
    assert world.plan("every 15m").slot_at < slot
    assert ("", None) == (world.plan("").schedule, world.row().slot_at)
    assert [] == world.look(10 * HOURS)


def test_what_is_no_schedule_is_refused() -> None:
    from ml_connector.app.refusals import SetupError

    with pytest.raises(SetupError, match="every 7h"):
        Watch("every 7h")


def test_status_counts_what_payroll_has_entered_for_later_days() -> None:
    """Leavings, hires and moves that take effect by themselves, of the flow's companies, with the first day
    of each; what is over is none.
    """

    def found() -> list[tuple[str, int, str]]:
        from ml_connector.app.status import status

        world._use()
        return [(str(one.step), one.count, str(one.first)) for one in status(world.access).to_come]

    world = Watch()
    for number, end in (("01", "2026-08-31"), ("02", "2026-07-31"), ("03", "2026-07-01")):
        world.people.put(worker(number, employment("2025-01-01", end)))
    world.people.put(worker("04", employment("2026-08-03")), worker("05", employment("2025-01-01")))
    world.people.put(worker("06", employment("2025-01-01", "2026-07-31", company="US9")))
    world.people.put(worker("07", placed("100", ("2026-08-01", "200"))))
    world.look(3 * HOURS + 900)

    moves = ("move", 1, "2026-08-01")
    assert [("hire", 1, "2026-08-03"), ("leaving", 2, "2026-07-31"), moves] == found()
    world.move("2026-08-01T12:00")
    assert [("hire", 1, "2026-08-03"), ("leaving", 1, "2026-08-31")] == found()


def test_status_says_what_waits_and_what_comes_next() -> None:
    world = Watch()
    from ml_connector.app.status import status

    world.people.put(*(worker(f"{n:03}") for n in range(60)))
    world.look(3 * HOURS + 900)
    for number in range(60):
        world.people.put(worker(f"{number:03}", employment("2025-01-01", "2026-07-01")))
    world.look(3 * HOURS + 900)
    world._use()

    found = status(world.access)

    assert {"at_work": 0, "for_people": 1} == found.counts
    assert ("held", "workers") == (found.for_people[0].state, found.for_people[0].flow)
    first, second = found.next
    assert ("every 3h", True) == (first.schedule, first.at is not None and first.at > world.clock.now())
    assert ("", None) == (second.schedule, second.at)
