"""A simulated Precoro company in memory, with a clock that stands still, for the tests beside this file."""

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
from ml_connector_sandbox.systems.precoro import build
from ml_connector_sandbox.systems.precoro.endpoint import Endpoint

START = datetime(2026, 7, 14, 9, 30, 20, tzinfo=UTC)
FORM = "application/x-www-form-urlencoded"


class World:
    """The simulated vendor, a client with the first user's key, and short words for what the tests do most.

    A call waits for the vendor's pace by moving the clock; `hasty` calls do not.
    """

    def __init__(self, profile: str = "vendor", *, scenario: Any = "procurement", **switches: Any) -> None:
        self.clock = SandboxClock(start=START, frozen=True)
        self.vendor = build(scenario=scenario, clock=self.clock, profile=profile, switches=switches)
        self.host = Host(self.vendor, self.clock)
        self.told = self.vendor.describe("http://precoro")
        self.client = httpx2.Client(
            transport=SandboxTransport(self.host), base_url="http://precoro", timeout=30
        )
        self.sign_in(self.told["users"][0])

    def sign_in(self, user: dict[str, Any]) -> None:
        """Call as that user from now on."""
        self.client.headers.update({"X-AUTH-TOKEN": user["token"], "email": user["email"]})

    def control(self, action: str, **arguments: Any) -> Any:
        answer = self.client.post(f"/__sandbox__/control/{action}", json=arguments)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, action: str, **arguments: Any) -> int:
        """The status of an action that cannot be."""
        return self.client.post(f"/__sandbox__/control/{action}", content=json.dumps(arguments)).status_code

    def hasty(self, method: str, path: str, **more: Any) -> httpx2.Response:
        """A call at once."""
        return self.client.request(method, path, **more)

    def get(self, path: str, **query: Any) -> httpx2.Response:
        """A read, a minute after the call before it."""
        self.clock.advance(61)
        more = urlencode(query)
        return self.client.get(path + ("&" if "?" in path else "?") * bool(more) + more)

    def read(self, path: str, **query: Any) -> Any:
        """The JSON of a read that succeeds, with exact numbers."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return json.loads(answer.text, parse_float=Decimal)

    def rows(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """The rows of one page of 200."""
        found: list[dict[str, Any]] = self.read(path, per_page=200, **query)["data"]
        return found

    def send(self, method: str, path: str, form: Any = "", **more: Any) -> httpx2.Response:
        """A write with a form, a second after the call before it."""
        self.clock.advance(2)
        body = form if isinstance(form, str) else urlencode(form)
        return self.client.request(method, path, content=body, headers={"Content-Type": FORM}, **more)

    def made(self, method: str, path: str, form: Any = "") -> Any:
        """The JSON of a write that succeeds."""
        answer = self.send(method, path, form)
        assert answer.status_code in (200, 201), answer.text
        return json.loads(answer.text, parse_float=Decimal)

    def refusal(self, method: str, path: str, form: Any = "") -> dict[str, str]:
        """What is wrong with a write, by field."""
        answer = self.send(method, path, form)
        assert answer.status_code == 400, answer.text
        found: dict[str, str] = answer.json()["errors"]["errors"]
        return found

    def invoice(self, number: str) -> dict[str, Any]:
        """What the books hold of the first invoice with that number of a supplier's."""
        return next(row for row in self.books()["invoices"] if row["number"] == number)

    def books(self) -> Any:
        return self.client.get("/__sandbox__/books").json()

    def hear(self, url: str = "http://127.0.0.1:1/hook", **asked: Any) -> list[dict[str, Any]]:
        """The webhooks that are sent from now on, in that order."""
        heard: list[dict[str, Any]] = []
        self.vendor.webhooks.outbox.send = lambda _url, body, _headers: heard.append(json.loads(body)) or 200
        self.vendor.webhooks.outbox.background = False
        self.control("add_webhook", url=url, **asked)
        return heard


def endpoints() -> list[Endpoint]:
    """Every endpoint of the vendor."""
    return [endpoint for _, _, endpoint in World("fast").vendor.routes._routes]


def pay(invoice: int, amount: str, **more: str) -> dict[str, str]:
    """The form of a payment."""
    basics = {"invoice[id]": str(invoice), "sumPaid": amount, "logicType": "0"}
    return {**basics, "payDate": "2026-07-10T20:00:00Z", **more}
