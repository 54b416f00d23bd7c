"""Runs that a payroll plans: found when they come, and noticed when they do not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.flows.test_arrivals import Watch
from tests.payday import SOURCE, World, a_pay_run

from ml_connector.domain.expected import Expected
from ml_connector.domain.problem import Owner, Problem
from ml_connector.flows.flow import Mode
from ml_connector.ports.runs import RunState
from ml_connector.ports.systems import System

HOURS = 3_600


def planned(subject: str, due: str, *, closed: bool = True, group: str = "BIWEEK") -> Expected:
    return Expected(subject=subject, group=group, due=date.fromisoformat(due), closed=closed)


class Plan:
    """As `ports.calendar.Calendar`."""

    def __init__(self) -> None:
        self.held: list[Expected] = []

    def planned(self, since: date, until: date) -> tuple[Expected, ...]:
        return tuple(one for one in self.held if since <= one.due <= until)


class Planned(World):
    """An installation whose payroll flow looks every six hours. It is noon on 1 July, UTC."""

    def __init__(self) -> None:
        self.plan = Plan()
        super().__init__(mode=Mode.AUTOMATIC)
        self.move("2026-07-01T12:00")
        self.set(schedule="every 6h", slot_at=self.clock.now())

    def set(self, **values: Any) -> None:
        from ml_connector.store.models import Flow

        self._use()
        Flow.objects.filter(pk=self._flow.pk).update(**values)

    def move(self, to: str) -> None:
        moment = datetime.fromisoformat(to).replace(tzinfo=UTC)
        self.clock.sleep((moment - self.clock.now()).total_seconds())

    def system(self, name: str) -> System:
        inner = super().system(name)
        if name == SOURCE:
            return replace(inner, sources={**inner.sources, Expected: self.plan})
        return inner

    def look(self, to: str) -> list[str]:
        """Looks until then; the runs they started."""
        from ml_connector.app.arrivals import next_look, try_arrive

        started: list[str] = []
        end = datetime.fromisoformat(to).replace(tzinfo=UTC)
        while True:
            self._use()
            due = next_look()
            if due is None or due > end:
                break
            self.clock.sleep(max(0.0, (due - self.clock.now()).total_seconds()))
            for arrival in try_arrive(self._assembly):
                started.extend(arrival.runs)
            self.run_to_rest()
        self.move(to)
        return started

    def late(self) -> list[str]:
        from ml_connector.store.work import open_items

        self._use()
        return [row.subject for row in open_items(self.access.organisation) if row.code == "run.expected"]

    def slot(self) -> datetime:
        from ml_connector.store.models import Flow

        self._use()
        return Flow.objects.get(pk=self._flow.pk).slot_at


class PlannedPeople(Watch):
    """An installation whose flow of workers looks every three hours, of a payroll that plans its runs."""

    def __init__(self) -> None:
        self.asked: list[date] = []
        super().__init__()

    def system(self, name: str) -> System:
        inner = super().system(name)
        return replace(inner, sources={**inner.sources, Expected: self}) if name == SOURCE else inner

    def planned(self, since: date, until: date) -> tuple[Expected, ...]:
        self.asked.append(since)
        return (planned(REGULAR, "2026-07-16"),)


REGULAR, EXTRA = "biweekly 2026-06-30 202607031", "biweekly 2026-06-30 202607032"


def test_a_run_that_does_not_come_is_for_people_on_its_day_and_over_when_it_comes() -> None:
    world = Planned()
    world.plan.held = [planned(REGULAR, "2026-07-03")]
    world.look("2026-07-02T23:59")
    assert [] == world.late()
    world.look("2026-07-03T07:00")
    assert [REGULAR] == world.late()

    world.payroll.add(a_pay_run("R1", subject=REGULAR))
    (run,) = world.look("2026-07-03T10:00")

    assert RunState.DONE is world.at(run).state
    assert [] == (world.look("2026-07-03T13:00") or world.late())


def test_a_plan_that_cannot_be_read_does_not_hide_the_runs_that_were_started() -> None:
    from ml_connector.app.arrivals import try_arrive
    from ml_connector.errors import NotSent
    from ml_connector.store.work import open_items

    world = Planned()
    world.payroll.add(a_pay_run("R1", subject=REGULAR))

    def fails(since: date, until: date) -> tuple[Expected, ...]:
        raise NotSent("The payroll was not reached.")

    world.plan.planned = fails  # type: ignore[method-assign]
    world._use()
    world.clock.sleep(900)
    (arrival,) = try_arrive(world._assembly)

    assert (1, "") == (len(arrival.runs), arrival.why)
    (item,) = open_items(world.access.organisation)
    assert ("flow.not_looked", True) == (item.code, "cannot read what" in item.text)


def test_an_off_cycle_run_is_not_taken_for_the_regular_one_of_the_same_days() -> None:
    world = Planned()
    world.plan.held = [planned(REGULAR, "2026-07-03"), planned(EXTRA, "2026-07-03")]
    world.payroll.add(a_pay_run("R2", subject=EXTRA))
    world.look("2026-07-03T12:00")

    assert [REGULAR] == world.late()


def test_a_period_that_is_open_shortly_before_its_day_is_for_people() -> None:
    world = Planned()
    world.plan.held = [planned(REGULAR, "2026-07-10", closed=False)]
    world.look("2026-07-07T23:00")
    assert [] == world.late()
    world.look("2026-07-08T07:00")
    assert [REGULAR] == world.late()
    world.plan.held = [planned(REGULAR, "2026-07-10")]
    world.look("2026-07-08T13:00")
    assert [] == world.late()


def test_a_day_that_moves_moves_what_is_due() -> None:
    """Two days before, to the day before a holiday."""
    world = Planned()
    world.plan.held = [planned(REGULAR, "2026-07-10")]
    world.look("2026-07-08T12:00")
    world.plan.held = [planned(REGULAR, "2026-07-09")]
    world.look("2026-07-09T07:00")
    assert [REGULAR] == world.late()


def test_a_plan_that_is_withdrawn_is_expected_no_more() -> None:
    world = Planned()
    world.plan.held = [planned(REGULAR, "2026-07-03")]
    world.look("2026-07-03T07:00")
    world.plan.held = []
    world.look("2026-07-03T13:00")

    assert [] == world.late()


def test_a_run_that_was_cancelled_has_not_come() -> None:
    world = Planned()
    world.set(mode=Mode.APPROVE)
    world.plan.held = [planned(REGULAR, "2026-07-03")]
    world.payroll.add(a_pay_run("R1", subject=REGULAR))
    (run,) = world.look("2026-07-03T12:00")
    assert [] == world.late()
    world.payroll.runs.clear()
    world.operations.cancel(run)
    world.look("2026-07-03T19:00")

    assert [REGULAR] == world.late()


def test_it_is_looked_for_each_hour_around_its_day_and_not_between() -> None:
    world = Planned()
    world.plan.held = [planned(REGULAR, "2026-07-10")]
    world.look("2026-07-05T12:30")
    assert datetime(2026, 7, 5, 18, tzinfo=UTC) == world.slot()
    world.look("2026-07-07T01:30")
    assert datetime(2026, 7, 7, 2, tzinfo=UTC) == world.slot()
    world.payroll.add(a_pay_run("R1", subject=REGULAR))
    world.look("2026-07-07T06:30")
    assert datetime(2026, 7, 7, 12, tzinfo=UTC) == world.slot()


@pytest.mark.parametrize(("groups", "late"), [("", [REGULAR]), ("MONTH", []), ("BIWEEK", [REGULAR])])
def test_groups_of_others_are_not_expected(groups: str, late: list[str]) -> None:
    world = Planned()
    world._use()
    world.set(options={**world._flow.options, "expected_groups": groups})
    world.plan.held = [planned(REGULAR, "2026-07-03")]
    world.look("2026-07-03T07:00")

    assert late == world.late()


@pytest.mark.parametrize(("expected", "late"), [("", []), ("BIWEEK", [REGULAR])])
def test_runs_of_the_groups_that_a_flow_takes_are_expected(expected: str, late: list[str]) -> None:
    world = Planned()
    world._use()
    world.set(options={**world._flow.options, "pay_groups": "MONTH", "expected_groups": expected})
    world.plan.held = [planned(REGULAR, "2026-07-03")]
    world.look("2026-07-03T07:00")

    assert late == world.late()


def test_what_was_due_before_the_flow_starts_is_not_expected() -> None:
    world = Planned()
    world.set(starts_on=date(2026, 7, 2))
    world.plan.held = [planned(REGULAR, "2026-07-01")]
    world.look("2026-07-03T07:00")

    assert [] == world.late()


def test_fifty_three_pays_of_a_year_are_all_expected() -> None:
    """Weekly, on Thursdays of 2026: no number is capped."""
    from datetime import timedelta

    from ml_connector.store.models import ExpectedRun

    world = Planned()
    first = date(2026, 1, 1)
    days = [first + timedelta(days=7 * week) for week in range(53)]
    world.plan.held = [planned(f"weekly {day} {day:%Y%m%d}1", str(day)) for day in days]
    world.set(schedule="daily 12:00")
    world.look("2027-01-02T12:30")

    world._use()
    found = set(ExpectedRun.objects.values_list("due", flat=True))
    assert {day for day in days if day >= date(2026, 5, 27)} == found
    assert 2026 == max(found).year


@pytest.mark.parametrize(
    ("schedule", "zone", "late_at"),
    [
        ("every 1h", "", "2026-07-03T00:30"),
        ("every 1h", "America/Los_Angeles", "2026-07-03T07:30"),
        ("daily 06:00 Pacific/Auckland, 00:10", "", "2026-07-02T12:30"),
        ("daily 06:00 Pacific/Auckland, 00:10", "UTC", "2026-07-03T00:30"),
    ],
    ids=["UTC", "its zone", "the zone of the schedule", "its zone before that of the schedule"],
)
def test_a_day_begins_where_the_company_is(schedule: str, zone: str, late_at: str) -> None:
    """A run that is due on 3 July has not come when that day begins there; not half a day before or after."""
    world = Planned()
    options = {**world._flow.options, **({"expected_zone": zone} if zone else {})}
    world.set(schedule=schedule, slot_at=datetime(2026, 7, 2, tzinfo=UTC), options=options)
    world.plan.held = [planned(REGULAR, "2026-07-03")]
    moment = datetime.fromisoformat(late_at)

    world.look((moment - timedelta(hours=1)).isoformat())
    assert [] == world.late()
    world.look(late_at)
    assert [REGULAR] == world.late()


def test_a_zone_that_is_none_is_refused_when_it_is_set() -> None:
    from ml_connector.flows.flow import PolicyError
    from ml_connector.flows.payroll.policy import read_policy

    options = {"journal": "95", "entities": "US1=10", "expected_zone": "Europe/Atlantis"}
    with pytest.raises(PolicyError, match="expected_zone: 'Europe/Atlantis' is no time zone"):
        read_policy("propose", date(2026, 7, 1), options)


def test_the_pays_around_new_year_are_told_apart_and_booked_on_their_days() -> None:
    """Both in week 53 of 2026 by the ISO calendar, one paid in the old year and one in the new; no week is
    computed. A period over the end of the year is one run.
    """
    world = World(mode=Mode.AUTOMATIC, posting_date="pay_date")
    days = {"W1": date(2026, 12, 31), "W2": date(2027, 1, 1)}
    for factor, (reference, day) in enumerate(days.items(), start=1):
        one = a_pay_run(reference, subject=f"weekly 2027-01-03 {day:%Y%m%d}1", factor=factor)
        period = replace(one.pay_period, start=date(2026, 12, 21), end=date(2027, 1, 3), pay_date=day)
        world.payroll.add(replace(one, pay_period=period), factor=factor)

    runs = {reference: world.post(reference) for reference in days}

    assert {RunState.DONE} == {at.state for at in runs.values()}
    for reference, at in runs.items():
        assert {days[reference]} == {entry.posting_date for entry in world.proposal(at.id).entries}
    assert 4 == len(set(world.markers())) == len(world.vendor.documents)


def test_a_flow_of_workers_waits_for_no_pay() -> None:
    """Its runs are passes: the plan of the same payroll is not asked for, and what was waited for is not any
    more.
    """
    world = PlannedPeople()
    flow = world.row()
    from ml_connector.store.models import ExpectedRun
    from ml_connector.store.work import StoredWorklist, open_items

    ExpectedRun.objects.create(flow=flow, subject=REGULAR, group="BIWEEK", due=date(2026, 7, 3), closed=True)
    late = Problem("run.expected", REGULAR, "It has not come.", Owner.PAYROLL)
    StoredWorklist(flow.organisation, f"expected {flow.pk}").found("before", [late])

    (arrival,) = world.look(3 * HOURS + 900)

    assert (1, "", []) == (len(arrival.runs), arrival.why, world.asked)
    assert ([], 0) == ([*open_items(world.access.organisation)], ExpectedRun.objects.count())


# --- what people say of the plan ----------------------------------------------------------------------------


class Said(Planned):
    """An installation whose payroll plans the regular run for 10 July; it has looked on 1 July."""

    def __init__(self) -> None:
        super().__init__()
        self.plan.held = [
            planned(REGULAR, "2026-07-10", closed=True),
            planned(EXTRA, "2026-08-01", group="MONTH"),
        ]
        self.look("2026-07-01T13:00")

    def say(self, **wish: Any) -> list[dict[str, Any]]:
        from ml_connector.app.expected_changes import ExpectedChanges, Wish

        self._use()
        if "due" in wish:
            wish["due"] = date.fromisoformat(wish["due"])
        changes = ExpectedChanges(self.access, self._assembly, self._actor)
        return changes.say(self._flow.pk, Wish(**{"why": "bank holiday", **wish}))

    def due(self) -> dict[str, str]:
        from ml_connector.store.models import ExpectedRun

        self._use()
        return {row.subject: str(row.due) for row in ExpectedRun.objects.filter(flow=self._flow)}


def test_a_run_that_a_person_moves_is_due_on_that_day() -> None:
    """Looks are closer around it, and it is late after it: earlier or later than planned. The source's next
    plan does not undo it; taken back, it is as planned.
    """
    world = Said()
    (said, _) = world.say(subject=REGULAR, due="2026-07-03")
    assert ("2026-07-03", "2026-07-10", "on another day") == (said["due"], said["planned"], said["said"])
    assert ("bank holiday", "anna") == (said["why"], said["by"])
    assert "flow.expected" in world.audited
    world.look("2026-07-02T23:00")
    assert ([], "2026-07-03") == (world.late(), world.due()[REGULAR])
    world.look("2026-07-03T07:00")
    assert [REGULAR] == world.late()

    world.say(subject=REGULAR, due="2026-07-14")
    assert [] == world.late()
    world.look("2026-07-11T07:00")
    assert ([], "2026-07-14") == (world.late(), world.due()[REGULAR])

    world.say(subject=REGULAR, as_planned=True)
    assert ([REGULAR], "2026-07-10") == (world.late(), world.due()[REGULAR])


def test_a_run_that_is_moved_far_ahead_is_followed() -> None:
    """From beyond the days that the source is asked about without it."""
    world = Said()
    world.plan.held = [planned(REGULAR, "2026-08-10")]
    world.look("2026-07-01T19:00")
    world.say(subject=REGULAR, due="2026-07-03")
    world.plan.held = [planned(REGULAR, "2026-09-30")]
    world.look("2026-07-02T07:00")
    assert {} == world.due(), "the source moved it out of what is followed, and what was said of it is old"


def test_a_run_that_is_not_expected_is_not_missed() -> None:
    """Until that is taken back; what is not expected is shown with who said why."""
    world = Said()
    found = world.say(subject=REGULAR, none=True)
    assert ("not expected", "2026-07-10", "anna") == tuple(found[0][name] for name in ("said", "due", "by"))
    world.look("2026-07-12T07:00")
    assert ([], [EXTRA]) == (world.late(), [*world.due()])

    world.say(subject=REGULAR, as_planned=True)
    assert [REGULAR] == world.late()


def test_one_more_run_is_expected_and_over_when_one_of_the_group_has_come() -> None:
    """With that pay date, and none that was planned there already."""
    world = Said()
    more = "BIWEEK one more 2026-07-03"
    assert more in [one["expected"] for one in world.say(group="BIWEEK", due="2026-07-03")]
    world.look("2026-07-03T07:00")
    assert [more] == world.late()

    world.payroll.add(a_pay_run("R7", subject="BIWEEK 2026-06-30 202607039"))
    (run,) = world.look("2026-07-03T10:00")

    world.look("2026-07-03T13:00")
    assert [] == world.late()
    from ml_connector.app.expected_changes import shown

    (one,) = [one for one in shown(world._flow) if one["expected"] == more]
    assert (run, "one more") == (one["run"], one["said"])


def test_one_more_that_the_source_plans_later_is_that_one() -> None:
    """It is expected once, not twice."""
    world = Said()
    world.say(group="BIWEEK", due="2026-07-10")
    assert {REGULAR, EXTRA, "BIWEEK one more 2026-07-10"} == {*world.due()}

    other = "biweekly 2026-06-30 202607109"
    world.plan.held.append(planned(other, "2026-07-10"))
    world.look("2026-07-01T19:00")

    assert {REGULAR, EXTRA, other} == {*world.due()}


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        (
            {"subject": "biweekly 2026-06-30 20260703", "none": True},
            "plans no run 'biweekly 2026-06-30 20260703'",
        ),
        ({"group": "WEEKLY", "due": "2026-07-03"}, "plans no group 'WEEKLY'"),
        ({"subject": REGULAR, "due": "2026-07-03", "none": True}, "one of --on DAY"),
        ({"subject": REGULAR}, "one of --on DAY"),
        ({"group": "BIWEEK", "none": True}, "for one more the day"),
        ({"subject": REGULAR, "group": "BIWEEK", "due": "2026-07-03"}, "Name a run that is planned"),
        ({"due": "2026-07-03"}, "Name a run that is planned"),
        ({"subject": REGULAR, "due": "2027-07-03"}, "is not followed: only from 2026-05-27 to"),
        ({"subject": REGULAR, "none": True, "why": " "}, "Say why"),
        ({"subject": REGULAR, "as_planned": True}, "Nothing was said of"),
    ],
)
def test_what_cannot_be_said_of_a_plan_is_refused(wish: dict[str, Any], told: str) -> None:
    """Nothing is kept."""
    world = Said()
    from ml_connector.app.access import Unknown
    from ml_connector.app.refusals import NotAllowed

    with pytest.raises((Unknown, NotAllowed)) as refused:
        world.say(**wish)
    assert told in str(refused.value)
    assert "flow.expected" not in world.audited
