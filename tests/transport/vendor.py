"""A vendor that answers what a test planned, at the place where real sockets would be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2

from ml_connector.contract.memory import MemoryExchanges, VirtualClock, memory_wiring
from ml_connector.errors import ConnectorError
from ml_connector.ports.systems import Wiring
from ml_connector.transport.answer import Answer, unknown_status
from ml_connector.transport.http import Client

BASE = "http://127.0.0.1:8100"
TOKEN = "q7Xw2LmZ9pRt4VbK"
NEW_TOKEN = "n8Yx3MnA0qSu5WcL"
Plan = httpx2.Response | Exception | Callable[[httpx2.Request], httpx2.Response]


def answer(status: int = 200, body: Any = None, **headers: str) -> httpx2.Response:
    """An answer in JSON, with headers by their names in small letters and `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.Response(status, json={} if body is None else body, headers=named)


class Parts(httpx2.SyncByteStream):
    """A body that comes part by part; `before` is called before each."""

    def __init__(self, parts: Iterable[bytes], before: Callable[[], None] = lambda: None) -> None:
        self._parts, self._before = parts, before
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            self._before()
            yield part

    def close(self) -> None:
        self.closed = True


class Vendor(httpx2.BaseTransport):
    """Carries out the plans one after the other, then answers `{}`; `asked` keeps every request."""

    def __init__(self) -> None:
        self.asked: list[httpx2.Request] = []
        self.plans: list[Plan] = []

    def then(self, *plans: Plan) -> None:
        """What comes next."""
        self.plans.extend(plans)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        plan = self.plans.pop(0) if self.plans else answer()
        if isinstance(plan, Exception):
            raise plan
        return plan if isinstance(plan, httpx2.Response) else plan(request)


@dataclass
class SignIn:
    """A token, and another one when the vendor refuses it."""

    token: str = TOKEN
    next: str = ""
    hidden: Sequence[str] = ()
    asked: list[Mapping[str, str]] = field(default_factory=list)
    given: int = 0
    """How often headers were asked for."""

    def headers(self) -> Mapping[str, str]:
        self.given += 1
        return {"Authorization": f"Bearer {self.token}"}

    def refused(self, headers: Mapping[str, str]) -> bool:
        self.asked.append(headers)
        self.token, self.next = self.next or self.token, ""
        return headers != self.headers()

    def secrets(self) -> Sequence[str]:
        return [self.token, *self.hidden]


def classify(found: Answer) -> ConnectorError | None:
    """As a connector that knows nothing of its vendor."""
    return unknown_status(found)


@dataclass
class Line:
    """A client, the vendor behind it, and what is known of both."""

    vendor: Vendor
    wiring: Wiring
    auth: SignIn
    client: Client

    @property
    def clock(self) -> VirtualClock:
        assert isinstance(self.wiring.clock, VirtualClock)
        return self.wiring.clock

    @property
    def records(self) -> list[Any]:
        """Every exchange on record."""
        assert isinstance(self.wiring.exchanges, MemoryExchanges)
        return list(self.wiring.exchanges.all)

    def read(self, path: str = "/rows", **more: Any) -> Answer:
        return self.client.read("GET", path, **more)

    def write(self, path: str = "/entries", gate: Callable[[], None] = lambda: None, **more: Any) -> Answer:
        """Prepare a write and send it."""
        with self.client.prepare("POST", path, content=b'{"amount": 1}', **more) as send:
            return send(gate)


def line(**settings: Any) -> Line:
    """A client with these settings, in front of a vendor that answers `{}`."""
    vendor, auth = Vendor(), settings.pop("auth", SignIn())
    wiring = memory_wiring(wire=vendor)
    given = {"base_url": BASE, "classify": classify, **settings}
    return Line(vendor, wiring, auth, Client(auth=auth, wiring=wiring, **given))
