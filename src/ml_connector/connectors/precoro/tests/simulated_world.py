"""A simulated company and a connection to it, as the world of the contract suite."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx2

from ml_connector.connectors.precoro import CONNECTOR
from ml_connector.connectors.precoro.invoices import PrecoroInvoices
from ml_connector.contract import world as faults
from ml_connector.contract.invoice_world import COSTS, Cost
from ml_connector.contract.memory import memory_wiring
from ml_connector.contract.simulated import Recording, SharedClock
from ml_connector.domain.invoice import SupplierInvoice
from ml_connector.ports.systems import System
from ml_connector_sandbox.core.clock import SandboxClock
from ml_connector_sandbox.core.registry import open_system
from ml_connector_sandbox.core.transport import SandboxTransport

BASE_URL = "http://127.0.0.1:9105"
START = datetime(2026, 8, 3, 9, 0, 7, tzinfo=UTC)
"""After everything that happened in the demo company."""
FIELDS = (
    "item:21=account, item:22=cost_unit, document:31=cost_center, document:32=project, document:33=period"
)
TAX = "21% High"
SWITCHES = {"order": "updated"}
"""An edit moves a row to the end of its list, which is the hardest order for who reads pages."""


class SimulatedCompany:
    """As `InvoiceWorld`, with the vendor's limits of calls."""

    axes = ("account", "cost_unit")

    def __init__(
        self, *, switches: dict[str, Any] | None = None, profile: str = "vendor", **more: str
    ) -> None:
        self.clock = SandboxClock(start=START, frozen=True)
        given = {**SWITCHES, **(switches or {})}
        self.host = open_system(
            "precoro", scenario="procurement", clock=self.clock, profile=profile, switches=given
        )
        described = self.host.vendor.describe(BASE_URL)
        self.credentials, self.users = described["credentials"], described["users"]
        self.wire = Recording(SandboxTransport(self.host))
        secrets = {"token": self.credentials["token"]}
        self.wiring = memory_wiring(clock=SharedClock(self.clock), secrets=secrets, wire=self.wire)
        given_settings = {"base_url": BASE_URL, "email": self.credentials["email"], "fields": FIELDS}
        self.settings = {**given_settings, "page_rows": "10", "currency": "EUR", **more}

    @property
    def system(self) -> System:
        return CONNECTOR.open(self.settings, self.wiring)

    @property
    def source(self) -> PrecoroInvoices:
        found = self.system.source(SupplierInvoice)
        assert isinstance(found, PrecoroInvoices)
        return found

    # --- the vendor's side ----------------------------------------------------------------------------------

    def call(self, method: str, path: str, **more: Any) -> Any:
        with httpx2.Client(transport=SandboxTransport(self.host), base_url=BASE_URL) as other:
            answer = other.request(method, path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def control(self, action: str, **arguments: Any) -> Any:
        """What a person does at the screen."""
        return self.call("POST", f"/__sandbox__/control/{action}", json=arguments)

    def held(self, invoice: str) -> dict[str, Any]:
        """The invoice in the company's books."""
        every: list[dict[str, Any]] = self.call("GET", "/__sandbox__/books")["invoices"]
        (found,) = (row for row in every if str(row["id"]) == invoice)
        return found

    def codes(self, axis: str) -> Sequence[str]:
        return {"account": ("4100", "4420"), "cost_unit": ("U01", "U02")}[axis]

    def _figures(self, costs: Sequence[Cost]) -> dict[str, Any]:
        lines = []
        for cost in costs:
            codes = dict(zip(self.axes, cost.codes, strict=False))
            lines.append({"text": "Goods", "quantity": "1", "price": cost.net, "tax": TAX, "codes": codes})
        return {"lines": lines, "stated": {TAX: str(sum(Decimal(cost.vat) for cost in costs))}}

    def enter(
        self,
        number: str,
        costs: Sequence[Cost] = COSTS,
        *,
        credit: bool = False,
        issued: date = date(2026, 6, 20),
        due: date = date(2026, 7, 20),
    ) -> str:
        days = {"issued": issued.isoformat(), "due": due.isoformat()}
        kind = {"kind": 1} if credit else {}
        head = {
            "supplier": "S0001",
            "number": number,
            "entity": "Noordkade Handel B.V.",
            "term": "30 days",
            "currency": "EUR",
        }
        return str(self.control("add_invoice", **head, **days, **kind, **self._figures(costs))["id"])

    def approve(self, invoice: str) -> None:
        if self.held(invoice)["status"] == "on_revise":
            self.control("confirm_revision", id=int(invoice))
        self.control("approve", id=int(invoice))

    def pay(self, invoice: str, amount: str) -> None:
        self.control("pay", id=int(invoice), amount=amount)

    def revise(self, invoice: str, costs: Sequence[Cost]) -> None:
        self.control("revise", id=int(invoice))
        self.control("edit_invoice", id=int(invoice), set=self._figures(costs))

    def cancel(self, invoice: str) -> None:
        self.control("cancel", id=int(invoice))

    def split(self, invoice: str) -> None:
        self.control("split", id=int(invoice), parts=[{"percent": 50}, {"percent": 50}])

    def attach(self, invoice: str, name: str, content: bytes) -> None:
        self.control("attach", id=int(invoice), name=name, content=b64encode(content).decode())

    def unknown(self) -> tuple[str, str]:
        return "987654321/98765/20260701T090000", "987654321"

    def mark_by_hand(self, invoice: str, value: str) -> None:
        """With the key of another user, whose calls are counted apart."""
        self.advance(2)
        other = self.users[-1]
        headers = {"X-AUTH-TOKEN": other["token"], "email": other["email"]}
        self.call(
            "PATCH", f"/invoices/{self.held(invoice)['idn']}", data={"externalId": value}, headers=headers
        )

    def marked(self, invoice: str) -> str:
        return str(self.held(invoice)["external_id"] or "")

    def noted(self, invoice: str) -> str:
        return str(self.held(invoice)["log"] or "")

    def many(self) -> int:
        return 25

    def edit_while_read(self, invoice: str) -> None:
        left = [invoice]

        def edit(request: httpx2.Request) -> None:
            if left and request.url.params.get("page", "1") != "1":
                self.control("comment", id=int(left.pop()), text="Seen")

        self.wire.before = edit

    def break_lists(self) -> None:
        def broken(request: httpx2.Request) -> None:
            if request.url.params.get("page", "1") != "1":
                raise httpx2.ReadError("broken")

        self.wire.before = broken

    def fail_next(self, fault: str) -> None:
        rules: dict[str, dict[str, Any]] = {
            faults.LOST_BEFORE: {"kind": "lost_before_commit"},
            faults.LOST_AFTER: {"kind": "lost_after_commit"},
            faults.UNREACHABLE: {"kind": "refused"},
        }
        match = {"method": "PATCH", "path": "/invoices/"}
        self.call("POST", "/__sandbox__/faults", json={**rules[fault], "match": match, "times": 1})

    def now(self) -> datetime:
        return self.clock.now()

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def writes(self) -> int:
        return sum(request.method != "GET" for request in self.wire.requests)

    def calls(self) -> list[str]:
        """What the connection asked so far."""
        return [f"{each.method} {each.url.raw_path.decode()}" for each in self.wire.requests]


MakeCompany = Callable[..., SimulatedCompany]
