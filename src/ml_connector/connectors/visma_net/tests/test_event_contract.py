"""The contract suite of notifications on the simulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ml_connector.connectors.visma_net.events import VismaEvents
from ml_connector.connectors.visma_net.settings import read
from ml_connector.contract.events import EventSourceContract
from ml_connector.contract.notified import Notified


class TestEvents(EventSourceContract):
    """Visma.net ERP's notifications."""

    @pytest.fixture
    def world(self, make_world: Callable[..., Any]) -> Any:
        """A company with a subscription to segments."""
        world = make_world(profile="fast")
        options, _ = read(world.settings, True)
        found = Notified(
            clock=world.clock,
            outbox=world.host.vendor.webhooks.outbox,
            change=lambda number: world.control(
                "put_segment_value", dimension="SUBACCOUNT", segment=1, code=f"N{number}"
            ),
            events=lambda vault, clock: VismaEvents(options, vault, clock),
            secrets={"webhook_secret": world.credentials["webhook_secret"]},
        )
        world.control("subscribe", url="http://127.0.0.1:1/hooks/x", entities=["Segment"])
        return found
