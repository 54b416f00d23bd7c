"""Members and people of the three ledgers: the same words for whoever counts them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sandbox.conftest import World as ExactWorld
from tests.sandbox.dynamics_fo_world import DynamicsWorld
from tests.sandbox.visma_net_world import World as VismaWorld

MEMBER = {"entity", "axis", "id", "code", "name", "open", "from", "to"}
PERSON = {"entity", "number", "name", "active", "from", "to", "dimensions"}


def member(world: Any, axis: str, code: str, entity: str) -> dict[str, Any]:
    rows = world.control("members")["members"]
    [row] = [row for row in rows if (row["axis"], row["code"], row["entity"]) == (axis, code, entity)]
    return dict(row)


def people(world: Any, number: str) -> list[dict[str, Any]]:
    return [row for row in world.control("members")["people"] if row["number"] == number]


@pytest.mark.parametrize("world_of", [ExactWorld, DynamicsWorld, VismaWorld])
def test_every_ledger_has_the_same_words(world_of: Any) -> None:
    answer = world_of().control("members")
    assert {"members", "people"} == set(answer)
    assert {frozenset(MEMBER)} == {frozenset(row) for row in answer["members"]}
    assert {frozenset(PERSON)} >= {frozenset(row) for row in answer["people"]}


def test_members_of_exact_follow_their_dates() -> None:
    """A cost unit on its last day and after it, a blocked payee, an employee who left."""
    world = ExactWorld()
    world.control("end_cost_unit", code="U1", date="2026-07-14")
    world.control("put_relation", code="2", set={"Blocked": True})
    world.control("put_employee", code="E1", last_name="Moss", start="2026-01-01", cost_center="SALES")
    unit = member(world, "cost_unit", "U1", "1204")
    assert (True, "2026-07-14") == (unit["open"], unit["to"])
    assert not member(world, "payee", "2", "1204")["open"]
    assert not member(world, "cost_center", "OLD", "1204")["open"]
    [person] = people(world, "E1")
    assert (True, {"cost_center": "SALES"}) == (person["active"], person["dimensions"])
    world.clock.advance(86_400)
    assert not member(world, "cost_unit", "U1", "1204")["open"]
    world.control("put_employee", code="E1", end="2026-07-14")
    assert [(False, "2026-07-14")] == [(row["active"], row["to"]) for row in people(world, "E1")]


def test_members_of_dynamics_are_shared_or_of_a_company() -> None:
    """What one company suspends is closed there alone; people by employment."""
    world = DynamicsWorld()
    world.control("suspend_dimension_value", dimension="Project", code="P0001", company="dat")
    world.control("date_dimension_value", dimension="Project", code="P0002", to="2026-07-13")
    assert [True, False] == [member(world, "project", "P0001", entity)["open"] for entity in ("", "dat")]
    closed = member(world, "project", "P0002", "")
    assert (False, "2026-07-13") == (closed["open"], closed["to"])
    [person] = people(world, "W00001")
    assert (True, None, {"cost_center"}) == (person["active"], person["to"], set(person["dimensions"]))
    world.control("put_worker", number="W00001", company="usmf", end="2026-07-01T03:59:59Z")
    assert [(False, "2026-07-01T03:59:59Z")] == [
        (row["active"], row["to"]) for row in people(world, "W00001")
    ]


def test_members_of_visma_are_active_or_not() -> None:
    world = VismaWorld()
    assert [True, False] == [member(world, "cost_center", code, "TEST")["open"] for code in ("0100", "0900")]
    assert "Salg" == member(world, "department", "SALES", "TEST")["name"]
    world.control("put_employee", code="E1", status="Inactive")
    person = next(row for row in people(world, "E1") if row["entity"] == "TEST")
    assert ("Kari Dahl", False, {"department": "SALES"}) == (
        person["name"],
        person["active"],
        person["dimensions"],
    )
