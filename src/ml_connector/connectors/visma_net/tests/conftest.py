"""The simulator as the world of the contract suite: in-process, on one clock that stands still."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx2
import pytest
import stamina

from ml_connector.connectors.visma_net import CONNECTOR
from ml_connector.contract import world as faults
from ml_connector.contract.memory import MemoryExchanges, MemoryTokens, memory_wiring
from ml_connector.domain.dimension import dimensions
from ml_connector.domain.journal import JournalEntry, JournalLine
from ml_connector.domain.money import Money, decimals
from ml_connector.ports.storage import Tokens
from ml_connector.ports.systems import LedgerSink, System
from ml_connector_sandbox.core.clock import SandboxClock
from ml_connector_sandbox.core.registry import open_system
from ml_connector_sandbox.core.transport import SandboxTransport
from ml_connector_sandbox.core.vendor import Request

BASE_URL = "http://127.0.0.1:9104"
START = datetime(2026, 7, 1, 9, 0, 7, tzinfo=UTC)
COMPANY, LEDGER, COST, PAYABLE = "FJORD", "1", "5000", "2930"
WRITES = {"method": "POST", "path": "/v2/journaltransaction$"}
SEGMENTS = {"segments": "cost_center=1, plant=Anlegg", "segment_defaults": "cost_center=OSLADM, plant=OSL"}
Hook = Callable[[httpx2.Request], None]


class Recording(httpx2.BaseTransport):
    """Passes requests on, remembers what token answers held, and lets a test act just before a request arrives."""

    def __init__(self, inner: httpx2.BaseTransport) -> None:
        self._inner = inner
        self.requests: list[httpx2.Request] = []
        self.tokens: list[str] = []
        self.before: Hook = lambda request: None
        self.after: Callable[[httpx2.Request, httpx2.Response], httpx2.Response] = lambda request, response: response

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.before(request)
        self.requests.append(request)
        response = self._inner.handle_request(request)
        if "/connect/token" in request.url.path and response.status_code == 200:
            self.tokens.append(str(json.loads(response.read())["access_token"]))
        return self.after(request, response)


class SharedClock:
    """The sandbox's clock as the connector's."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.now().timestamp()

    def sleep(self, seconds: float) -> None:
        self._clock.advance(seconds)


class VismaWorld:
    """The simulated companies of a scenario and one connection to them."""

    def __init__(
        self, *, scenario: str = "norway", profile: str = "vendor", switches: dict[str, Any] | None = None, **settings: str
    ) -> None:
        self.clock = SandboxClock(start=START, frozen=True)
        self.host = open_system("visma_net", scenario=scenario, clock=self.clock, profile=profile, switches=switches)
        described = self.host.vendor.describe(BASE_URL)
        self.credentials = described["credentials"]
        self.tenants = {entity["code"]: entity["tenant_id"] for entity in described["entities"]}
        self.wire = Recording(SandboxTransport(self.host))
        secrets = {name: self.credentials[name] for name in ("client_id", "client_secret", "webhook_secret")}
        self.wiring = memory_wiring(clock=SharedClock(self.clock), secrets=secrets, wire=self.wire)
        found = {name: self.credentials[name] for name in ("token_url", "tenant_id", "company")}
        if len(self.tenants) > 1:
            found |= {"company": ", ".join(self.tenants), "tenant_id": ", ".join(map("=".join, self.tenants.items()))}
        self.settings = {"base_url": BASE_URL, **found, **SEGMENTS, **settings}
        self.system: System = CONNECTOR.open(self.settings, self.wiring)
        self.tokens = self.tokens_of(COMPANY)

    # --- the vendor's side ------------------------------------------------------------------------------------------------------------

    def control(self, action: str, **arguments: Any) -> Any:
        return self.host.vendor.control(action, arguments)

    def post(self, path: str, value: Any) -> None:
        outcome = self.host.exchange(Request(method="POST", target=f"/__sandbox__/{path}", body=json.dumps(value).encode()))
        assert outcome.response.status == 200, outcome.response.body

    def screen(self, method: str, path: str, value: Any = None) -> Any:
        """What another program of the company's does with a token of its own, beside the connector."""
        with httpx2.Client(transport=SandboxTransport(self.host), base_url=BASE_URL) as other:
            names = ("client_id", "client_secret", "scope", "tenant_id")
            asked = {"grant_type": "client_credentials", **{name: self.credentials[name] for name in names}}
            token = other.post("/connect/token", data=asked).json()["access_token"]
            answer = other.request(method, path, json=value, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def documents(self) -> list[dict[str, Any]]:
        return [document for document in self.host.vendor.books()["documents"] if document.get("status") != "deleted"]

    def document(self, reference: str) -> dict[str, Any]:
        (found,) = [document for document in self.documents() if document["id"] == reference]
        return found

    def calls(self) -> list[str]:
        """Requests so far without token calls: `GET v1/account`."""
        paths = [(request.method, request.url.path) for request in self.wire.requests if "/connect/" not in request.url.path]
        return [f"{method} {path.strip('/')}" for method, path in paths]

    # --- signed -----------------------------------------------------------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        self.post("clock", {"advance_seconds": seconds})

    def said(self) -> str:
        assert isinstance(self.wiring.exchanges, MemoryExchanges)
        return self.wiring.exchanges.text()

    def tokens_of(self, company: str) -> Tokens:
        return self.wiring.tokens.of(self.tenants[company])

    def secrets(self) -> tuple[str, ...]:
        assert isinstance(self.tokens, MemoryTokens)
        tokens = [state.access_token for state in self.tokens.history if state.access_token]
        return (self.credentials["client_secret"], self.credentials["webhook_secret"], *tokens, *self.wire.tokens)

    def renewals(self) -> int:
        return len(self.wire.tokens)

    def expire_sign_in(self) -> None:
        self.advance(3600)

    def withdraw_sign_in(self) -> None:
        """The company no longer lets the application in."""
        self.control("withdraw_approval")
        self.control("revoke")

    # --- ledger -----------------------------------------------------------------------------------------------------------------------

    @property
    def ledger(self) -> LedgerSink:
        assert self.system.ledger is not None
        return self.system.ledger

    def entry(
        self, *, key: str = "payroll:acme:run-1:10:1:1", currency: str = "", lines: int = 4, text: str = "", day: date | None = None
    ) -> JournalEntry:
        currency = currency or "NOK"
        unit = Decimal(1).scaleb(-decimals(currency))
        amounts = [Decimal(1000 + number) + number % 7 * unit + unit for number in range(lines - 1)]
        centers = ("OSLADM", "OSLFIN", "OSLHR")
        debits = [
            JournalLine(account=COST, amount=Money(amount, currency), dimensions=dimensions({"cost_center": centers[number % 3]}),
                        text=f"lønn {number + 1}")
            for number, amount in enumerate(amounts)
        ]  # fmt: skip
        credit = JournalLine(account=PAYABLE, amount=Money(-sum(amounts, Decimal(0)), currency))
        return JournalEntry(key=key, entity=COMPANY, journal=LEDGER, posting_date=day or date(2026, 6, 30), currency=currency,
                            text=text or "Payroll 2026-06", lines=(*debits, credit))  # fmt: skip

    def foreign_currency(self) -> str:
        return "EUR"

    def fail_next(self, fault: str) -> None:
        rule: dict[str, Any] = {
            faults.LOST_BEFORE: {"kind": "lost_before_commit"},
            faults.LOST_AFTER: {"kind": "lost_after_commit"},
            faults.LATE_COMMIT: {"kind": "late_commit", "seconds": faults.LATE_SECONDS, "answer": "drop"},
            faults.THROTTLED: {"kind": "status", "status": 429, "headers": {"Retry-After": str(faults.THROTTLED_SECONDS)}},
            faults.UNREACHABLE: {"kind": "refused"},
        }[fault]
        self.post("faults", {**rule, "match": WRITES, "times": 1})

    def journal_references(self) -> list[str]:
        return [document["id"] for document in self.documents()]

    def double(self, reference: str) -> str:
        before = self.journal_references()
        self.control("double", id=reference)
        (copy,) = set(self.journal_references()) - set(before)
        return copy

    def delete(self, reference: str) -> None:
        self.control("delete", id=reference)

    def book_by_hand(self) -> str:
        before = self.journal_references()
        lines = [
            {"account": COST, "amount": "5.00", "subaccount": "OSLADM-OSL"},
            {"account": PAYABLE, "amount": "-5.00", "subaccount": "OSLADM-OSL"},
        ]
        self.control("book", date="2026-06-30", description="by hand", release=True, lines=lines)
        (booked,) = set(self.journal_references()) - set(before)
        return booked

    def close_period(self, day: date) -> None:
        self.control("close_period", period=f"{day:%Y-%m}")

    def block_account(self, code: str) -> None:
        self.control("block_account", code=code)

    def unused_codes(self) -> tuple[str, str]:
        return "9876", "NOWHER"

    def page_lines(self) -> int:
        self.post("switches", {"page_lines_max": 50})
        return 50

    def chart_size(self) -> int:
        """The list of accounts has no pages; it is counted beside the connector."""
        return len(self.screen("GET", "/v1/account"))

    def reopen(self) -> LedgerSink:
        system = CONNECTOR.open(self.settings, self.wiring)
        assert system.ledger is not None
        return system.ledger


@pytest.fixture
def make_world() -> Callable[..., VismaWorld]:
    """Builds a simulated company and a connection to it."""
    return VismaWorld


@pytest.fixture
def world() -> VismaWorld:
    """A company with the vendor's limits, whose releases are done at once, and a connection to it."""
    return VismaWorld(switches={"release_seconds": 0})


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Reads that fail are not repeated, and nobody pauses."""
    with stamina.set_testing(True):
        yield
