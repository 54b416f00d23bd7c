"""Whom a run pays, and where, when pay follows people: who was hired, left, moved, or is on leave."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.sandbox.ukg_pro_world import UkgWorld

from ml_connector_sandbox.judges.pay_runs import expected
from ml_connector_sandbox.scenarios.trading_company import payroll_scale

REGISTER = "/payroll/v1/pay-register"
LEDGER = "/payroll/v2/general-ledger"


def _world(scenario: str = "trading_company", **switches: Any) -> UkgWorld:
    """The open period is 27 June to 10 July, the next one 11 to 24 July; it is noon on 10 July."""
    return UkgWorld(scenario=scenario, runs_ahead=3, pay_follows_people=True, **switches)


def _at(world: UkgWorld, day: str) -> None:
    world.clock.set(datetime.fromisoformat(f"{day}T23:00:00").replace(tzinfo=UTC))


def _paid(world: UkgWorld, end: str) -> dict[str, dict[str, Any]]:
    """The checks of the period that ended on that day, by employee number."""
    return {row["employeeNumber"]: row for row in world.rows(f"{REGISTER}?periodEndDate={end}")}


def _judged(world: UkgWorld) -> None:
    """What the judge expects of every run is what the ledger rows say."""
    for wanted in expected(world.vendor.books()):
        rows = world.rows(f"{LEDGER}/{wanted.run_id}")
        assert wanted.rows == len(rows)
        assert 0 == sum(row["debitAmt"] - row["creditAmt"] for row in rows)


def test_somebody_new_is_paid_from_the_period_of_the_first_day():
    """A year's pay is the salary; the runs before know nothing of them."""
    world = _world(workers=30)
    wish = {"department": "BOSFIN", "date": "2026-07-24", "annual_salary": "52000.00"}
    number = world.vendor.control("hire", wish)["number"]
    _at(world, "2026-08-31")

    assert [False, False, True, True] == [
        number in _paid(world, end) for end in ("2026-06-26", "2026-07-10", "2026-07-24", "2026-08-07")
    ]
    scale = payroll_scale(-2)
    assert Decimal(2000 * scale) / 10_000 == _paid(world, "2026-07-24")[number]["totalEarningsAmount"]
    _judged(world)


@pytest.mark.parametrize(
    ("change", "paid"),
    [
        ({"status": "T", "date": "2026-07-10"}, [True, False]),
        ({"status": "T", "date": "2026-07-11"}, [True, True]),
        ({"status": "L", "date": "2026-07-11"}, [True, False]),
        ({"status": "L", "date": "2026-07-12"}, [True, True]),
        ({"status": "S", "date": "2026-06-27"}, [False, False]),
        ({"status": "X", "date": "2026-06-27"}, [True, True]),
    ],
)
def test_who_left_or_is_away_is_paid_for_a_period_with_a_day_of_work(
    change: dict[str, Any], paid: list[bool]
):
    """The day of termination is worked."""
    world = _world(workers=30)
    world.vendor.control("change_employee", {"employee": "W00002", **change})
    _at(world, "2026-08-31")

    assert paid == ["000000002" in _paid(world, end) for end in ("2026-07-10", "2026-07-24")]
    assert 30 == len(_paid(world, "2026-06-26"))
    _judged(world)


def test_somebody_who_moved_is_paid_in_the_department_of_the_last_day():
    """The ledger row says it too; the run before keeps the old one."""
    world = _world()
    before = _paid(world, "2026-06-26")["000000002"]["organizationLevel1"]
    world.vendor.control(
        "change_employee", {"employee": "W00002", "department": "BOSFIN", "date": "2026-07-20"}
    )
    _at(world, "2026-08-31")

    assert before != "BOSFIN"
    assert [before, before, "BOSFIN"] == [
        _paid(world, end)["000000002"]["organizationLevel1"]
        for end in ("2026-06-26", "2026-07-10", "2026-07-24")
    ]
    _judged(world)


def test_somebody_who_was_transferred_is_paid_by_the_other_company():
    """One check in each period, under the same person."""
    world = _world("two_divisions")
    book = world.vendor._tenant.book
    first, second = (company.code for company in book.companies)
    person = next(held for held in book.people if held.company_code == first)
    department = next(code for code, company in book.company_of.items() if company.code == second)
    world.vendor.control(
        "transfer", {"employee": person.worker, "to": second, "department": department, "date": "2026-07-11"}
    )
    _at(world, "2026-08-31")
    rows = [_paid(world, end)[person.number] for end in ("2026-07-10", "2026-07-24")]

    assert [company.company_id for company in book.companies] == [row["companyId"] for row in rows]
    assert 1 == len({row["employeeId"] for row in rows})
    _judged(world)


def test_a_void_takes_back_what_was_paid_where_it_was_paid():
    """In the department and among the people of the run it voids."""
    world = _world(workers=30)
    world.vendor.control("change_employee", {"employee": "W00002", "status": "T", "date": "2026-06-20"})
    made = world.vendor.control("hire", {"department": "BOSFIN", "date": "2026-07-11"})
    _at(world, "2026-08-31")
    world.vendor.control("void", {"worker": made["worker"]})
    world.vendor.control("off_cycle", {})
    world.vendor.control("rerun", {"changes": {made["worker"]: "10.00"}})

    _judged(world)
    with pytest.raises(ValueError, match="has paid"):
        world.vendor.control("withdraw_change", {"employee": made["worker"], "system_id": made["system_id"]})


def test_without_the_switch_the_register_is_paid():
    """Whoever was hired, left or moved since."""
    world = UkgWorld(workers=30, runs_ahead=1)
    world.vendor.control("hire", {"department": "BOSFIN", "date": "2026-06-27"})
    world.vendor.control("change_employee", {"employee": "W00002", "status": "T", "date": "2026-06-01"})
    _at(world, "2026-08-31")

    assert {f"{number:09d}" for number in range(1, 31)} == set(_paid(world, "2026-07-10"))
    _judged(world)


def test_a_change_of_pay_group_is_paid_by_the_other_group():
    """From the period of its day on: once there, and here no more."""
    world = _world(workers=30, pay_groups="WEEK=W")
    world.vendor.control("change_employee", {"employee": "W00002", "pay_group": "WEEK", "date": "2026-07-11"})
    _at(world, "2026-07-31")
    rows = world.rows(f"{REGISTER}?employeeNumber=000000002")

    assert [("BIWEEK", "2026-06-26"), ("BIWEEK", "2026-07-10"), ("WEEK", "2026-07-17")] == sorted(
        (row["payGroup"], row["periodEndDate"][:10]) for row in rows
    )
    _judged(world)
