"""The lists of the simulated company beyond the contract: what is sent, what it costs, and what stops it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.connectors.precoro.tests.simulated_world import SimulatedCompany
from ml_connector.contract.registers import put
from ml_connector.domain.changes import Act, Change
from ml_connector.domain.list_value import TAX, TERM, ListValue
from ml_connector.errors import Refused, Throttled
from ml_connector.ports.registers import NotTaken, Register, Stale, Written

COST_CENTER = "cost_center"


def center(code: str, parent: str = "", **more: Any) -> ListValue:
    basics = {"axis": COST_CENTER, "identity": f"guid-{code}", "code": code, "title": f"Center {code}"}
    return ListValue(**{**basics, "parent": parent, **more})


def register_of(world: SimulatedCompany) -> Register[ListValue]:
    return world.system.register(ListValue)


def held(world: SimulatedCompany, axis: str) -> dict[str, Any]:
    """Options by code."""
    books = world.call("GET", "/__sandbox__/books")
    return {row["code"]: row for row in books["options"] if row["axis"] == axis}


def made(*values: ListValue) -> list[Change]:
    return [Change(key=value.key, act=Act.CREATE, after=value) for value in values]


def test_the_same_list_is_not_asked_for_within_a_minute() -> None:
    """Nothing is refused: who looks again waits. Of 30 values the fewest calls are one each and a look."""
    world = SimulatedCompany(page_rows="200")
    register, began = register_of(world), world.now()
    list(register.rows((f"{COST_CENTER}/",)))
    values = [center(f"N{number:02d}") for number in range(30)]

    assert (Written(),) * 30 == register.put(made(*values), {})
    assert len(register.read([value.key for value in values])) == 30

    calls = world.call("GET", "/__sandbox__/books")["calls"]
    assert (2, 30, {}) == (calls["read"], calls["write"], calls["refused"])
    list(register.rows((f"{COST_CENTER}/",)))
    assert (world.now() - began).total_seconds() >= 61
    assert {} == world.call("GET", "/__sandbox__/books")["calls"]["refused"]


def test_a_parent_is_made_before_what_stands_below_it() -> None:
    """In one batch; what stands below a value that is not there yet waits, and says so."""
    world = SimulatedCompany(profile="fast")
    register = register_of(world)
    answers = register.put(
        made(center("TOP"), center("SUB", "guid-TOP"), center("LOST", "guid-NOT-THERE")), {}
    )

    assert [Written(), Written()] == list(answers[:2])
    assert isinstance(answers[2], NotTaken)
    assert "list.parent" == answers[2].problem.code
    there = held(world, COST_CENTER)
    assert there["TOP"]["id"] == there["SUB"]["parent"]
    assert "LOST" not in there


def test_a_row_that_is_taken_over_gets_the_id_and_nothing_else() -> None:
    """A PATCH of that field alone: nobody's edit of the others can be lost by it."""
    world = SimulatedCompany(profile="fast")
    register = register_of(world)
    before = held(world, COST_CENTER)["OPSWH"]
    (found,) = (row.record for row in register.rows((f"{COST_CENTER}/",)) if row.record.code == "OPSWH")
    after = replace(found, identity="guid-1")

    (answer,) = register.put([Change(key=found.key, act=Act.CHANGE, before=found, after=after)], {})

    assert Written() == answer
    sent = world.wire.requests[-1]
    assert ("PATCH", b"externalId=guid-1") == (sent.method, sent.read())
    assert {**before, "external_id": "guid-1"} == held(world, COST_CENTER)["OPSWH"]
    assert register.normal(after) == register.read([found.key])[found.key].record


def test_a_put_keeps_what_is_not_ours() -> None:
    """A tax that is withheld stays one, and an option where it stands."""
    world = SimulatedCompany(profile="fast", switches={"put_clears_missing": True})
    register = register_of(world)
    for axis, name in ((TAX, "Withholding 10%"), (COST_CENTER, "Warehouse")):
        (found,) = (row.record for row in register.rows((f"{axis}/",)) if row.record.title == name)
        after = replace(found, identity="guid-9", title=f"{name} renamed")
        register.put([Change(key=found.key, act=Act.CHANGE, before=found, after=after)], {})

    rows = world.call("GET", "/taxes?per_page=200", headers=signed(world))["data"]
    (tax,) = (row for row in rows if row["name"] == "Withholding 10% renamed")
    assert (True, "10") == (
        tax["isWithholdingTax"],
        str(Decimal(str(tax["percent"])).normalize() + 0).rstrip(),
    )
    there = held(world, COST_CENTER)
    assert there["OPS"]["id"] == there["OPSWH"]["parent"]


def signed(world: SimulatedCompany) -> dict[str, str]:
    return {"X-AUTH-TOKEN": world.credentials["token"], "email": world.credentials["email"]}


def test_two_rows_with_one_id_are_left_to_people() -> None:
    world = SimulatedCompany(profile="fast")
    register = register_of(world)
    found = [row.record for row in register.rows((f"{COST_CENTER}/",))][:2]
    for one in found:
        after = replace(one, identity="guid-2")
        register.put([Change(key=one.key, act=Act.CHANGE, before=one, after=after)], {})

    with pytest.raises(Refused) as refused:
        list(register.rows((f"{COST_CENTER}/",)))
    assert "list.ambiguous" == refused.value.problem.code


def test_a_day_that_is_used_up_leaves_the_rest_to_the_next() -> None:
    """What was written counts, what was not is read again; nobody asks before."""
    world = SimulatedCompany(calls_per_day="0", calls_per_hour="0", switches={"calls_per_day": 3})
    register = register_of(world)
    list(register.rows((f"{TERM}/",)))
    terms = [ListValue(axis=TERM, identity=f"g{n}", title=f"Term {n}", days=n) for n in range(4)]

    answers = register.put(made(*(register.normal(term) for term in terms)), {})

    assert (Written(), Written(), Stale(), Stale()) == answers
    with pytest.raises(Throttled):
        put(register, terms[-1])


def test_an_axis_of_lines_and_of_documents_is_not_guessed() -> None:
    world = SimulatedCompany(profile="fast", fields="item:21=account, document:31=account")
    register = register_of(world)

    assert "account" not in register.limits.axes
    with pytest.raises(Refused) as refused:
        list(register.rows(("account/",)))
    assert "list.field" == refused.value.problem.code


@pytest.mark.parametrize(("named", "days"), [("30 days", 30), ("Prepaid", None)])
def test_days_are_read_of_terms_that_count_from_the_invoice(named: str, days: int | None) -> None:
    world = SimulatedCompany(profile="fast")
    rows = {row.record.title: row.record for row in register_of(world).rows((f"{TERM}/",))}

    assert days == rows[named].days
