"""A pay that was asked about, and what comes after the answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.flows.test_sequences import ASKS, ONE, TWO, US1, later, refused, texts
from tests.flows.test_the_same_pay import waiting
from tests.payday import World, a_pay_run, company_rows, register, usual_balances

from ml_connector.domain.payroll import PayParts
from ml_connector.flows.flow import Mode
from ml_connector.ports.runs import RunState

JUNE_30 = date(2026, 6, 30)


def part(reference: str, control: str, hour: int = 9, day: date = JUNE_30, **changes: Any) -> Any:
    made = a_pay_run(reference, companies=US1, subject=f"biweekly {day} {control}", end=day, **changes)
    parts = PayParts(day=day, groups=("biweekly",), controls=(control,))
    return replace(made, calculated_at=made.calculated_at.replace(hour=hour), parts=parts)


def settled(world: World, run: str) -> RunState:
    if world.at(run).state is RunState.AWAITING_APPROVAL:
        world.approve(run)
    return world.at(run).state


@pytest.mark.parametrize("mode", [Mode.AUTOMATIC, ASKS])
@pytest.mark.parametrize("own", [False, True])
def test_a_correction_of_a_pay_that_a_person_answered_for_is_no_pay_beside_it(own: bool, mode: Mode) -> None:
    """A13 says what A12 does; a person says which it is. Then A13 is corrected, under its own control."""
    world = World(mode=mode)
    world.payroll.add(part("R1", "A12"))
    first = world.post("R1").id
    settled(world, first)
    world.payroll.add(part("R2", "A13", 12))
    second = world.post("R2").id
    assert ["pay.which"] == world.problems(second)
    world.operations.answer(second, *(("own_pay",) if own else ("replaces", first)))
    world.run_to_rest()
    settled(world, second)
    assert (TWO if own else ONE) == world.balances()
    world.payroll.add(part("R3", "A13", 15, factor=2), factor=2)
    state = settled(world, world.post("R3").id)
    right = usual_balances(3 if own else 2, entities=("10",))
    assert state is RunState.HELD or right == world.balances()


def test_two_pays_that_a_closed_month_moved_to_one_day_are_no_question() -> None:
    """Their periods ended ten days apart."""
    world = World(mode=ASKS, closed_period="next_open")
    world.vendor.closed.add((2026, 6))
    world.payroll.add(part("R1", "A", day=date(2026, 6, 20)))
    world.approve(waiting(world, "R1"))
    world.payroll.add(part("R2", "B"))
    at = world.post("R2")
    assert [] == world.problems(at.id)


def test_a_newer_run_that_posted_is_not_said_to_have_posted_nothing() -> None:
    """It posted for one company, and found the pay of the other booked."""
    world = World(mode=ASKS)
    first = waiting(world, "R1")
    world.approve(first)
    rows = (*company_rows("US1", 2), *company_rows("US2"))
    world.payroll.add(replace(later("R2"), register=(register("US1", 2), register("US2"))), rows)
    second = waiting(world, "R2")
    assert "Posted 1 entry" in world.approve(second).summary
    world.vendor.documents[:] = [d for d in world.vendor.documents if d.entry.entity != "20"]
    world.statements.deleted(first)
    assert f"Run {second} of R2 is of a newer calculation" in (said := texts(world, world.post("R1").id))
    assert "and posted nothing of this: " in said


def test_a_refused_entry_of_a_held_run_that_is_made_confirmed_is_a_fault() -> None:
    """It has no document."""
    from ml_connector.app.audit import audit_report

    world = World(mode=ASKS)
    world.payroll.add(a_pay_run("R1", companies=US1))
    refused(world, waiting(world, "R1"))
    (key,) = world.commit_rows()
    world.access.commits().filter(key=key).update(state="confirmed")
    assert [fault for fault in audit_report(world.access).faults if key in fault]
