"""Pay groups, periods still to come, what the clock does to them, and what clerks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from tests.sandbox.ukg_pro_world import UkgWorld

from ml_connector_sandbox.judges.pay_runs import expected

PERIODS = "/payroll/v1/paygroup-payperiods"
REGISTER = "/payroll/v1/pay-register"


def periods(world: UkgWorld, group: str = "BIWEEK") -> list[dict[str, Any]]:
    return list(world.rows(f"{PERIODS}?payGroup={group}"))


def days(world: UkgWorld, group: str) -> list[tuple[str, str]]:
    return [(row["periodStartDate"][:10], row["periodEndDate"][:10]) for row in periods(world, group)]


def move_to(world: UkgWorld, day: str) -> None:
    """Noon in New York."""
    world.clock.set(datetime.fromisoformat(f"{day}T16:00:00").replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("frequency", "wanted"),
    [
        ("W", [("2026-06-13", "2026-06-19"), ("2026-06-20", "2026-06-26"), ("2026-06-27", "2026-07-03")]),
        ("B", [("2026-05-30", "2026-06-12"), ("2026-06-13", "2026-06-26"), ("2026-06-27", "2026-07-10")]),
        ("S", [("2026-05-16", "2026-05-31"), ("2026-06-01", "2026-06-15"), ("2026-06-16", "2026-06-30")]),
        ("M", [("2026-04-01", "2026-04-30"), ("2026-05-01", "2026-05-31"), ("2026-06-01", "2026-06-30")]),
    ],
)
def test_a_group_has_the_periods_of_its_frequency(frequency: str, wanted: list[tuple[str, str]]):
    """Two that are over and the open one; the scenario's group has its own."""
    world = UkgWorld(runs=2, pay_groups=f"OTHER={frequency}")

    assert wanted == days(world, "OTHER")
    assert [True, True, False] == [row["isPeriodClosed"] for row in periods(world, "OTHER")]
    assert 3 == len(periods(world)) == len({row["periodControl"] for row in periods(world)})
    ids = [row["payPeriodId"] for row in world.rows(PERIODS)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("frequency", ["W", "B", "S", "M"])
def test_periods_of_ten_years_follow_each_other(frequency: str):
    """Leap days and year ends included."""
    world = UkgWorld(pay_groups=f"OTHER={frequency}", periods_ahead=520)
    held = days(world, "OTHER")

    assert 521 == len(held)
    for (_, end), (start, _) in pairwise(held):
        assert date.fromisoformat(start) == date.fromisoformat(end) + timedelta(days=1)
    if frequency == "M":
        assert ("2028-02-01", "2028-02-29") in held
    if frequency == "S":
        assert ("2028-02-16", "2028-02-29") in held


def test_a_group_pays_its_members_and_no_one_else():
    """By company or department; people, checks and ledger rows say the same group; a judge agrees."""
    world = UkgWorld(scenario="two_companies", pay_groups="MONTH=M:FJV02")
    yard = {row["employeeID"] for row in world.rows("/personnel/v1/employment-details?payGroup=MONTH")}
    rows = world.rows(REGISTER)

    assert yard == {row["employeeId"] for row in rows if row["payGroup"] == "MONTH"}
    assert not yard & {row["employeeId"] for row in rows if row["payGroup"] == "BIWEEK"}
    assert {("MONTH", "FJV02"), ("BIWEEK", "FJV01")} == {
        (row["payGroup"], row["companyCode"]) for row in world.rows("/payroll/v2/general-ledger")
    }
    assert {("MONTH", "M"), ("BIWEEK", "B")} == {
        (row["payGroup"], row["payPeriod"]) for row in world.rows("/personnel/v1/employment-details")
    }
    for wanted in expected(world.vendor.books()):
        assert wanted.rows == len(world.rows(f"/payroll/v2/general-ledger/{wanted.run_id}"))


def ran(world: UkgWorld) -> list[tuple[str, str]]:
    return [(run["pay_group"], run["period_control"]) for run in world.vendor.books()["runs"]]


def closed(world: UkgWorld, group: str) -> list[str]:
    return [row["periodControl"] for row in periods(world, group) if row["isPeriodClosed"]]


def test_runs_to_come_are_made_by_the_clock_each_group_on_its_own_dates():
    """Closed two days after the last day, run three days after it; then the next."""
    world = UkgWorld(pay_groups="MONTH=M:BOSFIN", runs_ahead=2)
    seeded = [("MONTH", "202606071"), ("BIWEEK", "202607031"), ("MONTH", "202607071")]
    assert seeded == ran(world)
    assert ["202606071", "202607071"] == closed(world, "MONTH")

    move_to(world, "2026-07-12")
    assert ["202607031"] == closed(world, "BIWEEK")
    world.clock.advance(6 * 3_600)
    assert ["202607031", "202607171"] == closed(world, "BIWEEK")
    assert seeded == ran(world)
    move_to(world, "2026-07-14")
    assert [*seeded, ("BIWEEK", "202607171")] == ran(world)
    assert {"202607171"} == {row["periodControl"] for row in world.rows(f"{REGISTER}?payDate=2026-07-17")}

    move_to(world, "2026-12-31")
    later = [("BIWEEK", "202607171"), ("BIWEEK", "202607311"), ("MONTH", "202608071")]
    assert [*seeded, *later] == ran(world)


def test_a_period_that_has_not_begun_is_not_open_yet():
    """It stands in the calendar with its dates."""
    world = UkgWorld(periods_ahead=3)
    rows = periods(world)

    assert [True, True, False, False] == [row["dateTimePeriodOpened"] is not None for row in rows]
    assert [7, 2, 1, 1] == [row["payrollStateId"] for row in rows]
    assert max(row["dateTimeCreated"] for row in rows) < "2026-07-10"
    assert ["202607171", "202607311", "202608141"] == [row["periodControl"] for row in rows[1:]]


def test_a_payday_moves_and_its_closing_and_its_run_with_it():
    """Before a holiday: the control is another one, and the change is stamped."""
    world = UkgWorld(runs_ahead=1, pay_groups="WEEK=W")
    made = world.vendor.control("move_pay_date", {"period_control": "202607171", "pay_date": "2026-07-16"})
    assert ("202607161", "202607171") == (made["period_control"], made["replaces"])
    assert ["202607031", "202607161"] == [row["periodControl"] for row in periods(world)]
    assert "2026-07-10T12:00:00" == periods(world)[1]["dateTimeChanged"]
    assert {"202607031", "202607101"} == {row["periodControl"] for row in periods(world, "WEEK")}

    move_to(world, "2026-07-12")
    assert ("BIWEEK", "202607161") not in ran(world)
    world.clock.advance(6 * 3_600)
    assert ("BIWEEK", "202607161") in ran(world)


def test_an_off_cycle_payroll_is_planned_and_paid_on_its_own_date():
    """It is no regular one, whatever its control looks like; the regular one is still to come."""
    world = UkgWorld(runs_ahead=1)
    world.vendor.control(
        "plan_off_cycle", {"pay_date": "2026-07-15", "start": "2026-06-27", "end": "2026-07-10"}
    )
    planned = next(row for row in periods(world) if row["periodControl"] == "202607151")
    assert ("S", False) == (planned["periodType"], planned["isPeriodClosed"])
    assert 3 == len({row["payPeriodId"] for row in periods(world)})

    move_to(world, "2026-07-14")
    world.clock.advance(6 * 3_600)
    runs = world.vendor.books()["runs"]
    assert ["off_cycle"] == [run["kind"] for run in runs if run["period_control"] == "202607151"]
    rows = world.rows(f"{REGISTER}?periodControl=202607151")
    assert {"500.0", "500.00"} >= {str(row["totalEarningsAmount"]) for row in rows} != set()
    assert ("regular", "202607171") in {(run["kind"], run["period_control"]) for run in runs}
    for wanted in expected(world.vendor.books()):
        assert wanted.rows == len(world.rows(f"/payroll/v2/general-ledger/{wanted.run_id}"))


def test_a_run_that_never_comes_and_one_that_comes_late():
    """The period is closed without a run, or not closed at all, until somebody makes it."""
    world = UkgWorld(runs_ahead=2)
    world.vendor.control("skip_run", {"period_control": "202607171"})
    world.vendor.control("skip_run", {"period_control": "202607311", "close": False})
    move_to(world, "2026-09-01")
    assert [("BIWEEK", "202607031")] == ran(world)
    assert ["202607031", "202607171"] == closed(world, "BIWEEK")

    world.vendor.control("run_period", {"period_control": "202607171"})
    assert [("BIWEEK", "202607031"), ("BIWEEK", "202607171")] == ran(world)
    assert "2026-09-01T12:00:00" == world.vendor.books()["runs"][-1]["ran_at"]


def test_reruns_voids_and_off_cycles_stay_in_their_group():
    """Whoever another group pays is in none of them."""
    world = UkgWorld(pay_groups="MONTH=M:BOSFIN", runs_ahead=1)
    (month, *_) = [run for run in world.vendor.books()["runs"] if run["pay_group"] == "MONTH"]
    for action in ("off_cycle", "rerun"):
        world.vendor.control(action, {"run_id": month["run_id"]})
    members = {row["employeeID"] for row in world.rows("/personnel/v1/employment-details?payGroup=MONTH")}
    rows = [row for row in world.rows(REGISTER) if row["payGroup"] == "MONTH"]

    assert members >= {row["employeeId"] for row in rows} != set()
    assert 4 == len([group for group, _ in ran(world) if group == "MONTH"])
    for wanted in expected(world.vendor.books()):
        assert wanted.rows == len(world.rows(f"/payroll/v2/general-ledger/{wanted.run_id}"))


@pytest.mark.parametrize(
    ("action", "wish"),
    [
        ("move_pay_date", {"period_control": "202607031", "pay_date": "2026-07-02"}),
        ("move_pay_date", {"period_control": "202607171", "pay_date": "soon"}),
        ("move_pay_date", {"period_control": "999999999", "pay_date": "2026-07-02"}),
        ("move_pay_date", {"period_control": "202607171"}),
        ("move_pay_date", {"pay_group": "NONE", "period_control": "202607171", "pay_date": "2026-07-02"}),
        ("plan_off_cycle", {}),
        ("plan_off_cycle", {"pay_date": "2026-07-15", "start": "2026-07-15", "end": "2026-07-01"}),
        ("plan_off_cycle", {"pay_date": 7}),
        ("skip_run", {"period_control": "202607031"}),
        ("skip_run", {}),
        ("run_period", {"period_control": "202607031"}),
        ("run_period", {"pay_group": ["x"], "period_control": "202607171"}),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(action: str, wish: dict[str, Any]):
    world = UkgWorld(runs_ahead=1)
    before = world.get(PERIODS).content
    answer = world.client.post(f"/__sandbox__/control/{action}", json=wish)

    assert answer.status_code in (400, 404), answer.text
    assert before == world.get(PERIODS).content


def test_what_is_wrong_with_pay_groups_is_said():
    """When the tenant is made."""
    for text in ("MONTH", "MONTH=Q", "month=M", "MONTH=M:NONE", "BIWEEK=M", "A=M,A=W"):
        with pytest.raises(ValueError, match="pay_groups"):
            UkgWorld(pay_groups=text)
    for name in ("periods_ahead", "runs_ahead"):
        with pytest.raises(ValueError, match=name):
            UkgWorld(**{name: -1})


def test_a_scenario_may_pay_its_own_group_by_the_month():
    """And the books tell what is planned beside what was run, for judges."""
    world = UkgWorld(scenario="norway_monthly", runs_ahead=2)
    assert [("2026-06-01", "2026-06-30"), ("2026-07-01", "2026-07-31"), ("2026-08-01", "2026-08-31")] == days(
        world, "MONTH"
    )
    assert {"M"} == {row["payPeriod"] for row in world.rows("/personnel/v1/employment-details")}

    planned = world.vendor.books()["calendar"]
    assert ["202607071", "202608071", "202609071"] == [row["period_control"] for row in planned]
    assert {"2026-07-07": "202607071"}.items() <= {
        row["pay_date"]: row["period_control"] for row in planned
    }.items()
    assert [("MONTH", "202607071")] == ran(world)
