"""A simulated Visma.net company in memory, with a clock that stands still, for the tests beside this file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx2

from ml_connector_sandbox.core.clock import SandboxClock
from ml_connector_sandbox.core.registry import Host
from ml_connector_sandbox.core.transport import SandboxTransport
from ml_connector_sandbox.systems.visma_net import build

START = datetime(2026, 7, 14, 9, 30, 20, tzinfo=UTC)
JOURNALS = "/v2/journaltransaction"
LEDGER: dict[str, Any] = {
    "companies": [{"code": "TEST", "title": "Testerne AS"}, {"code": "OTHER", "title": "De andre AS"}],
    "currencies": [
        {"code": "NOK", "description": "Kroner"},
        {"code": "EUR", "description": "Euro", "rate": "11.50"},
        {"code": "JPY", "description": "Yen", "decimals": 0, "rate": "0.07"},
        {"code": "KWD", "description": "Dinar", "decimals": 3, "rate": "33"},
        {"code": "CHF", "description": "Francs"},
    ],
    "branches": [
        {"code": "1", "title": "Oslo", "main": True},
        {"code": "2", "title": "Bergen"},
        {"code": "9", "title": "Gone", "active": False},
    ],
    "segments": [
        {
            "id": 1,
            "title": "Avdeling",
            "length": 4,
            "axis": "cost_center",
            "values": [
                {"code": "0000", "description": "Ingen"},
                {"code": "0100", "description": "Salg"},
                {"code": "0900", "description": "Gammel", "active": False},
            ],
        },
        {
            "id": 2,
            "title": "Anlegg",
            "length": 3,
            "axis": "plant",
            "values": [{"code": "OSL", "description": "Oslo"}],
        },
    ],
    "subaccounts": [
        {"values": ["0000", "OSL"]},
        {"values": ["0100", "OSL"], "description": "Salg Oslo"},
        {"values": ["0900", "OSL"], "active": False},
    ],
    "accounts": [
        {"code": "5000", "description": "Lønn", "type": "Expense"},
        {"code": "2930", "description": "Skyldig lønn", "type": "Liability"},
        {"code": "5099", "description": "Gammel", "type": "Expense", "active": False},
        {
            "code": "2400",
            "description": "Leverandører",
            "type": "Liability",
            "control_module": "AP",
            "allow_manual_entry": False,
        },
        {"code": "2980", "description": "Årets resultat", "type": "Liability", "year_result": True},
        {"code": "1950", "description": "Bank EUR", "type": "Asset", "currency": "EUR"},
    ],
    "departments": [{"code": "SALES", "description": "Salg"}],
    "projects": [
        {
            "code": "P100",
            "description": "Anlegg",
            "tasks": [
                {"code": "10", "description": "Rør"},
                {"code": "90", "description": "Ferdig", "status": "Completed"},
            ],
        },
        {
            "code": "P200",
            "description": "Gammelt",
            "status": "Completed",
            "tasks": [{"code": "10", "description": "Rør"}],
        },
        {
            "code": "P300",
            "description": "Skjult",
            "visible_in_gl": False,
            "tasks": [{"code": "10", "description": "Rør"}],
        },
    ],
    "employees": [{"code": "E1", "first_name": "Kari", "last_name": "Dahl", "department": "SALES"}],
    "periods": {"first_year": 2025, "years": 2, "closed": ["202605"], "inactive": ["202612"]},
    "vat_codes": [{"code": "3", "description": "Mva 25", "percentage": "25"}],
}


class World:
    """The simulated vendor, a client signed in to it, and short words for what the tests do most."""

    def __init__(self, profile: str = "vendor", **switches: Any) -> None:
        self.clock = SandboxClock(start=START, frozen=True)
        self.vendor = build(scenario=LEDGER, clock=self.clock, profile=profile, switches=switches)
        self.host = Host(self.vendor, self.clock)
        self.client = httpx2.Client(
            transport=SandboxTransport(self.host), base_url="http://visma", timeout=30
        )
        self.credentials = self.vendor.describe("http://visma")["credentials"]
        self.sign_in()

    def ask_token(self, **changes: Any) -> httpx2.Response:
        """Call the token endpoint as a service application does; a change of None leaves the field out."""
        names = ("client_id", "client_secret", "tenant_id", "scope")
        form = {
            "grant_type": "client_credentials",
            **{name: self.credentials[name] for name in names},
            **changes,
        }
        return self.client.post(
            "/connect/token", data={name: value for name, value in form.items() if value is not None}
        )

    def sign_in(self, **changes: Any) -> None:
        """Use a fresh token from now on."""
        token = self.ask_token(**changes).raise_for_status().json()["access_token"]
        self.client.headers["Authorization"] = f"Bearer {token}"

    def control(self, action: str, **arguments: Any) -> Any:
        return self.client.post(f"/__sandbox__/control/{action}", json=arguments).raise_for_status().json()

    def get(self, path: str, **query: Any) -> httpx2.Response:
        return self.client.get(path, params=query)

    def rows(self, path: str, **query: Any) -> Any:
        """The rows of one page, amounts as exact decimals."""
        return json.loads(self.get(path, **query).raise_for_status().text, parse_float=Decimal)

    def line(self, account: str, amount: Any, **more: Any) -> dict[str, Any]:
        """A line of a batch: a positive amount is a debit."""
        side = "debitAmountInCurrency" if amount >= 0 else "creditAmountInCurrency"
        wrapped = {name: value if name == "subaccount" else {"value": value} for name, value in more.items()}
        codes = {"operation": "Insert", "accountNumber": {"value": account}, "subaccount": self.sub()}
        return {**codes, side: {"value": abs(amount)}, **wrapped}

    @staticmethod
    def sub(department: str | None = "0100", plant: str | None = "OSL") -> list[dict[str, Any]]:
        parts = ((1, department), (2, plant))
        return [{"segmentId": number, "segmentValue": value} for number, value in parts if value is not None]

    def batch(self, *lines: dict[str, Any], **header: Any) -> dict[str, Any]:
        chosen = lines or (
            self.line("5000", 100.25, referenceNumber="7f3a", transactionDescription="July"),
            self.line("2930", -100.25, subaccount=self.sub("0000")),
        )
        basics = {
            "hold": True,
            "transactionDate": "2026-07-10T00:00:00",
            "financialPeriod": "202607",
            "description": "PAY 7f3a",
            **header,
        }
        return {
            **{name: {"value": value} for name, value in basics.items()},
            "journalTransactionLines": list(chosen),
        }

    def post(self, body: Any = None, **headers: str) -> httpx2.Response:
        return self.client.post(JOURNALS, json=body or self.batch(), headers=headers)

    def booked(self, *lines: dict[str, Any], **header: Any) -> str:
        """The number of a batch that was just created."""
        return (
            self.post(self.batch(*lines, **header)).raise_for_status().headers["Location"].rpartition("/")[2]
        )

    def refusal(self, *lines: dict[str, Any], **header: Any) -> str:
        """The vendor's message when that batch is refused as a business error."""
        answer = self.post(self.batch(*lines, **header))
        assert answer.status_code == 400, answer.text
        text: str = answer.json()["message"]
        return text

    def change(self, number: str, body: Any, etag: str | None = None) -> httpx2.Response:
        return self.client.put(f"{JOURNALS}/{number}", json=body, headers={"If-Match": etag} if etag else {})

    def release(self, number: str, etag: str | None = None) -> httpx2.Response:
        return self.client.post(
            f"{JOURNALS}/{number}/action/release", json={}, headers={"If-Match": etag} if etag else {}
        )

    def post_and_release(self, *lines: dict[str, Any], **header: Any) -> str:
        """The number of a batch that has been posted."""
        number = self.booked(*lines, **{"hold": False, **header})
        assert self.release(number).status_code == 200
        self.clock.advance(1)
        return number

    def status(self, number: str) -> str:
        text: str = self.get(f"{JOURNALS}/{number}").raise_for_status().json()["status"]
        return text

    def documents(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.get("/__sandbox__/books").json()["documents"]
        return found
