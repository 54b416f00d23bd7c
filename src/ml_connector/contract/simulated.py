"""What the worlds of contract suites have in common when they stand on a simulator: in-process, on one clock
that stands still.

A connector's `tests/conftest.py` makes its world from `SimulatedLedger` and says what is the vendor's own.
Nothing here knows the sandbox: it is spoken to over the wire that it is given, under its control address.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol, cast
from urllib.parse import parse_qs

import httpx2

from ml_connector.contract import world as faults
from ml_connector.contract.memory import MemoryExchanges
from ml_connector.domain.dimension import dimensions
from ml_connector.domain.journal import JournalEntry, JournalLine
from ml_connector.domain.money import Money, decimals
from ml_connector.ports.ledger import Ledger
from ml_connector.ports.systems import Connector, System, Wiring

Before = Callable[[httpx2.Request], None]
After = Callable[[httpx2.Request, httpx2.Response], httpx2.Response]


class VirtualTime(Protocol):
    """A simulator's clock."""

    def now(self) -> datetime: ...

    def advance(self, seconds: float) -> Any: ...


class SharedClock:
    """The simulator's clock as the connector's."""

    def __init__(self, clock: VirtualTime) -> None:
        self._clock = clock

    def now(self) -> datetime:
        """The present, UTC."""
        return self._clock.now()

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return self._clock.now().timestamp()

    def machine(self) -> str:
        """The machine is never started anew."""
        return "machine"

    def sleep(self, seconds: float) -> None:
        """Move the clock instead of waiting."""
        self._clock.advance(seconds)


class Recording(httpx2.BaseTransport):
    """Passes requests on and keeps them; a test may act just before one arrives, or put another answer in
    place of one.

    `grants` are the kind of every token request, and what was answered. `installation` is what every answer
    says it comes from, whatever the simulator says; empty leaves that to the simulator.
    """

    def __init__(self, inner: httpx2.BaseTransport, installation: str = "simulated") -> None:
        self.inner, self.installation = inner, installation
        self.requests: list[httpx2.Request] = []
        self.grants: list[tuple[str, dict[str, Any]]] = []
        self.before: Before = lambda request: None
        self.after: After = lambda request, response: response

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """One call of the connector's."""
        self.before(request)
        self.requests.append(request)
        response = self.inner.handle_request(request)
        if request.url.path.endswith("/token"):
            grant = parse_qs(request.read().decode()).get("grant_type", [""])[0]
            self.grants.append(
                (
                    grant,
                    json.loads(response.read()) if "json" in response.headers.get("content-type", "") else {},
                )
            )
        response = self.after(request, response)
        if self.installation:
            response.headers["X-Sandbox-Installation"] = self.installation
        return response

    @property
    def tokens(self) -> list[str]:
        """Every access token that was granted."""
        return [answer["access_token"] for _, answer in self.grants if "access_token" in answer]


class SimulatedLedger(ABC):
    """The part of a `LedgerWorld` that is the same for every simulator.

    A world names what its entries are made of, sets `base_url`, `wire`, `wiring`, `settings` and `system`,
    and lists the `documents` of the journal.
    """

    connector: Connector
    company: str
    journal: str
    currency: str
    cost: str
    payable: str
    centers: tuple[str, ...]
    wages: str = "wages"
    writes: dict[str, str]
    """What a fault rule matches: the calls that book."""

    base_url: str
    wire: Recording
    wiring: Wiring
    settings: dict[str, str]
    system: System

    # --- the vendor's side ----------------------------------------------------------------------------------

    def post(self, path: str, value: Any) -> Any:
        """Tell the simulator under its control address."""
        with httpx2.Client(transport=self.wire.inner, base_url=self.base_url) as screen:
            answer = screen.post(f"/__sandbox__/{path}", json=value)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def control(self, action: str, **arguments: Any) -> Any:
        """What a person does at the vendor's screen."""
        return self.post(f"control/{action}", arguments)

    @abstractmethod
    def documents(self) -> list[dict[str, Any]]:
        """Every document in the journal of our entries, in the order they were booked."""

    # --- signed ---------------------------------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        """Time passes for both sides."""
        self.post("clock", {"advance_seconds": seconds})

    def said(self) -> str:
        """Everything recorded of exchanges."""
        assert isinstance(self.wiring.exchanges, MemoryExchanges)
        return self.wiring.exchanges.text()

    # --- ledger ---------------------------------------------------------------------------------------------

    @property
    def ledger(self) -> Ledger:
        """The connection's ledger."""
        return cast(Ledger, self.system.sink(JournalEntry))

    def reopen(self) -> Ledger:
        """The same connection, remembering nothing."""
        system = self.connector.open(self.settings, self.wiring)
        return cast(Ledger, system.sink(JournalEntry))

    def other_books(self) -> Ledger:
        """The same connection, answered by another installation of the simulator."""
        wire = Recording(self.wire.inner, installation="another")
        system = self.connector.open(self.settings, replace(self.wiring, wire=wire))
        return cast(Ledger, system.sink(JournalEntry))

    def entry(
        self,
        *,
        key: str = "payroll:acme:run-1:10:1:1",
        currency: str = "",
        lines: int = 4,
        text: str = "",
        day: date | None = None,
    ) -> JournalEntry:
        """An entry that the ledger accepts, with every decimal of its currency in use."""
        currency = currency or self.currency
        unit = Decimal(1).scaleb(-decimals(currency))
        amounts = [Decimal(1000 + number) + number % 7 * unit + unit for number in range(lines - 1)]
        debits = [
            JournalLine(
                account=self.cost,
                amount=Money(amount, currency),
                text=f"{self.wages} {number + 1}",
                dimensions=dimensions({"cost_center": self.centers[number % len(self.centers)]}),
            )
            for number, amount in enumerate(amounts)
        ]
        credit = JournalLine(account=self.payable, amount=Money(-sum(amounts, Decimal(0)), currency))
        return JournalEntry(
            key=key,
            entity=self.company,
            journal=self.journal,
            posting_date=day or date(2026, 6, 30),
            currency=currency,
            text=text or "Payroll 2026-06",
            lines=(*debits, credit),
        )

    def throttled(self) -> dict[str, str]:
        """Headers of an answer that says how long to wait."""
        return {"Retry-After": str(faults.THROTTLED_SECONDS)}

    def fail_next(self, fault: str) -> None:
        """The next write meets the fault."""
        rules: dict[str, dict[str, Any]] = {
            faults.LOST_BEFORE: {"kind": "lost_before_commit"},
            faults.LOST_AFTER: {"kind": "lost_after_commit"},
            faults.LATE_COMMIT: {"kind": "late_commit", "seconds": faults.LATE_SECONDS, "answer": "drop"},
            faults.THROTTLED: {"kind": "status", "status": 429, "headers": self.throttled()},
            faults.UNREACHABLE: {"kind": "refused"},
        }
        self.post("faults", {**rules[fault], "match": self.writes, "times": 1})

    def journal_references(self) -> list[str]:
        """References of all documents in the journal."""
        return [document["id"] for document in self.documents()]

    def double(self, reference: str) -> str:
        """A person copies a document."""
        return self.made(lambda: self.control("double", id=reference))

    def delete(self, reference: str) -> None:
        """A person deletes a document."""
        self.control("delete", id=reference)

    def made(self, act: Callable[[], Any]) -> str:
        """The reference of the one document that an act makes."""
        before = self.journal_references()
        act()
        (reference,) = set(self.journal_references()) - set(before)
        return reference
