"""Projects as a register, on the simulator."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import httpx2
import pytest

from ml_connector.connectors.exact_online.settings import read
from ml_connector.connectors.exact_online.tests.kept_world import KeptWorld
from ml_connector.contract.registers import RegisterContract
from ml_connector.domain.changes import Act, Change
from ml_connector.domain.dimension import DimensionValue
from ml_connector.errors import Refused
from ml_connector.ports.registers import NotTaken, Register, Stale, Written

PROJECTS = "project/Projects"
TODAY, YESTERDAY = date(2026, 7, 1), date(2026, 6, 30)
READ = {"ID", "Code", "Description", "EndDate", "BlockEntry"}


class ProjectWorld(KeptWorld):
    """A division whose projects are kept."""

    axis, path = "project", PROJECTS

    def row(self, code: str) -> dict[str, Any]:
        """The project as it lies in the division."""
        (found,) = (
            row
            for row in self.exact.host.vendor.books_by_division[int(self.exact.division)]["projects"]
            if row["Code"] == code
        )
        return dict(found)

    def by_hand(self, code: str, **values: Any) -> None:
        """What a person enters of a project that is there."""
        self.screen("PUT", f"{PROJECTS}(guid'{self.row(code)['ID']}')", values)

    # --- the suite ------------------------------------------------------------------------------------------

    def record(self, number: int, *, again: bool = False) -> DimensionValue:
        return self.value(f"P{number:03}", f"{'Other' if again else 'Project'} {number}")

    def within(self) -> tuple[str, str]:
        return f"{self.exact.division}/project/", f"{self.exact.division}/cost_unit/"

    def unfit(self) -> DimensionValue:
        return self.value("P\t1")

    def edit(self, record: DimensionValue) -> None:
        rows = self.screen("GET", f"{PROJECTS}?$filter=Code eq '{record.code}'&$select=ID")["results"]
        if rows:
            self.by_hand(record.code, Description=record.title)
        else:
            self.screen("POST", PROJECTS, {"Code": record.code, "Description": record.title, "Type": 2})


@pytest.fixture
def world(make_world: Callable[..., Any]) -> ProjectWorld:
    return ProjectWorld(make_world())


@pytest.fixture
def register(world: ProjectWorld) -> Register[DimensionValue]:
    return world.register


class TestProjects(RegisterContract):
    """Projects at Exact."""


def test_a_project_is_made_with_the_type_of_the_connection(make_world: Callable[..., Any]) -> None:
    """Exact needs one; nothing else of a project is said."""
    world = ProjectWorld(make_world(project_type="fixed_price"))

    assert world.wish(world.value("P1", "New hall")) == (Written(),)
    ((method, path, body),) = world.on_wire()
    assert (method, path) == ("POST", PROJECTS)
    assert body == {"Code": "P1", "Description": "New hall", "Type": 2, "EndDate": None}


def test_without_the_setting_a_project_bills_nobody(world: ProjectWorld) -> None:
    world.wish(world.value("P1"))

    assert world.row("P1")["Type"] == 4


def test_a_type_that_is_none_is_refused(world: ProjectWorld) -> None:
    problems = [one for one in read({"project_type": "moon"}, sandbox=True)[1] if one.where == "project_type"]

    assert [one.code for one in problems] == ["setting.project_type"]
    assert "one of campaign, fixed_price, time_and_material, non_billable, prepaid" in problems[0].text


def test_a_change_leaves_what_belongs_to_the_people_of_the_project(world: ProjectWorld) -> None:
    """Type, start, budget and notes stay, and the code is never named in a change."""
    world.edit(world.value("P1", "Old"))
    world.by_hand("P1", Notes="Ours", StartDate="2026-01-01")
    before = world.row("P1")
    assert world.wish(world.value("P1", "New")) == (Written(),)

    after = world.row("P1")
    changed = {name for name in after if after[name] != before.get(name)} - {
        "Modified",
        "Timestamp",
        "_stamp",
    }
    assert changed == {"Description"}
    assert world.on_wire()[-1][2] == {"Description": "New", "EndDate": None}


def test_a_project_is_closed_by_its_last_day_and_opened_by_none(world: ProjectWorld) -> None:
    """On its last day it is open still."""
    world.wish(world.value("P1"))
    world.wish(world.value("P1", open=False, until=YESTERDAY))
    assert (world.row("P1")["EndDate"].date(), world.kept("P1").open) == (YESTERDAY, False)

    world.wish(world.value("P1", until=TODAY))
    assert (world.kept("P1").until, world.kept("P1").open) == (TODAY, True)

    world.wish(world.value("P1"))
    assert (world.row("P1")["EndDate"], world.kept("P1").open) == (None, True)


def test_a_project_with_a_later_last_day_closes_by_itself(world: ProjectWorld) -> None:
    world.wish(world.value("P1", until=TODAY + timedelta(days=1)))
    assert world.kept("P1").open

    world.exact.clock.advance(2 * 86_400)
    assert not world.kept("P1").open


def test_a_blocked_project_is_closed_and_opened_again(world: ProjectWorld) -> None:
    """A block is a person's, and is seen; opening again lifts it, and leaves the type as it is."""
    world.edit(world.value("P1"))
    world.by_hand("P1", BlockEntry=True)
    assert (world.kept("P1").open, world.kept("P1").until) == (False, None)
    assert world.wish(world.value("P1", "Renamed", open=False)) == (Written(),)
    assert (world.row("P1")["BlockEntry"], world.row("P1")["Description"]) == (True, "Renamed")

    world.wish(world.value("P1"))
    assert (world.row("P1")["BlockEntry"], world.row("P1")["Type"], world.kept("P1").open) == (False, 2, True)


def test_closing_without_a_day_is_not_taken(world: ProjectWorld) -> None:
    world.wish(world.value("P1"))
    (answer,) = world.wish(world.value("P1", open=False))

    assert isinstance(answer, NotTaken)
    assert "without a last day" in answer.problem.text
    assert world.kept("P1").open


def test_a_code_is_written_as_it_is(world: ProjectWorld) -> None:
    """Exact's rules for case and length of a project's code are not published: what it refuses is its say."""
    codes = ["p1", "P1", "007", "7", "O'Neil & Söhne"]
    assert world.wish(*map(world.value, codes)) == (Written(),) * len(codes)
    assert {world.value(code).key for code in codes} == {
        row.key for row in world.register.rows(world.within()[:1])
    }

    (answer,) = world.wish(world.value("X" * 21))
    assert isinstance(answer, NotTaken)
    assert "Maximum: 20" in answer.problem.text


@pytest.mark.parametrize(
    ("code", "title", "why"),
    [("", "Title", "is empty"), ("P1", " ", "no title"), ("P\x001", "Title", "seen")],
)
def test_what_exact_cannot_hold(world: ProjectWorld, code: str, title: str, why: str) -> None:
    value = world.value(code, title)

    (problem,) = world.register.check(value)
    assert (problem.where, why in problem.text) == (value.key, True)


def test_one_that_came_or_went_since_the_plan_is_read_again(world: ProjectWorld) -> None:
    """It is not made twice, and a change makes nothing."""
    value = world.value("P1")
    world.register.read([value.key])
    world.edit(value)
    assert world.wish(value) == (Written(),)
    change = Change(key=value.key, act=Act.CREATE, before=None, after=value)
    assert world.register.put([change], {}) == (Stale(),)
    gone = world.value("P2")
    change = Change(key=gone.key, act=Act.CHANGE, before=gone, after=gone)
    assert world.register.put([change], {}) == (Stale(),)


def test_a_project_that_is_removed_between_is_read_again(world: ProjectWorld) -> None:
    value = world.value("P1")
    world.wish(value)
    change = Change(key=value.key, act=Act.CHANGE, before=value, after=world.value("P1", "New"))
    world.register.read([value.key])
    world.screen("DELETE", f"{PROJECTS}(guid'{world.row('P1')['ID']}')")

    assert world.register.put([change], {}) == (Stale(),)


def test_a_code_twice_is_said(world: ProjectWorld) -> None:
    world.wish(world.value("P1"), world.value("P2"))
    world.exact.host.vendor.books_by_division[int(world.exact.division)]["projects"].first("Code", "P2")[
        "Code"
    ] = "P1"

    with pytest.raises(Refused, match="two projects with the code P1") as error:
        list(world.register.rows(world.within()[:1]))
    assert error.value.problem.code == "code.ambiguous"


def test_only_what_a_code_is_made_of_is_read(world: ProjectWorld) -> None:
    """No budget, no customer, no manager."""
    world.wish(world.value("P1"))
    list(world.register.rows(world.within()[:1]))

    asked = {
        name
        for request in world.exact.wire.requests
        if request.method == "GET" and "/Projects" in request.url.path
        for name in str(request.url.params["$select"]).split(",")
    }
    assert asked == READ


def test_calls(world: ProjectWorld) -> None:
    """A thousand a page of the whole axis, twenty codes a question, one for each change."""
    values = [world.value(f"P{number:03}") for number in range(70)]
    world.wish(*values)
    keys = [value.key for value in values]
    fresh = world.register.read(keys)
    changes = [
        Change(key=key, act=Act.CHANGE, before=fresh[key].record, after=fresh[key].record)
        for key in keys[:20]
    ]

    register = world.register
    assert ["GET"] == world.calls(lambda: list(register.rows(world.within()[:1])))
    assert ["GET"] * 4 == world.calls(lambda: register.read(keys))
    assert ["PUT"] * 20 == world.calls(lambda: register.put(changes, {}))


def test_a_division_without_projects_is_said_so(world: ProjectWorld) -> None:
    """An empty list would close every code."""
    world.answer(lambda request: httpx2.Response(404) if "/Projects" in request.url.path else None)

    with pytest.raises(Refused, match="keeps no codes on the axis project"):
        list(world.register.rows(world.within()[:1]))
    with pytest.raises(Refused, match="keeps no codes on the axis project"):
        world.wish(world.value("P1"))


def test_ping_tells_reading_projects_from_writing_them(world: ProjectWorld) -> None:
    """The scope that reads projects does not keep them, and posting needs neither."""
    world.exact.control("scope", scope="Projects projects", level="read")

    (missing,) = [right for right in world.exact.system.check() if not right.granted]
    assert (missing.name, missing.optional) == ("write projects 1204", True)
