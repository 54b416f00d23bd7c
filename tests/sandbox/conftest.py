"""A simulated Exact Online division in memory, with a clock that stands still, for the tests beside this
file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from ml_connector_sandbox.core.clock import SandboxClock
from ml_connector_sandbox.core.registry import Host
from ml_connector_sandbox.core.transport import SandboxTransport
from ml_connector_sandbox.systems.exact_online import build

DIVISION = "1204"
START = datetime(2026, 7, 14, 9, 30, 20, tzinfo=UTC)
LEDGER: dict[str, Any] = {
    "company": {"name": "Testers"},
    "divisions": [
        {"code": "1204", "title": "Testers Inc.", "currency": "USD", "country": "US"},
        {"code": "1305", "title": "Testers B.V.", "currency": "EUR", "country": "NL"},
    ],
    "accounts": [
        {"code": "4000", "description": "Wages", "type": 125, "use_cost_center": 1},
        {"code": "4010", "description": "Rent", "type": 120, "use_cost_center": 2},
        {"code": "1700", "description": "Net wages payable", "type": 60},
        {"code": "1600", "description": "Payables", "type": 22},
        {"code": "4099", "description": "Old wages", "type": 125, "blocked": True},
        *(
            {"code": f"8{number:03d}", "description": f"Revenue {number}", "type": 110}
            for number in range(70)
        ),
    ],
    "cost_centers": [
        {"code": "SALES", "description": "Sales", "active": True},
        {"code": "OLD", "description": "Closed branch", "active": False},
    ],
    "cost_units": [{"code": "U1", "description": "Line 1"}],
    "journals": [
        {"code": "90", "description": "Payroll", "type": 90},
        {"code": "91", "description": "Memorial", "type": 90, "allow_vat": True},
        {"code": "60", "description": "Purchases", "type": 22},
        {"code": "99", "description": "Old memorial", "type": 90, "blocked": True},
    ],
    "periods": {"first_year": 2024, "years": 4, "closed": [["90", 2026, 5]]},
    "vat_codes": [{"code": "21", "description": "VAT 21%", "type": "E", "percentage": "0.21"}],
    "suppliers": [{"code": "2", "name": "Paper Ltd"}, {"code": "30", "name": "Ink Ltd"}],
}


class World:
    """The simulated vendor, a client signed in to it, and short words for what the tests do most."""

    def __init__(self, profile: str = "vendor", *, ledger: dict[str, Any] = LEDGER, **switches: Any) -> None:
        self.clock = SandboxClock(start=START, frozen=True)
        self.vendor = build(scenario=ledger, clock=self.clock, profile=profile, switches=switches)
        self.host = Host(self.vendor, self.clock)
        transport = SandboxTransport(self.host)
        self.client = httpx2.Client(
            transport=transport, base_url="http://exact", headers={"Accept": "application/json"}, timeout=30
        )
        self.sign_in()

    def sign_in(self) -> None:
        """Take a fresh token, without the login page."""
        self.client.headers["Authorization"] = "Bearer " + self.control("grant")["access_token"]

    def control(self, action: str, **arguments: Any) -> Any:
        return self.client.post(f"/__sandbox__/control/{action}", json=arguments).raise_for_status().json()

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return self.client.get(f"/api/v1/{DIVISION}/{path}", headers=headers)

    def rows(self, path: str) -> list[dict[str, Any]]:
        """The rows of one page, whichever envelope it came in."""
        given = self.get(path).raise_for_status().json()["d"]
        rows: list[dict[str, Any]] = given if isinstance(given, list) else given["results"]
        return rows

    def every_row(self, path: str) -> list[dict[str, Any]]:
        """The rows of all pages."""
        out: list[dict[str, Any]] = []
        url: str | None = f"/api/v1/{DIVISION}/{path}"
        while url:
            given = self.client.get(url).raise_for_status().json()["d"]
            out += given["results"]
            url = given.get("__next")
        return out

    def post(self, path: str, body: Any, **headers: str) -> httpx2.Response:
        return self.client.post(f"/api/v1/{DIVISION}/{path}", json=body, headers=headers)

    def account(self, code: str) -> str:
        row = self.vendor.books_by_division[int(DIVISION)]["accounts"].first("Code", code)
        assert row is not None
        return str(row["ID"])

    def line(self, account: str, amount: Any, **more: Any) -> dict[str, Any]:
        wages = {"CostCenter": "SALES"} if account == "4000" else {}
        return {"Date": "2026-07-01", "GLAccount": self.account(account), "AmountFC": amount, **wages, **more}

    def entry(self, *lines: dict[str, Any], **header: Any) -> dict[str, Any]:
        chosen = lines or (
            self.line("4000", 100.25, OurRef=77, Description="July"),
            self.line("1700", -100.25),
        )
        return {"JournalCode": "90", "GeneralJournalEntryLines": list(chosen), **header}

    def book(self, body: dict[str, Any] | None = None) -> httpx2.Response:
        return self.post("generaljournalentry/GeneralJournalEntries", body or self.entry())

    def refusal(self, *lines: dict[str, Any], **header: Any) -> str:
        """The vendor's message when that entry is refused as a business error."""
        answer = self.book(self.entry(*lines, **header))
        assert answer.status_code == 500, answer.text
        text: str = answer.json()["error"]["message"]["value"]
        return text

    def documents(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.get("/__sandbox__/books").json()["documents"]
        return found


@pytest.fixture
def make_world() -> Iterator[Callable[..., World]]:
    made: list[World] = []

    def make(profile: str = "vendor", **switches: Any) -> World:
        made.append(World(profile, **switches))
        return made[-1]

    yield make
    for world in made:
        world.client.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()


@pytest.fixture
def make_office() -> Iterator[Callable[..., Any]]:
    """A division that buys; see `exact_online_purchases`."""
    from tests.sandbox.exact_online_purchases import Office

    made: list[Any] = []

    def make(profile: str = "fast", **switches: Any) -> Any:
        made.append(Office(profile, **switches))
        return made[-1]

    yield make
    for office in made:
        office.client.close()


@pytest.fixture
def office(make_office: Callable[..., Any]) -> Any:
    return make_office()
