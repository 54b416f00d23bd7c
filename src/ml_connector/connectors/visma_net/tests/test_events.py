"""Notifications: the simulator's own, and what is refused."""

from __future__ import annotations

import hmac
import json
import queue
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from ml_connector.connectors.visma_net.events import VismaEvents
from ml_connector.connectors.visma_net.settings import read
from ml_connector.contract.memory import MemoryVault
from ml_connector.errors import Refused
from ml_connector.ports.systems import Event
from ml_connector.transport.signature import BODY_BYTES_MAX
from ml_connector_sandbox.core.vendor import Request

TENANT = "4e95f4b9-e895-5a20-a960-2ee8b4f8e49b"
BODY = b'{"code": "SUBACCOUNT/1"}'


@contextmanager
def listening() -> Iterator[tuple[str, queue.SimpleQueue[tuple[dict[str, str], bytes]]]]:
    """An address on this machine, and what arrives there."""
    arrived: queue.SimpleQueue[tuple[dict[str, str], bytes]] = queue.SimpleQueue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            arrived.put((dict(self.headers.items()), body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", arrived
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_delivery_is_verified_and_a_changed_one_is_not(make_world: Callable[..., Any]) -> None:
    """A new segment value is announced to whom it concerns; one byte more makes it nobody's."""
    world = make_world()
    world.ledger.journals("FJORD")
    value = {
        "dimensionId": "SUBACCOUNT",
        "segementId": 1,
        "segmentValues": [{"operation": "Insert", "value": "NEW1"}],
    }
    headers = {"authorization": f"Bearer {world.wire.tokens[-1]}", "content-type": "application/json"}
    with listening() as (url, arrived):
        world.control("subscribe", url=url, entities=["Segment"])
        asked = Request(
            method="PUT",
            target="/v1/dimension/SUBACCOUNT/1",
            headers=headers,
            body=json.dumps(value).encode(),
        )
        assert world.host.exchange(asked).response.status == 204
        sent, body = arrived.get(timeout=10)

    event = world.system.events.verify(sent, body)
    assert isinstance(event, Event)
    assert (event.topic, event.key, bool(event.id)) == ("Segment ValueChanged", "SUBACCOUNT/1", True)
    assert event.occurred_at == world.clock.now().replace(microsecond=0)
    with pytest.raises(Refused):
        world.system.events.verify(sent, body + b"\n")


def signed(body: bytes = BODY, secret: str = "new", **changes: str) -> dict[str, str]:
    """The dispatcher's headers."""
    signature = b64encode(hmac.new(secret.encode(), body, "sha256").digest()).decode()
    headers = {
        "x-vwd-signature-v1": signature,
        "x-vwd-tenant-id": TENANT,
        "x-vwd-notification-id": "n1",
        "x-vwd-event-id": "SEGMENT_CHANGED",
        "x-vwd-notification-timestamp": "1782896400000",
    }
    return {**headers, **{f"x-vwd-{name.replace('_', '-')}": value for name, value in changes.items()}}


class At:
    """A clock that stands."""

    def now(self) -> datetime:
        return datetime(2026, 7, 2, tzinfo=UTC)


def events(secrets: str = "old new") -> VismaEvents:
    options, _ = read({"company": "FJORD", "tenant_id": TENANT}, True)
    return VismaEvents(options, MemoryVault({"webhook_secret": secrets} if secrets else {}), At())


@pytest.mark.parametrize("secret", ["old", "new"])
def test_every_active_secret_is_good(secret: str) -> None:
    """Secrets change without a gap. Header names come in any case."""
    headers = {name.title(): value for name, value in signed(secret=secret).items()}

    event = events().verify(headers, BODY)

    assert (event.id, event.topic, event.key) == ("n1", "SEGMENT_CHANGED", "SUBACCOUNT/1")
    assert event.occurred_at == datetime(2026, 7, 1, 9, tzinfo=UTC)
    assert event.detail["tenant-id"] == TENANT
    assert "signature-v1" not in event.detail


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"plain", b'{"other": {"x": 1}}', b"\xff", b"[" * 8000 + b"]" * 8000]
)
def test_body_of_another_shape_is_an_event_all_the_same(body: bytes) -> None:
    """What it holds is not published; that it is Visma's is proven by its signature."""
    assert events().verify(signed(body), body).key == ""


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        (signed(secret="else"), BODY, "event.signature"),
        ({}, BODY, "event.signature"),
        (signed(), BODY + b" ", "event.signature"),
        (signed(signature_v1="ø"), BODY, "event.signature"),
        (signed(tenant_id="1b5c0c3c-4b82-5b34-a5f3-6cf2351792ae"), BODY, "event.entity"),
        (signed(notification_id=""), BODY, "event.shape"),
        (signed(), b"x" * (BODY_BYTES_MAX + 1), "event.size"),
    ],
)
def test_what_is_refused(headers: dict[str, str], body: bytes, code: str) -> None:
    """What is not signed, not for us, or not Visma's."""
    with pytest.raises(Refused) as caught:
        events().verify(headers, body)

    assert caught.value.problem.code == code


def test_without_a_secret_nothing_is_trusted() -> None:
    """The text says what to enter."""
    with pytest.raises(Refused) as caught:
        events("").verify(signed(), BODY)

    assert "no webhook secret" in caught.value.problem.text


def test_signature_made_by_another_tool_over_the_bytes_as_they_came() -> None:
    """`openssl dgst -sha256 -hmac` made it; a number and an escape are not written again."""
    body = '{"entity":"Segment", "event":"ValueChanged","code":"Zo\\u00eb Müller","n":1.0}'.encode()
    headers = {**signed(), "x-vwd-signature-v1": "lLWFE8Zc53sFrUto+ahvaMps8fQij+6wxZ1naq3JgR4="}

    assert "Zoë Müller" == events("visma-secret").verify(headers, body).key
    for changed in (body.replace(b"1.0", b"1"), json.dumps(json.loads(body)).encode()):
        with pytest.raises(Refused):
            events("visma-secret").verify(headers, changed)
