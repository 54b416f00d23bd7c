"""The contract suite of notifications on the simulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ml_connector.connectors.ukg_pro.events import UkgEvents
from ml_connector.connectors.ukg_pro.settings import read
from ml_connector.connectors.ukg_pro.tests.test_webhooks import platform_settings
from ml_connector.contract.events import EventSourceContract
from ml_connector.contract.notified import Notified
from ml_connector.ports.systems import Subscription

SECRET = "the secret of the subscription"


class TestEvents(EventSourceContract):
    """UKG Pro's notifications."""

    @pytest.fixture
    def world(self, make_world: Callable[..., Any]) -> Any:
        """A tenant with a subscription to what happens to people."""
        world = make_world(switches={"workers": 3})
        options, _ = read({**world.settings, "webhook_tenant": "G0311"}, True)
        assert options is not None
        found = Notified(
            clock=world.clock,
            outbox=world.host.vendor._webhooks.outbox,
            change=lambda number: world.control(
                "change_employee", employee="W00001", last_name=f"Moss {number}"
            ),
            events=lambda vault, clock: UkgEvents(options, vault, clock),
            secrets={"webhook_secret": SECRET},
        )
        wanted = Subscription(id="", address="http://127.0.0.1:1/hooks/x", topics=("Employee*",))
        world.open(**platform_settings(world)).subscriptions().make(wanted, SECRET)
        return found
