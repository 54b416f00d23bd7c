"""The scenarios: a payroll and a ledger that belong together, and known ways in which they do not."""

from __future__ import annotations

from datetime import date

import pytest

from ml_connector_sandbox.core.faults import Faults
from ml_connector_sandbox.core.registry import open_system
from ml_connector_sandbox.scenarios import bench, closed_period, lost_answer, month_end, trading_company
from ml_connector_sandbox.systems.ukg_pro.register import made_register

ALL = (trading_company, month_end, closed_period, lost_answer, bench)


@pytest.mark.parametrize("scenario", ALL)
def test_every_payroll_line_has_a_place_in_the_ledger(scenario):
    """Entity, account and cost center of the truth exist, are open, and allow what is booked there."""
    held = scenario.ledger_exact_online(None, 1)
    accounts = {row["code"]: row for row in held["accounts"]}
    centers = {row["code"] for row in held["cost_centers"] if row["active"]}
    departments = {worker.department_code for worker in made_register(seed=1)} | {
        code for code, _ in scenario.EXTRA_ORG_LEVELS
    }

    for account in scenario.ACCOUNT_OF:
        for department in departments:
            entity, code, center = scenario.booking(scenario.COMPANY_CODE, account, department)
            assert entity in {row["code"] for row in held["divisions"]}
            assert not accounts[code]["blocked"]
            assert accounts[code]["use_cost_center"] != 2
            assert center in centers


def test_the_numbers_of_payroll_and_ledger_differ():
    """Without a mapping nothing could be booked, not even by luck."""
    codes = {row["code"] for row in trading_company.accounts()}

    assert not set(trading_company.ACCOUNT_OF) & codes
    assert 150 < len(codes) < 200
    assert len(codes) == len(trading_company.accounts())


def test_expense_accounts_demand_a_cost_center_and_one_account_is_blocked():
    """Balance-sheet accounts leave it open."""
    rows = {row["code"]: row for row in trading_company.accounts()}

    assert [rows[code]["use_cost_center"] for code in ("4000", "4010", "4020")] == [1, 1, 1]
    assert [rows[code]["use_cost_center"] for code in ("1700", "1710", "1720", "1730")] == [0, 0, 0, 0]
    assert [code for code, row in rows.items() if row["blocked"]] == ["4099"]


def test_a_department_code_the_ledger_cannot_hold_is_refused():
    """Nine characters are one too many for a cost center."""
    with pytest.raises(ValueError, match="at most 8"):
        trading_company.cost_centers({"TOOLONGXX": "x"})


def test_the_period_of_a_scenario_is_open_unless_it_says_closed():
    """Closed means both candidates for a posting date."""
    assert trading_company.ledger_exact_online(None, 1)["periods"]["closed"] == []
    closed = closed_period.ledger_exact_online(None, 1)["periods"]["closed"]
    assert ["95", 2026, 6] in closed
    assert ["95", 2026, 7] in closed
    assert ["95", 2026, 8] not in closed


def test_month_end_crosses_a_month():
    """The days of the period lie in June and in July."""
    run = open_system("ukg_pro", scenario="month_end", switches={"workers": 2}).vendor.books()["runs"][0]

    assert (date.fromisoformat(run["period_start"]).month, date.fromisoformat(run["period_end"]).month) == (
        6,
        7,
    )


def test_the_fault_of_lost_answer_can_be_loaded():
    """It is a rule the wire understands, and it strikes once."""
    faults = Faults()
    rules = [faults.add(dict(rule)) for rule in lost_answer.FAULTS]

    assert [rule.kind for rule in rules] == ["lost_after_commit"]
    assert [rule.times for rule in rules] == [1]


def test_the_bench_scenario_has_the_cost_centers_its_run_needs():
    """4,000 departments beside the register's, each five accounts wide."""
    assert len(bench.EXTRA_ORG_LEVELS) == 4_000
    codes = [row["code"] for row in bench.ledger_exact_online(None, 1)["cost_centers"]]
    assert len(codes) == len(set(codes))
