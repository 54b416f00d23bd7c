"""The screens of the three ledgers: the same actions under the same names do the same to the books, and what
is closed, blocked or ended there is refused to a client too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import Any

import pytest
from tests.sandbox.conftest import World as ExactWorld
from tests.sandbox.dynamics_fo_world import DynamicsWorld
from tests.sandbox.visma_net_world import World as VismaWorld

from ml_connector_sandbox import core, systems
from ml_connector_sandbox.systems.dynamics_fo.screen import ACTIONS as DYNAMICS_ACTIONS
from ml_connector_sandbox.systems.exact_online.screen import ACTIONS as EXACT_ACTIONS
from ml_connector_sandbox.systems.visma_net.screen import ACTIONS as VISMA_ACTIONS

LEDGERS = {"exact_online": EXACT_ACTIONS, "dynamics_fo": DYNAMICS_ACTIONS, "visma_net": VISMA_ACTIONS}


@dataclass(frozen=True)
class Screen:
    """A ledger, codes that stand in it, and whether it takes a posting of a client."""

    world: Any
    journal: str
    wages: str
    other: str
    owed: str
    center: str
    center_2: str
    takes: Callable[[], bool]

    def control(self, action: str, **arguments: Any) -> Any:
        """Carry the action out, which must succeed."""
        return self.world.control(action, **arguments)

    def refused(self, action: str, **arguments: Any) -> int:
        """The status with which the action is refused."""
        status: int = self.world.client.post(f"/__sandbox__/control/{action}", json=arguments).status_code
        return status

    def book(self, amount: str = "7.00") -> str:
        """The id of an entry made by hand."""
        lines = [
            {
                "account": self.wages,
                "amount": amount,
                "cost_center": self.center,
                "text": "Bonus",
                "reference": "77",
            },
            {"account": self.owed, "amount": f"-{amount}", "cost_center": self.center, "text": "Owed"},
        ]
        made = self.control("book", journal=self.journal, date="2026-07-09", text="By hand", lines=lines)
        return str(made["id"])

    def document(self, key: str) -> Any:
        """One document as it stands in the books."""
        return next(row for row in self.world.documents() if row["id"] == key)


def _exact() -> Screen:
    world = ExactWorld()
    return Screen(
        world=world,
        journal="90",
        wages="4000",
        other="4010",
        owed="1700",
        center="SALES",
        center_2="OLD",
        takes=lambda: world.book().is_success,
    )


def _dynamics() -> Screen:
    world = DynamicsWorld()

    def takes() -> bool:
        journal = world.journal("GenJrn")
        lines = [("601100--AKRASM", "100.25"), ("230100--AKRASM", "-100.25")]
        if not all(world.add(journal, account, amount).is_success for account, amount in lines):
            return False
        return bool(world.control("run_posting_job", id=journal)["posted"])

    return Screen(
        world=world,
        journal="GenJrn",
        wages="601100",
        other="601200",
        owed="230100",
        center="AKRASM",
        center_2="HOLEG",
        takes=takes,
    )


def _visma() -> Screen:
    world = VismaWorld()
    return Screen(
        world=world,
        journal="GL",
        wages="5000",
        other="5099",
        owed="2930",
        center="0100",
        center_2="0000",
        takes=lambda: world.post(world.batch(hold=False)).is_success,
    )


@pytest.fixture(params=[_exact, _dynamics, _visma], ids=LEDGERS)
def screen(request: pytest.FixtureRequest) -> Screen:
    made: Screen = request.param()
    return made


def test_an_entry_is_booked_by_hand(screen: Screen) -> None:
    """It stands in the books with journal, date, account, amount, cost center and text."""
    held = screen.document(screen.book())

    assert (screen.journal, "2026-07-09", "2026-07") == tuple(
        held[name] for name in ("journal", "date", "period")
    )
    assert [
        (screen.wages, "7.00", screen.center, "Bonus", "77"),
        (screen.owed, "-7.00", screen.center, "Owed", ""),
    ] == [
        (line["account"], line["amount"], line["dimensions"]["cost_center"], line["text"], line["reference"])
        for line in held["lines"]
    ]


def test_dimensions_name_a_cost_center_too(screen: Screen) -> None:
    """Under its axis; an axis the ledger does not have is refused, and nothing is booked."""
    lines = [
        {"account": screen.wages, "amount": "1.00", "dimensions": {"cost_center": screen.center}},
        {"account": screen.owed, "amount": "-1.00", "dimensions": {"cost_center": screen.center}},
    ]
    held = screen.document(screen.control("book", date="2026-07-09", lines=lines)["id"])
    assert [screen.center] * 2 == [line["dimensions"]["cost_center"] for line in held["lines"]]

    lines[1]["dimensions"] = {"planet": "Mars"}
    assert 404 == screen.refused("book", date="2026-07-09", lines=lines)
    assert 404 == screen.refused("edit", dimensions={"planet": "Mars"})
    assert [held] == screen.world.documents()


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("amount", "8.50", lambda line: line["amount"]),
        ("text", "Changed", lambda line: line["text"]),
        ("reference", "78", lambda line: line["reference"]),
        ("account", "other", lambda line: line["account"]),
        ("cost_center", "center_2", lambda line: line["dimensions"]["cost_center"]),
        ("dimensions", "center_2", lambda line: line["dimensions"]["cost_center"]),
    ],
)
def test_a_line_is_edited(screen: Screen, field: str, value: str, shown: Callable[[Any], str]) -> None:
    """One line of one document, and nothing else."""
    wanted = getattr(screen, value, value)
    first, second = screen.book(), screen.book("9.00")
    before = screen.document(first), screen.document(second)

    sent = {"cost_center": wanted} if field == "dimensions" else wanted
    answer = screen.control("edit", id=first, line=1, **{field: sent})

    assert (first, before[0]["number"], 1) == tuple(answer[name] for name in ("id", "number", "line"))
    assert ["dimensions" if field == "cost_center" else field] == answer["changed"]
    lines = screen.document(first)["lines"]
    assert wanted == shown(lines[0])
    assert [before[0]["lines"][1], before[1]] == [lines[1], screen.document(second)]


def test_a_document_is_doubled_and_deleted(screen: Screen) -> None:
    """The double has a number of its own; without a name it is the last document that is meant."""
    first = screen.book()
    second = screen.control("double", id=first)

    lines = [screen.document(key)["lines"] for key in (first, second["id"])]
    facts = [[(line["account"], line["amount"], line["text"]) for line in held] for held in lines]
    assert facts[0] == facts[1]
    assert screen.document(first)["number"] != second["number"] == screen.document(second["id"])["number"]

    assert second["number"] == screen.control("delete")["number"]
    assert [first] == [held["id"] for held in screen.world.documents()]
    screen.control("delete", number=screen.document(first)["number"])
    assert [] == screen.world.documents()
    for action in ("delete", "double", "edit"):
        assert 404 == screen.refused(action, id=first, amount="1.00")


@pytest.mark.parametrize(
    ("shut", "opened", "arguments"),
    [
        ("close_period", "open_period", lambda screen: {"period": "2026-07"}),
        ("block_account", "unblock_account", lambda screen: {"account": screen.wages}),
        (
            "end_cost_center",
            "reopen_cost_center",
            lambda screen: {"cost_center": screen.center, "date": "2026-06-30"},
        ),
    ],
    ids=["period", "account", "cost_center"],
)
def test_what_is_shut_takes_no_posting_until_it_is_opened(
    screen: Screen, shut: str, opened: str, arguments: Callable[[Screen], dict[str, Any]]
) -> None:
    """Neither of a client nor of a person."""
    given = arguments(screen)
    assert screen.takes()

    screen.control(shut, **given)
    assert not screen.takes()

    screen.control(opened, **{name: value for name, value in given.items() if name != "date"})
    assert screen.takes()


def test_a_cost_center_ends_today_unless_a_day_is_given(screen: Screen) -> None:
    """The answer says when, and none after it was opened again."""
    assert {"cost_center": screen.center, "ends": "2026-07-14"} == screen.control(
        "end_cost_center", cost_center=screen.center
    )
    assert {"cost_center": screen.center, "ends": None} == screen.control(
        "reopen_cost_center", cost_center=screen.center
    )


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("book", {"journal": "NONE", "lines": [{"account": "wages", "amount": "1"}]}),
        ("book", {"lines": [{"account": "none", "amount": "1"}, {"account": "none", "amount": "-1"}]}),
        ("book", {"date": "some day", "lines": []}),
        ("edit", {"line": 9, "amount": "1.00"}),
        ("edit", {"line": 1}),
        ("edit", {"account": "none"}),
        ("edit", {"entity": "none", "amount": "1.00"}),
        ("close_period", {"period": "1066-10"}),
        ("block_account", {"account": "none"}),
        ("end_cost_center", {"cost_center": "none"}),
        ("reopen_cost_center", {}),
        ("end_cost_center", {"cost_center": "center", "date": "some day"}),
    ],
)
def test_what_does_not_exist_is_refused(screen: Screen, action: str, arguments: dict[str, Any]) -> None:
    """With the reason in the answer of the control call; the books stay as they are."""
    screen.book()
    before = screen.world.documents()

    assert screen.refused(action, **arguments) in {400, 404}

    assert before == screen.world.documents()
    assert {"count": 0, "failures": []} == screen.world.client.get("/__sandbox__/failures").json()


def test_the_common_actions_are_in_every_ledger_and_in_its_readme() -> None:
    """The table of the shared page is the list; each ledger's page points to it."""
    shared = resources.files(core).joinpath("README.md").read_text(encoding="utf-8")
    table = shared.partition("## The screen of a ledger")[2].partition("Where the vendors differ")[0]
    rows = re.findall(r"^\| (`[a-z_`, ]+`) \|", table, re.MULTILINE)
    common = [name for row in rows for name in re.findall(r"[a-z_]+", row)]
    assert 10 == len(common)
    for system, actions in LEDGERS.items():
        page = resources.files(systems).joinpath(system, "README.md").read_text(encoding="utf-8")
        assert [] == [name for name in common if name not in actions or f"`{name}`" not in page], system
        assert "(../../core/README.md)" in page, system
