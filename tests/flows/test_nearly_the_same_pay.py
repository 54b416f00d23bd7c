"""Deliveries of one pay whose group, control or companies are spelled or held differently."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from tests.payday import World, a_pay_run, usual_balances

from ml_connector.domain.payroll import PayParts, PayRun
from ml_connector.domain.period import PayPeriod
from ml_connector.flows.flow import Mode
from ml_connector.ports.runs import RunState

DAY = date(2026, 7, 3)


def delivery(reference: str, subject: str, *, factor: int = 1, whole: bool = False, **parts: Any) -> PayRun:
    """A pay run of a file that tells no pay from another of its group and date, unless it is `whole`; with
    `earlier` as an earlier release recorded it.
    """
    day = parts.pop("day", DAY)
    named = None if parts.pop("earlier", False) else PayParts(day=day, **parts)
    return replace(
        a_pay_run(reference, subject=subject, factor=factor),
        pay_period=PayPeriod(start=day, end=day, pay_date=day),
        tells_pays_apart=whole,
        parts=named,
    )


def post(world: World, pay_run: PayRun, factor: int = 1) -> Any:
    """The run of the delivery, at its rest."""
    world.payroll.add(pay_run, factor=factor)
    return world.post(pay_run.reference)


BIWEEK = {"groups": ("BIWEEK",)}
CONTROL = {"groups": ("BIWEEK",), "controls": ("202607031",)}
FIRST_AND_SECOND = [
    ("Biweek 2026-07-03", {"groups": ("Biweek",)}, "BIWEEK 2026-07-03", BIWEEK),
    ("BI WEEK 2026-07-03", {"groups": ("BI WEEK",)}, "BIWEEK 2026-07-03", BIWEEK),
    ("US1+US2 2026-07-03", {}, "BIWEEK 2026-07-03", BIWEEK),
    ("BIWEEK 2026-07-03", BIWEEK, "US1+US2 2026-07-03", {}),
    ("BIWEEK 202607031", CONTROL, "BIWEEK 2026-07-03", BIWEEK),
    ("BIWEEK 2026-07-03", BIWEEK, "BIWEEK 202607031", CONTROL),
    ("BIWEEK 202607031", CONTROL, "US1+US2 202607031", {"controls": ("202607031",)}),
    ("US1+US2+US9 2026-07-03", {}, "US1+US2 2026-07-03", {}),
    ("BIWEEK+SEMI 2026-07-03", {"groups": ("BIWEEK", "SEMI")}, "BIWEEK 2026-07-03", BIWEEK),
]


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize(("first", "named_first", "second", "named_second"), FIRST_AND_SECOND)
def test_a_delivery_that_names_its_pay_differently_is_a_question(
    first: str, named_first: Any, second: str, named_second: Any, earlier: bool
) -> None:
    """It was posted in full beside the other. Each answer books its own; also against what an earlier release
    booked.
    """
    for answer, factor in (("own", 1 + 2), ("replaces", 2)):
        world = World()
        booked = post(world, delivery("R1", first, earlier=earlier, **named_first))
        assert RunState.DONE is booked.state

        at = post(world, delivery("R2", second, factor=2, **named_second), factor=2)

        assert (RunState.HELD, ["pay.which"]) == (at.state, world.problems(at.id))
        assert f"run {booked.id}, booked as 3 in 10" in world.problem_list(at.id)[0].text
        assert usual_balances() == world.balances()
        own = answer == "own"
        world.operations.answer(at.id, *(("own_pay",) if own else ("replaces", booked.id)))
        world.run_to_rest()
        at = world.at(at.id)
        if at.state is RunState.AWAITING_APPROVAL:
            at = world.approve(at.id)
        assert RunState.DONE is at.state, world.problem_list(at.id)
        assert usual_balances(factor) == world.balances()


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize(
    ("first", "named_first", "second", "named_second"),
    [
        ("BIWEEK 2026-07-03", BIWEEK, "SEMI 2026-07-03", {"groups": ("SEMI",)}),
        ("BIWEEK 202607031", CONTROL, "BIWEEK 202607032", {**CONTROL, "controls": ("202607032",)}),
        ("BIWEEK 202607031", CONTROL, "US1+US2 202607032", {"controls": ("202607032",)}),
        ("BIWEEK 2026-07-03", BIWEEK, "BIWEEK 2026-07-10", {**BIWEEK, "day": date(2026, 7, 10)}),
        ("US1+US2 2026-07-03", {}, "BIWEEK 2026-07-10", {**BIWEEK, "day": date(2026, 7, 10)}),
        ("US1+US2 2026-07-03", {}, "US1 2026-07-10", {"day": date(2026, 7, 10)}),
    ],
)
def test_pays_that_their_deliveries_tell_apart_are_no_question(
    first: str, named_first: Any, second: str, named_second: Any, earlier: bool
) -> None:
    """Another pay date, two groups, two controls of one group."""
    world = World()
    post(world, delivery("R1", first, earlier=earlier, **named_first))

    at = post(world, delivery("R2", second, factor=2, **named_second), factor=2)

    assert (RunState.DONE, usual_balances(1 + 2)) == (at.state, world.balances())


@pytest.mark.parametrize(
    ("subject", "named"),
    [
        ("biweek 2026-07-03 R 1", {"groups": ("biweek",), "kinds": ("R",), "numbers": ("1",)}),
        ("BIWEEK 2026-07-03 r 1", {"groups": ("BIWEEK",), "kinds": ("r",), "numbers": ("1",)}),
    ],
)
def test_another_spelling_of_a_pay_that_is_told_apart_changes_what_is_booked(
    subject: str, named: Any
) -> None:
    """The kind and number of a run say that it is the same pay: the difference is proposed."""
    world = World()
    whole = {"groups": ("BIWEEK",), "kinds": ("R",), "numbers": ("1",)}
    post(world, delivery("R1", "BIWEEK 2026-07-03 R 1", whole=True, **whole))

    at = post(world, delivery("R2", subject, factor=2, whole=True, **named), factor=2)

    assert RunState.AWAITING_APPROVAL is at.state, world.problem_list(at.id)
    assert RunState.DONE is world.approve(at.id).state
    assert usual_balances(2) == world.balances()


def test_of_pays_that_are_told_apart_a_missing_part_is_a_question() -> None:
    """Another kind or number is none."""
    world = World()
    whole = {"groups": ("BIWEEK",), "kinds": ("R",), "numbers": ("1",)}
    post(world, delivery("R1", "BIWEEK 2026-07-03 R 1", whole=True, **whole))

    kind = {**whole, "kinds": ("B",)}
    bonus = post(world, delivery("R2", "BIWEEK 2026-07-03 B 1", whole=True, factor=2, **kind), factor=2)
    vague = post(world, delivery("R3", "US1+US2 2026-07-03 R 1", whole=True, **{**whole, "groups": ()}))

    assert (RunState.DONE, []) == (bonus.state, world.problems(bonus.id))
    assert (RunState.HELD, ["pay.which"]) == (vague.state, world.problems(vague.id))
    assert bonus.id not in world.problem_list(vague.id)[0].text


def test_of_two_deliveries_that_wait_the_later_asks() -> None:
    """Also where they name their pay differently; what was reversed is asked about no more."""
    world = World(mode=Mode.APPROVE)
    first = post(world, delivery("R1", "BIWEEK 2026-07-03", **BIWEEK)).id
    second = post(world, delivery("R2", "US1+US2 2026-07-03", factor=2), factor=2).id

    assert ([], ["pay.which"]) == (world.problems(first), world.problems(second))
    assert f"run {first}, waiting for approval (for BIWEEK 2026-07-03)" in world.problem_list(second)[0].text
    assert RunState.DONE is world.approve(first).state

    world.reverse(first)
    world.operations.resume(second)
    world.run_to_rest()

    assert (RunState.AWAITING_APPROVAL, []) == (world.at(second).state, world.problems(second))


def test_a_day_of_third_party_pay_is_one_pay() -> None:
    """A group or a period that a record names only since changes the subject, and not what it pays for."""
    world = World()
    post(world, delivery("R1", "US1 BIWEEK 2026-06-30 2026-07-03", whole=True))

    at = post(world, delivery("R2", "US1 BIWEEK SEMI 2026-06-30 2026-07-03", factor=2, whole=True), factor=2)

    assert RunState.AWAITING_APPROVAL is at.state, world.problem_list(at.id)
    assert RunState.DONE is world.approve(at.id).state
    assert usual_balances(2) == world.balances()


@pytest.mark.parametrize(
    ("part", "first", "second"),
    [
        ("controls", "202607031", "202607031.0"),
        ("controls", "202607031", "0202607031"),
        ("controls", "202607031", "20260703-1"),
        ("numbers", "1", "01"),
        ("numbers", "1", "1,0"),
    ],
)
def test_a_control_that_a_spreadsheet_wrote_otherwise_is_a_question(
    part: str, first: str, second: str
) -> None:
    """Whatever the amounts."""
    world = World()
    for factor, name in enumerate((first, second), 1):
        parts = {**BIWEEK, part: (name,)}
        run = post(
            world, delivery(f"R{factor}", f"BIWEEK {name}", whole=True, factor=factor, **parts), factor
        )

    assert (RunState.HELD, ["pay.which"]) == (run.state, world.problems(run.id))


@pytest.mark.parametrize(("days", "state"), [(1, RunState.HELD), (6, RunState.HELD), (7, RunState.DONE)])
def test_the_same_amounts_within_a_week_are_a_question(days: int, state: RunState) -> None:
    """A pay date that was moved makes another pay of the file; a weekly pay may be the same to the cent."""
    world = World()
    first = post(world, delivery("R1", "BIWEEK 2026-07-03", whole=True, **BIWEEK))
    day = DAY + timedelta(days=days)

    second = post(world, delivery("R2", f"BIWEEK {day}", whole=True, day=day, **BIWEEK))

    assert state is second.state
    if state is RunState.HELD:
        assert f"run {first.id}, booked as 3 in 10, 4 in 20 (for BIWEEK 2026-07-03)" in (
            world.problem_list(second.id)[0].text
        )
        world.operations.answer(second.id, "replaces", first.id)
        world.run_to_rest()
        assert "Already booked as 3 in 10, 4 in 20" in world.at(second.id).summary
    assert usual_balances(1 if state is RunState.HELD else 2) == world.balances()


def test_the_same_amounts_may_be_a_pay_of_their_own() -> None:
    """A person says so, and is not asked again."""
    world = World()
    post(world, delivery("R1", "BIWEEK 2026-07-03", whole=True, **BIWEEK))
    day = DAY + timedelta(days=2)
    run = post(world, delivery("R2", f"BIWEEK {day}", whole=True, day=day, **BIWEEK)).id

    world.operations.answer(run, "own_pay")
    world.run_to_rest()

    assert RunState.DONE is world.at(run).state
    assert usual_balances(2) == world.balances()


def test_the_same_amounts_are_no_question_once_the_other_is_reversed() -> None:
    """It is in the books no more."""
    world = World()
    first = post(world, delivery("R1", "BIWEEK 2026-07-03", whole=True, **BIWEEK))
    world.reverse(first.id)
    day = DAY + timedelta(days=2)

    second = post(world, delivery("R2", f"BIWEEK {day}", whole=True, day=day, **BIWEEK))

    assert RunState.DONE is second.state
    assert usual_balances() == world.balances()
