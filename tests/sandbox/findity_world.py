"""Simulated organizations of Findity in memory, with a clock that stands still, for the tests beside this
file.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import httpx2

from ml_connector_sandbox.core.clock import SandboxClock
from ml_connector_sandbox.core.registry import Host
from ml_connector_sandbox.core.transport import SandboxTransport
from ml_connector_sandbox.systems.findity import build
from ml_connector_sandbox.systems.findity.endpoint import Endpoint
from ml_connector_sandbox.systems.findity.routes import endpoints_of

START = datetime(2026, 7, 1, 8, 0, 0, tzinfo=UTC)
FORM = "application/x-www-form-urlencoded"
TOKEN = "/api/oauth/token/"


class World:
    """The simulated vendor, a client that is signed in, and short words for what the tests do most."""

    def __init__(self, profile: str = "vendor", *, scenario: Any = "expenses", **switches: Any) -> None:
        self.clock = SandboxClock(start=START, frozen=True)
        self.vendor = build(scenario=scenario, clock=self.clock, profile=profile, switches=switches)
        self.host = Host(self.vendor, self.clock)
        self.told = self.vendor.describe("http://findity")
        self.client = httpx2.Client(
            transport=SandboxTransport(self.host), base_url="http://findity", timeout=30
        )
        self.holland, self.belgium = (row["code"] for row in self.told["entities"])
        self.sign_in()

    def token(self, **form: str) -> httpx2.Response:
        """What the token endpoint says; a client's id and secret unless others are given."""
        whole = {"grant_type": "client_credentials", **self.told["credentials"], **form}
        return self.client.post(TOKEN, content=urlencode(whole), headers={"Content-Type": FORM})

    def sign_in(self) -> dict[str, Any]:
        """Call with a new token from now on."""
        pair: dict[str, Any] = self.token().raise_for_status().json()
        self.client.headers["Authorization"] = f"Bearer {pair['access_token']}"
        return pair

    def control(self, action: str, **arguments: Any) -> Any:
        answer = self.client.post(f"/__sandbox__/control/{action}", json=arguments)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, action: str, **arguments: Any) -> int:
        """The status of an action that cannot be."""
        return self.client.post(f"/__sandbox__/control/{action}", content=json.dumps(arguments)).status_code

    def turn(self, **switches: Any) -> None:
        self.client.post("/__sandbox__/switches", json=switches).raise_for_status()

    def path(self, more: str = "", organization: str | None = None) -> str:
        return f"/api/v1/organizations/{organization or self.holland}{more}"

    def get(self, more: str, organization: str | None = None, **query: Any) -> httpx2.Response:
        """A read of an organization."""
        asked = urlencode(query)
        return self.client.get(self.path(more, organization) + "?" * bool(asked) + asked)

    def read(self, more: str, organization: str | None = None, **query: Any) -> Any:
        """The JSON of a read that succeeds, with exact numbers."""
        answer = self.get(more, organization, **query)
        assert answer.status_code == 200, answer.text
        return json.loads(answer.text, parse_float=Decimal)

    def rows(self, more: str, organization: str | None = None, **query: Any) -> list[dict[str, Any]]:
        """The rows of one page."""
        found: list[dict[str, Any]] = self.read(more, organization, **query)["items"]
        return found

    def send(self, method: str, more: str, body: Any, organization: str | None = None) -> httpx2.Response:
        """A write in JSON."""
        return self.client.request(method, self.path(more, organization), json=body)

    def vouchers(self, export: str, organization: str | None = None) -> list[dict[str, Any]]:
        """The vouchers of an export."""
        return self.rows(f"/exports/{export}/vouchers", organization)

    def answer(
        self, voucher: dict[str, Any], status: str = "BOOKED", organization: str | None = None, **more: Any
    ) -> int:
        """Tell what became of a voucher; the status of the answer."""
        path = f"/exports/{voucher['exportId']}/vouchers/{voucher['voucherId']}/status"
        return self.send("PUT", path, {"status": status, **more}, organization).status_code

    def books(self) -> Any:
        return self.client.get("/__sandbox__/books").json()

    def report(self, title: str) -> dict[str, Any]:
        """What the books hold of a report."""
        return next(row for row in self.books()["reports"] if row["title"] == title)

    def hear(self, status: int | None = 200) -> list[dict[str, Any]]:
        """The webhooks that are sent from now on, in that order; each is answered with that status."""
        heard: list[dict[str, Any]] = []

        def take(_url: str, body: bytes, _headers: Any) -> int | None:
            heard.append(json.loads(body))
            return status

        self.vendor.webhooks.send = take
        self.vendor.webhooks.outbox.background = False
        self.control("set_webhook", url="http://127.0.0.1:1/hook")
        return heard


def endpoints(**switches: Any) -> list[Endpoint]:
    """Every endpoint of the vendor."""
    return endpoints_of(World("fast", **switches).vendor.switches)
