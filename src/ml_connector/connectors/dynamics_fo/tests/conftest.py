"""The simulator as the world of the contract suite: in-process, on one clock that stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
import stamina

from ml_connector.connectors.dynamics_fo import CONNECTOR
from ml_connector.connectors.dynamics_fo.tests.values_world import ValuesWorld
from ml_connector.contract.memory import MemoryTokens, memory_wiring
from ml_connector.contract.simulated import Recording, SharedClock, SimulatedLedger
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.journal import BookedEntry, Chart, JournalEntry
from ml_connector.domain.period import FiscalPeriod
from ml_connector.domain.problem import Problem
from ml_connector.errors import Refused
from ml_connector.ports.ledger import Ledger, Look, Place
from ml_connector.ports.sinks import NONE_KNOWN, Gate, Send
from ml_connector.ports.systems import System
from ml_connector_sandbox.core.clock import SandboxClock
from ml_connector_sandbox.core.registry import open_system
from ml_connector_sandbox.core.transport import SandboxTransport

BASE_URL = "http://127.0.0.1:9103"
START = datetime(2026, 7, 1, 9, 0, 7, tzinfo=UTC)
COMPANY, JOURNAL, COST, PAYABLE = "usmf", "PAYROLL", "601100", "230100"
WRITES = {"method": "POST", "path": r"/data/(LedgerJournalHeaders|\$batch)"}
TOKENS = {"method": "POST", "path": "/oauth2/"}


class WholeSink(Ledger):
    """The ledger as a suite that knows one write sees it: all parts in a row, as the engine sends them, and
    the vendor's job run on release.
    """

    def __init__(self, ledger: Ledger, post_journals: Callable[[], None]) -> None:
        self.inner, self.limits, self._post_journals = ledger, ledger.limits, post_journals

    def journals(self, entity: str) -> tuple[tuple[str, str], ...]:
        return self.inner.journals(entity)

    def calendar(self, entity: str, journal: str, around: date) -> tuple[FiscalPeriod, ...]:
        return self.inner.calendar(entity, journal, around)

    def chart(self, entity: str, journal: str, axes: frozenset[str]) -> Chart:
        return self.inner.chart(entity, journal, axes)

    def check(self, document: JournalEntry) -> tuple[Problem, ...]:
        return self.inner.check(document)

    def tenant(self, entity: str) -> str:
        return self.inner.tenant(entity)

    def documents(self, entity: str, journal: str, start: date, end: date) -> tuple[BookedEntry, ...]:
        return self.inner.documents(entity, journal, start, end)

    def document(self, entity: str, journal: str, number: str) -> BookedEntry:
        return self.inner.document(entity, journal, number)

    def locate(
        self, wanted: Sequence[tuple[JournalEntry, Marker]], since: datetime | None
    ) -> Mapping[str, tuple[Receipt, ...]]:
        return self.inner.locate(wanted, since)

    def look(self, wanted: Sequence[tuple[JournalEntry, Marker]], places: Sequence[Place]) -> Look:
        return self.inner.look(wanted, places)

    @contextmanager
    def prepare(
        self,
        document: JournalEntry,
        marker: Marker,
        so_far: Receipt | None = None,
        known: Mapping[str, Receipt] = NONE_KNOWN,
    ) -> Iterator[Send]:
        with ExitStack() as first:
            post = first.enter_context(self.inner.prepare(document, marker, so_far))

            def send(gate: Gate) -> Receipt:
                receipt = post(gate)
                first.close()
                while not receipt.complete:
                    try:
                        with self.inner.prepare(document, marker, receipt) as more:
                            receipt = more(gate)
                    except Refused:
                        self.inner.abandon(receipt)
                        raise
                return receipt

            yield send

    def release(self, receipt: Receipt) -> Receipt:
        self._post_journals()
        return self.inner.release(receipt)

    def abandon(self, receipt: Receipt) -> None:
        self.inner.abandon(receipt)

    def read_back(self, receipt: Receipt) -> BookedEntry:
        return self.inner.read_back(receipt)


class DynamicsWorld(SimulatedLedger):
    """One simulated environment and a connection to it."""

    connector, base_url, writes = CONNECTOR, BASE_URL, WRITES
    company, journal, currency, cost, payable, centers = (
        COMPANY,
        JOURNAL,
        "USD",
        COST,
        PAYABLE,
        ("AKRASM", "LINE-7", "HOFIN"),
    )

    def __init__(
        self, *, profile: str = "vendor", switches: dict[str, Any] | None = None, **settings: str
    ) -> None:
        self.clock = SandboxClock(start=START, frozen=True)
        self.host = open_system(
            "dynamics_fo", scenario="manufacturer", clock=self.clock, profile=profile, switches=switches
        )
        self.credentials = self.host.vendor.describe(BASE_URL)["credentials"]
        self.wire = Recording(SandboxTransport(self.host))
        secrets = {name: self.credentials[name] for name in ("client_id", "client_secret")}
        self.wiring = memory_wiring(clock=SharedClock(self.clock), secrets=secrets, wire=self.wire)
        self.settings = {
            "base_url": BASE_URL,
            "company": COMPANY,
            "token_url": self.credentials["token_url"],
            **settings,
        }
        self.system: System = CONNECTOR.open(self.settings, self.wiring)
        self.tokens = self.wiring.tokens

    # --- the vendor's side ----------------------------------------------------------------------------------

    def post_journals(self) -> Any:
        return self.control("run_posting_job")

    def documents(self) -> list[dict[str, Any]]:
        return [
            document for document in self.host.vendor.books()["documents"] if document["journal"] == JOURNAL
        ]

    def calls(self) -> list[str]:
        """Requests so far without token calls: `GET LedgerJournalLines`."""
        paths = [
            (request.method, request.url.path)
            for request in self.wire.requests
            if "/oauth2/" not in request.url.path
        ]
        return [f"{method} {path.removeprefix('/data/').partition('(')[0]}" for method, path in paths]

    # --- signed ---------------------------------------------------------------------------------------------

    def secrets(self) -> tuple[str, ...]:
        assert isinstance(self.tokens, MemoryTokens)
        tokens = [state.access_token for state in self.tokens.history if state.access_token]
        return (self.credentials["client_secret"], *tokens, *self.wire.tokens)

    def renewals(self) -> int:
        return len(self.wire.tokens)

    def expire_sign_in(self) -> None:
        self.advance(3600)

    def withdraw_sign_in(self) -> None:
        """The app's secret is deleted at the sign-in's side, and its tokens with it."""
        body = {
            "error": "invalid_client",
            "error_description": "AADSTS7000215: Invalid client secret provided.",
        }
        self.post("faults", {"kind": "status", "status": 401, "body": body, "match": TOKENS, "times": 99})
        self.control("revoke_tokens")
        self.advance(3600)

    # --- ledger ---------------------------------------------------------------------------------------------

    def whole(self, ledger: Ledger | None = None) -> WholeSink:
        return WholeSink(ledger or self.ledger, self.post_journals)

    def foreign_currency(self) -> str:
        return "EUR"

    def book_by_hand(self, *, journal: str = "", day: date | None = None, draft: bool = False) -> str:
        lines = [
            {"account": COST, "amount": "5.00", "dimensions": {"cost_center": "AKRASM"}},
            {"account": PAYABLE, "amount": "-5.00"},
        ]
        where = {"entity": COMPANY, "journal": journal or JOURNAL, "post": not draft}
        day = day or date(2026, 6, 30)
        return str(self.control("book", **where, date=day.isoformat(), lines=lines)["id"])

    def other_journal(self) -> str:
        return "MANUAL"

    def other_entity(self) -> str:
        return "dat"

    def other_books(self) -> Ledger:
        return self.whole(super().other_books())

    def close_period(self, day: date) -> None:
        self.control("close_period", period=f"{day:%Y-%m}", entity=COMPANY)

    def block_account(self, code: str) -> None:
        self.control("block_account", account=code)

    def totals(self) -> tuple[frozenset[str], frozenset[str]]:
        """Accounts of types `Total` and `Reporting`; a cost center that somebody made a total."""
        about = {"dimension": "CostCenter", "code": "ALL", "name": "All plants"}
        self.control("add_dimension_value", **about, total=True)
        return frozenset({"600000", "699999"}), frozenset({"ALL"})

    def unused_codes(self) -> tuple[str, str]:
        return "987654", "NOWHERE"

    def page_lines(self) -> int:
        self.post("switches", {"page_rows_max": 50})
        return 50

    def chart_size(self) -> int:
        """The switch makes pages small, and the chart has more accounts than one of them holds."""
        self.post("switches", {"page_rows_max": 50})
        chart = self.ledger.chart(COMPANY, JOURNAL, frozenset())
        counted = self.host.vendor.books()["calls"]["by_endpoint"]["GET MainAccounts"]
        assert counted > 2
        return len(chart.accounts)

    def reopen(self) -> Ledger:
        return self.whole(super().reopen())


@pytest.fixture
def make_world() -> Callable[..., DynamicsWorld]:
    """Builds a simulated environment and a connection to it."""
    return DynamicsWorld


@pytest.fixture
def world() -> DynamicsWorld:
    """An environment with the vendor's limits, and a connection to its first company."""
    return DynamicsWorld()


@pytest.fixture
def values(make_world: Callable[..., Any]) -> ValuesWorld:
    """An environment as a register of dimension values."""
    return ValuesWorld(make_world())


@pytest.fixture
def make_values(make_world: Callable[..., Any]) -> Callable[..., ValuesWorld]:
    """The same with other switches or settings."""
    return lambda **more: ValuesWorld(make_world(**more))


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Reads that fail are not repeated, and nobody pauses."""
    with stamina.set_testing(True):
        yield
