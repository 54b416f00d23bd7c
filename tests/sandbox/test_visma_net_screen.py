"""What a bookkeeper does at the screen of Visma.net: whom it is told, and how a line finds its subaccount."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.sandbox.visma_net_world import World

ENTITIES = ("Account", "Segment", "Project")


@pytest.fixture
def told() -> tuple[World, Callable[[], list[tuple[str, str]]]]:
    """A company whose changes are listened to, and what was sent since the last look: code and event."""
    world = World()
    arrived: list[dict[str, Any]] = []
    world.vendor.webhooks.outbox.background = False
    world.vendor.webhooks.outbox.send = lambda url, body, headers: arrived.append(json.loads(body)) or 200
    world.control("subscribe", url="http://127.0.0.1:9/hook", entities=list(ENTITIES))

    def look() -> list[tuple[str, str]]:
        news = [(content["code"], content["event"]) for content in arrived]
        arrived.clear()
        return news

    return world, look


@pytest.mark.parametrize(
    ("action", "arguments", "expected"),
    [
        ("block_account", {"account": "5000"}, [("5000", "Updated")]),
        ("unblock_account", {"account": "5000"}, [("5000", "Updated")]),
        ("manual_entry", {"account": "5000", "allowed": False}, [("5000", "Updated")]),
        ("end_cost_center", {"cost_center": "0100"}, [("SUBACCOUNT/1", "ValueChanged")]),
        ("reopen_cost_center", {"cost_center": "0900"}, [("SUBACCOUNT/1", "ValueChanged")]),
        ("put_segment_value", {"segment": 1, "code": "0200"}, [("SUBACCOUNT/1", "ValueChanged")]),
        ("remove_segment_value", {"segment": 2, "code": "OSL"}, [("SUBACCOUNT/2", "ValueChanged")]),
        ("project", {"code": "P100", "status": "Completed"}, [("P100", "Changed")]),
        ("close_period", {"period": "2026-07"}, []),
        ("delete", {}, []),
    ],
)
def test_what_is_done_at_the_screen_notifies(
    told: Any, action: str, arguments: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """A changed record is news whoever changed it; batches and periods have no notification."""
    world, look = told
    world.booked()
    look()

    world.control(action, **arguments)

    assert expected == look()


def _lines(**more: Any) -> list[dict[str, Any]]:
    return [
        {"account": "5000", "amount": "2.50", "text": "by hand", **more},
        {"account": "2930", "amount": "-2.50", "cost_center": "0000"},
    ]


@pytest.mark.parametrize(
    ("wish", "cost_center"),
    [
        ({"cost_center": "0100"}, "0100"),
        ({"dimensions": {"cost_center": "0100", "plant": "OSL"}}, "0100"),
        ({"subaccount": "0100-OSL"}, "0100"),
        ({"segments": {"1": "0100", "2": "OSL"}}, "0100"),
        ({}, "0000"),
    ],
)
def test_a_line_by_hand_finds_its_subaccount(wish: dict[str, Any], cost_center: str) -> None:
    """By cost center and dimensions or whole; what is left out is the first value."""
    world = World()

    world.control("book", journal="GL", date="2026-07-02", lines=_lines(**wish))

    [document] = world.documents()
    assert {
        "account": "5000",
        "amount": "2.50",
        "dimensions": {"cost_center": cost_center, "plant": "OSL", "branch": "1"},
        "text": "by hand",
        "reference": "",
    } == document["lines"][0]


@pytest.mark.parametrize(
    ("action", "arguments", "status"),
    [
        ("book", {"journal": "AP", "lines": _lines()}, 404),
        ("book", {"lines": _lines(dimensions={"region": "1"})}, 404),
        ("book", {"lines": _lines(cost_center="0900")}, 400),
        ("end_cost_center", {"cost_center": "7777"}, 404),
        ("end_cost_center", {"cost_center": "0100", "date": "2026-12-31"}, 400),
    ],
)
def test_what_the_screen_cannot_do_is_said(action: str, arguments: dict[str, Any], status: int) -> None:
    """An answer of the control calls, and nothing is booked."""
    world = World()
    answer = world.client.post(f"/__sandbox__/control/{action}", json=arguments)
    assert (status, []) == (answer.status_code, world.documents())
