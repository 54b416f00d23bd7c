"""Cost centers and cost units as a register, on the simulator."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import httpx2
import pytest

from ml_connector.connectors.exact_online.tests.kept_world import KeptWorld
from ml_connector.contract.registers import RegisterContract
from ml_connector.domain.changes import Act, Change
from ml_connector.domain.dimension import DimensionValue
from ml_connector.errors import OutcomeUnknown, Refused
from ml_connector.ports.registers import NotTaken, Register, Stale, Written

CENTERS, UNITS = "hrm/Costcenters", "hrm/Costunits"
TODAY = date(2026, 7, 1)


class CostWorld(KeptWorld):
    """A division whose cost centers are kept."""

    def record(self, number: int, *, again: bool = False) -> DimensionValue:
        return self.value(f"R{number:03}", f"{'Other' if again else 'Center'} {number}")

    def within(self) -> tuple[str, str]:
        return f"{self.exact.division}/cost_center/", f"{self.exact.division}/cost_unit/"

    def unfit(self) -> DimensionValue:
        return self.value("NINECHARS")

    def edit(self, record: DimensionValue) -> None:
        rows = self.screen("GET", f"{CENTERS}?$filter=Code eq '{record.code}'&$select=ID")["results"]
        if not rows:
            self.screen("POST", CENTERS, {"Code": record.code, "Description": record.title})
            return
        self.screen("PUT", f"{CENTERS}(guid'{rows[0]['ID']}')", {"Description": record.title})


@pytest.fixture
def world(make_world: Callable[..., Any]) -> CostWorld:
    return CostWorld(make_world())


@pytest.fixture
def register(world: CostWorld) -> Register[DimensionValue]:
    return world.register


class TestDimensions(RegisterContract):
    """Cost centers at Exact."""


# --- codes --------------------------------------------------------------------------------------------------


def test_codes_are_compared_without_case_and_blanks(world: CostWorld) -> None:
    """`K1a` and `K1A` have one key, so that the plan names both; each is written as its source spells it."""
    one, other = (world.register.normal(world.value(code)) for code in (" K1a ", "K1A"))

    assert one == other
    assert (one.code, one.written, other.written) == ("K1A", "K1a", "K1A")


@pytest.mark.parametrize("loaded", [True, False])
def test_a_code_in_small_letters_is_found(world: CostWorld, loaded: bool) -> None:
    """Whether or not the axis was read before: filters of Exact's may mind case."""
    world.screen("POST", CENTERS, {"Code": "Kleur", "Description": "Paint"})
    if loaded:
        list(world.register.rows())

    assert world.kept("KLEUR").spelled == "Kleur"
    assert world.kept("kleur").title == "Paint"


def test_a_code_is_created_as_the_source_spells_it(world: CostWorld) -> None:
    list(world.register.rows())

    assert world.wish(world.register.normal(world.value("Lak", "Varnish"))) == (Written(),)
    assert world.kept("LAK").written == "Lak"
    assert world.on_wire()[0][2]["Code"] == "Lak"


def test_codes_that_differ_in_case_in_exact_are_named(make_world: Callable[..., Any]) -> None:
    world = CostWorld(make_world())
    world.exact.post("switches", {"cost_codes_ignore_case": False})
    for code in ("K1a", "K1A"):
        world.screen("POST", CENTERS, {"Code": code, "Description": "Twin"})

    with pytest.raises(Refused, match=r"has K1[aA] and K1[aA], which differ only in case"):
        list(world.register.rows())


@pytest.mark.parametrize(
    ("code", "title", "why"),
    [
        ("NINECHARS", "Title", "has 9 characters, and Exact keeps 8"),
        (" ", "Title", "The code is empty"),
        ("A\tB", "Title", "cannot be seen"),
        ("A", " ", "has no title"),
    ],
)
def test_what_exact_cannot_hold(world: CostWorld, code: str, title: str, why: str) -> None:
    value = world.value(code, title)

    (problem,) = world.register.check(value)
    assert (problem.where, why in problem.text) == (value.key, True)


def test_leading_zeros_and_points_stay(world: CostWorld) -> None:
    """Six codes that a spreadsheet takes for fewer."""
    codes = ["0040", "040", "40", "1.10", "3E5", "1-2"]
    world.wish(*(world.value(code) for code in codes))

    keys = [world.value(code).key for code in codes]
    assert [row.record.written for row in map(world.register.read(keys).__getitem__, keys)] == codes


# --- titles and days ----------------------------------------------------------------------------------------


def test_a_long_title_is_cut_once_and_for_all(world: CostWorld) -> None:
    """80 characters are kept as 60; the same wish again is what is there."""
    wished = world.value("LONG", "Müller  GmbH " + "x" * 80)
    world.wish(wished)

    assert world.kept("LONG") == world.register.normal(wished)
    assert len(world.kept("LONG").title) == 60


@pytest.mark.parametrize(("axis", "path"), [("cost_center", CENTERS), ("cost_unit", UNITS)])
def test_closing_and_opening_again(world: CostWorld, axis: str, path: str) -> None:
    """Closed with the last day, which is still booked on; opened by clearing it. No code is ever changed."""
    world.wish(world.value("K300", axis=axis))
    world.wish(world.value("K300", axis=axis, open=False, until=TODAY))
    assert (world.kept("K300", axis).open, world.kept("K300", axis).until) == (True, TODAY)

    world.exact.advance(86_400)
    assert not world.kept("K300", axis).open
    world.wish(world.value("K300", axis=axis))
    assert (world.kept("K300", axis).open, world.kept("K300", axis).until) == (True, None)

    changes = [
        (address.partition("(")[0], body) for method, address, body in world.on_wire() if method == "PUT"
    ]
    assert [(path, body["EndDate"]) for path, body in changes] == [(path, "2026-07-01"), (path, None)]
    assert not [body for _, body in changes if "Code" in body or "Active" in body]


def test_a_center_that_is_not_active_is_opened(world: CostWorld) -> None:
    """Older centers are closed without a day."""
    world.wish(world.value("K301"))
    world.exact.control("deactivate_cost_center", code="K301")
    assert (world.kept("K301").open, world.kept("K301").until) == (False, None)

    assert world.wish(world.value("K301")) == (Written(),)
    assert world.kept("K301").open
    assert world.on_wire()[-1][2]["Active"] is True


def test_a_code_is_not_closed_without_a_day(world: CostWorld) -> None:
    world.wish(world.value("K302"))
    before = world.writes()

    (answer,) = world.wish(world.value("K302", open=False))
    assert isinstance(answer, NotTaken)
    assert "Exact closes by a day" in answer.problem.text
    assert before == world.writes()


# --- writing ------------------------------------------------------------------------------------------------


def test_one_bad_row_does_not_stop_the_others(world: CostWorld) -> None:
    """Somebody makes the same code in the meantime: Exact's words are said of it, the others are written."""
    values = [world.value(f"B{number:03}") for number in range(120)]
    changes = [Change(key=value.key, act=Act.CREATE, after=value) for value in values]
    world.screen("POST", CENTERS, {"Code": "B050", "Description": "Theirs"})

    answers = world.register.put(changes, {})
    refused = {
        change.key: answer for change, answer in zip(changes, answers, strict=True) if answer != Written()
    }
    assert set(refused) == {values[50].key}
    assert "Exact refused: " in refused[values[50].key].problem.text
    assert world.kept("B050").title == "Theirs"


def test_an_answer_of_success_without_effect_is_seen(world: CostWorld) -> None:
    """A 204 that changed nothing: the read-back shows the row as it was."""
    world.wish(world.value("K1"))
    world.answer(lambda request: httpx2.Response(204) if request.method == "PUT" else None)

    assert world.wish(world.value("K1", "Renamed")) == (Written(),)
    assert world.kept("K1").title == "Title"


def test_a_row_that_is_gone_is_read_again(world: CostWorld) -> None:
    world.wish(world.value("K9"))
    before = world.kept("K9")
    world.exact.control("remove_cost_center", code="K9")

    change = Change(key=before.key, act=Act.CHANGE, before=before, after=world.value("K9", "New"))
    assert world.register.put([change], {}) == (Stale(),)


def test_a_limit_behind_the_first_row_leaves_the_others_unwritten(world: CostWorld) -> None:
    """What is known of each stays true: two are written, the others are read again."""
    values = [world.value(f"T{number}") for number in range(4)]
    limit = httpx2.Response(429, headers=world.exact.throttled())
    world.answer(lambda request: limit if b'"T2"' in request.content else None)

    assert world.wish(*values) == (Written(), Written(), Stale(), Stale())


def test_a_lost_answer_behind_others_is_unknown(world: CostWorld) -> None:
    """Nothing behind it is sent."""
    values = [world.value(f"L{number}") for number in range(4)]

    def lose(request: httpx2.Request) -> None:
        if b'"L2"' in request.content:
            raise httpx2.ReadError("lost")

    world.answer(lose)

    with pytest.raises(OutcomeUnknown):
        world.wish(*values)
    assert [body["Code"] for _, _, body in world.on_wire()] == ["L0", "L1", "L2"]


# --- reading ------------------------------------------------------------------------------------------------


def test_calls(world: CostWorld) -> None:
    """⌈n/60⌉ for the axis that is asked for, ⌈keys/20⌉ to read some, or all where that is fewer, one for each
    change.
    """
    values = [world.value(f"C{number:03}") for number in range(60)]
    world.wish(*values)
    keys = [value.key for value in values]
    fresh = world.register.read(keys)
    changes = [
        Change(key=key, act=Act.CHANGE, before=fresh[key].record, after=fresh[key].record)
        for key in keys[:20]
    ]
    here, other = world.within()

    assert ["GET"] * 2 == world.calls(lambda: list(world.register.rows((here,))))
    assert ["GET"] == world.calls(lambda: list(world.register.rows((other,))))
    assert ["GET"] * 3 == world.calls(lambda: world.register.read(keys))
    more = [*keys, *(world.value(f"D{number:03}").key for number in range(60))]
    assert ["GET"] * 2 == world.calls(lambda: world.register.read(more))
    assert set(keys) == set(world.register.read(more))
    assert ["PUT"] * 20 == world.calls(lambda: world.register.put(changes, {}))


def test_other_divisions_and_axes_are_refused(world: CostWorld) -> None:
    """Nobody is asked."""
    foreign, moon = "777/cost_center/", f"{world.exact.division}/moon/"

    def ask() -> None:
        with pytest.raises(Refused, match="777 is not one of this connection's"):
            list(world.register.rows((foreign,)))
        with pytest.raises(Refused, match="777"):
            world.register.read([f"{foreign}A"])
        with pytest.raises(Refused, match="axis moon is not kept in Exact"):
            list(world.register.rows((moon,)))

    assert world.calls(ask) == []


def test_a_division_without_cost_analysis_is_said_so(world: CostWorld) -> None:
    """An empty list would close every code."""
    world.answer(lambda request: httpx2.Response(404) if "/hrm/" in request.url.path else None)

    with pytest.raises(Refused, match="keeps no codes on the axis cost_center"):
        list(world.register.rows())


def test_ping_tells_reading_codes_from_writing_them(world: CostWorld) -> None:
    """The scope that reads cost centers does not keep them."""
    world.exact.control("scope", scope="Financial costcenters", level="read")

    assert [right.name for right in world.exact.system.check() if not right.granted] == [
        "write cost centers 1204",
        "write cost units 1204",
    ]
