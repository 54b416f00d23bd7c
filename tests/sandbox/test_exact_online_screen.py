"""What a bookkeeper does at the screen: the same notifications as through the API, and cost centers' ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

ENTRIES = "GeneralJournalEntries"


@pytest.fixture
def told(make_world: Any) -> tuple[Any, Callable[[], list[tuple[str, str]]]]:
    """A world with subscriptions, and what was sent since the last look: topic and action."""
    world = make_world(webhooks_need_https=False, webhooks_same_domain=False)
    hooks = world.vendor.webhooks.outbox
    hooks.background = False
    arrived: list[dict[str, Any]] = []

    def receive(url: str, body: bytes, headers: Any) -> int:
        if body:
            arrived.append(json.loads(body)["Content"])
        return 200

    hooks.send = receive
    for topic in (ENTRIES, "GLAccounts"):
        wish = {"Topic": topic, "CallbackURL": "http://127.0.0.1:9/hook"}
        assert world.post("webhooks/WebhookSubscriptions", wish).status_code == 201

    def look() -> list[tuple[str, str]]:
        news = [(content["Topic"], content["Action"]) for content in arrived]
        assert all(
            content["ExactOnlineEndpoint"].startswith("http://exact/api/v1/1204/") for content in arrived
        )
        arrived.clear()
        return news

    return world, look


@pytest.mark.parametrize(
    ("action", "arguments", "expected"),
    [
        ("edit", {"line": 1, "text": "Changed"}, [(ENTRIES, "Update")]),
        ("process", {}, [(ENTRIES, "Update")]),
        ("double", {}, [(ENTRIES, "Create")]),
        ("delete", {}, [(ENTRIES, "Delete")]),
        (
            "book",
            {"lines": [{"account": "1700", "amount": "1.00"}, {"account": "1700", "amount": "-1.00"}]},
            [(ENTRIES, "Create")],
        ),
        ("block_account", {"account": "4000"}, [("GLAccounts", "Update")]),
        ("unblock_account", {"account": "4000"}, [("GLAccounts", "Update")]),
        ("close_period", {"period": "2026-07"}, []),
        ("end_cost_center", {"cost_center": "SALES"}, []),
    ],
)
def test_what_is_done_at_the_screen_notifies(
    told: Any, action: str, arguments: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """A change of a record is news whoever made it; what has no topic is not."""
    world, look = told
    world.book().raise_for_status()
    assert [(ENTRIES, "Create")] == look()

    world.control(action, **arguments)

    assert expected == look()


def test_processing_twice_is_one_change(told: Any) -> None:
    """Nothing happened the second time."""
    world, look = told
    world.book().raise_for_status()
    world.control("process")
    look()
    world.control("process")
    assert [] == look()


def test_a_cost_center_ends_and_opens_again(world: Any) -> None:
    """From the day after its last day nothing can be booked on it."""
    assert {"cost_center": "SALES", "ends": "2026-06-30"} == world.control(
        "end_cost_center", cost_center="SALES", date="2026-06-30"
    )
    assert world.refusal() == "Invalid reference: Cost center"
    world.control("reopen_cost_center", cost_center="SALES")
    assert world.book().status_code == 201


def test_a_deactivated_cost_center_opens_again_too(world: Any) -> None:
    """However it was closed."""
    world.control("deactivate_cost_center", code="SALES")
    world.control("reopen_cost_center", cost_center="sales")
    assert world.book().status_code == 201


def test_documents_are_named_within_their_division(world: Any) -> None:
    """The last one of a division is not the last one of all."""
    world.book().raise_for_status()
    lines = [{"account": "1700", "amount": "1.00"}, {"account": "1700", "amount": "-1.00"}]
    other = world.control("book", entity="1305", lines=lines)

    assert other["id"] == world.control("edit", entity="1305", text="x")["id"]
    assert other["id"] != world.control("edit", entity="1204", text="x")["id"]
