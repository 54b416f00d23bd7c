"""The simulator as the world of the contract suites: in-process, on one clock that stands still."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs

import httpx2
import pytest
import stamina

from ml_connector.connectors.exact_online import CONNECTOR, client
from ml_connector.connectors.exact_online.settings import read
from ml_connector.contract import world as faults
from ml_connector.contract.memory import MemoryTokens, memory_wiring
from ml_connector.contract.simulated import Recording, SharedClock, SimulatedLedger
from ml_connector.ports.systems import System
from ml_connector.transport.exchange import encode
from ml_connector_sandbox.core.clock import SandboxClock
from ml_connector_sandbox.core.registry import open_system
from ml_connector_sandbox.core.transport import SandboxTransport

BASE_URL = "http://127.0.0.1:9100"
START = datetime(2026, 7, 1, 9, 0, 7, tzinfo=UTC)
JOURNAL, COST, PAYABLE = "95", "4000", "1700"
POSTINGS = {"method": "POST", "path": "/generaljournalentry/GeneralJournalEntries"}
TOKENS = {"method": "POST", "path": "/api/oauth2/token"}


class ExactWorld(SimulatedLedger):
    """One simulated division and a connection to it."""

    connector, base_url, writes = CONNECTOR, BASE_URL, POSTINGS
    journal, currency, cost, payable, centers = JOURNAL, "USD", COST, PAYABLE, ("BOSADM", "BOSBUY", "BOSFIN")

    def __init__(self, *, profile: str = "vendor", **settings: str) -> None:
        self.clock = SandboxClock(start=START, frozen=True)
        self.host = open_system("exact_online", clock=self.clock, profile=profile)
        described = self.host.vendor.describe(BASE_URL)
        self.credentials = described["credentials"]
        self.division = self.company = described["entities"][0]["code"]
        self.wire = Recording(SandboxTransport(self.host))
        secrets = {name: self.credentials[name] for name in ("client_id", "client_secret", "webhook_secret")}
        self.wiring = memory_wiring(clock=SharedClock(self.clock), secrets=secrets, wire=self.wire)
        redirect = self.credentials["redirect_uri"]
        self.settings = {
            "base_url": BASE_URL,
            "division": self.division,
            "redirect_uri": redirect,
            "lines_max": "2000",
            **settings,
        }
        self.codes: list[str] = []
        self.system: System = CONNECTOR.open(self.settings, self.wiring)
        assert self.system.sign_in is not None
        self.sign_in = self.system.sign_in
        self.tokens = self.wiring.tokens

    # --- both suites ----------------------------------------------------------------------------------------

    def secrets(self) -> tuple[str, ...]:
        assert isinstance(self.tokens, MemoryTokens)
        tokens = [
            token
            for state in self.tokens.history
            for token in (state.access_token, state.refresh_token)
            if token
        ]
        answered = [
            str(answer[name])
            for _, answer in self.wire.grants
            for name in ("access_token", "refresh_token")
            if name in answer
        ]
        return (
            self.credentials["client_secret"],
            self.credentials["webhook_secret"],
            *tokens,
            *answered,
            *self.codes,
        )

    def renewals(self) -> int:
        return sum(
            1 for grant, answer in self.wire.grants if grant == "refresh_token" and "access_token" in answer
        )

    def consent(self, url: str) -> str:
        """The login page approves at once and sends the browser back."""
        with httpx2.Client(transport=SandboxTransport(self.host)) as browser:
            location = str(browser.get(url).headers["location"])
        self.codes.extend(parse_qs(location.partition("?")[2])["code"])
        return location

    def authorize(self) -> None:
        self.sign_in.exchange(self.consent(self.sign_in.authorize_url("state")), "state")

    # --- sign-in --------------------------------------------------------------------------------------------

    def call(self) -> None:
        self.system.facts().journals(self.division)

    def lose_next_token_answer(self) -> None:
        self.post("faults", {"kind": "lost_after_commit", "match": TOKENS, "times": 1})

    def earliest_renewal_seconds(self) -> int:
        return 570

    def life_seconds(self) -> int:
        return 600

    def grace_seconds(self) -> int:
        return 600

    def refuse_access_token(self) -> None:
        page = "<html><head><title>Object moved</title></head></html>"
        fault = {"kind": "status", "status": 401, "body": page, "headers": {"Content-Type": "text/html"}}
        self.post("faults", {**fault, "match": {"method": "GET", "path": "/api/v1/"}, "times": 1})

    # --- ledger ---------------------------------------------------------------------------------------------

    def foreign_currency(self) -> str:
        return "EUR"

    def throttled(self) -> dict[str, str]:
        reset = str(int(self.clock.now().timestamp() * 1000) + faults.THROTTLED_SECONDS * 1000)
        return {
            "X-RateLimit-Minutely-Limit": "60",
            "X-RateLimit-Minutely-Remaining": "0",
            "X-RateLimit-Minutely-Reset": reset,
        }

    def documents(self) -> list[dict[str, Any]]:
        return [
            document for document in self.host.vendor.books()["documents"] if document["journal"] == JOURNAL
        ]

    def book_by_hand(self, *, journal: str = "", day: date | None = None, draft: bool = False) -> str:
        """Exact keeps no drafts: an entry that is not processed yet is booked all the same."""
        lines = [
            {"account": COST, "amount": "5.00", "cost_center": "BOSADM"},
            {"account": PAYABLE, "amount": "-5.00"},
        ]
        day = day or date(2026, 6, 30)
        return str(self.control("book", journal=journal or JOURNAL, date=day.isoformat(), lines=lines)["id"])

    def other_journal(self) -> str:
        return "90"

    def other_entity(self) -> str:
        return "777"

    def close_period(self, day: date) -> None:
        self.control("close_period", period=f"{day:%Y-%m}")

    def block_account(self, code: str) -> None:
        self.control("block_account", code=code)

    def totals(self) -> tuple[frozenset[str], frozenset[str]]:
        """Classifications sum up, which are no codes."""
        return frozenset(), frozenset()

    def unused_codes(self) -> tuple[str, str]:
        return "9876", "NOWHERE"

    def page_lines(self) -> int:
        return 1000

    def chart_size(self) -> int:
        """Adds accounts through the vendor's own interface until there are more than one page of a
        thousand.
        """
        options, _ = read({**self.settings, "calls_per_minute": "0"}, True)
        exact = client.ExactClient(options, self.wiring, client.token_broker(options, self.wiring))
        select = {
            "$filter": "Modified gt datetime'1970-01-01T00:00:00'",
            "$select": "Code",
            "$top": "1",
            "$inlinecount": "allpages",
        }
        answer = exact.http.read("GET", client.address(self.division, "financial/GLAccounts", select))
        count = int(json.loads(answer.body)["d"]["__count"])
        address = client.address(self.division, "financial/GLAccounts", {})
        for number in range(count, 1005):
            body = encode({"Code": f"X{number}", "Description": f"Account {number}", "Type": 121})
            with exact.http.prepare("POST", address, headers=client.WRITE, content=body) as send:
                send(lambda: None)
        return max(count, 1005)

    def expire_sign_in(self) -> None:
        self.advance(601)

    def withdraw_sign_in(self) -> None:
        self.control("revoke", what="refresh")
        self.control("revoke", what="access")


@pytest.fixture
def make_world() -> Callable[..., ExactWorld]:
    """Builds a simulated division and a connection to it, signed in to by nobody."""
    return ExactWorld


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Reads that fail are not repeated, and nobody pauses."""
    with stamina.set_testing(True):
        yield
