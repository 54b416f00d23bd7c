"""The simulator as the world of the contract suite: in-process, on one clock that stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import httpx2
import pytest
import stamina

from ml_connector.connectors.visma_net import CONNECTOR
from ml_connector.contract.acts import send
from ml_connector.contract.memory import MemoryTokens, memory_wiring
from ml_connector.contract.simulated import Recording, SharedClock, SimulatedLedger
from ml_connector.domain.checks import compare
from ml_connector.domain.document import Receipt
from ml_connector.ports.storage import Tokens
from ml_connector.ports.systems import System
from ml_connector_sandbox.core.clock import SandboxClock
from ml_connector_sandbox.core.registry import open_system
from ml_connector_sandbox.core.transport import SandboxTransport

BASE_URL = "http://127.0.0.1:9104"
START = datetime(2026, 7, 1, 9, 0, 7, tzinfo=UTC)
COMPANY, LEDGER, COST, PAYABLE = "FJORD", "1", "5000", "2930"
WRITES = {"method": "POST", "path": "/v2/journaltransaction$"}
SEGMENTS = {"segments": "cost_center=1, plant=Anlegg", "segment_defaults": "cost_center=OSLADM, plant=OSL"}
Hook = Callable[[httpx2.Request], None]


class VismaWorld(SimulatedLedger):
    """The simulated companies of a scenario and one connection to them."""

    connector, base_url, writes = CONNECTOR, BASE_URL, WRITES
    company, journal, currency, cost, payable, centers = (
        COMPANY,
        LEDGER,
        "NOK",
        COST,
        PAYABLE,
        ("OSLADM", "OSLFIN", "OSLHR"),
    )
    wages = "lønn"

    def __init__(
        self,
        *,
        scenario: str = "norway",
        profile: str = "vendor",
        switches: dict[str, Any] | None = None,
        **settings: str,
    ) -> None:
        self.clock = SandboxClock(start=START, frozen=True)
        self.host = open_system(
            "visma_net", scenario=scenario, clock=self.clock, profile=profile, switches=switches
        )
        described = self.host.vendor.describe(BASE_URL)
        self.credentials = described["credentials"]
        self.tenants = {entity["code"]: entity["tenant_id"] for entity in described["entities"]}
        self.wire = Recording(SandboxTransport(self.host))
        secrets = {name: self.credentials[name] for name in ("client_id", "client_secret", "webhook_secret")}
        self.wiring = memory_wiring(clock=SharedClock(self.clock), secrets=secrets, wire=self.wire)
        found = {name: self.credentials[name] for name in ("token_url", "tenant_id", "company")}
        if len(self.tenants) > 1:
            found |= {
                "company": ", ".join(self.tenants),
                "tenant_id": ", ".join(map("=".join, self.tenants.items())),
            }
        self.settings = {"base_url": BASE_URL, **found, **SEGMENTS, **settings}
        self.system: System = CONNECTOR.open(self.settings, self.wiring)
        self.tokens = self.tokens_of(COMPANY)

    # --- the vendor's side ----------------------------------------------------------------------------------

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
        return [
            document
            for document in self.host.vendor.books()["documents"]
            if document.get("status") != "deleted"
        ]

    def document(self, reference: str) -> dict[str, Any]:
        (found,) = [document for document in self.documents() if document["id"] == reference]
        return found

    def calls(self) -> list[str]:
        """Requests so far without token calls: `GET v1/account`."""
        paths = [
            (request.method, request.url.path)
            for request in self.wire.requests
            if "/connect/" not in request.url.path
        ]
        return [f"{method} {path.strip('/')}" for method, path in paths]

    def changes(self) -> list[str]:
        """Requests so far that change something."""
        return [call for call in self.calls() if not call.startswith("GET")]

    def compared(self, seconds: float = 6) -> Receipt:
        """An entry, written and read back so many seconds ago."""
        entry = self.entry()
        receipt = send(self.ledger, entry)
        assert compare(entry, self.ledger.read_back(receipt)) == []
        self.advance(seconds)
        return receipt

    # --- signed ---------------------------------------------------------------------------------------------

    def tokens_of(self, company: str) -> Tokens:
        return self.wiring.tokens.of(self.tenants[company])

    def secrets(self) -> tuple[str, ...]:
        assert isinstance(self.tokens, MemoryTokens)
        tokens = [state.access_token for state in self.tokens.history if state.access_token]
        return (
            self.credentials["client_secret"],
            self.credentials["webhook_secret"],
            *tokens,
            *self.wire.tokens,
        )

    def renewals(self) -> int:
        return len(self.wire.tokens)

    def expire_sign_in(self) -> None:
        self.advance(3600)

    def withdraw_sign_in(self) -> None:
        """The company no longer lets the application in."""
        self.control("withdraw_approval")
        self.control("revoke")

    # --- ledger ---------------------------------------------------------------------------------------------

    def foreign_currency(self) -> str:
        return "EUR"

    def book_by_hand(self, *, journal: str = "", day: date | None = None, draft: bool = False) -> str:
        lines = [
            {"account": COST, "amount": "5.00", "subaccount": "OSLADM-OSL"},
            {"account": PAYABLE, "amount": "-5.00", "subaccount": "OSLADM-OSL"},
        ]
        day = day or date(2026, 6, 30)
        if journal:
            return self.made(lambda: self.screen("POST", "/v2/journaltransaction", _batch(journal, day)))
        how = {"description": "by hand", "release": not draft, "lines": lines}
        return str(self.control("book", date=day.isoformat(), **how)["id"])

    def other_journal(self) -> str:
        return "BUDSJETT"

    def other_entity(self) -> str:
        return "VERFT"

    def close_period(self, day: date) -> None:
        self.control("close_period", period=f"{day:%Y-%m}")

    def block_account(self, code: str) -> None:
        self.control("block_account", code=code)

    def totals(self) -> tuple[frozenset[str], frozenset[str]]:
        """Account classes sum up, which are no codes."""
        return frozenset(), frozenset()

    def unused_codes(self) -> tuple[str, str]:
        return "9876", "NOWHER"

    def page_lines(self) -> int:
        self.post("switches", {"page_lines_max": 50})
        return 50

    def chart_size(self) -> int:
        """The list of accounts has no pages; it is counted beside the connector."""
        return len(self.screen("GET", "/v1/account"))


def _batch(ledger: str, day: date) -> dict[str, Any]:
    """A batch on hold in another ledger, which the simulator's screen does not book in."""
    subaccount = [{"segmentId": 1, "segmentValue": "OSLADM"}, {"segmentId": 2, "segmentValue": "OSL"}]
    lines = [
        {
            "operation": "Insert",
            "lineNumber": {"value": number},
            "accountNumber": {"value": account},
            "subaccount": subaccount,
            side: {"value": 5},
        }
        for number, account, side in (
            (1, COST, "debitAmountInCurrency"),
            (2, PAYABLE, "creditAmountInCurrency"),
        )
    ]
    fields = {"transactionDate": f"{day}T00:00:00", "ledger": ledger, "branch": "1", "currencyId": "NOK"}
    head = {name: {"value": value} for name, value in {**fields, "hold": True}.items()}
    return {**head, "journalTransactionLines": lines}


@pytest.fixture
def make_world() -> Callable[..., VismaWorld]:
    """Builds a simulated company and a connection to it."""
    return VismaWorld


@pytest.fixture
def world() -> VismaWorld:
    """A company with the vendor's limits, whose releases are done at once, and a connection to it."""
    return VismaWorld(switches={"release_seconds": 0})


@pytest.fixture
def two(make_world: Callable[..., Any]) -> Any:
    """Fjord keeps its books in kroner, Verft in euro; both number their batches from the same number on."""
    return make_world(scenario="two_companies", switches={"release_seconds": 0})


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Reads that fail are not repeated, and nobody pauses."""
    with stamina.set_testing(True):
        yield
