"""A simulated organization and a connection to it, as the world of the contract suite."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import httpx2

from ml_connector.connectors.findity import CONNECTOR
from ml_connector.connectors.findity.source import FindityExpenses
from ml_connector.contract import world as faults
from ml_connector.contract.expense_world import SPENT, Spent
from ml_connector.contract.memory import memory_wiring
from ml_connector.contract.simulated import Recording, SharedClock
from ml_connector.domain.expense import ExpenseReport
from ml_connector.ports.systems import System
from ml_connector_sandbox.core.clock import SandboxClock
from ml_connector_sandbox.core.registry import open_system
from ml_connector_sandbox.core.transport import SandboxTransport

BASE_URL = "http://127.0.0.1:9106"
START = datetime(2026, 8, 3, 9, 0, 7, tzinfo=UTC)
CENTERS = {"account": ("4600", "4310"), "cost_center": ("FIN", "IT")}
CATEGORIES = {"4600": "Training", "4310": "Hotel"}


class SimulatedOrganization:
    """As `RemoteWorld`. Exports are told of by a webhook that somebody else answers, and found by looking."""

    axes = ("cost_center",)
    says = frozenset({"mileage", "per_diem", "paid_with"})
    together = True

    def __init__(
        self, *, switches: dict[str, Any] | None = None, grouping: str = "REPORT_PER_EXPENSE", **more: str
    ) -> None:
        self.clock = SandboxClock(start=START, frozen=True)
        self.host = open_system(
            "findity", scenario="expenses", clock=self.clock, profile="vendor", switches=switches or {}
        )
        described = self.host.vendor.describe(BASE_URL)
        self.credentials, self.organization = described["credentials"], described["entities"][0]["code"]
        self.wire = Recording(SandboxTransport(self.host))
        self.wiring = memory_wiring(
            clock=SharedClock(self.clock), secrets=dict(self.credentials), wire=self.wire
        )
        self.settings = {
            "base_url": BASE_URL,
            "organizations": self.organization,
            "page_rows": "5",
            "poll_seconds": "60",
            "names": "report_number=title",
            **more,
        }
        self.grouping = grouping
        self.clock.advance(3600)

    @property
    def system(self) -> System:
        return CONNECTOR.open(self.settings, self.wiring)

    @property
    def source(self) -> FindityExpenses:
        found = self.system.source(ExpenseReport)
        assert isinstance(found, FindityExpenses)
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

    def turn(self, **switches: Any) -> None:
        self.call("POST", "/__sandbox__/switches", json=switches)

    def books(self) -> Any:
        return self.call("GET", "/__sandbox__/books")

    def codes(self, axis: str) -> Sequence[str]:
        return CENTERS[axis]

    def _expense(self, spent: Spent) -> dict[str, Any]:
        codes = {"Cost center": spent.codes[0]} if spent.codes and spent.codes[0] else {}
        kept: dict[str, Any] = {"date": "2026-07-20", "text": "Something", "codes": codes}
        if spent.distance:
            way = {"round_trip": False, "places": ["A", "B"]}
            drive = {"distance": spent.distance, "rate": spent.rate, **way}
            return {**kept, "type": "mileage", "mileage": drive, "category": "Mileage"}
        if spent.days:
            days = {"days": spent.days, "rate": spent.rate, "deducted": "0.00", "country": "NL"}
            return {**kept, "type": "per_diem", "per_diem": days, "category": "Per diem"}
        vat = {"vat": "2", "vat_amount": spent.vat} if spent.vat else {"vat": "0"}
        receipt = {"type": "receipt", "merchant": "Shop", "category": "Training", "amount": spent.gross}
        paid = {"paid_by": "Company card" if spent.by_card else "Own money"}
        return {**kept, **receipt, **vat, **paid, "files": [["slip.pdf", 800]]}

    def write(self, number: str, spent: Sequence[Spent] = SPENT) -> str:
        found = self.control(
            "add_report",
            user="Anouk de Vries",
            title=number,
            expenses=[self._expense(each) for each in spent],
        )
        return f"{self.organization}/{found['id']}"

    def hand_over(self, *reports: str) -> None:
        own = [each.partition("/")[2] for each in reports]
        for report in own:
            if self._held(report)["status"] == "DRAFT":
                self.control("submit", report=report)
            self.control("approve", report=report)
        self.control("make_export", reports=own, grouping=self.grouping)

    def take_back(self, report: str, spent: Sequence[Spent]) -> None:
        """The notification of its export is not answered, and a person edits it."""
        own = report.partition("/")[2]
        self.return_export(own)
        self.control("take_back", report=own)
        held = self._held(own)
        for _ in held["expenses"]:
            self.control("remove_expense", report=own, expense=1)
        for each in spent:
            self.control("add_expense", report=own, set=self._expense(each))

    def attach(self, report: str, name: str, content: bytes) -> None:
        self.control(
            "attach",
            report=report.partition("/")[2],
            expense=1,
            name=name,
            content=b64encode(content).decode(),
        )

    def unknown(self) -> tuple[str, str]:
        there = "3b1f6b1e-0000-4000-8000-000000000000"
        return f"{self.organization}/{there}/20260701T090000000000", f"{self.organization}/{there}"

    def _held(self, report: str) -> dict[str, Any]:
        every: list[dict[str, Any]] = self.books()["reports"]
        (found,) = (row for row in every if row["id"] == report)
        return found

    def told(self, reference: str) -> dict[str, Any]:
        """What the newest voucher of the report was told."""
        report = reference.split("/")[1]
        held = [
            voucher
            for export in self.books()["exports"]
            for voucher in export["vouchers"]
            if report in voucher["reports"]
        ]
        return held[-1]

    def status(self, reference: str) -> str:
        return {"PENDING": "", "BOOKED": "booked", "FAILED": "failed"}[self.told(reference)["status"]]

    def noted(self, reference: str) -> str:
        return str(self.told(reference)["message"] or "")

    def many(self) -> int:
        return 12

    def edit_while_read(self, report: str) -> None:
        """Another export is made while the list is read."""
        left = ["once"]

        def edit(request: httpx2.Request) -> None:
            if left and not is_first(request):
                left.pop()
                self.hand_over(self.write("E-more", SPENT[:1]))

        self.wire.before = edit

    def break_lists(self) -> None:
        def broken(request: httpx2.Request) -> None:
            if not is_first(request):
                raise httpx2.ReadError("broken")

        self.wire.before = broken

    def fail_next(self, fault: str) -> None:
        rules: dict[str, dict[str, Any]] = {
            faults.LOST_BEFORE: {"kind": "lost_before_commit"},
            faults.LOST_AFTER: {"kind": "lost_after_commit"},
            faults.UNREACHABLE: {"kind": "refused"},
        }
        match = {"method": "PUT", "path": "/status"}
        self.call("POST", "/__sandbox__/faults", json={**rules[fault], "match": match, "times": 1})

    def now(self) -> datetime:
        return self.clock.now()

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def writes(self) -> int:
        return sum(
            request.method != "GET" and not request.url.path.endswith("/token/")
            for request in self.wire.requests
        )

    # --- more than the suite asks for -----------------------------------------------------------------------

    def return_export(self, report: str) -> None:
        """The export that the report is in is told of, and the answer is not 200."""
        (export,) = (
            each
            for each in self.books()["exports"]
            if report in each["reports"] and each["status"] == "UNPROCESSED"
        )
        self.host.vendor.webhooks.send = lambda url, body, headers: 500
        self.host.vendor.webhooks.outbox.background = False
        self.control("set_webhook", url="http://127.0.0.1:1/hook")
        self.control("send_webhook", export=export["number"])
        self.control("remove_webhook")

    def grants(self) -> list[str]:
        """How the connection signed in, each time."""
        asked = (request for request in self.wire.requests if request.url.path.endswith("/token/"))
        return [parse_qs(request.content.decode())["grant_type"][0] for request in asked]


def is_first(request: httpx2.Request) -> bool:
    """Whether it asks for no page behind the first."""
    given = request.url.params
    return given.get("page", "1") == "1" and given.get("offset", "0") == "0"
