"""The simulated tenant as the world of the payroll suite, read by the general ledger: in-process, on one
clock that stands still.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx2

from ml_connector.connectors.ukg_pro import CONNECTOR
from ml_connector.connectors.ukg_pro.client import GENERAL_LEDGER
from ml_connector.contract.memory import MemoryExchanges, VirtualClock, memory_wiring
from ml_connector.contract.payroll_world import ExpectedRun
from ml_connector.contract.simulated import Recording
from ml_connector.domain.money import Money
from ml_connector.domain.payroll import PayRun
from ml_connector.ports.payroll import PayrollSource
from ml_connector.ports.systems import System
from ml_connector_sandbox.core.clock import SandboxClock
from ml_connector_sandbox.core.registry import open_system
from ml_connector_sandbox.core.transport import SandboxTransport
from ml_connector_sandbox.core.vendor import Request

BASE_URL = "http://127.0.0.1:9102"
START = datetime(2026, 7, 1, 9, 0, 7, tzinfo=UTC)
SECRETS = ("password", "customer_api_key", "user_api_key", "client_id", "client_secret")


class UkgWorld:
    """One simulated tenant and a connection to it that reads the general ledger."""

    source_name = "general_ledger"

    def __init__(
        self, *, profile: str = "fast", switches: dict[str, Any] | None = None, **settings: str
    ) -> None:
        self.clock = SandboxClock(start=START, frozen=True)
        self.host = open_system("ukg_pro", clock=self.clock, profile=profile, switches=switches)
        self.credentials = self.host.vendor.describe(BASE_URL)["credentials"]
        self.recording = Recording(SandboxTransport(self.host))
        self.wire: httpx2.BaseTransport = self.recording
        self.exchanges = MemoryExchanges()
        self.settings = {
            "base_url": BASE_URL,
            "username": self.credentials["username"],
            "currency": "USD",
            "calls_per_minute": "0",
            "source": self.source_name,
            **settings,
        }
        self.system = self.open()

    @property
    def source(self) -> PayrollSource:
        payroll: PayrollSource = self.system.source(PayRun)
        return payroll

    def open(self, wire: httpx2.BaseTransport | None = None, **settings: str) -> System:
        secrets = {name: self.credentials[name] for name in SECRETS}
        wiring = memory_wiring(clock=VirtualClock(START), secrets=secrets, wire=wire or self.wire)
        self.exchanges = wiring.exchanges  # type: ignore[assignment]
        return CONNECTOR.open({**self.settings, **settings}, wiring)

    def with_settings(self, **settings: str) -> PayrollSource:
        source: PayrollSource = self.open(**settings).source(PayRun)
        return source

    def control(self, action: str, **arguments: Any) -> dict[str, Any]:
        return self.host.vendor.control(action, arguments)

    def post(self, path: str, value: Any) -> None:
        outcome = self.host.exchange(
            Request(method="POST", target=f"/__sandbox__/{path}", body=json.dumps(value).encode())
        )
        assert outcome.response.status == 200, outcome.response.body

    def switch(self, **switches: Any) -> None:
        self.post("switches", switches)

    def said(self) -> str:
        return self.exchanges.text()

    def secrets(self) -> tuple[str, ...]:
        return tuple(self.credentials[name] for name in SECRETS)

    def reopen(self) -> PayrollSource:
        return self.with_settings()

    def throttle(self) -> None:
        self.post("faults", {"kind": "status", "status": 429, "match": {"method": "GET"}, "times": 1})

    # --- the general ledger ---------------------------------------------------------------------------------

    def newest(self) -> str:
        return str(
            [run for run in self.host.vendor.books()["runs"] if run["status"] == "current"][-1]["run_id"]
        )

    def expected(self, reference: str) -> ExpectedRun:
        (run,) = (run for run in self.host.vendor.books()["runs"] if run["run_id"] == self.run_of(reference))
        debit = Decimal(run["totals"]["gross"]) + Decimal(run["totals"]["employer_taxes"])
        return ExpectedRun(
            rows=run["rows"],
            debit=Money(debit, run["currency"]),
            pay_date=date.fromisoformat(run["pay_date"]),
            companies=(run["company"],),
        )

    def run_of(self, reference: str) -> str:
        return reference

    def tampered(self, run: str = "20240", **what: Any) -> tuple[PayrollSource, str]:
        self.control("tamper", run_id=run, **what)
        return self.source, run

    def rerun(self) -> str:
        return self.rerun_of(self.newest())

    def rerun_of(self, run: str) -> str:
        return str(self.control("rerun", run_id=run, changes={"W00001": "100.00"})["run_id"])

    def undo(self) -> None:
        self.control("undo_run", run_id=self.newest())

    def change(self) -> None:
        """The run is calculated again under its own id."""
        (run,) = (run for run in self.host.vendor.books()["runs"] if run["run_id"] == self.newest())
        self.answer(run["ran_at"].encode(), b"2026-06-30T08:00:00.5")

    def answer(self, what: bytes, instead: bytes) -> None:
        """UKG says something else in its place from now on."""

        def changed(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
            headers = {
                name: value
                for name, value in response.headers.items()
                if name.lower() not in ("content-length", "transfer-encoding")
            }
            body = response.read().replace(what, instead)
            return httpx2.Response(response.status_code, headers=headers, content=body)

        self.recording.after = changed

    def other_payroll(self) -> PayrollSource:
        wire = Recording(SandboxTransport(self.host), installation="another")
        source: PayrollSource = self.open(wire).source(PayRun)
        return source

    def void(self) -> tuple[PayrollSource, str]:
        run = str(self.control("void", worker="W00001")["run_id"])
        return self.with_settings(pay_periods=f"{run}=202607032"), run

    def blocks_of(self, rows: int) -> None:
        self.switch(block_rows=rows)
        self.post("reset", {})

    def large(self) -> tuple[PayrollSource, str]:
        self.blocks_of(500)
        return self.with_settings(page_rows="300"), self.newest()

    def cut_short(self) -> tuple[PayrollSource, str]:
        self.blocks_of(500)
        return self.tampered(what="truncate_last_block", keep_rows=0)

    def twice(self) -> tuple[PayrollSource, str]:
        self.blocks_of(500)
        return self.tampered(what="repeat_block", block=2)

    def uncertain(self) -> tuple[PayrollSource, str]:
        self.control("off_cycle")
        return self.source, "20240"

    def amount(self, text: str, currency: str) -> tuple[PayrollSource, str]:
        _, run = self.tampered(what="amount", row=1, field="debitAmt", text=text)
        return self.with_settings(currency=currency), run

    def both_sides(self) -> tuple[PayrollSource, str] | None:
        return self.tampered(what="both_sides", row=1)

    def garbage(self) -> tuple[PayrollSource, str]:
        return self.tampered(what="html")

    def rows_called(self) -> int:
        return sum(1 for exchange in self.exchanges.all if GENERAL_LEDGER in exchange.url)
