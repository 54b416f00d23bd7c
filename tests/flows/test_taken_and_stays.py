"""A member that may be somebody else, a code that the ledger cannot close, and names in two parts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.flows.test_dimensions import Dimensions, code, there
from tests.flows.test_workers import Members, employment, worker

from ml_connector.domain.dimension import DimensionValue
from ml_connector.flows.flow import Mode
from ml_connector.ports.runs import RunState

KEY = "10/cost_unit/01"


def member(title: str, *, is_open: bool = True) -> DimensionValue:
    return DimensionValue(entity="10", axis="cost_unit", code="01", title=title, open=is_open)


@pytest.mark.parametrize(
    ("is_open", "left", "act"), [(True, False, "change"), (False, False, "reopen"), (True, True, "close")]
)
def test_a_member_of_another_name_is_taken_only_with_consent(is_open: bool, left: bool, act: str) -> None:
    """In automatic mode too: the number may be somebody else's, who is neither renamed nor closed."""
    world = Members()
    world.ledger_rows.edit(member("Ole Moen", is_open=is_open))
    world.people.put(worker("01", employment("2025-01-01", "2026-06-30" if left else ""), name="Anna Berg"))

    at = world.align()

    plan = {row.change.key: str(row.change.act) for row in world.operations.records.plan(at.id, 10)}
    assert (RunState.AWAITING_APPROVAL, {KEY: act}) == (at.state, plan)
    assert member("Ole Moen", is_open=is_open) == world.ledger_rows.rows[KEY]


def test_a_member_of_the_same_name_is_known_again() -> None:
    """However it is written in capitals, and whoever made it; once ours, another name is a rename."""
    world = Members()
    world.ledger_rows.edit(member("ANNA BERG", is_open=False))
    world.people.put(worker("01", name="Anna Berg"))
    assert {KEY: "reopen"} == world.done()

    world.people.put(worker("01", name="Anna Moen"))
    assert {KEY: "change"} == world.done()


def worklist(world: Dimensions) -> Any:
    from ml_connector.app.worklist import Worklist

    world._use()
    return Worklist(world.access, world._actor)


def never_closing(world: Dimensions) -> Dimensions:
    """The ledger has no way to close a code."""
    world.register.limits = replace(world.register.limits, never_closed=frozenset({"cost_center"}))
    return world


def test_a_code_that_cannot_be_closed_is_a_work_item_and_not_claimed_closed() -> None:
    """Once; the others are done. Who says why it stays is not asked again, until it is open at payroll."""
    world = never_closing(Dimensions())
    world.codes.held = [code("SA"), code("OP")]
    world.align()
    world.codes.held = [code("SA", open=False), code("OP", "Operations"), code("NEW")]

    at = world.align()

    stays = {key for key, act in world.acts(at.id).items() if act == "stays"}
    assert (RunState.DONE, {"10/cost_center/SA", "20/cost_center/SA"}) == (at.state, stays)
    assert "4 changes made; read again, and as wished. 2 left as found" in at.summary
    assert {there("SA"), there("SA", "20")} <= world.there()
    assert {there("OP", title="Operations"), there("NEW")} <= world.there()
    items = worklist(world).open()
    assert [("plan.stays", key) for key in sorted(stays)] == sorted((one.code, one.subject) for one in items)
    assert "SA is closed at the source, and the other system has no way to close it" in items[0].text

    for item in items:
        worklist(world).done(item.id, "nobody uses it")
    assert (RunState.DONE, ()) == (world.align().state, worklist(world).open())
    world.codes.held = [code("SA"), code("OP", "Operations"), code("NEW")]
    assert "nothing to change" in world.align().summary
    assert () == worklist(world).ended()


def test_closing_what_cannot_be_closed_is_no_loss_and_needs_no_consent() -> None:
    """It takes nothing away, and writes nothing."""
    world = never_closing(Dimensions(mode=Mode.AUTOMATIC))
    world.codes.held = [code(f"C{number:02}") for number in range(20)]
    world.align()
    world.codes.held = []

    at = world.align()
    assert (RunState.DONE, {"stays"}) == (at.state, set(world.acts(at.id).values()))
    assert all(value.open for value in world.there())


@pytest.mark.parametrize("named", [True, False])
def test_first_and_last_name_go_where_they_are_kept_apart(named: bool) -> None:
    """Nowhere else does the last name appear twice."""
    world = Members()
    if named:
        world.register.limits = replace(world.register.limits, named=frozenset({"cost_unit"}))
    world.people.put(replace(worker("01", name="Anna de Vries"), family="de Vries"))

    world.done()
    assert ("Anna de Vries", "de Vries" if named else None) == (
        world.ledger_rows.rows[KEY].title,
        world.ledger_rows.rows[KEY].family,
    )
