"""The contract suite of notifications on the simulator."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ml_connector.connectors.dynamics_fo.events import DynamicsEvents
from ml_connector.connectors.dynamics_fo.settings import read
from ml_connector.contract.events import EventSourceContract, verified
from ml_connector.contract.memory import MemoryVault
from ml_connector.contract.notified import Notified
from ml_connector.errors import Refused
from ml_connector.ports.systems import Event

URL, HEADER, TOKEN = "http://127.0.0.1:1/hooks/x", "X-Connector-Token", "the token of the endpoint"
TEST = json.dumps({"BusinessEventId": "BusinessEventsTestEndpointContract", "TestMessage": "test"}).encode()


class WithToken(Notified):
    """Dynamics, or the proxy in front of us, sends a header along."""

    def _take(self, url: str, body: bytes, headers: Any) -> int:
        return super()._take(url, body, {**headers, HEADER: TOKEN})


@pytest.fixture
def world(make_world: Callable[..., Any]) -> Any:
    """An environment with an endpoint for rows of dimension values."""
    return notified(make_world(profile="fast"))


def notified(world: Any) -> Any:
    """As a world of the suite."""
    options, _ = read({**world.settings, "webhook_token_header": HEADER}, True)
    found = WithToken(
        clock=world.clock,
        outbox=world.host.vendor.webhooks.outbox,
        change=lambda number: world.control(
            "add_dimension_value", dimension="CostCenter", code=f"N{number}", name=f"New {number}"
        ),
        events=lambda vault, clock: DynamicsEvents(options, vault, clock),
        secrets={"webhook_token": TOKEN},
        signed=False,
        handshake=({HEADER: TOKEN}, TEST),
    )
    world.control("activate_data_event", set="FinancialDimensionValues", url=URL)
    return found


class TestDataEvents(EventSourceContract):
    """Rows of Dynamics 365, as Dataverse passes them on, with a header of ours."""

    @pytest.fixture
    def world(self, world: Any) -> Any:
        """An environment that tells of dimension values."""
        return world


def test_a_row_of_a_dimension_is_told_of_by_its_key_alone(world: Any) -> None:
    """Nothing of the row is in the event."""
    headers, body = world.change()
    event = verified(world, (headers, body))

    assert event.topic.startswith("mserp_financialdimensionvalue")
    assert "New 1" in body.decode()
    assert "New 1" not in repr(event)


def test_a_business_event_of_a_company_is_that_companys(make_world: Callable[..., Any]) -> None:
    """One of another company of the client wakes nobody."""
    world = make_world(profile="fast")
    options, _ = read(world.settings, True)
    events = DynamicsEvents(options, MemoryVault(), world.clock)
    envelope = {
        "BusinessEventId": "VendorInvoicePostedBusinessEvent",
        "EventId": "8A1D0C52-0000-4000-8000-000000000001",
        "ControlNumber": 5637200001,
        "EventTimeIso8601": f"{world.clock.now():%Y-%m-%dT%H:%M:%S}.2942742Z",
        "Amount": 10.0,
    }
    for company, ours in ((options.companies[0].upper(), True), ("zzzz", False)):
        body = json.dumps({**envelope, "BusinessEventLegalEntity": company}).encode()
        event = events.verify({}, body)
        assert isinstance(event, Event)
        assert (envelope["EventId"], envelope["BusinessEventId"], ours) == (event.id, event.topic, event.ours)
    with pytest.raises(Refused):
        events.verify({}, json.dumps({"BusinessEventId": "X"}).encode())
