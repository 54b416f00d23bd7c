"""The simulated tenant as the world of the payroll suite, by each of the three sources: in-process, on one
clock that stands still.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import pytest
import stamina

from ml_connector.connectors.ukg_pro import CONNECTOR
from ml_connector.connectors.ukg_pro.client import GENERAL_LEDGER
from ml_connector.contract.memory import MemoryExchanges, VirtualClock, memory_wiring
from ml_connector.contract.payroll_world import ExpectedRun
from ml_connector.contract.simulated import Recording
from ml_connector.domain.money import Money
from ml_connector.domain.payroll import PayRun
from ml_connector.ports.payroll import PayrollSource
from ml_connector.ports.systems import System
from ml_connector.transport.auth import basic
from ml_connector_sandbox.core.clock import SandboxClock
from ml_connector_sandbox.core.registry import open_system
from ml_connector_sandbox.core.transport import SandboxTransport
from ml_connector_sandbox.core.vendor import Request

BASE_URL = "http://127.0.0.1:9102"
START = datetime(2026, 7, 1, 9, 0, 7, tzinfo=UTC)
THIRD_PARTY = "/services/payroll/v1/third-party-pay"
COMPANY, PAY_DATE = "HTC01", date(2026, 7, 3)
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


class ThirdPartyWorld(UkgWorld):
    """The same tenant, read by Third-Party Pay: records of earnings and deductions."""

    source_name = "third_party_pay"

    def __init__(self, **settings: str) -> None:
        self.changed: list[Callable[[list[dict[str, Any]]], Any]] = []
        super().__init__(**settings)
        self.wire = _Changing(self.wire, self.changed)
        self.system = self.open()

    def call(self, method: str, path: str, value: Any = None) -> Any:
        headers = {
            "authorization": basic(self.credentials["username"], self.credentials["password"]),
            "us-customer-api-key": self.credentials["customer_api_key"],
            "content-type": "application/json",
        }
        body = json.dumps(value).encode() if value is not None else b""
        response = self.host.exchange(
            Request(method=method, target=path, headers=headers, body=body)
        ).response
        assert response.status < 300, (response.status, response.body)
        return json.loads(response.body, parse_float=Decimal) if response.body else None

    def records(self) -> list[dict[str, Any]]:
        return self.call("GET", f"{THIRD_PARTY}?$expand=Earnings,Deductions&$top=1000")

    def newest(self) -> str:
        return self.source.pay_runs(date(2026, 6, 1))[-1].reference

    def expected(self, reference: str) -> ExpectedRun:
        records = [record for record in self.records() if record["IsVoided"] == "N"]
        rows = sum(len(record["Earnings"]) + len(record["Deductions"]) + 1 for record in records)
        debit = sum(
            (row["EarningCurrentAmount"] for record in records for row in record["Earnings"]), Decimal(0)
        )
        return ExpectedRun(rows=rows, debit=Money(debit, "USD"), pay_date=PAY_DATE, companies=(COMPANY,))

    def rerun(self) -> str:
        record = json.loads(json.dumps(self.records()[0], default=float))
        bonus = {"EarningCode": "BON", "EarningDescription": "Bonus", "EarningCurrentAmount": 100.5}
        self.call(
            "PUT", f"{THIRD_PARTY}/{record['Id']}", {**record, "Earnings": [*record["Earnings"], bonus]}
        )
        return self.newest()

    def undo(self) -> None:
        for record in self.records():
            self.call("DELETE", f"{THIRD_PARTY}/{record['Id']}")

    def change(self) -> None:
        self.rerun()

    def again(self, **members: Any) -> str:
        """A record posted once more under an id of its own, with these members changed; its id."""
        record = json.loads(json.dumps(self.records()[0], default=float))
        record.pop("Id")
        return str(self.call("POST", THIRD_PARTY, {**record, **members})["Id"])

    def void(self) -> tuple[PayrollSource, str]:
        record = json.loads(json.dumps(self.records()[0], default=float))
        self.call("PUT", f"{THIRD_PARTY}/{record['Id']}", {**record, "IsVoided": "Y"})
        return self.source, self.newest()

    def large(self) -> tuple[PayrollSource, str]:
        return self.source, self.newest()

    def cut_short(self) -> tuple[PayrollSource, str]:
        reference = self.newest()
        self.changed.append(lambda records: records[:-1])
        return self.source, reference

    def twice(self) -> tuple[PayrollSource, str]:
        reference = self.newest()
        self.changed.append(lambda records: [*records, records[0]])
        return self.source, reference

    def uncertain(self) -> tuple[PayrollSource, str]:
        reference = self.newest()
        self.changed.append(
            lambda records: [{"PeriodEndDate": "2026-06-26T00:00:00Z", **record} for record in records]
        )
        self._first(lambda record: record.update(PeriodEndDate="2026-06-12T00:00:00Z"))
        return self.source, reference

    def amount(self, text: str, currency: str) -> tuple[PayrollSource, str]:
        self._first(
            lambda record: record.update(
                Deductions=[], Earnings=[{"EarningCode": "REG", "EarningCurrentAmount": _Digits(text)}]
            )
        )
        source = self.with_settings(currency=currency)
        return source, source.pay_runs(PAY_DATE)[-1].reference

    def both_sides(self) -> None:
        return None

    def garbage(self) -> tuple[PayrollSource, str]:
        reference = self.newest()
        self.post("faults", {"kind": "garbage", "match": {"path": THIRD_PARTY}, "times": 1})
        return self.source, reference

    def _first(self, change: Callable[[dict[str, Any]], None]) -> None:
        def apply(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
            if records:
                change(records[0])
            return records

        self.changed.append(apply)


class _Digits(str):
    """Text that is written into JSON as it is."""


class _Changing(httpx2.BaseTransport):
    """Changes lists of records on their way, as another tenant would have written them."""

    def __init__(
        self, inner: httpx2.BaseTransport, changes: list[Callable[[list[dict[str, Any]]], Any]]
    ) -> None:
        self._inner, self._changes = inner, changes

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = self._inner.handle_request(request)
        body = response.read()
        if (
            not self._changes
            or response.status_code != 200
            or not body.startswith(b"[")
            or THIRD_PARTY not in request.url.path
        ):
            return response
        records = json.loads(body, parse_float=_Digits)
        for change in self._changes:
            records = change(records) if records else records
        return httpx2.Response(
            200, headers={"content-type": "application/json"}, content=_written(records).encode()
        )


def _written(value: Any) -> str:
    if isinstance(value, _Digits):
        finite = Decimal(value).is_finite()
        return str(value) if finite else f'"{value}"'
    if isinstance(value, dict):
        return (
            "{" + ",".join(f"{json.dumps(name)}:{_written(member)}" for name, member in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    return json.dumps(value)


class FlatFileWorld(UkgWorld):
    """The same tenant, read by the files that its export writes."""

    source_name = "flat_file"

    def __init__(self, folder: Path, layout: str = "L2") -> None:
        self.folder, self.layout = folder, layout
        self.runs: dict[str, str] = {}
        super().__init__(file_path=str(folder), file_layout=layout)
        self.newest_reference = self.deliver()

    def deliver(self, change: Callable[[str], str] = lambda text: text, run: str = "20240") -> str:
        content = change(self.control("gl_file", layout=self.layout, run_id=run)["text"]).encode()
        reference = sha256(content).hexdigest()
        (self.folder / f"{reference[:12]}.txt").write_bytes(content)
        self.runs[reference] = run
        return reference

    def case(self, change: Callable[[str], str]) -> tuple[PayrollSource, str]:
        return self.source, self.deliver(change)

    def first_line(self, change: Callable[[list[str]], None]) -> tuple[PayrollSource, str]:
        def apply(text: str) -> str:
            lines = text.splitlines(keepends=True)
            place = 1 if self.layout == "L1" else 0
            separator = "," if self.layout == "L1" else "|"
            values = lines[place].split(separator)
            change(values)
            return "".join([*lines[:place], separator.join(values), *lines[place + 1 :]])

        return self.case(apply)

    def newest(self) -> str:
        return self.newest_reference

    def run_of(self, reference: str) -> str:
        return self.runs[reference]

    def rerun(self) -> str:
        return self.deliver(run=self.rerun_of("20240"))

    def file(self) -> Path:
        """The file that the newest run was read from."""
        return self.folder / f"{self.newest_reference[:12]}.txt"

    def undo(self) -> None:
        self.file().unlink()

    def change(self) -> None:
        self.file().write_bytes(self.file().read_bytes().replace(b"5", b"6"))

    def other_payroll(self) -> PayrollSource:
        return self.with_settings(tenant="other")

    def void(self) -> tuple[PayrollSource, str]:
        run = str(self.control("void", worker="W00001")["run_id"])
        return self.source, self.deliver(run=run)

    def large(self) -> tuple[PayrollSource, str]:
        return self.source, self.newest()

    def cut_short(self) -> tuple[PayrollSource, str]:
        return self.case(lambda text: text[: len(text) // 2])

    def twice(self) -> tuple[PayrollSource, str]:
        return self.case(lambda text: text.splitlines(keepends=True)[0] + text)

    def uncertain(self) -> tuple[PayrollSource, str]:
        return self.first_line(
            lambda values: values.__setitem__(3 if self.layout == "L1" else 0, self.other_day())
        )

    def other_day(self) -> str:
        return "2026-07-10" if self.layout == "L1" else "20260710"

    def amount(self, text: str, currency: str) -> tuple[PayrollSource, str]:
        _, reference = self.first_line(
            lambda values: values.__setitem__(8 if self.layout == "L1" else 4, text)
        )
        return (
            self.with_settings(
                currency=currency, file_layout=_WITHOUT_TOTALS if self.layout == "L2" else "L1"
            ),
            reference,
        )

    def both_sides(self) -> tuple[PayrollSource, str] | None:
        return (
            self.first_line(lambda values: values.__setitem__(9, "1.00\n")) if self.layout == "L1" else None
        )

    def throttle(self) -> None:
        """Nobody counts how often a file is read."""

    def garbage(self) -> tuple[PayrollSource, str]:
        return self.case(lambda text: "<html><body>Sign in</body></html>\n")


_WITHOUT_TOTALS = json.dumps(
    {
        "columns": [
            {"kind": kind, "index": index, "date_format": "%Y%m%d"}
            for index, kind in enumerate(
                ("pay_date", "company", "account", "org_level_1", "amount", "pay_group", "ignore")
            )
        ],
        "delimiter": "|",
        "quote": "",
        "trailer": r"T\|.*",
        "amount": "signed",
        "account": "segments",
        "segment": 1,
    }
)


@pytest.fixture
def make_world() -> Callable[..., UkgWorld]:
    """Builds a simulated tenant and a connection to it."""
    return UkgWorld


@pytest.fixture
def make_third_party() -> Callable[..., ThirdPartyWorld]:
    """The same, read by Third-Party Pay."""
    return ThirdPartyWorld


@pytest.fixture
def make_flat_file(tmp_path: Path) -> Callable[..., FlatFileWorld]:
    """The same, read by its files."""
    return lambda layout="L2": FlatFileWorld(tmp_path, layout)


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Reads that fail are repeated twice, and nobody pauses."""
    with stamina.set_testing(True, attempts=3):
        yield
