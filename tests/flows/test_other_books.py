"""A connection that leads to other books than before, and a person who says that they are the same."""

from __future__ import annotations

from typing import Any

import pytest
from tests.payday import World, a_pay_run, usual_balances

from ml_connector.ports.runs import RunState


def setup(world: World) -> Any:
    """What an administrator does."""
    from ml_connector.app.setup import Setup

    return Setup(world.access, world._assembly, world.actor("anna"))


def test_other_books_hold_the_run_until_they_are_said_to_be_the_same() -> None:
    """Nothing is posted to them before; afterwards the same pay is still the same."""
    world = World()
    assert RunState.DONE is world.post("R1").state
    world.vendor.tenant = "moved.example"
    world.payroll.add(a_pay_run("R2", factor=2), factor=2)

    held = world.post("R2")

    assert (RunState.HELD, ["tenant.other"]) == (held.state, world.problems(held.id))
    assert usual_balances() == world.balances()
    assert ["moved.example", "moved.example"] == setup(world).same_books("books")
    assert "connection.same_books" in world.audited
    at = world.resume(held.id)
    assert RunState.AWAITING_APPROVAL is at.state
    assert RunState.DONE is world.approve(held.id).state
    assert usual_balances(factor=2) == world.balances()


def test_a_payroll_under_another_name_is_the_same_when_said_so() -> None:
    world = World()
    assert RunState.DONE is world.post("R1").state
    world.payroll.name = "acme, moved"

    held = world.post("R1")

    assert (RunState.HELD, ["tenant.other"]) == (held.state, world.problems(held.id))
    assert ["acme, moved"] == setup(world).same_books("pay")
    assert RunState.DONE is world.resume(held.id).state
    assert usual_balances() == world.balances()


def test_books_that_never_changed_are_not_said_to_be_the_same() -> None:
    """Nothing is written into the audit chain for it."""
    from ml_connector.app.setup import SetupError

    world = World()
    world.post("R1")

    with pytest.raises(SetupError, match="leads to the books it has led to before"):
        setup(world).same_books("books")
    assert "connection.same_books" not in world.audited
