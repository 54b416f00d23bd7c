"""What a payroll clerk does to a run that was already posted: undo it, run it again, in every way."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.sandbox.ukg_pro_world import UkgWorld

from ml_connector_sandbox.judges.pay_runs import expected

LEDGER = "/payroll/v2/general-ledger"


def register(world: UkgWorld) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = world.rows("/payroll/v1/pay-register")
    return rows


def workers_of(world: UkgWorld) -> set[str]:
    return {f"W{int(row['employeeNumber']):05d}" for row in register(world)}


def test_a_rerun_has_its_own_id_and_its_changes():
    """The run before is replaced; the checks that stand are those of the new one."""
    world = UkgWorld(workers=3)
    before = {row["employeeNumber"]: row["totalEarningsAmount"] for row in register(world)}
    made = world.vendor.control("rerun", {"changes": {"W00002": "100.00"}})
    after = {row["employeeNumber"]: row["totalEarningsAmount"] for row in register(world)}

    assert (made["run_id"], made["replaces"]) == ("20241", "20240")
    assert {"000000002": Decimal("100.00")} == {
        number: after[number] - before[number] for number in after if after[number] != before[number]
    }
    assert ["superseded", "current"] == [run["status"] for run in world.vendor.books()["runs"]]


def test_a_rerun_with_another_payday_moves_the_period():
    """The calendar has one row for the days, with another control; the run before keeps what it had."""
    world = UkgWorld(workers=2)
    days = "/payroll/v1/paygroup-payperiods?periodEndDate=2026-06-26"
    (before,) = world.rows(days)
    made = world.vendor.control("rerun", {"pay_date": "2026-07-07"})
    (after,) = world.rows(days)
    runs = world.vendor.books()["runs"]

    assert (before["periodControl"], after["periodControl"]) == ("202607031", "202607071")
    assert after["isPeriodClosed"]
    assert ["2026-07-03", "2026-07-07"] == [run["pay_date"] for run in runs]
    assert {"202607071"} == {row["periodControl"] for row in register(world)} == {made["period_control"]}
    assert {"2026-06-26T00:00:00"} == {row["periodEndDate"] for row in world.rows(LEDGER)}


def test_a_payday_can_be_moved_again_and_onto_another_one():
    """Two payrolls on one day are told apart by the last digit of the control."""
    world = UkgWorld(workers=2, runs=2)
    world.vendor.control("rerun", {"pay_date": "2026-06-19"})
    again = world.vendor.control("rerun", {"run_id": "20241", "pay_date": "2026-06-19"})

    assert "202606192" == again["period_control"]
    controls = [row["periodControl"] for row in world.rows("/payroll/v1/paygroup-payperiods")]
    assert len(controls) == len(set(controls))


def test_an_undone_run_can_be_run_again():
    """The period is open until then."""
    world = UkgWorld(workers=2)
    world.vendor.control("undo_run", {})
    assert [] == register(world)
    assert not world.rows("/payroll/v1/paygroup-payperiods?periodEndDate=2026-06-26")[0]["isPeriodClosed"]

    world.vendor.control("rerun", {"run_id": "20240"})

    assert 2 == len(register(world))
    assert world.rows("/payroll/v1/paygroup-payperiods?periodEndDate=2026-06-26")[0]["isPeriodClosed"]


def test_a_rerun_can_leave_workers_out_and_stays_without_them():
    """The ledger's rows, the checks and the totals agree about who was paid."""
    world = UkgWorld(workers=5)
    world.vendor.control("rerun", {"without": ["W00002"]})
    assert workers_of(world) == {"W00001", "W00003", "W00004", "W00005"}

    made = world.vendor.control("rerun", {"without": ["W00005"]})

    assert ["W00002", "W00005"] == made["without"]
    assert workers_of(world) == {"W00001", "W00003", "W00004"}
    run = world.vendor.books()["runs"][-1]
    rows = world.rows(f"{LEDGER}/{run['run_id']}")
    gross = sum((row["debitAmt"] for row in rows if row["baseSegment"] in ("5100", "5110")), Decimal(0))
    assert Decimal(run["totals"]["gross"]) == gross


@pytest.mark.parametrize("scenario", ["two_divisions", "two_companies", "two_legal_entities"])
def test_a_rerun_can_leave_a_company_out(scenario: str):
    """The other company's rows are what they were; the one left out has none."""
    world = UkgWorld(scenario=scenario)
    first, second = (entity["code"] for entity in world.vendor.describe("http://x")["entities"])
    before = world.rows(LEDGER)
    made = world.vendor.control("rerun", {"without_company": second})
    after = world.rows(f"{LEDGER}/{made['run_id']}")

    def shown(rows: list[dict[str, Any]], company: str) -> list[tuple[Any, ...]]:
        names = ("baseSegment", "orgLevel1", "debitAmt", "creditAmt")
        return [tuple(row[name] for name in names) for row in rows if row["companyCode"] == company]

    assert {first, second} == {row["companyCode"] for row in before}
    assert {first} == {row["companyCode"] for row in after}
    assert shown(before, first) == shown(after, first)


def test_the_judge_knows_whom_a_rerun_left_out():
    """What must be booked follows from the books, without asking the simulator's formulas."""
    world = UkgWorld(workers=5)
    world.vendor.control("rerun", {"without": ["W00002"], "changes": {"W00001": "10.00"}})
    (wanted,) = expected(world.vendor.books())

    assert len(world.rows(f"{LEDGER}/20241")) == wanted.rows


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        ({"without": ["W99999"]}, KeyError),
        ({"changes": {"W99999": "1.00"}}, KeyError),
        ({"without_company": "NONE"}, KeyError),
        ({"pay_date": "soon"}, ValueError),
    ],
)
def test_a_rerun_of_what_does_not_exist_changes_nothing(wish: dict[str, Any], error: type[Exception]):
    """The run that stood still stands."""
    world = UkgWorld(workers=2)
    with pytest.raises(error):
        world.vendor.control("rerun", wish)
    assert ["current"] == [run["status"] for run in world.vendor.books()["runs"]]


def test_off_cycle_and_void_are_payrolls_of_their_own():
    """The same days, another control; a void takes one check back."""
    world = UkgWorld(workers=11)
    world.vendor.control("off_cycle", {})
    world.vendor.control("void", {"worker": "W00003"})
    periods = world.rows("/payroll/v1/paygroup-payperiods?periodEndDate=2026-06-26")

    assert ["202607031", "202607032", "202607033"] == sorted(row["periodControl"] for row in periods)
    voided = [row for row in register(world) if row["isVoided"] or row["isVoidingRecord"]]
    assert ["000000003", "000000003"] == [row["employeeNumber"] for row in voided]
    assert Decimal(0) == sum((row["netAmount"] for row in voided), Decimal(0))
