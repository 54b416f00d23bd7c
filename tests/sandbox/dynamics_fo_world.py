"""A simulated Dynamics 365 environment in memory, with a clock that stands still, for the tests beside this
file.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx2

from ml_connector_sandbox.core.clock import SandboxClock
from ml_connector_sandbox.core.registry import Host
from ml_connector_sandbox.core.transport import SandboxTransport
from ml_connector_sandbox.systems.dynamics_fo import build

HOST = "http://acme.operations.test"
START = datetime(2026, 7, 14, 9, 30, 20, tzinfo=UTC)
CROSS = "cross-company=true"
ENUM = "Microsoft.Dynamics.DataEntities."


class DynamicsWorld:
    """The simulated vendor, a client signed in to it, and short words for what the tests do most."""

    def __init__(self, profile: str = "fast", scenario: Any = "manufacturer", **switches: Any) -> None:
        self.clock = SandboxClock(start=START, frozen=True)
        self.vendor = build(scenario=scenario, clock=self.clock, profile=profile, switches=switches)
        self.host = Host(self.vendor, self.clock)
        self.client = httpx2.Client(transport=SandboxTransport(self.host), base_url=HOST, timeout=30)
        self.keys = self.vendor.describe(HOST)["credentials"]
        self.sign_in()

    def token(self, *, v2: bool = True, tenant: str | None = None, **changes: str) -> httpx2.Response:
        target = {"scope": f"{HOST}/.default"} if v2 else {"resource": HOST}
        form = {
            "grant_type": "client_credentials",
            "client_id": self.keys["client_id"],
            "client_secret": self.keys["client_secret"],
            **target,
        }
        path = f"/{tenant or self.keys['tenant_id']}/oauth2/{'v2.0/' if v2 else ''}token"
        return self.client.post(path, data={**form, **changes})

    def sign_in(self) -> None:
        answer = self.token().raise_for_status().json()
        self.client.headers["Authorization"] = "Bearer " + answer["access_token"]

    def control(self, action: str, **arguments: Any) -> Any:
        return self.client.post(f"/__sandbox__/control/{action}", json=arguments).raise_for_status().json()

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return self.client.get(f"/data/{path}", headers=headers)

    def rows(self, path: str) -> list[dict[str, Any]]:
        """The rows of one page, with exact numbers."""
        answer = self.get(path).raise_for_status()
        rows: list[dict[str, Any]] = json.loads(answer.text, parse_float=Decimal)["value"]
        return rows

    def post(self, path: str, body: Any, **headers: str) -> httpx2.Response:
        return self.client.post(f"/data/{path}", json=body, headers=headers)

    def patch(self, path: str, body: Any, **headers: str) -> httpx2.Response:
        return self.client.patch(f"/data/{path}", json=body, headers=headers)

    def journal(self, name: str = "PAYROLL", **fields: Any) -> str:
        """The number of a new journal."""
        body = {"dataAreaId": "usmf", "JournalName": name, **fields}
        number: str = self.post("LedgerJournalHeaders", body).raise_for_status().json()["JournalBatchNumber"]
        return number

    def line(self, journal: str, account: str, amount: str, **fields: Any) -> dict[str, Any]:
        side = "CreditAmount" if amount.startswith("-") else "DebitAmount"
        return {
            "dataAreaId": "usmf",
            "JournalBatchNumber": journal,
            "AccountDisplayValue": account,
            side: float(amount.lstrip("-")),
            "CurrencyCode": "USD",
            "TransDate": "2026-07-10",
            **fields,
        }

    def add(self, journal: str, account: str, amount: str, **fields: Any) -> httpx2.Response:
        return self.post("LedgerJournalLines", self.line(journal, account, amount, **fields))

    def wages(self, name: str = "PAYROLL", **fields: Any) -> str:
        """A journal that balances: wages against net wages payable."""
        journal = self.journal(name)
        for account, amount in (("601100--AKRASM", "100.25"), ("230100--AKRASM", "-100.25")):
            self.add(journal, account, amount, **fields).raise_for_status()
        return journal

    def key(self, journal: str, line: int | None = None) -> str:
        """The address of a journal, or of one of its lines."""
        parts = f"dataAreaId='usmf',JournalBatchNumber='{journal}'"
        return (
            f"LedgerJournalHeaders({parts})"
            if line is None
            else f"LedgerJournalLines({parts},LineNumber={line})"
        )

    def header(self, journal: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"{self.key(journal)}?{CROSS}").raise_for_status().json()
        return found

    def lines(self, journal: str) -> list[dict[str, Any]]:
        return self.rows(f"LedgerJournalLines?{CROSS}&$filter=JournalBatchNumber eq '{journal}'")

    def refusal(self, answer: httpx2.Response) -> str:
        """The text inside a refused write."""
        assert answer.status_code == 400, answer.text
        text: str = answer.json()["error"]["innererror"]["message"]
        return text

    def documents(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.get("/__sandbox__/books").json()["documents"]
        return found

    def batch(self, *items: list[tuple[str, str, Any]] | tuple[str, str, Any]) -> httpx2.Response:
        """A `$batch` of single calls and changesets; a call is (method, path, body)."""
        parts = [_changeset(item) if isinstance(item, list) else _part(item, 0) for item in items]
        body = "".join(f"--batch_1\r\n{part}\r\n" for part in parts) + "--batch_1--\r\n"
        return self.client.post(
            "/data/$batch",
            content=body.encode(),
            headers={"Content-Type": "multipart/mixed; boundary=batch_1"},
        )


def statuses(answer: httpx2.Response) -> list[int]:
    """The status of every part, in order."""
    return [int(found) for found in re.findall(r"^HTTP/1\.1 (\d+)", answer.text, re.MULTILINE)]


def _changeset(calls: list[tuple[str, str, Any]]) -> str:
    parts = "".join(
        f"--changeset_1\r\n{_part(call, number)}\r\n" for number, call in enumerate(calls, start=1)
    )
    return f"Content-Type: multipart/mixed; boundary=changeset_1\r\n\r\n{parts}--changeset_1--"


def _part(call: tuple[str, str, Any], number: int) -> str:
    method, path, body = call
    content = "" if body is None else json.dumps(body)
    numbered = f"Content-ID: {number}\r\n" if number else ""
    head = f"Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n{numbered}\r\n"
    return f"{head}{method} {path} HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{content}"
