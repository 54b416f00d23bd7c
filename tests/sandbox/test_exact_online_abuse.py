"""Whatever arrives, the simulator answers, books nothing by accident, and goes on."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

NINES = "9" * 5_000


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "//",
        "/api/v1/",
        "/api/v1/1204",
        f"/api/v1/{NINES}/financial/Journals",
        "/api/v1/1204/financial/Journals(",
        "/api/v1/1204/financial/Journals()",
        "/api/v1/1204/financial/Journals(guid'x')",
        f"/api/v1/1204/financial/Journals({NINES})",
        "/api/v1/1204/read/financial/JournalStatusList(Journal=1,Period='x',Year=guid'1')",
        f"/api/v1/1204/financial/Journals?$top={NINES}",
        "/api/v1/1204/financial/Journals?$top=-1",
        "/api/v1/1204/financial/Journals?$skiptoken=",
        "/api/v1/1204/financial/Journals?$skiptoken=5",
        "/api/v1/1204/financial/Journals?$filter=" + quote("not " * 3_000 + "Type eq 1"),
        "/api/v1/1204/financial/Journals?$filter=" + quote(" or ".join(["Type eq 1"] * 3_000)),
        "/api/v1/1204/financial/Journals?$filter=" + quote("(" * 3_000 + "Type eq 1" + ")" * 3_000),
        "/api/v1/1204/financial/Journals?$filter=" + quote(f"Type eq {NINES}"),
        "/api/v1/1204/financial/Journals?$filter=" + quote("Created gt datetime'0001-01-01T00:00:00+14:00'"),
        "/api/v1/1204/financial/Journals?$filter=%ff%fe%00",
        "/api/v1/1204/read/sync/Sync/SyncTimestamp?modified=x",
        "/api/v1/1204/users/UserHasRights?endpoint='%00'&method=%00",
    ],
)
def test_odd_addresses_get_an_answer(make_world: Any, target: str) -> None:
    """Never a crash, never a 5xx."""
    world = make_world(profile="fast")
    assert world.client.get(target).status_code in {200, 400, 404}
    assert world.client.get("/api/v1/current/Me").status_code == 200


@pytest.mark.parametrize("name", ["FinYear", "StartDate", "ID", "Created"])
@pytest.mark.parametrize(
    "text",
    [
        "startswith({},'2')",
        "endswith({},'2')",
        "substringof('2',{})",
        "trim({}) eq '2'",
        "endswith(trim({}),'2')",
        "startswith({},null)",
        "not startswith({},'2')",
        "startswith({},'2') eq true",
    ],
)
def test_functions_of_text_on_what_is_no_text_are_refused(world: Any, name: str, text: str) -> None:
    """400 for the query, before any row is looked at; it used to end the connection without a byte."""
    answer = world.get("financial/FinancialPeriods?$filter=" + quote(text.format(name)))
    assert (400, 0) == (answer.status_code, world.host.wire.failures.count)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01 eq FinYear",
        "FinYear gt 2026-01-01",
        "'2''6' '3' eq Division",
        "not and",
        "FinYear(2) eq 1",
        "(FinYear eq 1)(FinYear eq 2)",
        "substringof('2',FinYear,'3')",
        "(FinYear eq 2026) gt true",
    ],
)
def test_filters_that_only_look_like_one_are_refused(world: Any, text: str) -> None:
    """Values with nothing between them, keywords in place of names, one argument too many."""
    answer = world.get("financial/FinancialPeriods?$filter=" + quote(text))
    assert (400, 0) == (answer.status_code, world.host.wire.failures.count)


@pytest.mark.parametrize(
    "line",
    [
        {"AmountFC": "Infinity"},
        {"AmountFC": True},
        {"AmountFC": [1]},
        {"OurRef": 2**31},
        {"OurRef": 1.5},
        {"Date": "0001-01-01T00:00:00+14:00"},
        {"Date": "/Date(0)/"},
        {"Description": "\ud800"},
        {"Description": 5},
    ],
)
def test_values_of_the_wrong_kind_are_binding_errors(world: Any, line: dict[str, Any]) -> None:
    """400 with the property's name."""
    body = json.dumps(world.entry({**world.line("4000", 0), **line}))
    answer = world.client.post("/api/v1/1204/generaljournalentry/GeneralJournalEntries", content=body)
    assert (answer.status_code, f"property '{next(iter(line))}'" in answer.text) == (400, True)


@pytest.mark.parametrize(
    "body", ["[" * 100_000, "{" * 10, "null", "5", '"\\ud800"', '{"line":"x"}', '{"amount":"x","line":1}']
)
def test_control_calls_survive_nonsense(world: Any, body: str) -> None:
    """A wrong control call is told so."""
    world.book()
    for path in ("faults", "clock", "switches", "control/edit", "control/close_period", "control/nothing"):
        assert world.client.post("/__sandbox__/" + path, content=body).status_code in {400, 404}


def test_paging_over_missing_values(world: Any) -> None:
    """A page may end on a row without the value it is ordered by."""
    rows = world.every_row(
        "financial/GLAccounts?$filter=Code ne ''&$select=ID&$orderby=VATCode,IsBlocked desc"
    )
    assert len({row["ID"] for row in rows}) == 75


def test_reset_lets_go_of_requests_that_are_still_held(world: Any) -> None:
    """What was on its way when the sandbox was reset never arrives."""
    world.client.post(
        "/__sandbox__/faults", json={"kind": "late_commit", "seconds": 5, "answer": "drop"}
    ).raise_for_status()
    with pytest.raises(Exception, match="reset by peer"):
        world.book()
    world.client.post("/__sandbox__/reset").raise_for_status()
    world.clock.advance(10)
    assert world.documents() == []
