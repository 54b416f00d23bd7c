"""Relations that stand for workers as a register, on the simulator."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from ml_connector.connectors.exact_online.tests.kept_world import KeptWorld
from ml_connector.contract.registers import RegisterContract
from ml_connector.domain.changes import Act, Change
from ml_connector.domain.dimension import DimensionValue
from ml_connector.errors import Refused
from ml_connector.ports.registers import NotTaken, Register, Stale, Written

ACCOUNTS = "crm/Accounts"
TODAY, YESTERDAY = date(2026, 7, 1), date(2026, 6, 30)
ALLOWED = {"Code", "Name", "EndDate", "Blocked", "IsSupplier", "SearchCode"}


class PayeeWorld(KeptWorld):
    """A division whose payees are kept."""

    axis, path = "payee", ACCOUNTS

    def row(self, code: str) -> dict[str, Any]:
        """The relation as it lies in the division."""
        (found,) = (
            row
            for row in self.exact.host.vendor.books_by_division[int(self.exact.division)]["relations"]
            if row["Code"].strip() == code
        )
        return dict(found)

    # --- the suite ------------------------------------------------------------------------------------------

    def record(self, number: int, *, again: bool = False) -> DimensionValue:
        return self.value(f"{880000 + number}", f"{'Other' if again else 'Worker'} {number}")

    def within(self) -> tuple[str, str]:
        return f"{self.exact.division}/payee/", f"{self.exact.division}/cost_unit/"

    def unfit(self) -> DimensionValue:
        return self.value("W0001")

    def edit(self, record: DimensionValue) -> None:
        self.by_hand(record.code, Name=record.title, SearchCode="WORKER", IsSupplier=True)

    def by_hand(self, code: str, **values: Any) -> None:
        """What a person enters at the screen of relations."""
        self.exact.control("put_relation", code=code, set=values)


@pytest.fixture
def world(make_world: Callable[..., Any]) -> PayeeWorld:
    return PayeeWorld(make_world())


@pytest.fixture
def register(world: PayeeWorld) -> Register[DimensionValue]:
    return world.register


class TestPayees(RegisterContract):
    """Relations at Exact."""


def test_a_payee_is_a_supplier_without_anything_personal(world: PayeeWorld) -> None:
    """Its code is filled up with blanks from the left, as Exact keeps it; only what is allowed is sent."""
    assert world.wish(world.value("4711", "O'Brien & Söhne")) == (Written(),)

    ((_, path, body),) = world.on_wire()
    assert (path, set(body) <= ALLOWED) == (ACCOUNTS, True)
    assert body["Code"] == "4711".rjust(18)
    row = world.row("4711")
    assert ("O'Brien & Söhne", True, False) == (row["Name"], row["IsSupplier"], row["IsSales"])
    assert world.kept("4711").title == "O'Brien & Söhne"


def test_nothing_personal_is_asked_for(world: PayeeWorld) -> None:
    """No address, no bank account, no birth date: each read names its fields."""
    world.wish(world.value("4711"))
    list(world.register.rows(world.within()[:1]))

    asked = {
        name
        for request in world.exact.wire.requests
        if request.method == "GET" and "/Accounts" in request.url.path
        for name in str(request.url.params["$select"]).split(",")
    }
    assert asked == {"ID", "Code", "Name", "EndDate", "Blocked", "SearchCode"}


def test_closing_and_opening_again(world: PayeeWorld) -> None:
    """Closed with the last day and blocked; a rehire clears both on the same relation."""
    world.wish(world.value("4711"))
    first = world.row("4711")
    world.wish(world.value("4711", open=False, until=YESTERDAY))
    row = world.row("4711")
    assert (row["EndDate"].date(), row["Blocked"]) == (YESTERDAY, True)
    assert (world.kept("4711").open, world.kept("4711").until) == (False, YESTERDAY)

    world.wish(world.value("4711"))
    row = world.row("4711")
    assert (row["EndDate"], row["Blocked"], row["ID"]) == (None, False, first["ID"])
    assert world.kept("4711") == world.value("4711")
    assert not [body for method, _, body in world.on_wire() if method == "PUT" and "Code" in body]


def test_one_whose_last_day_is_today_is_not_blocked_yet(world: PayeeWorld) -> None:
    world.wish(world.value("4711"))
    world.wish(world.value("4711", open=False, until=TODAY))
    assert (world.row("4711")["Blocked"], world.kept("4711").open) == (False, True)

    world.exact.advance(86_400)
    assert not world.kept("4711").open


def test_a_relation_of_others_is_neither_read_nor_taken(world: PayeeWorld) -> None:
    """A customer has the number of a worker: said in the plan and when it is written, and not touched."""
    world.by_hand("4711", Name="Jansen BV")
    before, wished = world.row("4711"), world.value("4711", "Anna Berg")

    assert wished.key not in {row.key for row in world.register.rows(world.within()[:1])}
    (problem,) = world.register.check(wished)
    assert "is the relation Jansen BV" in problem.text
    (answer,) = world.wish(wished)
    assert isinstance(answer, NotTaken)
    assert (world.row("4711"), world.writes()) == (before, 0)


def test_a_relation_is_adopted_by_its_search_code(world: PayeeWorld) -> None:
    """Whoever enters it says that it is the worker."""
    world.by_hand("4711", Name="A. Berg")
    list(world.register.rows(world.within()[:1]))
    world.by_hand("4711", SearchCode="worker")
    wished = world.value("4711", "Anna Berg")

    assert world.kept("4711").title == "A. Berg"
    assert world.register.check(wished) == ()
    assert world.wish(wished) == (Written(),)
    assert world.row("4711")["Name"] == "Anna Berg"


def test_a_code_is_looked_up_before_it_is_made(world: PayeeWorld) -> None:
    """A plan that says it is not there, while somebody made it: nothing is sent."""
    wished = world.value("4711")
    world.edit(wished)

    change = Change(key=wished.key, act=Act.CREATE, after=wished)
    assert (world.register.put([change], {}), world.writes()) == ((Stale(),), 0)


def test_one_that_is_gone_is_read_again(world: PayeeWorld) -> None:
    """Nothing is made in its place without consent."""
    world.wish(world.value("4711"))
    before = world.kept("4711")
    world.exact.control("remove_relation", code="4711")

    change = Change(key=before.key, act=Act.CHANGE, before=before, after=world.value("4711", "New"))
    assert world.register.put([change], {}) == (Stale(),)


@pytest.mark.parametrize(
    ("code", "title", "why"),
    [
        ("W0001", "Title", "is no number"),
        ("1" * 19, "Title", "has 19 characters, and Exact keeps 18"),
        ("4711", " ", "has no title"),
    ],
)
def test_what_exact_cannot_hold(world: PayeeWorld, code: str, title: str, why: str) -> None:
    (problem,) = world.register.check(world.value(code, title))
    assert why in problem.text


@pytest.mark.parametrize("spaces", ["keep", "trim", "fold"])
def test_a_long_name_is_cut_once_and_for_all(world: PayeeWorld, spaces: str) -> None:
    """Exact keeps 50; the same wish again is what is there, whatever Exact does with blanks."""
    world.exact.post("switches", {"text_spaces": spaces})
    wished = world.value("4711", "Müller  van " + "x" * 80)
    world.wish(wished)

    assert world.kept("4711") == world.register.normal(wished)
    assert len(world.kept("4711").title) == 50


def test_a_person_who_blocks_a_payee_is_seen(world: PayeeWorld) -> None:
    world.wish(world.value("4711"))
    world.by_hand("4711", Blocked=True)

    assert (world.kept("4711").open, world.kept("4711").until) == (False, None)


def test_calls(world: PayeeWorld) -> None:
    """⌈relations/1000⌉ for all of them, ⌈keys/20⌉ to read some, one for each change."""
    values = [world.record(number) for number in range(40)]
    world.wish(*values[:20])
    world.exact.advance(60)
    world.wish(*values[20:])
    keys = [value.key for value in values]
    fresh = world.register.read(keys)
    change = Change(key=keys[0], act=Act.CHANGE, before=fresh[keys[0]].record, after=values[0])

    assert ["GET"] == world.calls(lambda: list(world.register.rows(world.within()[:1])))
    assert ["GET"] * 2 == world.calls(lambda: world.register.read(keys))
    assert ["PUT"] == world.calls(lambda: world.register.put([change], {}))


def test_ping_tells_reading_relations_from_writing_them(world: PayeeWorld) -> None:
    """Neither is needed for posting."""
    world.exact.control("scope", scope="Crm accounts", level="read")

    (missing,) = (right for right in world.exact.system.check() if not right.granted)
    assert (missing.name, missing.optional) == ("write relations 1204", True)


def test_without_the_scope_it_is_said_who_grants_it(world: PayeeWorld) -> None:
    """Nothing of the batch is written, and no other row is tried."""
    world.exact.control("scope", scope="Crm accounts", level="read")

    with pytest.raises(Refused, match="Add the scope to the app"):
        world.wish(world.value("4711"), world.value("4712"))
    assert world.writes() == 1
