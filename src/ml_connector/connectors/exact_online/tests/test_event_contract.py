"""The contract suite of notifications on the simulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ml_connector.connectors.exact_online.events import ExactEvents
from ml_connector.connectors.exact_online.settings import read
from ml_connector.contract.events import EventSourceContract
from ml_connector.contract.notified import Notified

URL = "https://127.0.0.1:1/hooks/x"


class TestEvents(EventSourceContract):
    """Exact Online's notifications."""

    @pytest.fixture
    def world(self, make_world: Callable[..., Any]) -> Any:
        """A division with a subscription to accounts."""
        world = make_world(profile="fast")
        vendor = world.host.vendor
        options, _ = read(world.settings, True)
        world_of = Notified(
            clock=world.clock,
            outbox=vendor.webhooks.outbox,
            change=lambda number: world.control(
                "block_account" if number % 2 else "unblock_account", account="4000", code="4000"
            ),
            events=lambda vault, clock: ExactEvents(options, vault, clock),
            secrets={"webhook_secret": world.credentials["webhook_secret"]},
            handshake=({}, b""),
        )
        vendor.switches.set({"webhooks_same_domain": False})
        book = vendor.books_by_division[int(world.division)]
        vendor.webhooks.subscribe(book, {"Topic": "GLAccounts", "CallbackURL": URL}, "http://127.0.0.1:1")
        return world_of
