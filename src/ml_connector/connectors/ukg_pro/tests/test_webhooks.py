"""The simulator's notifications, over a real socket, verified as they arrive."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from ml_connector.connectors.ukg_pro.events import UkgEvents
from ml_connector.connectors.ukg_pro.settings import read
from ml_connector.contract.memory import MemoryVault
from ml_connector.errors import Refused
from ml_connector_sandbox.core.vendor import Request

FORMS = ({}, {"algorithm": "sha512", "encoding": "base64", "prefix": "v1=", "header": "X-Sig"})


@contextmanager
def listening() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """An address on this machine, and what arrives there."""
    arrived: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            arrived.append((dict(self.headers.items()), body))
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


def platform(world: Any, path: str, value: Any, **headers: str) -> Any:
    """A call of the platform's own interface."""
    body = json.dumps(value).encode()
    request = Request(
        method="POST", target=path, headers={"content-type": "application/json", **headers}, body=body
    )
    response = world.host.exchange(request).response
    assert response.status < 300, response.body
    return json.loads(response.body)


@pytest.mark.parametrize("form", FORMS)
def test_delivery_is_verified_and_a_changed_one_is_not(
    make_world: Callable[..., Any], form: dict[str, str]
) -> None:
    """However the tenant signs: the event names the worker, and one byte more makes it nobody's."""
    world = make_world(switches={"workers": 3, **{f"webhook_{name}": value for name, value in form.items()}})
    asked = {
        name: world.credentials[name] for name in ("client_id", "client_secret", "audience", "organization")
    }
    token = platform(world, "/oauth/token", {"grant_type": "client_credentials", **asked})["access_token"]
    signed_in = {"authorization": f"Bearer {token}", "global-tenant-id": world.credentials["organization"]}
    with listening() as (url, arrived):
        wish = {"url": url, "eventTypes": ["Employee*"], "headers": {"x-token": "shared"}}
        made = platform(world, "/webhooks/v1/subscriptions", wish, **signed_in)
        world.control("change_employee", employee="W00001", last_name="Moss")
        world.control("deliver")

    options, _ = read(
        {
            **world.settings,
            **{f"webhook_{name}": value for name, value in form.items()},
            "webhook_token_header": "X-Token",
        },
        True,
    )
    assert options is not None
    events = UkgEvents(
        options, MemoryVault({"webhook_secret": made["hmacSecret"], "webhook_token": "shared"})
    )
    headers, body = arrived[0]
    event = events.verify(headers, body)
    assert ("EmployeePersonNameChangeEvent", True) == (event.topic, bool(event.key))
    with pytest.raises(Refused):
        events.verify(headers, body + b"\n")
