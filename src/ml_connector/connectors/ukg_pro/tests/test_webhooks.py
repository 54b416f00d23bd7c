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
        options, MemoryVault({"webhook_secret": made["hmacSecret"], "webhook_token": "shared"}), world.clock
    )
    headers, body = arrived[0]
    event = events.verify(headers, body)
    assert ("EmployeePersonNameChangeEvent", True) == (event.topic, bool(event.key))
    with pytest.raises(Refused):
        events.verify(headers, body + b"\n")


def platform_settings(world: Any) -> dict[str, str]:
    """What the Developer Console shows."""
    organization = world.credentials["organization"]
    return {"token_url": f"{world.settings['base_url']}/oauth/token", "organization": organization}


def test_one_connection_signs_in_to_each_endpoint_in_its_own_way(make_world: Callable[..., Any]) -> None:
    """Core endpoints with the service account, platform endpoints with a token; each is proved apart."""
    world = make_world()
    system = world.open(**platform_settings(world))
    rights = {right.name.partition(":")[0]: right for right in system.check()}
    assert (True, True) == (rights["sign in"].granted, rights["platform"].granted)
    signed = {
        request.url.path.split("/")[1]: request.headers["authorization"].split()[0]
        for request in world.recording.requests
        if "authorization" in request.headers
    }
    assert ("Basic", "Bearer") == (signed["payroll"], signed["webhooks"])

    world.control("change_password", password="another")
    rights = {right.name.partition(":")[0]: right for right in system.check()}
    assert (False, True) == (rights["sign in"].granted, rights["platform"].granted)


def test_a_platform_that_is_not_set_up_is_said_and_fails_nothing(make_world: Callable[..., Any]) -> None:
    """Payroll needs none of it."""
    (right,) = [one for one in make_world().system.check() if one.name.startswith("platform")]

    assert (False, True) == (right.granted, right.optional)
    assert "Developer Console" in right.text


@pytest.mark.parametrize("header", ["x-api-key", "US-USER-API-KEY", "Api-Key"])
def test_the_user_key_goes_in_the_header_that_the_tenant_demands(
    make_world: Callable[..., Any], header: str
) -> None:
    """In another one it is not found."""
    world = make_world(switches={"strict_user_key": True, "user_key_header": header})
    for name in ("x-api-key", "US-USER-API-KEY", "Api-Key"):
        (signed_in,) = [one for one in world.open(user_key_header=name).check() if one.name == "sign in"]
        assert (name == header) == signed_in.granted


def test_no_secret_and_no_path_is_recorded(make_world: Callable[..., Any]) -> None:
    """A subscription names both; its body is in no record."""
    world = make_world()
    subscriptions = world.open(**platform_settings(world)).subscriptions()
    (wanted,) = subscriptions.wanted("http://127.0.0.1:1/hooks/the-path")

    subscriptions.make(wanted, "a secret of ours that is long")

    (made,) = subscriptions.every()
    assert wanted.about == made.about
    subscriptions.remove(made.id)
    subscriptions.remove(made.id)
    assert [] == list(subscriptions.every())
    said = world.exchanges.text()
    assert "POST" in said
    assert "the-path" not in said
    assert "a secret of ours" not in said


def test_a_subscription_that_is_refused_says_what_to_check_and_not_the_path(
    make_world: Callable[..., Any],
) -> None:
    """UKG's own words may name it."""
    world = make_world()
    subscriptions = world.open(**platform_settings(world)).subscriptions()
    (wanted,) = subscriptions.wanted("https://hooks.evil.example/hooks/the-path")

    with pytest.raises(Refused) as caught:
        subscriptions.make(wanted, "a secret of ours that is long")

    problem = caught.value.problem
    assert ("webhook.refused", "address") == (problem.code, problem.where)
    assert "hooks.evil.example" in problem.text
    assert "webhook_topics" in problem.text
    assert "the-path" not in problem.text + caught.value.support
